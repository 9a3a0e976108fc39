"""The transcript: the conversation as one reading column that follows the reply while it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QScrollArea,
    QWidget,
)

from app.chat.engine_state import EngineState
from app.history.records import Turn
from models.engine.protocol import PauseReason
from models.errors import AppError
from models.reasoning import PieceKind
from ui import theme as look
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, Theme
from ui.transcript.code_wraps import CodeWraps
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.live_reply import LiveReply
from ui.transcript.markdown import MarkdownReader
from ui.transcript.message_menu import message_menu
from ui.transcript.more_below import MoreBelow
from ui.transcript.near_turns import NearTurns
from ui.transcript.orders import TurnOrders
from ui.transcript.page import SIDE_PX, Page
from ui.transcript.path_change import PathChange
from ui.transcript.reading_place import AT_BOTTOM_PX, ReadingPlace
from ui.transcript.restyling import restyling
from ui.transcript.rows import Row, TurnRows
from ui.transcript.scroll_keys import scroll_by_key
from ui.transcript.selection import MessageSelection
from ui.transcript.slices import Slices
from ui.transcript.turn import TurnWidget
from ui.widgets.quiet_scroll_bar import QuietScrollBar
from ui.widgets.safe_browser import SafeBrowser

TURN_TOP_PX = 28
"""How far from the top a turn stands that was searched for."""
PLACE_BOTTOM_PX = 72
"""A place nearer to the bottom than this is not yet in sight."""


class TranscriptView(QScrollArea):
    """All turns of one conversation, the last at the bottom; at most one of them is live.

    Signals:
        restart_requested: the user pressed Restart on a turn whose engine died.
        link_requested: str, the normalised address of a clicked link.
        save_thought_requested: turn id, thought text. The user asked to save this one thought.
        answer_now_requested, pause_requested: the running thought is to close, or to wait.
        go_on_requested: str, a hint or nothing. The thought that waits is to go on.
        try_again_requested: the running question is to be asked again, with other chances.
        outline_requested: turn id. The user wants the outline of its thought.
        undo_requested: what was deleted last is to come back.
        formulas_made: some may stand now where their source stood.
    """

    restart_requested = Signal()
    link_requested = Signal(str)
    save_thought_requested = Signal(int, str)
    answer_now_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal(str)
    try_again_requested = Signal()
    outline_requested = Signal(int)
    undo_requested = Signal()
    formulas_made = Signal()

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        thoughts_open: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds that only grow."""
        super().__init__(parent)
        self._theme = theme
        self._clock = clock
        self._thoughts_open = thoughts_open
        self._reader = MarkdownReader()
        self._formulas = FormulaMaker(self)
        self._formulas.made.connect(self.formulas_made)
        self._wraps = CodeWraps()
        self._versions: Mapping[int, Sequence[int]] = {}
        self._busy_reason = ""
        self.orders = TurnOrders(self)
        self._build()

    def _build(self) -> None:
        self.setProperty("kind", "page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there: a bar that comes and goes changes the width, and with it the height.
        self.setVerticalScrollBar(QuietScrollBar(Qt.Orientation.Vertical, self))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAccessibleName("Conversation")
        self.verticalScrollBar().setSingleStep(24)
        # What it would show through has the colour of the page: nothing else need be painted under it.
        around_bar = self.verticalScrollBar().parentWidget()
        if around_bar is not None:
            around_bar.setAutoFillBackground(True)
        self._column = TurnRows(self._make_kept, self)
        self._place = ReadingPlace(self.verticalScrollBar(), self._column)
        self.selection = MessageSelection(self, self._column)
        self._near = NearTurns(self, self._column, self._place, self._stays_built)
        self._reply = LiveReply(self._place, self, self._near.settle)
        self._near.settled.connect(self._keep_place)
        self._restyling = Slices(self, at_once_chars=0, slice_chars=1)  # one step at a time
        self._restyling.went_on.connect(self._near.settle)
        self._page = Page(self._column)
        self._page.placed.connect(self._keep_place)
        self.setWidget(self._page)
        self._more = MoreBelow(self)
        self._more.clicked.connect(self._go_to_end)
        self.verticalScrollBar().rangeChanged.connect(self._keep_place)
        self.verticalScrollBar().valueChanged.connect(self._note_place)

    def turns(self) -> list[Turn]:
        """All turns of the conversation, oldest first."""
        return [row.turn for row in self._column.rows]

    def built_turns(self) -> list[TurnWidget]:
        """The turns near the view, oldest first; the others are only room on the page."""
        return self._column.built()

    def turn_widget(self, turn_id: int) -> TurnWidget | None:
        """The widget of a turn, built now if it was not; None where there is no such turn."""
        row = self._column.row_of(turn_id)
        return None if row is None else self._column.build(row)

    def turn_widgets(self) -> Sequence[TurnWidget]:
        """The widgets of all turns, oldest first. Builds them all, which takes long in a long chat."""
        return [self._column.build(row) for row in self._column.rows]

    @property
    def following(self) -> bool:
        """Whether the view stays at the bottom while the reply grows."""
        return self._place.following

    def set_theme(self, theme: Theme) -> None:
        """Show the same in another theme: what is in sight at once, the other texts a little later."""
        self._theme = theme._replace(zoom_percent=self._theme.zoom_percent)
        for turn in self._column.built():
            turn.set_theme(self._theme)
        self._restyling.run(restyling(self._column.findChildren(SafeBrowser), self._theme))

    def set_zoom(self, zoom_percent: int) -> None:
        """Show the text larger or smaller; the line that is read stays where it is."""
        if zoom_percent == self._theme.zoom_percent:
            return
        self._place.keep_line(self.viewport())
        self._note_sight(self.viewport().height())
        self._theme = self._theme._replace(zoom_percent=zoom_percent)
        self._column.setStyleSheet(look.message_sheet_of(self._theme))
        self._column.set_zoom(zoom_percent)
        self.set_theme(self._theme)
        self._column.fit_heights()
        self._near.fill()

    def set_thoughts_open(self, thoughts_open: bool) -> None:
        """Whether thoughts of the turns to come stand open while they are thought."""
        self._thoughts_open = thoughts_open

    @Slot()
    def copy_selection(self) -> None:
        """Put what is selected on the clipboard, as text."""
        self.selection.copy()

    @Slot()
    def copy_selection_as_markdown(self) -> None:
        """The same as Markdown."""
        self.selection.copy(as_markdown=True)

    def tab_stops(self) -> list[QWidget]:
        """Where Tab stops, down the page, itself first."""
        return [self, *self._column.tab_stops(), self._more]

    def show_part(self, part: QWidget) -> None:
        """Scroll as little as brings a part of a message into sight; what is in sight stays where it is."""
        in_sight = part.visibleRegion().boundingRect()
        if in_sight.isEmpty() or (in_sight != part.rect() and part.height() <= self.viewport().height()):
            self.ensureWidgetVisible(part)

    def has_keys(self) -> bool:
        """Whether the keyboard is in here."""
        focused = QApplication.focusWidget()
        return focused is not None and (focused is self or self.isAncestorOf(focused))

    def expect_versions(self, versions: Mapping[int, Sequence[int]]) -> None:
        """The versions of the turn to come; see `show_turns`."""
        self._versions = versions

    def set_busy(self, reason: str) -> None:
        """Why no message can be changed or asked again now; "" where it can."""
        if reason != self._busy_reason:
            self._busy_reason = reason
            for turn in self._column.built():
                turn.set_busy(reason)

    def show_turns(
        self,
        turns: Sequence[Turn],
        *,
        thoughts: Mapping[int, str] | None = None,
        versions: Mapping[int, Sequence[int]] | None = None,
        is_same_chat: bool = False,
    ) -> None:
        """Show these turns in place of everything, from the history.

        Those in sight are there at once, their neighbours a little later, the others when they come near.
        `thoughts`: those still in memory, by turn id. `versions`: the ids of all versions of a turn that has
        some. `is_same_chat`: what is shown already stays as it is, and the reader where they are.
        """
        self._versions = versions or {}
        if not is_same_chat:
            self.clear()
        self._reply.drop()
        self._more.hide()
        self.selection.clear()
        change = PathChange(self._column, self._place, turns)
        self._column.show_turns(turns)
        for row in self._column.rows:
            thought = (thoughts or {}).get(row.turn.id)
            if thought and row.widget is None:
                self._column.build(row).show_thought(thought)
                row.stays = True
            elif row.widget is not None:
                row.widget.show_versions(self._versions.get(row.turn.id, ()))
        change.restore()
        self._near.fill()
        change.restore_focus(self.turn_widget)

    def begin_turn(
        self, turn: Turn, thought: str = "", *, budget_tokens: int = 0, thought_s: float = 0.0
    ) -> None:
        """Show the question at the bottom; the reply is on its way. `budget_tokens` 0: none.

        `thought_s`: how long it has thought already, of a turn that comes back. Where `turn` has an answer,
        that goes on, from `thought`; what stands on the page of both stays.
        """
        self._reply.drop()
        for older in self._column.built():
            older.retire_note()
        row = self._column.row_of(turn.id)
        if row is None:
            row = self._column.add(self._make(turn, budget_tokens, thought_s))
        widget = self._column.build(row)
        if turn.answer:
            row.turn, row.stays = turn, True
            widget.go_on(turn, thought)
        self._reply.begin(widget)
        self._go_to_end()

    def set_prompt_progress(self, turn_id: int, processed_tokens: int, total_tokens: int) -> None:
        """The engine has read so much of the prompt."""
        turn = self._reply.live(turn_id)
        if turn is not None:
            turn.thinking.set_prompt_progress(processed_tokens, total_tokens)

    def append(self, turn_id: int, kind: PieceKind, text: str, tokens: int) -> None:
        """A few more characters of the reply. Painted a little later, together with others."""
        self._reply.append(turn_id, kind, text, tokens)

    def flush(self) -> None:
        """Paint what has come now."""
        self._reply.flush()

    def pause_turn(self, turn_id: int, reason: PauseReason, finding: str) -> None:
        """The thought of the live turn waits for a word."""
        self._reply.pause(turn_id, reason, finding)

    def end_turn(self, turn: Turn, error: AppError | None) -> None:
        """Nothing more comes for this turn. `error` stands where it failed."""
        row = self._column.row_of(turn.id)
        if self._reply.end(turn, error) and row is not None:
            row.turn = turn

    def request_answer_now(self) -> bool:
        """Ask for the answer now, as its button does. False where no thought runs."""
        return self._reply.turn is not None and self._reply.turn.thinking.request_answer()

    def follow_engine(self, state: EngineState) -> bool:
        """What can be done about a reply that failed with the engine; see `TurnWidget.follow_engine`."""
        had_keys = [turn.follow_engine(state) for turn in self._column.built()]
        return any(had_keys)

    def scroll_to_turn(self, turn_id: int) -> None:
        """Put this turn at the top until the user scrolls; one that is not in this chat changes nothing."""
        row = self._column.row_of(turn_id)
        if row is not None:
            self._read_at(row, TURN_TOP_PX)
            self._near.fill()

    def scroll_to_place(self, turn_id: int, part: QWidget, y_px: Callable[[], int]) -> None:
        """Bring a place of a turn into sight, and stay there until the user scrolls.

        `y_px` says how far below the top of `part`, a widget in that turn, it is once all is laid out.
        What is in sight already stays where it is.
        """
        row = self._column.row_of(turn_id)
        if row is None or row.widget is None:
            return
        self._near.settle()
        y_in_turn = part.mapTo(row.widget, QPoint(0, y_px())).y()
        y_in_view = self._column.top_of(row) + y_in_turn - self.verticalScrollBar().value()
        if not TURN_TOP_PX <= y_in_view <= self.viewport().height() - PLACE_BOTTOM_PX:
            y_in_view = self.viewport().height() // 4
        self._read_at(row, y_in_view - y_in_turn)
        self._near.fill()

    def turn_in_sight(self) -> int:
        """The id of the first turn that is to be seen, 0 where there is none."""
        row = self._column.row_at(self.verticalScrollBar().value())
        return row.turn.id if row else 0

    def clear(self) -> None:
        """Show nothing. The thoughts go with their turns; a hint that was not given stays, in memory."""
        self._reply.drop()
        self._restyling.stop()
        self.selection.clear()
        self._near.timer.stop()
        self._column.clear()
        self._place.forget()
        self._more.hide()

    def forget_all(self) -> None:
        """Show nothing, and keep nothing that was shown: neither a hint nor a formula."""
        self.clear()
        self._versions = {}
        self._reply.forget_hint()
        self._formulas.forget()

    def _make(self, turn: Turn, budget_tokens: int = 0, thought_s: float = 0.0) -> TurnWidget:
        widget = TurnWidget(
            self._theme,
            self._reader,
            turn,
            self._column,
            thoughts_open=self._thoughts_open,
            budget_tokens=budget_tokens,
            thought_s=thought_s,
            clock=self._clock,
            formulas=self._formulas,
            orders=self.orders,
            selecting=self.selection,
            wraps=self._wraps,
            is_last=self._column.is_last,
        )
        widget.setAttribute(Qt.WidgetAttribute.WA_StaticContents)  # see `Page`
        widget.show_versions(self._versions.get(turn.id, ()))
        widget.set_busy(self._busy_reason)
        widget.text_moved.connect(partial(self._place.follow_text, turn.id))
        widget.restart_requested.connect(self.restart_requested)
        widget.link_requested.connect(self.link_requested)
        widget.save_thought_requested.connect(self.save_thought_requested)
        widget.folded_by_user.connect(self._hold_place)
        widget.answer_now_requested.connect(self.answer_now_requested)
        widget.pause_requested.connect(self.pause_requested)
        widget.go_on_requested.connect(self.go_on_requested)
        widget.try_again_requested.connect(self.try_again_requested)
        widget.outline_requested.connect(self.outline_requested)
        widget.thought_grown.connect(self._near.settle)
        return widget

    def _make_kept(self, turn: Turn) -> TurnWidget:
        widget = self._make(turn)
        widget.show_kept()
        return widget

    def _read_at(self, row: Row, y_px: int) -> None:
        """The top of this turn stands so far below the top of the view, until the user scrolls."""
        self._place.read_at(row, y_px)
        self._near.settle()

    def _stays_built(self, row: Row) -> bool:
        """Whether a turn far away holds more than the history does, or something of the user's."""
        return row.stays or self.selection.holds(row) or (row.widget is not None and row.widget.is_in_use())

    def _note_sight(self, height_px: int) -> None:
        """The width is about to change: what is in sight now takes it at once."""
        top = self.verticalScrollBar().value()
        self._column.note_sight(top, top + height_px)

    # Slots

    @Slot()
    def _go_to_end(self) -> None:
        self._place.following = True
        self._more.hide()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    @Slot()
    def _keep_place(self) -> None:
        self._place.keep()
        bar = self.verticalScrollBar()
        if self._place.following or bar.value() >= bar.maximum() - AT_BOTTOM_PX:
            self._more.hide()
        elif self._reply.turn is not None:
            self._more.offer()

    @Slot()
    def _hold_place(self) -> None:
        """The user opens or folds a thought: what was pressed stays under the mouse."""
        if self._reply.turn is None:
            self._place.following = False
        if not self._place.following:
            self._place.hold()

    @Slot(int)
    def _note_place(self, value: int) -> None:
        """The user scrolled, or the keyboard went to something out of sight."""
        if self._place.is_placing:
            return
        self._place.note(value)
        if self._place.following:
            self._more.hide()
        self._near.fill()

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy, select and scroll as in any text; Escape selects nothing, Ctrl+Z undoes a deletion."""
        keys = QKeySequence.StandardKey
        if event.matches(keys.SelectAll):
            self.selection.select_all()
        elif event.matches(keys.Copy):
            self.selection.copy()
        elif event.matches(keys.Undo):
            self.undo_requested.emit()
        elif event.key() == Qt.Key.Key_Escape and self.selection.is_there:
            self.selection.clear()
        elif not scroll_by_key(self.verticalScrollBar(), event, self._go_to_end):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside all messages selects nothing."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.selection.clear()
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the message under the mouse, or the one that has the keys."""
        menu = message_menu(self, event)
        menu.popup(event.globalPos())
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at the bottom."""
        if event.size().width() != event.oldSize().width():
            self._place.keep_line(self.viewport())
        self._note_sight(max(event.oldSize().height(), event.size().height()))
        super().resizeEvent(event)
        self._more.place()
        self._near.timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Build what is in sight now."""
        super().showEvent(event)
        self._near.fill()

    def sizeHint(self) -> QSize:
        """Room for the whole column."""
        return QSize(COLUMN_WIDTH_PX + 2 * GUTTER_PX + 2 * SIDE_PX, 480)
