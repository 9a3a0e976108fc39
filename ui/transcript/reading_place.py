"""Where the reader is on a page that grows, shrinks and is laid out anew: at its end, or in one turn."""

from __future__ import annotations

from PySide6.QtWidgets import QScrollBar

from ui.transcript.rows import Row, TurnRows

AT_BOTTOM_PX = 8


class ReadingPlace:
    """Moves the scroll bar so that what is read stays where it is."""

    def __init__(self, bar: QScrollBar, column: TurnRows) -> None:
        self._bar = bar
        self._column = column
        self._row_y = 0
        self._share = 0.0
        self._keeps_share = False
        self.row: Row | None = None
        self.following = True
        self.is_placing = False

    def forget(self) -> None:
        """At the end of whatever comes."""
        self.row = None
        self.following = True

    @property
    def value(self) -> int:
        """How far down the view begins."""
        return self._bar.value()

    def read_at(self, row: Row, y_px: int) -> None:
        """The top of this turn stands so far below the top of the view, until the user scrolls."""
        self.following = False
        self.row, self._row_y, self._keeps_share = row, y_px, False

    def keep(self) -> None:
        """The page grew or shrank: stay at its end, or where the user reads."""
        self.is_placing = True
        if self.following:
            self._bar.setValue(self._bar.maximum())
        elif self.row is not None:
            y = self._row_y
            if self._keeps_share and y < 0:
                y = -round(self._share * self._column.height_of(self.row))
            self._bar.setValue(self._column.top_of(self.row) - y)
        self.is_placing = False

    def note(self, value: int) -> None:
        """The user scrolled there."""
        self.following = value >= self._bar.maximum() - AT_BOTTOM_PX
        if not self.following:
            self.remember()

    def remember(self) -> None:
        """Remember the first turn in sight and where it stands: what is above it may become higher.

        Where it gets another height itself, by another width or because it was only room, the share of
        it that is above the view is kept.
        """
        value = self._bar.value()
        row = self.row = self._column.row_at(value)
        if row is not None:
            self._row_y = self._column.top_of(row) - value
            self._share = -self._row_y / max(self._column.height_of(row), 1)
            self._keeps_share = row.widget is None

    def hold(self) -> None:
        """What is in sight is about to change its height by itself: nothing above it moves."""
        self.following = False
        self.remember()

    def keep_share(self) -> None:
        """The width changed, and with it the height of what is read."""
        self._keeps_share = True

    def settle_share(self) -> None:
        """All near is laid out: from now on pixels count, not the share."""
        if self._keeps_share and not self.following:
            self.remember()

    def follow_text(self, turn_id: int, by_px: int) -> None:
        """What the user reads in this turn moved down: formulas above it were drawn."""
        if not self.following and self.row is not None and self.row.turn.id == turn_id:
            self._row_y -= by_px
