"""Which model of the catalogue suits a computer best, which ones suit it too, and why: one sentence each.

The rules, and why they are so: docs/decisions/0010-how-a-model-is-recommended.md.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from models.catalog import Catalog, CatalogModel
from models.engine.kv_type import KvType
from models.fit import Fit, Verdict, best_fit, devices_in_use
from models.fit import fit as fit_with
from models.fit_corrections import FitCorrections
from models.machine import CPU_DEVICE, DeviceKind, Machine

LEAST_CONTEXT_TOKENS: Final = 8_192
"""A model that fits with less has no room to think: a thought alone often takes some thousand tokens."""

LEAST_TOKENS_PER_S: Final = 5.0
"""About as fast as one reads. A thought of 2,000 tokens takes 7 minutes then; few would wait longer."""

SMALLER_AND_FASTER_ID: Final = "r1-0528-qwen3-8b"
"""Its score in AIME 2024 is the best of all in the catalogue that are not for a server."""

_GB = 2**30
"""Memory is sold in these. Sizes of files are decimal, as download pages have them."""


class Role(enum.StrEnum):
    """BEST: to begin with. SMALLER_AND_FASTER: beside it, for maths. IN_PART: some layers on the card.

    OTHER: it runs here. TOO_LARGE: it cannot be loaded. SERVER: for no computer that people have at home.
    """

    BEST = "best"
    SMALLER_AND_FASTER = "smaller_and_faster"
    IN_PART = "in_part"
    OTHER = "other"
    TOO_LARGE = "too_large"
    SERVER = "server"


class Suggestion(msgspec.Struct, frozen=True):
    """What is said of one model on one computer. `reason` is one sentence fit to show."""

    model_id: str
    role: Role
    reason: str
    fit: Fit


class _Candidate(msgspec.Struct, frozen=True):
    """A model and the best way to place it. `on_card`: on a card with memory of its own.

    `is_measured`: the speed of the main memory is known, and so how fast a processor writes.
    """

    model: CatalogModel
    fit: Fit
    on_card: bool
    is_measured: bool

    @property
    def loads(self) -> bool:
        return self.fit.verdict is not Verdict.TOO_LARGE

    @property
    def has_room(self) -> bool:
        return self.loads and self.fit.context_tokens >= LEAST_CONTEXT_TOKENS

    @property
    def fits_wholly(self) -> bool:
        return self.has_room and self.fit.verdict is Verdict.FITS

    @property
    def suits_wholly(self) -> bool:
        """Fits, and does not crawl: memory that graphics share can be large, and slow for what it holds."""
        return self.fits_wholly and (self.on_card or not self.is_slow)

    @property
    def is_fast(self) -> bool:
        return self.is_measured and self.fit.decode_tokens_per_s > LEAST_TOKENS_PER_S

    @property
    def is_slow(self) -> bool:
        """Expected to be: of an unknown speed nothing is said."""
        return 0 < self.fit.decode_tokens_per_s <= LEAST_TOKENS_PER_S


def recommend(
    catalog: Catalog,
    machine: Machine,
    *,
    kv_type: KvType = KvType.F16,
    corrections: FitCorrections | None = None,
) -> list[Suggestion]:
    """Suggest each model of the catalogue once, the best first, those for a server last.

    None is BEST where not even the smallest can be loaded. `corrections`: what loads and replies taught.
    """
    on_card = any(device.kind is DeviceKind.DISCRETE for device in devices_in_use(machine))
    every = [
        _Candidate(
            model, _placed(model, machine, kv_type, corrections), on_card, machine.bandwidth_bytes_per_s > 0
        )
        for model in catalog.models
    ]
    best = _best(every)
    suggestions = [_suggestion(candidate, best, every, machine) for candidate in every]
    order = list(Role)
    suggestions.sort(key=lambda suggestion: order.index(suggestion.role))  # stable: the catalogue's order
    return suggestions + [_for_a_server(model, machine, kv_type) for model in catalog.server_models]


def _placed(
    model: CatalogModel, machine: Machine, kv_type: KvType, corrections: FitCorrections | None
) -> Fit:
    """The best way to place it; with less context where loads took more than was expected."""
    estimate = best_fit(model.shape, machine, kv_type=kv_type)
    if corrections is None:
        return estimate
    corrected = corrections.corrected(estimate, machine)
    is_too_much = corrected.verdict is Verdict.TOO_LARGE and estimate.verdict is not Verdict.TOO_LARGE
    if is_too_much and estimate.context_tokens > LEAST_CONTEXT_TOKENS:
        smaller = fit_with(model.shape, machine, context_tokens=LEAST_CONTEXT_TOKENS, kv_type=kv_type)
        return corrections.corrected(smaller, machine)
    return corrected


def _best(every: list[_Candidate]) -> _Candidate | None:
    """The first, in the catalogue's order, that a rule allows; the rules one after the other."""
    rules = (
        [candidate for candidate in every if candidate.suits_wholly],
        [candidate for candidate in every if candidate.has_room and candidate.is_fast],
        [candidate for candidate in reversed(every) if candidate.loads],
    )
    return next((allowed[0] for allowed in rules if allowed), None)


def _suggestion(
    candidate: _Candidate, best: _Candidate | None, every: list[_Candidate], machine: Machine
) -> Suggestion:
    model, fit = candidate.model, candidate.fit
    if best is None or not candidate.loads:
        role, reason = Role.TOO_LARGE, _why_too_large(candidate)
    elif candidate is best:
        role, reason = Role.BEST, _why_best(candidate, every, machine)
    elif model.id == SMALLER_AND_FASTER_ID and every.index(best) < every.index(candidate):
        role, reason = Role.SMALLER_AND_FASTER, _why_faster(candidate, best)
    elif fit.verdict is Verdict.PARTLY:
        role, reason = Role.IN_PART, _why_in_part(candidate)
    else:
        role, reason = Role.OTHER, _why_other(candidate, machine)
    return Suggestion(model.id, role, reason, fit)


def _why_best(best: _Candidate, every: list[_Candidate], machine: Machine) -> str:
    facts = f"{_sum_and_context(best.fit)}{_and_speed(best.fit)}"
    wholly = [candidate for candidate in every if candidate.fits_wholly]
    if best in wholly and all(candidate.suits_wholly for candidate in wholly):
        which = _largest_or_best(best, wholly)
        return f"The {which} of R1's distills that fits wholly {_on_the_cards(machine)}: {facts}."
    if best.has_room and best.is_fast:
        which = _largest_or_best(best, [other for other in every if other.has_room and other.is_fast])
        return (
            f"The {which} of R1's distills that should write more than {LEAST_TOKENS_PER_S:g} tokens/s "
            f"{_where(best.fit)}: {facts}."
        )
    if not best.is_measured:
        return f"The smallest of R1's distills, while the speed of the memory is not known: {facts}."
    if any(candidate.loads and candidate.is_slow for candidate in every if candidate is not best):
        return f"The smallest of R1's distills, since larger ones would be slower still: {facts}."
    return f"The smallest of R1's distills: {facts}."


def _largest_or_best(best: _Candidate, allowed: list[_Candidate]) -> str:
    """Of about the same size the better scores count: then the best is not the largest."""
    sizes = [candidate.model.parameters_b for candidate in allowed]
    return "largest" if best.model.parameters_b >= max(sizes) else "best"


def _why_faster(candidate: _Candidate, best: _Candidate) -> str:
    own, other = candidate.model.scores.aime2024, best.model.scores.aime2024
    return (
        f"Smaller than {best.model.title}, but strong in mathematics ({own:.1f} % of AIME 2024, the other "
        f"{other:.1f} %): {_sum_and_context(candidate.fit)}{_and_speed(candidate.fit)}."
    )


def _why_in_part(candidate: _Candidate) -> str:
    fit = candidate.fit
    return (
        f"{fit.layers_on_gpu} of its {fit.layers} layers fit on the graphics card, the processor computes "
        f"the others: {_context(fit)}{_and_speed(fit)}."
    )


def _why_other(candidate: _Candidate, machine: Machine) -> str:
    fit = candidate.fit
    place = f"wholly {_on_the_cards(machine)}" if fit.verdict is Verdict.FITS else "in main memory"
    if candidate.is_slow:
        return f"It fits {place} ({_sum(fit)}), but should write only {_speed(fit)}."
    if not candidate.has_room:
        return (
            f"It fits {place} with {_context(fit)} only, where {LEAST_CONTEXT_TOKENS:,} are the least to "
            "think with."
        )
    return f"It fits {place} too: {_sum_and_context(fit)}{_and_speed(fit)}."


def _why_too_large(candidate: _Candidate) -> str:
    return f"It is too large for the free memory by {_memory(candidate.fit.short_of_bytes)}."


def _for_a_server(model: CatalogModel, machine: Machine, kv_type: KvType) -> Suggestion:
    all_bytes = machine.ram_total_bytes + sum(
        device.total_bytes for device in machine.devices if device.kind is DeviceKind.DISCRETE
    )
    reason = (
        f"For a server: a file of it has about {model.size_bytes / 1e9:,.0f} GB, and this computer has "
        f"{_memory(all_bytes)} of memory in all."
    )
    return Suggestion(model.id, Role.SERVER, reason, best_fit(model.shape, machine, kv_type=kv_type))


def _on_the_cards(machine: Machine) -> str:
    match devices_in_use(machine):
        case (device,) if device.kind is DeviceKind.INTEGRATED:
            return f"in the memory that the {device.title} may use"
        case (device,):
            return f"on the {device.title}"
        case devices:
            return f"on the {len(devices)} graphics cards"


def _where(fit: Fit) -> str:
    match fit.verdict:
        case Verdict.CPU_ONLY:
            return "on the processor"
        case Verdict.PARTLY:
            return "on graphics card and processor"
        case _:
            return "on the graphics card"


def _speed(fit: Fit) -> str:
    """`about 24 tokens/s`, `about 4.2 tokens/s`."""
    per_s = fit.decode_tokens_per_s
    return f"about {per_s:.1f} tokens/s" if per_s < 9.95 else f"about {per_s:,.0f} tokens/s"


def _and_speed(fit: Fit) -> str:
    return f", {_speed(fit)}" if fit.decode_tokens_per_s else ""


def _context(fit: Fit) -> str:
    return f"a context of {fit.context_tokens:,} tokens"


def _sum_and_context(fit: Fit) -> str:
    return f"{_sum(fit)} with {_context(fit)}"


def _sum(fit: Fit) -> str:
    """`9.6 of 11.2 GB`: on the cards where it fits there wholly, else on all devices together."""
    on_cards = [share for share in fit.shares if share.device != CPU_DEVICE]
    counted = on_cards if fit.verdict is Verdict.FITS and on_cards else fit.shares
    used = [share for share in counted if share.total_bytes]
    needed = sum(share.needed_bytes for share in used)
    available = sum(share.available_bytes for share in used)
    return f"{needed / _GB:,.1f} of {_memory(available)}"


def _memory(size_bytes: int) -> str:
    return f"{size_bytes / _GB:,.1f} GB"
