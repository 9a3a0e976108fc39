"""Code that is not wrapped: it scrolls sideways in its block, and is selected, found and copied as ever."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.slowness import is_within
from tests.ui.transcript.test_selection import LEFT, NONE, drag, send
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import settle
from ui.theme import GUTTER_PX, Theme
from ui.transcript.answer import AnswerView
from ui.transcript.code_tools import CodeBlock
from ui.transcript.view import TranscriptView
from ui.widgets.copy_button import CopyButton

LONG = "value = " + " + ".join(f"term_{n:02}" for n in range(30))
ANSWER = f"Before.\n\n```python\nshort = 1\n{LONG}\nend = 2\n```\n\nBetween.\n\n```\ntiny\n```\n\nAfter."


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(800, 700)
    view.show()
    return view


def show(view: TranscriptView, answer: str = ANSWER, turns: int = 1) -> AnswerView:
    kept = [make_turn(n, f"Question {n}", answer, TurnState.FINISHED, USAGE) for n in range(1, turns + 1)]
    view.show_turns(kept)
    settle(view)
    return answer_of(view, turns)


def answer_of(view: TranscriptView, turn_id: int) -> AnswerView:
    turn = view.turn_widget(turn_id)
    assert turn is not None
    return turn.answer


def blocks(answer: AnswerView) -> list[CodeBlock]:
    return answer._tools.blocks


def unwrap(answer: AnswerView, number: int = 0) -> CodeBlock:
    block = blocks(answer)[number]
    block.wrap.click()
    QApplication.processEvents()
    return block


def lines(answer: AnswerView, start: str) -> int:
    block = answer.document().begin()
    while not block.text().startswith(start):
        block = block.next()
    return block.layout().lineCount()


def test_the_switch_is_there_where_lines_are_long(view: TranscriptView) -> None:
    answer = show(view)
    long, tiny = blocks(answer)
    assert long.wrap.isVisible()
    assert long.wrap.isChecked()
    assert not tiny.wrap.isVisible()
    assert not long.bar.isVisible()
    assert lines(answer, "value") > 1
    was = answer.height()
    unwrap(answer)
    assert lines(answer, "value") == 1
    assert answer.height() < was
    assert long.bar.isVisible()
    long.wrap.click()
    QApplication.processEvents()
    assert answer.height() == was
    assert not long.bar.isVisible()


def test_it_scrolls_sideways_in_its_block_only(view: TranscriptView) -> None:
    answer = show(view)
    block = unwrap(answer)
    page = answer.viewport()

    def picture() -> QImage:
        QApplication.processEvents()
        return page.grab().toImage()

    still = picture()
    block.bar.setValue(block.bar.maximum())
    moved = picture()
    window = answer._tools._window(answer._grounds.areas[0])
    assert moved.copy(window) != still.copy(window)
    for outside in (
        page.rect().adjusted(0, 0, 0, window.top() - page.height() - 40),
        page.rect().adjusted(0, window.bottom() + 8, 0, 0),
    ):
        assert moved.copy(outside) == still.copy(outside)
    gutter = moved.copy(page.width() - GUTTER_PX + 1, window.top(), GUTTER_PX - 1, window.height())
    ground = gutter.pixel(0, 0)
    assert all(gutter.pixel(x, y) == ground for x in range(gutter.width()) for y in range(gutter.height()))
    assert answer.horizontalScrollBar().maximum() == 0


def test_the_wheel_scrolls_it_sideways(view: TranscriptView) -> None:
    answer = show(view)
    block = unwrap(answer)
    window = answer._tools._window(answer._grounds.areas[0])

    def turn_wheel(at: QPoint, by: QPoint) -> None:
        where = QPointF(answer.viewport().mapToGlobal(at))
        none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(
            QPointF(at), where, QPoint(), by, none, Qt.KeyboardModifier.NoModifier, phase, False
        )
        QApplication.sendEvent(answer.viewport(), event)

    turn_wheel(window.center(), QPoint(-120, 0))
    assert block.bar.value() == 40
    turn_wheel(QPoint(window.center().x(), 4), QPoint(-120, 0))
    assert block.bar.value() == 40
    turn_wheel(window.center(), QPoint(0, -120))
    assert block.bar.value() == 40


def test_scrolled_code_is_selected_where_it_is_seen(view: TranscriptView) -> None:
    answer = show(view)
    block = unwrap(answer)
    text = answer.document().toPlainText()
    start = text.index("term_25")
    block.bar.setValue(block.bar.maximum())
    cursor = answer.textCursor()
    cursor.setPosition(start)
    at = answer.cursorRect(cursor).center() - QPoint(block.offset_px, 0)
    assert 0 < at.x() < answer.width()
    assert answer.position_at(answer.viewport().mapToGlobal(at)) == start
    drag_begin = answer.viewport().mapToGlobal(at)
    end = drag_begin + QPoint(round(answer.fontMetrics().horizontalAdvance("0")) * 3, 0)
    send(answer, QEvent.Type.MouseButtonPress, drag_begin, LEFT)
    send(answer, QEvent.Type.MouseMove, end, LEFT)
    send(answer, QEvent.Type.MouseButtonRelease, end, NONE)
    assert answer.textCursor().selectedText().startswith("te")
    assert answer.textCursor().selectionStart() == start


def test_it_is_remembered_while_the_window_lives(view: TranscriptView) -> None:
    answer = show(view, turns=60)
    unwrap(answer)
    view.verticalScrollBar().setValue(0)
    settle(view)
    assert 60 not in [turn.turn.id for turn in view.built_turns()]
    assert lines(answer_of(view, 1), "value") > 1
    again = answer_of(view, 60)
    settle(view)
    assert lines(again, "value") == 1
    view.set_theme(Theme.dark())
    assert lines(again, "value") == 1
    assert lines(again, "tiny") == 1


def test_code_that_grows_stays_unwrapped(view: TranscriptView) -> None:
    view.begin_turn(make_turn(1))
    view.append(1, PieceKind.ANSWER, f"```python\n{LONG}\n", 9)
    view.flush()
    settle(view)
    answer = answer_of(view, 1)
    unwrap(answer)
    for piece in ("other = [", "1, " * 60, "]\n", "last = 3\n```\n\nDone."):
        view.append(1, PieceKind.ANSWER, piece, 9)
        view.flush()
    settle(view)
    view.end_turn(make_turn(1, answer=answer.markdown_source, state=TurnState.FINISHED), None)
    settle(view)
    assert lines(answer, "other") == 1
    assert lines(answer, "value") == 1
    assert blocks(answer)[0].bar.isVisible()
    assert blocks(answer)[0].bar.maximum() > 0


def test_found_words_come_into_sight(view: TranscriptView) -> None:
    answer = show(view)
    block = unwrap(answer)
    answer.show_across(answer.document().toPlainText().index("term_28"))
    assert block.bar.value() > 0
    answer.show_across(answer.document().toPlainText().index("term_00"))
    assert block.bar.value() == 0


def test_a_selection_shows_in_scrolled_code(view: TranscriptView) -> None:
    answer = show(view)
    unwrap(answer)
    turn = view.turn_widget(1)
    assert turn is not None
    window = answer._tools._window(answer._grounds.areas[0])
    plain = answer.viewport().grab(window).toImage()
    drag(turn.question, 0, answer.viewport().mapToGlobal(QPoint(window.center().x(), window.bottom() + 60)))
    QApplication.processEvents()
    assert answer.viewport().grab(window).toImage() != plain
    view.selection.copy()
    assert LONG in QApplication.clipboard().text()


def test_a_megabyte_line_holds_nothing_up(view: TranscriptView) -> None:
    answer = show(view, "```\n" + "x = 1; " * 150_000 + "\n```")
    while answer._slices.is_busy or view.turn_widgets()[0]._answer._slices.is_busy:
        QApplication.processEvents()
    longest_s = 0.0
    for _ in range(2):
        began = time.thread_time()
        blocks(answer)[0].wrap.click()
        longest_s = max(longest_s, time.thread_time() - began)
        while answer._tools._slices.is_busy:
            began = time.thread_time()
            QApplication.processEvents()
            longest_s = max(longest_s, time.thread_time() - began)
        began = time.thread_time()
        answer.viewport().grab(answer._tools._window(answer._grounds.areas[0]).adjusted(0, 0, 0, -100))
        longest_s = max(longest_s, time.thread_time() - began)
    assert is_within(longest_s, 0.2)


@pytest.mark.usefixtures("styled")
def test_what_a_copy_button_says_has_room_and_moves_nothing(view: TranscriptView) -> None:
    answer = show(view)
    block = blocks(answer)[0]
    before = block.copy.geometry(), block.wrap.geometry()
    turn = view.turn_widget(1)
    assert turn is not None
    footer = turn.footer
    assert footer is not None
    row = footer.findChildren(CopyButton)
    places = [each.geometry() for each in row]
    for each in (block.copy, *row):
        each.click()
    settle(view)
    assert block.copy.text() == "Copied"
    assert block.copy.width() >= QPushButton.sizeHint(block.copy).width()
    assert (block.copy.geometry(), block.wrap.geometry()) == before
    assert [each.geometry() for each in row] == places
