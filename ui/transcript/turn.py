"""One turn on the page: the question, the thought, the answer, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app import numbers_in_words as words
from app.chat.engine_state import EngineState
from app.history.records import ENDED_EARLY, Turn
from models.errors import AppError
from models.reasoning import PieceKind
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.answer_parts import AnswerParts
from ui.transcript.code_wraps import CodeWraps
from ui.transcript.footer import Footer
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.found_text import plain_text
from ui.transcript.markdown import MarkdownReader
from ui.transcript.message_actions import QuestionActions, QuietRow
from ui.transcript.note import EndLine, Note, QuietLine, note_for
from ui.transcript.orders import TurnOrders
from ui.transcript.question import QuestionBlock
from ui.transcript.thinking import ThinkingBlock
from ui.transcript.thought_words import UNDER_WAY
from ui.transcript.untrusted_text import shown
from ui.transcript.versions import VersionSwitch
from ui.widgets.reason_tip import show_reason
from ui.widgets.safe_browser import SafeBrowser, Selecting

GOING_ON = "Going on from here…"


class TurnWidget(QWidget):
    """Live from `begin` to `end`; `show_kept` shows one from the history.

    Signals:
        restart_requested: "Restart engine" was pressed.
        link_requested: str, the address of a clicked link.
        save_thought_requested: turn id, thought text.
        folded_by_user: the user is about to open or fold the thought.
        answer_now_requested, pause_requested: the running thought is to close, or to wait.
        go_on_requested: str, a hint or nothing. The thought that waits is to go on.
        try_again_requested: the same question again, with other chances.
        text_moved: int. What is in sight of the answer stands so many pixels lower.
        outline_requested: turn id. The user wants the outline of its thought.
        thought_grown: the thought got higher or lower by itself.
    """

    restart_requested = Signal()
    link_requested = Signal(str)
    save_thought_requested = Signal(int, str)
    folded_by_user = Signal()
    answer_now_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal(str)
    try_again_requested = Signal()
    outline_requested = Signal(int)
    text_moved = Signal(int)
    thought_grown = Signal()

    def __init__(
        self,
        theme: Theme,
        reader: MarkdownReader,
        turn: Turn,
        parent: QWidget | None = None,
        *,
        thoughts_open: bool = False,
        budget_tokens: int = 0,
        thought_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        formulas: FormulaMaker | None = None,
        orders: TurnOrders | None = None,
        selecting: Selecting | None = None,
        wraps: CodeWraps | None = None,
        is_last: Callable[[Turn], bool] = lambda _turn: True,
    ) -> None:
        """`orders`: where the turn says what the user wants done with it. `selecting`: over several turns.

        `wraps`: which code is wrapped.
        """
        super().__init__(parent)
        self._turn = turn
        self.orders = orders or TurnOrders(self)
        self._is_last = is_last
        self._selecting = selecting
        self._busy_reason = ""
        self._answer_tokens = 0
        self._note: Note | EndLine | None = None
        self._footer: Footer | None = None
        self._question = QuestionBlock(theme, turn.question, self)
        self._quiet_row = QuietRow()
        self._question_actions = QuestionActions(turn.question, self._quiet_row, self)
        self._question_actions.edit_requested.connect(self.request_edit)
        self._question_actions.version_requested.connect(self.orders.show_requested)
        self._question_actions.branch_requested.connect(self.request_branch)
        self._question_actions.delete_requested.connect(self.request_deletion)
        self._thinking = ThinkingBlock(
            theme,
            self,
            opened=thoughts_open,
            budget_tokens=budget_tokens,
            thought_s=thought_s,
            clock=clock,
        )
        make = partial(_make_answer, theme, reader, formulas, wraps, turn)
        self._answer = AnswerParts(make, self)
        if selecting is not None:
            self._question.select_with_others(selecting)
            self._thinking.select_with_others(selecting)
            self._answer.select_with_others(selecting)
        self._answer.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._question)
        self._column.addWidget(self._question_actions)
        self._column.addWidget(self._thinking)
        self._column.addSpacing(8)
        self._column.addWidget(self._answer)
        self._body_items = self._column.count()
        self._thinking.save_requested.connect(self._ask_to_save)
        self._thinking.folded_by_user.connect(self.folded_by_user)
        self._thinking.answer_now_requested.connect(self.answer_now_requested)
        self._thinking.pause_requested.connect(self.pause_requested)
        self._thinking.go_on_requested.connect(self.go_on_requested)
        self._thinking.try_again_requested.connect(self.try_again_requested)
        self._thinking.outline_requested.connect(self._ask_for_outline)
        self._thinking.grown.connect(self.thought_grown)
        self._answer.link_requested.connect(self.link_requested)
        self._answer.text_moved.connect(self.text_moved)

    @property
    def turn(self) -> Turn:
        """The turn as it was last told."""
        return self._turn

    @property
    def question(self) -> QuestionBlock:
        """What was asked."""
        return self._question

    @property
    def thinking(self) -> ThinkingBlock:
        """The block between question and answer."""
        return self._thinking

    @property
    def answer(self) -> AnswerView:
        """The answer, or the beginning of one that is very long; hidden while there is none."""
        return self._answer.views[0]

    @property
    def answer_views(self) -> Sequence[AnswerView]:
        """The whole answer: a very long one goes on in more views."""
        return self._answer.views

    @property
    def versions(self) -> VersionSwitch:
        """The arrows to other versions of this turn."""
        return self._question_actions.versions

    @property
    def busy_reason(self) -> str:
        """Why nothing can be changed now; "" where it can."""
        return self._busy_reason

    @property
    def note(self) -> Note | None:
        """The coloured block under a reply that failed."""
        return self._note if isinstance(self._note, Note) else None

    @property
    def footer(self) -> Footer | None:
        """What stands under a reply that is over."""
        return self._footer

    def set_number(self, number: int) -> None:
        """The how many-th it is in its chat, from 1: what a screen reader says where it comes in."""
        self.setAccessibleName(f"Question {number}")

    def show_versions(self, versions: Sequence[int]) -> None:
        """The ids of all versions of this turn, in their order; none where it is the only one."""
        self.versions.show_versions(self._turn.id, versions)

    def set_busy(self, reason: str) -> None:
        """Why nothing can be changed or asked again now, "" where it can."""
        self._busy_reason = reason
        for part in (self._question_actions, self._footer, self._note):
            if part is not None:
                part.set_busy(reason)

    def set_theme(self, theme: Theme) -> None:
        """Show the same in another theme, but for the texts: they are restyled one by one."""
        for part in (self._thinking, self._answer):
            part.set_theme(theme)

    def append(self, kind: PieceKind, untrusted_text: str, tokens: int, *, fold: bool) -> None:
        """More of the reply. `fold`: the thought may fold itself away when the answer begins."""
        if untrusted_text:
            self._drop_ending()
        match kind:
            case PieceKind.REASONING:
                self._thinking.append(untrusted_text, tokens)
            case PieceKind.ANSWER:
                self._answer_tokens += tokens
                if self._thinking.phase in UNDER_WAY and untrusted_text.strip():
                    self._thinking.end_thought(fold=fold)
                self._answer.append(untrusted_text)
                self._answer.setVisible(self._answer.has_words)
            case PieceKind.RECLASSIFIED:
                self._answer.hide()
                self._thinking.append(self._answer.take_back(), self._answer_tokens + tokens)
                self._answer_tokens = 0

    def go_on(self, turn: Turn, untrusted_thought: str = "") -> None:
        """The answer that `turn` has goes on: it stays on the page, and so does the thought, as it is.

        `untrusted_thought`: where the widget is new.
        """
        self._turn = turn
        self._drop_ending()
        if self._answer.markdown_source != turn.answer:
            self._answer.take_back()
            self._answer.append(turn.answer)
            self._answer.show()
        if self._thinking.phase in UNDER_WAY and untrusted_thought:
            self.show_thought(untrusted_thought)
        elif self._thinking.phase in UNDER_WAY:
            self._thinking.show_kept(turn)
        self._say_quietly(GOING_ON)

    def end(self, turn: Turn, error: AppError | None) -> None:
        """Nothing more comes; `turn` is what is kept of it."""
        self._turn = turn
        self._thinking.end(turn)
        self._finish(turn, error)

    def show_kept(self) -> None:
        """Show the turn as the history has it."""
        self._thinking.show_kept(self._turn)
        self._finish(self._turn, None)

    def show_thought(self, untrusted_thought: str) -> None:
        """A turn that is over, from this sitting: its thought is still in memory."""
        self._thinking.append(untrusted_thought, self._turn.usage.reasoning_tokens)
        self._thinking.end_thought(fold=True)
        self._thinking.end(self._turn)

    def is_in_use(self) -> bool:
        """Whether the user has the keyboard, a selection or something unfolded in here."""
        focused = QApplication.focusWidget()
        if focused is not None and self.isAncestorOf(focused):
            return True
        if self._footer is not None and self._footer.is_open:
            return True
        texts = self.findChildren(SafeBrowser)
        return any(text.textCursor().hasSelection() and not text.is_covered for text in texts)

    def follow_engine(self, state: EngineState) -> bool:
        """Where the reply failed because the engine has gone, say what can be done now.

        True: the keyboard was on a button that cannot be pressed any more.
        """
        note = self.note
        if note is None or not note.is_about_engine:
            return False
        focused = QApplication.focusWidget()
        had_keys = focused is not None and note.isAncestorOf(focused)
        if state in (EngineState.READY, EngineState.ASLEEP):
            kept_note = self._note_for(None)
            assert kept_note is not None
            self._column.replaceWidget(note, kept_note)
            note.hide()
            note.deleteLater()
            kept_note.set_busy(self._busy_reason)
            kept_note.show()  # by itself the layout would do so after the next frame
            return had_keys
        is_starting = state is not EngineState.STOPPED
        note.set_restarting(is_starting)
        return had_keys and is_starting

    def retire_note(self) -> None:
        """Another question was asked: the engine runs again, and this answer cannot go on any more."""
        if self._note is not None:
            self._note.retire()

    def _finish(self, turn: Turn, error: AppError | None) -> None:
        self._drop_ending()
        self._answer.finish(turn.answer)
        self._answer.setVisible(bool(turn.answer.strip()))
        if turn.usage.left_out_turns:
            self._say_quietly(_left_out(turn.usage.left_out_turns))
        note = self._note_for(error)
        if note is not None:
            self._column.addWidget(note)
            self._column.addSpacing(4)
        self._footer = Footer(
            turn, self.source, self, copied_text=self.text_of_answer, quiet_row=self._quiet_row
        )
        self._footer.another_requested.connect(self.request_another)
        self._column.addWidget(self._footer)
        self.set_busy(self._busy_reason)

    def source(self) -> str:
        """The answer as the model wrote it."""
        return self._answer.markdown_source

    def text_of_answer(self) -> str:
        """The answer as it is shown."""
        return plain_text([item for view in self.answer_views for item in view.items])

    def _say_quietly(self, text: str) -> None:
        self._column.addWidget(QuietLine(text, self))
        self._column.addSpacing(4)

    def _drop_ending(self) -> None:
        """Nothing stands under the answer."""
        if self._footer is not None:
            self._quiet_row.leave_out(self._footer)
        self._note = self._footer = None
        while self._column.count() > self._body_items:
            item = self._column.takeAt(self._body_items)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _note_for(self, error: AppError | None) -> Note | EndLine | None:
        """What is said of how the turn ended."""
        turn = self._turn
        can_go_on = turn.state in ENDED_EARLY and bool(turn.answer.strip()) and self._is_last(turn)
        note = self._note = note_for(turn, error, self, can_go_on=can_go_on)
        if note is not None:
            note.go_on_requested.connect(self._ask_to_continue)
        if isinstance(note, Note):
            note.restart_requested.connect(self.restart_requested)
            note.ask_again_requested.connect(self.request_another)
        return note

    # Slots

    @Slot()
    def _ask_to_continue(self) -> None:
        self.orders.continue_requested.emit(self._turn.id)

    @Slot()
    def request_another(self) -> None:
        """Have the same question asked again, as another version."""
        if not self._busy_reason:
            self.orders.version_requested.emit(self._turn.id, self._turn.question)

    @Slot()
    def request_edit(self) -> None:
        """Have the question changed and asked again."""
        if not self._busy_reason:
            self.orders.edit_requested.emit(self._turn.id, self._turn.question)

    @Slot()
    def request_branch(self) -> None:
        """Go on from here in a chat of its own."""
        if not self._busy_reason:
            self.orders.branch_requested.emit(self._turn.id)

    @Slot()
    def request_deletion(self) -> None:
        """Have the question and its answer deleted."""
        if not self._busy_reason:
            self.orders.delete_requested.emit(self._turn.id)

    @Slot()
    def _ask_for_outline(self) -> None:
        self.outline_requested.emit(self._turn.id)

    @Slot(str)
    def _ask_to_save(self, thought: str) -> None:
        self.save_thought_requested.emit(self._turn.id, thought)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 edits, F5 asks again, Alt with an arrow shows another version, Delete deletes."""
        orders: dict[tuple[int, Qt.KeyboardModifier], Callable[[], None]] = {
            (Qt.Key.Key_F2, Qt.KeyboardModifier.NoModifier): self.request_edit,
            (Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier): self.request_another,
            (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier): self.request_deletion,
            (Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier): self.versions.go_back,
            (Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier): self.versions.go_on,
        }
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        order = orders.get((event.key(), modifiers))
        if order is None or (event.key() == Qt.Key.Key_Delete and not self._may_delete()):
            super().keyPressEvent(event)
        elif event.isAutoRepeat():  # a key that is held down would delete one message after the other
            pass
        elif self._busy_reason:
            show_reason(self._busy_reason, QApplication.focusWidget() or self)
        else:
            order()

    def _may_delete(self) -> bool:
        """Whether Delete can mean this message: one of its texts has the keys, and nothing is selected."""
        selects = self._selecting is not None and self._selecting.is_there
        return isinstance(QApplication.focusWidget(), SafeBrowser) and not selects

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show what can be done with the messages."""
        super().enterEvent(event)
        self._quiet_row.show_all(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Be quiet again."""
        super().leaveEvent(event)
        self._quiet_row.show_all(False)


def _make_answer(
    theme: Theme,
    reader: MarkdownReader,
    formulas: FormulaMaker | None,
    wraps: CodeWraps | None,
    turn: Turn,
    parent: QWidget,
    number: int,
) -> AnswerView:
    of_view = wraps.of_view(turn.id, number) if wraps else None
    view = AnswerView(theme, reader, parent, formulas=formulas, wraps=of_view)
    said_by = f"Answer from {shown(turn.model_name)}" if turn.model_name else "Answer"
    view.setAccessibleName(f"{said_by}, part {number + 1}" if number else said_by)
    return view


def _left_out(turns: int) -> str:
    verb = "was" if turns == 1 else "were"
    oldest = "The oldest question" if turns == 1 else f"The oldest {words.questions(turns)}"
    return f"{oldest} no longer fit and {verb} not shown to the model."
