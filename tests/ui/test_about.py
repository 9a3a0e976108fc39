"""The About dialog says which Ponder this is, and whose work is inside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.settings import Settings
from app.version import LLAMA_CPP_COMMIT, version
from ui.about import AboutDialog, licences
from ui.settings.settings_page import SettingsPage


def test_it_shows_and_copies_the_versions(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = AboutDialog(parent)
    shown = dialog.versions_label
    assert shown.textFormat() is Qt.TextFormat.PlainText
    assert f"Ponder {version()}" in shown.text()
    assert f"llama.cpp {LLAMA_CPP_COMMIT}" in shown.text()
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text() == shown.text()


def test_a_package_says_where_the_licences_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert str(tmp_path) not in licences()
    (tmp_path / "licences").mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ponder"))
    assert str(tmp_path / "licences") in licences()
    assert "GNU Lesser General Public License" in licences()


def test_the_settings_lead_to_it(qtbot: QtBot, tmp_path: Path) -> None:
    page = SettingsPage(Settings(), tmp_path, tmp_path)
    qtbot.addWidget(page)
    page.about_button.click()
    (dialog,) = page.findChildren(AboutDialog)
    dialog.reject()
