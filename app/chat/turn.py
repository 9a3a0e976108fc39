"""One question and its reply while it is being written. The thought lives here, in memory, only."""

from __future__ import annotations

import dataclasses
import time

import msgspec

from app.chat.events import ContextFilled, TurnPaused
from app.history.records import Turn, TurnState
from models.engine.protocol import Delta, Message, Paused, StopReason, TurnBegan, Usage
from models.reasoning import PieceKind

_STATE_OF = {
    StopReason.END: TurnState.FINISHED,
    StopReason.LENGTH: TurnState.LENGTH,
    StopReason.STOPPED: TurnState.STOPPED,
}

AGAIN_TEMPERATURE = 0.7
"""For another try after a loop: the upper end of DeepSeek's advice, with another seed."""


class RunningTurn:
    """Gathers the pieces of one reply and knows what of it may be written down.

    `turn` is as it was stored when the question was asked; `budget_tokens` is how long its thought may get,
    0: as there is room; `paused` stands while the thought waits for a word, `context` from when the prompt is
    put together. It ends exactly once, by one of
    the three methods that give the ended turn.

    Where `turn` has an answer already, that goes on: the engine says it once more as the first of the reply,
    which is dropped here.
    """

    def __init__(self, turn: Turn, engine_turn_id: int, budget_tokens: int = 0) -> None:
        self.turn = turn
        self.engine_turn_id = engine_turn_id
        self.budget_tokens = budget_tokens
        self._thought_parts: list[str] = []
        self._answer_parts: list[str] = []
        self._tokens = {PieceKind.REASONING: 0, PieceKind.ANSWER: 0}
        self._said_again_chars = len(turn.answer)
        self.paused: TurnPaused | None = None
        self.context: ContextFilled | None = None
        self._seconds = {PieceKind.REASONING: 0.0, PieceKind.ANSWER: 0.0}
        self._last_at: float | None = None

    def take(self, delta: Delta) -> Delta:
        """Add a piece of the reply; gives what is new of it."""
        now = time.monotonic()
        passed_s = now - (self._last_at or now)
        self._last_at = now
        self.paused = None
        if delta.kind is PieceKind.RECLASSIFIED:
            self._thought_parts += self._answer_parts
            self._answer_parts = []
            self._tokens[PieceKind.REASONING] += self._tokens[PieceKind.ANSWER]
            self._tokens[PieceKind.ANSWER] = 0
            self._seconds[PieceKind.REASONING] += self._seconds[PieceKind.ANSWER] + passed_s
            self._seconds[PieceKind.ANSWER] = 0.0
            return delta
        if delta.kind is PieceKind.ANSWER and self._said_again_chars:
            new = delta.text[self._said_again_chars :]
            self._said_again_chars -= len(delta.text) - len(new)
            delta = msgspec.structs.replace(delta, text=new)
        self._tokens[delta.kind] += delta.tokens
        self._seconds[delta.kind] += passed_s
        if delta.kind is PieceKind.REASONING:
            self._thought_parts.append(delta.text)
        else:
            self._answer_parts.append(delta.text)
        return delta

    def begin(self, event: TurnBegan) -> ContextFilled:
        """The prompt is put together; give what is to be said of it."""
        self.context = ContextFilled(self.turn.id, event.prompt_tokens, event.context_tokens)
        return self.context

    def pause(self, event: Paused) -> TurnPaused:
        """The engine waits for a word; give what is to be said of it."""
        self._last_at = None
        self.paused = TurnPaused(self.turn.id, event.reason, event.finding)
        return self.paused

    def go_on(self) -> None:
        """The word has come: the time counts again."""
        if self.paused is not None:
            self.paused = None
            self._last_at = time.monotonic()

    @property
    def thought_s(self) -> float:
        """How long it has thought so far, pauses left out."""
        return self._seconds[PieceKind.REASONING]

    @property
    def thought_text(self) -> str:
        """The thought so far. It must not be written anywhere."""
        return "".join(self._thought_parts)

    @property
    def answer_text(self) -> str:
        """The answer so far, without white space at its end; never less than it went on from."""
        return (self.turn.answer + "".join(self._answer_parts)).rstrip()

    def deltas_so_far(self) -> list[Delta]:
        """What is new of the reply so far as two pieces, for a view that comes back to it."""
        parts = ((PieceKind.REASONING, self._thought_parts), (PieceKind.ANSWER, self._answer_parts))
        return [
            Delta(self.engine_turn_id, kind, "".join(texts), self._tokens[kind])
            for kind, texts in parts
            if texts
        ]

    @property
    def is_safe_to_save(self) -> bool:
        """Whether the answer so far is surely answer.

        A reply that never thought may turn out to have been thinking all along: its closing tag
        comes without an opening one. Until it ends, nothing of it is written down.
        """
        return bool(self._thought_parts or self.turn.answer)

    def finished(self, reason: StopReason, usage: Usage) -> Turn:
        """The turn as the engine ended it."""
        return dataclasses.replace(
            self.turn, state=_STATE_OF[reason], answer=self.answer_text, usage=self._whole(usage)
        )

    def failed(self, failure: str) -> Turn:
        """The turn as an error ended it; the answer so far is kept."""
        return dataclasses.replace(
            self.turn,
            state=TurnState.FAILED,
            answer=self.answer_text,
            usage=self._usage_so_far(),
            failure=failure,
        )

    def abandoned(self) -> Turn:
        """The turn as closing Ponder, or changing the model, ended it."""
        return dataclasses.replace(
            self.turn, state=TurnState.STOPPED, answer=self.answer_text, usage=self._usage_so_far()
        )

    def _usage_so_far(self) -> Usage:
        return self._whole(
            Usage(
                reasoning_tokens=self._tokens[PieceKind.REASONING],
                answer_tokens=self._tokens[PieceKind.ANSWER],
                reasoning_s=self.thought_s,
            )
        )

    def _whole(self, usage: Usage) -> Usage:
        """With what the turn had taken before it went on."""
        before = self.turn.usage
        if not self.turn.answer:
            return usage
        return msgspec.structs.replace(
            usage,
            reasoning_tokens=before.reasoning_tokens + usage.reasoning_tokens,
            reasoning_s=before.reasoning_s + usage.reasoning_s,
            answer_tokens=before.answer_tokens + usage.answer_tokens,
            answer_s=before.answer_s + usage.answer_s,
            thought_end=before.thought_end or usage.thought_end,
        )


def messages_for(turns: list[Turn], question: str) -> list[Message]:
    """The chat as the model is to see it: earlier questions with their answers, then the question.

    Turns without an answer (failed, or stopped in the middle of a thought) are left out: an
    unfinished thought is never an answer, and most templates want the roles to alternate.
    """
    messages: list[Message] = []
    for turn in turns:
        if turn.answer.strip():
            messages += [Message("user", turn.question), Message("assistant", turn.answer)]
    return [*messages, Message("user", question)]
