"""The lock page and the card in the settings."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.settings import Settings
from tests.accessibility.walk import problems
from ui.lock.lock_card import LockCard
from ui.lock.lock_page import LockPage


@pytest.fixture
def page(qtbot: QtBot) -> LockPage:
    page = LockPage()
    qtbot.addWidget(page)
    page.resize(500, 500)
    page.show()
    page.activateWindow()
    return page


def test_until_the_chats_are_closed_nothing_can_be_pressed(page: LockPage, qtbot: QtBot) -> None:
    assert not page.unlock_button.isEnabled()
    assert "Closing" in page.words_label.text()
    page.ask("")
    assert page.unlock_button.isEnabled()
    assert "no passphrase" in page.opens_label.text()
    assert not page.field.isVisible()
    assert problems(page) == []
    with qtbot.waitSignal(page.unlock_requested, check_params_cb=lambda secret: secret == ""):
        page.unlock_button.click()
    assert not page.unlock_button.isEnabled()  # until it is known whether that was enough


def test_a_passphrase_is_typed_unseen_and_can_be_typed_again(page: LockPage, qtbot: QtBot) -> None:
    page.ask("passphrase")
    page.take_focus()
    assert page.field.echoMode() is QLineEdit.EchoMode.Password
    with qtbot.assertNotEmitted(page.unlock_requested):
        page.unlock_button.click()
    QTest.keyClicks(page.field, "a secret")
    with qtbot.waitSignal(page.unlock_requested, check_params_cb=lambda secret: secret == "a secret"):
        QTest.keyClick(page.field, Qt.Key.Key_Return)
    assert not page.field.isEnabled()
    page.show_problem("This is not the passphrase.")
    assert page.error_label.isVisible()
    assert page.field.isEnabled()
    assert page.field.selectedText()
    assert problems(page) == []
    page.wait()
    assert page.field.text() == ""


def test_who_lost_the_passphrase_types_the_recovery_key(page: LockPage) -> None:
    page.ask("passphrase")
    page.recovery_button.click()
    assert page.field.accessibleName() == "Recovery key"
    assert not page.recovery_button.isVisible()
    assert problems(page) == []


def test_the_card_shows_and_changes_the_time(qtbot: QtBot) -> None:
    card = LockCard(Settings(lock_after_min=15))
    qtbot.addWidget(card)
    card.show()
    assert card.time_buttons.checkedId() == 2
    with qtbot.waitSignal(card.changed, check_params_cb=lambda values: values == {"lock_after_min": 60}):
        card.time_buttons.button(3).click()
    with qtbot.waitSignal(card.lock_requested):
        card.lock_button.click()
    card.show_settings(Settings(lock_after_min=7))
    assert card.time_buttons.checkedId() == -1
    card.show_needs_words(True)
    assert not card.passphrase_label.isVisible()
    assert problems(card) == []
