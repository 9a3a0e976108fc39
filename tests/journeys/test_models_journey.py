"""A model from the hub into the chat: the real window, library and downloads, on the tests' own hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.paths import Paths
from models.library import Verification
from tests.hub_server.faults import Fault
from tests.hub_server.server import HubServer
from ui.application import OpenWindow
from ui.library.installed_card import InstalledCard
from ui.library.repository_dialog import RepositoryDialog
from ui.notice_bar import Offer

pytestmark = pytest.mark.loopback

REPO = "some/where"
FILE = "smol-Q4_K_M.gguf"
PATIENCE_MS = 60_000


@pytest.fixture
def server(smollm2_model: Path) -> Iterator[HubServer]:
    with HubServer() as server:
        server.add_file(REPO, FILE, smollm2_model)
        yield server


@pytest.fixture
def opened(
    qapp: QApplication, home: Path, mini_model: Path, server: HubServer, fake_engine_command: tuple[str, ...]
) -> Iterator[OpenWindow]:
    paths = Paths.from_environment({"PONDER_HOME": str(home / "ponder")})
    paths.settings_file.parent.mkdir(parents=True)
    paths.settings_file.write_text(json.dumps({"hub_endpoint": server.url}))
    whole = OpenWindow(qapp, paths, built_in_model=mini_model, engine_command=fake_engine_command)
    whole.show()
    yield whole
    whole.window.close()
    whole.window.deleteLater()
    whole.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_from_the_first_page_to_a_model_of_the_hub_in_use(
    opened: OpenWindow, server: HubServer, qtbot: QtBot
) -> None:
    window = opened.window
    page = window.models_page

    def wait(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    wait(lambda: bool(window.first_start_page.best_card.title_label.text()))
    assert server.requests == []
    window.first_start_page.choose_button.click()
    page.browse_button.click()
    dialog = window.findChild(RepositoryDialog)
    assert dialog is not None
    dialog.field.setText(REPO)
    dialog.open_button.click()
    wait(lambda: bool(dialog.cards()))
    assert dialog.cards()[0].title_label.text() == FILE
    server.fail(Fault(bytes_per_s=20_000_000), "cdn")
    dialog.cards()[0].download_button.click()
    dialog.close()
    wait(window.sidebar.download_line.isVisible)
    wait(lambda: bool(_offers(opened)))
    assert not window.sidebar.download_line.isVisible()
    (offer,) = _offers(opened)
    window.show_chat()
    offer.action_button.click()
    wait(lambda: len(page.cards()) == 2 and page.cards()[0].use_button.text() == "In use")
    wait(lambda: not window.chat_page.composer.reason_label.text())
    card = page.cards()[0]
    assert card.model.verification is Verification.VERIFIED
    assert _offers(opened) == []
    _take_back_a_deletion(opened, card, wait)


def _offers(opened: OpenWindow) -> list[Offer]:
    """The notices that offer a model; there is one of the encryption, too."""
    notices = opened.window.chat_page.notice_bars.notices()
    return [
        notice
        for notice in notices
        if isinstance(notice, Offer) and notice.action_button.text() == "Use it now"
    ]


def _take_back_a_deletion(
    opened: OpenWindow, card: InstalledCard, wait: Callable[[Callable[[], bool]], None]
) -> None:
    page, path = opened.window.models_page, card.model.path
    page.use_requested.emit(page.cards()[1].model.path)
    wait(lambda: page.cards()[0].use_button.text() == "Use" or page.cards()[1].use_button.text() == "Use")
    page.delete_requested.emit(path)
    wait(lambda: len(page.cards()) == 1)
    assert not path.exists()
    page.undo_bar.undo_button.click()
    wait(lambda: len(page.cards()) == 2)
    assert path.exists()
