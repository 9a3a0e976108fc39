"""Asks for what opens a locked history: its passphrase or its recovery key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from app.errors import HistoryLockedError
from ui.kinds import of_kind
from ui.library.dialog import Dialog
from ui.privacy.parts import secret_field

_MEANWHILE = "Nothing of it is lost. Until it is open, chats are kept in memory; they are stored once it is."
_PASSPHRASE = "Passphrase, or recovery key"
_RECOVERY_KEY = "Recovery key"


class UnlockDialog(Dialog):
    """Stays open until what was typed is right, or the user puts it off.

    Signals:
        unlock_requested(secret): this was typed.
        nothing_left: there is neither passphrase nor recovery key any more.
    """

    unlock_requested = Signal(str)
    nothing_left = Signal()

    def __init__(self, error: HistoryLockedError, parent: QWidget) -> None:
        super().__init__("Your history is locked", parent)
        self.is_working = False
        self.why_label = self.add_words(error.message, "")
        self.add_words(_MEANWHILE)
        self.field = secret_field(_PASSPHRASE if error.needs == "passphrase" else _RECOVERY_KEY)
        self.body.addWidget(self.field)
        self.problem_label = self.add_words("", "error")
        self.problem_label.hide()
        self.nothing_button = of_kind(
            QPushButton(
                "I have neither any more…" if error.needs == "passphrase" else "I do not have it any more…"
            ),
            "link",
        )
        self.nothing_button.setAutoDefault(False)
        self.nothing_button.clicked.connect(self.nothing_left)
        self.body.addWidget(self.nothing_button, alignment=Qt.AlignmentFlag.AlignLeft)
        self.unlock_button = self.add_action("Unlock", is_main=True)
        self.unlock_button.clicked.connect(self._unlock)
        self.add_close("Not now")
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problem(self, text: str) -> None:
        """Say why it did not work; it can be tried again."""
        self.is_working = False
        self.problem_label.setText(text)
        self.problem_label.show()
        self._set_enabled(True)
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.fit_to_content()

    @Slot()
    def _unlock(self) -> None:
        secret = self.field.text()
        if secret.strip() and not self.is_working:
            self.is_working = True
            self.problem_label.hide()
            self._set_enabled(False)
            self.unlock_requested.emit(secret)

    def _set_enabled(self, is_enabled: bool) -> None:
        for part in (self.field, self.unlock_button, self.nothing_button):
            part.setEnabled(is_enabled)
