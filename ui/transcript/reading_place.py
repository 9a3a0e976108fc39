"""Where the reader is on a page that grows, shrinks and is laid out anew: at its end, or in a text."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QScrollBar, QWidget
from shiboken6 import isValid

from ui.transcript.places import Line, line_in_sight
from ui.transcript.rows import Row, TurnRows
from ui.widgets.safe_browser import SafeBrowser

AT_BOTTOM_PX = 8


@dataclass(slots=True)
class _Place:
    """Where something begins below the top of the view, and the share of it that is above the view."""

    y_px: int
    share: float

    def y_in(self, height_px: int, *, keeps_share: bool) -> int:
        """Where it has to begin now that it is so high."""
        return -round(self.share * height_px) if keeps_share and self.y_px < 0 else self.y_px


class ReadingPlace:
    """Moves the scroll bar so that what is read stays where it is."""

    def __init__(self, bar: QScrollBar, column: TurnRows) -> None:
        self._bar = bar
        self._column = column
        self._in_row = _Place(0, 0.0)
        self._text: SafeBrowser | None = None
        self._in_text = _Place(0, 0.0)
        self._keeps_share = False
        self._line: Line | None = None
        self.row: Row | None = None
        self.following = True
        self.is_placing = False

    def forget(self) -> None:
        """At the end of whatever comes."""
        self.row = self._text = self._line = None
        self.following = True

    @property
    def value(self) -> int:
        """How far down the view begins."""
        return self._bar.value()

    def read_at(self, row: Row, y_px: int) -> None:
        """The top of this turn stands so far below the top of the view, until the user scrolls."""
        self.following = False
        self.row, self._text, self._line, self._keeps_share = row, None, None, False
        self._in_row = _place(y_px, self._column.height_of(row))

    def keep(self) -> None:
        """The page grew or shrank: stay at its end, or where the user reads."""
        self.is_placing = True
        if self.following:
            self._bar.setValue(self._bar.maximum())
        elif self.row is not None:
            self._bar.setValue(self._value_of(self.row))
        self.is_placing = False

    def note(self, value: int) -> None:
        """The user scrolled there."""
        self._line = None
        self.following = value >= self._bar.maximum() - AT_BOTTOM_PX
        if not self.following:
            self.remember()

    def remember(self) -> None:
        """Remember the first text in sight and where it stands: what is above it may become higher.

        Where it gets another height itself, by another width or because the turn was only room, the share of
        it that is above the view is kept.
        """
        value = self._bar.value()
        row = self.row = self._column.row_at(value)
        self._text = self._line = None
        if row is None:
            return
        self._in_row = self._place_of(row, value)
        self._keeps_share = row.widget is None
        self._text = self._text_at(row, value)
        if self._text is not None:
            self._in_text = _place(self._top_of(self._text) - value, self._text.height())

    def hold(self) -> None:
        """What is in sight is about to change its height by itself: nothing above it moves."""
        self.remember()
        self._text = None  # it may be what is moved down

    def keep_line(self, viewport: QWidget) -> None:
        """The width or the size of the text is about to change: the line that is read stays where it is.

        It does so until the user scrolls: taken anew at each step of a drag, it would creep.
        """
        self._keeps_share = True  # where there is no text in sight
        if self.following or self._line is not None:
            return
        value = self._bar.value()
        for row in self._column.between(value, value + viewport.height()):
            line = line_in_sight(row.widget, viewport) if row.widget is not None else None
            if line is not None:
                self.row, self._text, self._line = row, None, line
                self._in_row = self._place_of(row, value)
                return

    def settle_share(self) -> None:
        """All near is laid out: from now on pixels count, not the share."""
        if self._keeps_share and self._line is None and not self.following:
            self.remember()

    def follow_text(self, turn_id: int, by_px: int) -> None:
        """What the user reads in this turn moved down: formulas above it were drawn."""
        if not self.following and self.row is not None and self.row.turn.id == turn_id:
            self._in_row.y_px -= by_px
            self._in_text.y_px -= by_px

    def _value_of(self, row: Row) -> int:
        """Where the view begins for what is read to stay where it was."""
        line, text = self._line, self._text
        if line is not None and isValid(line.text) and row.widget is not None and line.text.isVisible():
            value = self._top_of(line.text) + line.y_in_text() - line.y_in_view
            self._in_row = self._place_of(row, value)
            return value
        if text is not None and isValid(text) and row.widget is not None and text.isVisible():
            value = self._top_of(text) - self._in_text.y_in(text.height(), keeps_share=self._keeps_share)
            self._in_row = self._place_of(row, value)
            return value
        y = self._in_row.y_in(self._column.height_of(row), keeps_share=self._keeps_share)
        return self._column.top_of(row) - y

    def _place_of(self, row: Row, value: int) -> _Place:
        return _place(self._column.top_of(row) - value, self._column.height_of(row))

    def _text_at(self, row: Row, value: int) -> SafeBrowser | None:
        """The first text of a turn that is not wholly above `value`."""
        if row.widget is None:
            return None
        for text in row.widget.findChildren(SafeBrowser):
            if text.isVisible() and self._top_of(text) + text.height() > value:
                return text
        return None

    def _top_of(self, text: SafeBrowser) -> int:
        """Where a text begins, in pixels from the top of the column."""
        return text.mapTo(self._column, QPoint(0, 0)).y()


def _place(y_px: int, height_px: int) -> _Place:
    return _Place(y_px, -y_px / max(height_px, 1))
