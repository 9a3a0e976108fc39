"""Shows the recovery key, to be saved, printed or written down."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QFont, QFontDatabase, QTextDocument
from PySide6.QtWidgets import QFileDialog, QWidget

from app.errors import AppError, HistoryError
from ui.library.dialog import Dialog
from ui.transcript.clipboard import put_on_clipboard

_WORDS = (
    "It opens your history if the keyring of this system or your passphrase are lost. Keep it on paper or in "
    "a password manager, not beside the history. Whoever has it can read all your chats."
)
_GROUPS_A_LINE = 7
_FILE_NAME = "Ponder recovery key.txt"


class RecoveryKeyDialog(Dialog):
    """The key stays on the screen until the dialog is closed, and nowhere after that.

    Signals:
        saved: it was saved, printed, copied, or the user says it was written down.
        failed(error): it could not be saved; an `AppError`.
    """

    saved = Signal()
    failed = Signal(AppError)

    def __init__(self, recovery_text: str, parent: QWidget) -> None:
        super().__init__("Your recovery key", parent)
        self._text = recovery_text
        self.add_words(_WORDS)
        self.key_label = self.add_words(in_lines(recovery_text), "")
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setWeight(QFont.Weight.Medium)
        self.key_label.setFont(font)
        self.key_label.setAccessibleName("Recovery key: " + recovery_text.replace("-", " "))
        self.save_button = self.add_action("Save…", is_main=True)
        self.print_button = self.add_action("Print…")
        self.copy_button = self.add_action("Copy")
        self.done_button = self.add_action("I wrote it down")
        self.save_button.clicked.connect(self._ask_where)
        self.print_button.clicked.connect(self._print)
        self.copy_button.clicked.connect(self._copy)
        self.done_button.clicked.connect(self._finish)

    def save_to(self, path: Path) -> None:
        """Write it into a file that only its owner can read. `failed` where that does not work."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(as_page(self._text))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.failed.emit(
                HistoryError(
                    f"The recovery key could not be written to {path}: {error.strerror or error}.",
                    advice="Choose another folder.",
                )
            )
            return
        self._finish()

    @Slot()
    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the recovery key", _FILE_NAME, "Text (*.txt)")
        if name:
            self.save_to(Path(name))

    @Slot()
    def _print(self) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter  # looks for printers

        printer = QPrinter()
        if QPrintDialog(printer, self).exec() == QPrintDialog.DialogCode.Accepted:
            document = QTextDocument()
            document.setDefaultFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
            document.setPlainText(as_page(self._text))
            document.print_(printer)
            self._finish()

    @Slot()
    def _copy(self) -> None:
        put_on_clipboard(self._text, is_concealed=True)
        self.copy_button.setText("Copied")
        self.saved.emit()

    @Slot()
    def _finish(self) -> None:
        self.saved.emit()
        self.accept()


def in_lines(recovery_text: str) -> str:
    """Seven groups a line."""
    groups = recovery_text.split("-")
    lines = (groups[start : start + _GROUPS_A_LINE] for start in range(0, len(groups), _GROUPS_A_LINE))
    return "\n".join("-".join(line) for line in lines)


def as_page(recovery_text: str) -> str:
    """What is printed or saved."""
    return (
        "The recovery key of your history in Ponder\n\n"
        f"{in_lines(recovery_text)}\n\n"
        "When Ponder says that the history is locked, type it there: the dashes, and capital or small\n"
        "letters, do not matter. There is no letter O and no letter I in it, these are zero and one.\n"
        "Whoever has this key and your files can read all your chats.\n"
    )
