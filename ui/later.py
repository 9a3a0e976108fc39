"""Holds a part of the window that is built when somebody asks for it, not at the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Later(Generic[Part]):
    """One part, built at most once, on the GUI thread.

    Who has to do with it says so with `when_built` and gets it as soon as it is there, to connect its signals
    and to show it what happened before; who has news for it says them with `tell`, which nobody hears before.
    """

    def __init__(self, build: Callable[[], Part]) -> None:
        self._build = build
        self._part: Part | None = None
        self._waiting: list[Callable[[Part], object]] = []

    @property
    def built(self) -> Part | None:
        """The part, None where nobody has asked for it yet."""
        return self._part

    def get(self) -> Part:
        """The part; built now if it was not."""
        if self._part is None:
            part = self._part = self._build()
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                act(part)
        return self._part

    def when_built(self, act: Callable[[Part], object]) -> None:
        """Call `act` with the part: now where it is there, else right after it was built, in order."""
        if self._part is None:
            self._waiting.append(act)
        else:
            act(self._part)

    def tell(self, act: Callable[[Part], object]) -> None:
        """Call `act` with the part where it is there."""
        if self._part is not None:
            act(self._part)
