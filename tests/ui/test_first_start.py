"""The first page: it measures, recommends, and lets one begin."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from app.chat.events import TurnStarted
from app.errors import InputError
from app.library.events import AvailableModel, DownloadChanged, LibraryProblem, MachineMeasured, ShelfChanged
from app.settings import Settings, load_settings
from models.download_status import DownloadProblem, DownloadState, DownloadStatus
from tests.ui.conftest import OpenAWindow, Opened
from tests.ui.scripted_chat import ready, turn
from tests.ui.scripted_library import (
    BEST_ID,
    CPU_MACHINE,
    available,
    built_in,
    fresh_shelf,
    installed,
    measured,
    status,
)
from ui.application import is_first_start
from ui.first_start.first_start_page import FirstStartPage
from ui.library.add_file_dialog import ChooseFilesDialog
from ui.library.measured_dialog import MeasuredDialog


@pytest.fixture
def first(open_a_window: OpenAWindow) -> Opened:
    """A window that was never opened before."""
    return open_a_window(first_start=True)


def page_of(opened: Opened) -> FirstStartPage:
    return opened.window.first_start_page


def measure(opened: Opened, *, gpu: bool = True) -> None:
    opened.tell(measured(gpu=gpu), fresh_shelf(opened.built_in_model, gpu=gpu))


def begin_download(opened: Opened) -> None:
    measure(opened)
    opened.qtbot.mouseClick(page_of(opened).best_card.main_button, Qt.MouseButton.LeftButton)
    assert opened.library.named("download") == [BEST_ID]
    opened.tell(DownloadChanged(status()))


def test_it_measures_then_recommends_with_the_sum(first: Opened) -> None:
    card = page_of(first).best_card
    assert first.window.is_first_start
    assert not first.window.sidebar.isVisible()
    assert card.machine_label.text() == "Measuring this computer…"
    assert not card.main_button.isVisible()
    assert not page_of(first).measured_button.isEnabled()
    measure(first)
    sentence = "This computer has an RTX 3060 with 12 GB and 32 GB of memory."
    assert card.machine_label.text() == f"{sentence} Best for it:"
    assert card.title_label.text() == "DeepSeek-R1 Distill Qwen 14B"
    assert card.facts_label.text() == "9.0 GB · room for 12,288 tokens · about 24 tokens a second"
    assert card.sum_label.text() == "Memory: weights 8.1 + cache 2.2 + work 0.4 = 10.7 of 11.2 GB"
    assert card.main_button.text() == "Download 9.0 GB"


def test_a_computer_without_a_usable_card_is_told_so(first: Opened) -> None:
    measure(first, gpu=False)
    page = page_of(first)
    assert "no graphics card that Ponder can use" in page.best_card.machine_label.text()
    assert page.best_card.title_label.text() == "DeepSeek-R1 Distill Qwen 7B"
    assert "copy" not in page.best_card.sum_label.text()
    assert page.gpu_label.text().startswith("NVIDIA GeForce MX150: It is there, but")
    first.qtbot.mouseClick(page.measured_button, Qt.MouseButton.LeftButton)
    dialog = first.window.findChild(MeasuredDialog)
    assert dialog is not None
    texts = " ".join(dialog.facts.texts())
    assert "The Vulkan build of Ponder can use it." in texts
    assert "22 GB/s" in texts
    assert "AVX, AVX2" in texts
    assert "of them in an order that this processor reads faster" in texts
    assert "files in GB of 1,000 × 1,000 × 1,000" in texts  # why a download has other GB than its weights
    dialog.again_button.click()
    assert first.library.named("measure") == [None]


def test_where_nothing_fits_it_says_so_and_mini_is_there(first: Opened) -> None:
    first.tell(MachineMeasured(CPU_MACHINE, None), fresh_shelf(first.built_in_model))
    card = page_of(first).best_card
    assert "No model that is offered fits" in card.machine_label.text()
    assert not card.main_button.isVisible()
    assert page_of(first).start_button.isVisible()


def test_ponder_mini_starts_at_once_and_the_page_does_not_come_back(
    first: Opened, open_a_window: OpenAWindow
) -> None:
    first.qtbot.mouseClick(page_of(first).start_button, Qt.MouseButton.LeftButton)
    assert not first.window.is_first_start
    assert first.window.focusWidget() is first.page.composer.edit
    first.qtbot.waitUntil(lambda: load_settings(first.paths.settings_file)[0].first_start_done)
    first.window.close()
    assert not open_a_window(first_start=True).window.is_first_start


def test_a_download_shows_how_far_it_is_and_is_used_when_it_came(first: Opened, smollm2_model: Path) -> None:
    begin_download(first)
    card = page_of(first).best_card
    assert card.facts_label.text() == "3.1 of 9.0 GB · 41 MB/s · 2 min 24 s left"
    assert card.progress.isVisible()
    assert page_of(first).try_title.text() == "Try it meanwhile"
    first.qtbot.mouseClick(card.pause_button, Qt.MouseButton.LeftButton)
    assert first.library.named("pause") == [BEST_ID]
    first.tell(DownloadChanged(_done(smollm2_model)))
    assert not first.window.is_first_start
    first.qtbot.waitUntil(lambda: bool(first.chat.named("use_model")))
    assert first.chat.named("use_model") == [smollm2_model]


def test_a_chat_that_runs_meanwhile_is_not_disturbed(first: Opened, smollm2_model: Path) -> None:
    begin_download(first)
    first.qtbot.mouseClick(page_of(first).start_button, Qt.MouseButton.LeftButton)
    assert first.window.sidebar.download_line.isVisible()
    first.say(ready(), TurnStarted(turn()))
    first.tell(DownloadChanged(_done(smollm2_model)))
    (offer,) = first.page.notice_bars.notices()
    assert first.chat.named("use_model") == []
    offer.action_button.click()
    first.qtbot.waitUntil(lambda: first.chat.named("use_model") == [smollm2_model])


def test_a_download_that_failed_says_why_and_is_tried_again(first: Opened) -> None:
    begin_download(first)
    problem = DownloadProblem("The hub cannot be reached.", "What came is kept.", "Check the connection.")
    first.tell(DownloadChanged(status(DownloadState.FAILED, error=problem)))
    card = page_of(first).best_card
    assert card.error_label.text() == "The hub cannot be reached. What came is kept. Check the connection."
    assert card.main_button.text() == "Try again"
    first.qtbot.mouseClick(card.main_button, Qt.MouseButton.LeftButton)
    assert first.library.named("resume") == [BEST_ID]
    first.tell(LibraryProblem(InputError("Work offline is on."), BEST_ID))
    assert page_of(first).error_label.text() == "Work offline is on."


def test_cancelling_goes_back_to_the_offer(first: Opened) -> None:
    begin_download(first)
    first.tell(DownloadChanged(status(DownloadState.CANCELLED)), fresh_shelf(first.built_in_model))
    card = page_of(first).best_card
    assert card.main_button.text() == "Download 9.0 GB"
    assert not card.progress.isVisible()
    assert page_of(first).try_title.text() == "Try it at once"


def test_a_best_model_that_is_here_already_is_used(first: Opened, smollm2_model: Path) -> None:
    here = installed("fourteen", title="Qwen 14B", catalog_id=BEST_ID)
    first.tell(measured(), ShelfChanged((here, built_in(first.built_in_model)), ()))
    card = page_of(first).best_card
    assert (card.title_label.text(), card.main_button.text()) == ("Qwen 14B", "Use it")
    page_of(first).use_requested.emit(smollm2_model)
    first.qtbot.waitUntil(lambda: first.chat.named("use_model") == [smollm2_model])


def test_a_download_from_before_can_be_resumed_here(first: Opened) -> None:
    rests = available(download=status(DownloadState.PAUSED))
    first.tell(measured(), ShelfChanged((built_in(first.built_in_model),), (rests,)))
    card = page_of(first).best_card
    assert card.main_button.text() == "Resume"
    first.qtbot.mouseClick(card.main_button, Qt.MouseButton.LeftButton)
    assert first.library.named("resume") == [BEST_ID]


def test_the_links_lead_to_the_models_and_to_a_file(first: Opened) -> None:
    measure(first)
    first.qtbot.mouseClick(page_of(first).add_button, Qt.MouseButton.LeftButton)
    assert first.window.pages.currentWidget() is first.window.models_page
    dialog = first.window.findChild(ChooseFilesDialog)
    assert dialog is not None
    dialog.close()


def test_keys_of_the_chat_do_nothing_behind_the_page(first: Opened) -> None:
    first.window.activateWindow()
    first.qtbot.keyClick(first.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    first.qtbot.keyClick(first.window, Qt.Key.Key_Escape)
    assert first.chat.named("new") == []
    assert first.chat.named("stop") == []
    assert first.window.is_first_start


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_keys_that_press_a_button(first: Opened, key: Qt.Key) -> None:
    """Enter, too: Qt has it so on a few desktops only."""
    page_of(first).start_button.setFocus()
    first.qtbot.keyClick(page_of(first).start_button, key)
    assert not first.window.is_first_start


@pytest.mark.parametrize("width", [480, 800])
def test_it_fits_narrow_windows(first: Opened, width: int) -> None:
    first.window.resize(width, 700)
    measure(first)
    page = page_of(first)
    for button in (page.best_card.main_button, page.start_button, page.choose_button):
        assert button.mapTo(page.viewport(), button.rect().topRight()).x() <= page.viewport().width()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), True),
        (Settings(first_start_done=True), False),
        (Settings(model_path="/m.gguf"), False),
        (Settings(opened_models=("/m.gguf",)), False),
    ],
)
def test_when_it_is_shown(settings: Settings, expected: bool) -> None:
    assert is_first_start(settings) is expected


def test_every_control_has_a_name_and_tab_goes_down(first: Opened) -> None:
    begin_download(first)
    page = page_of(first)
    for button in page.findChildren(QPushButton):
        assert button.accessibleName() or button.text()
    for label in page.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
    first.window.activateWindow()
    page.best_card.pause_button.setFocus()
    for expected in (
        page.best_card.cancel_button,
        page.start_button,
        page.choose_button,
        page.add_button,
        page.measured_button,
    ):
        widget = first.window.focusWidget()
        assert widget is not None
        first.qtbot.keyClick(widget, Qt.Key.Key_Tab)
        assert first.window.focusWidget() is expected


def test_an_unknown_model_of_the_shelf_is_no_trouble(first: Opened) -> None:
    other = AvailableModel(available("r1-distill-qwen-7b").model, None, None)
    first.tell(measured(), ShelfChanged((), (other,)))
    assert not page_of(first).best_card.main_button.isVisible()


def _done(path: Path) -> DownloadStatus:
    return msgspec.structs.replace(status(DownloadState.DONE, 1.0), destination=str(path))
