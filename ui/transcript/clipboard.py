"""The one way to the clipboard: plain text, cleaned; what is nobody else's business is kept in no history."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt, Slot
from PySide6.QtGui import QClipboard, QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLabel, QMenu, QPlainTextEdit, QWidget

from ui.transcript.untrusted_text import shown, with_line_feeds
from ui.utf16 import utf16_length
from ui.widgets.concealed_copy import conceal


def copied_data(untrusted_text: str, *, is_concealed: bool = False) -> QMimeData:
    """What a program gets that pastes it: no characters that do something there, as escapes in a terminal."""
    data = QMimeData()
    data.setText(_cleaned(untrusted_text))
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


def _cleaned(untrusted_text: str) -> str:
    return shown(with_line_feeds(untrusted_text))


class SelectableLabel(QLabel):
    """Plain words that can be selected and copied.

    They are clean before they are shown, and so is what Qt makes of them for dragging and the middle button.
    """

    def __init__(self, untrusted_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(untrusted_text)

    def setText(self, untrusted_text: str) -> None:
        """Show other words."""
        super().setText(_cleaned(untrusted_text))

    @Slot()
    def copy(self) -> None:
        """Copy what is selected as everything is copied."""
        if self.hasSelectedText():
            put_on_clipboard(self.selectedText())

    @Slot()
    def select_all(self) -> None:
        """Select all words."""
        self.setSelection(0, utf16_length(self.text()))

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What Qt has in it as well."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy", QKeySequence.StandardKey.Copy, self.copy).setEnabled(self.hasSelectedText())
        menu.addAction("Select all", self.select_all)
        menu.popup(event.globalPos())


class PlainReport(QPlainTextEdit):
    """Text to read and to copy."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setReadOnly(True)

    # Qt overrides

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy as everything is copied."""
        return copied_data(self.textCursor().selection().toPlainText())
