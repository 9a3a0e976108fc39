"""What real loads and replies on this machine taught: how far off the estimate was, in a small file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import msgspec

from models.fit import DeviceShare, Fit, Verdict
from models.machine import Machine
from models.whole_file import replace_file

_log = logging.getLogger(__name__)

WEIGHT_OF_THE_NEWEST: Final = 0.3
"""A single reply may have been slowed down by something else, so it moves what is known by this share."""

SPEED_RATIOS: Final = (0.1, 4.0)
MEMORY_RATIOS: Final = (0.9, 1.5)
"""A measurement outside of these is taken for a mistake and left out."""

MOST_KEPT: Final = 32


class Correction(msgspec.Struct, frozen=True):
    """Measured / estimated on one machine; 1.0 where nothing was measured yet."""

    decode_ratio: float = 1.0
    memory_ratio: float = 1.0
    decode_count: int = 0
    memory_count: int = 0

    def applied_to(self, fit: Fit) -> Fit:
        """The fit with the speed and the memory that this machine really showed."""
        shares = tuple(self._share(share) for share in fit.shares)
        over_bytes = max(fit.short_of_bytes, sum(share.over_bytes for share in shares))
        return msgspec.structs.replace(
            fit,
            shares=shares,
            verdict=Verdict.TOO_LARGE if over_bytes else fit.verdict,
            short_of_bytes=over_bytes,
            decode_tokens_per_s=fit.decode_tokens_per_s * self.decode_ratio,
        )

    def _share(self, share: DeviceShare) -> DeviceShare:
        """What was measured to be needed beyond the estimate counts as work; nothing is promised for less."""
        more_bytes = int(share.total_bytes * max(self.memory_ratio - 1, 0))
        return msgspec.structs.replace(share, compute_bytes=share.compute_bytes + more_bytes)

    def with_decode_speed(self, estimate: Fit, measured_tokens_per_s: float) -> Correction:
        """Learn from a reply. `estimate` is without any correction."""
        ratio = _ratio(measured_tokens_per_s, estimate.decode_tokens_per_s, SPEED_RATIOS)
        if ratio is None:
            return self
        learned = _learned(self.decode_ratio, ratio, self.decode_count)
        return msgspec.structs.replace(self, decode_ratio=learned, decode_count=self.decode_count + 1)

    def with_memory(self, estimate: Fit, measured_bytes: int) -> Correction:
        """Learn from a load: what llama.cpp allocated on all devices together."""
        ratio = _ratio(measured_bytes, estimate.total_bytes, MEMORY_RATIOS)
        if ratio is None:
            return self
        learned = _learned(self.memory_ratio, ratio, self.memory_count)
        return msgspec.structs.replace(self, memory_ratio=learned, memory_count=self.memory_count + 1)


def machine_key(machine: Machine, verdict: Verdict) -> str:
    """What a correction belongs to: this machine, and the place that computes (cards, processor, or both)."""
    devices = "+".join(device.title for device in machine.devices)
    cpu = machine.cpu
    return f"{cpu.title}|{cpu.usable_cores}|{machine.ram_total_bytes >> 28}|{devices}|{verdict}"


class FitCorrections:
    """The corrections in a JSON file. What cannot be read counts as nothing learned yet."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)

    def corrected(self, fit: Fit, machine: Machine) -> Fit:
        """The fit as this machine taught."""
        return self.correction(machine, fit.verdict).applied_to(fit)

    def correction(self, machine: Machine, verdict: Verdict) -> Correction:
        """What is known of a machine and place."""
        return self._known.get(machine_key(machine, verdict), Correction())

    def learn_speed(self, machine: Machine, estimate: Fit, measured_tokens_per_s: float) -> None:
        """Remember how fast a reply was written that was estimated so, without any correction."""
        known = self.correction(machine, estimate.verdict)
        self._keep(machine, estimate, known.with_decode_speed(estimate, measured_tokens_per_s))

    def learn_memory(self, machine: Machine, estimate: Fit, measured_bytes: int) -> None:
        """Remember what a load took that was estimated so."""
        known = self.correction(machine, estimate.verdict)
        self._keep(machine, estimate, known.with_memory(estimate, measured_bytes))

    def _keep(self, machine: Machine, estimate: Fit, learned: Correction) -> None:
        key = machine_key(machine, estimate.verdict)
        if self._known.get(key, Correction()) == learned:
            return
        self._known.pop(key, None)
        self._known[key] = learned
        while len(self._known) > MOST_KEPT:
            del self._known[next(iter(self._known))]
        _write(self._file, self._known)


def _ratio(measured: float, estimated: float, allowed: tuple[float, float]) -> float | None:
    if measured <= 0 or estimated <= 0:
        return None
    ratio = measured / estimated
    return ratio if allowed[0] <= ratio <= allowed[1] else None


def _learned(known: float, newest: float, count: int) -> float:
    return newest if not count else known + WEIGHT_OF_THE_NEWEST * (newest - known)


def _read(file: Path) -> dict[str, Correction]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Correction])
    except (OSError, msgspec.MsgspecError):  # not there yet, or spoilt: it is learned again
        return {}


def _write(file: Path, known: dict[str, Correction]) -> None:
    """Keep it. Where that cannot be, it is learned again the next time: nothing is lost."""
    try:
        replace_file(file, msgspec.json.format(msgspec.json.encode(known)))
    except OSError as error:
        _log.warning("What was learned of this machine's speed could not be kept: %s", error.strerror)
