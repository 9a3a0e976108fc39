"""F1 shows the keys, and what it shows is true."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel

from tests.ui.conftest import Opened
from ui.keys_dialog import KEYS, KeysDialog

ALSO = {"Ctrl++", "Ctrl+=", "Ctrl+-", "Ctrl+0", "Ctrl+Return"}
"""Said in one line, or under the name of another key."""


def test_f1_shows_the_keys(opened: Opened) -> None:
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_F1)
    (dialog,) = opened.window.findChildren(KeysDialog)
    opened.qtbot.waitUntil(dialog.isVisible)
    texts = dialog.facts.texts()
    assert all(words in texts for _place, keys in KEYS for line in keys for words in line)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in dialog.findChildren(QLabel))
    opened.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_no_key_of_the_window_is_left_out(opened: Opened) -> None:
    said = {key for _place, keys in KEYS for names, _does in keys for key in names.split(", ")}
    shortcuts = opened.window.findChildren(QShortcut)
    assert {key.key().toString(QKeySequence.SequenceFormat.PortableText) for key in shortcuts} <= said | ALSO


def test_ctrl_comma_opens_the_settings(opened: Opened) -> None:
    opened.qtbot.keyClick(opened.window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert opened.window.pages.currentWidget() is opened.window.settings_page


def test_answer_now_does_not_repeat(opened: Opened) -> None:
    """Held down, it would send the question and then end its thought."""
    repeats = {
        shortcut.key().toString(): shortcut.autoRepeat() for shortcut in opened.window.findChildren(QShortcut)
    }
    assert not repeats["Ctrl+Return"]
    assert not repeats["Ctrl+Enter"]
    assert repeats["F3"]


def test_the_documentation_has_the_same_keys(repository: Path) -> None:
    text = (repository / "docs" / "accessibility.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]
    assert rows[2:] == [[place, *line] for place, keys in KEYS for line in keys]
