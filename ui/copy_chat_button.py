"""The button in the header that copies the whole chat in front."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from ui.kinds import of_kind
from ui.widgets.copy_button import SAID_MS

_WORDS = "Copy chat ▾"


class CopyChatButton(QPushButton):
    """Copies the whole chat, as Markdown or as text.

    Signals:
        chosen: str, "markdown" or "text".
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(_WORDS)
        of_kind(self, "text")
        self.setAccessibleName("Copy the whole chat")
        self.setToolTip("Copy all questions and answers of this chat, without the thoughts")
        menu = QMenu(self)
        menu.addAction("As Markdown", self._choose_markdown)
        menu.addAction("As text", self._choose_text)
        self.setMenu(menu)
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.setInterval(SAID_MS)
        self._said.timeout.connect(self._say_copy)

    def say_copied(self) -> None:
        """It is done."""
        self.setText("Copied ▾")
        self._said.start()

    @Slot()
    def _say_copy(self) -> None:
        self.setText(_WORDS)

    @Slot()
    def _choose_markdown(self) -> None:
        self.chosen.emit("markdown")

    @Slot()
    def _choose_text(self) -> None:
        self.chosen.emit("text")
