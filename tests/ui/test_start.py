"""The window is there and takes typing before the rest is imported or built; and the rest comes in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.paths import Paths
from app.settings import Settings, save_settings
from tests.ui.conftest import OpenAWindow, Opened
from tests.ui.scripted_chat import ScriptedChat
from tests.ui.scripted_library import ScriptedLibrary
from ui.application import (
    IMPORTED_AFTER_FIRST_PICTURE,
    IMPORTED_BEFORE_FIRST_CHAT,
    IMPORTED_BEFORE_OTHER_PAGES,
    OpenWindow,
)
from ui.later import Later
from ui.stages import Stages

HEAVY = {
    "markdown_it",
    "pygments",
    "ziamath",
    "sqlalchemy",
    "sqlcipher3",
    "httpx2",
    "huggingface_hub",
    "psutil",
    "msgspec",
}
OURS_LATER = {
    *IMPORTED_AFTER_FIRST_PICTURE,
    *IMPORTED_BEFORE_FIRST_CHAT,
    *IMPORTED_BEFORE_OTHER_PAGES,
    "ui.wiring",
    "ui.first_start.first_start_page",
    "app.history.records",
    "models.library",
}


def test_the_first_picture_needs_no_heavy_module_and_no_letter_is_lost(repository: Path, home: Path) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PONDER_HOME": str(home / "ponder")}
    command = [sys.executable, "-m", "tests.ui.start_child"]
    done = subprocess.run(
        command, cwd=repository, env=environment, check=True, stdout=subprocess.PIPE, timeout=60
    )
    found = json.loads(done.stdout)
    assert not HEAVY & set(found["modules"])
    assert not OURS_LATER & set(found["modules"])
    assert found["has_focus"]
    assert len(found["typed"]) > 3
    assert found["stands"] == found["typed"]


@pytest.fixture
def staged(qapp: QApplication, paths: Paths, tmp_path: Path) -> Iterator[OpenWindow]:
    """A window that builds the rest after its first picture; not shown yet."""
    paths.make_folders()
    save_settings(paths.settings_file, Settings(first_start_done=True))
    opened = OpenWindow(
        qapp,
        paths,
        built_in_model=tmp_path / "ponder-mini.gguf",
        make_chat=ScriptedChat,
        make_library=ScriptedLibrary,
        open_url=lambda _url: True,
        in_stages=True,
    )
    yield opened
    opened.window.close()
    opened.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _asked(opened: OpenWindow, name: str) -> list[object]:
    return cast("ScriptedChat", opened.bridge.chat).named(name)


def test_the_rest_follows_by_itself(staged: OpenWindow, qtbot: QtBot) -> None:
    reading = staged.window.chat_page.middle.later_aids
    are_there = [reading.built is not None]
    staged.show()
    qtbot.waitUntil(lambda: staged.stages.are_over)
    are_there.append(reading.built is not None)
    assert are_there == [False, True]
    assert staged.window.later_models_page.built is None
    assert len(_asked(staged, "start")) == 1


def test_a_click_before_the_rest_is_there_is_not_lost(staged: OpenWindow, qtbot: QtBot) -> None:
    staged.show()
    staged.stages.begin()
    QTest.mouseClick(staged.window.sidebar.new_chat_button, Qt.MouseButton.LeftButton)
    assert staged.stages.are_over
    assert len(_asked(staged, "new")) == 1


def test_a_key_on_a_button_before_the_rest_is_there_is_not_lost(staged: OpenWindow, qtbot: QtBot) -> None:
    staged.show()
    staged.stages.begin()
    staged.window.sidebar.new_chat_button.setFocus()
    QTest.keyClick(staged.window.sidebar.new_chat_button, Qt.Key.Key_Space)
    assert len(_asked(staged, "new")) == 1


def test_a_window_closed_before_the_rest_is_there_starts_nothing(staged: OpenWindow, qtbot: QtBot) -> None:
    staged.show()
    staged.window.close()
    qtbot.wait(20)
    assert staged.stages.are_over
    assert staged._behind is None


def test_pages_are_built_at_the_first_visit(opened: Opened) -> None:
    window = opened.window
    assert window.later_models_page.built is None
    assert window.later_settings_page.built is None
    assert window.later_first_start_page.built is None or window.is_first_start is False
    window.show_models()
    assert window.pages.currentWidget() is window.later_models_page.built
    window.show_settings()
    assert window.pages.currentWidget() is window.later_settings_page.built
    window.show_models()
    assert window.pages.currentWidget() is window.models_page


def test_the_settings_page_shows_what_was_changed_before_it_was_built(opened: Opened) -> None:
    opened.whole.keeper.change(show_thinking=True)
    assert opened.window.settings_page.thought_buttons.checkedId() == 1
    opened.window.settings_page.changed.emit({"theme": "dark"})
    assert opened.whole.keeper.settings.theme == "dark"


def test_no_first_page_is_built_where_it_is_not_shown(open_a_window: OpenAWindow, paths: Paths) -> None:
    paths.make_folders()
    save_settings(paths.settings_file, Settings(first_start_done=True))
    assert open_a_window().window.later_first_start_page.built is None


def test_a_part_is_built_once_and_told_in_order() -> None:
    built: list[str] = []
    heard: list[str] = []

    def build() -> str:
        built.append("built")
        return "part"

    later = Later(build)
    later.tell(heard.append)
    later.when_built(lambda part: heard.append(f"first {part}"))
    later.when_built(lambda part: heard.append(f"second {part}"))
    assert later.built is None
    assert not heard
    assert later.get() == later.get() == "part"
    later.tell(heard.append)
    later.when_built(lambda part: heard.append(f"third {part}"))
    assert built == ["built"]
    assert heard == ["first part", "second part", "part", "third part"]


def test_steps_run_in_order_and_stop_with_the_window(qapp: QApplication, qtbot: QtBot) -> None:
    ran: list[int] = []
    parent = QObject()
    stages = Stages([lambda number=number: ran.append(number) for number in range(3)], parent)  # type: ignore[misc]
    stages.begin()
    assert ran == []
    qtbot.waitUntil(lambda: stages.are_over)
    assert ran == [0, 1, 2]
    stopped = Stages([lambda: ran.append(9)], parent)
    stopped.begin()
    stopped.stop()
    qtbot.wait(20)
    assert ran == [0, 1, 2]
