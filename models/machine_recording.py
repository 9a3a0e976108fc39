"""What was read of a computer, before `models.hardware` concludes a `Machine` from it.

A recording can be written to JSON and read again, so that the rules are tested on computers not at hand.
"""

from __future__ import annotations

from typing import Final

import msgspec

WRONG_PROCESSOR: Final = "The engine was built for a newer processor than this one."
"""`RawMachine.engine_problem` where the engine's process was ended for an instruction that is not there."""


class EngineDevice(msgspec.Struct, frozen=True):
    """One device of llama.cpp's backend registry, in its own words.

    `kind`: "cpu", "gpu", "igpu", "accel" or "meta". `id`: "0000:01:00.0" (PCI), "" where not known.
    """

    name: str
    title: str
    backend: str
    kind: str
    total_bytes: int
    free_bytes: int
    id: str = ""


class EngineReport(msgspec.Struct, frozen=True):
    """What llama.cpp says. `backends`: those that this build has ("CPU", "Vulkan", "CUDA", "MTL"…).

    `cpu_features`: those that llama.cpp was built for and found, in lower case.
    """

    backends: tuple[str, ...] = ()
    devices: tuple[EngineDevice, ...] = ()
    cpu_features: tuple[str, ...] = ()


class DriverCard(msgspec.Struct, frozen=True):
    """A card that NVIDIA's driver library (NVML) knows. `id` as in `EngineDevice`."""

    title: str
    total_bytes: int
    id: str = ""


class DisplayAdapter(msgspec.Struct, frozen=True):
    """A display adapter that Windows knows. `device_id`: like "PCI\\VEN_10DE&DEV_2786&SUBSYS_…"."""

    title: str
    device_id: str
    total_bytes: int = 0


class RawMachine(msgspec.Struct, frozen=True):
    """One computer as it was read. What a system does not have stays empty.

    `system`: "Linux", "Windows" or "Darwin". `release`: the kernel's. `architecture`: "x86_64", "arm64"…
    `engine_problem`: why llama.cpp could not be asked. `cpu_title`: what the system calls the processor.
    `usable_threads`: how many logical processors this process may run on. `files`: texts of files below /proc
    and /sys by their paths; `links`: the last part of where links there lead. `pci_names`: "10de:2786" -> its
    name in the system's list of PCI devices. `displays`: what macOS' system_profiler says, as it is.
    `has_wsl_gpu`: Linux inside Windows, which offers its graphics card at /dev/dxg.
    """

    system: str
    architecture: str
    physical_cores: int
    logical_cores: int
    usable_threads: int
    ram_total_bytes: int
    ram_available_bytes: int
    release: str = ""
    engine: EngineReport = EngineReport()
    engine_problem: str = ""
    cpu_title: str = ""
    driver_cards: tuple[DriverCard, ...] = ()
    adapters: tuple[DisplayAdapter, ...] = ()
    displays: str = ""
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    pci_names: dict[str, str] = {}
    has_wsl_gpu: bool = False
    disk_free_bytes: int = 0
    bandwidth_bytes_per_s: float = 0.0
