"""Paragraphs go from right to left where their first letter does; code never does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextBlock
from pytestqt.qtbot import QtBot

from ui.theme import GUTTER_PX, Theme
from ui.transcript.answer import AnswerView
from ui.transcript.markdown import MarkdownReader
from ui.transcript.styles import LIST_INDENT_PX


def written(qtbot: QtBot, markdown: str) -> AnswerView:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.resize(720, 100)
    view.show()
    view.finish(markdown)
    return view


def block(view: AnswerView, number: int) -> QTextBlock:
    return view.document().findBlockByNumber(number)


def starts_right(view: AnswerView, number: int) -> bool:
    """Whether the first character of the block stands at the right of the page."""
    line = block(view, number).layout().lineAt(0)
    return line.naturalTextRect().center().x() > view.width() / 2


@pytest.mark.parametrize(
    ("markdown", "is_rtl"),
    [
        ("زاوية المثلث and more", True),
        ("עברית", True),
        ("Latin first, then زاوية", False),
        ("47 * 36, و", True),
        ("上海", False),
        ("1692", False),
        ("**زاوية** bold", True),
        ("> اقتباس", True),
        ("* عنصر", True),
        ("1. عنصر", True),
        ("* item", False),
    ],
)
def test_the_first_letter_decides(qtbot: QtBot, markdown: str, is_rtl: bool) -> None:
    view = written(qtbot, markdown)
    direction = Qt.LayoutDirection.RightToLeft if is_rtl else Qt.LayoutDirection.LeftToRight
    assert block(view, 0).textDirection() == direction
    assert starts_right(view, 0) == is_rtl


def test_a_list_item_stands_inside_the_page_with_its_marker(qtbot: QtBot) -> None:
    view = written(qtbot, "* عنصر أول في القائمة")
    line = block(view, 0).layout().lineAt(0)
    right = view.width() - 2 * GUTTER_PX
    x = [float(line.cursorToX(position)[0]) for position in (0, 2)]  # type: ignore[index]
    assert x[0] == pytest.approx(right, abs=2)
    assert x[1] == pytest.approx(right - LIST_INDENT_PX, abs=2)


def test_code_goes_from_left_to_right(qtbot: QtBot) -> None:
    view = written(qtbot, "```\nمرحبا = 1\n```")
    for number in range(2):
        assert block(view, number).textDirection() == Qt.LayoutDirection.LeftToRight
        assert not starts_right(view, number)
