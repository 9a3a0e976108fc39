"""A long answer goes on in more views, and is one answer all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.bench.transcript_corpus import Corpus, pieces
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.answer_parts import PART_CHARS, AnswerParts
from ui.transcript.blocks import Item
from ui.transcript.markdown import MarkdownReader

LONG = Corpus(5).answer(12_000)


@pytest.fixture
def parts(qtbot: QtBot) -> Iterator[AnswerParts]:
    reader = MarkdownReader()
    parent = QWidget()
    qtbot.addWidget(parent)
    made = AnswerParts(lambda inside, _number: AnswerView(Theme.light(), reader, inside), parent)
    parent.resize(760, 600)
    made.resize(760, 600)
    parent.show()
    yield made
    parent.close()


def let_finish(parts: AnswerParts) -> None:
    while parts._slices.is_busy:
        QApplication.processEvents()


def items(parts: AnswerParts) -> list[Item]:
    return [item for view in parts.views for item in view._writer.items]


def test_a_short_answer_is_one_view(parts: AnswerParts) -> None:
    parts.append("One **two**")
    parts.finish("One **two**")
    assert len(parts.views) == 1
    assert parts.views[0].document().toPlainText() == "One two"


def test_a_long_one_is_the_same_in_parts(parts: AnswerParts) -> None:
    for piece in pieces(LONG, 1_000):
        parts.append(piece)
    assert len(parts.views) >= 3
    assert parts.markdown_source == LONG
    parts.finish(LONG)
    let_finish(parts)
    assert items(parts) == MarkdownReader().read(LONG, finished=True)
    assert all(len(view.markdown_source) < 3 * PART_CHARS for view in parts.views)


def test_the_views_stand_under_each_other_in_the_whole_width(qtbot: QtBot, parts: AnswerParts) -> None:
    for number, piece in enumerate(pieces(LONG, 400)):
        parts.append(piece)
        if number == 200:
            parts.resize(500, parts.height())
            qtbot.waitUntil(lambda: not any(view._layout_timer.isActive() for view in parts.views))
        bottom = 0
        for view in parts.views:
            assert (view.y(), view.width()) == (bottom, parts.width())
            assert view.viewport().size() == view.size()
            assert view.document().textWidth() == parts.width()
            assert view.document().size().height() <= view.height()
            bottom += view.height() - view.overlap_px
        assert parts.height() == bottom + parts.views[-1].room_below_px
    assert len(parts.views) >= 3


def test_from_the_history_it_is_the_same(parts: AnswerParts) -> None:
    parts.finish(LONG)
    let_finish(parts)
    assert parts.markdown_source == LONG
    assert items(parts) == MarkdownReader().read(LONG, finished=True)


def test_taking_back_leaves_nothing(parts: AnswerParts) -> None:
    for piece in pieces(LONG, 200):
        parts.append(piece)
    assert parts.take_back() == LONG
    assert len(parts.views) == 1
    assert parts.views[0].document().toPlainText() == ""
    assert parts.markdown_source == ""
    assert not parts.has_words
    parts.append("x")
    assert parts.markdown_source == "x"


def test_long_code_stays_one_block(parts: AnswerParts) -> None:
    code = "\n".join(f"x = {number}" for number in range(3_000))
    text = f"```py\n{code}\n```\n\nThat was it.\n\n" + "More. " * 3_000
    for piece in pieces(text, 300):
        parts.append(piece)
    parts.finish(text)
    let_finish(parts)
    assert parts.views[0].code(0) == code


def test_another_text_at_the_end_replaces_what_was_streamed(parts: AnswerParts) -> None:
    parts.append("Hm")
    parts.finish("Something else")
    assert parts.markdown_source == "Something else"
    assert parts.views[0].document().toPlainText() == "Something else"


ENDS = ["\n", " \n\n", "\r", "\r\n", "\u3000\t", "\n\n\n\n"]


@pytest.mark.parametrize("text", ["One **two** three", LONG + "\n```\n\nThat is all."], ids=["short", "long"])
@pytest.mark.parametrize("white", ENDS)
def test_nothing_is_written_anew_where_white_space_at_the_end_is_not_kept(
    parts: AnswerParts, text: str, white: str
) -> None:
    kept = text
    for piece in pieces(kept, 1_000):
        parts.append(piece)
    parts.append(white)
    (first, *_) = views = list(parts.views)
    first.selectAll()
    selected = first.textCursor().selectedText()
    changed: list[AnswerView] = []
    parts.finish(kept)
    for view in views:
        view.document().contentsChange.connect(
            lambda _at, removed, added, view=view: changed.append(view) if removed != added else None
        )
    let_finish(parts)
    assert list(parts.views) == views
    assert changed == []
    assert first.textCursor().selectedText() == selected
    assert parts.markdown_source == kept
    assert items(parts) == MarkdownReader().read(kept, finished=True)


def test_white_space_at_the_beginning_may_go_too(parts: AnswerParts) -> None:
    parts.append("\n \nOne **two**\n")
    (view,) = parts.views
    view.selectAll()
    parts.finish("One **two**")
    assert view.textCursor().selectedText() == "One two"
    assert parts.markdown_source == view.markdown_source == "One **two**"


def test_only_white_space_is_no_answer(parts: AnswerParts) -> None:
    parts.append("\n\n")
    parts.finish("")
    assert parts.markdown_source == ""
    assert parts.views[0].document().toPlainText() == ""


def test_code_that_was_cut_off_in_empty_lines(parts: AnswerParts) -> None:
    text = "```py\nx = 1\n" + "\n" * 900
    parts.append(text)
    parts.finish(text.rstrip())
    let_finish(parts)
    assert parts.views[0].code(0) == "x = 1"
