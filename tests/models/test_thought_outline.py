"""The outline of a thought marks words at the beginning of sentences, and costs little."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.thought_outline import MAX_TAIL_CHARS, OutlineReader, Turning, outline
from tests.slowness import is_within

THOUGHT = """Okay, so I need to multiply 47 by 36.

First, 47 times 30 is 1410. Then 47 times 6 is 282.
Together that is 1692. Wait, let me see that again.

Alternatively, 50 times 36 is 1800, minus 3 times 36. But that is the same.

Let me double-check: 1800 - 108 = 1692. Hmm, yes.

So the answer is 1692.
"""


def turns(text: str) -> list[tuple[str, Turning]]:
    return [(step.title, step.turning) for step in outline(text) if step.turning is not Turning.NONE]


def test_paragraphs_and_turning_points_in_their_order() -> None:
    steps = outline(THOUGHT)
    assert [(THOUGHT[step.start :].split(maxsplit=1)[0], step.turning) for step in steps] == [
        ("Okay,", Turning.NONE),
        ("First,", Turning.NONE),
        ("Wait,", Turning.DOUBT),
        ("Alternatively,", Turning.OTHER_WAY),
        ("But", Turning.DOUBT),
        ("Let", Turning.CHECK),
        ("Hmm,", Turning.DOUBT),
        ("So", Turning.RESULT),
    ]
    assert steps[2].title == "Wait, let me see that again."


@pytest.mark.parametrize(
    ("text", "turning"),
    [
        ("Wait, no.", Turning.DOUBT),
        ("Oh wait, that is it.", Turning.DOUBT),
        ("Hmm. I see.", Turning.DOUBT),
        ("Actually it is 5.", Turning.DOUBT),
        ("On second thought, no.", Turning.DOUBT),
        ("That's not right.", Turning.DOUBT),
        ("Another way: count.", Turning.OTHER_WAY),
        ("Let me verify this.", Turning.CHECK),
        ("But let's check again.", Turning.CHECK),
        ("**Final answer**: 5", Turning.RESULT),
        ("等等，这不对。", Turning.DOUBT),
        ("不对，应该是五。", Turning.DOUBT),
        ("其实可以更简单。", Turning.DOUBT),
        ("换个思路，先数一数。", Turning.OTHER_WAY),
        ("另外，还有一种情况。", Turning.OTHER_WAY),
        ("让我验证一下。", Turning.CHECK),
        ("让我再检查一遍", Turning.CHECK),
        ("所以答案是五。", Turning.RESULT),
    ],
)
def test_phrases(text: str, turning: Turning) -> None:
    assert [turn for _title, turn in turns(text)] == [turning]
    assert [turn for _title, turn in turns("First words. " + text)] == [turning]


@pytest.mark.parametrize(
    "text",
    [
        "I wait for the bus.",
        "It is small but good.",
        "Waiter, please. Buttons. Checkers.",
        "The actual answer is so.",
        "我等等你",
        "",
        " \n\n ",
    ],
)
def test_the_same_words_elsewhere_mark_nothing(text: str) -> None:
    assert turns(text) == []


def test_two_in_one_breath_are_one() -> None:
    assert [turn for _title, turn in turns("不对，等等，让我想想。")] == [Turning.DOUBT]
    assert [turn for _title, turn in turns("Hmm... wait. Actually, no.")] == [Turning.DOUBT]


def test_a_title_is_one_short_line_without_marks() -> None:
    (step,) = outline("**Step 1:** " + "long " * 100 + "\nsecond line")
    assert step.title.startswith("Step 1: long")
    assert len(step.title) <= 120


PIECES = ("Wait, ", "wait", "ing ", ". ", "\n", "\n\n", " ", "But ", "so the answer ", "a word ", "\t")
CHINESE_PIECES = ("。", "等等，", "…", "Let me check", "**", "x" * 130)


@given(st.lists(st.sampled_from(PIECES + CHINESE_PIECES), max_size=40))
@example(["等等，", "\n\n", "Wait, ", "x" * 130, ". ", "x" * 130])
def test_in_pieces_as_in_one(pieces: list[str]) -> None:
    reader = OutlineReader()
    for piece in pieces:
        closed = reader.steps[: reader.closed_steps]
        reader.feed(piece)
        assert reader.steps[: len(closed)] == closed
    assert reader.steps == outline("".join(pieces))


def test_32768_tokens_in_50_ms() -> None:
    text = (THOUGHT + "Some words that say nothing new. " * 6 + "\n\n") * 280
    assert len(text) > 32_768 * 4
    took = []
    for _ in range(5):
        began = time.thread_time()
        steps = outline(text)
        took.append(time.thread_time() - began)
    assert len(steps) > 2_000
    assert is_within(min(took), 0.05)


def test_one_sentence_without_an_end_stays_cheap() -> None:
    reader = OutlineReader()
    began = time.thread_time()
    for _ in range(2_000):
        reader.feed("words without an end ")
    assert is_within(time.thread_time() - began, 3)
    assert len(reader._tail) <= MAX_TAIL_CHARS + 200
    assert len(reader.steps) == 1


def test_chinese_says_much_in_a_few_characters() -> None:
    text = "不过，为什么不是紫色？让我验证一下。蓝光散射更强。所以答案是瑞利散射。综上所述，就是这样。"
    assert [(title[:2], turn) for title, turn in turns(text)] == [
        ("不过", Turning.DOUBT),
        ("让我", Turning.CHECK),
        ("所以", Turning.RESULT),
        ("综上", Turning.RESULT),
    ]
