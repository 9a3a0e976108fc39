"""The text of the transcript is as large as the user wants it, and what is read stays in place."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QTextCursor, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.engine.protocol import PauseReason
from models.reasoning import PieceKind
from tests.ui.transcript.markdown_texts import WHOLE
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from tests.ui.transcript.views import finish_restyling
from ui.theme import (
    COLUMN_WIDTH_PX,
    MESSAGE_STYLE_FILE,
    READING_PX,
    THOUGHT_PX,
    Theme,
    message_sheet_of,
    style_sheet_of,
)
from ui.transcript.fold_header import FoldHeader
from ui.transcript.places import line_in_sight
from ui.transcript.view import TranscriptView
from ui.transcript.zoom_wheel import ZoomWheel
from ui.widgets.safe_browser import SafeBrowser
from ui.zoom_steps import ZOOMS

ANSWER = "\n\n".join(f"Paragraph {n}. " + "Some words of it. " * 12 for n in range(20))


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView(Theme.light(), clock=Clock())
    qtbot.addWidget(view)
    view.resize(1600, 600)
    view.show()
    return view


def settle() -> None:
    for _ in range(6):
        QApplication.processEvents()


def fill(view: TranscriptView, answer: str = ANSWER) -> None:
    view.show_turns([make_turn(n + 1, f"Question {n}", answer, TurnState.FINISHED, USAGE) for n in range(12)])
    settle()


def font_px(text: SafeBrowser) -> int:
    cursor = QTextCursor(text.document())
    cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
    return cursor.charFormat().font().pixelSize() or text.document().defaultFont().pixelSize()


def test_all_text_grows_and_comes_back(qtbot: QtBot, view: TranscriptView) -> None:
    view.begin_turn(make_turn(5))
    view.append(5, PieceKind.REASONING, "A thought.\n\nOf two parts.", 9)
    view.append(5, PieceKind.ANSWER, WHOLE, 9)
    view.flush()
    view.end_turn(make_turn(5, answer=WHOLE, state=TurnState.FINISHED, usage=USAGE), None)
    turn = view.built_turns()[-1]
    turn.thinking.unfold()
    settle()
    texts = [turn.question, turn.answer, *turn.thinking.text_views()]
    before = [(text.document().toPlainText(), text.height()) for text in texts]
    view.set_zoom(200)
    settle()
    assert [text.document().toPlainText() for text in texts] == [words for words, _ in before]
    assert all(text.height() > height * 1.5 for text, (_, height) in zip(texts, before, strict=True))
    assert font_px(turn.question) == font_px(turn.answer) == 2 * READING_PX
    assert all(font_px(text) == 2 * THOUGHT_PX for text in turn.thinking.text_views())
    assert turn.width() > 1.9 * COLUMN_WIDTH_PX
    view.set_zoom(100)
    settle()
    assert [(text.document().toPlainText(), text.height()) for text in texts] == before


@pytest.mark.parametrize("percent", [60, 80, 150, 200, 300])
def test_the_line_that_is_read_stays_where_it_is(view: TranscriptView, percent: int) -> None:
    fill(view)
    view.scroll_to_turn(6)
    settle()
    view.verticalScrollBar().setValue(view.verticalScrollBar().value() + 611)
    settle()
    row = view.turn_widget(view.turn_in_sight())
    assert row is not None
    line = line_in_sight(row, view.viewport())
    assert line is not None
    view.set_zoom(percent)
    settle()
    y = line.text.mapTo(view.viewport(), QPoint(0, line.y_in_text())).y()
    assert y == pytest.approx(line.y_in_view, abs=2)


def test_at_the_bottom_it_stays_at_the_bottom(view: TranscriptView) -> None:
    fill(view)
    view.set_zoom(150)
    settle()
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_turns_that_come_later_and_another_theme_keep_the_size(view: TranscriptView) -> None:
    view.set_zoom(150)
    fill(view)
    view.set_theme(Theme.dark())
    view.begin_turn(make_turn(50, "More?"))
    assert font_px(view.built_turns()[-1].question) == round(1.5 * READING_PX)
    assert font_px(view.built_turns()[0].answer) == round(1.5 * READING_PX)


def test_the_wheel_with_ctrl(qtbot: QtBot, view: TranscriptView) -> None:
    fill(view)
    steps: list[int] = []
    ZoomWheel(view.viewport()).turned.connect(steps.append)
    place = view.verticalScrollBar().value()
    for angle in (120, 60, 60, -120):
        turn_wheel(view, angle, Qt.KeyboardModifier.ControlModifier)
    assert steps == [1, 1, -1]
    assert view.verticalScrollBar().value() == place
    turn_wheel(view, 120, Qt.KeyboardModifier.NoModifier)
    assert view.verticalScrollBar().value() < place


def turn_wheel(view: TranscriptView, angle: int, modifiers: Qt.KeyboardModifier) -> None:
    middle = QPointF(view.viewport().rect().center())
    event = QWheelEvent(
        middle,
        view.mapToGlobal(middle),
        QPoint(0, 0),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)


@pytest.mark.parametrize("width", [720, 1100])
@pytest.mark.parametrize("percent", ZOOMS)
@pytest.mark.usefixtures("styled")
def test_all_that_belongs_to_a_message_follows(view: TranscriptView, width: int, percent: int) -> None:
    """Buttons and notes are as large beside the text as ever, and nothing is cut off."""
    view.resize(width, 700)
    fill_with_everything(view)
    usual = {part: part.height() for part in parts_of(view)}
    view.set_zoom(percent)
    settle()
    for part in parts_of(view):
        words = getattr(part, "text", str)()
        if part in usual and not (isinstance(part, QLabel) and part.wordWrap()):
            assert part.height() == pytest.approx(usual[part] * percent / 100, abs=3, rel=0.1), words
        x = part.mapTo(view.viewport(), QPoint(0, 0)).x()
        assert 0 <= x <= view.viewport().width() - part.width(), words
        is_whole = isinstance(part, FoldHeader) or (isinstance(part, QLabel) and part.wordWrap())
        assert is_whole or part.width() >= part.sizeHint().width(), words
        assert part.height() >= (0 if is_whole else part.sizeHint().height()), words
    for turn in view.built_turns():
        needed = turn.heightForWidth(turn.width()) if turn.hasHeightForWidth() else turn.sizeHint().height()
        assert turn.height() >= needed


def fill_with_everything(view: TranscriptView) -> None:
    """Versions, a note, code, a thought that waits."""
    code = "Code:\n\n```python\n" + "value = 1 + " * 40 + "1\n```\n"
    view.show_turns(
        [
            make_turn(1, "One?", code, TurnState.FINISHED, USAGE),
            make_turn(2, "Two?", "Begun", TurnState.STOPPED, USAGE),
            make_turn(3, "Three?", "Begun", TurnState.FAILED, USAGE, "It failed."),
        ],
        versions={1: (1, 7)},
    )
    view.begin_turn(make_turn(5))
    view.append(5, PieceKind.REASONING, "A thought.", 9)
    view.flush()
    view.pause_turn(5, PauseReason.LOOP, "The same again.")
    settle()


def parts_of(view: TranscriptView) -> list[QPushButton | QLabel]:
    parts: list[QPushButton | QLabel] = []
    for turn in view.built_turns():
        parts += [*turn.findChildren(QPushButton), *turn.findChildren(QLabel)]
    return [part for part in parts if part.isVisible()]


def test_at_the_usual_size_the_sizes_are_those_of_the_whole_window(qapp: QApplication) -> None:
    """Each rule for messages says at 100 % what the stylesheet of the window says."""
    assert message_sheet_of(Theme.light()) == ""
    of_messages = rules(MESSAGE_STYLE_FILE.read_text("utf-8").replace("@px", ""))
    of_window = rules(style_sheet_of(Theme.light()).replace("px", ""))
    for selector, sizes in of_messages.items():
        for name, value in sizes.items():
            known = of_window.get(selector, {}) | {}
            usual = known.get(name, of_window["QPushButton"].get(name, of_window["QLineEdit"].get(name)))
            if not (name == "font-size" and usual is None):  # without a rule it is that of all controls
                assert usual == value, (selector, name)


def rules(sheet: str) -> dict[str, dict[str, str]]:
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    found: dict[str, dict[str, str]] = {}
    for selectors, body in re.findall(r"([^{}]+){([^}]*)}", sheet):
        named = {name: value.strip() for name, value in re.findall(r"([a-z-]+): ([^;]+);", body)}
        for selector in selectors.split(","):
            found.setdefault(selector.strip(), {}).update(named)
    return found


TABLE = "| Configuration | Responsibility | n |\n|---|---|---|\n| one | two | 3 |"


@pytest.mark.parametrize("percent", [60, 200, 300])
def test_the_room_between_grows_with_the_text(view: TranscriptView, percent: int) -> None:
    """Between paragraphs, lines of lists, cells; and no word of a table is broken that was not before."""
    fill(view, f"One.\n\nTwo.\n\n- a\n- b\n\n> Quote.\n\n## Head\n\n{TABLE}\n\nThe end.")
    answer = view.built_turns()[0].answer
    usual = tops_of_lines(answer)
    view.set_zoom(percent)
    finish_restyling(view)
    settle()
    here = tops_of_lines(answer)
    assert len(here) == len(usual)
    for was, now in zip(usual, here, strict=True):
        assert now == pytest.approx(was * percent / 100, abs=8, rel=0.03)
    made = answer._writer.tables.at(answer._writer.tables.numbers[0])
    padding = made.cellAt(0, 0).format().toTableCellFormat().rightPadding()
    assert padding == pytest.approx(20 * percent / 100, abs=1)


def tops_of_lines(answer: SafeBrowser) -> list[float]:
    """How far below the first line each line begins."""
    tops, block = [], answer.document().begin()
    while block.isValid():
        top = answer.cursorRect(QTextCursor(block)).top()
        tops += [top + block.layout().lineAt(n).y() for n in range(block.layout().lineCount())]
        block = block.next()
    return [top - tops[0] for top in tops]
