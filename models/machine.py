"""What is known of a computer: its memory, its processor, and the devices that llama.cpp can compute on."""

from __future__ import annotations

import enum

import msgspec

CPU_DEVICE = "CPU"
"""What llama.cpp calls the processor and its memory."""


class DeviceKind(enum.StrEnum):
    """DISCRETE: a card with memory of its own. INTEGRATED: it shares the memory of the processor."""

    DISCRETE = "discrete"
    INTEGRATED = "integrated"


class Cpu(msgspec.Struct, frozen=True):
    """The processor. `usable_cores`: physical ones that this process may use (affinity, containers).

    `features`: those that matter to llama.cpp, in lower case: "avx", "avx2", "avx512f", "f16c", "neon"…
    """

    title: str
    physical_cores: int
    logical_cores: int
    usable_cores: int
    features: tuple[str, ...] = ()


class Device(msgspec.Struct, frozen=True):
    """A device that this build of llama.cpp can use, in its own words. Sizes as llama.cpp reports them.

    `name` is llama.cpp's ("CUDA0", "Vulkan0", "Metal"), `title` the maker's. `bandwidth_bytes_per_s` of its
    memory, 0 where nothing is known of it. An integrated one has no more free bytes than main memory has.
    """

    name: str
    title: str
    backend: str
    kind: DeviceKind
    total_bytes: int
    free_bytes: int
    bandwidth_bytes_per_s: float = 0.0


class UnusableGpu(msgspec.Struct, frozen=True):
    """A graphics card that is there, but that this build cannot use. `why` and `advice` are fit to show."""

    title: str
    why: str
    advice: str
    total_bytes: int = 0


class Machine(msgspec.Struct, frozen=True):
    """One computer. Memory is what this process may have: container limits count.

    `devices` are without the processor. `bandwidth_bytes_per_s` of the main memory, 0 before it was probed.
    `engine_problem`: why llama.cpp could not be asked, fit to show; then `devices` is empty.
    """

    cpu: Cpu
    ram_total_bytes: int
    ram_available_bytes: int
    devices: tuple[Device, ...] = ()
    unusable_gpus: tuple[UnusableGpu, ...] = ()
    is_limited_by_container: bool = False
    disk_free_bytes: int = 0
    bandwidth_bytes_per_s: float = 0.0
    engine_problem: str = ""
