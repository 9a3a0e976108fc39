"""Tables: words stay whole, what is too wide is scrolled sideways, and Hebrew stands on the right."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextBlock
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.transcript.test_incremental import growing, structure
from ui.theme import GUTTER_PX, Theme
from ui.transcript.answer import AnswerView
from ui.transcript.code_tools import Sideways
from ui.transcript.markdown import MarkdownReader

COLUMNS = 20
WIDTH_PX = 720


def table(columns: int, words: str = "value") -> str:
    """A table with three rows."""
    head = "|".join(f" column{number} " for number in range(columns))
    row = "|".join(f" {words}{number} " for number in range(columns))
    return f"|{head}|\n|{'---|' * columns}\n|{row}|\n|{row}|\n\nThe end."


@pytest.fixture
def view(qtbot: QtBot) -> AnswerView:
    made = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(made)
    made.resize(WIDTH_PX, 100)
    made.show()
    return made


def show(view: AnswerView, text: str) -> AnswerView:
    view.finish(text)
    view._slices.finish()
    QApplication.processEvents()
    return view


def scrolled(view: AnswerView) -> list[Sideways]:
    return [part for part, _ in view._tools._windows()]


def cells(view: AnswerView) -> list[QTextBlock]:
    found, block = [], view.document().begin()
    while block.isValid():
        if block.text() and block.text() != "The end.":
            found.append(block)
        block = block.next()
    return found


@pytest.mark.parametrize("columns", [1, 5, 8, COLUMNS])
@pytest.mark.parametrize("words", ["value", "some words and a longer one "])
def test_no_word_is_broken(view: AnswerView, columns: int, words: str) -> None:
    show(view, table(columns, words))
    for block in cells(view):
        lines = [block.layout().lineAt(number) for number in range(block.layout().lineCount())]
        breaks = [block.text()[line.textStart() - 1] for line in lines[1:]]
        assert not breaks or set(breaks) == {" "}


def test_a_table_with_room_is_as_wide_as_its_words(view: AnswerView) -> None:
    show(view, table(3))
    assert not scrolled(view)
    assert view._writer.tables.at(0).format().columnWidthConstraints() == []


def test_a_wide_table_is_scrolled_sideways(view: AnswerView) -> None:
    show(view, table(COLUMNS))
    (part,) = scrolled(view)
    before = view.grab().toImage()
    inside = view.viewport().mapToGlobal(QPoint(60, 20))
    assert part.bar.geometry().right() <= WIDTH_PX - GUTTER_PX
    at_first = view.position_at(inside)
    part.bar.setValue(part.bar.maximum())
    after = view.grab().toImage()
    assert after != before
    assert view.position_at(inside) > at_first
    end = view.document().find("column19").selectionStart()
    part.bar.setValue(0)
    view.show_across(end)
    assert part.bar.value() > 0
    below = before.height() - 20
    assert before.copy(0, below, WIDTH_PX, 20) == after.copy(0, below, WIDTH_PX, 20)


def test_nothing_of_a_scrolled_table_is_painted_outside_its_window(view: AnswerView) -> None:
    show(view, "Words\n\n" + table(COLUMNS))
    ((part, window),) = view._tools._windows()
    part.bar.setValue(60)
    view.selectAll()
    made = view._writer.tables.at(1)
    first, last = made.cellAt(0, 0).firstCursorPosition(), made.cellAt(2, 0).lastCursorPosition()
    assert window.top() <= view.cursorRect(first).top() - 2
    assert window.bottom() >= view.cursorRect(last).bottom()
    above = view.grab().toImage().copy(0, window.top() - 3, WIDTH_PX, 3)
    part.bar.setValue(0)
    assert view.grab().toImage().copy(0, window.top() - 3, WIDTH_PX, 3) == above


def test_it_is_copied_and_selected_as_any_other(view: AnswerView) -> None:
    show(view, table(COLUMNS))
    view.selectAll()
    wide = view.selected_text()
    view.resize(WIDTH_PX * 4, 100)
    assert view.selected_text() == wide
    assert "column18\tcolumn19" in wide


def test_with_more_room_it_is_no_longer_scrolled(view: AnswerView) -> None:
    show(view, table(COLUMNS))
    view.resize(WIDTH_PX * 4, 100)
    assert not scrolled(view)
    view.resize(WIDTH_PX, 100)
    assert len(scrolled(view)) == 1
    view.take_back()
    assert not scrolled(view)


def test_a_table_that_grows_is_the_whole_one(qtbot: QtBot, view: AnswerView) -> None:
    text, reader = table(9, "some words "), MarkdownReader()
    for start in range(0, len(text), 7):
        view.append(text[start : start + 7])
    whole = growing(qtbot, reader, text)
    whole.resize(WIDTH_PX, 100)
    assert structure(view) == structure(whole)
    assert view.document().toHtml() == whole.document().toHtml()
    assert len(scrolled(view)) == len(scrolled(whole))


def test_a_hebrew_table_stands_on_the_right(view: AnswerView) -> None:
    show(view, "| שם | ערך |\n|---|--:|\n| אחד | 12 |")
    made = view._writer.tables.at(0)
    ground = Theme.light().ground.lower()
    image = view.grab().toImage()
    inked = [
        x
        for x in range(image.width())
        if any(image.pixelColor(x, y).name() != ground for y in range(image.height()))
    ]
    assert WIDTH_PX / 2 < inked[0] < inked[-1] < WIDTH_PX - GUTTER_PX
    assert inked[-1] >= WIDTH_PX - GUTTER_PX - 2
    direction = made.cellAt(1, 1).firstCursorPosition().blockFormat().layoutDirection()
    assert direction == Qt.LayoutDirection.RightToLeft
