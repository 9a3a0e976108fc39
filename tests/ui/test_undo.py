"""The offer to undo a deletion: where it stands, how long, and how it is taken."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.chat.events import ConversationsListed, Deleted, DeletionForgotten
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import summary
from ui.deleted_bar import OFFER_MS, DeletedBar

DELETED = Deleted("“First” was deleted.")


@pytest.fixture
def listed(opened: Opened) -> Opened:
    opened.window.resize(1200, 700)
    opened.say(ConversationsListed((summary(2, "Second"), summary(1, "First"))))
    return opened


def bar_of(opened: Opened) -> DeletedBar:
    return opened.page.deleted_bar


def undo_keys(opened: Opened, widget: QWidget) -> list[object]:
    """Press Ctrl+Z there; all undos so far."""
    opened.qtbot.keyClick(widget, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    return opened.chat.named("undo_delete")


def test_delete_asks_nothing_and_ctrl_z_in_the_list_undoes_it(listed: Opened) -> None:
    view = listed.window.sidebar.conversation_view
    view.setFocus()
    view.setCurrentIndex(view.rows.index_of(1))
    listed.qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert listed.chat.named("delete") == [1]
    assert undo_keys(listed, view) == [], "there is nothing to undo yet"
    listed.say(ConversationsListed((summary(2, "Second"),)), DELETED)
    assert bar_of(listed).isVisible()
    assert undo_keys(listed, view) == [None]
    assert not bar_of(listed).isVisible()


def test_delete_held_down_deletes_one_chat(listed: Opened) -> None:
    view = listed.window.sidebar.conversation_view
    view.setFocus()
    view.setCurrentIndex(view.rows.index_of(1))
    listed.qtbot.keyClick(view, Qt.Key.Key_Delete)
    held = QKeyEvent(
        QEvent.Type.KeyPress, Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier, "", autorep=True
    )
    QApplication.sendEvent(view, held)
    assert listed.chat.named("delete") == [1]


def test_ctrl_z_in_a_field_belongs_to_what_is_written(listed: Opened) -> None:
    listed.say(DELETED)
    edit = listed.page.composer.edit
    listed.qtbot.keyClicks(edit, "ab")
    assert undo_keys(listed, edit) == []
    assert edit.toPlainText() == ""
    search = listed.window.sidebar.search_field
    search.setFocus()
    assert undo_keys(listed, search) == []
    assert undo_keys(listed, edit) == [None], "nothing is left to undo in the field"


def test_the_offer_waits_for_the_mouse_and_the_keys(listed: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = bar_of(listed)
    listed.say(DELETED)
    assert bar._offer.isActive()
    assert bar._offer.interval() == OFFER_MS
    monkeypatch.setattr(bar, "underMouse", lambda: True)
    bar._offer.timeout.emit()
    monkeypatch.setattr(bar, "underMouse", lambda: False)
    bar.undo_button.setFocus()
    bar._offer.timeout.emit()
    assert bar.isVisible()
    assert bar._offer.isActive()
    assert listed.chat.named("forget_deleted") == []
    listed.page.composer.edit.setFocus()
    bar._offer.timeout.emit()
    assert not bar.isVisible()
    assert listed.chat.named("forget_deleted") == [None]


def test_it_stands_where_it_can_be_seen(listed: Opened) -> None:
    window, bar = listed.window, bar_of(listed)
    listed.say(DELETED)
    assert window.chat_page.isAncestorOf(bar)
    window.show_settings()
    assert window.sidebar.isAncestorOf(bar)
    assert bar.isVisible()
    assert bar.label.width() > 150
    window.show_chat()
    assert window.chat_page.isAncestorOf(bar)
    assert bar.isVisible()
    window.resize(600, 700)
    window.toggle_sidebar()
    assert window.sidebar.isAncestorOf(bar)
    listed.qtbot.mouseClick(bar.undo_button, Qt.MouseButton.LeftButton)
    assert listed.chat.named("undo_delete") == [None]
    window.toggle_sidebar()
    assert not bar.isVisible()
    listed.say(DELETED, DeletionForgotten())
    assert not bar.isVisible()
    window.toggle_sidebar()
    assert not bar.isVisible()


def test_a_screen_reader_is_told(listed: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def note(event: QAccessibleEvent) -> None:
        told.append(getattr(event, "message", str)())

    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", note)
    listed.say(DELETED)
    assert told == ["“First” was deleted. Control Z brings it back."]
    assert bar_of(listed).undo_button.accessibleName() == "Undo. “First” was deleted."
