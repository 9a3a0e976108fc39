"""The turns of a chat, one under the other: widgets near the view, room of estimated height elsewhere.

A chat of a thousand turns costs what its few turns near the view cost. The rest is a number of pixels
for each, guessed from the length of its text until it was once there to be measured.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from shiboken6 import Shiboken

from app.history.records import Turn
from ui.tab_order import in_lines
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, READING_LINE_PX
from ui.transcript.thought import ThoughtText
from ui.transcript.turn import TurnWidget
from ui.widgets.safe_browser import SafeBrowser

MARGIN_PX = 28
TURN_GAP_PX = 32
_CHARACTER_PX = 7.5
"""How wide a character of the reading font is about."""
LAYOUT_LEVELS = 6
"""So many rounds until a new width has reached all texts, and their heights the page."""
_AROUND_PX = 110
"""Paddings, the line of the thought and the line under the answer."""


@dataclass(eq=False)
class Row:
    """One turn. `widget` None: there is only room for it. `stays`: it holds more than the history does."""

    turn: Turn
    widget: TurnWidget | None = None
    stays: bool = False
    measured_px: int = 0
    measured_width_px: int = 0
    zoom_percent: int = 100

    def __post_init__(self) -> None:
        self._lengths = [(len(text), text.count("\n")) for text in (self.turn.question, self.turn.answer)]

    def height_px(self, width_px: int) -> int:
        """How high it is, or about how high it will be, in a column of this width."""
        if self.widget is not None:
            return self.widget.height()
        guess = self._guess_px(width_px)
        if not self.measured_px:
            return guess
        if self.measured_width_px == width_px:
            return self.measured_px
        return max(self.measured_px * guess // max(self._guess_px(self.measured_width_px), 1), _AROUND_PX)

    def _guess_px(self, width_px: int) -> int:
        zoom = self.zoom_percent / 100
        columns = max((width_px - 2 * GUTTER_PX) / _CHARACTER_PX / zoom, 8)
        lines = 0.0
        for characters, breaks in self._lengths:
            lines += characters / columns + breaks * 0.5 + 1
        return round((lines * READING_LINE_PX + _AROUND_PX) * zoom)


class TurnRows(QWidget):
    """The column of turns. It builds and takes away widgets only when told to.

    Signals:
        row_built: `Row`. Its widget is there now.
    """

    row_built = Signal(object)

    def __init__(self, make: Callable[[Turn], TurnWidget], parent: QWidget) -> None:
        """`make` gives the widget of a turn from the history; its parent becomes this column."""
        super().__init__(parent)
        self._make = make
        self._rows: list[Row] = []
        self._room_px: list[int] = []
        self._zoom_percent = 100
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)  # see `Page`
        self.setMaximumWidth(COLUMN_WIDTH_PX + 2 * GUTTER_PX)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, MARGIN_PX, 0, MARGIN_PX)
        self._layout.setSpacing(TURN_GAP_PX)
        self._layout.addStretch()

    @property
    def rows(self) -> Sequence[Row]:
        """All turns, oldest first."""
        return self._rows

    def built(self) -> list[TurnWidget]:
        """The widgets that are there, oldest first."""
        return [row.widget for row in self._rows if row.widget is not None]

    def row_of(self, turn_id: int) -> Row | None:
        """The row of this turn."""
        return next((row for row in self._rows if row.turn.id == turn_id), None)

    def is_last(self, turn: Turn) -> bool:
        """Whether nothing comes after it."""
        return not self._rows or self._rows[-1].turn.id == turn.id

    def number_of(self, row: Row) -> int:
        """The how many-th it is, from 0."""
        return self._rows.index(row)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """These turns in place of everything. What was built of them stays, for the others there is room."""
        known = {(row.turn.id, row.turn.state, row.turn.answer): row for row in self._rows}
        kept = [known.pop((turn.id, turn.state, turn.answer), None) for turn in turns]
        for row in known.values():
            self._drop(row)
        self._rows = [
            row or Row(turn, zoom_percent=self._zoom_percent) for row, turn in zip(kept, turns, strict=True)
        ]
        for number, row in enumerate(self._rows, 1):
            if row.widget is not None:
                row.widget.set_number(number)
        self._guess_room()

    def set_zoom(self, zoom_percent: int) -> None:
        """The column grows with its text; what is not built has another height."""
        self._zoom_percent = zoom_percent
        self.setMaximumWidth(COLUMN_WIDTH_PX * zoom_percent // 100 + 2 * GUTTER_PX)
        for row in self._rows:
            row.zoom_percent, row.measured_px = zoom_percent, 0
        self._guess_room()

    def fit_heights(self) -> None:
        """Give all texts the height that they need now, without waiting for Qt to ask for it."""
        for _ in range(LAYOUT_LEVELS):
            for text in self.findChildren(SafeBrowser):
                text.fit_height()
            QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)

    def add(self, widget: TurnWidget) -> Row:
        """A new turn at the bottom, which stays built."""
        row = Row(widget.turn, widget, stays=True, zoom_percent=self._zoom_percent)
        self._rows.append(row)
        widget.set_number(len(self._rows))
        self._room_px.append(0)
        self._layout.insertWidget(self._layout.count() - 1, widget)
        return row

    def clear(self) -> None:
        """No turns."""
        for row in self._rows:
            self._drop(row)
        self._rows, self._room_px = [], []
        self._lay_out()

    def note_sight(self, top_px: int, bottom_px: int) -> None:
        """The width is about to change: tell long texts whether they are in this stretch of the column."""
        for text in self.findChildren(ThoughtText):
            y = text.mapTo(self, QPoint(0, 0)).y()
            text.was_in_sight = text.isVisible() and y < bottom_px and y + text.height() > top_px

    def top_of(self, row: Row) -> int:
        """Where a row begins, in pixels from the top of the column."""
        return self._tops()[self._rows.index(row)]

    def height_of(self, row: Row) -> int:
        """How high a row is or may be."""
        return self._heights()[self._rows.index(row)]

    def row_at(self, y_px: int) -> Row | None:
        """The first row that is not wholly above `y_px`."""
        tops = self._tops()
        number = max(bisect_right(tops, y_px + TURN_GAP_PX) - 1, 0)
        return self._rows[number] if number < len(self._rows) else None

    def between(self, top_px: int, bottom_px: int) -> list[Row]:
        """The rows that touch this stretch of the column."""
        tops = self._tops()
        first = max(bisect_right(tops, top_px + TURN_GAP_PX) - 1, 0)
        return self._rows[first : bisect_right(tops, bottom_px)]

    def build(self, row: Row) -> TurnWidget:
        """Put the widget of a turn where there was only room for it."""
        if row.widget is None:
            number = self.number_of(row)
            row.widget = self._make(row.turn)
            row.widget.set_number(number + 1)
            later = (each.widget for each in self._rows[number + 1 :])
            following = next((widget for widget in later if widget is not None), None)
            if following is not None:
                row.widget.stackUnder(following)  # a screen reader goes from the oldest to the newest, too
            self._lay_out()
            row.widget.show()  # by itself the layout would do so a little later, after the next frame
            self.row_built.emit(row)
        return row.widget

    def release(self, rows: Sequence[Row]) -> None:
        """Take the widgets of these turns away; the room stays as high as they were."""
        for number, row in enumerate(self._rows):
            if row in rows and row.widget is not None:
                row.measured_px, row.measured_width_px = row.widget.height(), self.width()
                self._drop(row)
                self._room_px[number] = row.measured_px
        self._lay_out()

    def tab_stops(self) -> list[QWidget]:
        """Where Tab stops: from the oldest turn to the newest, and down each of them."""
        return [stop for turn in self.built() for stop in in_lines(turn)]

    def _guess_room(self) -> None:
        """Find anew how high each row is or may be: the turns or the width are new."""
        self._room_px = [row.height_px(self.width()) for row in self._rows]
        self._lay_out()

    def _heights(self) -> list[int]:
        """How high each row is or may be."""
        return [
            room_px if row.widget is None else row.widget.height()
            for row, room_px in zip(self._rows, self._room_px, strict=True)
        ]

    def _tops(self) -> list[int]:
        """Where each row begins, and where one more would."""
        steps = [height + TURN_GAP_PX for height in self._heights()]
        return list(accumulate(steps, initial=MARGIN_PX))

    def _lay_out(self) -> None:
        """Widgets, and one empty room for each stretch of turns that are not built.

        Room goes without spacing in Qt's layout, so each row brings the gap to its neighbour along.
        """
        while (item := self._layout.takeAt(0)) is not None:
            # Else it stays as the item that a widget tells about its new height: the layout would not hear.
            Shiboken.delete(item)
        for kind in self._stretches():
            if isinstance(kind, int):
                self._layout.addSpacing(kind)
            else:
                self._layout.addWidget(kind)
        self._layout.addStretch()

    def _stretches(self) -> Iterator[int | TurnWidget]:
        room_px = 0
        for row, height_px in zip(self._rows, self._room_px, strict=True):
            if row.widget is None:
                room_px += height_px + TURN_GAP_PX
                continue
            if room_px:
                yield room_px
                room_px = 0
            yield row.widget
        if room_px:
            yield room_px

    def _drop(self, row: Row) -> None:
        if row.widget is not None:
            self._layout.removeWidget(row.widget)
            row.widget.hide()
            row.widget.deleteLater()
            row.widget = None

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In another width what is not built has another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._guess_room()
