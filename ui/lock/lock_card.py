"""The part of the settings about locking: after how long by itself, and now."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.settings import Settings
from ui.kinds import of_kind
from ui.settings import parts

_TIMES = (("Never", 0), ("5 min", 5), ("15 min", 15), ("1 hour", 60))
_WHAT = (
    "Locking closes the chats and ends the model; a reply that is being written is stopped.",
    "Thoughts and temporary chats are forgotten. Your other chats are there again once you unlock Ponder.",
)
_WITHOUT_PASSPHRASE = "Whoever uses this computer in your name can unlock it, unless you set a passphrase."


class LockCard(QFrame):
    """Shows and changes when Ponder locks itself.

    Signals:
        changed(values): a dict of the fields of `Settings` that the user changed.
        lock_requested: lock it now.
    """

    changed = Signal(object)
    lock_requested = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self.time_buttons = QButtonGroup(self)
        self.passphrase_label = parts.words(_WITHOUT_PASSPHRASE, "third")
        self.lock_button = QPushButton("Lock now")
        self.lock_button.setToolTip("Lock Ponder (Ctrl+Shift+L)")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        layout.addWidget(parts.words("Lock Ponder when it was not used for", ""))
        layout.addLayout(parts.choice("Lock", [label for label, _minutes in _TIMES], self.time_buttons))
        for sentence in _WHAT:
            layout.addWidget(parts.words(sentence, "third"))
        layout.addWidget(self.passphrase_label)
        row = QHBoxLayout()
        row.addWidget(self.lock_button)
        row.addStretch(1)
        layout.addLayout(row)
        self.show_settings(settings)
        self.time_buttons.idClicked.connect(self._on_time_clicked)
        self.lock_button.clicked.connect(self.lock_requested)

    def show_settings(self, settings: Settings) -> None:
        """Show these values; a time of the user's own, in the file, is none of the buttons."""
        self.time_buttons.setExclusive(False)
        for number, (_label, minutes) in enumerate(_TIMES):
            self.time_buttons.button(number).setChecked(settings.lock_after_min == minutes)
        self.time_buttons.setExclusive(True)

    def show_needs_words(self, needs_words: bool) -> None:
        """Whether a passphrase, or a recovery key, is asked for when it is unlocked."""
        self.passphrase_label.setVisible(not needs_words)

    @Slot(int)
    def _on_time_clicked(self, number: int) -> None:
        self.changed.emit({"lock_after_min": _TIMES[number][1]})
