"""The dialogs of the library: licences, sums, repositories, files of other apps, and the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QMessageBox, QWidget

from app.errors import InputError
from app.library.events import (
    FilesFound,
    LibraryProblem,
    RepositoryFile,
    RepositoryOpened,
    Work,
    WorkEnded,
    WorkProgressed,
)
from app.settings import load_settings
from models.fit import Verdict
from models.hub import HubFile, NetworkSettings
from models.other_apps import FoundFile
from tests.ui.conftest import Opened
from tests.ui.scripted_library import a_fit, fresh_shelf, measured
from ui.library.found_files_dialog import FoundFilesDialog
from ui.library.licence_dialog import LicenceDialog
from ui.library.repository_dialog import RepositoryDialog, repository_id
from ui.library.sum_dialog import SumDialog

Kind = TypeVar("Kind", bound=QWidget)
LLAMA = "r1-distill-llama-8b"


@pytest.fixture
def models(opened: Opened) -> Opened:
    """The Models page of a fresh computer is in front."""
    opened.window.show_models()
    opened.tell(measured(), fresh_shelf(opened.built_in_model))
    return opened


def the(opened: Opened, kind: type[Kind]) -> Kind:
    (found,) = [widget for widget in opened.window.findChildren(kind) if widget.isVisible()]
    return found


def file(name: str, size_bytes: int, quantisation: str, parts: int = 1) -> HubFile:
    return HubFile(
        repo="some/where",
        revision="0" * 40,
        path=name,
        size_bytes=size_bytes,
        sha256="",
        quantisation=quantisation,
        parts=tuple(f"{name}{number}" for number in range(parts)),
    )


def test_a_licence_is_accepted_once_before_the_first_download(models: Opened) -> None:
    card = models.window.models_page.available.card(LLAMA)
    assert card is not None
    card.download_button.click()
    dialog = the(models, LicenceDialog)
    assert models.library.named("download") == []
    assert "Built with Llama" in " ".join(label.text() for label in dialog.findChildren(QLabel))
    dialog.read_button.click()
    question = the(models, QMessageBox)
    assert "Open " in question.text()
    assert models.opened_urls == []
    question.close()
    dialog.reject()
    assert models.library.named("download") == []
    card.download_button.click()
    the(models, LicenceDialog).accept_button.click()
    assert models.library.named("download") == [LLAMA]
    card.download_button.click()
    assert models.library.named("download") == [LLAMA, LLAMA]
    models.qtbot.waitUntil(
        lambda: (
            load_settings(models.paths.settings_file)[0].accepted_licences == ("Llama 3.1 Community License",)
        )
    )


def test_what_is_too_large_shows_the_sum_and_can_be_had_anyway(models: Opened) -> None:
    card = models.window.models_page.available.card("r1-distill-llama-70b")
    assert card is not None
    card.details_button.click()
    dialog = the(models, SumDialog)
    texts = dialog.facts.texts()
    assert "Too large by 7.9 GB" in texts
    assert any("of 37.0 GB" in text for text in texts)
    assert "Free now: 11.2 GB on graphics cards and 26.0 GB of main memory." in texts
    assert dialog.download_button is not None
    dialog.download_button.click()
    the(models, LicenceDialog).accept_button.click()
    assert models.library.named("download") == ["r1-distill-llama-70b"]


def test_a_repository_is_opened_and_one_of_its_files_downloaded(models: Opened) -> None:
    models.window.models_page.browse_button.click()
    dialog = the(models, RepositoryDialog)
    dialog.field.setText("not a repository")
    models.qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert dialog.error_label.text() == "Write it as owner/name, as on its page at the hub."
    dialog.field.setText("https://huggingface.co/some/where/tree/main")
    dialog.open_button.click()
    assert models.library.named("browse") == ["some/where"]
    models.tell(WorkProgressed("some/where", Work.BROWSING, 0.0))
    assert "A connection is open" in models.page.composer.promise_label.text()
    small, large = file("q<b>4.gguf", 9_000_000_000, "Q4_K_M"), file("bf16.gguf", 29_000_000_000, "BF16", 3)
    models.tell(
        RepositoryOpened("other/one", (RepositoryFile(small, None),)),
        RepositoryOpened(
            "some/where", (RepositoryFile(small, a_fit(Verdict.FITS)), RepositoryFile(large, None))
        ),
        WorkEnded("some/where", Work.BROWSING, done=True),
    )
    assert "No connection" in models.page.composer.promise_label.text()
    first, second = dialog.cards()
    assert (first.title_label.text(), first.facts_label.text()) == ("q<b>4.gguf", "9.0 GB · Q4_K_M")
    assert first.badge_label.text() == "Fits, 16,384 tokens"
    assert second.facts_label.text() == "29.0 GB · BF16 · in 3 files"
    first.download_button.click()
    assert models.library.named("download_file") == [small]
    assert not first.download_button.isEnabled()
    dialog.close()


def test_a_repository_that_cannot_be_opened_says_so_in_its_dialog(models: Opened) -> None:
    models.window.models_page.browse_button.click()
    dialog = the(models, RepositoryDialog)
    dialog.field.setText("some/where")
    dialog.open_button.click()
    models.tell(LibraryProblem(InputError("There is no such repository."), "some/where"))
    assert dialog.error_label.text() == "There is no such repository."
    assert dialog.open_button.isEnabled()
    models.tell(LibraryProblem(InputError("Something else."), "other/one"))
    assert models.window.models_page.error_label.text() == "Something else."
    dialog.close()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (" owner/name ", "owner/name"),
        ("https://huggingface.co/owner/na.me-1_x/blob/main/a.gguf", "owner/na.me-1_x"),
        ("hf-mirror.com/owner/name", "owner/name"),
        ("name", ""),
        ("a/b/c", ""),
        ("../etc", ""),
        ("owner/na me", ""),
        ("ówner/name", ""),
        ("file:///etc/passwd", ""),
        ("", ""),
    ],
)
def test_what_names_a_repository(typed: str, expected: str) -> None:
    assert repository_id(typed) == expected


def test_files_of_other_apps_are_added_where_they_are(models: Opened) -> None:
    models.window.models_page.find_button.click()
    dialog = the(models, FoundFilesDialog)
    assert dialog.state_label.text() == "Looking…"
    assert models.library.named("find_files") == [None]
    blob = Path("/home/x/.ollama/models/blobs/sha256-1")
    models.tell(
        FilesFound(
            (
                FoundFile(blob, "Ollama", "deepseek-r1:14b in Ollama", 9_000_000_000),
                FoundFile(Path("/p.gguf"), "LM Studio", "p", 1_000_000, problem="It is a projector."),
            )
        )
    )
    good, bad = dialog.cards()
    assert good.facts_label.text() == "9.0 GB · Ollama"
    assert bad.error_label.text() == "It is a projector."
    assert not bad.add_button_.isEnabled()
    good.add_button_.click()
    assert models.library.named("add_file") == [(blob, False, "deepseek-r1:14b in Ollama")]
    assert good.add_button_.text() == "Added"
    dialog.close()


def test_no_files_of_other_apps(models: Opened) -> None:
    models.window.models_page.find_button.click()
    dialog = the(models, FoundFilesDialog)
    models.tell(FilesFound(()))
    assert dialog.state_label.text().startswith("Nothing new was found.")
    dialog.close()


def test_offline_mirror_and_proxy_are_settings_and_the_token_is_not(opened: Opened) -> None:
    card = opened.window.settings_page.downloads_card
    opened.window.show_settings()
    card.offline_buttons.button(1).click()
    _type(card.endpoint_field, "https://hub.example.org/")
    _type(card.proxy_field, "http://proxy.example.org:8080")
    _type(card.token_field, "hf_secret")
    assert card.token_field.echoMode() is QLineEdit.EchoMode.Password
    last = opened.library.named("set_network")[-1]
    assert last == NetworkSettings(
        endpoint="https://hub.example.org",
        proxy="http://proxy.example.org:8080",
        token="hf_secret",
        offline=True,
    )
    opened.window.close()
    settings, _error = load_settings(opened.paths.settings_file)
    assert (settings.hub_endpoint, settings.works_offline) == ("https://hub.example.org", True)
    assert "hf_secret" not in opened.paths.settings_file.read_text()


@pytest.mark.parametrize("address", ["http://hub.example.org", "hub.example.org", "https://", "https://[x"])
def test_an_address_that_cannot_be_used_is_not_kept(opened: Opened, address: str) -> None:
    card = opened.window.settings_page.downloads_card
    _type(card.endpoint_field, address)
    assert card.error_label.text()
    assert opened.library.named("set_network") == []


def test_what_is_no_proxy_or_token_is_said(opened: Opened) -> None:
    card = opened.window.settings_page.downloads_card
    _type(card.proxy_field, "socks5://proxy.example.org")
    assert card.error_label.text().startswith("Ponder cannot use SOCKS proxies.")
    _type(card.proxy_field, "")
    assert card.error_label.text() == ""
    _type(card.token_field, "two words")
    assert card.error_label.text().startswith("This is no access token.")
    assert opened.library.named("set_network") == []


def _type(field: QLineEdit, text: str) -> None:
    field.setText(text)
    field.editingFinished.emit()
