"""A bar that offers for a while to bring back what was deleted last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from ui.kinds import of_kind

if TYPE_CHECKING:
    from app.chat.events import Deleted, DeletionForgotten

OFFER_MS = 12_000
"""So long it can be brought back; then it is wiped from the disk."""


class DeletedBar(QFrame):
    """Hidden while there is nothing to bring back. It stays while the mouse or the keys are in it.

    Signals:
        undo_requested: what was deleted last is to come back.
        forget_requested: it is not: it can be wiped now.
    """

    undo_requested = Signal()
    forget_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self.label = of_kind(QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True), "second")
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip("Bring it back (Ctrl+Z)")
        self.forget_button = of_kind(QPushButton("Dismiss"), "text")
        self.forget_button.setToolTip("Wipe it from the disk now")
        self._offer = QTimer(self, singleShot=True, interval=OFFER_MS)
        self._layout = self._lay_out()
        self.undo_button.clicked.connect(self.undo)
        self.forget_button.clicked.connect(self.forget)
        self._offer.timeout.connect(self._end)
        self.hide()

    def _lay_out(self) -> QBoxLayout:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.undo_button)
        buttons.addWidget(self.forget_button)
        layout = QHBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.label, 1)
        layout.addLayout(buttons)
        layout.setContentsMargins(16, 6, 8, 6)
        return layout

    @property
    def offers_undo(self) -> bool:
        """Whether something can be brought back."""
        return not self.isHidden()

    def set_narrow(self, is_narrow: bool) -> None:
        """The buttons stand under the words, not beside them."""
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._layout.setDirection(down if is_narrow else across)
        self._layout.setContentsMargins(*((12, 10, 8, 8) if is_narrow else (16, 6, 8, 6)))

    @Slot(object)
    def show_deleted(self, deleted: Deleted) -> None:
        """Something was deleted; a screen reader says so."""
        self.label.setText(deleted.words)
        self.undo_button.setAccessibleName(f"Undo. {deleted.words}")
        self._offer.start()
        self.show()
        from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent  # here: 2 ms of the start

        if QAccessible.isActive():
            said = QAccessibleAnnouncementEvent(self, f"{deleted.words} Control Z brings it back.")
            QAccessible.updateAccessibility(said)

    @Slot(object)
    def show_forgotten(self, _forgotten: DeletionForgotten | None = None) -> None:
        """There is nothing to bring back any more."""
        self._offer.stop()
        self.hide()
        self.label.clear()
        self.undo_button.setAccessibleName("Undo")

    @Slot()
    def undo(self) -> None:
        """Ask for it back, where there is something."""
        if self.offers_undo:
            self.show_forgotten()
            self.undo_requested.emit()

    @Slot()
    def forget(self) -> None:
        """The offer ends."""
        if self.offers_undo:
            self.show_forgotten()
            self.forget_requested.emit()

    @Slot()
    def _end(self) -> None:
        focus = QApplication.focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            self._offer.start()
        else:
            self.forget()
