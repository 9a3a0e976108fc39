"""The transcript: the conversation as one reading column that follows the reply while it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QWidget

from app.history.records import Turn, TurnState
from models.engine.protocol import PauseReason
from models.errors import AppError
from models.reasoning import PieceKind
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, Theme
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.markdown import MarkdownReader
from ui.transcript.places import line_in_sight
from ui.transcript.rows import Row, TurnRows
from ui.transcript.turn import TurnWidget
from ui.widgets.quiet_scroll_bar import QuietScrollBar
from ui.widgets.text_button import TextButton

FLUSH_MS = 40
FLUSH_SHARE = 4
"""A paint that took long is followed by a pause this many times as long, so that the window stays free."""
TICK_MS = 250
FILL_S = 0.025
"""How long the window may be held up to build what came in sight; the rest of it is there a moment later."""
NEAR_VIEWS = 1
"""Turns so many heights of the view above and below are built before they are needed."""
FAR_VIEWS = 4
"""Turns so many heights away are taken off the page again."""
AT_BOTTOM_PX = 8
SIDE_PX = 12
TURN_TOP_PX = 28
"""How far from the top a turn stands that was searched for."""
PLACE_BOTTOM_PX = 72
"""A place nearer to the bottom than this is not yet in sight."""

_SPOKEN_ENDS = {
    TurnState.FINISHED: "Answer ready",
    TurnState.LENGTH: "Answer ended, its room was used up",
    TurnState.STOPPED: "Stopped",
    TurnState.FAILED: "The reply failed",
}


class TranscriptView(QScrollArea):
    """All turns of one conversation, the last at the bottom; at most one of them is live.

    Signals:
        restart_requested: the user pressed Restart on a turn whose engine died.
        ask_again_requested: turn's question (str). Asked to send the same question again.
        edit_requested: turn's question (str). Asked to change it and ask again.
        link_requested: str, the normalised address of a clicked link.
        save_thought_requested: turn id, thought text. The user asked to save this one thought.
        answer_now_requested, pause_requested: the running thought is to close, or to wait.
        go_on_requested: str, a hint or nothing. The thought that waits is to go on.
        try_again_requested: the running question is to be asked again, with other chances.
        outline_requested: turn id. The user wants the outline of its thought.
    """

    restart_requested = Signal()
    ask_again_requested = Signal(str)
    edit_requested = Signal(str)
    link_requested = Signal(str)
    save_thought_requested = Signal(int, str)
    answer_now_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal(str)
    try_again_requested = Signal()
    outline_requested = Signal(int)

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
        self._live: TurnWidget | None = None
        self._waiting: list[tuple[PieceKind, list[str], int]] = []
        self._following = True
        self._placing = False
        self._read_row: Row | None = None
        self._read_row_y = 0
        self._read_share = 0.0
        self._keeps_share = False
        self._hint_draft = (0, "")
        self._flush_timer = self._timer(FLUSH_MS, self._flush, once=True)
        self._tick_timer = self._timer(TICK_MS, self._tick)
        self._near_timer = self._timer(0, self._build_near, once=True)
        self._build()

    def _timer(self, interval_ms: int, slot: Callable[[], None], *, once: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(once)
        timer.timeout.connect(slot)
        return timer

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
        self._page = page = QWidget()
        page.setObjectName("page")
        self._column = TurnRows(self._make_kept, page)
        row = QHBoxLayout(page)
        row.setContentsMargins(SIDE_PX, 0, 0, 0)  # on the right the scroll bar is as wide
        row.addStretch(1)
        row.addWidget(self._column, 10_000)
        row.addStretch(1)
        self.setWidget(page)
        self._more = TextButton("↓ More below", self, kind="pill")
        self._more.hide()
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
        return self._following

    def set_theme(self, theme: Theme) -> None:
        """Show the same in another theme."""
        self._theme = replace(theme, zoom_percent=self._theme.zoom_percent)
        for turn in self._column.built():
            turn.set_theme(self._theme)

    def set_zoom(self, zoom_percent: int) -> None:
        """Show the text larger or smaller; the line that is read stays where it is."""
        if zoom_percent == self._theme.zoom_percent:
            return
        row = self._column.row_at(self.verticalScrollBar().value())
        line = line_in_sight(row.widget, self.viewport()) if row and row.widget else None
        self._theme = replace(self._theme, zoom_percent=zoom_percent)
        self._column.set_zoom(zoom_percent)
        self.set_theme(self._theme)
        self._column.fit_heights()
        self._settle()
        if line is not None and row is not None and not self._following:
            self._read_at(row, line.top_of_turn(row.widget))
        self._fill()

    def set_thoughts_open(self, thoughts_open: bool) -> None:
        """Whether thoughts of the turns to come stand open while they are thought."""
        self._thoughts_open = thoughts_open

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """Show these turns in place of everything, from the history: without thoughts.

        Those in sight are there at once, their neighbours a little later, the others when they come near.
        """
        self.clear()
        self._column.show_turns(turns)
        self._fill()

    def begin_turn(self, turn: Turn, *, budget_tokens: int = 0, thought_s: float = 0.0) -> None:
        """Show the question at the bottom; the reply is on its way. `budget_tokens` 0: none.

        `thought_s`: how long it has thought already, of a turn that comes back.
        """
        self._drop_live()
        for older in self._column.built():
            older.retire_restart()
        self._live = self._make(turn, budget_tokens, thought_s)
        self._column.add(self._live)
        self._tick_timer.start()
        self._go_to_end()

    def set_prompt_progress(self, turn_id: int, processed_tokens: int, total_tokens: int) -> None:
        """The engine has read so much of the prompt."""
        if self._live is not None and self._live.turn.id == turn_id:
            self._live.thinking.set_prompt_progress(processed_tokens, total_tokens)

    def append(self, turn_id: int, kind: PieceKind, text: str, tokens: int) -> None:
        """A few more characters of the reply. Painted a little later, together with others.

        Pieces for any other turn than the live one are dropped.
        """
        if self._live is None or self._live.turn.id != turn_id:
            return
        if self._waiting and self._waiting[-1][0] is kind and kind is not PieceKind.RECLASSIFIED:
            _, texts, count = self._waiting[-1]
            texts.append(text)
            self._waiting[-1] = (kind, texts, count + tokens)
        else:
            self._waiting.append((kind, [text], tokens))
        if not self._flush_timer.isActive():
            self._flush()

    def pause_turn(self, turn_id: int, reason: PauseReason, finding: str) -> None:
        """The thought of the live turn waits for a word. A hint that was begun before stands there again."""
        if self._live is None or self._live.turn.id != turn_id:
            return
        self._flush()
        block = self._live.thinking
        block.pause(reason, finding)
        if self._hint_draft[0] == turn_id:
            block.hint.edit.setText(self._hint_draft[1])
        self._hint_draft = (0, "")
        if QAccessible.isActive():
            said = "The thinking goes in circles" if reason is PauseReason.LOOP else "Paused"
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    def end_turn(self, turn: Turn, error: AppError | None) -> None:
        """Nothing more comes for this turn. `error` stands where it failed."""
        if self._live is None or self._live.turn.id != turn.id:
            return
        self._flush()
        self._live.end(turn, error)
        row = self._column.row_of(turn.id)
        if row is not None:
            row.turn = turn
        self._drop_live()
        if QAccessible.isActive() and turn.state in _SPOKEN_ENDS:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, _SPOKEN_ENDS[turn.state]))

    def request_answer_now(self) -> bool:
        """Ask for the answer now, as its button does. False where no thought runs."""
        return self._live is not None and self._live.thinking.request_answer()

    def scroll_to_turn(self, turn_id: int) -> None:
        """Put this turn at the top until the user scrolls; one that is not in this chat changes nothing."""
        row = self._column.row_of(turn_id)
        if row is not None:
            self._read_at(row, TURN_TOP_PX)
            self._fill()

    def scroll_to_place(self, turn_id: int, part: QWidget, y_px: Callable[[], int]) -> None:
        """Bring a place of a turn into sight, and stay there until the user scrolls.

        `y_px` says how far below the top of `part`, a widget in that turn, it is once all is laid out.
        What is in sight already stays where it is.
        """
        row = self._column.row_of(turn_id)
        if row is None or row.widget is None:
            return
        self._settle()
        y_in_turn = part.mapTo(row.widget, QPoint(0, y_px())).y()
        y_in_view = self._column.top_of(row) + y_in_turn - self.verticalScrollBar().value()
        if not TURN_TOP_PX <= y_in_view <= self.viewport().height() - PLACE_BOTTOM_PX:
            y_in_view = self.viewport().height() // 4
        self._read_at(row, y_in_view - y_in_turn)
        self._fill()

    def turn_in_sight(self) -> int:
        """The id of the first turn that is to be seen, 0 where there is none."""
        row = self._column.row_at(self.verticalScrollBar().value())
        return row.turn.id if row else 0

    def clear(self) -> None:
        """Show nothing. The thoughts go with their turns; a hint that was not given stays, in memory."""
        if self._live is not None:
            self._hint_draft = (self._live.turn.id, self._live.thinking.hint.edit.text())
        self._drop_live()
        self._near_timer.stop()
        self._column.clear()
        self._read_row = None
        self._following = True
        self._more.hide()

    def _drop_live(self) -> None:
        self._flush_timer.stop()
        self._tick_timer.stop()
        self._waiting.clear()
        self._live = None

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
        )
        widget.text_moved.connect(partial(self._follow_text, turn.id))
        widget.restart_requested.connect(self.restart_requested)
        widget.ask_again_requested.connect(self.ask_again_requested)
        widget.edit_requested.connect(self.edit_requested)
        widget.link_requested.connect(self.link_requested)
        widget.save_thought_requested.connect(self.save_thought_requested)
        widget.folded_by_user.connect(self._hold_place)
        widget.answer_now_requested.connect(self.answer_now_requested)
        widget.pause_requested.connect(self.pause_requested)
        widget.go_on_requested.connect(self.go_on_requested)
        widget.try_again_requested.connect(self.try_again_requested)
        widget.outline_requested.connect(self.outline_requested)
        return widget

    def _make_kept(self, turn: Turn) -> TurnWidget:
        widget = self._make(turn)
        widget.show_kept()
        return widget

    def _fill(self) -> None:
        """Build what is in sight, so that no frame shows a hole; its neighbours follow."""
        if not self.isVisible():
            return
        until = time.monotonic() + FILL_S
        self._settle()
        while self._build_one(0) and time.monotonic() < until:
            pass
        self._near_timer.start()

    def _build_one(self, views: int) -> bool:
        """Build the next turn in sight or so many heights of the view around it; False: all are there.

        The one that keeps its place comes first, so that what is in sight stays so.
        """
        missing = [row for row in self._around(views) if row.widget is None]
        if not missing:
            return False
        if self._read_row in missing and not self._following:
            self._column.build(self._read_row)
        else:
            self._column.build(missing[-1] if self._following else missing[0])
        self._settle()
        return True

    def _around(self, views: int) -> list[Row]:
        """The rows in sight and so many heights of the view around it."""
        top, height = self.verticalScrollBar().value(), self.viewport().height()
        return self._column.between(top - views * height, top + (views + 1) * height)

    def _settle(self) -> None:
        """Lay the page out now, not at the next round of the event loop, and keep the place."""
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self._keep_place(0, self.verticalScrollBar().maximum())

    def _read_at(self, row: Row, y_px: int) -> None:
        """The top of this turn stands so far below the top of the view, until the user scrolls."""
        self._following = False
        self._read_row, self._read_row_y, self._keeps_share = row, y_px, False
        self._settle()

    def _release_far(self) -> None:
        """Take turns off the page that are far away and hold nothing that the history does not."""
        near = set(map(id, self._around(FAR_VIEWS)))
        far = [row for row in self._column.rows if row.widget is not None and id(row) not in near]
        far = [row for row in far if not row.stays and row.widget is not None and not row.widget.is_in_use()]
        if far:
            self._column.release(far)
            self._settle()

    def _place_more(self) -> None:
        self._more.adjustSize()
        x = (self.viewport().width() - self._more.width()) // 2
        self._more.move(x, self.viewport().height() - self._more.height() - 12)

    # Slots

    @Slot()
    def _flush(self) -> None:
        """Paint what has come; the next paint waits."""
        if self._live is None or not self._waiting:
            return
        began = time.perf_counter()
        waiting, self._waiting = self._waiting, []
        for kind, texts, tokens in waiting:
            self._live.append(kind, "".join(texts), tokens, fold=self._following)
        took_ms = (time.perf_counter() - began) * 1000
        self._flush_timer.start(max(FLUSH_MS, int(took_ms * FLUSH_SHARE)))

    @Slot()
    def _tick(self) -> None:
        if self._live is not None:
            self._live.thinking.tick()

    @Slot()
    def _build_near(self) -> None:
        """Build one turn near the view; when all are there, let go of those far away."""
        if self._build_one(0) or self._build_one(NEAR_VIEWS):
            self._near_timer.start()
        else:
            if self._keeps_share and not self._following:
                self._remember_place()
            self._release_far()
            self._column.put_tab_order_right()

    @Slot()
    def _go_to_end(self) -> None:
        self._following = True
        self._more.hide()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    @Slot(int, int)
    def _keep_place(self, _minimum: int, maximum: int) -> None:
        """The page grew or shrank: stay at the bottom, or where the user reads."""
        self._placing = True
        if self._following:
            self.verticalScrollBar().setValue(maximum)
        elif self._read_row is not None:
            y = self._read_row_y
            if self._keeps_share and y < 0:
                y = -round(self._read_share * self._column.height_of(self._read_row))
            self.verticalScrollBar().setValue(self._column.top_of(self._read_row) - y)
        self._placing = False
        if not self._following and self._live is not None:
            self._place_more()
            self._more.show()
            self._more.raise_()

    @Slot()
    def _hold_place(self) -> None:
        """The user opens or folds a thought: what was pressed stays under the mouse."""
        if self._live is None:
            self._following = False
            self._remember_place()

    @Slot(int)
    def _note_place(self, value: int) -> None:
        """The user scrolled, or the keyboard went to something out of sight."""
        if self._placing:
            return
        self._following = value >= self.verticalScrollBar().maximum() - AT_BOTTOM_PX
        if self._following:
            self._more.hide()
        else:
            self._remember_place()
        self._fill()

    def _remember_place(self) -> None:
        """Remember the first turn in sight and where it stands: what is above it may become higher.

        Where it gets another height itself, by another width or because it was only room, the share of
        it that is above the view is kept.
        """
        value = self.verticalScrollBar().value()
        row = self._read_row = self._column.row_at(value)
        if row is not None:
            self._read_row_y = self._column.top_of(row) - value
            self._read_share = -self._read_row_y / max(self._column.height_of(row), 1)
            self._keeps_share = row.widget is None

    def _follow_text(self, turn_id: int, by_px: int) -> None:
        """What the user reads in this turn moved down: formulas above it were drawn."""
        if not self._following and self._read_row is not None and self._read_row.turn.id == turn_id:
            self._read_row_y -= by_px

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at the bottom."""
        super().resizeEvent(event)
        self._place_more()
        self._keeps_share |= event.size().width() != event.oldSize().width()
        self._near_timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Build what is in sight now."""
        super().showEvent(event)
        self._fill()

    def sizeHint(self) -> QSize:
        """Room for the whole column."""
        return QSize(COLUMN_WIDTH_PX + 2 * GUTTER_PX + 2 * SIDE_PX, 480)
