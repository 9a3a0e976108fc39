"""The conversation in front: its turns as the model is to see them, its thoughts, its wish for a context."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.chat import events
from app.chat.events import ChatEvent
from app.chat.turn import RunningTurn, messages_for
from app.history.memory import History, MemoryHistory
from app.history.records import Conversation, Turn
from models.engine.protocol import Message


class FrontConversation:
    """Which conversation is in front, and what is known of it. Used on the chat's thread only.

    `conversation_id` None: a new one, stored with its first question. `context_tokens` 0: as usual. All
    methods that touch the history raise `HistoryError`.
    """

    def __init__(self, say: Callable[[ChatEvent], None]) -> None:
        self._say = say
        self.history: History = MemoryHistory()
        self.conversation_id: int | None = None
        self.context_tokens = 0
        self._turns: list[Turn] = []
        self._thoughts: dict[int, str] = {}

    def messages(self, question: str) -> list[Message]:
        """The chat with a question at its end, as the model is to see it."""
        return messages_for(self._turns, question)

    def list_all(self) -> None:
        """Say which conversations there are."""
        self._say(events.ConversationsListed(tuple(self.history.conversations())))

    def clear(self) -> None:
        """Put an empty conversation in front."""
        self.conversation_id = None
        self.context_tokens = 0
        self._turns = []
        self._say(events.ConversationOpened(None))

    def open(self, conversation_id: int, running: RunningTurn | None) -> None:
        """Put a conversation in front; a reply of it that is being written goes on there."""
        conversation = self.history.conversation(conversation_id)
        if running is not None and running.turn.conversation_id != conversation_id:
            running = None
        turns = tuple(turn for turn in conversation.turns if running is None or turn.id != running.turn.id)
        self.conversation_id = conversation_id
        self.context_tokens = conversation.summary.context_tokens
        self._turns = list(turns)
        shown = Conversation(conversation.summary, turns)
        self._say(events.ConversationOpened(shown, self._thoughts_of(turns)))
        if running is not None:
            self._show_running(running)

    def begin_turn(self, question: str, model_title: str) -> Turn:
        """Store a question in it; its wish for a context is stored with the first one."""
        is_new = self.conversation_id is None
        turn = self.history.begin_turn(self.conversation_id, question, model_title)
        self.conversation_id = turn.conversation_id
        if is_new and self.context_tokens:
            self.history.set_context(turn.conversation_id, self.context_tokens)
        return turn

    def take_ended(self, turn: Turn, thought: str) -> None:
        """A turn has ended: keep its thought in memory, and the turn if it belongs here."""
        if thought:
            self._thoughts[turn.id] = thought
        if turn.conversation_id == self.conversation_id:
            self._turns.append(turn)

    def set_context(self, context_tokens: int) -> None:
        """Give it a context size of its own, 0: as usual."""
        if self.conversation_id is not None:
            self.history.set_context(self.conversation_id, context_tokens)
        self.context_tokens = context_tokens

    def _thoughts_of(self, turns: tuple[Turn, ...]) -> Mapping[int, str]:
        return {turn.id: self._thoughts[turn.id] for turn in turns if turn.id in self._thoughts}

    def _show_running(self, running: RunningTurn) -> None:
        self._say(events.TurnStarted(running.turn, running.budget_tokens, running.thought_s))
        if running.context is not None:
            self._say(running.context)
        for delta in running.deltas_so_far():
            self._say(events.ReplyDelta(running.turn.id, delta.kind, delta.text, delta.tokens))
        if running.paused is not None:
            self._say(running.paused)
