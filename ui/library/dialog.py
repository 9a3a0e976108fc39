"""What the dialogs of the Models page are made of: a heading, words, and a row of buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.kinds import of_kind
from ui.library.card import plain_label
from ui.library.facts_list import needed_height

_WIDTH_PX = 520
_MARGIN_PX = 40
_SIDE_PX = 20
_LEAST_HEIGHT_PX = 360


class Dialog(QDialog):
    """Opens over the window with `open()`, and is gone once it is closed."""

    def __init__(self, title: str, parent: QWidget, *, width_px: int = _WIDTH_PX) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(max(300, min(width_px, parent.window().width() - _MARGIN_PX)))
        self.heading = plain_label(title, "heading")
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE_PX, 18, _SIDE_PX, 16)
        layout.setSpacing(12)
        layout.addWidget(self.heading)
        layout.addLayout(self.body, 1)
        layout.addLayout(self._buttons)

    def add_words(self, text: str, kind: str = "second") -> QLabel:
        """A paragraph."""
        label = plain_label(text, kind)
        self.body.addWidget(label)
        return label

    def add_action(self, text: str, *, is_main: bool = False) -> QPushButton:
        """A button that does something; the main one is pressed by Enter."""
        button = QPushButton(text)
        button.setAutoDefault(is_main)
        button.setDefault(is_main)
        if is_main:
            of_kind(button, "primary")
        self._buttons.addWidget(button)
        return button

    @property
    def content_width_px(self) -> int:
        """How wide what is between the margins can be."""
        return self.width() - 2 * _SIDE_PX

    def fit_to_content(self) -> None:
        """Grow until all that is shown has room, as far as the window is high."""
        layout, parent = self.layout(), self.parentWidget()
        if layout is None or parent is None:
            return
        layout.activate()
        width = self.width()
        height = needed_height(layout, width)
        self.resize(width, min(height, max(parent.window().height(), _LEAST_HEIGHT_PX)))

    def add_close(self, text: str = "Close") -> QPushButton:
        """The button that only closes."""
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(self.reject)
        self._buttons.addWidget(button)
        return button

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        """Wrapped words need more room than Qt reckons with at first."""
        super().showEvent(event)
        self.fit_to_content()
