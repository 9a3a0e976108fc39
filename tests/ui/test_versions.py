"""Versions of a question, deleting with undo, and going on in another chat, in the whole window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QKeyEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolTip

from app.chat.events import (
    ConversationOpened,
    Deleted,
    DeletionForgotten,
    QuestionRejected,
    TurnEnded,
    TurnStarted,
)
from app.history.records import Conversation, Turn, TurnState
from models.errors import PromptTooLongError, engine_error
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn
from ui.chat_page import BUSY
from ui.transcript.message_actions import BRANCH, DELETE, QuietButton
from ui.transcript.turn import TurnWidget

ALT = Qt.KeyboardModifier.AltModifier


def kept(turn_id: int, question: str = "", conversation_id: int = 1) -> Turn:
    return turn(
        turn_id,
        question=question or f"Question {turn_id}",
        answer=f"Answer {turn_id}. " * 60,
        state=TurnState.FINISHED,
        conversation_id=conversation_id,
    )


def open_path(
    opened: Opened, ids: Sequence[int], versions: Mapping[int, tuple[int, ...]] | None = None, chat: int = 1
) -> None:
    turns = tuple(kept(turn_id, conversation_id=chat) for turn_id in ids)
    opened.say(ConversationOpened(Conversation(summary(chat, "First"), turns, versions or {})))
    for _ in range(6):
        QApplication.processEvents()


@pytest.fixture
def chat(opened: Opened) -> Opened:
    opened.say(ready())
    open_path(opened, [1, 2, 5], {2: (2, 3, 4), 5: (5,)})
    return opened


def of(opened: Opened, turn_id: int) -> TurnWidget:
    widget = opened.page.transcript.turn_widget(turn_id)
    assert widget is not None
    return widget


def button(turn: TurnWidget, words: str) -> QPushButton:
    (found,) = [b for b in turn.findChildren(QuietButton) if b.text() == words]
    return found


def test_arrows_stand_where_there_are_versions(chat: Opened) -> None:
    assert not of(chat, 1).versions.isVisible()
    assert not of(chat, 5).versions.isVisible()
    switch = of(chat, 2).versions
    assert switch.isVisible()
    assert switch.label.text() == "1/3"
    assert not switch.earlier.isEnabled()
    switch.later.click()
    assert chat.chat.named("show_version") == [3]


def test_another_version_stands_where_it_was_asked_for(chat: Opened) -> None:
    view = chat.page.transcript
    view.scroll_to_turn(2)
    first, thought_of = of(chat, 1), view.verticalScrollBar().value()
    switch = of(chat, 2).versions
    switch.later.setFocus(Qt.FocusReason.TabFocusReason)
    y = of(chat, 2).mapTo(view.viewport(), of(chat, 2).rect().topLeft()).y()
    switch.later.click()
    open_path(chat, [1, 3, 6], {3: (2, 3, 4)})
    assert [t.id for t in view.turns()] == [1, 3, 6]
    assert of(chat, 1) is first
    assert thought_of == view.verticalScrollBar().value()
    shown = of(chat, 3)
    assert shown.mapTo(view.viewport(), shown.rect().topLeft()).y() == y
    assert shown.versions.label.text() == "2/3"
    assert shown.versions.later.hasFocus()
    chat.qtbot.keyClick(shown.versions.later, Qt.Key.Key_Left, ALT)
    shown.question.setFocus()
    chat.qtbot.keyClick(shown.question, Qt.Key.Key_Right, ALT)
    assert chat.chat.named("show_version") == [3, 2, 4]


def test_the_keys_go_to_the_question_where_the_arrow_has_gone(chat: Opened) -> None:
    of(chat, 2).versions.later.setFocus(Qt.FocusReason.TabFocusReason)
    open_path(chat, [1, 7])
    assert of(chat, 7).question.hasFocus()


def test_an_edited_question_becomes_a_version_and_the_draft_comes_back(chat: Opened) -> None:
    composer = chat.page.composer
    composer.set_text("a draft")
    of(chat, 2).question.setFocus()
    chat.qtbot.keyClick(of(chat, 2).question, Qt.Key.Key_F2)
    assert composer.edit.hasFocus()
    assert composer.text() == "Question 2"
    assert composer.editing_note.isVisible()
    chat.qtbot.keyClicks(composer.edit, "?")
    chat.qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    assert chat.chat.named("ask_version") == [(2, "Question 2?")]
    assert chat.chat.named("ask") == []
    assert not composer.editing_note.isVisible()
    assert composer.text() == "a draft"
    open_path(chat, [1], {8: (2, 3, 4, 8)})
    chat.say(TurnStarted(turn(8, question="Question 2?")))
    assert of(chat, 8).versions.label.text() == "4/4"


@pytest.mark.parametrize("way", ["escape", "cancel", "chat"])
def test_leaving_an_edit_keeps_the_draft(chat: Opened, way: str) -> None:
    composer = chat.page.composer
    composer.set_text("a draft")
    button(of(chat, 2), "Edit and ask again").click()
    button(of(chat, 1), "Edit and ask again").click()
    assert composer.text() == "Question 1"
    if way == "escape":
        chat.qtbot.keyClick(composer.edit, Qt.Key.Key_Escape)
    elif way == "cancel":
        composer.editing_note.cancel_button.click()
    else:
        open_path(chat, [9], chat=2)
        assert composer.text() == ""
        open_path(chat, [1, 2, 5])
    assert composer.text() == "a draft"
    assert composer.edited_turn is None
    assert chat.chat.named("stop") == []
    composer.button.click()
    assert chat.chat.named("ask") == ["a draft"]


@pytest.mark.parametrize("way", ["typed", "not taken", "twice"])
def test_what_was_typed_into_an_edit_survives_another_chat(chat: Opened, way: str) -> None:
    composer = chat.page.composer
    composer.set_text("a draft")
    button(of(chat, 2), "Edit and ask again").click()
    chat.qtbot.keyClicks(composer.edit, ", please")
    if way == "not taken":
        chat.qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
        chat.say(QuestionRejected("Question 2, please", engine_error("engine_stopped", {})))
        chat.say(ready())
    for _ in range(2 if way == "twice" else 1):
        open_path(chat, [9], chat=2)
        assert (composer.text(), composer.edited_turn) == ("", None)
        assert not composer.editing_note.isVisible()
        open_path(chat, [1, 2, 5])
        assert (composer.text(), composer.edited_turn) == ("Question 2, please", 2)
        assert composer.editing_note.isVisible()
        assert composer.edit.hasFocus()
    orders = len(chat.chat.named("ask_version"))
    composer.button.click()
    assert chat.chat.named("ask_version")[orders:] == [(2, "Question 2, please")]
    assert (composer.text(), composer.edited_turn) == ("a draft", None)


def test_a_question_that_is_given_back_elsewhere_keeps_the_edit(chat: Opened) -> None:
    composer = chat.page.composer
    button(of(chat, 2), "Edit and ask again").click()
    chat.qtbot.keyClicks(composer.edit, "?")
    running = turn(10, question="Long?")
    chat.say(TurnStarted(running))
    open_path(chat, [9], chat=2)
    chat.say(TurnEnded(turn(10, question="Long?", state=TurnState.FAILED), PromptTooLongError("too long")))
    open_path(chat, [1, 2, 5])
    assert composer.text() == "Question 2?"
    composer.cancel_edit()
    assert composer.text() == "Long?"


def test_an_edited_question_that_is_not_taken_comes_back(chat: Opened) -> None:
    button(of(chat, 2), "Edit and ask again").click()
    chat.page.composer.button.click()
    chat.say(QuestionRejected("Question 2", engine_error("engine_stopped", {})))
    composer = chat.page.composer
    assert composer.text() == "Question 2"
    assert composer.edited_turn == 2
    assert composer.error_box.isVisible()


def test_a_question_that_comes_back_while_another_is_edited_joins_the_draft(chat: Opened) -> None:
    composer = chat.page.composer
    composer.set_text("a draft")
    button(of(chat, 2), "Edit and ask again").click()
    composer.put_back("A long one", PromptTooLongError("too long"))
    assert composer.text() == "Question 2"
    assert composer.error_box.isVisible()
    composer.cancel_edit()
    assert composer.text() == "A long one\na draft"


def test_another_answer_asks_at_once_and_leaves_the_draft(chat: Opened) -> None:
    chat.page.composer.set_text("a draft")
    button(of(chat, 5), "Another answer").click()
    assert chat.chat.named("ask_version") == [(5, "Question 5")]
    assert chat.page.composer.text() == "a draft"
    assert chat.page.composer.edit.hasFocus()


def test_shift_f10_opens_the_menu_of_what_has_the_keys(chat: Opened) -> None:
    """Laptops have no Menu key."""
    turn_of_question = of(chat, 2)
    for part in (turn_of_question.question, turn_of_question.thinking.header, chat.page.composer.edit):
        part.setFocus()
        chat.qtbot.keyClick(part, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        words = [action.text() for action in menu.actions()]
        assert any("ask again" in each for each in words) is (part is not chat.page.composer.edit)
        menu.close()


def test_another_answer_pressed_twice_asks_once(chat: Opened) -> None:
    another = button(of(chat, 2), "Another answer")
    chat.qtbot.mouseDClick(another, Qt.MouseButton.LeftButton)
    another.click()
    another.click()
    assert chat.chat.named("ask_version") == [(2, "Question 2")]
    assert chat.page.composer.edit.toPlainText() == ""
    chat.say(TurnStarted(turn(6, question="Question 2")))
    chat.say(TurnEnded(turn(6, question="Question 2", answer="Yes.", state=TurnState.FINISHED)))
    button(of(chat, 6), "Another answer").click()
    assert chat.chat.named("ask_version") == [(2, "Question 2"), (6, "Question 2")]


def test_where_nothing_can_be_asked_another_answer_waits_in_the_field(opened: Opened) -> None:
    open_path(opened, [1])
    button(of(opened, 1), "Another answer").click()
    assert opened.chat.named("ask_version") == []
    assert opened.page.composer.edited_turn == 1


def test_while_a_reply_runs_nothing_can_be_changed_and_it_says_why(
    chat: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = turn(10, question="Now?")
    chat.say(TurnStarted(running))
    turns = [of(chat, turn_id) for turn_id in (2, 10)]
    for widget in turns:
        assert not button(widget, "Edit and ask again").isEnabled()
        assert button(widget, "Edit and ask again").toolTip() == BUSY
    assert not button(turns[0], "Another answer").isEnabled()
    assert not turns[0].versions.later.isEnabled()
    assert turns[0].versions.later.toolTip() == BUSY
    told: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: told.append(getattr(event, "message", str)())
    )
    turns[0].question.setFocus()
    for key in (Qt.Key.Key_F2, Qt.Key.Key_F5, Qt.Key.Key_Delete):
        chat.qtbot.keyClick(turns[0].question, key)
        assert QToolTip.text() == BUSY
        QToolTip.hideText()
        chat.qtbot.waitUntil(lambda: not QToolTip.isVisible())
        assert told.pop() == BUSY
    chat.qtbot.keyClick(turns[0].question, Qt.Key.Key_Right, ALT)
    names = {name for name, _ in chat.chat.orders}
    assert not names & {"ask_version", "delete_turn", "show_version"}
    chat.say(TurnEnded(turn(10, question="Now?", answer="Yes.", state=TurnState.FINISHED)))
    assert button(turns[0], "Another answer").isEnabled()
    assert button(of(chat, 10), "Another answer").isEnabled()


def test_a_turn_is_deleted_and_comes_back(chat: Opened) -> None:
    of(chat, 2).question.setFocus()
    chat.qtbot.keyClick(of(chat, 2).question, Qt.Key.Key_Delete)
    assert chat.chat.named("delete_turn") == [2]
    open_path(chat, [1, 5])
    chat.say(Deleted("“Question 2” was deleted."))
    bar = chat.page.deleted_bar
    assert bar.isVisible()
    assert bar.label.text() == "“Question 2” was deleted."
    assert of(chat, 5).question.hasFocus()
    chat.qtbot.keyClick(of(chat, 5).question, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert chat.chat.named("undo_delete") == [None]
    assert not bar.isVisible()
    chat.say(DeletionForgotten())
    open_path(chat, [1, 2, 5])
    assert [t.id for t in chat.page.transcript.turns()] == [1, 2, 5]


def test_delete_held_down_deletes_one_message(chat: Opened) -> None:
    """One deletion can be undone, the last."""
    of(chat, 2).question.setFocus()
    chat.qtbot.keyClick(of(chat, 2).question, Qt.Key.Key_Delete)
    open_path(chat, [1, 5])
    held = QKeyEvent(
        QEvent.Type.KeyPress, Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier, "", autorep=True
    )
    assert of(chat, 5).question.hasFocus()
    QApplication.sendEvent(of(chat, 5).question, held)
    assert chat.chat.named("delete_turn") == [2]


def test_the_offer_ends(chat: Opened) -> None:
    bar = chat.page.deleted_bar
    chat.say(Deleted("“Question 2” was deleted."))
    bar.forget_button.click()
    assert chat.chat.named("forget_deleted") == [None]
    chat.say(Deleted("“Question 3” was deleted."))
    bar._offer.timeout.emit()
    assert chat.chat.named("forget_deleted") == [None, None]
    assert not bar.isVisible()
    chat.say(Deleted("Another."), DeletionForgotten())
    assert not bar.isVisible()
    chat.qtbot.keyClick(of(chat, 5).question, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert chat.chat.named("undo_delete") == []


def test_the_last_turn_that_is_left_is_deleted(chat: Opened) -> None:
    open_path(chat, [1])
    of(chat, 1).question.setFocus()
    open_path(chat, [])
    assert chat.page.transcript.turns() == []
    assert chat.page.middle.currentWidget() is chat.page.middle.empty_state


def test_it_goes_on_in_a_new_chat(chat: Opened) -> None:
    button(of(chat, 2), "More").click()
    menu = of(chat, 2).findChild(QMenu)
    assert menu is not None
    assert [action.text() for action in menu.actions()] == [BRANCH, DELETE]
    menu.actions()[0].trigger()
    menu.close()
    assert chat.chat.named("branch") == [2]
    chat.window.activateWindow()
    open_path(chat, [11, 12], chat=2)
    assert chat.page.conversation_id == 2
    chat.qtbot.waitUntil(chat.page.composer.edit.hasFocus)


def test_a_failed_turn_asks_again_as_a_version(chat: Opened) -> None:
    chat.say(TurnStarted(turn(10, question="Now?")))
    chat.say(
        TurnEnded(turn(10, question="Now?", state=TurnState.FAILED), engine_error("generation_failed", {}))
    )
    note = of(chat, 10).note
    assert note is not None
    note.ask_again_requested.emit()
    assert chat.chat.named("ask_version") == [(10, "Now?")]


def test_a_question_that_is_too_long_is_given_back(chat: Opened) -> None:
    chat.say(TurnStarted(turn(10, question="Long?")))
    chat.say(TurnEnded(turn(10, question="Long?", state=TurnState.FAILED), PromptTooLongError("too long")))
    assert chat.page.composer.text() == "Long?"
