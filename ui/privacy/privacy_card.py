"""The part of the settings about encryption: how the history is kept, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ui.kinds import of_kind
from ui.library.card import plain_label, show_words

if TYPE_CHECKING:  # it brings SQLAlchemy
    from app.history.protection_state import ProtectionState

_STEPS = 1_000
_NOT_SAVED = "Its recovery key is not saved yet. Without it, a lost keyring is a lost history."
_NOT_SAVED_PASSPHRASE = (
    "Its recovery key is not saved yet. Without it, a forgotten passphrase is a lost history."
)
_PLAIN = "Whoever can read your files can read your chats."


class PrivacyCard(QFrame):
    """Says how the history is kept; nothing can be pressed while that is not known or being changed.

    Signals:
        unlock_requested: for a locked history.
        recovery_key_requested, passphrase_requested, keyring_requested: for an encrypted history.
        encrypt_requested: for a plain one, with a key in the keyring.
        new_key_requested, decrypt_requested: both write the whole history anew.
    """

    unlock_requested = Signal()
    recovery_key_requested = Signal()
    passphrase_requested = Signal()
    keyring_requested = Signal()
    encrypt_requested = Signal()
    new_key_requested = Signal()
    decrypt_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self.state_label = plain_label("", "")
        self.more_label = plain_label("", "third")
        self.files_label = plain_label("", "warning")
        self.problem_label = plain_label("", "error")
        self.progress = QProgressBar(textVisible=False, maximum=_STEPS)
        self.progress.setAccessibleName("Progress of the encryption")
        self.encrypt_button = of_kind(QPushButton("Encrypt", self), "primary")
        self.unlock_button = QPushButton("Unlock…", self)
        self.recovery_button = QPushButton("Recovery key…", self)
        self.passphrase_button = QPushButton(self)
        self.keyring_button = QPushButton("Use the keyring", self)
        self.new_key_button = QPushButton("New key…", self)
        self.decrypt_button = of_kind(QPushButton("Remove encryption…", self), "danger")
        self._buttons: tuple[QPushButton, ...] = (
            self.encrypt_button,
            self.unlock_button,
            self.recovery_button,
            self.passphrase_button,
            self.keyring_button,
            self.new_key_button,
            self.decrypt_button,
        )
        self._lay_out()
        self._connect()
        show_words(self.state_label, "Opening the history…")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        for label in (self.state_label, self.more_label, self.files_label):
            layout.addWidget(label)
        layout.addWidget(self.progress)
        layout.addWidget(self.problem_label)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(2, 1)
        layout.addLayout(self._grid)
        for part in (self.more_label, self.files_label, self.problem_label, self.progress, *self._buttons):
            part.hide()

    def _connect(self) -> None:
        self.encrypt_button.clicked.connect(self.encrypt_requested)
        self.unlock_button.clicked.connect(self.unlock_requested)
        self.recovery_button.clicked.connect(self.recovery_key_requested)
        self.passphrase_button.clicked.connect(self.passphrase_requested)
        self.keyring_button.clicked.connect(self.keyring_requested)
        self.new_key_button.clicked.connect(self.new_key_requested)
        self.decrypt_button.clicked.connect(self.decrypt_requested)

    def show_state(self, words: str, state: ProtectionState) -> None:
        """How it is kept now; `words` say it in one sentence."""
        self.progress.hide()
        show_words(self.problem_label, "")
        show_words(self.state_label, words)
        show_words(self.more_label, _more(state))
        files = ", ".join(file.name for file in state.plain_files)
        show_words(
            self.files_label,
            f"Set aside earlier and not encrypted: {files}. Delete what you do not need." if files else "",
        )
        has_keyring = not state.keyring_problem
        is_by_passphrase = state.kept_by == "passphrase"
        self.passphrase_button.setText("Change passphrase…" if is_by_passphrase else "Use a passphrase…")
        self._offer(
            (self.encrypt_button, not state.is_encrypted and has_keyring),
            (self.recovery_button, state.is_encrypted),
            (self.passphrase_button, True),
            (self.keyring_button, state.is_encrypted and has_keyring and state.kept_by != "keyring"),
            (self.new_key_button, state.is_encrypted),
            (self.decrypt_button, state.is_encrypted),
        )

    def show_locked(self) -> None:
        """The history is locked; the way in is the dialog."""
        show_words(self.state_label, "Your history is encrypted, and locked.")
        show_words(self.more_label, "")
        self._offer((self.unlock_button, True))

    def show_progress(self, words: str, fraction: float) -> None:
        """Something is being done, from 0 to 1; it cannot be broken off."""
        show_words(self.state_label, words)
        show_words(self.more_label, "You can close Ponder: whatever happens, nothing is lost.")
        show_words(self.problem_label, "")
        self.progress.setValue(round(fraction * _STEPS))
        self.progress.show()
        for button in self._buttons:
            button.setEnabled(False)

    def show_problem(self, text: str) -> None:
        """Say what did not work."""
        self.progress.hide()
        show_words(self.problem_label, text)
        for button in self._buttons:
            button.setEnabled(True)

    def _offer(self, *offers: tuple[QPushButton, bool]) -> None:
        """Show these buttons, two in a row."""
        for button in self._buttons:
            self._grid.removeWidget(button)
            button.hide()
        shown = [button for button, is_offered in offers if is_offered]
        for number, button in enumerate(shown):
            self._grid.addWidget(button, number // 2, number % 2)
            button.setEnabled(True)
            button.show()


def _more(state: ProtectionState) -> str:
    if not state.is_encrypted:
        return f"{_PLAIN} {state.keyring_problem}".strip()
    if state.recovery_key_saved:
        return ""
    return _NOT_SAVED_PASSPHRASE if state.kept_by == "passphrase" else _NOT_SAVED
