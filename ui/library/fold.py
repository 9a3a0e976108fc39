"""A heading that can be pressed, with widgets under it that are hidden at first."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ui.kinds import of_kind


class Fold(QWidget):
    """Its own button says whether it is open."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.button = of_kind(QPushButton(), "link")
        self.button.setAutoDefault(False)
        self._content = QWidget()
        self.column = QVBoxLayout(self._content)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(10)
        self._content.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._content)
        self.button.clicked.connect(self.toggle)
        self._name_button()

    @property
    def is_open(self) -> bool:
        """Whether what is under it can be seen."""
        return not self._content.isHidden()

    @Slot()
    def toggle(self) -> None:
        """Open or close it."""
        self._content.setVisible(self._content.isHidden())
        self._name_button()

    def _name_button(self) -> None:
        self.button.setText(f"{self._title}{'' if self.is_open else '…'}")
        self.button.setAccessibleName(f"{self._title}, {'open' if self.is_open else 'folded'}")
