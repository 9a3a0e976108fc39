"""Hands on what threads say, until the window that hears it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Arrivals(Generic[Event]):
    """A listener for any thread. `hand_on` has to return at once.

    A thread that hangs is not waited for for ever. What it says later would go to an object that is gone.
    """

    def __init__(self, hand_on: Callable[[Event], None]) -> None:
        self._hand_on = hand_on
        self._lock = threading.Lock()
        self._is_closed = False

    def __call__(self, event: Event) -> None:
        """Hand an event on."""
        with self._lock:
            if not self._is_closed:
                self._hand_on(event)

    def close(self) -> None:
        """Hand nothing on from now on."""
        with self._lock:
            self._is_closed = True
