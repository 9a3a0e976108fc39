"""A place that the search found, opened in the whole window: its words are marked, its version in front."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt

from app.chat.events import ConversationOpened, ConversationsFound
from app.history.records import Conversation, SearchHit, TurnState
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn


def choose(opened: Opened, hit: SearchHit) -> None:
    sidebar = opened.window.sidebar
    sidebar.search_field.setText("odd")
    opened.say(ready(), ConversationsFound("odd", (hit,)))
    sidebar.hit_view.setCurrentIndex(sidebar.hit_view.rows.index(1))
    opened.qtbot.keyClick(sidebar.hit_view, Qt.Key.Key_Return)


def open_chat(opened: Opened, ids: Sequence[int]) -> None:
    turns = tuple(turn(n, answer=f"Answer {n}, odd.", state=TurnState.FINISHED) for n in ids)
    opened.say(ConversationOpened(Conversation(summary(1, "First"), turns)))


def test_the_longest_word_that_was_found_is_marked_in_the_chat(opened: Opened) -> None:
    choose(opened, SearchHit(1, "First", 2, "an odd answer", ((0, 2), (3, 6))))
    assert opened.chat.named("open") == [1]
    open_chat(opened, (1, 2, 3))
    bar = opened.page.aids.find_bar
    assert bar.isVisible()
    assert bar.field.text() == "odd"
    assert not bar.field.hasFocus()
    opened.qtbot.waitUntil(lambda: bar.count.text() == "2 of 3")
    open_chat(opened, (1, 2, 3))
    assert opened.chat.named("show_version") == []


def test_a_version_that_is_not_in_front_comes_there_first_and_is_asked_for_once(opened: Opened) -> None:
    choose(opened, SearchHit(1, "First", 5, "odd", ((0, 3),)))
    open_chat(opened, (1, 2, 3))
    assert opened.chat.named("show_version") == [5]
    assert not opened.page.aids.find_bar.isVisible()
    open_chat(opened, (1, 5))
    assert opened.page.aids.find_bar.isVisible()
    choose(opened, SearchHit(1, "First", 9, "odd", ((0, 3),)))
    open_chat(opened, (1, 2))
    open_chat(opened, (1, 2))  # it is gone by now
    open_chat(opened, (1, 2))
    assert opened.chat.named("show_version") == [5, 9]
