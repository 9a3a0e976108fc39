"""The document of a growing answer is at every moment that of the whole so far."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QTextCursor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.transcript.markdown_texts import WHOLE, cut, cuts, mixed
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.markdown import MarkdownReader
from ui.transcript.untrusted_text import with_line_feeds
from ui.widgets.copy_button import CopyButton


def make(qtbot: QtBot, theme: Theme | None = None) -> AnswerView:
    view = AnswerView(theme or Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.resize(720, 100)
    return view


def look(view: AnswerView) -> tuple[str, str]:
    return view.document().toPlainText(), view.document().toHtml()


def unfinished(qtbot: QtBot, text: str) -> AnswerView:
    """The whole text written at once, as a growing answer."""
    view = make(qtbot)
    view._show(MarkdownReader().read(with_line_feeds(text), finished=False))
    return view


def whole(qtbot: QtBot, text: str) -> AnswerView:
    view = make(qtbot)
    view.finish(text)
    return view


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text=mixed, lengths=cuts)
@example(text="a\n\n|a|b|\n|-|-|\n|1|2|\n\nb\n\n|c|\n|-|\n", lengths=[1])
@example(text="```\n\n\n```\n```\n\nx", lengths=[1])
@example(text="- \n- \n\n> ", lengths=[1])
def test_any_cutting_ends_in_the_same_document(qtbot: QtBot, text: str, lengths: list[int]) -> None:
    view = make(qtbot)
    so_far = ""
    for piece in cut(text, lengths):
        view.append(piece)
        so_far += piece
    assert look(view) == look(unfinished(qtbot, text))
    view.finish(text)
    assert look(view) == look(whole(qtbot, text))


@pytest.mark.parametrize("length", [5, 17])
def test_each_flush_shows_what_the_whole_so_far_shows(qtbot: QtBot, length: int) -> None:
    view = make(qtbot)
    for end in range(length, len(WHOLE) + length, length):
        view.append(WHOLE[end - length : end])
        assert look(view) == look(unfinished(qtbot, WHOLE[:end]))


def test_a_finished_block_is_not_written_again(qtbot: QtBot) -> None:
    view = make(qtbot)
    view.append("one\n\ntwo\n\n")
    changes: list[int] = []
    view.document().contentsChange.connect(lambda position, _removed, _added: changes.append(position))
    view.append("three")
    assert changes
    assert min(changes) >= len("one\n")


def test_a_long_code_block_is_not_written_again_from_its_beginning(qtbot: QtBot) -> None:
    view = make(qtbot)
    view.append("```\n" + "line\n" * 200)
    changes: list[int] = []
    view.document().contentsChange.connect(lambda position, _removed, _added: changes.append(position))
    view.append("more")
    assert min(changes) > 190 * len("line\n")


def test_the_answer_as_text(qtbot: QtBot) -> None:
    view = whole(qtbot, "# Head\n\n1. **one**\n2. two\n\n$x = \\boxed{7}$")
    assert view.document().toPlainText() == "Head\n1.\tone\n2.\ttwo\n$x = \\boxed{7}$"


def test_taking_back_leaves_nothing(qtbot: QtBot) -> None:
    view = make(qtbot)
    view.append("this was ")
    view.append("thinking")
    assert view.take_back() == "this was thinking"
    assert view.document().toPlainText() == ""
    view.append("the answer")
    assert look(view) == look(unfinished(qtbot, "the answer"))


def test_it_is_as_high_as_its_text(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = AnswerView(Theme.light(), MarkdownReader(), window)
    view.resize(720, 10)
    window.show()
    view.finish("word " * 400)
    wide = view.height()
    view.resize(360, view.height())
    assert view.height() > wide * 1.5
    assert view.height() == view.document().size().toSize().height()
    assert not view.verticalScrollBar().isVisible()


def test_another_theme_changes_colours_only(qtbot: QtBot) -> None:
    view = whole(qtbot, WHOLE)
    text, html = look(view)
    view.set_theme(Theme.dark())
    assert view.document().toPlainText() == text
    assert view.document().toHtml() != html
    view.set_theme(Theme.light())
    assert look(view) == (text, html)


def test_each_code_block_has_a_copy_button(qtbot: QtBot) -> None:
    view = whole(qtbot, "```py\na = 1\n\nb = 2\n```\n\ntext\n\n```\nc\n```")
    buttons = view.findChildren(CopyButton)
    assert [button.accessibleName() for button in buttons] == ["Copy code 1", "Copy code 2"]
    buttons[0].click()
    assert QGuiApplication.clipboard().text() == "a = 1\n\nb = 2"
    assert buttons[0].text() == "Copied"
    buttons[0]._said.stop()
    view.finish("no code")
    assert view._tools.blocks == []


def test_a_result_is_boxed(qtbot: QtBot) -> None:
    theme = Theme.light()
    view = whole(qtbot, "so \\boxed{1692} it is")
    view.show()
    picture = view.grab().toImage()
    assert count(picture, theme.accent_soft) > 50
    assert count(whole(qtbot, "so 1692 it is").grab().toImage(), theme.accent_soft) == 0


def test_code_has_its_ground(qtbot: QtBot) -> None:
    view = whole(qtbot, "```\nx\n```")
    assert count(view.grab().toImage(), Theme.light().code) > 720 * 20


def count(picture: QImage, colour: str) -> int:
    wanted = Theme.light().colour("text").fromString(colour).rgb()
    return sum(picture.pixel(x, y) == wanted for x in range(picture.width()) for y in range(picture.height()))


def test_selected_text_is_copied_plain(qtbot: QtBot) -> None:
    view = whole(qtbot, "**one**\ntwo\n\n`three` \\boxed{4}")
    cursor = view.textCursor()
    cursor.select(QTextCursor.SelectionType.Document)
    view.setTextCursor(cursor)
    data = view.createMimeDataFromSelection()
    assert data.formats() == ["text/plain"]
    assert data.text() == "one\ntwo\n\nthree 4"


def test_a_link_goes_out_as_a_signal_only(qtbot: QtBot) -> None:
    view = whole(qtbot, "[here](https://example.org/x)")
    view.show()
    asked: list[str] = []
    view.link_requested.connect(asked.append)
    where = view.cursorRect(view.cursorForPosition(view.rect().topLeft())).center()
    where.setX(where.x() + 12)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert asked == ["https://example.org/x"]
    assert view.document().toPlainText() == "here"
