"""What the cards of the settings page are made of."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.kinds import of_kind


class _NumberField(QDoubleSpinBox):
    """Turning the wheel scrolls the page; it changes the number only once that was clicked."""

    def __init__(self, lowest: float, highest: float, step: float) -> None:
        super().__init__(minimum=lowest, maximum=highest, singleStep=step, decimals=2)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().setTextMargins(0, 0, 6, 0)  # Qt passes over the stylesheet's padding here

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the page scroll."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def number_field(lowest: float, highest: float, step: float, name: str) -> QDoubleSpinBox:
    """A field for a number, changed by the wheel only once it was clicked."""
    box = _NumberField(lowest, highest, step)
    box.setAccessibleName(name)
    box.setFixedWidth(72)
    return box


def words(text: str, kind: str) -> QLabel:
    """A plain text; `kind` is its look, "" the usual one."""
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
    return of_kind(label, kind) if kind else label


def labelled(text: str, field: QWidget) -> QHBoxLayout:
    """A field with its name before it."""
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
    label.setBuddy(field)
    row = QHBoxLayout()
    row.addWidget(label, 1)
    row.addWidget(field)
    return row


def choice(name: str, labels: Sequence[str], group: QButtonGroup) -> QHBoxLayout:
    """One of a few, each a button; the id in the group is the place in `labels`."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for number, label in enumerate(labels):
        button = of_kind(QPushButton(label), "choice")
        button.setCheckable(True)
        button.setAccessibleName(f"{name}: {label}")
        group.addButton(button, number)
        row.addWidget(button)
    row.addStretch(1)
    return row


def card() -> tuple[QFrame, QVBoxLayout]:
    """A framed part of the page, and where its lines go."""
    frame = of_kind(QFrame(), "card")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(16, 14, 16, 14)
    layout.setSpacing(8)
    return frame, layout
