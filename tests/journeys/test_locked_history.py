"""The whole window on an encrypted history: it is locked, chats go on, and all is there once it is open."""

from __future__ import annotations

from app.history.file_kind import FileKind, kind_of
from app.history.key import Key
from tests.app.history.file_keyring import MemoryKeyring
from tests.app.history.filled import holds
from tests.journeys.journey import Journey
from ui.damaged_history_dialog import DamagedHistoryDialog
from ui.privacy.unlock_dialog import UnlockDialog


def unlock_dialog(journey: Journey) -> UnlockDialog:
    def shown() -> list[UnlockDialog]:
        return [each for each in journey.whole.window.findChildren(UnlockDialog) if each.isVisible()]

    journey.wait(lambda: len(shown()) == 1)
    return shown()[0]


def test_a_lost_keyring_loses_no_chat_and_what_is_asked_meanwhile_is_stored(
    journey: Journey, memory: MemoryKeyring
) -> None:
    history = journey.paths.history_file
    journey.start("--answer", "Theodora.")
    journey.ask("Who came first?")
    journey.wait_for_end()
    journey.close()
    assert kind_of(history) is FileKind.ENCRYPTED
    (secret,) = memory.entries.values()
    memory.entries.clear()
    before = history.read_bytes()

    page = journey.start("--answer", "Justinian.")
    dialog = unlock_dialog(journey)
    dialog.reject()
    journey.ask("Who came second?")
    journey.wait_for_end()
    assert "Who came first?" not in journey.titles()
    assert history.read_bytes() == before
    (offer,) = [notice for notice in page.notice_bars.notices() if "locked" in notice.text]
    offer.action_button.click()
    dialog = unlock_dialog(journey)
    dialog.field.setText("not a key")
    dialog.unlock_button.click()
    journey.wait(lambda: "not a recovery key" in dialog.problem_label.text())
    dialog.field.setText(Key(bytes.fromhex(secret)).recovery_text)
    dialog.unlock_button.click()
    journey.wait(lambda: {"Who came first?", "Who came second?"} <= journey.titles())
    journey.close()
    assert holds(history.parent, "Theodora") == holds(history.parent, "Justinian") == []

    journey.start()
    journey.wait(lambda: {"Who came first?", "Who came second?"} <= journey.titles())


def test_with_nothing_left_the_locked_file_is_kept_beside_an_empty_encrypted_one(
    journey: Journey, memory: MemoryKeyring
) -> None:
    history = journey.paths.history_file
    journey.start("--answer", "Theodora.")
    journey.ask("Who came first?")
    journey.wait_for_end()
    journey.close()
    memory.entries.clear()
    before = history.read_bytes()

    journey.start()
    unlock_dialog(journey).nothing_button.click()
    (ways,) = journey.whole.window.findChildren(DamagedHistoryDialog)
    journey.wait(ways.empty_button.isVisible)
    assert not ways.recover_button.isVisible()
    ways.empty_button.click()
    journey.wait(lambda: history.read_bytes() != before)
    journey.close()
    (kept,) = history.parent.glob("history.damaged-*.db")
    assert kept.read_bytes() == before
    assert kind_of(history) is FileKind.ENCRYPTED
    assert len(memory.entries) == 1
