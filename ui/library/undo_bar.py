"""A bar that offers to take the last deletion of a model back, until Ponder is closed."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from ui.kinds import of_kind
from ui.library.card import plain_label


class UndoBar(QFrame):
    """Hidden until something was deleted. It counts: each Undo brings back one, the last first.

    Signals:
        undo_requested: the last one is to come back.
    """

    undo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self._removed: list[tuple[str, bool]] = []
        self.label = plain_label("", "second")
        self.undo_button = QPushButton("Undo")
        self.close_button = of_kind(QPushButton("Dismiss"), "text")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.undo_button)
        layout.addWidget(self.close_button)
        self.undo_button.clicked.connect(self._undo)
        self.close_button.clicked.connect(self.hide)
        self.hide()

    def buttons(self) -> tuple[QPushButton, QPushButton]:
        """Undo and Dismiss."""
        return self.undo_button, self.close_button

    def show_removed(self, title: str, *, was_deleted: bool) -> None:
        """Another one has gone."""
        self._removed.append((title, was_deleted))
        self._show_last()
        self.show()

    @Slot()
    def _undo(self) -> None:
        self._removed.pop()
        self.undo_requested.emit()
        if self._removed:
            self._show_last()
        else:
            self.hide()

    def _show_last(self) -> None:
        title, was_deleted = self._removed[-1]
        done = "was deleted. It takes up disk until Ponder is closed." if was_deleted else "left the list."
        self.label.setText(f"{title} {done}")
        self.undo_button.setAccessibleName(f"Undo: bring back {title}")
