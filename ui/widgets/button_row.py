"""Buttons in a row, or under each other where there is no room for the row."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QWidget

SPACING_PX = 8


class ButtonRow(QWidget):
    """Does not keep what it stands in from getting narrow."""

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self._buttons = buttons
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACING_PX)
        for button in buttons:
            self._row.addWidget(button)
        self._row.addStretch()

    def row_px(self) -> int:
        """How wide it is in one row."""
        widths = [button.sizeHint().width() for button in self._buttons if not button.isHidden()]
        return sum(widths) + SPACING_PX * max(len(widths) - 1, 0)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        """As wide as one button."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), 1), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may have room for the row, or none."""
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        has_room = event.size().width() >= self.row_px()
        self._row.setDirection(directions.LeftToRight if has_room else directions.TopToBottom)
