"""The settings page: what it changes holds at once and stands in the file."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.settings import load_settings
from models.engine.kv_type import KvType
from models.engine.protocol import Sampling
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import MODEL


def test_changes_are_saved_and_reach_the_chat(opened: Opened) -> None:
    page = opened.window.settings_page
    page.sampling.choice_buttons.button(1).click()
    page.sampling.temperature.setValue(0.9)
    page.sampling.top_p.setValue(0.8)
    page.thought_buttons.button(1).click()
    assert opened.chat.named("sampling")[-1] == Sampling(temperature=0.9, top_p=0.8)

    def saved() -> bool:
        settings, error = load_settings(opened.paths.settings_file)
        return error is None and (settings.temperature, settings.top_p, settings.show_thinking) == (
            0.9,
            0.8,
            True,
        )

    opened.qtbot.waitUntil(saved)


def test_dark_is_dark_at_once(opened: Opened) -> None:
    page = opened.window.settings_page
    opened.window.show_settings()
    opened.qtbot.mouseClick(page.theme_buttons.button(2), Qt.MouseButton.LeftButton)
    ground = opened.window.palette().window().color()
    assert ground.lightness() < 60
    opened.qtbot.mouseClick(page.theme_buttons.button(1), Qt.MouseButton.LeftButton)
    assert opened.window.palette().window().color().lightness() > 200


@pytest.mark.parametrize(("value", "warns"), [(0.45, True), (0.5, False), (0.7, False), (0.75, True)])
def test_a_temperature_outside_the_advice_is_warned_of_softly(
    opened: Opened, value: float, warns: bool
) -> None:
    card = opened.window.settings_page.sampling
    card.choice_buttons.button(1).click()
    card.temperature.setValue(value)
    assert (not card.warning.isHidden()) is warns
    assert ("outside the 0.5 to 0.7 advised" in card.warning.text()) is warns


def test_the_advice_is_that_of_the_model(opened: Opened) -> None:
    card = opened.window.settings_page.sampling
    card.show_model(msgspec.structs.replace(MODEL, family="gpt-oss"))
    assert card.advice.text().startswith("For gpt-oss: temperature 1 (0.7 to 1.2), top-p 1.")
    assert card.own.isHidden()
    card.choice_buttons.button(1).click()
    assert opened.chat.named("sampling")[-1] == Sampling(temperature=1.0, top_p=1.0)
    card.choice_buttons.button(0).click()
    assert opened.chat.named("sampling")[-1] == Sampling()


def test_the_cache_can_be_stored_in_half_the_memory(opened: Opened) -> None:
    opened.window.settings_page.kv_buttons.button(1).click()
    assert opened.chat.named("kv_type") == [KvType.Q8_0]
    assert opened.whole.keeper.settings.kv_type is KvType.Q8_0


def test_the_path_of_the_data_can_be_copied(opened: Opened) -> None:
    page = opened.window.settings_page
    opened.window.show_settings()
    opened.qtbot.mouseClick(page.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == str(opened.paths.data_dir)


def test_a_file_that_cannot_be_written_is_said(opened: Opened) -> None:
    opened.paths.settings_file.symlink_to("/proc/nobody/can/write/here.json")
    opened.window.settings_page.kv_buttons.button(1).click()
    opened.qtbot.waitUntil(lambda: bool(opened.page.notice_bars.notices()))
    assert opened.window.settings_page.kv_buttons.checkedId() == 1
