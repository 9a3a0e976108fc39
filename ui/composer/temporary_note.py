"""The line above the field that says: nothing of this chat is written."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from ui.kinds import of_kind

WORDS = "Temporary: nothing of this chat is written."


class TemporaryNote(QLabel):
    """Hidden while a chat is in front that is kept."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(WORDS, parent, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        of_kind(self, "editing")
        self.setToolTip("It is in memory only, and gone when Ponder is closed.")
        self.setContentsMargins(2, 0, 0, 0)  # in line with the text of the field
        self.hide()
