"""Does a model fit into this computer, at which context, and how fast will it be."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Final

import msgspec

from models.engine.kv_type import KvType
from models.machine import CPU_DEVICE, Device, DeviceKind, Machine
from models.memory_sum import CONTEXT_STEP_TOKENS, Placement, Sum, memory_sums
from models.model_shape import ModelShape
from models.speed import decode_tokens_per_s, prompt_tokens_per_s

DEVICE_RESERVE_BYTES: Final = 1024 * 2**20
"""Stays free on each card, for the screen and the driver.

Source: fit_params_target of llama.cpp's common/common.h.
"""

RAM_SHARE: Final = 0.9
"""A model may take so much of the memory that is available: the system needs the rest to stay usable."""

LEAST_SHARE_ON_GPU: Final = 0.25
"""With fewer of its layers on the card a model gains next to nothing.

Even were the card infinitely fast, three quarters of the time would remain (Amdahl's law), and with most
cards the processor's layers are not repacked, so that they are slower than without the card.
"""

LARGEST_SENSIBLE_CONTEXT: Final = 32_768
"""DeepSeek's advice for the longest reply of R1; a larger cache is reserved only for those who ask for it."""

LEAST_CONTEXT_ON_GPU: Final = 4096
"""A smaller context is better than layers off the card, down to this.

Source: fit_params_min_ctx of llama.cpp's common/common.h.
"""

CONTEXT_IN_PART: Final = 8192
"""With layers off the card each token takes room from a layer: enough for a thought, and no more."""

LEAST_CONTEXT: Final = 2048
"""With less, R1 cannot think a question through."""


class Verdict(enum.StrEnum):
    """FITS: wholly on the graphics card(s). PARTLY: some layers on the card, the others in main memory.

    CPU_ONLY: wholly in main memory, computed by the processor. TOO_LARGE: it cannot be loaded.
    """

    FITS = "fits"
    PARTLY = "partly"
    CPU_ONLY = "cpu_only"
    TOO_LARGE = "too_large"


class DeviceShare(msgspec.Struct, frozen=True):
    """What a model takes of one device's memory. `repacked_bytes`: llama.cpp's second copy, on the CPU.

    `reserved_bytes`: how much of what is available is to stay free.
    """

    device: str
    title: str
    available_bytes: int
    weights_bytes: int = 0
    repacked_bytes: int = 0
    kv_bytes: int = 0
    compute_bytes: int = 0
    reserved_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All of it, as llama.cpp reports it."""
        return self.weights_bytes + self.repacked_bytes + self.kv_bytes + self.compute_bytes

    @property
    def needed_bytes(self) -> int:
        """What must be there. The file is mapped, so the system takes back what was repacked of it.

        Tried: the 1.5B with 8,192 tokens, 2.30 GB in all and 1.68 GB needed, ran at full speed in a control
        group of 1.80 GB.
        """
        return self.total_bytes - min(self.repacked_bytes, self.weights_bytes)

    @property
    def over_bytes(self) -> int:
        """By how much it is too much."""
        if not self.total_bytes:
            return 0
        return max(self.needed_bytes + self.reserved_bytes - self.available_bytes, 0)


class Fit(msgspec.Struct, frozen=True):
    """The best way to place a model with a context on a machine, as a sum.

    `short_of_bytes`: how much memory is missing, where it is too large. `largest_context_tokens`: what would
    fit with the same layers on the cards; where it is too large, in any way; 0 where none does. Speeds in
    tokens/s, 0 where they cannot be told.
    """

    context_tokens: int
    kv_type: KvType
    layers: int
    layers_on_gpu: int
    shares: tuple[DeviceShare, ...]
    verdict: Verdict
    short_of_bytes: int
    largest_context_tokens: int
    prompt_tokens_per_s: float
    decode_tokens_per_s: float

    @property
    def total_bytes(self) -> int:
        """What it takes on all devices together."""
        return sum(share.total_bytes for share in self.shares)

    @property
    def gpu_layers(self) -> int:
        """What to give llama.cpp as n_gpu_layers, which counts the output as a layer, and fills it first."""
        return self.layers_on_gpu + 1 if self.layers_on_gpu else 0


def fit(shape: ModelShape, machine: Machine, *, context_tokens: int, kv_type: KvType = KvType.F16) -> Fit:
    """Place a model with a context of exactly `context_tokens` as well as this machine can."""
    return _Fitting(shape, machine, kv_type).at(context_tokens)


def best_fit(shape: ModelShape, machine: Machine, *, kv_type: KvType = KvType.F16) -> Fit:
    """Choose the context too: the largest that fits well, within what is sensible to reserve.

    Wholly on the cards with up to 32,768 tokens; else in part, with as many layers on the cards as leave room
    for 8,192; else in main memory with up to 32,768.
    """
    fitting = _Fitting(shape, machine, kv_type)
    sensible = min(LARGEST_SENSIBLE_CONTEXT, shape.trained_context_tokens)
    whole = fitting.largest_context(fitting.whole)
    if whole >= min(LEAST_CONTEXT_ON_GPU, shape.trained_context_tokens):
        return fitting.at(min(whole, sensible))
    in_part = fitting.at(min(CONTEXT_IN_PART, sensible))
    if in_part.verdict is Verdict.PARTLY:  # with as much context as leaves the layers where they are
        return fitting.at(max(in_part.context_tokens, min(in_part.largest_context_tokens, sensible)))
    in_memory = fitting.largest_context(fitting.nothing)
    least = min(LEAST_CONTEXT, sensible)
    return fitting.at(max(min(in_memory, sensible), least))


class _Fitting:
    """One model on one machine. A placement is llama.cpp's n_gpu_layers: `nothing`, or up to `whole`."""

    nothing: Final = 0

    def __init__(self, shape: ModelShape, machine: Machine, kv_type: KvType) -> None:
        self._shape, self._machine, self._kv_type = shape, machine, kv_type
        self._devices = devices_in_use(machine)
        self.whole = shape.layers + 1
        self._shares = functools.cache(self._shares_of)

    def at(self, context_tokens: int) -> Fit:
        """The best placement with this context."""
        gpu_layers = self._best_gpu_layers(context_tokens)
        short_of_bytes = self._over_bytes(gpu_layers, context_tokens)
        if short_of_bytes:
            verdict = Verdict.TOO_LARGE
            largest = self._largest_anywhere()
        else:
            verdict = self._verdict(gpu_layers)
            largest = self.largest_context(gpu_layers)
        placement = self._placement(gpu_layers)
        return Fit(
            context_tokens=context_tokens,
            kv_type=self._kv_type,
            layers=self._shape.layers,
            layers_on_gpu=max(gpu_layers - 1, 0),
            shares=self._shares(gpu_layers, context_tokens),
            verdict=verdict,
            short_of_bytes=short_of_bytes,
            largest_context_tokens=largest,
            prompt_tokens_per_s=prompt_tokens_per_s(self._shape, self._machine, placement),
            decode_tokens_per_s=decode_tokens_per_s(self._shape, self._machine, placement, self._kv_type),
        )

    def largest_context(self, gpu_layers: int) -> int:
        """The largest context, a multiple of 256, that fits with this placement; 0 where none does."""
        if gpu_layers and not self._devices:
            return 0
        trained = self._shape.trained_context_tokens
        steps = largest_that(
            lambda count: not self._over_bytes(gpu_layers, count * CONTEXT_STEP_TOKENS),
            trained // CONTEXT_STEP_TOKENS,
        )
        if trained < CONTEXT_STEP_TOKENS:
            return 0 if self._over_bytes(gpu_layers, trained) else trained
        return steps * CONTEXT_STEP_TOKENS

    def _largest_anywhere(self) -> int:
        """The largest context that fits with any placement; 0 where none does."""
        largest = 0
        for gpu_layers in range(self.whole + 1):
            larger = min(largest + CONTEXT_STEP_TOKENS, self._shape.trained_context_tokens)
            if larger > largest and not self._over_bytes(gpu_layers, larger):
                largest = max(largest, self.largest_context(gpu_layers))
        return largest

    def _best_gpu_layers(self, context_tokens: int) -> int:
        """As many as fit on the cards, none where they are too few; the least lack if nothing fits."""
        if not self._devices:
            return self.nothing
        for gpu_layers in range(self.whole, 1, -1):
            if not self._over_bytes(gpu_layers, context_tokens):
                break
        else:
            return min(range(self.whole + 1), key=lambda count: self._over_bytes(count, context_tokens))
        is_worth_it = gpu_layers - 1 >= LEAST_SHARE_ON_GPU * self._shape.layers
        if is_worth_it or self._over_bytes(self.nothing, context_tokens):
            return gpu_layers
        return self.nothing

    def _verdict(self, gpu_layers: int) -> Verdict:
        if gpu_layers == self.whole:
            return Verdict.FITS
        return Verdict.PARTLY if gpu_layers > 1 else Verdict.CPU_ONLY

    def _placement(self, gpu_layers: int) -> Placement:
        return Placement(gpu_layers, self._devices if gpu_layers else ())

    def _over_bytes(self, gpu_layers: int, context_tokens: int) -> int:
        """What is missing on all devices together. Those inside the processor share its memory."""
        shares = self._shares(gpu_layers, context_tokens)
        over_bytes = sum(share.over_bytes for share in shares)
        if not any(device.kind is DeviceKind.INTEGRATED for device in self._devices):
            return over_bytes
        pool = shares[0]
        needed_bytes = sum(share.needed_bytes for share in shares) + pool.reserved_bytes
        return max(over_bytes, needed_bytes - pool.available_bytes)

    def _shares_of(self, gpu_layers: int, context_tokens: int) -> tuple[DeviceShare, ...]:
        machine = self._machine
        on_cpu, on_devices = memory_sums(
            self._shape,
            self._placement(gpu_layers),
            machine.cpu.features,
            context_tokens=context_tokens,
            kv_type=self._kv_type,
        )
        ram = machine.ram_available_bytes
        shares = [_share(CPU_DEVICE, machine.cpu.title, ram, ram - int(ram * RAM_SHARE), on_cpu)]
        for number, device in enumerate(self._devices):
            reserve = DEVICE_RESERVE_BYTES if device.kind is DeviceKind.DISCRETE else 0
            held = on_devices[number] if on_devices else Sum()
            shares.append(_share(device.name, device.title, device.free_bytes, reserve, held))
        return tuple(shares)


def devices_in_use(machine: Machine) -> tuple[Device, ...]:
    """The devices that llama.cpp takes: cards; where there is none, those inside the processor.

    Source: llama_prepare_model_devices of src/llama.cpp.
    """
    cards = tuple(device for device in machine.devices if device.kind is DeviceKind.DISCRETE)
    return cards or machine.devices


def largest_that(is_possible: Callable[[int], bool], most: int) -> int:
    """The largest possible number up to `most`, where all below a possible one are; 0 if none is."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if is_possible(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _share(name: str, title: str, available_bytes: int, reserved_bytes: int, held: Sum) -> DeviceShare:
    return DeviceShare(
        device=name,
        title=title,
        available_bytes=available_bytes,
        weights_bytes=held.weights_bytes,
        repacked_bytes=held.repacked_bytes,
        kv_bytes=held.kv_bytes,
        compute_bytes=held.compute_bytes,
        reserved_bytes=reserved_bytes,
    )
