"""What can be done with a message is there for the keyboard always, and seen when the mouse is near."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, make_turn
from ui.theme import Theme
from ui.transcript.markdown import MarkdownReader
from ui.transcript.message_actions import QuietButton, QuietCopy
from ui.transcript.turn import TurnWidget

ANSWER = "It is **1692**, by $40 + 7$.\n\n* one\n* two\n\n```python\nprint(47)\n```"


@pytest.fixture
def turn(qtbot: QtBot) -> TurnWidget:
    widget = TurnWidget(Theme.light(), MarkdownReader(), make_turn(question="What is\n  47 * 36?"))
    qtbot.addWidget(widget)
    widget.resize(736, 400)
    widget.show()
    widget.append(PieceKind.REASONING, "a secret thought", 3, fold=True)
    widget.append(PieceKind.ANSWER, ANSWER, 2, fold=True)
    question = make_turn(question="What is\n  47 * 36?", answer=ANSWER, state=TurnState.FINISHED, usage=USAGE)
    widget.end(question, None)
    for _ in range(4):
        QApplication.processEvents()
    return widget


def quiet(turn: TurnWidget, name: str) -> QuietButton | QuietCopy:
    (found,) = [b for b in all_quiet(turn) if name in (b.text(), b.accessibleName())]
    return found


def all_quiet(turn: TurnWidget) -> list[QuietButton | QuietCopy]:
    return [b for b in turn.findChildren(QPushButton) if isinstance(b, QuietButton | QuietCopy)]


def is_painted(button: QPushButton) -> bool:
    image: QImage = button.grab().toImage()
    return len({image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}) > 2


def copied(button: QuietButton | QuietCopy) -> str:
    button.click()
    assert isinstance(button, QuietCopy)
    button._said.stop()
    assert not QGuiApplication.clipboard().mimeData().hasHtml()
    return QGuiApplication.clipboard().text()


def test_they_are_seen_when_the_mouse_is_over_the_turn(turn: TurnWidget) -> None:
    assert [b.text() for b in all_quiet(turn)] == [
        "Copy",
        "Edit and ask again",
        "More",
        "Copy as text",
        "Another answer",
    ]
    QApplication.sendEvent(turn, QEvent(QEvent.Type.Leave))
    assert [b.text() for b in all_quiet(turn) if is_painted(b)] == []
    middle = QPointF(20, 20)
    QApplication.sendEvent(turn, QEnterEvent(middle, middle, middle))
    assert all(is_painted(b) for b in all_quiet(turn))
    QApplication.sendEvent(turn, QEvent(QEvent.Type.Leave))
    assert not any(is_painted(b) for b in all_quiet(turn))


def test_the_keyboard_reaches_them_and_sees_the_one_it_is_on(qtbot: QtBot, turn: TurnWidget) -> None:
    for button in all_quiet(turn):
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert button.accessibleName() or button.text()
        button.setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.waitUntil(button.hasFocus)
        assert is_painted(button)


def test_copy_the_question_and_the_answer(turn: TurnWidget) -> None:
    assert copied(quiet(turn, "Copy the question")) == "What is\n  47 * 36?"
    text = copied(quiet(turn, "Copy the answer as text"))
    assert text.startswith("It is 1692, by $40 + 7$.")
    assert "print(47)" in text
    assert "**" not in text
    assert "secret" not in text


def test_another_answer_asks_the_same_question(qtbot: QtBot, turn: TurnWidget) -> None:
    with qtbot.waitSignal(turn.orders.version_requested) as asked:
        quiet(turn, "Another answer").click()
    assert asked.args == [1, "What is\n  47 * 36?"]


def test_edit_and_ask_again(qtbot: QtBot, turn: TurnWidget) -> None:
    with qtbot.waitSignal(turn.orders.edit_requested) as asked:
        qtbot.keyClick(quiet(turn, "Edit and ask again"), Qt.Key.Key_Return)
    assert asked.args == [1, "What is\n  47 * 36?"]
