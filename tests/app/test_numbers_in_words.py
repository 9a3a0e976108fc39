"""Numbers always have their unit, and are the same in window and terminal."""

from __future__ import annotations

import pytest

from app import numbers_in_words as words
from models.engine.protocol import ThoughtEnd, Usage


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.1 s"),
        (0.44, "0.4 s"),
        (0.94, "0.9 s"),
        (0.96, "1 s"),
        (4.2, "4 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (72, "1 min 12 s"),
        (3599.6, "1 h 00 min"),
        (3_900, "1 h 05 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0 s"), (59.9, "59 s"), (60.9, "1 min 0 s")])
def test_a_clock_that_goes_shows_full_seconds(seconds: float, text: str) -> None:
    assert words.running_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (72, "1 minute 12 seconds")],
)
def test_spoken_durations(seconds: float, text: str) -> None:
    assert words.spoken_duration(seconds) == text


def test_counts_and_speeds() -> None:
    assert [words.tokens(count) for count in (0, 1, 1_310)] == ["0 tokens", "1 token", "1,310 tokens"]
    assert [words.questions(count) for count in (1, 2)] == ["1 question", "2 questions"]
    assert [words.turns(count) for count in (1, 1_000)] == ["1 turn", "1,000 turns"]
    assert [words.speed(speed) for speed in (2.41, 9.96, 31.2, 2_000)] == ["2.4", "10", "31", "2,000"]


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (9_960_000, "10 MB"),
        (98_000_000, "98 MB"),
        (999_600, "1.0 MB"),
        (999_600_000, "1.0 GB"),
        (4_683_073_184, "4.7 GB"),
        (16_700_000_000, "16.7 GB"),
    ],
)
def test_sizes(size_bytes: int, text: str) -> None:
    assert words.size(size_bytes) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (812_345, "0.8M"),
        (9_960_000, "10M"),
        (135_000_000, "135M"),
        (999_600_000, "1.0B"),
        (7_615_616_512, "7.6B"),
    ],
)
def test_parameters(count: int, text: str) -> None:
    assert words.parameters(count) == text


def test_thoughts() -> None:
    assert words.thought(Usage(reasoning_tokens=1, reasoning_s=4.4)) == "Thought for 4 s · 1 token"
    assert words.thought(Usage(answer_tokens=3, thought_end=ThoughtEnd.ASKED)) == ""


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (ThoughtEnd.NONE, ""),
        (ThoughtEnd.MODEL, ""),
        (ThoughtEnd.BUDGET, " · the budget ended it"),
        (ThoughtEnd.RESERVE, " · ended to leave room for the answer"),
        (ThoughtEnd.ASKED, " · the answer was asked for"),
        (ThoughtEnd.LOOP, " · it went in circles"),
    ],
)
def test_a_thought_says_what_ended_it(end: ThoughtEnd, text: str) -> None:
    usage = Usage(reasoning_tokens=212, reasoning_s=4.4, thought_end=end)
    assert words.thought(usage) == f"Thought for 4 s · 212 tokens{text}"
