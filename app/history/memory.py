"""A history that writes nothing: for a folder that cannot be written, and for chats not to be kept."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from app.errors import AppError, HistoryError
from app.history.records import Conversation, ConversationSummary, SearchHit, Turn, TurnState
from app.history.titles import title_from_question
from models.engine.protocol import Usage


class History(Protocol):
    """What a chat needs of a history; `HistoryStore` keeps it on disk, `MemoryHistory` does not."""

    def conversations(self) -> list[ConversationSummary]:
        """All conversations, the last used first."""
        ...

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with its turns. Raises `HistoryError` if it is not there."""
        ...

    def begin_turn(self, conversation_id: int | None, question: str, model_name: str) -> Turn:
        """Store a question; None makes the conversation. Durable when it returns."""
        ...

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Store what stands of an answer."""
        ...

    def end_turn(
        self, turn_id: int, *, state: TurnState, answer: str, usage: Usage, failure: str = ""
    ) -> Turn:
        """Store how a turn ended."""
        ...

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        ...

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own, 0: as usual."""
        ...

    def delete(self, conversation_id: int) -> None:
        """Delete a conversation."""
        ...

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Find turns and titles that hold all words of `text`."""
        ...

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """Look after the file in the background, if something is due; `notice` gets what went wrong."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class MemoryHistory:
    """Holds conversations until the program ends; see `History`."""

    def __init__(self) -> None:
        self._conversations: dict[int, Conversation] = {}
        self._ids = itertools.count(1)

    def conversations(self) -> list[ConversationSummary]:
        """All conversations, the last used first."""
        summaries = [conversation.summary for conversation in self._conversations.values()]
        return sorted(summaries, key=lambda summary: summary.updated_at, reverse=True)

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with its turns. Raises `HistoryError` if it is not there."""
        try:
            return self._conversations[conversation_id]
        except KeyError:
            raise HistoryError("This conversation is not there any more.") from None

    def begin_turn(self, conversation_id: int | None, question: str, model_name: str) -> Turn:
        """Hold a question; None makes the conversation."""
        now = datetime.now(UTC)
        if conversation_id is None:
            conversation_id = next(self._ids)
            summary = ConversationSummary(conversation_id, title_from_question(question), now, now, 0)
            self._conversations[conversation_id] = Conversation(summary, ())
        turn = Turn(next(self._ids), conversation_id, question, "", TurnState.RUNNING, model_name, now)
        self._put_turns(conversation_id, (*self.conversation(conversation_id).turns, turn))
        return turn

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Hold what stands of an answer."""
        self._replace(dataclasses.replace(self._turn(turn_id), answer=answer))

    def end_turn(
        self, turn_id: int, *, state: TurnState, answer: str, usage: Usage, failure: str = ""
    ) -> Turn:
        """Hold how a turn ended."""
        turn = dataclasses.replace(
            self._turn(turn_id), state=state, answer=answer, usage=usage, failure=failure
        )
        self._replace(turn)
        return turn

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        self._put_summary(dataclasses.replace(self.conversation(conversation_id).summary, title=title))

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own, 0: as usual."""
        summary = self.conversation(conversation_id).summary
        self._put_summary(dataclasses.replace(summary, context_tokens=context_tokens))

    def delete(self, conversation_id: int) -> None:
        """Forget a conversation."""
        self._conversations.pop(conversation_id, None)

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Find turns and titles that hold all words of `text`."""
        words = text.casefold().split()
        hits = [
            SearchHit(summary.id, summary.title, turn.id, turn.question[:120])
            for summary in self.conversations()
            for turn in self._conversations[summary.id].turns
            if all(word in f"{summary.title} {turn.question} {turn.answer}".casefold() for word in words)
        ]
        return hits[:limit] if words else []

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """There is no file to look after."""

    def close(self) -> None:
        """Nothing is open."""

    def _turn(self, turn_id: int) -> Turn:
        for conversation in self._conversations.values():
            for turn in conversation.turns:
                if turn.id == turn_id:
                    return turn
        raise HistoryError("This question is not there any more.")

    def _put_summary(self, summary: ConversationSummary) -> None:
        conversation = self.conversation(summary.id)
        self._conversations[summary.id] = dataclasses.replace(conversation, summary=summary)

    def _replace(self, turn: Turn) -> None:
        turns = self.conversation(turn.conversation_id).turns
        self._put_turns(
            turn.conversation_id, tuple(turn if other.id == turn.id else other for other in turns)
        )

    def _put_turns(self, conversation_id: int, turns: tuple[Turn, ...]) -> None:
        summary = dataclasses.replace(
            self.conversation(conversation_id).summary, updated_at=datetime.now(UTC), turn_count=len(turns)
        )
        self._conversations[conversation_id] = Conversation(summary, turns)
