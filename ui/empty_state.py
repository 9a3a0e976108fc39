"""What stands in the middle of a chat that has no question yet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.kinds import of_kind
from ui.theme import system_font

_EXAMPLES = ("What is 47 * 36?", "500 - 123", "Multiply 12 by 12")


class EmptyState(QWidget):
    """A calm question; for the built-in model also what it can do, with examples to press.

    Signals:
        example_chosen(text): one of the examples was pressed.
    """

    example_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = QLabel("What would you like to think through?", wordWrap=True)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        font = system_font(24)
        font.setWeight(font.Weight.DemiBold)
        self.heading.setFont(font)
        self.temporary_label = self._make_temporary_label()
        self.built_in_part = self._make_built_in_part()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 20)
        layout.setSpacing(12)
        layout.addStretch(4)
        layout.addWidget(self.heading)
        layout.addWidget(self.temporary_label)
        layout.addWidget(self.built_in_part)
        layout.addStretch(5)

    def show_built_in(self, is_built_in: bool) -> None:
        """Whether the built-in model answers: then say what it can do."""
        self.built_in_part.setVisible(is_built_in)

    def show_temporary(self, is_temporary: bool) -> None:
        """Whether nothing of this chat is written."""
        self.temporary_label.setVisible(is_temporary)

    def _make_temporary_label(self) -> QLabel:
        label = QLabel("A temporary chat is in memory only, and gone when Ponder is closed.", wordWrap=True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        label.hide()
        return of_kind(label, "second")

    def _make_built_in_part(self) -> QWidget:
        part = QWidget()
        words = QLabel("Ponder Mini is built in for a first try: it only does arithmetic.", wordWrap=True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for example in _EXAMPLES:
            button = QPushButton(example)
            button.setAccessibleName(f"Ask: {example}")
            button.clicked.connect(self._on_example_clicked)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(20)
        layout.addWidget(of_kind(words, "second"))
        layout.addLayout(row)
        part.hide()
        return part

    @Slot()
    def _on_example_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.example_chosen.emit(button.text())
