"""Long work of the window in slices, with the event loop in between."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal, Slot

AT_ONCE_CHARS = 8_000
SLICE_CHARS = 4_000
"""Of text read or coloured: a few milliseconds."""


class Slices(QObject):
    """Runs a generator that yields after each bit of work how many characters it took.

    Little work is done within `run`; of more, the rest follows while the window stays free.

    Signals:
        went_on: another slice of it was done.
    """

    went_on = Signal()

    def __init__(
        self, parent: QObject, *, at_once_chars: int = AT_ONCE_CHARS, slice_chars: int = SLICE_CHARS
    ) -> None:
        """`at_once_chars` are worked off within `run`, then `slice_chars` at a time."""
        super().__init__(parent)
        self._at_once_chars = at_once_chars
        self._slice_chars = slice_chars
        self._work: Iterator[int] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        """Whether there is work left."""
        return self._work is not None

    def run(self, work: Iterator[int]) -> None:
        """Do this work in place of what was left of other work."""
        self._work = work
        self._do(self._at_once_chars)

    def stop(self) -> None:
        """Leave what is left undone."""
        self._timer.stop()
        self._work = None

    def finish(self) -> None:
        """Do what is left now, however long it takes."""
        while self._work is not None:
            self._do(self._at_once_chars)

    @Slot()
    def _go_on(self) -> None:
        if self._work is not None:
            self._do(self._slice_chars)
            self.went_on.emit()

    def _do(self, characters: int) -> None:
        work = self._work
        while characters > 0 and work is not None:
            done = next(work, None)
            if self._work is not work:
                return  # the work itself began other work
            if done is None:
                work = self._work = None
            else:
                characters -= done
        if work is not None:
            self._timer.start(0)
