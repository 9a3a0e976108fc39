"""The splitter gives one defined result for every reply, however its stream is cut."""

from __future__ import annotations

from itertools import combinations

import pytest

from models.reasoning import (
    Piece,
    PieceKind,
    ReasoningSplitter,
    SplitReply,
    Tags,
    split_reply,
)
from tests.models.reasoning_replies import (
    Reply,
    corpus,
    cut,
    cut_at_tags,
    merged,
    stream,
    stream_by_token,
)

# The corpus


@corpus
def test_whole_reply(reply: Reply) -> None:
    assert split_reply(reply.text, reply.tags, starts_inside=reply.starts_inside) == SplitReply(
        reply.reasoning, reply.answer
    )


@corpus
def test_reclassified_is_said_once_and_only_where_answer_becomes_thinking(reply: Reply) -> None:
    kinds = [piece.kind for piece in stream(list(reply.text), reply.tags, starts_inside=reply.starts_inside)]
    assert kinds.count(PieceKind.RECLASSIFIED) == int(reply.reclassified)


@corpus
def test_cut_at_every_place(reply: Reply) -> None:
    whole = stream([reply.text], reply.tags, starts_inside=reply.starts_inside)
    for place in range(len(reply.text) + 1):
        pieces = stream(cut(reply.text, [place]), reply.tags, starts_inside=reply.starts_inside)
        assert merged(pieces) == merged(whole), f"cut at {place}"


@corpus
def test_cut_into_single_characters(reply: Reply) -> None:
    whole = stream([reply.text], reply.tags, starts_inside=reply.starts_inside)
    assert merged(stream(list(reply.text), reply.tags, starts_inside=reply.starts_inside)) == merged(whole)


@corpus
def test_cut_at_every_two_places_around_a_tag(reply: Reply) -> None:
    whole = merged(stream([reply.text], reply.tags, starts_inside=reply.starts_inside))
    for pair in combinations(range(min(len(reply.text), 24) + 1), 2):
        assert merged(stream(cut(reply.text, pair), reply.tags, starts_inside=reply.starts_inside)) == whole


@corpus
def test_tokens_for_tags_give_the_same(reply: Reply) -> None:
    whole = merged(stream([reply.text], reply.tags, starts_inside=reply.starts_inside))
    chunks = cut_at_tags(reply.text, reply.tags)
    assert merged(stream_by_token(chunks, reply.tags, starts_inside=reply.starts_inside)) == whole
    for index, chunk in enumerate(chunks):
        if chunk in (reply.tags.opening, reply.tags.closing):
            continue
        for place in range(len(chunk) + 1):
            again = [*chunks[:index], chunk[:place], chunk[place:], *chunks[index + 1 :]]
            assert merged(stream_by_token(again, reply.tags, starts_inside=reply.starts_inside)) == whole


@corpus
def test_pieces_of_one_call_are_joined_and_not_empty(reply: Reply) -> None:
    splitter = ReasoningSplitter(reply.tags, starts_inside=reply.starts_inside)
    for pieces in (splitter.feed(reply.text), splitter.finish()):
        assert pieces == merged(pieces)
        assert all(bool(piece.text) == (piece.kind is not PieceKind.RECLASSIFIED) for piece in pieces)
    assert splitter.finish() == []


# What is held back, and what is not


def held_back(text: str, *, starts_inside: bool = True) -> str:
    splitter = ReasoningSplitter(starts_inside=starts_inside)
    splitter.feed(text)
    return "".join(piece.text for piece in splitter.finish())


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("a</thin", "</thin"),
        ("a<", "<"),
        ("a<t", ""),  # within a thought an opening tag is text
        ("<t", "<t"),  # at its beginning it is not
        ("  ", ""),
        ("a ", ""),
        ("a</think>b<thi", "<thi"),
        ("a</think>b</thi", ""),  # a closing tag would be text here
        ("a</think>\n</thi", "</thi"),  # here it would be dropped
        ("a</think>`b<thi", ""),  # code
        ("a</think>```\n<thi", ""),
        ("a</think>b`", ""),  # backticks never wait
        ("a</think>b``<", ""),
        ("a</think>`b`<", "<"),
        ("a</think>b<<", "<"),
        ("a</think>b<x", ""),
    ],
)
def test_only_what_may_become_a_tag_that_counts_waits(text: str, later: str) -> None:
    assert held_back(text) == later


def test_closing_tag_waits_in_a_reply_without_a_thought() -> None:
    assert held_back("b</thi", starts_inside=False) == "</thi"


def test_text_comes_at_once() -> None:
    splitter = ReasoningSplitter(starts_inside=True)
    assert splitter.feed("\n I ") == [Piece(PieceKind.REASONING, "I ")]
    assert splitter.feed("\n") == [Piece(PieceKind.REASONING, "\n")]
    assert splitter.feed("</thi") == []
    assert splitter.feed("nk>") == []
    assert splitter.feed("\n\n") == []
    assert splitter.feed("4") == [Piece(PieceKind.ANSWER, "4")]


def test_is_inside_changes_with_the_tag_and_not_before() -> None:
    splitter = ReasoningSplitter(starts_inside=True)
    seen = []
    for chunk in ("a</think", ">", "b<think>", "</think>"):
        splitter.feed(chunk)
        seen.append(splitter.is_inside)
    assert seen == [True, False, True, False]


def test_one_call_can_give_all_three_kinds() -> None:
    splitter = ReasoningSplitter(starts_inside=False)
    assert splitter.feed("a</think>b<think>c") == [
        Piece(PieceKind.ANSWER, "a"),
        Piece(PieceKind.RECLASSIFIED, ""),
        Piece(PieceKind.ANSWER, "b"),
        Piece(PieceKind.REASONING, "\n\nc"),
    ]


def test_empty_text_changes_nothing() -> None:
    splitter = ReasoningSplitter(starts_inside=False)
    chunks = ["``", "", "`", "", "\n", "", "<think>", "", "\n``", "", "`", "", "\n<", "", "think>b"]
    pieces = [piece for chunk in chunks for piece in splitter.feed(chunk)]
    assert merged(pieces) == [Piece(PieceKind.ANSWER, "```\n<think>\n```\n"), Piece(PieceKind.REASONING, "b")]


# Tokens for the tags


def test_by_token_text_that_looks_like_a_tag_is_text() -> None:
    splitter = ReasoningSplitter(starts_inside=True, by_token=True)
    assert splitter.feed("a</think>b<") == [Piece(PieceKind.REASONING, "a</think>b<")]
    assert splitter.feed_tag(opening=False) == []
    assert splitter.feed("<think>c") == [Piece(PieceKind.ANSWER, "<think>c")]
    assert splitter.finish() == []


def test_by_token_a_tag_in_code_is_text() -> None:
    splitter = ReasoningSplitter(starts_inside=False, by_token=True)
    assert splitter.feed("``") == [Piece(PieceKind.ANSWER, "``")]
    assert splitter.feed_tag(opening=True) == [Piece(PieceKind.ANSWER, "<think>")]
    assert splitter.feed("``") == [Piece(PieceKind.ANSWER, "``")]
    assert splitter.feed_tag(opening=True) == []
    assert splitter.is_inside


def test_feed_tag_without_by_token_is_the_tags_text() -> None:
    splitter = ReasoningSplitter(starts_inside=True)
    assert splitter.feed("a</thi") == [Piece(PieceKind.REASONING, "a")]
    assert splitter.feed_tag(opening=False) == [Piece(PieceKind.REASONING, "</thi")]
    assert not splitter.is_inside


# Tags


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("", "</think>"),
        ("<think>", ""),
        ("<a b>", "</a>"),
        ("`a", "/a"),
        ("~a", "/a"),
        ("<a", "<a>"),
        ("<a>", "<a>"),
        ("<<a>", "</a>"),
        ("ab", "bc"),
    ],
)
def test_tags_that_cannot_be_told_apart_are_refused(opening: str, closing: str) -> None:
    with pytest.raises(ValueError, match=r"[Tt]ag"):
        Tags(opening, closing)
