"""The one way to the clipboard: plain text, cleaned; what is nobody else's business is kept in no history."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from ui.transcript.untrusted_text import shown, with_line_feeds
from ui.widgets.concealed_copy import conceal


def copied_data(untrusted_text: str, *, is_concealed: bool = False) -> QMimeData:
    """What a program gets that pastes it: no characters that do something there, as escapes in a terminal."""
    data = QMimeData()
    data.setText(shown(with_line_feeds(untrusted_text)))
    return conceal(data) if is_concealed else data


def put_on_clipboard(untrusted_text: str, *, is_concealed: bool = False) -> None:
    """Copy plain text; `is_concealed`: of a thought, or a secret."""
    QGuiApplication.clipboard().setMimeData(copied_data(untrusted_text, is_concealed=is_concealed))


def has_selection() -> bool:
    """Whether the middle button of the mouse pastes what is selected, as it does on X11."""
    return QGuiApplication.clipboard().supportsSelection()


def put_in_selection(untrusted_text: str) -> None:
    """Have the middle button of the mouse paste it."""
    QGuiApplication.clipboard().setMimeData(copied_data(untrusted_text), QClipboard.Mode.Selection)


class PlainReport(QPlainTextEdit):
    """Text to read and to copy."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setReadOnly(True)

    # Qt overrides

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy as everything is copied."""
        return copied_data(self.textCursor().selection().toPlainText())
