"""Builds the turns near the view before they are needed, and lets go of those far away."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QScrollArea

from ui.transcript.reading_place import ReadingPlace
from ui.transcript.rows import LAYOUT_LEVELS, Row, TurnRows

FILL_S = 0.025
"""How long the window may be held up to build what came in sight; the rest of it is there a moment later."""
NEAR_VIEWS = 1
"""Turns so many heights of the view above and below are built before they are needed."""
FAR_VIEWS = 4
"""Turns so many heights away are taken off the page again."""


class NearTurns(QObject):
    """Works when the event loop has time for it.

    Signals:
        settled: the page was laid out; what is read stays where it is.
    """

    settled = Signal()

    def __init__(
        self, area: QScrollArea, column: TurnRows, place: ReadingPlace, stays: Callable[[Row], bool]
    ) -> None:
        """`stays` says of a row that is built whether it must not be taken away."""
        super().__init__(area)
        self._area = area
        self._column = column
        self._place = place
        self._stays = stays
        self.timer = QTimer(self, singleShot=True, interval=0)
        self.timer.timeout.connect(self._build_near)

    def fill(self) -> None:
        """Build what is in sight, so that no frame shows a hole; its neighbours follow."""
        if not self._area.isVisible():
            return
        until = time.monotonic() + FILL_S
        self.settle()
        while self._build_one(0) and time.monotonic() < until:
            pass
        self.timer.start()

    def settle(self) -> None:
        """Lay the page out now, not at the next round of the event loop, and keep the place."""
        for _ in range(LAYOUT_LEVELS):
            QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self.settled.emit()

    def _build_one(self, views: int) -> bool:
        """Build the next turn in sight or so many heights of the view around it; False: all are there.

        The one that keeps its place comes first, so that what is in sight stays so.
        """
        missing = [row for row in self._around(views) if row.widget is None]
        if not missing:
            return False
        read = self._place.row
        if read is not None and read in missing and not self._place.following:
            self._column.build(read)
        else:
            self._column.build(missing[-1] if self._place.following else missing[0])
        self.settle()
        return True

    def _around(self, views: int) -> list[Row]:
        """The rows in sight and so many heights of the view around it."""
        top, height = self._area.verticalScrollBar().value(), self._area.viewport().height()
        return self._column.between(top - views * height, top + (views + 1) * height)

    def _release_far(self) -> None:
        """Take turns off the page that are far away and hold nothing that the history does not."""
        near = set(map(id, self._around(FAR_VIEWS)))
        far = [row for row in self._column.rows if row.widget is not None and id(row) not in near]
        far = [row for row in far if not self._stays(row)]
        if far:
            self._column.release(far)
            self.settle()

    @Slot()
    def _build_near(self) -> None:
        """Build one turn near the view; when all are there, let go of those far away."""
        if self._build_one(0) or self._build_one(NEAR_VIEWS):
            self.timer.start()
        else:
            self.settle()
            self._place.settle_share()
            self._release_far()
