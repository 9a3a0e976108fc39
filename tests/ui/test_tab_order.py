"""Tab goes down the whole window, and is put right only while the page stands still."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.chat.events import ConversationOpened
from app.history.records import Conversation, TurnState
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn

TURNS = tuple(turn(n, answer="[A link](https://a.test)", state=TurnState.FINISHED) for n in (1, 2))


def open_chat(opened: Opened, count: int = 2) -> None:
    opened.say(ready(), ConversationOpened(Conversation(summary(1, "First"), TURNS[:count])))


def test_sidebar_header_messages_and_composer_in_this_order(opened: Opened) -> None:
    open_chat(opened)
    opened.window.activateWindow()
    opened.window.sidebar.search_field.setFocus()
    parts: list[QWidget] = [
        opened.window.sidebar,
        opened.window.header,
        opened.page.transcript,
        opened.page.composer,
    ]
    walked: list[int] = []
    for _ in range(40):
        focused = QApplication.focusWidget()
        assert focused is not None
        walked += [n for n, part in enumerate(parts) if part is focused or part.isAncestorOf(focused)]
        if walked[-1] == 3:
            break
        opened.qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert walked == sorted(walked)
    assert set(walked) == {0, 1, 2, 3}
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_Backtab)
    focused = QApplication.focusWidget()
    last = opened.page.transcript.built_turns()[-1]
    assert focused is not None
    assert last.isAncestorOf(focused)
    assert focused.mapTo(last, QPoint(0, 0)).y() > last.answer.y()


def test_a_message_that_goes_while_it_has_the_keys(opened: Opened) -> None:
    """Qt then asks for the next widget in the middle of hiding this one: changing the order there crashed."""
    open_chat(opened)
    opened.window.activateWindow()
    opened.page.transcript.built_turns()[1].answer.setFocus()
    open_chat(opened, 1)
    QApplication.processEvents()
    assert len(opened.page.transcript.built_turns()) == 1
    assert QApplication.focusWidget() is not None


def test_what_is_entered_from_behind_comes_into_sight(opened: Opened) -> None:
    answer = "\n\n".join(f"Paragraph {n}." for n in range(60))
    whole = turn(1, answer=answer, state=TurnState.FINISHED)
    opened.say(ready(), ConversationOpened(Conversation(summary(1, "First"), (whole,))))
    opened.window.activateWindow()
    bar = opened.page.transcript.verticalScrollBar()
    QApplication.processEvents()
    bar.setValue(0)
    opened.page.composer.edit.setFocus()
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_Backtab)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert opened.page.transcript.isAncestorOf(focused)
    assert not focused.visibleRegion().isEmpty()
    assert bar.value() > 0
