"""What stands under a thought that waits: a line for a hint, or what was seen of a loop."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.theme import GUTTER_PX
from ui.transcript.note import note_frame
from ui.widgets.button_row import ButtonRow
from ui.widgets.text_button import TextButton

MAX_HINT_CHARS = 1_000
"""Some 250 tokens: a hint, and far from using up the room of an answer."""
INDENT_PX = GUTTER_PX + 20
"""Where the words of an open thought begin."""
_FOLDED_INDENT_PX = GUTTER_PX + 16
_ONE_LINE_FROM_PX = 560
"""Where it is narrower, the buttons stand under the field."""
_FIELD_SHARE = 3
"""Nor may the buttons take more than one part in so many, however large the text is."""


class HintRow(QWidget):
    """A field for a hint, and the ways on from here. Enter in the field goes on.

    Signals:
        go_on_requested: str, the hint; empty without one.
        answer_now_requested: no more thinking, the answer.
    """

    go_on_requested = Signal(str)
    answer_now_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit(self)
        self.edit.setProperty("kind", "small")
        self.edit.setMaxLength(MAX_HINT_CHARS)
        self.edit.setPlaceholderText("A hint for the model… (it goes into its own thinking)")
        self.edit.setAccessibleName("A hint for the model")
        self.edit.setAccessibleDescription("It goes into the model's own thinking. Enter goes on.")
        self.go_on = TextButton("Go on", self, kind="small")
        self.go_on.setToolTip("Let the model think on, with the hint (Enter)")
        self.answer_now = TextButton("Answer now", self, kind="small")
        self.answer_now.setToolTip("Close the thought and begin the answer (Ctrl+Enter)")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setSpacing(8)
        self._row.addWidget(self.edit, 1)
        self._buttons = ButtonRow(self.go_on, self.answer_now)
        self._row.addWidget(self._buttons)
        self.edit.returnPressed.connect(self._go_on)
        self.go_on.clicked.connect(self._go_on)
        self.answer_now.clicked.connect(self.answer_now_requested)
        self.stand_under(opened=False)

    def stand_under(self, *, opened: bool) -> None:
        """Begin where the words above begin: those of the open thought, or of its last line."""
        left = INDENT_PX if opened else _FOLDED_INDENT_PX
        self._row.setContentsMargins(left, 4, GUTTER_PX, 0)

    @Slot()
    def _go_on(self) -> None:
        hint = self.edit.text().strip()
        self.edit.clear()
        self.go_on_requested.emit(hint)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two lines where it is narrow."""
        super().resizeEvent(event)
        is_wide = self.width() >= max(_ONE_LINE_FROM_PX, self._buttons.row_px() * _FIELD_SHARE)
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)


class LoopNote(QWidget):
    """Says that the thinking goes in circles, and what can be done.

    Signals:
        answer_now_requested: no more thinking, the answer.
        try_again_requested: the same question again, with other chances.
        go_on_requested: let it think on as it does.
    """

    answer_now_requested = Signal()
    try_again_requested = Signal()
    go_on_requested = Signal()

    def __init__(self, finding: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answer_now = TextButton("Answer now", self, kind="")
        self.answer_now.setToolTip("Close the thought and begin the answer (Ctrl+Enter)")
        self.try_again = TextButton("Try again", self, kind="")
        self.try_again.setToolTip("Stop, and ask the same again with another seed and temperature 0.7")
        self.go_on = TextButton("Go on anyway", self, kind="")
        self.go_on.setToolTip("Let the model think on as it does")
        self.answer_now.clicked.connect(self.answer_now_requested)
        self.try_again.clicked.connect(self.try_again_requested)
        self.go_on.clicked.connect(self.go_on_requested)
        text = f"The thinking goes in circles. {finding}".strip()
        buttons = ButtonRow(self.answer_now, self.try_again, self.go_on)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER_PX, 4, GUTTER_PX, 0)
        column.addWidget(note_frame(text, "amber", buttons, self))
