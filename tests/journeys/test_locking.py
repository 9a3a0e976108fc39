"""The whole window is locked and unlocked: nothing is shown meanwhile, and what was stored is there again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QAccessible, QAccessibleInterface, QDragEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from app.history import passphrase
from app.history.key import Key
from app.settings import Settings, load_settings, save_settings
from tests.accessibility.walk import problems
from tests.app.history.file_keyring import MemoryKeyring
from tests.journeys.journey import Journey
from ui.lock.lock_page import LockPage

CANARY = "PLATYPUS"
PASSPHRASE = "five words for a key"
ALL = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def memory(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """The same, and passphrases that are quick to try."""
    monkeypatch.setattr(passphrase, "SCRYPT_N", 2**14)
    return memory


def lock_page(journey: Journey) -> LockPage:
    page = journey.whole.window.later_lock_page.built
    assert page is not None
    return page


def is_locked(journey: Journey) -> bool:
    return journey.whole.window.is_locked


def lock(journey: Journey) -> LockPage:
    """Lock by the keys, and wait until all is closed."""
    QTest.keyClick(journey.whole.window, Qt.Key.Key_L, ALL)
    assert is_locked(journey)
    page = lock_page(journey)
    journey.wait(page.unlock_button.isEnabled)
    return page


def unlock(journey: Journey, secret: str = "") -> None:
    page = lock_page(journey)
    if secret:
        page.field.setText(secret)
    page.unlock_button.click()
    journey.wait(lambda: not is_locked(journey))


def use_passphrase(journey: Journey) -> None:
    behind = journey.whole._behind
    assert behind is not None
    behind.privacy_guide._move_to_passphrase(PASSPHRASE)
    journey.wait(lambda: behind.lock_wiring._needs == "passphrase")


def spoken_texts(journey: Journey) -> list[str]:
    """Everything that somebody who walks through the window with a screen reader can come to."""
    found: list[str] = []
    waiting: list[QAccessibleInterface] = [
        QAccessible.queryAccessibleInterface(journey.whole.window),
    ]
    while waiting:
        each = waiting.pop()
        if each is None or not each.isValid():
            continue
        kinds = QAccessible.Text
        found += [each.text(kind) for kind in (kinds.Name, kinds.Description, kinds.Value, kinds.Help)]
        text = each.textInterface()
        if text is not None:
            found.append(text.text(0, text.characterCount()))
        waiting += [each.child(number) for number in range(each.childCount())]
    return found


def holds_canary(journey: Journey) -> list[str]:
    return [text for text in spoken_texts(journey) if CANARY in text]


def ask_about_it(journey: Journey) -> None:
    journey.ask(f"Who is {CANARY}?")
    journey.wait(lambda: f"Who is {CANARY}?" in journey.titles())
    journey.wait_for_end()


ENGINE = ("--thought", f"Hm, {CANARY}.", "--answer", f"A {CANARY}, with $x_{{{CANARY}}}$.")


def test_the_locked_window_shows_nothing_and_the_passphrase_opens_it(
    journey: Journey, memory: MemoryKeyring
) -> None:
    page = journey.start(*ENGINE)
    use_passphrase(journey)
    ask_about_it(journey)
    page.composer.set_text(f"And {CANARY} again")
    window = journey.whole.window
    window.sidebar.search_field.setText(CANARY)
    journey.wait(lambda: window.sidebar.hit_view.rows.rowCount() > 0)
    page.middle.find_in_chat()
    page.aids.find_bar.field.setText(CANARY)
    assert len(holds_canary(journey)) > 4

    locked = lock(journey)
    assert holds_canary(journey) == []
    assert problems(window) == []
    assert window.windowTitle() == "Ponder"
    assert journey.titles() == {"No chats yet"}
    assert not window.shell.isVisible()
    assert not page.transcript.turns()
    assert locked.field.hasFocus()
    assert window.header.title_label.text() == "New chat"

    locked.field.setText("not the passphrase")
    QTest.keyClick(locked.field, Qt.Key.Key_Return)
    journey.wait(locked.error_label.isVisible)
    assert is_locked(journey)
    assert locked.field.hasFocus()
    assert holds_canary(journey) == []

    unlock(journey, PASSPHRASE)
    journey.wait(lambda: f"Who is {CANARY}?" in journey.titles())
    journey.wait(lambda: [turn.question for turn in page.transcript.turns()] == [f"Who is {CANARY}?"])
    assert page.composer.text() == f"And {CANARY} again"
    assert page.composer.edit.hasFocus()
    assert lock_page(journey).field.text() == ""
    page.composer.send()
    journey.wait(lambda: len(page.transcript.turns()) == 2)
    journey.wait_for_end()


def test_the_recovery_key_opens_it_too(journey: Journey, memory: MemoryKeyring) -> None:
    journey.start()
    (secret,) = memory.entries.values()
    use_passphrase(journey)
    locked = lock(journey)
    locked.recovery_button.click()
    assert locked.field.accessibleName() == "Recovery key"
    assert problems(journey.whole.window) == []
    unlock(journey, Key(bytes.fromhex(secret)).recovery_text)


def test_without_a_passphrase_a_press_opens_it(journey: Journey, memory: MemoryKeyring) -> None:
    journey.start()
    ask_about_it(journey)
    locked = lock(journey)
    assert not locked.field.isVisible()
    assert locked.unlock_button.hasFocus()
    unlock(journey)
    journey.wait(lambda: f"Who is {CANARY}?" in journey.titles())


def test_a_keyring_that_lost_the_key_leaves_it_locked_and_asks_for_the_recovery_key(
    journey: Journey, memory: MemoryKeyring
) -> None:
    journey.start()
    ask_about_it(journey)
    (secret,) = memory.entries.values()
    locked = lock(journey)
    memory.entries.clear()
    locked.unlock_button.click()
    journey.wait(locked.error_label.isVisible)
    assert is_locked(journey)
    assert locked.field.isVisible()
    unlock(journey, Key(bytes.fromhex(secret)).recovery_text)
    journey.wait(lambda: f"Who is {CANARY}?" in journey.titles())


def test_dialogs_menus_keys_and_drops_are_dead(
    journey: Journey, memory: MemoryKeyring, tmp_path: Path
) -> None:
    journey.start()
    window = journey.whole.window
    window.show_settings()
    window.settings_page.about_button.click()
    window.header.pill.menu().popup(QPoint(0, 0))
    window.settings_page.lock_card.lock_button.click()
    journey.wait(lock_page(journey).unlock_button.isEnabled)
    assert QApplication.activePopupWidget() is None
    assert [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()] == []
    for key in (Qt.Key.Key_N, Qt.Key.Key_K, Qt.Key.Key_F, Qt.Key.Key_B):
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert is_locked(journey)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(model))])
    keys, buttons = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()
    late = QDialog(window)
    QLabel(CANARY, late)
    late.open()
    late.activateWindow()
    journey.wait(lambda: not late.isVisible())
    unlock(journey)


def test_after_the_time_without_use_it_locks_itself_but_never_under_a_reply(
    journey: Journey, memory: MemoryKeyring
) -> None:
    journey.paths.make_folders()
    save_settings(journey.paths.settings_file, Settings(lock_after_min=5, first_start_done=True))
    page = journey.start("--thought", "Hm.", "--answer", "one two three " * 20, "--tokens-per-s", "30")
    window = journey.whole.window
    watch = journey.whole._behind.lock_wiring.watch  # type: ignore[union-attr]
    assert window.sidebar.lock_button.isVisible()
    now_s = watch._clock()
    watch._clock = lambda: now_s
    journey.ask("Count")
    journey.wait(lambda: bool(page.transcript.turns()) and journey.is_running())
    now_s += 299
    journey.wait_for_end()
    now_s += 299
    watch._look()
    assert not is_locked(journey)
    now_s += 2
    watch._look()
    assert is_locked(journey)
    journey.wait(lock_page(journey).unlock_button.isEnabled)
    now_s += 8 * 3600
    unlock(journey)
    watch._look()
    assert not is_locked(journey)


def test_it_can_be_closed_while_it_is_locked_and_begins_unlocked(
    journey: Journey, memory: MemoryKeyring
) -> None:
    journey.start()
    ask_about_it(journey)
    lock(journey)
    journey.close()
    journey.start()
    journey.wait(lambda: f"Who is {CANARY}?" in journey.titles())


def test_the_settings_say_when(journey: Journey, memory: MemoryKeyring) -> None:
    journey.start()
    window = journey.whole.window
    assert not window.sidebar.lock_button.isVisible()
    card = window.settings_page.lock_card
    assert card.time_buttons.checkedId() == 0
    window.show_settings()
    card.time_buttons.button(2).click()
    journey.wait(lambda: load_settings(journey.paths.settings_file)[0].lock_after_min == 15)
    assert window.sidebar.lock_button.isVisible()
    assert card.passphrase_label.isVisible()
    use_passphrase(journey)
    assert not card.passphrase_label.isVisible()


def test_a_title_that_is_being_typed_goes_too(journey: Journey, memory: MemoryKeyring) -> None:
    journey.start()
    ask_about_it(journey)
    view = journey.whole.window.sidebar.conversation_view
    row = next(n for n in range(view.rows.rowCount()) if CANARY in str(view.rows.index(n).data()))
    view.rename(view.rows.index(row))
    assert view.state() is view.State.EditingState
    lock(journey)
    assert journey.titles() == {"No chats yet"}
    assert holds_canary(journey) == []
    unlock(journey)
    journey.wait(lambda: f"Who is {CANARY}?" in journey.titles())
