"""A button that copies a text and says so for a moment."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ui.widgets.text_button import TextButton

SAID_MS = 1_600


class CopyButton(TextButton):
    """Copies what `text` gives at the moment it is pressed, as plain text."""

    def __init__(
        self, text: Callable[[], str], name: str, parent: QWidget | None = None, *, words: str = "Copy"
    ) -> None:
        """`name` is what a screen reader calls it: "Copy the answer". `words` stand on the button."""
        super().__init__(words, parent)
        self._text = text
        self._words = words
        self.setAccessibleName(name)
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.setInterval(SAID_MS)
        self._said.timeout.connect(self._say_copy)
        self.clicked.connect(self._copy)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text())
        self.setText("Copied")
        self._said.start()

    @Slot()
    def _say_copy(self) -> None:
        self.setText(self._words)
