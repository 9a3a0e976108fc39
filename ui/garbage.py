"""Collects Python's garbage between events, on the window's thread, and never anywhere else.

Python collects whenever enough was made: in the middle of a paint event, or on the thread of the chat.
Widgets among the garbage are destroyed then and there, and Qt is not made for that: PySide6 6.11.3 crashed in
QPainter, whose engine was gone between two of its calls.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QAbstractEventDispatcher, QObject, Slot


class GarbageBetweenEvents(QObject):
    """From its making on Python does not collect; after `start` this does, when the loop is about to wait."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._thresholds = gc.get_threshold()

    @Slot()
    def start(self) -> None:
        """Collect from now on, but not among what was made so far: modules and classes are there for good.

        Each look at all of them would hold the window 20 ms.
        """
        gc.freeze()
        dispatcher = QAbstractEventDispatcher.instance()
        if dispatcher is not None:  # there is one as long as there is an application
            dispatcher.aboutToBlock.connect(self.collect)

    @Slot()
    def collect(self) -> None:
        """Collect what Python itself would have by now: the youngest generation mostly."""
        counts = gc.get_count()
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation]:
                gc.collect(generation)
                return
