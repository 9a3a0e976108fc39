"""The conversation in front: its turns as the model is to see them, its thoughts, its wish for a context."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from app.chat import events
from app.chat.events import ChatEvent
from app.chat.turn import RunningTurn, messages_for
from app.chat.two_histories import TwoHistories
from app.errors import InputError
from app.history.memory import MemoryHistory
from app.history.records import Conversation, Deletion, Turn
from models.engine.protocol import Message

LISTED_AT_FIRST = 100
"""Conversations in the list, before more are wanted: it is said anew after every turn."""


class FrontConversation:
    """Which conversation is in front, and what is known of it. Used on the chat's thread only.

    `conversation_id` None: a new one, stored with its first question; not at all if it `is_temporary`.
    `context_tokens` 0: as usual. All methods that touch the history raise `HistoryError`.
    """

    def __init__(self, say: Callable[[ChatEvent], None]) -> None:
        self._say = say
        self.history = TwoHistories(MemoryHistory())
        self.conversation_id: int | None = None
        self.is_temporary = False
        self.context_tokens = 0
        self._listed = LISTED_AT_FIRST
        self._turns: list[Turn] = []
        self._thoughts: dict[int, tuple[int, str]] = {}
        """By turn: its conversation, and what was thought."""

    def messages(self, question: str) -> list[Message]:
        """The path in front with a question at its end, as the model is to see it."""
        return messages_for(self._turns, question)

    def list_all(self) -> None:
        """Say which conversations and folders there are."""
        found = self.history.conversations(self._listed + 1)
        newest = [summary for summary in found if not summary.is_temporary]
        has_more = len(newest) > self._listed
        if has_more and not newest[self._listed].is_pinned:
            found.remove(newest[self._listed])
        folders = tuple(self.history.folders())
        self._say(events.ConversationsListed(tuple(found), folders, has_more=has_more))

    def list_more(self) -> None:
        """Say also those that were used longer ago."""
        self._listed *= 4
        self.list_all()

    def clear(self, *, is_temporary: bool = False) -> None:
        """Put an empty conversation in front."""
        self.conversation_id = None
        self.is_temporary = is_temporary
        self.context_tokens = 0
        self._turns = []
        self._say(events.ConversationOpened(None, is_temporary=is_temporary))

    def forget_all(self) -> None:
        """Nothing is in front any more, no thought is known, and what was temporary is gone. Says nothing."""
        self.conversation_id = None
        self.is_temporary = False
        self.context_tokens = 0
        self._turns = []
        self._thoughts = {}
        self.history.forget_temporary()

    def open(self, conversation_id: int, running: RunningTurn | None) -> None:
        """Put a conversation in front; a reply of it that is being written goes on there."""
        conversation = self.history.conversation(conversation_id)
        if running is not None and running.turn.conversation_id != conversation_id:
            running = None
        self._show(conversation, running.turn.id if running is not None else None)
        if running is not None:
            self._show_running(running)

    def begin_turn(self, question: str, model_title: str) -> Turn:
        """Store a question in it; its wish for a context is stored with the first one."""
        is_new = self.conversation_id is None
        if is_new and self.is_temporary:
            turn = self.history.begin_temporary(question, model_title)
        else:
            turn = self.history.begin_turn(self.conversation_id, question, model_title)
        self.conversation_id = turn.conversation_id
        if is_new and self.context_tokens:
            self.history.set_context(turn.conversation_id, self.context_tokens)
        return turn

    def begin_version(self, question: str, model_title: str, version_of: int) -> Turn:
        """Store a question beside one of the path; what is in front then ends before it.

        Raises `InputError` where that one is not in front.
        """
        if self.conversation_id is None or version_of not in {turn.id for turn in self._turns}:
            raise InputError(
                "That question is not in the chat in front any more.", kept="Your words are kept."
            )
        turn = self.history.begin_turn(self.conversation_id, question, model_title, version_of=version_of)
        self._show(self.history.conversation(turn.conversation_id), turn.id)
        return turn

    def resume_turn(self, turn_id: int) -> Turn:
        """Let the last turn of the path run again; for the model the chat then ends before it.

        Raises `InputError` where it is not the last.
        """
        if not self._turns or self._turns[-1].id != turn_id:
            raise InputError("Only the last answer of a chat can go on.", kept="Nothing was changed.")
        turn = self.history.resume_turn(turn_id)
        self._turns.pop()
        return turn

    def take_ended(self, turn: Turn, thought: str) -> None:
        """A turn has ended: keep its thought in memory, and the turn if it belongs here.

        One that went on has a thought already, which stays.
        """
        if thought:
            self._thoughts[turn.id] = turn.conversation_id, self.thought_of(turn) + thought
        if turn.conversation_id == self.conversation_id:
            self._turns.append(turn)

    def thought_of(self, turn: Turn) -> str:
        """What was thought before it ended, where that is still in memory."""
        return self._thoughts.get(turn.id, (0, ""))[1]

    def show_version(self, turn_id: int, running: RunningTurn | None) -> None:
        """Put the conversation of a turn in front, with the path through it.

        Raises `InputError` where that would hide a reply that is being written.
        """
        conversation_id = self.history.show_version(turn_id)
        if running is not None and running.turn.conversation_id == conversation_id:
            ids = {turn.id for turn in self.history.conversation(conversation_id).turns}
            if running.turn.id not in ids:
                self.history.show_version(running.turn.id)
                raise InputError("A reply is being written here.", advice="Stop it, or wait for its end.")
        self.open(conversation_id, running)

    def branch(self, turn_id: int, running: RunningTurn | None) -> None:
        """Put a copy of the path up to and with a turn in front, with its thoughts."""
        before = [turn.id for turn in self._turns]
        new_id = self.history.branch(turn_id)
        if turn_id in before:
            copies = self.history.conversation(new_id).turns
            for old_id, copy in zip(before, copies, strict=False):
                if old_id in self._thoughts:
                    self._thoughts[copy.id] = new_id, self._thoughts[old_id][1]
        self.open(new_id, running)

    def forget(self, deletion: Deletion) -> None:
        """What was deleted is gone for good: its thoughts go too."""
        self._thoughts = {
            turn_id: (conversation_id, thought)
            for turn_id, (conversation_id, thought) in self._thoughts.items()
            if turn_id != deletion.turn_id and conversation_id != deletion.conversation_id
        }

    def set_context(self, context_tokens: int) -> None:
        """Give it a context size of its own, 0: as usual."""
        if self.conversation_id is not None:
            self.history.set_context(self.conversation_id, context_tokens)
        self.context_tokens = context_tokens

    def _show(self, conversation: Conversation, running_id: int | None) -> None:
        """Put it in front, without the turn that is being written."""
        turns = tuple(turn for turn in conversation.turns if turn.id != running_id)
        self.conversation_id = conversation.summary.id
        self.is_temporary = conversation.summary.is_temporary
        self.context_tokens = conversation.summary.context_tokens
        self._turns = list(turns)
        shown = dataclasses.replace(conversation, turns=turns)
        self._say(events.ConversationOpened(shown, self._thoughts_of(turns), self.is_temporary))

    def _thoughts_of(self, turns: tuple[Turn, ...]) -> Mapping[int, str]:
        return {turn.id: self._thoughts[turn.id][1] for turn in turns if turn.id in self._thoughts}

    def _show_running(self, running: RunningTurn) -> None:
        thought = self.thought_of(running.turn)
        self._say(events.TurnStarted(running.turn, running.budget_tokens, running.thought_s, thought))
        if running.context is not None:
            self._say(running.context)
        for delta in running.deltas_so_far():
            self._say(events.ReplyDelta(running.turn.id, delta.kind, delta.text, delta.tokens))
        if running.paused is not None:
            self._say(running.paused)
