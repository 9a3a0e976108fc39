"""The chat: notices, the transcript or an empty page, and the composer under it.

As in `ui.window` the slots take an `object`: the events need not be imported before the first picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.chat.engine_state import EngineState
from models.errors import AppError, EngineProtocolError, EngineStoppedError, PromptTooLongError, engine_error
from ui.composer.composer import MAX_WIDTH_PX, Composer
from ui.composer.drafts import Drafts
from ui.deleted_bar import DeletedBar
from ui.notice_bar import NoticeBars
from ui.reading_stack import ReadingStack
from ui.tab_order import in_lines
from ui.theme import Theme

if TYPE_CHECKING:
    from app.chat.events import (
        ConversationOpened,
        ConversationsListed,
        EngineStateChanged,
        Noticed,
        PromptProgress,
        QuestionRejected,
        ReplyDelta,
        TurnEnded,
        TurnPaused,
        TurnStarted,
    )
    from app.history.records import Turn
    from ui.transcript.reading_aids import ReadingAids
    from ui.transcript.view import TranscriptView

BUSY = "A reply is being written. Stop it first, or wait until it is there."


class ChatPage(QWidget):
    """Follows the events of the chat; the window connects them.

    Signals:
        ask_requested(text), version_requested(turn_id, text), show_version_requested(turn_id),
        continue_requested(turn_id), branch_requested(turn_id), delete_turn_requested(turn_id),
        undo_requested, forget_requested, stop_requested, answer_now_requested, restart_requested,
        pause_requested, go_on_requested(hint), try_again_requested: for the controller.
        draft_rested(text): a long draft can be read ahead.
        thinking_chosen(values): how the model is to think from now on, fields of `Settings`.
        link_requested(address), save_thought_requested(turn_id, text): from the transcript.
        long_copy_requested(make, is_of_thought): `make` gives a long text for the clipboard, in its time.
    """

    ask_requested = Signal(str)
    version_requested = Signal(int, str)
    show_version_requested = Signal(int)
    continue_requested = Signal(int)
    branch_requested = Signal(int)
    delete_turn_requested = Signal(int)
    undo_requested = Signal()
    forget_requested = Signal()
    stop_requested = Signal()
    answer_now_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal(str)
    try_again_requested = Signal()
    draft_rested = Signal(str)
    thinking_chosen = Signal(dict)
    restart_requested = Signal()
    link_requested = Signal(str)
    save_thought_requested = Signal(int, str)
    long_copy_requested = Signal(object, bool)

    def __init__(self, theme: Theme, *, thoughts_open: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._conversation_id: int | None = None
        self._running_turn: Turn | None = None
        self._is_paused = False
        self._engine: EngineStateChanged | None = None
        self._death_is_in_transcript = False
        self._wanted_turn: tuple[int, int] | None = None
        self._wanted_words = ""
        self._wanted_version: int | None = None
        self._asked_version: int | None = None
        self.keeps_keys = False
        self.drafts = Drafts()
        self.notice_bars = NoticeBars()
        self.composer = Composer()
        self.deleted_bar = DeletedBar()
        self.middle = ReadingStack(theme, thoughts_open=thoughts_open, connect=self._connect_transcript)
        self._lay_out()
        self._connect()
        self._show_composer_state()

    # Construction

    def _lay_out(self) -> None:
        self.deleted_bar.setMaximumWidth(MAX_WIDTH_PX)
        self.undo_place = undo = QHBoxLayout()
        undo.setContentsMargins(12, 0, 12, 0)
        undo.addStretch(1)
        undo.addWidget(self.deleted_bar, 1000)
        undo.addStretch(1)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(12, 8, 12, 12)
        bottom.addStretch(1)
        bottom.addWidget(self.composer, 1000)
        bottom.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice_bars)
        layout.addWidget(self.middle, 1)
        layout.addLayout(undo)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.composer.ask_requested.connect(self.ask_requested)
        self.composer.stop_requested.connect(self.stop_requested)
        self.composer.draft_rested.connect(self.draft_rested)
        self.composer.thinking_chosen.connect(self.thinking_chosen)
        self.middle.empty_state.example_chosen.connect(self.composer.ask_now)
        self.composer.version_requested.connect(self._send_version)
        self.deleted_bar.undo_requested.connect(self.undo_requested)
        self.deleted_bar.forget_requested.connect(self.forget_requested)
        self.notice_bars.restart_requested.connect(self.restart_requested)
        self.notice_bars.left.connect(self._focus_composer)

    def _connect_transcript(self, transcript: TranscriptView, aids: ReadingAids) -> None:
        orders = transcript.orders
        orders.version_requested.connect(self._ask_version)
        orders.edit_requested.connect(self.composer.begin_edit)
        orders.show_requested.connect(self.show_version_requested)
        orders.continue_requested.connect(self._focus_composer)  # the button that was pressed goes
        orders.continue_requested.connect(self.continue_requested)
        orders.branch_requested.connect(self.branch_requested)
        orders.delete_requested.connect(self.delete_turn_requested)
        transcript.undo_requested.connect(self.deleted_bar.undo)
        transcript.selection.long_copy_requested.connect(self.long_copy_requested)
        aids.left.connect(self._focus_composer)
        transcript.answer_now_requested.connect(self.answer_now_requested)
        transcript.pause_requested.connect(self.pause_requested)
        transcript.go_on_requested.connect(self.go_on_requested)
        transcript.try_again_requested.connect(self.try_again_requested)
        for signal in (
            transcript.answer_now_requested,
            transcript.go_on_requested,
            transcript.try_again_requested,
        ):
            signal.connect(self._leave_pause)
        transcript.restart_requested.connect(self.restart_requested)
        transcript.link_requested.connect(self.link_requested)
        transcript.save_thought_requested.connect(self.save_thought_requested)

    # Public methods

    @property
    def aids(self) -> ReadingAids:
        """The transcript with what helps to read it; built now if it was not."""
        return self.middle.later_aids.get()

    @property
    def transcript(self) -> TranscriptView:
        """The turns of the chat in front; built now if it was not."""
        return self.middle.transcript

    def tab_stops(self) -> list[QWidget]:
        """Where Tab stops, down the page, whichever part of it was made first."""
        above = [*in_lines(self.notice_bars), *self.middle.tab_stops()]
        return [*above, *in_lines(self.deleted_bar), *in_lines(self.composer)]

    @property
    def conversation_id(self) -> int | None:
        """The conversation in front; None is a new one."""
        return self._conversation_id

    @Slot()
    def answer_now(self) -> None:
        """Close the running thought; where none runs, send what is written, if that is where the keys go."""
        transcript = self.middle.built_transcript
        closed = transcript is not None and transcript.request_answer_now()
        if not closed and self.composer.edit.hasFocus():
            self.composer.send()

    @Slot(int, int)
    def expect_turn(self, conversation_id: int, turn_id: int) -> None:
        """When the conversation comes to the front, it is to show this turn."""
        self._wanted_turn = (conversation_id, turn_id)

    @Slot(str)
    def expect_words(self, words: str) -> None:
        """In the turn that is to be shown next, these are marked."""
        self._wanted_words = words

    # Slots for what the chat says

    @Slot(object)
    def show_engine(self, change: EngineStateChanged) -> None:
        """The engine moved on: say why nothing can be sent, or that it has gone."""
        self._engine = change
        self.middle.empty_state.show_built_in(change.built_in)
        if change.model is not None:
            self.composer.thinking_button.show_model(
                thinks=change.model.reasons, can_skip=change.model.can_skip_thinking
            )
        if change.state is not EngineState.STOPPED:
            self._death_is_in_transcript = False
        self._show_engine_notice()
        self._show_composer_state()
        transcript = self.middle.built_transcript
        if transcript is not None and transcript.follow_engine(change.state):
            self._focus_composer()  # the button that was pressed goes

    @Slot(object)
    def show_conversation(self, opened: ConversationOpened) -> None:
        """Put a conversation in front; each keeps its own draft."""
        conversation = opened.conversation
        opened_id = conversation.summary.id if conversation else None
        is_same = conversation is not None and opened_id == self._conversation_id
        ids = [turn.id for turn in conversation.turns] if conversation else []
        is_other_path = is_same and ids != [turn.id for turn in self.transcript.turns()]
        self.keeps_keys = is_other_path and self.transcript.has_keys()
        if not is_same:
            self._swap_drafts(opened_id)
            self.middle.later_aids.tell(lambda aids: aids.forget())
        self._death_is_in_transcript = False
        self._show_engine_notice()
        if conversation is None or not conversation.turns:
            if self.middle.built_transcript is not None or conversation is not None:
                self.transcript.clear()
                self.transcript.expect_versions(conversation.versions if conversation else {})
            self.middle.show_empty()
        else:
            self.transcript.show_turns(
                conversation.turns,
                thoughts=opened.thoughts,
                versions=conversation.versions,
                is_same_chat=is_other_path,
            )
            self.middle.show_chat()
            if self._wanted_turn is not None and self._wanted_turn[0] == conversation.summary.id:
                self._show_wanted_turn(self._wanted_turn[1], ids)
        self._show_composer_state()
        if not self.keeps_keys:
            self._focus_composer()

    def _show_wanted_turn(self, turn_id: int, ids: list[int]) -> None:
        """A turn of another version comes to the front first."""
        self._wanted_turn, conversation = None, self._wanted_turn
        if turn_id in ids:
            self.transcript.scroll_to_turn(turn_id)
            self.aids.find_bar.show_found(self._wanted_words, turn_id)
        elif self._wanted_version != turn_id:
            self._wanted_turn, self._wanted_version = conversation, turn_id
            self.show_version_requested.emit(turn_id)
            return
        self._wanted_words, self._wanted_version = "", None

    @Slot(object)
    def follow_list(self, listed: ConversationsListed) -> None:
        """A reply ends with its conversation: if that was deleted, nothing runs any more."""
        ids = {conversation.id for conversation in listed.conversations}
        if self._running_turn is not None and self._running_turn.conversation_id not in ids:
            self._running_turn = None
            self._show_composer_state()

    @Slot(object)
    def show_rejection(self, rejected: QuestionRejected) -> None:
        """Give the text back, with the reason."""
        self._show_composer_state()
        if self._asked_version is None:
            self.composer.put_back(rejected.text, rejected.error)
        else:
            self.composer.begin_edit(self._asked_version, rejected.text, is_typed=True)
            self.composer.show_error(rejected.error)
            self._asked_version = None

    @Slot(object)
    def begin_turn(self, started: TurnStarted) -> None:
        """Show the question in the transcript; Send becomes Stop."""
        self._conversation_id = started.turn.conversation_id
        self._running_turn = started.turn
        self._asked_version = None
        self._is_paused = False
        self.transcript.begin_turn(
            started.turn, started.thought, budget_tokens=started.budget_tokens, thought_s=started.thought_s
        )
        self.middle.show_chat()
        self._show_composer_state()

    @Slot(object)
    def show_prompt_progress(self, progress: PromptProgress) -> None:
        """The engine reads the prompt."""
        if self._is_in_front(progress.turn_id):
            self.transcript.set_prompt_progress(
                progress.turn_id, progress.processed_tokens, progress.total_tokens
            )

    @Slot(object)
    def append(self, delta: ReplyDelta) -> None:
        """The reply grew; what belongs to another turn is dropped."""
        if self._is_in_front(delta.turn_id):
            self.transcript.append(delta.turn_id, delta.kind, delta.text, delta.tokens)

    @Slot(object)
    def pause_turn(self, paused: TurnPaused) -> None:
        """A thought waits for a word; where it is not in front, say so."""
        if self._running_turn is None or self._running_turn.id != paused.turn_id:
            return
        self._is_paused = True
        if self._is_in_front(paused.turn_id):
            self.transcript.pause_turn(paused.turn_id, paused.reason, paused.finding)
        self._show_composer_state()

    @Slot(object)
    def end_turn(self, ended: TurnEnded) -> None:
        """Nothing more comes; Stop becomes Send."""
        if self._running_turn is not None and self._running_turn.id == ended.turn.id:
            self._running_turn = None
        if ended.turn.conversation_id == self._conversation_id:
            self.transcript.end_turn(ended.turn, ended.error)
            self._death_is_in_transcript = isinstance(ended.error, EngineStoppedError | EngineProtocolError)
            self._show_engine_notice()
        self._show_composer_state()
        if isinstance(ended.error, PromptTooLongError):
            self._give_back(ended.turn, ended.error)

    @Slot(object)
    def show_notice(self, noticed: Noticed) -> None:
        """Say something above the chat."""
        self.notice_bars.add(noticed.error, lasting=noticed.lasting)

    @Slot(int, str)
    def _ask_version(self, turn_id: int, text: str) -> None:
        """Ask beside an earlier question; where nothing can be asked now, it waits in the field."""
        if self.composer.is_ready:
            self.composer.set_waiting("")
            self._focus_composer()  # the button that was pressed goes
            self._send_version(turn_id, text)
        elif self._asked_version is None:  # else it was pressed twice
            self.composer.begin_edit(turn_id, text)

    @Slot(int, str)
    def _send_version(self, turn_id: int, text: str) -> None:
        self._asked_version = turn_id
        self.version_requested.emit(turn_id, text)

    @Slot()
    def _focus_composer(self) -> None:
        self.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _leave_pause(self) -> None:
        self._is_paused = False
        self._focus_composer()  # the button that was pressed goes

    # Inside

    def _give_back(self, turn: Turn, error: AppError) -> None:
        """The question stands in the composer of its conversation again, to be made shorter."""
        if turn.conversation_id == self._conversation_id:
            self.composer.put_back(turn.question, error)
        else:
            self.drafts.put_back(turn.conversation_id, turn.question)

    def _swap_drafts(self, opened_id: int | None) -> None:
        """Each chat keeps what was typed in it: its draft, and an edited question."""
        unsent = self.drafts.swap(self._conversation_id, self.composer.unsent(), opened_id)
        self._conversation_id = opened_id
        self.composer.show_unsent(unsent)

    def _is_in_front(self, turn_id: int) -> bool:
        running = self._running_turn
        return (
            running is not None and running.id == turn_id and running.conversation_id == self._conversation_id
        )

    def _show_engine_notice(self) -> None:
        """A bar for an engine that has gone, unless the transcript says so already."""
        engine = self._engine
        if engine is None or engine.state is not EngineState.STOPPED or self._death_is_in_transcript:
            self.notice_bars.clear_engine_stopped()
        else:
            self.notice_bars.show_engine_stopped(engine.error or engine_error("engine_stopped", {}))

    def _show_composer_state(self) -> None:
        if self.middle.built_transcript is not None:
            self.middle.built_transcript.set_busy(BUSY if self._running_turn is not None else "")
        self.composer.set_follow_up(self.middle.is_chat_shown)
        if self._running_turn is not None:
            elsewhere = self._running_turn.conversation_id != self._conversation_id
            where = f"A reply {'waits for you' if self._is_paused else 'is being written'} in another chat."
            self.composer.set_running(where if elsewhere else "")
        elif self._engine is None or self._engine.state is EngineState.STARTING:
            self.composer.set_waiting("Starting the engine…")
        elif self._engine.state is EngineState.LOADING:
            self.composer.set_waiting(f"Loading {self._engine.model_title}…")
        elif self._engine.state is EngineState.STOPPED:
            self.composer.set_waiting("The engine has stopped.")
        else:
            self.composer.set_ready()
