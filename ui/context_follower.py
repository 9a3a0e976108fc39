"""Follows the chat to say what is in the context right now: history, thought, and the room left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from app.chat.events import (
    ContextFilled,
    ConversationOpened,
    EngineStateChanged,
    ReplyDelta,
    TurnEnded,
    TurnStarted,
)
from app.history.records import Turn
from models.reasoning import PieceKind
from ui.context_meter import AUTOMATIC, ContextUse, sizes_for


class ContextFollower(QObject):
    """Counts the tokens of the conversation in front.

    Signals:
        changed(use): what is in the context, a `ContextUse`.
        sizes_changed(sizes, chosen): which sizes this chat may choose from, and which it has chosen.
    """

    changed = Signal(ContextUse)
    sizes_changed = Signal(list, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._use = ContextUse()
        self._kept_tokens = 0
        self._usual_size = 0
        self._trained_tokens = 0
        self._chosen_size = AUTOMATIC
        self._conversation_id: int | None = None
        self._running_turn_id: int | None = None

    @Slot(EngineStateChanged)
    def follow_engine(self, change: EngineStateChanged) -> None:
        """A model was loaded, or went."""
        model = change.model
        self._usual_size = model.context_tokens if model else 0
        self._trained_tokens = model.trained_context_tokens if model else 0
        self._show_sizes()
        self._show(size=self._size())

    @Slot(ConversationOpened)
    def follow_conversation(self, opened: ConversationOpened) -> None:
        """Another conversation is in front."""
        conversation = opened.conversation
        self._conversation_id = conversation.summary.id if conversation else None
        self._chosen_size = conversation.summary.context_tokens if conversation else AUTOMATIC
        self._show_sizes()
        self._kept_tokens = _kept_tokens(conversation.turns) if conversation else 0
        self._show(history=self._kept_tokens, thought=0, size=self._size())

    @Slot(TurnStarted)
    def begin_turn(self, started: TurnStarted) -> None:
        """A question goes to the engine, or one is come back to."""
        self._conversation_id = started.turn.conversation_id
        self._running_turn_id = started.turn.id

    @Slot(ContextFilled)
    def fill(self, filled: ContextFilled) -> None:
        """The prompt is put together."""
        if filled.turn_id == self._running_turn_id:
            self._show(history=filled.prompt_tokens, thought=0, size=filled.context_tokens)

    @Slot(ReplyDelta)
    def count(self, delta: ReplyDelta) -> None:
        """The reply grew."""
        use = self._use
        if delta.turn_id != self._running_turn_id:
            return
        if delta.kind is PieceKind.REASONING:
            self._show(thought=use.thought + delta.tokens)
        elif delta.tokens:
            self._show(history=use.history + delta.tokens)

    @Slot(TurnEnded)
    def end_turn(self, ended: TurnEnded) -> None:
        """The thought is free again; an answer stays. Without one the whole turn is left out."""
        if ended.turn.id == self._running_turn_id:
            self._running_turn_id = None
        if ended.turn.conversation_id != self._conversation_id:
            return
        self._kept_tokens = _kept_tokens((ended.turn,)) or self._kept_tokens
        self._show(history=self._kept_tokens, thought=0)

    @Slot(int)
    def note_choice(self, size: int) -> None:
        """The user gave this chat a context of that size, from its next question on."""
        self._chosen_size = size
        self._show_sizes()
        self._show(size=self._size())

    def _size(self) -> int:
        if not self._usual_size:
            return 0
        return min(self._chosen_size, self._trained_tokens) or self._usual_size

    def _show_sizes(self) -> None:
        self.sizes_changed.emit(sizes_for(self._trained_tokens), self._chosen_size)

    def _show(self, **changes: int) -> None:
        self._use = self._use._replace(**changes)
        self.changed.emit(self._use)


def _kept_tokens(turns: Sequence[Turn]) -> int:
    """What the next prompt holds of them: the last prompt and its answer."""
    for turn in reversed(turns):
        if turn.answer.strip() and turn.usage.prompt_tokens:
            return turn.usage.prompt_tokens + turn.usage.answer_tokens
    return 0
