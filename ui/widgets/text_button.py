"""A button that is only words, until the mouse or the keyboard is on it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget


class TextButton(QPushButton):
    """Pressed by mouse, Space and Enter. `kind` is its look: text, primary, pill or empty."""

    def __init__(self, text: str, parent: QWidget | None = None, *, kind: str = "text") -> None:
        super().__init__(parent)  # with both PySide sets up `QIcon` first: 2 ms of the start
        self.setText(text)
        self.setProperty("kind", kind)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press on Enter too; arrows with Alt are not for the button."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)
