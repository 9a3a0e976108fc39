"""Asks before an address from an answer is opened, and shows where it really leads."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from ui.transcript.clipboard import put_on_clipboard
from ui.transcript.links import safe_address

_SHOWN_CHARACTERS = 400
_OF_PAGES = "the other side learns that you came."
_OF_MAIL = "your mail program opens. The other side learns nothing until you send."


class LinkQuestion(QMessageBox):
    """Shows the host in the letters the network uses, so that no look-alike letter passes as another.

    `address` is what `safe_address` gave. `open_url` is called on yes, and only then.
    """

    def __init__(self, address: str, open_url: Callable[[QUrl], bool], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._url = QUrl(address, QUrl.ParsingMode.StrictMode)
        self._open_url = open_url
        is_mail = self._url.scheme() == "mailto"
        host = self._url.host(QUrl.ComponentFormattingOption.FullyEncoded)
        to = self._url.path() if is_mail else host
        self.setIcon(QMessageBox.Icon.NoIcon)
        self.setWindowTitle("Open a link?")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(f"Write a mail to {to}?" if is_mail else f"Open {to} in the browser?")
        shown = address if len(address) <= _SHOWN_CHARACTERS else address[:_SHOWN_CHARACTERS] + "…"
        self.setInformativeText(f"{shown}\n\nThis leaves Ponder: {_OF_MAIL if is_mail else _OF_PAGES}")
        for label in self.findChildren(QLabel):  # the informative text has a format of its own
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.open_button = self.addButton("Open", QMessageBox.ButtonRole.AcceptRole)
        self.copy_button = self.addButton("Copy address", QMessageBox.ButtonRole.ActionRole)
        self.cancel_button = self.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.cancel_button)
        self.setEscapeButton(self.cancel_button)
        self.open_button.clicked.connect(self._open)
        self.copy_button.clicked.connect(self._copy)

    @Slot()
    def _open(self) -> None:
        self._open_url(self._url)

    @Slot()
    def _copy(self) -> None:
        put_on_clipboard(self._url.toString(QUrl.ComponentFormattingOption.FullyEncoded))


def ask_to_open(
    untrusted_address: str, open_url: Callable[[QUrl], bool], parent: QWidget
) -> LinkQuestion | None:
    """Show the question; None where the address may not be opened at all."""
    address = safe_address(untrusted_address)
    if address is None:
        return None
    question = LinkQuestion(address, open_url, parent)
    question.open()
    return question
