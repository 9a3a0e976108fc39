"""The line above the field that says: an earlier question is being edited."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from ui.elided_label import ElidedLabel
from ui.kinds import of_kind

WORDS = "Editing an earlier question: Send makes another version"


class EditingNote(QFrame):
    """Hidden while a new question is written.

    Signals:
        cancelled: the user does not want to edit it.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turn_id: int | None = None
        self.label = of_kind(ElidedLabel(), "editing")
        self.label.setText(WORDS)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.cancel_button = of_kind(QPushButton("Cancel"), "text")
        self.cancel_button.setToolTip("Leave the question as it was; your draft comes back (Esc)")
        self.cancel_button.setAccessibleName("Cancel editing")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label, 1)
        row.addWidget(self.cancel_button)
        self.cancel_button.clicked.connect(self.cancelled)
        self.hide()

    @property
    def turn_id(self) -> int | None:
        """The turn whose question is edited; None: no one is."""
        return self._turn_id

    def show_turn(self, turn_id: int) -> None:
        """The question of this turn is being edited."""
        self._turn_id = turn_id
        self.show()

    def leave(self) -> None:
        """It is no longer."""
        self._turn_id = None
        self.hide()
