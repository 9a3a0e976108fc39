"""The row of the settings that makes the text of the chats larger or smaller."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ui.kinds import of_kind
from ui.settings import parts
from ui.zoom_steps import ZOOMS, zoom_by


class ZoomRow(QWidget):
    """Smaller, how large it is, larger, and back to the usual size.

    Signals:
        zoom_chosen: int, per cent.
    """

    zoom_chosen = Signal(int)

    def __init__(self, zoom_percent: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zoom_percent = zoom_percent
        self.smaller = QPushButton("−")
        self.larger = QPushButton("+")
        self.usual = of_kind(QPushButton("Usual size"), "text")
        self.label = parts.words("", "")
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setFixedWidth(self.label.fontMetrics().horizontalAdvance(f"{ZOOMS[-1]} %") + 16)
        for button, name, keys in (
            (self.smaller, "Smaller text in the chats", "Ctrl+−"),
            (self.larger, "Larger text in the chats", "Ctrl++"),
            (self.usual, "Usual size of the text in the chats", "Ctrl+0"),
        ):
            button.setAccessibleName(name)
            button.setToolTip(f"{name} ({keys})")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(parts.words("Text of the chats", ""), 1)
        for part in (self.usual, self.smaller, self.label, self.larger):
            row.addWidget(part)
        self.smaller.clicked.connect(self._make_smaller)
        self.larger.clicked.connect(self._make_larger)
        self.usual.clicked.connect(self._make_usual)
        self.show_zoom(zoom_percent)

    def show_zoom(self, zoom_percent: int) -> None:
        """It is so large now."""
        self._zoom_percent = zoom_percent
        self.label.setText(f"{zoom_percent} %")
        self.label.setAccessibleName(f"Text of the chats: {zoom_percent} %")
        self.smaller.setEnabled(zoom_percent > ZOOMS[0])
        self.larger.setEnabled(zoom_percent < ZOOMS[-1])
        self.usual.setVisible(zoom_percent != 100)

    @Slot()
    def _make_smaller(self) -> None:
        self.zoom_chosen.emit(zoom_by(self._zoom_percent, -1))

    @Slot()
    def _make_larger(self) -> None:
        self.zoom_chosen.emit(zoom_by(self._zoom_percent, 1))

    @Slot()
    def _make_usual(self) -> None:
        self.zoom_chosen.emit(100)
