"""Finding in the chat and the size of its text, with the keys of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.chat.events import ConversationOpened
from app.history.records import Conversation, TurnState
from app.settings import load_settings
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn

CTRL = Qt.KeyboardModifier.ControlModifier


def open_chat(opened: Opened) -> None:
    done = turn(1, answer="A needle.", state=TurnState.FINISHED)
    opened.say(ready(), ConversationOpened(Conversation(summary(1, "First"), (done,))))


def test_ctrl_f_finds_in_the_chat_and_escape_goes_back_to_typing(opened: Opened) -> None:
    open_chat(opened)
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_F, CTRL)
    bar = opened.page.aids.find_bar
    assert bar.isVisible()
    assert bar.field.hasFocus()
    opened.qtbot.keyClicks(bar.field, "needle")
    opened.qtbot.waitUntil(lambda: bar.count.text() == "1 of 1")
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_F3)
    opened.qtbot.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert opened.page.composer.edit.hasFocus()


def test_ctrl_f_without_a_chat_and_ctrl_k_search_all_chats(opened: Opened) -> None:
    opened.say(ready())
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_F, CTRL)
    assert opened.window.sidebar.search_field.hasFocus()
    assert not opened.page.aids.find_bar.isVisible()
    open_chat(opened)
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_K, CTRL)
    assert opened.window.sidebar.search_field.hasFocus()


def test_another_chat_closes_the_bar(opened: Opened) -> None:
    open_chat(opened)
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_F3)
    assert opened.page.aids.find_bar.isVisible()
    done = turn(2, answer="Other.", state=TurnState.FINISHED, conversation_id=2)
    opened.say(ConversationOpened(Conversation(summary(2, "Second"), (done,))))
    assert not opened.page.aids.find_bar.isVisible()


def test_zoom_by_keys_is_kept(opened: Opened) -> None:
    open_chat(opened)
    shown = opened.page.transcript
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_Plus, CTRL)
    assert shown._theme.zoom_percent == 110
    for _ in range(9):
        opened.qtbot.keyClick(opened.window, Qt.Key.Key_Equal, CTRL)
    assert shown._theme.zoom_percent == 300
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_Minus, CTRL)
    assert shown._theme.zoom_percent == 250
    opened.qtbot.waitUntil(lambda: load_settings(opened.paths.settings_file)[0].zoom_percent == 250)
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_0, CTRL)
    assert shown._theme.zoom_percent == 100


def test_zoom_in_the_settings(opened: Opened) -> None:
    open_chat(opened)
    opened.window.show_settings()
    row = opened.window.settings_page.zoom_row
    assert not row.usual.isVisible()
    row.larger.click()
    assert opened.page.transcript._theme.zoom_percent == 110
    assert row.label.text() == "110 %"
    opened.qtbot.waitUntil(lambda: load_settings(opened.paths.settings_file)[0].zoom_percent == 110)
    for _ in range(9):
        row.smaller.click()
    assert row.label.text() == "60 %"
    assert not row.smaller.isEnabled()
    opened.page.middle.zoom_in()
    assert row.label.text() == "70 %"
    row.usual.click()
    assert opened.page.transcript._theme.zoom_percent == 100


def test_a_long_selection_is_copied_in_the_background(opened: Opened) -> None:
    turns = tuple(turn(n, answer="Some words. " * 400, state=TurnState.FINISHED) for n in range(1, 9))
    opened.say(ready(), ConversationOpened(Conversation(summary(1, "First"), turns)))
    view = opened.page.transcript
    with opened.qtbot.waitSignal(QGuiApplication.clipboard().dataChanged):
        view.selection.select_all()
        view.copy_selection()
    assert QGuiApplication.clipboard().text().count("What is 47 * 36?") == 8


def test_the_whole_chat_is_copied(opened: Opened) -> None:
    opened.say(ready())
    assert not opened.window.header.copy_button.isVisible()
    open_chat(opened)
    header = opened.window.header
    assert header.copy_button.isVisible()
    clipboard = QGuiApplication.clipboard()
    for action, text in zip(
        header.copy_button.menu().actions(),
        ("> What is 47 * 36?\n\nA needle.\n", "You:\nWhat is 47 * 36?\n\nPonder Mini:\nA needle.\n"),
        strict=True,
    ):
        with opened.qtbot.waitSignal(clipboard.dataChanged):
            action.trigger()
        assert clipboard.text() == text
    assert header.copy_button.text() == "Copied ▾"
    header.copy_button._said.stop()
    opened.window.show_settings()
    assert not header.copy_button.isVisible()
