"""What can be done with a message: buttons that keep their room, and are seen when mouse or keys are near."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ui.theme import GUTTER_PX
from ui.widgets.copy_button import CopyButton
from ui.widgets.text_button import TextButton

ROW_PX = 24


class QuietRow:
    """Buttons that are seen while the mouse is over their message, or the keyboard on one of them.

    They keep their room and stay in the tab order: nothing moves, and nothing needs a mouse.
    """

    def __init__(self) -> None:
        self._buttons: list[QuietButton | QuietCopy] = []

    def add(self, *buttons: QuietButton | QuietCopy) -> None:
        """Have these appear together."""
        self._buttons += buttons

    def show_all(self, is_near: bool) -> None:
        """Whether the mouse is over the message."""
        for button in self._buttons:
            button.is_near = is_near
            button.update()


class QuietButton(TextButton):
    """Words that are painted only when they are near."""

    is_near = False

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint for who is here."""
        if is_seen(self, self.is_near):
            super().paintEvent(event)


class QuietCopy(CopyButton):
    """Copies, and is painted only when it is near."""

    is_near = False

    def __init__(self, words: str, text: Callable[[], str], name: str, parent: QWidget | None = None) -> None:
        """`words` stand on the button."""
        super().__init__(text, name, parent, words=words)

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint for who is here."""
        if is_seen(self, self.is_near):
            super().paintEvent(event)


def is_seen(button: QPushButton, is_near: bool) -> bool:
    """Whether a quiet button is to be painted now."""
    return is_near or button.hasFocus() or button.underMouse()


class QuestionActions(QWidget):
    """Under a question: copy it, or write it anew.

    Signals:
        edit_requested: the question is to stand in the composer, to be changed and asked again.
    """

    edit_requested = Signal()

    def __init__(self, question: str, row: QuietRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copy_button = QuietCopy("Copy", lambda: question, "Copy the question", self)
        self.edit_button = QuietButton("Edit and ask again", self)
        self.edit_button.setToolTip("Put the question into the field below, to change it and ask again")
        self.edit_button.clicked.connect(self.edit_requested)
        row.add(self.copy_button, self.edit_button)
        self.setFixedHeight(ROW_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GUTTER_PX, 0, GUTTER_PX, 0)
        layout.setSpacing(4)
        layout.addStretch()
        layout.addWidget(self.copy_button)
        layout.addWidget(self.edit_button)
