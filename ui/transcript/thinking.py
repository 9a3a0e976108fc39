"""The thinking block: a header that says how it is going, and the thought, folded under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.history.records import Turn, TurnState
from models.engine.protocol import PauseReason, ThoughtEnd
from ui.later import Later
from ui.theme import GUTTER_PX, Theme
from ui.transcript.fold_header import FoldHeader
from ui.transcript.passing_line import PassingLine
from ui.transcript.pause import INDENT_PX, HintRow, LoopNote
from ui.transcript.thought import ThoughtText
from ui.transcript.thought_buttons import ThoughtButtons
from ui.transcript.thought_parts import ThoughtParts
from ui.transcript.thought_words import UNDER_WAY, Phase, ThoughtWords
from ui.widgets.safe_browser import Selecting
from ui.widgets.text_button import TextButton

NOT_KEPT = "The thought itself is not kept. Ponder never writes thoughts to disk."
PROGRESS_AFTER_S = 0.7
"""Reading that takes no longer shows no percentage: it would only flash up."""
OUTLINE_FROM_PX = 420
HEADER_FROM_PX = 150
"""So wide the header is at least beside the buttons of a running thought; else they stand under it."""


class ThinkingBlock(QWidget):
    """Begins by reading the question; hidden for good where no thought ever comes.

    The thought lives only here: it goes with the widget.

    Signals:
        save_requested: str, the whole thought. The user asked to save it.
        folded_by_user: the user is about to open or fold the block.
        answer_now_requested: the thought is to close, and the answer to begin.
        pause_requested: the thought is to wait.
        go_on_requested: str, a hint or nothing. The thought that waits is to go on.
        try_again_requested: the same question again, with other chances.
        outline_requested: the user wants the outline of this thought.
        grown: the thought got higher or lower by itself.
    """

    save_requested = Signal(str)
    folded_by_user = Signal()
    answer_now_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal(str)
    try_again_requested = Signal()
    outline_requested = Signal()
    grown = Signal()

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        opened: bool = False,
        budget_tokens: int = 0,
        thought_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`budget_tokens`: how long the thought may get; 0: as there is room.

        `thought_s`: how long it has thought already.
        """
        super().__init__(parent)
        self._theme = theme
        self._clock = clock
        self._phase = Phase.READING
        self._opened = opened
        self._budget_tokens = budget_tokens
        self._thought_end = ThoughtEnd.NONE
        self._touched = False
        self._pieces: list[str] = []
        self._shown_pieces = 0
        self._tokens = 0
        self._began_s = clock()
        self._thinking_since_s: float | None = None
        self._thought_s = thought_s
        self._progress = ""
        self._header = FoldHeader(theme, self)
        self._buttons = ThoughtButtons(self)
        self._passing = PassingLine(theme, self)
        self._text = ThoughtParts(theme, self)
        self._hint = Later(self._build_hint)
        self._loop_note: LoopNote | None = None
        self._waits_for_hint = False
        self._save = TextButton("Save this thought…", self)
        self._outline = TextButton("Outline", self)
        self._outline.setAccessibleName("Outline of the thought")
        self._not_kept = QLabel(NOT_KEPT, self)
        self._lay_out()
        self._header.clicked.connect(self._toggle)
        self._save.clicked.connect(self._ask_to_save)
        self._outline.clicked.connect(self.outline_requested)
        self._text.grown.connect(self.grown)
        self._buttons.answer_now_requested.connect(self.answer_now_requested)
        self._buttons.pause_requested.connect(self.pause_requested)
        self._refresh()

    def _lay_out(self) -> None:
        self._not_kept.setTextFormat(Qt.TextFormat.PlainText)
        self._not_kept.setProperty("kind", "third")
        self._not_kept.setWordWrap(True)
        self._not_kept.setContentsMargins(GUTTER_PX + 16, 0, GUTTER_PX, 0)
        save_row = QHBoxLayout()
        save_row.setContentsMargins(GUTTER_PX + 12, 0, 0, 0)
        save_row.addWidget(self._save)
        save_row.addStretch()
        self._head_row = QHBoxLayout()
        self._head_row.setContentsMargins(0, 0, GUTTER_PX, 0)
        self._head_row.setSpacing(8)
        self._head_row.addWidget(self._header, 1)
        self._head_row.addWidget(self._outline)
        self._under_row = QHBoxLayout()
        self._under_row.setContentsMargins(INDENT_PX, 4, 0, 0)
        self._under_row.addStretch()
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._head_row)
        for widget in (self._passing, self._text, self._not_kept):
            column.addWidget(widget)
        column.addLayout(self._under_row)
        column.addLayout(save_row)

    @property
    def phase(self) -> Phase:
        """How far it has come."""
        return self._phase

    @property
    def seconds(self) -> float:
        """How long it has thought so far."""
        return self._seconds()

    @property
    def opened(self) -> bool:
        """Whether the thought is to be seen."""
        return self._opened

    @property
    def is_opened_by_user(self) -> bool:
        """Whether it stays open when the answer begins."""
        return self._opened and self._touched

    @property
    def header(self) -> FoldHeader:
        """The button that folds."""
        return self._header

    @property
    def buttons(self) -> ThoughtButtons:
        """The buttons of a running thought; hidden while none runs."""
        return self._buttons

    @property
    def hint(self) -> HintRow:
        """The line for a hint; hidden while nothing waits for one. Built now if it was not."""
        return self._hint.get()

    @property
    def hint_text(self) -> str:
        """What stands in the line for a hint."""
        return self._hint.built.edit.text() if self._hint.built is not None else ""

    @property
    def loop_note(self) -> LoopNote | None:
        """What was seen of a loop, while the thought waits because of it."""
        return self._loop_note

    @property
    def outline_button(self) -> TextButton:
        """Asks for the outline; hidden while there is no thought."""
        return self._outline

    def text_views(self) -> Sequence[ThoughtText]:
        """The widgets that hold the words of the thought, in their order; none where it was never unfolded.

        Of a long thought that was just unfolded they come in one after the other.
        """
        return self._text.views

    @property
    def is_all_shown(self) -> bool:
        """Whether nothing of the thought is still on its way to its widgets."""
        return self._text.is_all_in

    def has_shown(self, chars: int) -> bool:
        """Whether so many characters of the thought stand in its widgets."""
        return self._text.put_in_chars >= chars

    def select_with_others(self, selecting: Selecting) -> None:
        """Have the thought be part of what `selecting` selects."""
        self._text.select_with_others(selecting)

    def copied_text(self) -> str:
        """The thought as it is copied."""
        return self._text.copied_text()

    def unfold(self) -> None:
        """Show the thought, as if the user had opened it."""
        if not self._opened:
            self._toggle()

    def thought(self) -> str:
        """All of the thought, as the model wrote it; empty after a reload."""
        return "".join(self._pieces)

    def set_theme(self, theme: Theme) -> None:
        """Show the same in another theme, but for the words of the thought."""
        self._theme = theme
        for part in (self._header, self._passing, self._text):
            part.set_theme(theme)
        self._place_buttons()

    def set_prompt_progress(self, processed_tokens: int, total_tokens: int) -> None:
        """The engine has read so much of the prompt."""
        if total_tokens > 0:
            self._progress = f"{min(100, round(100 * processed_tokens / total_tokens))} %"
        self.tick()

    def append(self, untrusted_text: str, tokens: int) -> None:
        """More of the thought."""
        if self._thinking_since_s is None:
            self._thinking_since_s = self._clock()
        self._pieces.append(untrusted_text)
        self._tokens += tokens
        if self._phase is not Phase.THINKING:
            self._begin_thinking()
        self._passing.append(untrusted_text)
        if self._opened:
            self._show_new_pieces()

    def pause(self, reason: PauseReason, finding: str) -> None:
        """The thought waits; the clock stands still. `finding` says what was seen of a loop."""
        if self._buttons.is_answering:
            return  # too late: it is about to close
        self._stop_clock()
        self._phase = Phase.PAUSED
        self._waits_for_hint = reason is PauseReason.ASKED
        takes_keys = self._waits_for_hint and self._buttons.is_pausing
        self._drop_loop_note()
        if reason is PauseReason.LOOP:
            self._show_loop_note(finding)
        self._refresh()
        if takes_keys:
            self.hint.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def tick(self) -> None:
        """Move the clock and the numbers on."""
        if self._phase in (Phase.READING, Phase.THINKING):
            self._say()

    def end_thought(self, *, fold: bool) -> None:
        """The answer begins. Folds unless the user touched the block or `fold` is False."""
        self._stop_clock()
        self._phase = Phase.DONE
        if fold and not self._touched:
            self._opened = False
        self._refresh()

    def end(self, turn: Turn) -> None:
        """The turn is over; its own numbers replace what was counted here."""
        self._stop_clock()
        if turn.usage.reasoning_tokens:
            self._tokens = turn.usage.reasoning_tokens
        if turn.usage.reasoning_s:
            self._thought_s = turn.usage.reasoning_s
        self._thought_end = turn.usage.thought_end
        unfinished = not turn.answer.strip()
        if unfinished and turn.state is TurnState.STOPPED:
            self._phase = Phase.STOPPED
        elif unfinished and turn.state in (TurnState.FAILED, TurnState.INTERRUPTED):
            self._phase = Phase.FAILED
        else:
            self._phase = Phase.DONE
        self._refresh()

    def show_kept(self, turn: Turn) -> None:
        """Show a turn from the history: how long it thought, never what."""
        self._opened = False
        self.end(turn)

    def _begin_thinking(self) -> None:
        if self._thinking_since_s is None:
            self._thinking_since_s = self._clock()
        if self._phase is not Phase.READING:  # what was asked for while it read holds
            self._buttons.offer()
        self._phase = Phase.THINKING
        self._refresh()

    def _build_hint(self) -> HintRow:
        hint = HintRow(self)
        hint.hide()
        self._column.insertWidget(self._column.count() - 1, hint)
        hint.go_on_requested.connect(self._go_on)
        hint.answer_now_requested.connect(self.request_answer)
        return hint

    def _show_hint(self, waits: bool) -> None:
        if waits or self._hint.built is not None:
            self.hint.stand_under(opened=self._opened)
            self.hint.setVisible(waits)

    def _show_loop_note(self, finding: str) -> None:
        note = self._loop_note = LoopNote(finding, self)
        note.answer_now_requested.connect(self.request_answer)
        note.try_again_requested.connect(self._try_again)
        note.go_on_requested.connect(self._go_on)
        self._column.insertWidget(self._column.indexOf(self._under_row) + 1, note)

    def _drop_loop_note(self) -> None:
        if self._loop_note is not None:
            self._column.removeWidget(self._loop_note)
            self._loop_note.hide()
            self._loop_note.deleteLater()
            self._loop_note = None

    def _stop_clock(self) -> None:
        self._thought_s = self._seconds()
        self._thinking_since_s = None

    def _seconds(self) -> float:
        running = 0.0 if self._thinking_since_s is None else self._clock() - self._thinking_since_s
        return self._thought_s + running

    def _show_new_pieces(self) -> None:
        self._text.append_text("".join(self._pieces[self._shown_pieces :]))
        self._shown_pieces = len(self._pieces)
        if self._phase not in UNDER_WAY:
            self._text.finish()

    def _refresh(self) -> None:
        """Show what belongs to the phase."""
        thinking, paused = self._phase is Phase.THINKING, self._phase is Phase.PAUSED
        done = self._phase not in UNDER_WAY
        if not paused:
            self._drop_loop_note()
        kept = bool(self._pieces)
        self.setVisible(not done or self._tokens > 0 or kept)
        self._header.set_fold(opened=self._opened, foldable=self._phase is not Phase.READING)
        if self._opened:
            self._show_new_pieces()
        else:
            self._text.pause()
        self._text.setVisible(self._opened and kept)
        self._not_kept.setVisible(self._opened and done and not kept)
        self._save.setVisible(self._opened and done and kept)
        self._show_outline_button()
        self._passing.setVisible((thinking or paused) and not self._opened)
        self._place_buttons()
        self._buttons.setVisible(thinking)
        self._show_hint(paused and self._waits_for_hint)
        self._header.setToolTip(NOT_KEPT if done and not kept and not self._opened else "")
        self._say()

    def _show_outline_button(self) -> None:
        """Not where it is narrow and the buttons of a running thought stand in the same line."""
        in_line = self._phase is Phase.THINKING and not self._opened
        is_offered = bool(self._pieces) and (not in_line or self.width() >= OUTLINE_FROM_PX)
        self._outline.setVisible(is_offered)
        # Its words end where the lines of text do; a button with a border ends there itself.
        self._head_row.setContentsMargins(0, 0, 0 if is_offered else GUTTER_PX, 0)

    def _place_buttons(self) -> None:
        """Under the thought, where it is read; beside the header while the thought is folded."""
        is_under = self._opened or not self._fits_beside_buttons()
        old, new = self._head_row, self._under_row
        if not is_under:
            old, new = new, old
        if new.indexOf(self._buttons) < 0:
            old.removeWidget(self._buttons)
            new.insertWidget(0 if is_under else 1, self._buttons)

    def _fits_beside_buttons(self) -> bool:
        outline_px = self._outline.sizeHint().width() if self.width() >= OUTLINE_FROM_PX else 0
        needed_px = self._theme.px(HEADER_FROM_PX) + self._buttons.sizeHint().width() + outline_px
        return self._theme.zoom_percent <= 100 or self.width() >= needed_px

    def _say(self) -> None:
        said = self._words()
        live, paused = self._phase in (Phase.READING, Phase.THINKING), self._phase is Phase.PAUSED
        self._header.say(*said.title_and_numbers(), live=live, paused=paused)
        name = said.spoken(opened=self._opened)
        if name != self._header.accessibleName():
            self._header.setAccessibleName(name)

    def _words(self) -> ThoughtWords:
        is_slow = self._clock() - self._began_s >= PROGRESS_AFTER_S
        return ThoughtWords(
            self._phase,
            self._seconds(),
            self._tokens,
            self._thought_end,
            budget_tokens=self._budget_tokens,
            progress=self._progress if is_slow else "",
            is_answering=self._buttons.is_answering,
        )

    @Slot()
    def request_answer(self) -> bool:
        """Ask for the answer now, once. False where there is no thought to close."""
        if self._phase not in UNDER_WAY:
            return False
        if self._phase is Phase.PAUSED:
            self._begin_thinking()
        self._buttons.request_answer()
        self._say()
        return True

    @Slot()
    @Slot(str)
    def _go_on(self, hint: str = "") -> None:
        self._begin_thinking()
        self.go_on_requested.emit(hint)

    @Slot()
    def _try_again(self) -> None:
        self._drop_loop_note()
        self.try_again_requested.emit()

    @Slot()
    def _toggle(self) -> None:
        self.folded_by_user.emit()
        self._touched = True
        self._opened = not self._opened
        self._refresh()

    @Slot()
    def _ask_to_save(self) -> None:
        self.save_requested.emit(self.thought())

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The outline is offered where there is room, and the buttons stand beside the header."""
        super().resizeEvent(event)
        self._show_outline_button()
        self._place_buttons()
