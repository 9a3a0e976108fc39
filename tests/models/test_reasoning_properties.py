"""The splitter, for any reply at all: the same as a plain reference, however it is cut, and fast."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.reasoning import (
    Piece,
    PieceKind,
    ReasoningSplitter,
    SplitReply,
    join_pieces,
    split_reply,
)
from tests.models.reasoning_replies import (
    MAGISTRAL,
    THINK,
    cut,
    cut_at_tags,
    merged,
    stream,
    stream_by_token,
)
from tests.slowness import is_within

# Properties

PARTS = (
    *("<think>", "</think>") * 3,
    *("`", "``", "```", "````", "~~~", "~~", "\n", "\n\n", "\r\n", " ", "    ", "\t"),
    *("a", "bc d", "<", "</", "<thin", "k>", "</thinkk>", "想", "🤔", "\u00a0"),
)
replies = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)


def reference_is_code(before: str) -> bool:
    """Tell from the text of an answer before a place whether that place is code. Not streaming."""
    fence: tuple[str, int] | None = None
    lines = re.split(r"[\n\r]", before)
    for line in lines[:-1]:
        if fence:
            closing = re.fullmatch(r"([ \t]*)(`{3,}|~{3,})[ \t]*", line)
            if closing and closing[2].startswith(fence[0]) and len(closing[1].expandtabs(4)) <= fence[1] + 3:
                fence = None
        elif opening := re.match(r"([ \t]*)(`{3,}(?=[^`]*$)|~{3,})", line):
            fence = (opening[2], len(opening[1].expandtabs(4)))
    if fence or re.match(r"[ \t]*(`{3,}[^`]*$|~{3,})", lines[-1]):
        return True
    span = 0
    for run in re.findall("`+", lines[-1]):
        span = len(run) if not span else 0 if span == len(run) else span
    return span > 0


def reference_split(text: str, *, starts_inside: bool) -> SplitReply:
    """Split a whole reply, part after part. Slow and plain, to check the splitter against."""
    thoughts: list[str] = []
    answers: list[str] = []
    inside, had_thought, part, part_with_space = starts_inside, starts_inside, "", ""

    def end_part(parts: list[str]) -> None:
        nonlocal part, part_with_space
        if part:
            parts.append(part)
        part = part_with_space = ""

    for chunk in re.split("(</?think>)", text):
        is_tag = chunk in ("<think>", "</think>")
        if is_tag and inside and (chunk == "</think>" or not part):
            if chunk == "</think>":
                end_part(thoughts)
                inside = False
        elif is_tag and not inside and not reference_is_code(part_with_space) and chunk == "<think>":
            end_part(answers)
            inside = had_thought = True
        elif is_tag and not inside and not reference_is_code(part_with_space) and not (part and had_thought):
            if part:
                end_part(thoughts)
            had_thought = True
        else:
            part_with_space += chunk
            part = part_with_space.lstrip()
    end_part(thoughts if inside else answers)
    return SplitReply(reference_join(thoughts), reference_join(answers))


def reference_join(parts: list[str]) -> str:
    text = ""
    for part in parts:
        missing = 2 - min(2, len(text) - len(text.rstrip("\n")))
        text = text + "\n" * missing + part if text else part
    return text


@given(replies, st.booleans())
@example("```\n    ```\n<think>", False)
@example(" \t~~~\n<think>\n~~~ \n</think>", False)
def test_same_as_the_plain_reference(text: str, starts_inside: bool) -> None:
    assert split_reply(text, starts_inside=starts_inside) == reference_split(
        text, starts_inside=starts_inside
    )


@given(replies, st.booleans(), st.data())
def test_every_cut_gives_the_same(text: str, starts_inside: bool, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    whole = merged(stream([text], THINK, starts_inside=starts_inside))
    assert merged(stream(cut(text, places), THINK, starts_inside=starts_inside)) == whole
    assert merged(stream(list(text), THINK, starts_inside=starts_inside)) == whole


@given(replies, st.booleans(), st.data())
def test_every_cut_gives_the_same_by_token(text: str, starts_inside: bool, data: st.DataObject) -> None:
    chunks: list[str] = []
    for chunk in cut_at_tags(text, THINK):
        is_tag = chunk in (THINK.opening, THINK.closing)
        places = [] if is_tag else data.draw(st.lists(st.integers(0, len(chunk)), max_size=3))
        chunks += cut(chunk, places)
    whole = merged(stream([text], THINK, starts_inside=starts_inside))
    assert merged(stream_by_token(chunks, THINK, starts_inside=starts_inside)) == whole


@given(replies, st.booleans())
@example("<think><thin</think>k>", False)
def test_nothing_is_lost_but_tags_and_white_space(text: str, starts_inside: bool) -> None:
    pieces = stream(list(text), THINK, starts_inside=starts_inside)
    written = "".join("".join(piece.text for piece in pieces).split())
    positions = {0}  # more than one: what was written around a tag may look like that tag
    for chunk in cut_at_tags("".join(text.split()), THINK):
        behind = {place + len(chunk) for place in positions if written.startswith(chunk, place)}
        positions = behind | (positions if chunk in (THINK.opening, THINK.closing) else set())
    assert len(written) in positions


@given(st.text(max_size=60), st.booleans())
def test_text_without_tags_is_one_piece(text: str, starts_inside: bool) -> None:
    expected = [Piece(PieceKind.REASONING if starts_inside else PieceKind.ANSWER, text.lstrip())]
    pieces = merged(stream(list(text), MAGISTRAL, starts_inside=starts_inside))
    assert pieces == (expected if text.strip() else [])


@given(replies, replies, st.booleans())
def test_what_came_before_is_never_taken_back_but_by_reclassified(
    text: str, later: str, starts_inside: bool
) -> None:
    splitter = ReasoningSplitter(starts_inside=starts_inside)
    pieces = splitter.feed(text)
    before = join_pieces(pieces)
    added = [*splitter.feed(later), *splitter.finish()]
    after = join_pieces([*pieces, *added])
    assert after == split_reply(text + later, starts_inside=starts_inside)
    assert after.reasoning.startswith(before.reasoning)
    if all(piece.kind is not PieceKind.RECLASSIFIED for piece in added):
        assert after.answer.startswith(before.answer)


# Speed


@pytest.mark.parametrize(
    "text",
    [
        "The sum of two numbers is a number.\n" * 30_000,
        "x" * 1_000_000,
        "`" * 1_000_000,
        "\n" * 500_000 + "x" * 500_000,
        "`a` <b> " * 125_000,
        "<" * 1_000_000,
        "</thin" * 160_000,
        "a <think> " * 100_000,
        "a </think> " * 90_000,
    ],
    ids=[
        "prose",
        "one_line",
        "backticks",
        "lines",
        "spans",
        "less_than",
        "near_tags",
        "openings",
        "closings",
    ],
)
@pytest.mark.parametrize("starts_inside", [True, False])
def test_a_million_characters_take_no_longer_than_a_second_or_two(text: str, starts_inside: bool) -> None:
    started = time.thread_time()
    split_reply(text, starts_inside=starts_inside)
    splitter = ReasoningSplitter(starts_inside=starts_inside)
    for start in range(0, len(text), 64):
        splitter.feed(text[start : start + 64])
    splitter.finish()
    # Far above what it takes, far below what a square would.
    assert is_within(time.thread_time() - started, 5)
