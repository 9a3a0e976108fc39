"""How fast a model reads and writes on given devices: expected tokens per second.

Writing a token reads every weight once, so the memory's bandwidth decides, and where a processor has few or
old cores, its arithmetic. Reading a prompt computes hundreds of tokens for each weight it reads, so
arithmetic decides alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from models.engine.kv_type import KvType
from models.gguf_header import TENSOR_TYPES
from models.machine import Cpu, Device, DeviceKind, Machine
from models.memory_sum import CPU, Placement, kv_bytes_per_layer
from models.model_shape import ModelShape, TensorGroup

TYPICAL_TOKENS: Final = 1024
"""So much of the cache is read for each token, in the middle of a thought of usual length."""

_GPU_SHARE_OF_BANDWIDTH: Final = 0.6
"""Of a card's bandwidth as its maker states it.

0.56 for the 7B and 0.60 for the 14B on an RTX 3090 of 936 GB/s: 120 and 66 tokens/s were measured there.
"""

_GPU_MULTIPLICATIONS_PER_BYTE: Final = {"cuda": 30.0}
"""Multiplications that a card does while it could read a byte, in llama.cpp's prompt processing.

An RTX 3090 (936 GB/s) reads 3,491 tokens/s with an 8B model: https://github.com/ggml-org/llama.cpp/pull/7860.
A 4090 is nearer to 53 (7,980 tokens/s with a 7B model: https://github.com/ggml-org/llama.cpp/pull/4766).
"""

_OTHER_GPU_MULTIPLICATIONS_PER_BYTE: Final = 10.0
"""A rough figure for Apple's chips, and for cards through Vulkan: Ponder's own guess, measured nowhere."""


class CoreRate(msgspec.Struct, frozen=True):
    """What one core computes while memory keeps up: when it writes tokens, and when it reads a prompt."""

    weights_bytes_per_s: float
    multiplications_per_s: float


_CORE_RATES: Final[tuple[tuple[str, CoreRate], ...]] = (
    ("avx512f", CoreRate(45e9, 60e9)),
    ("avx2", CoreRate(22e9, 30e9)),
    ("dotprod", CoreRate(22e9, 30e9)),
    ("", CoreRate(5e9, 6e9)),
)
"""By the best instructions, at the clock of today's machines.

The first was measured with an EPYC of 2023. Reading: 8.9 tokens/s with the 7B and 39 with the 1.5B on one
core. Writing: weights at 20 GB/s on one core (27 GB/s is what its memory gives), and on two at 35 GB/s on one
day (50 GB/s) and 31 on another (55 GB/s): the figure stands between the two. AVX2 and NEON have half as many
lanes; older ones a quarter of these, and more instructions for the same: those are not measured.
"""


def core_rate(features: Collection[str]) -> CoreRate:
    """What one core of a processor with these instructions computes."""
    return next(rate for feature, rate in _CORE_RATES if not feature or feature in features)


def decode_tokens_per_s(shape: ModelShape, machine: Machine, placement: Placement, kv_type: KvType) -> float:
    """Tokens written per second. 0 where the bandwidth of a device that takes part is not known."""
    bytes_at = _bytes_per_token(shape, placement, kv_type)
    seconds = 0.0
    for place, size_bytes in bytes_at.items():
        rate = _cpu_rate(machine) if place == CPU else _gpu_rate(placement.devices[place], machine)
        if not rate:
            return 0.0
        seconds += size_bytes / rate
    return 1 / seconds if seconds else 0.0


def prompt_tokens_per_s(shape: ModelShape, machine: Machine, placement: Placement) -> float:
    """Tokens of a prompt read per second. 0 where the bandwidth of a device that takes part is not known."""
    seconds = 0.0
    for place, multiplications in _multiplications_per_token(shape, placement).items():
        if place == CPU:
            rate = core_rate(machine.cpu.features).multiplications_per_s * _cores(machine.cpu)
        else:
            device = placement.devices[place]
            per_byte = _GPU_MULTIPLICATIONS_PER_BYTE.get(
                device.backend.lower(), _OTHER_GPU_MULTIPLICATIONS_PER_BYTE
            )
            rate = _bandwidth(device, machine) * per_byte
        if not rate:
            return 0.0
        seconds += multiplications / rate
    return 1 / seconds if seconds else 0.0


def _cores(cpu: Cpu) -> int:
    return max(cpu.usable_cores, 1)


def _cpu_rate(machine: Machine) -> float:
    """Bytes of weights per second: each is fetched, then computed with, and the two hardly overlap.

    0 where the memory's bandwidth is not known: the processor alone would promise too much.
    """
    if not machine.bandwidth_bytes_per_s:
        return 0.0
    computed = core_rate(machine.cpu.features).weights_bytes_per_s * _cores(machine.cpu)
    return 1 / (1 / computed + 1 / machine.bandwidth_bytes_per_s)


def _gpu_rate(device: Device, machine: Machine) -> float:
    return _GPU_SHARE_OF_BANDWIDTH * _bandwidth(device, machine)


def _bandwidth(device: Device, machine: Machine) -> float:
    """A device in the processor reads the same memory as the processor."""
    if not device.bandwidth_bytes_per_s and device.kind is DeviceKind.INTEGRATED:
        return machine.bandwidth_bytes_per_s
    return device.bandwidth_bytes_per_s


def _used_bytes(shape: ModelShape, group: TensorGroup) -> int:
    """What one token needs of a group: of its experts only some."""
    if not 0 < shape.experts_used < shape.expert_count:
        return group.size_bytes
    unused = shape.expert_count - shape.experts_used
    return group.size_bytes - group.expert_bytes * unused // shape.expert_count


def _used_groups(shape: ModelShape, placement: Placement) -> list[tuple[int, TensorGroup]]:
    """All groups that a token is multiplied with, and their place; of the embeddings it needs one row."""
    places = placement.device_of(shape.layers)
    used = [(places[min(group.layer, shape.layers)], group) for group in shape.groups if group.layer >= 0]
    if shape.output_is_tied:
        used += [(places[-1], group) for group in shape.groups if group.layer < 0]
    return used


def _bytes_per_token(shape: ModelShape, placement: Placement, kv_type: KvType) -> dict[int, int]:
    bytes_at: dict[int, int] = {}
    for place, group in _used_groups(shape, placement):
        bytes_at[place] = bytes_at.get(place, 0) + _used_bytes(shape, group)
    kv_bytes = kv_bytes_per_layer(shape, TYPICAL_TOKENS, kv_type)
    for place in placement.device_of(shape.layers)[:-1]:
        bytes_at[place] = bytes_at.get(place, 0) + kv_bytes
    return bytes_at


def _multiplications_per_token(shape: ModelShape, placement: Placement) -> dict[int, float]:
    """One for each weight. A prompt passes the output for its last token only, so that is left out."""
    multiplications_at: dict[int, float] = {}
    numbers_per_byte = {name: numbers / size for name, numbers, size in TENSOR_TYPES.values()}
    for place, group in _used_groups(shape, placement):
        if not 0 <= group.layer < shape.layers:
            continue
        weights = _used_bytes(shape, group) * numbers_per_byte.get(group.quantisation, 1.0)
        multiplications_at[place] = multiplications_at.get(place, 0.0) + weights
    return multiplications_at
