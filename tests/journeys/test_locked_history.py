"""The whole window on an encrypted history: it is locked, chats go on, and all is there once it is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring.core
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.history.file_kind import FileKind, kind_of
from app.history.key import Key
from app.paths import Paths
from tests.app.history.file_keyring import MemoryKeyring
from tests.app.history.filled import holds
from tests.journeys.test_window_journey import Journey
from ui.damaged_history_dialog import DamagedHistoryDialog
from ui.privacy.unlock_dialog import UnlockDialog


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


@pytest.fixture
def journey(
    qapp: QApplication,
    qtbot: QtBot,
    home: Path,
    mini_model: Path,
    fake_engine_command: tuple[str, ...],
) -> Iterator[Journey]:
    paths = Paths.from_environment({"PONDER_HOME": str(home / "ponder")})
    journey = Journey(qapp, qtbot, paths, mini_model, fake_engine_command)
    yield journey
    journey.close()


def unlock_dialog(journey: Journey) -> UnlockDialog:
    def shown() -> list[UnlockDialog]:
        return [each for each in journey.whole.window.findChildren(UnlockDialog) if each.isVisible()]

    journey.wait(lambda: len(shown()) == 1)
    return shown()[0]


def titles(journey: Journey) -> set[str]:
    rows = journey.whole.window.sidebar.conversation_view.rows
    return {str(rows.index(number).data()) for number in range(rows.rowCount())}


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
    assert "Who came first?" not in titles(journey)
    assert history.read_bytes() == before
    (offer,) = [notice for notice in page.notice_bars.notices() if "locked" in notice.text]
    offer.action_button.click()
    dialog = unlock_dialog(journey)
    dialog.field.setText("not a key")
    dialog.unlock_button.click()
    journey.wait(lambda: "not a recovery key" in dialog.problem_label.text())
    dialog.field.setText(Key(bytes.fromhex(secret)).recovery_text)
    dialog.unlock_button.click()
    journey.wait(lambda: {"Who came first?", "Who came second?"} <= titles(journey))
    journey.close()
    assert holds(history.parent, "Theodora") == holds(history.parent, "Justinian") == []

    journey.start()
    journey.wait(lambda: {"Who came first?", "Who came second?"} <= titles(journey))


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
