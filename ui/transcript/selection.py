"""Selects over several messages: those that are built show it, the others are copied from the records.

A selection is two spots, where it began and where it ends. What lies between is selected, whether or not
it is on the page; a turn that is built later shows it then. Within one text Qt selects as ever. Thoughts
are part of a selection only where it began in a thought.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QScrollArea

from app.history.records import TurnState
from ui.transcript import selected_text
from ui.transcript.answer import AnswerView
from ui.transcript.clipboard import has_selection, put_in_selection, put_on_clipboard
from ui.transcript.found_text import stand_apart
from ui.transcript.rows import Row, TurnRows
from ui.transcript.selected_text import Cut, Piece
from ui.transcript.thought import ThoughtText
from ui.transcript.turn import TurnWidget
from ui.widgets.safe_browser import SafeBrowser

COPY_AT_ONCE_CHARS = 20_000
"""More is put together elsewhere: as text, a megabyte takes seconds."""
EDGE_PX = 12
"""So near to the edge of the view the page begins to scroll."""
SCROLL_MS = 30
_END = 2**31 - 1
_QUESTION, _THOUGHT, _ANSWER = 0, 1, 1_000_000
"""The number of a text in its turn; thoughts and answers that are long go on with higher ones."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the chat: the turn, which text of it, which character."""

    turn_id: int
    text: int
    position: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From one text to another; each is the number of its turn and its own. `end` None: of the last text."""

    first: tuple[int, int]
    start: int
    last: tuple[int, int]
    end: int | None
    is_backward: bool


class MessageSelection(QObject):
    """What is selected in the transcript; each text tells it of the mouse.

    Signals:
        long_copy_requested: a function that gives a long text for the clipboard, and takes its time; whether
            a thought is part of it.
    """

    long_copy_requested = Signal(object, bool)

    def __init__(self, area: QScrollArea, column: TurnRows) -> None:
        super().__init__(area)
        self._area = area
        self._column = column
        self._origin: Spot | None = None
        self._head: Spot | None = None
        self._is_all = False
        self._with_thoughts = False
        self._pressed: SafeBrowser | None = None
        self._pointer = QPoint()
        self._scroll_timer = QTimer(self)
        self._scroll_timer.setInterval(SCROLL_MS)
        self._scroll_timer.timeout.connect(self._scroll_on)
        column.row_built.connect(self._show_in_row)

    # Public methods

    @property
    def is_there(self) -> bool:
        """Whether anything is selected."""
        return self._head is not None or self._selected_alone() is not None

    def holds(self, row: Row) -> bool:
        """Whether this row must stay built: the mouse was pressed there, or the selection cuts it."""
        ends = [self._origin, self._head] if self._head and not self._is_all else []
        ends += [self._origin] if self._pressed is not None else []
        return any(end is not None and end.turn_id == row.turn.id for end in ends)

    def select_all(self) -> None:
        """Select the whole chat, without the thoughts."""
        self.clear()
        rows = self._column.rows
        if rows:
            self._is_all, self._with_thoughts = True, False
            self._origin = Spot(rows[0].turn.id, _QUESTION, 0)
            self._head = Spot(rows[-1].turn.id, _END, _END)
            self._show()

    def clear(self) -> None:
        """Select nothing."""
        self._scroll_timer.stop()
        self._origin = self._head = self._pressed = None
        self._is_all = False
        for turn in self._column.built():
            for _, text in _texts(turn):
                text.clear_selection()

    def copy(self, *, as_markdown: bool = False) -> None:
        """Put what is selected on the clipboard, if it says anything."""
        pieces = self.pieces()
        if not pieces:
            return
        made = partial(selected_text.as_markdown if as_markdown else selected_text.as_text, pieces)
        is_of_thought = selected_text.hold_thought(pieces)
        if selected_text.length(pieces) <= COPY_AT_ONCE_CHARS:
            if text := made():
                put_on_clipboard(text, is_concealed=is_of_thought)
        else:
            self.long_copy_requested.emit(made, is_of_thought)

    def pieces(self) -> Sequence[Piece]:
        """What is selected, in the order of the chat."""
        stretch = self._stretch()
        if stretch is not None:
            return list(self._pieces_of(stretch))
        alone = self._selected_alone()
        return [] if alone is None else [_cut(alone, None)]

    # What the texts say

    def press(self, text: SafeBrowser, event: QMouseEvent) -> bool:
        """Begin to select here; with Shift, go on to here."""
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        self._pointer = event.globalPosition().toPoint()
        here = self._spot_of(text)
        if here is None:
            return False
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and self._origin is not None
        if extends and (self._head is not None or not _same_text(here, self._origin)):
            self._pressed = text
            self._drag()
            return True
        if not extends:
            self.clear()
            self._origin, self._with_thoughts = here, isinstance(text, ThoughtText)
        self._pressed = text
        return False

    def move(self, text: SafeBrowser, event: QMouseEvent) -> bool:
        """Select on, as far as the mouse is."""
        if text is not self._pressed or not event.buttons() & Qt.MouseButton.LeftButton:
            return False
        self._pointer = event.globalPosition().toPoint()
        is_mine = self._drag()
        if self._edge_step() and (is_mine or text.textCursor().hasSelection()):
            if not self._scroll_timer.isActive():
                self._scroll_timer.start()
        else:
            self._scroll_timer.stop()
        return is_mine

    def release(self, _text: SafeBrowser) -> None:
        """Nothing more follows the mouse."""
        self._scroll_timer.stop()
        self._pressed = None
        if self._head is not None and has_selection():
            pieces = self.pieces()
            is_short = selected_text.length(pieces) <= COPY_AT_ONCE_CHARS
            if is_short and not selected_text.hold_thought(pieces):
                put_in_selection(selected_text.as_text(pieces))

    def join(self, text: SafeBrowser) -> None:
        """Another text of a turn stands there: where the selection goes over it, it is part of it."""
        if self._head is not None:
            for number, row in enumerate(self._column.rows):
                if row.widget is not None and any(known is text for _, known in _texts(row.widget)):
                    self._show_in_turn(number, row.widget, self._stretch())

    # Dragging

    def _drag(self) -> bool:
        """Have the selection end under the mouse. False: it ends in the text where it began."""
        spot = self._spot_at(self._pointer)
        origin, pressed = self._origin, self._pressed
        if spot is None or origin is None or pressed is None:
            return False
        begun = self._text_of(origin)
        if begun is pressed and _same_text(spot, origin):
            if self._head is not None:
                self._head = None
                self._show()
                pressed.uncover()
            return False
        if self._head is None and begun is not None:
            self._origin = replace(origin, position=begun.textCursor().anchor())
        self._head, self._is_all = spot, False
        self._show()
        return True

    def _edge_step(self) -> int:
        """So many pixels the page scrolls now, because the mouse is at its edge."""
        y, height = self._area.viewport().mapFromGlobal(self._pointer).y(), self._area.viewport().height()
        if y < EDGE_PX:
            return (y - EDGE_PX) // 2
        return max((y - height + EDGE_PX) // 2, 0)

    @Slot()
    def _scroll_on(self) -> None:
        bar, pressed = self._area.verticalScrollBar(), self._pressed
        if pressed is None:
            self._scroll_timer.stop()
            return
        bar.setValue(bar.value() + self._edge_step())
        pressed.drag_to(self._pointer)

    # Showing

    def _show(self) -> None:
        stretch = self._stretch()
        for number, row in enumerate(self._column.rows):
            if row.widget is not None:
                self._show_in_turn(number, row.widget, stretch)

    @Slot(object)
    def _show_in_row(self, row: Row) -> None:
        """A turn is on the page now."""
        if self._head is not None and row.widget is not None:
            self._show_in_turn(self._column.number_of(row), row.widget, self._stretch())

    def _show_in_turn(self, row_number: int, turn: TurnWidget, stretch: _Stretch | None) -> None:
        for number, text in _texts(turn):
            here = row_number, number
            if stretch is None:
                if text is not self._pressed:
                    text.clear_selection()
            elif not stretch.first <= here <= stretch.last or self._leaves_out(number):
                text.clear_selection()
            else:
                start = stretch.start if here == stretch.first else 0
                end = stretch.end if here == stretch.last else None
                if stretch.is_backward and here == stretch.last:
                    text.cover(_END if end is None else end, start)
                else:
                    text.cover(start, end)

    # The chat in its order

    def _stretch(self) -> _Stretch | None:
        """What is selected over several texts, from its first to its last; None where nothing is."""
        if self._origin is None or self._head is None:
            return None
        spots = (self._origin, self._head)
        keys = [(self._row_number(spot), spot.text, spot.position) for spot in spots]
        (row, text, start), (last_row, last_text, end) = sorted(keys)
        return _Stretch(
            (row, text), start, (last_row, last_text), None if end == _END else end, keys[1] < keys[0]
        )

    def _leaves_out(self, number: int) -> bool:
        """Whether a text of this number is of a thought, and thoughts are no part of the selection."""
        return _THOUGHT <= number < _ANSWER and not self._with_thoughts

    def _row_number(self, spot: Spot) -> int:
        row = self._column.row_of(spot.turn_id)
        return -1 if row is None else self._column.number_of(row)

    def _pieces_of(self, stretch: _Stretch) -> Iterator[Piece]:
        rows = self._column.rows
        first, last = stretch.first[0], stretch.last[0]
        for row_number in range(max(first, 0), last + 1):
            row = rows[row_number]
            is_whole = self._is_all or first < row_number < last
            running = row.turn.state is TurnState.RUNNING
            if row.widget is None or (is_whole and not running and not self._with_thoughts):
                yield row.turn
                continue
            above: SafeBrowser | None = None
            for _, text in _texts(row.widget):
                if text.is_covered and text.textCursor().hasSelection():
                    yield _cut(text, above)
                above = text

    # Places

    def _spot_at(self, pointer: QPoint) -> Spot | None:
        """The spot under the mouse, or the nearest one."""
        y = self._column.mapFromGlobal(pointer).y()
        row = self._column.row_at(y)
        if row is None:
            return None
        if row.widget is None:
            return Spot(row.turn.id, _QUESTION, 0)
        found: Spot | None = None
        for number, text in _texts(row.widget):
            top = text.mapToGlobal(QPoint(0, 0)).y()
            if not text.isVisible() or self._leaves_out(number):
                continue
            if found is not None and pointer.y() < top:
                break
            position = text.position_at(pointer) if pointer.y() >= top else 0
            if pointer.y() >= top + text.height():
                position = text.end()
            found = Spot(row.turn.id, number, position)
        return found

    def _spot_of(self, text: SafeBrowser) -> Spot | None:
        for turn in self._column.built():
            for number, known in _texts(turn):
                if known is text:
                    return Spot(turn.turn.id, number, text.textCursor().anchor())
        return None

    def _text_of(self, spot: Spot) -> SafeBrowser | None:
        row = self._column.row_of(spot.turn_id)
        texts = dict(_texts(row.widget)) if row and row.widget else {}
        return texts.get(spot.text)

    def _selected_alone(self) -> SafeBrowser | None:
        """The text in which Qt itself selected something."""
        for turn in self._column.built():
            for _, text in _texts(turn):
                if text.textCursor().hasSelection():
                    return text
        return None


def _texts(turn: TurnWidget) -> list[tuple[int, SafeBrowser]]:
    """The texts of a turn with their numbers, in the order of the page."""
    thoughts = enumerate(turn.thinking.text_views(), _THOUGHT)
    return [(_QUESTION, turn.question), *thoughts, *enumerate(turn.answer_views, _ANSWER)]


def _same_text(one: Spot, other: Spot | None) -> bool:
    return other is not None and (one.turn_id, one.text) == (other.turn_id, other.text)


def _cut(text: SafeBrowser, above: SafeBrowser | None) -> Cut:
    """What is selected of a text; `above` is the one of its turn that stands over it."""
    goes_on = text.textCursor().selectionStart() == 0 and _goes_on(text, above)
    is_of_thought = isinstance(text, ThoughtText)
    return Cut(text.selected_text(), text.selected_markdown(), is_of_thought=is_of_thought, goes_on=goes_on)


def _goes_on(text: SafeBrowser, above: SafeBrowser | None) -> bool:
    """Whether no empty line stands between them."""
    if isinstance(text, ThoughtText):
        return text.goes_on
    if not isinstance(text, AnswerView) or not isinstance(above, AnswerView):
        return False
    return bool(above.items and text.items) and not stand_apart(above.items[-1], text.items[0])
