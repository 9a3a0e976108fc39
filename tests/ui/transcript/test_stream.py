"""A growing answer always equals the whole read at once."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from tests.ui.transcript.markdown_texts import WHOLE, cut, cuts, mixed
from ui.transcript.blocks import Item
from ui.transcript.markdown import MarkdownReader
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import with_line_feeds


def read(text: str, *, finished: bool = False) -> list[Item]:
    return MarkdownReader().read(with_line_feeds(text), finished=finished)


@given(text=mixed, lengths=cuts)
@example(text="foo\na | b\n-|-x\n", lengths=[1])  # a table's line that turns out to be none
@example(text="foo\n#x", lengths=[1])
@example(text="[foo]\n\n[foo]: http://x.y", lengths=[1])
@example(text="$$\nx\n+ 3\n$$\ny", lengths=[1])
@example(text="a\r\n\r\nb", lengths=[1])
def test_every_flush_equals_the_whole_so_far(text: str, lengths: list[int]) -> None:
    stream = MarkdownStream(MarkdownReader())
    so_far = ""
    for piece in cut(text, lengths):
        stream.feed(piece)
        so_far += piece
        assert stream.items() == read(so_far)
    assert stream.finished_items() == read(text, finished=True)
    assert stream.source == text


@pytest.mark.parametrize("length", [1, 2, 3, 7, 40])
def test_a_real_answer_cut_everywhere(length: int) -> None:
    stream = MarkdownStream(MarkdownReader())
    for end in range(length, len(WHOLE) + length, length):
        stream.feed(WHOLE[end - length : end])
        assert stream.items() == read(WHOLE[:end])


def test_finished_blocks_are_not_read_again() -> None:
    stream = MarkdownStream(MarkdownReader())
    stream.feed("one\n\ntwo\n\nthree")
    first = stream.items()
    stream.feed(" goes on")
    second = stream.items()
    assert first[0] is second[0]
    assert first[1] is not second[1] or stream.closed_items >= 1
    assert stream.closed_items >= 1


def test_closed_items_grow_with_the_answer() -> None:
    stream = MarkdownStream(MarkdownReader())
    for number in range(50):
        stream.feed(f"Paragraph {number}.\n\n")
        assert stream.closed_items == number


def test_a_paragraph_begins_and_what_was_before_is_closed() -> None:
    """Not at its line end, which may come much later."""
    stream = MarkdownStream(MarkdownReader())
    stream.feed("- one\n- two\n\n")
    assert stream.closed_items == 0  # "  more" would belong to the list
    stream.feed("T")
    assert stream.closed_items == 2
    stream.feed("hree.\n\n```\ncode\n\n")
    assert stream.closed_items == 3
    stream.feed("more code")
    assert stream.closed_items == 3
    assert stream.items() == read("- one\n- two\n\nThree.\n\n```\ncode\n\nmore code")


@given(text=mixed, lengths=cuts)
@example(text="a\r", lengths=[1])
@example(text="```py\nx = 1\n\n  \n", lengths=[3])
@example(text="a\r\n\r\n", lengths=[1])
@example(text=" \n\n", lengths=[1])
def test_without_the_white_space_at_its_end_it_is_what_is_kept(text: str, lengths: list[int]) -> None:
    stream = MarkdownStream(MarkdownReader())
    for piece in cut(text, lengths):
        stream.feed(piece)
    stream.drop_white_end()
    assert stream.finished_items() == read(text.rstrip(), finished=True)
    assert stream.source == text.rstrip()
