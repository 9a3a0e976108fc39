"""The reply as it grows: tokens to text, text to pieces, pieces to the output, and the numbers."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from models.engine.loop import TurnOutput
from models.engine.protocol import ThoughtEnd, Usage
from models.reasoning import Piece, PieceKind, ReasoningSplitter


@dataclass(frozen=True, slots=True)
class Reading:
    """How the reply of one family of models is read: what its text and its special tokens mean."""

    splitter: ReasoningSplitter
    special: Mapping[int, Callable[[], list[Piece]]]
    feed: Callable[[str], list[Piece]]
    finish: Callable[[], list[Piece]]
    open_answer: Callable[[], list[Piece]]


class Reply:
    """The reply as it grows. `piece` gives the bytes of a token."""

    def __init__(self, output: TurnOutput, piece: Callable[[int], bytes], reading: Reading) -> None:
        self.output = output
        self._piece = piece
        self._splitter = reading.splitter
        self._reading = reading
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._reasoning_tokens = 0
        self._answer_tokens = 0
        self._first_at = 0.0
        self._last_at = 0.0
        self._thought_until = 0.0
        self._thought_end = ThoughtEnd.NONE
        self.last_text = ""

    @property
    def is_thinking(self) -> bool:
        """Whether the next token belongs to a thought."""
        return self._splitter.is_inside

    @property
    def thought_tokens(self) -> int:
        """How many tokens of thinking there are so far."""
        return self._reasoning_tokens

    def go_on(self, answer_so_far: str) -> None:
        """The reply goes on from this text of its answer: say it once more, as the first of the reply."""
        self._put(self._reading.open_answer() + self._reading.feed(answer_so_far), 0)

    def leave_out(self, paused_s: float) -> None:
        """Do not count a time in which the turn waited."""
        self._first_at += paused_s

    def take_forced(self, tokens: Sequence[int], reason: ThoughtEnd) -> None:
        """Add tokens that were not drawn but put there, to end a thought or to make it longer."""
        for token in tokens:
            self.take(token)
        if not self.is_thinking:
            self._thought_end = reason

    def take(self, token: int) -> None:
        """Add one token."""
        self._last_at = time.monotonic()
        if not self._first_at:
            self._first_at = self._last_at
        was_inside = self._splitter.is_inside
        special = self._reading.special.get(token)
        if special is None:
            self.last_text = self._decoder.decode(self._piece(token))
            pieces = self._reading.feed(self.last_text)
        else:
            pieces = self._reading.feed(self._decoder.decode(b"", final=True)) + special()
        if was_inside or self._splitter.is_inside:
            kind = PieceKind.REASONING
            self._reasoning_tokens += 1
            self._thought_until = self._last_at
            if not self._splitter.is_inside:
                self._thought_end = ThoughtEnd.MODEL
        else:
            kind = PieceKind.ANSWER
            self._answer_tokens += 1
        if not pieces or pieces[0].kind is not kind:
            self.output.add(kind, "", 1)
            self._put(pieces, 0)
        else:
            self._put(pieces, 1)

    def finish(self) -> None:
        """Let out what was held back."""
        rest = self._decoder.decode(b"", final=True)
        self._put(self._reading.feed(rest) + self._reading.finish(), 0)
        self.output.flush()

    def _put(self, pieces: list[Piece], tokens: int) -> None:
        for piece in pieces:
            if piece.kind is PieceKind.RECLASSIFIED:
                self._reasoning_tokens += self._answer_tokens
                self._answer_tokens = 0
                self._thought_until = self._last_at
            self.output.add(piece.kind, piece.text, tokens)
            tokens = 0

    def usage(
        self,
        *,
        prompt_tokens: int,
        cached_tokens: int,
        left_out_turns: int,
        started_at: float,
        context_tokens: int,
    ) -> Usage:
        """The numbers of the turn; the speed counts the tokens after the first."""
        written = self._reasoning_tokens + self._answer_tokens
        writing_s = self._last_at - self._first_at
        return Usage(
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
            reasoning_tokens=self._reasoning_tokens,
            answer_tokens=self._answer_tokens,
            time_to_first_token_s=max(self._first_at - started_at, 0.0),
            reasoning_s=max(self._thought_until - self._first_at, 0.0),
            tokens_per_s=(written - 1) / writing_s if written > 1 and writing_s > 0 else 0.0,
            left_out_turns=left_out_turns,
            thought_end=self._thought_end,
            context_tokens=context_tokens,
            answer_s=max(self._last_at - (self._thought_until or self._first_at), 0.0),
        )
