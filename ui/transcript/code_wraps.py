"""Remembers which code the user does not want wrapped, as long as the window lives."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class CodeWraps:
    """One for the whole window. A block of code is known by its turn, the view in it and its number there."""

    _unwrapped: set[tuple[int, int, int]] = field(default_factory=set)

    def of_view(self, turn_id: int, view: int) -> ViewWraps:
        """Those of one view of an answer."""
        return ViewWraps(self._unwrapped, turn_id, view)


@dataclass
class ViewWraps:
    """The code of one view."""

    _unwrapped: set[tuple[int, int, int]] = field(default_factory=set)
    _turn_id: int = 0
    _view: int = 0

    def is_wrapped(self, number: int) -> bool:
        """Whether the lines of code `number`, counted from 0, go on in the next line."""
        return (self._turn_id, self._view, number) not in self._unwrapped

    def set_wrapped(self, number: int, is_wrapped: bool) -> None:
        """From now on they do, or they do not."""
        key = self._turn_id, self._view, number
        if is_wrapped:
            self._unwrapped.discard(key)
        else:
            self._unwrapped.add(key)
