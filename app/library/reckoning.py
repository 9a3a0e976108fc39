"""What models take on this computer and how fast they are, as loads and replies here taught."""

from __future__ import annotations

from collections.abc import Sequence

from models.catalog import Catalog
from models.engine.kv_type import KvType
from models.engine.protocol import Usage
from models.fit import Fit, best_fit, fit
from models.fit_corrections import FitCorrections
from models.machine import Machine
from models.model_shape import ModelShape
from models.recommendation import Suggestion, recommend

LEAST_TOKENS_TO_LEARN_FROM = 64
"""Of a shorter reply the speed says little."""


class Reckoning:
    """All sums for one computer, as it was measured, and one kind of cache."""

    def __init__(self, machine: Machine, kv_type: KvType, corrections: FitCorrections) -> None:
        self.machine = machine
        self._kv_type = kv_type
        self._corrections = corrections

    def fit(self, shape: ModelShape, context_tokens: int = 0) -> Fit:
        """Place a model with a context of so many tokens; 0: as many as fit well."""
        return self._corrections.corrected(self._estimate(shape, context_tokens), self.machine)

    def suggestions(self, catalog: Catalog) -> Sequence[Suggestion]:
        """The models of the catalogue, the recommended one first."""
        return recommend(catalog, self.machine, kv_type=self._kv_type, corrections=self._corrections)

    def learn(
        self, shape: ModelShape, context_tokens: int, *, usage: Usage | None = None, allocated_bytes: int = 0
    ) -> None:
        """Learn from a reply that was written with such a context, or from a load."""
        estimate = self._estimate(shape, context_tokens)
        if usage is not None and usage.reasoning_tokens + usage.answer_tokens >= LEAST_TOKENS_TO_LEARN_FROM:
            self._corrections.learn_speed(self.machine, estimate, usage.tokens_per_s)
        if allocated_bytes:
            self._corrections.learn_memory(self.machine, estimate, allocated_bytes)

    def _estimate(self, shape: ModelShape, context_tokens: int) -> Fit:
        if context_tokens:
            return fit(shape, self.machine, context_tokens=context_tokens, kv_type=self._kv_type)
        return best_fit(shape, self.machine, kv_type=self._kv_type)
