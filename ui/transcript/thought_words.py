"""What the header of a thought says, as it goes on and when it has ended."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from app import numbers_in_words as words
from models.engine.protocol import ThoughtEnd

SPEED_AFTER_S = 1.0
SPOKEN_EVERY_S = 10
"""A screen reader hears the running clock no more often."""


class Phase(enum.Enum):
    """What the header says."""

    READING = enum.auto()
    THINKING = enum.auto()
    PAUSED = enum.auto()
    DONE = enum.auto()
    STOPPED = enum.auto()
    FAILED = enum.auto()


UNDER_WAY = (Phase.READING, Phase.THINKING, Phase.PAUSED)
"""The phases in which no answer has begun."""


@dataclass(frozen=True, slots=True)
class ThoughtWords:
    """How a thought stands, in words. `progress`: how much of the question is read, "" says nothing.

    `is_answering`: the answer was asked for already.
    """

    phase: Phase
    seconds: float
    tokens: int
    thought_end: ThoughtEnd
    budget_tokens: int = 0
    progress: str = ""
    is_answering: bool = False

    def title_and_numbers(self) -> tuple[str, str]:
        """What it is, and how long and fast."""
        seconds, tokens = self.seconds, words.tokens(self.tokens)
        match self.phase:
            case Phase.READING:
                then = ", then the answer" if self.is_answering else ""
                return f"Reading the question{then}", self.progress
            case Phase.THINKING:
                parts = [words.running_duration(seconds), tokens]
                if seconds >= SPEED_AFTER_S:
                    parts.append(f"{words.speed(self.tokens / seconds)}/s")
                if self.budget_tokens:
                    parts.append(f"budget {self.budget_tokens:,}")
                return "Thinking", " · ".join(parts)
            case Phase.PAUSED:
                return "Paused", f"{words.running_duration(seconds)} · {tokens}"
            case Phase.STOPPED:
                return f"Stopped after {words.duration(seconds)} of thinking", tokens
            case Phase.FAILED:
                return f"Cut off after {words.duration(seconds)} of thinking", tokens
            case _:
                line = words.thought_line(seconds, self.tokens, self.thought_end)
                title, _, numbers = line.partition(" · ")
                return title or f"Thought for {words.duration(seconds)}", numbers

    def spoken(self, *, opened: bool) -> str:
        """The header for a screen reader; it changes seldom, so that it is not read out all the time."""
        fold = "opened" if opened else "folded"
        title, numbers = self.title_and_numbers()
        if self.phase is Phase.READING:
            return title
        if self.phase is Phase.THINKING:
            seconds = int(self.seconds) // SPOKEN_EVERY_S * SPOKEN_EVERY_S
            return f"Thinking, {words.spoken_duration(seconds)}, {fold}" if seconds else f"Thinking, {fold}"
        return ", ".join(part for part in (title, *numbers.split(" · "), fold) if part)
