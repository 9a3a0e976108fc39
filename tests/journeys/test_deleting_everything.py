"""“Delete everything” in the window: nothing of Ponder's is left, and the next start is the first."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.accessibility.walk import problems
from tests.app.history.file_keyring import MemoryKeyring
from tests.journeys.journey import Journey
from ui.application import OpenWindow
from ui.delete_everything_dialog import DeleteEverythingDialog
from ui.everything_deleter import DeletionDialog


@pytest.fixture
def journey(journey: Journey, memory: MemoryKeyring) -> Journey:
    """A window that was used: a chat, settings, a downloaded model, and a file of somebody else's."""
    paths = journey.paths
    journey.start("--thought", "Hm.", "--answer", "one two three " * 300, "--tokens-per-s", "300")
    (paths.data_dir / "thesis.txt").write_text("not ours")
    folder = paths.models_dir / "somebody__model"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(b"GGUF")
    return journey


def left(journey: Journey) -> set[str]:
    return {path.name for path in journey.paths.data_dir.rglob("*") if path.is_file()}


def open_question(journey: Journey) -> DeleteEverythingDialog:
    window = journey.whole.window
    window.show_settings()
    window.settings_page.delete_button.click()
    (dialog,) = window.findChildren(DeleteEverythingDialog)
    return dialog


def press_delete(journey: Journey, *, with_models: bool = False) -> DeletionDialog:
    dialog = open_question(journey)
    assert problems(dialog) == []
    dialog.models_buttons.button(int(with_models)).click()
    dialog.delete_button.click()
    progress = journey.whole._behind.deleter.progress  # type: ignore[union-attr]
    assert progress is not None
    return progress


def test_nothing_is_left_and_the_next_start_is_the_first(journey: Journey, memory: MemoryKeyring) -> None:
    journey.ask("Who?")
    journey.wait(journey.is_running)  # a reply that is being written keeps nothing
    assert memory.entries
    assert {"history.db", "settings.json", "key.json"} <= left(journey)
    journey.whole.keeper.change(theme="dark")
    with journey.qtbot.waitSignal(journey.whole.everything_deleted):
        progress = press_delete(journey)
        assert progress.isVisible()
        assert not journey.whole.window.isVisible()
        QTest.keyClick(progress, Qt.Key.Key_Escape)
        assert progress.isVisible()
        journey.whole.keeper.change(theme="light")
    assert left(journey) == {"thesis.txt", "model.gguf"}
    assert not memory.entries
    journey.close()
    assert left(journey) == {"thesis.txt", "model.gguf"}
    journey.start()
    assert not journey.page.transcript.turns()


def test_a_new_start_shows_the_first_page(journey: Journey, qapp: QApplication, mini_model: Path) -> None:
    with journey.qtbot.waitSignal(journey.whole.everything_deleted):
        press_delete(journey, with_models=True)
    journey.close()
    assert left(journey) == {"thesis.txt"}
    again = OpenWindow(qapp, journey.paths, built_in_model=mini_model)
    is_first_start = again.window.is_first_start
    again.window.close()
    again.window.deleteLater()
    again.deleteLater()
    assert is_first_start


def test_cancel_is_what_enter_does(journey: Journey) -> None:
    dialog = open_question(journey)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    journey.wait(lambda: not dialog.isVisible())
    assert journey.whole.window.isVisible()
    assert {"history.db", "settings.json", "thesis.txt"} <= left(journey)


def test_what_is_left_is_said_before_it_quits(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("app.delete_everything.wipe_file", refuse)
    progress = press_delete(journey)
    journey.wait(progress.close_button.isVisible)
    assert "history.db" in progress.words_label.text()
    assert problems(progress) == []
    with journey.qtbot.waitSignal(journey.whole.everything_deleted):
        progress.close_button.click()
    assert "settings.json" not in left(journey)
