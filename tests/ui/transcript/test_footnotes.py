"""Footnotes have the number in which they are first mentioned, from the moment they are there."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.transcript.markdown_texts import cut, cuts
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.answer_parts import PART_CHARS, AnswerParts
from ui.transcript.blocks import Block, BlockKind, Container, Mark, Run
from ui.transcript.found_text import plain_text
from ui.transcript.markdown import MarkdownReader
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import with_line_feeds
from ui.transcript.written_markdown import written

TEXT = """Cook[^stove] and sleep[^tent], and cook[^stove] again.

[^tent]: Two people, says[^club] the club.
[^stove]: No gas.

    And no coal.

More[^note-2].
"""
SHOWN = """Cook[1] and sleep[2], and cook[1] again.

[2] Two people, says[3] the club.

[1] No gas.

  And no coal.

More[4]."""

PIECES = [
    "[^a]", "[^B]", "[^b]", "[^long-one]", "[^a]: ", "[^b]: ", "\n", "\n\n", "word ", "- ", "> ", "    ",
    "```\n", "**", "`", "| x |\n|---|\n", "[t](http://x.y) ", "[^", "]", "$x$", "\\(",
]  # fmt: skip
footnotes = st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join)


def shown_of(text: str) -> str:
    return plain_text(MarkdownReader().read(text, finished=True))


def test_they_are_numbered_by_their_first_mention() -> None:
    assert shown_of(TEXT) == SHOWN


def test_a_reference_is_raised_and_a_note_hangs() -> None:
    first, note = MarkdownReader().read("x[^a]\n\n[^a]: y", finished=True)
    assert first == Block(BlockKind.PARAGRAPH, (Run("x"), Run("[1]", Mark.RAISED, source="[^1]")))
    assert note == Block(BlockKind.PARAGRAPH, (Run("y"),), inside=(Container.NOTE,), marker="[1]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[^b]: first the note\n\nthen[^a] its[^b]", "[1] first the note\n\nthen[2] its[1]"),
        ("One[^A] and[^a]", "One[1] and[1]"),
        ("Not [^a-z] or [^0-9], nor `[^x]`", "Not [^a-z] or [^0-9], nor [^x]"),
        ("[^a-z]: no[^1]", "a-z no[1]"),
        ("| [^a] |\n|---|\n| [^b] |\n\n# H[^c]", "[1]\n[2]\n\nH[3]"),
    ],
)
def test_where_numbers_come_from(text: str, expected: str) -> None:
    assert shown_of(text) == expected


@given(text=footnotes, lengths=cuts)
@example(text=TEXT, lengths=[1])
def test_a_growing_answer_has_the_numbers_of_the_whole(text: str, lengths: list[int]) -> None:
    reader = MarkdownReader()
    stream, so_far = MarkdownStream(reader), ""
    for piece in cut(text, lengths):
        closed = stream.items()[: stream.closed_items]
        stream.feed(piece)
        so_far += piece
        items = stream.items()
        assert items == reader.read(with_line_feeds(so_far), finished=False)
        assert items[: len(closed)] == closed
    assert stream.finished_items() == reader.read(with_line_feeds(text), finished=True)


def test_what_is_copied_goes_together(qtbot: QtBot) -> None:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.finish(TEXT)
    assert "Cook[1] and" in view.copied_text()
    assert "[1] No gas." in view.copied_text()
    cursor = QTextCursor(view.document())
    cursor.setPosition(1)
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    part = view.selected_markdown()
    assert part.startswith("ook[^1] and sleep[^2], and cook[^1] again.")
    assert "[^1]: No gas.\n\n    And no coal." in part
    assert shown_of(part) == SHOWN[1:]


def test_written_again_it_reads_the_same() -> None:
    reader = MarkdownReader()
    items = reader.read(TEXT, finished=True)
    assert reader.read(written(items), finished=True) == items


def test_numbers_go_on_where_a_long_answer_goes_on(qtbot: QtBot) -> None:
    reader, parent = MarkdownReader(), QWidget()
    qtbot.addWidget(parent)
    parts = AnswerParts(lambda inside, _number: AnswerView(Theme.light(), reader, inside), parent)
    text = "First[^one] and[^two].\n\n" + "word " * (PART_CHARS // 5) + "\n\nLater[^three].\n\n[^two]: Two.\n"
    for piece in cut(text, [700]):
        parts.append(piece)
    assert len(parts.views) > 1
    assert parts.views[-1].document().toPlainText().endswith("[2]\tTwo.")
    parts.finish(text)
    parts._slices.finish()
    found = [item for view in parts.views for item in view._writer.items]
    assert found == reader.read(text, finished=True)
