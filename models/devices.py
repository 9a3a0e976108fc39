"""Which of llama.cpp's devices a model would be placed on, what kind each is, and how fast its memory is.

The rules follow llama.cpp, which places the model: `llama_prepare_model_devices` in src/llama.cpp of the
pinned version, and each backend's `get_memory`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from models.machine import Device, DeviceKind
from models.machine_recording import EngineDevice

BANDWIDTH_FILE: Final = Path(__file__).resolve().parent.parent / "resources" / "gpu_bandwidth.json"

_METAL: Final = ("MTL", "Metal")
_SOFTWARE: Final = ("llvmpipe", "lavapipe", "swiftshader", "microsoft basic render driver")
"""Vulkan devices that are the processor: Mesa's, Google's and Microsoft's."""

_GIGABYTE = 10**9
_GIBIBYTE = 2**30


class KnownGpu(msgspec.Struct, frozen=True):
    """A row of resources/gpu_bandwidth.json. `memory_gib`: only for cards that were sold with several."""

    name: str
    gigabytes_per_s: float
    memory_gib: int = 0


class _Table(msgspec.Struct, frozen=True):
    sources: tuple[str, ...]
    gpus: tuple[KnownGpu, ...]


def load_known_gpus(path: Path = BANDWIDTH_FILE) -> tuple[KnownGpu, ...]:
    """Read the table of memory bandwidths. It is part of Ponder: raises `OSError` where it is missing."""
    return msgspec.json.decode(path.read_bytes(), type=_Table).gpus


def usable_devices(
    found: Sequence[EngineDevice],
    known_gpus: Sequence[KnownGpu],
    *,
    ram_available_bytes: int,
    ram_bandwidth_bytes_per_s: float,
) -> tuple[Device, ...]:
    """The devices that a model would be placed on, in llama.cpp's order.

    Memory that is shared with the processor is never counted as free beyond what is free of that: Metal and
    Vulkan tell a fixed share of it (recommendedMaxWorkingSetSize, the heaps of the driver), whoever uses it
    already.
    """
    devices = []
    for each in _as_llama_cpp_chooses(found):
        kind, free_bytes = _kind(each), each.free_bytes
        bandwidth = _known_bandwidth(each, known_gpus)
        if kind is DeviceKind.INTEGRATED:
            free_bytes = min(free_bytes, ram_available_bytes)
            bandwidth = bandwidth or ram_bandwidth_bytes_per_s
        devices.append(
            Device(each.name, each.title, each.backend, kind, each.total_bytes, free_bytes, bandwidth)
        )
    return tuple(devices)


def _as_llama_cpp_chooses(found: Sequence[EngineDevice]) -> Iterator[EngineDevice]:
    """Cards, each once, should two backends list it; integrated GPUs only where there is no card."""
    with_memory = [each for each in found if each.total_bytes > 0]
    cards: list[EngineDevice] = []
    for each in with_memory:
        if each.kind == "gpu" and not (each.id and each.id in {card.id for card in cards}):
            cards.append(each)
    integrated = [each for each in with_memory if each.kind == "igpu"]
    yield from cards or [each for each in integrated if each.backend == integrated[0].backend]


def _kind(device: EngineDevice) -> DeviceKind:
    """Metal says "gpu" of every device: Apple's own share the memory, the cards in Intel Macs do not."""
    title = device.title.casefold()
    shares = (
        device.kind == "igpu"
        or (device.backend in _METAL and title.startswith("apple"))
        or title.startswith(_SOFTWARE)
    )
    return DeviceKind.INTEGRATED if shares else DeviceKind.DISCRETE


def _known_bandwidth(device: EngineDevice, known_gpus: Sequence[KnownGpu]) -> float:
    """By the longest name of the table whose words stand in the title; 0 where there is none."""
    title, memory_gib = f" {_words(device.title)} ", device.total_bytes / _GIBIBYTE
    fitting = [
        gpu
        for gpu in known_gpus
        if f" {_words(gpu.name)} " in title
        # A driver keeps some of it, so a 12 GB card tells of 11.6 GiB and more.
        and (not gpu.memory_gib or 0.85 * gpu.memory_gib <= memory_gib <= 1.05 * gpu.memory_gib)
    ]
    best = max(fitting, key=lambda gpu: (len(gpu.name), gpu.memory_gib), default=None)
    return best.gigabytes_per_s * _GIGABYTE if best else 0.0


def _words(title: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", title.casefold().replace("(tm)", " ").replace("(r)", " ")))
