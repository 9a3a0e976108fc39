"""Collects what another thread says, and waits for it without sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")
Kind = TypeVar("Kind")
TIMEOUT_S = 180.0


class EventRecorder(Generic[Event]):
    """A callback that remembers every event it was called with."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: type[Kind], accept: Callable[[Kind], bool] = lambda _event: True) -> Kind:
        """The first event of a kind that is accepted, past ones included."""

        def found() -> Kind | None:
            return next((e for e in self.events if isinstance(e, kind) and accept(e)), None)

        with self._changed:
            if not self._changed.wait_for(found, TIMEOUT_S):
                raise AssertionError(f"no {kind.__name__} among the last: {self.events[-4:]}")
            event = found()
        assert event is not None
        return event

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Every event of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def forget(self) -> None:
        """Start anew."""
        with self._changed:
            self.events.clear()
