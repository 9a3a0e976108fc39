"""Temporary chats in the window: how they begin, and that nobody can take them for others."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Qt

from app.chat.events import ConversationOpened, ConversationsListed, TurnStarted
from app.history.records import Conversation, TurnState
from tests.accessibility.walk import problems
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn

SECRET = dataclasses.replace(summary(-1, "Secret"), is_temporary=True)


def signs(opened: Opened) -> set[bool]:
    """Whether header and composer say it; of a chat that is empty, the page too."""
    page = opened.page
    shown = [opened.window.header.temporary_label.isVisible(), page.composer.temporary_note.isVisible()]
    if not page.middle.is_chat_shown:
        shown.append(page.middle.empty_state.temporary_label.isVisible())
    return set(shown)


def test_it_is_begun_by_button_and_by_keys(opened: Opened) -> None:
    opened.window.sidebar.temporary_button.click()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_N, keys)
    assert opened.chat.named("new_temporary") == [None, None]
    assert opened.chat.named("new") == []


def test_it_says_so_as_long_as_it_is_in_front(opened: Opened) -> None:
    opened.say(ready(), ConversationOpened(None))
    assert signs(opened) == {False}
    opened.say(ConversationOpened(None, is_temporary=True))
    assert signs(opened) == {True}
    assert opened.page.composer.temporary_note.text() == "Temporary: nothing of this chat is written."
    assert problems(opened.window) == []
    running = turn(-1, conversation_id=-1)
    opened.say(TurnStarted(running), ConversationsListed((SECRET, summary(2, "Kept"))))
    assert opened.page.middle.is_chat_shown
    assert signs(opened) == {True}
    for width in (480, 1200):
        opened.window.resize(width, 700)
        assert signs(opened) == {True}
    done = turn(2, conversation_id=2, answer="Yes.", state=TurnState.FINISHED)
    opened.say(ConversationOpened(Conversation(summary(2, "Kept"), (done,))))
    assert signs(opened) == {False}
    opened.say(ConversationOpened(Conversation(SECRET, ()), is_temporary=True))
    assert signs(opened) == {True}


def test_another_page_is_not_temporary(opened: Opened) -> None:
    opened.say(ConversationOpened(None, is_temporary=True))
    opened.window.show_settings()
    assert not opened.window.header.temporary_label.isVisible()
    opened.window.show_chat()
    assert signs(opened) == {True}


def test_it_goes_on_under_its_own_heading(opened: Opened) -> None:
    opened.say(ConversationsListed((SECRET, summary(2, "Kept"))))
    rows = opened.window.sidebar.conversation_view.rows
    assert [rows.index(number).data() for number in range(2)] == ["Temporary", "Secret"]
