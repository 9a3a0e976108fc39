"""What the window shows while it is locked: nothing of any chat, and the way back."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.kinds import of_kind
from ui.library.card import plain_label, show_words
from ui.privacy.parts import secret_field

Needs = Literal["", "passphrase", "recovery key"]
"""What has to be typed; "" nothing."""

_COLUMN_PX = 380
_CLOSING = "Closing the chats…"
_CLOSED = "The chats are closed, and the model has forgotten them."
_OPENS: dict[Needs, str] = {
    "passphrase": "Your passphrase opens them again.",
    "recovery key": "Your recovery key opens them again.",
    "": (
        "There is no passphrase: whoever uses this computer in your name can unlock Ponder. One can be set "
        "in Settings, Privacy."
    ),
}
_GONE = "Thoughts and temporary chats are gone. What you were writing is still there."
_RECOVERY = "The recovery key opens the chats too."
_INSTEAD = (
    "If you have no recovery key either, close Ponder and start it again: it offers the ways that are left."
)


class LockPage(QWidget):
    """Covers the whole window. At first it waits for `ask`: the chats are being closed.

    Signals:
        unlock_requested(secret): the passphrase, or the recovery key, or "" where there is none.
    """

    unlock_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._needs: Needs = ""
        self.words_label = plain_label("", "second")
        self.opens_label = plain_label("", "second")
        self.gone_label = plain_label(_GONE, "third")
        self.field = secret_field("Passphrase")
        self.error_label = plain_label("", "error")
        self.unlock_button = of_kind(QPushButton("Unlock"), "primary")
        self.recovery_button = of_kind(QPushButton("I have lost the passphrase"), "link")
        self._lay_out()
        self.field.returnPressed.connect(self._unlock)
        self.unlock_button.clicked.connect(self._unlock)
        self.recovery_button.clicked.connect(self._ask_for_recovery_key)
        self.wait()

    def _lay_out(self) -> None:
        column = QWidget()
        column.setMaximumWidth(_COLUMN_PX)
        title = plain_label("Ponder is locked", "title")
        inner = QVBoxLayout(column)
        inner.setContentsMargins(20, 20, 20, 20)
        inner.setSpacing(12)
        for label in (title, self.words_label, self.opens_label, self.gone_label, self.error_label):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        for part in (title, self.words_label, self.opens_label, self.field, self.error_label):
            inner.addWidget(part)
        for button in (self.unlock_button, self.recovery_button):
            inner.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addWidget(self.gone_label)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(column, 1000)
        middle.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(middle)
        layout.addStretch(3)

    # Public methods

    @property
    def asks(self) -> bool:
        """Whether something has to be typed."""
        return bool(self._needs)

    def wait(self) -> None:
        """The chats are being closed: nothing can be typed yet."""
        self._show("", _CLOSING, "")
        self.gone_label.hide()
        self._set_enabled(False)

    def ask(self, needs: Needs) -> None:
        """They are closed: ask for what opens them, from the start."""
        self._show(needs, _CLOSED, _OPENS[needs])
        self.gone_label.show()
        self._set_enabled(True)

    def take_focus(self) -> None:
        """Where the keys go now."""
        (self.field if self._needs else self.unlock_button).setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problem(self, text: str) -> None:
        """Say why it stays locked; it can be tried again."""
        show_words(self.error_label, text)
        self._set_enabled(True)
        self.field.selectAll()
        self.take_focus()

    # Inside

    def _show(self, needs: Needs, words: str, opens: str) -> None:
        self._needs = needs
        self.words_label.setText(words)
        show_words(self.opens_label, opens)
        name = "Recovery key" if needs == "recovery key" else "Passphrase"
        self.field.setPlaceholderText(name)
        self.field.setAccessibleName(name)
        self.field.setText("")
        self.field.setVisible(bool(needs))
        self.recovery_button.setVisible(needs == "passphrase")
        show_words(self.error_label, "")

    def _set_enabled(self, is_enabled: bool) -> None:
        for part in (self.field, self.unlock_button, self.recovery_button):
            part.setEnabled(is_enabled)

    # Slots

    @Slot()
    def _unlock(self) -> None:
        secret = self.field.text()
        if self._needs and not secret.strip():
            self.take_focus()
            return
        show_words(self.error_label, "")
        self._set_enabled(False)
        self.unlock_requested.emit(secret if self._needs else "")

    @Slot()
    def _ask_for_recovery_key(self) -> None:
        self._show("recovery key", _RECOVERY, _INSTEAD)
        self.take_focus()
