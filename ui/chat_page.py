"""The chat: notices, the transcript or an empty page, and the composer under it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.chat.events import (
    ConversationOpened,
    ConversationsListed,
    EngineState,
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
from models.errors import (
    AppError,
    EngineProtocolError,
    EngineStoppedError,
    PromptTooLongError,
    engine_error,
)
from models.reasoning import PieceKind
from ui.composer.composer import Composer
from ui.composer.drafts import Drafts
from ui.empty_state import EmptyState
from ui.notice_bar import NoticeBars
from ui.theme import Theme
from ui.transcript.reading_aids import ReadingAids
from ui.transcript.view import TranscriptView

ZOOMS = (80, 90, 100, 110, 125, 150, 175, 200)
"""The steps of the text's size, in per cent."""


class ChatPage(QWidget):
    """Follows the events of the chat; the window connects them.

    Signals:
        ask_requested(text), stop_requested, answer_now_requested, restart_requested, pause_requested,
        go_on_requested(hint), try_again_requested: for the controller.
        draft_rested(text): a long draft can be read ahead.
        thinking_chosen(values): how the model is to think from now on, fields of `Settings`.
        zoom_chosen(percent): how large the text of the transcript is to be from now on.
        link_requested(address), save_thought_requested(turn_id, text): from the transcript.
    """

    ask_requested = Signal(str)
    stop_requested = Signal()
    answer_now_requested = Signal()
    pause_requested = Signal()
    go_on_requested = Signal(str)
    try_again_requested = Signal()
    draft_rested = Signal(str)
    thinking_chosen = Signal(dict)
    zoom_chosen = Signal(int)
    restart_requested = Signal()
    link_requested = Signal(str)
    save_thought_requested = Signal(int, str)

    def __init__(self, theme: Theme, *, thoughts_open: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._conversation_id: int | None = None
        self._running_turn: Turn | None = None
        self._is_paused = False
        self._engine: EngineStateChanged | None = None
        self._death_is_in_transcript = False
        self._wanted_turn: tuple[int, int] | None = None
        self._zoom_percent = 100
        self._drafts = Drafts()
        self.notice_bars = NoticeBars()
        self.empty_state = EmptyState()
        self.transcript = TranscriptView(theme, thoughts_open=thoughts_open)
        self.aids = ReadingAids(theme, self.transcript)
        self.composer = Composer()
        self.middle = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_composer_state()

    # Construction

    def _lay_out(self) -> None:
        self.middle.addWidget(self.empty_state)
        self.middle.addWidget(self.aids)
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
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.composer.ask_requested.connect(self.ask_requested)
        self.composer.stop_requested.connect(self.stop_requested)
        self.composer.draft_rested.connect(self.draft_rested)
        self.composer.thinking_chosen.connect(self.thinking_chosen)
        self.empty_state.example_chosen.connect(self.composer.ask_now)
        self.transcript.ask_again_requested.connect(self.composer.ask_now)
        self.transcript.edit_requested.connect(self.composer.edit_again)
        self.aids.zoom_requested.connect(self._zoom_by)
        self.aids.left.connect(self._focus_composer)
        self.transcript.answer_now_requested.connect(self._on_answer_now_requested)
        self.transcript.pause_requested.connect(self.pause_requested)
        self.transcript.go_on_requested.connect(self._on_go_on_requested)
        self.transcript.try_again_requested.connect(self._on_try_again_requested)
        self.transcript.restart_requested.connect(self.restart_requested)
        self.transcript.link_requested.connect(self.link_requested)
        self.transcript.save_thought_requested.connect(self.save_thought_requested)
        self.notice_bars.restart_requested.connect(self.restart_requested)

    # Public methods

    @property
    def conversation_id(self) -> int | None:
        """The conversation in front; None is a new one."""
        return self._conversation_id

    def set_theme(self, theme: Theme) -> None:
        """Repaint in these colours."""
        self.transcript.set_theme(theme)
        self.aids.set_theme(theme)

    @Slot()
    def answer_now(self) -> None:
        """Close the running thought; where none runs, send what is written, if that is where the keys go."""
        if not self.transcript.request_answer_now() and self.composer.edit.hasFocus():
            self.composer.send()

    def set_zoom(self, zoom_percent: int) -> None:
        """How large the text of the transcript is."""
        self._zoom_percent = zoom_percent
        self.transcript.set_zoom(zoom_percent)

    @Slot()
    def zoom_in(self) -> None:
        """Larger text."""
        self._zoom_by(1)

    @Slot()
    def zoom_out(self) -> None:
        """Smaller text."""
        self._zoom_by(-1)

    @Slot()
    def zoom_back(self) -> None:
        """Text as large as it comes."""
        self.zoom_chosen.emit(100)

    def find_in_chat(self) -> bool:
        """Begin to find in the chat in front. False where there is none."""
        is_chat = self.middle.currentWidget() is self.aids
        if is_chat:
            self.aids.find_bar.open()
        return is_chat

    @Slot()
    def find_next(self) -> None:
        """To the next match in the chat in front."""
        if self.middle.currentWidget() is self.aids:
            self.aids.find_again()

    @Slot()
    def find_previous(self) -> None:
        """To the match before."""
        if self.middle.currentWidget() is self.aids:
            self.aids.find_again(back=True)

    @Slot(int, int)
    def expect_turn(self, conversation_id: int, turn_id: int) -> None:
        """When the conversation comes to the front, it is to show this turn."""
        self._wanted_turn = (conversation_id, turn_id)

    # Slots for what the chat says

    @Slot(EngineStateChanged)
    def show_engine(self, change: EngineStateChanged) -> None:
        """The engine moved on: say why nothing can be sent, or that it has gone."""
        self._engine = change
        self.empty_state.show_built_in(change.built_in)
        if change.model is not None:
            self.composer.thinking_button.show_model(
                thinks=change.model.reasons, can_skip=change.model.can_skip_thinking
            )
        if change.state is not EngineState.STOPPED:
            self._death_is_in_transcript = False
        self._show_engine_notice()
        self._show_composer_state()

    @Slot(ConversationOpened)
    def show_conversation(self, opened: ConversationOpened) -> None:
        """Put a conversation in front; each keeps its own draft."""
        conversation = opened.conversation
        draft = self._drafts.swap(
            self._conversation_id, self.composer.text(), conversation.summary.id if conversation else None
        )
        self._conversation_id = conversation.summary.id if conversation else None
        self.composer.set_text(draft)
        self._death_is_in_transcript = False
        self._show_engine_notice()
        self.aids.forget()
        if conversation is None or not conversation.turns:
            self.transcript.clear()
            self.middle.setCurrentWidget(self.empty_state)
        else:
            self._show_turns(conversation.turns, opened.thoughts)
            self.middle.setCurrentWidget(self.aids)
            if self._wanted_turn is not None and self._wanted_turn[0] == conversation.summary.id:
                self.transcript.scroll_to_turn(self._wanted_turn[1])
                self._wanted_turn = None
        self._show_composer_state()
        self.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(ConversationsListed)
    def follow_list(self, listed: ConversationsListed) -> None:
        """A reply ends with its conversation: if that was deleted, nothing runs any more."""
        ids = {conversation.id for conversation in listed.conversations}
        if self._running_turn is not None and self._running_turn.conversation_id not in ids:
            self._running_turn = None
            self._show_composer_state()

    @Slot(QuestionRejected)
    def show_rejection(self, rejected: QuestionRejected) -> None:
        """Give the text back, with the reason."""
        self._show_composer_state()
        self.composer.put_back(rejected.text, rejected.error)

    @Slot(TurnStarted)
    def begin_turn(self, started: TurnStarted) -> None:
        """Show the question in the transcript; Send becomes Stop."""
        self._conversation_id = started.turn.conversation_id
        self._running_turn = started.turn
        self._is_paused = False
        self.transcript.begin_turn(
            started.turn, budget_tokens=started.budget_tokens, thought_s=started.thought_s
        )
        self.middle.setCurrentWidget(self.aids)
        self._show_composer_state()

    @Slot(PromptProgress)
    def show_prompt_progress(self, progress: PromptProgress) -> None:
        """The engine reads the prompt."""
        if self._is_in_front(progress.turn_id):
            self.transcript.set_prompt_progress(
                progress.turn_id, progress.processed_tokens, progress.total_tokens
            )

    @Slot(ReplyDelta)
    def append(self, delta: ReplyDelta) -> None:
        """The reply grew; what belongs to another turn is dropped."""
        if self._is_in_front(delta.turn_id):
            self.transcript.append(delta.turn_id, delta.kind, delta.text, delta.tokens)

    @Slot(TurnPaused)
    def pause_turn(self, paused: TurnPaused) -> None:
        """A thought waits for a word; where it is not in front, say so."""
        if self._running_turn is None or self._running_turn.id != paused.turn_id:
            return
        self._is_paused = True
        if self._is_in_front(paused.turn_id):
            self.transcript.pause_turn(paused.turn_id, paused.reason, paused.finding)
        self._show_composer_state()

    @Slot(TurnEnded)
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

    @Slot(Noticed)
    def show_notice(self, noticed: Noticed) -> None:
        """Say something above the chat."""
        self.notice_bars.add(noticed.error, lasting=noticed.lasting)

    @Slot()
    def _on_answer_now_requested(self) -> None:
        self.answer_now_requested.emit()
        self._leave_pause()

    @Slot(str)
    def _on_go_on_requested(self, hint: str) -> None:
        self.go_on_requested.emit(hint)
        self._leave_pause()

    @Slot(int)
    def _zoom_by(self, steps: int) -> None:
        nearest = min(range(len(ZOOMS)), key=lambda number: abs(ZOOMS[number] - self._zoom_percent))
        self.zoom_chosen.emit(ZOOMS[min(max(nearest + steps, 0), len(ZOOMS) - 1)])

    @Slot()
    def _focus_composer(self) -> None:
        self.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_try_again_requested(self) -> None:
        self.try_again_requested.emit()
        self._leave_pause()

    # Inside

    def _leave_pause(self) -> None:
        self._is_paused = False
        self._focus_composer()  # the button that was pressed goes

    def _give_back(self, turn: Turn, error: AppError) -> None:
        """The question stands in the composer of its conversation again, to be made shorter."""
        if turn.conversation_id == self._conversation_id:
            self.composer.put_back(turn.question, error)
        else:
            self._drafts.put_back(turn.conversation_id, turn.question)

    def _show_turns(self, turns: Sequence[Turn], thoughts: Mapping[int, str]) -> None:
        """Show stored turns; those since the start, whose thoughts are still in memory, come as if live."""
        stored = list(itertools.takewhile(lambda turn: turn.id not in thoughts, turns))
        self.transcript.show_turns(stored)
        for turn in turns[len(stored) :]:
            self.transcript.begin_turn(turn)
            if turn.id in thoughts:
                self.transcript.append(
                    turn.id, PieceKind.REASONING, thoughts[turn.id], turn.usage.reasoning_tokens
                )
            self.transcript.append(turn.id, PieceKind.ANSWER, turn.answer, turn.usage.answer_tokens)
            self.transcript.end_turn(turn, None)

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
        self.composer.set_follow_up(self.middle.currentWidget() is self.aids)
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
