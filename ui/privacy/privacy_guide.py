"""Opens the history for the chat, asks for what unlocks it, and does what is chosen about its encryption.

All work with keys is done on the chat's thread, or in the background: nothing here waits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.chat.events import Noticed
from app.errors import AppError, HistoryLockedError
from ui.bridges.background import Background
from ui.library.dialog import Dialog
from ui.privacy.passphrase_dialog import PassphraseDialog
from ui.privacy.privacy_card import PrivacyCard
from ui.privacy.recovery_key_dialog import RecoveryKeyDialog
from ui.privacy.unlock_dialog import UnlockDialog

if TYPE_CHECKING:  # they bring SQLAlchemy, which the window does without
    from app.history.key import Key
    from app.history.key_file import Reminder
    from app.history.protection import Protection
    from app.history.protection_state import ProtectionState
    from app.history.rewriting import Progress
    from app.history.store import HistoryStore
    from ui.notice_bar import NoticeBars

_REMINDERS: dict[str, tuple[str, str]] = {
    "save the recovery key": (
        "Your history is encrypted. Save its recovery key, in case the keyring or your passphrase are lost.",
        "Recovery key…",
    ),
    "not encrypted": (
        "Your chats are stored without encryption: this system has no keyring that works. A passphrase can "
        "take its place.",
        "Use a passphrase…",
    ),
    "can be encrypted": (
        "Your chats are stored without encryption. Ponder can encrypt them, with a key in the keyring of "
        "this system.",
        "Encrypt",
    ),
}
_LOCKED = "Your history is locked. Chats are kept in memory until it is open."
_REPLY_STOPS = "A reply that is being written is stopped."
_SMALLEST_STEP = 0.005


class HistoryOrders(Protocol):
    """The part of the chat that closes and opens the history."""

    def repair_history(self, repair: Callable[[], None]) -> None:
        """Close it, do something, open it again."""
        ...

    def unlock_history(self, unlock: Callable[[], bool]) -> None:
        """Do something, and open it if that says it worked."""
        ...


class PrivacyGuide(QObject):
    """Give `open_history` to the chat, and everything it notices to `take`.

    Signals:
        opened(state, words): the history was opened; a `ProtectionState`, and the same in a sentence.
        unlocked: what was typed was right.
        nothing_left(error): the user has nothing that unlocks it: the ways of a damaged one are left.
    """

    opened = Signal(object, str)
    unlocked = Signal()
    nothing_left = Signal(AppError)
    _opened_file = Signal(bool)
    _progressed = Signal(str, float)
    _failed = Signal(AppError)
    _unlock_failed = Signal(AppError)

    def __init__(
        self,
        window: QWidget,
        history_file: Path,
        bars: NoticeBars,
        settings_card: Callable[[Callable[[PrivacyCard], None]], None],
    ) -> None:
        """`settings_card`: calls what it gets with the card once that is built."""
        super().__init__(window)
        self._window = window
        self._history_file = history_file
        self._background = Background(self)
        self._bars = bars
        self._orders: HistoryOrders | None = None
        self._protection: Protection | None = None
        self._state: tuple[ProtectionState, str] | None = None
        self._lock_error: HistoryLockedError | None = None
        self._unlock_dialog: UnlockDialog | None = None
        self._known_card: PrivacyCard | None = None
        self._opened_file.connect(self._on_opened_file, Qt.ConnectionType.QueuedConnection)
        self.opened.connect(self._on_opened)
        self.unlocked.connect(self._on_unlocked, Qt.ConnectionType.QueuedConnection)
        self._progressed.connect(self._on_progressed, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._on_failed, Qt.ConnectionType.QueuedConnection)
        self._unlock_failed.connect(self._on_unlock_failed, Qt.ConnectionType.QueuedConnection)
        bars.offer_taken.connect(self._on_offer_taken)
        settings_card(self._take_card)

    def follow(self, orders: HistoryOrders) -> None:
        """Name the chat; call it before that starts."""
        self._orders = orders

    def close(self) -> None:
        """End the thread that asks the keyring."""
        self._background.close()

    # On the chat's thread

    def open_history(self) -> HistoryStore:
        """Open the history, encrypted where it can be. Raises `HistoryError`, `HistoryLockedError`."""
        is_new = not self._history_file.exists() or not self._history_file.stat().st_size
        store = self.protection().open_history()
        self._opened_file.emit(is_new)
        return store

    def protection(self) -> Protection:
        """The keys of this history; not for the GUI thread."""
        from app.history.protection import Protection

        if self._protection is None:
            self._protection = Protection(self._history_file)
        return self._protection

    def key_for_repair(self) -> Key | None:
        """The key that goes on with a damaged history; not for the GUI thread."""
        return self.protection().key_for_repair()

    # What the chat says

    @Slot(Noticed)
    def take(self, noticed: Noticed) -> None:
        """Something went wrong: the history is locked perhaps, or what was typed was wrong."""
        if isinstance(noticed.error, HistoryLockedError):
            self._bars.take_back(noticed.error)  # the dialog says it, and a bar with a way back to it
            self._lock_error = noticed.error
            self.ask_to_unlock()

    def ask_to_unlock(self) -> None:
        """Open the dialog; nothing happens where the history is not locked."""
        if self._lock_error is None or self._unlock_dialog is not None:
            return
        if self._known_card is not None:
            self._known_card.show_locked()
        dialog = UnlockDialog(self._lock_error, self._window)
        dialog.unlock_requested.connect(self._unlock)
        dialog.nothing_left.connect(self._on_nothing_left)
        dialog.finished.connect(self._on_dialog_finished)
        self._unlock_dialog = dialog
        dialog.open()

    # What the user chooses

    @Slot()
    def show_recovery_key(self) -> None:
        """Fetch it in the background and show it."""
        self._background.run(
            lambda: self.protection().recovery_text(), done=self._show_recovery_text, failed=self._failed.emit
        )

    @Slot()
    def encrypt(self) -> None:
        """Encrypt a plain history with a key in the keyring."""
        self._encrypt(None)

    @Slot()
    def ask_for_passphrase(self) -> None:
        """A passphrase for a plain history, or instead of what opens it now."""
        is_encrypted = self._state is not None and self._state[0].is_encrypted
        title = "A passphrase for your history" if not is_encrypted else "A new passphrase for your history"
        dialog = PassphraseDialog(title, self._window)
        dialog.chosen.connect(self._move_to_passphrase if is_encrypted else self._encrypt)
        dialog.open()

    @Slot()
    def use_keyring(self) -> None:
        """Keep the key in the keyring from now on."""
        self._move(None)

    @Slot()
    def ask_for_new_key(self) -> None:
        """Ask, then encrypt with a new key, which the keyring keeps or a new passphrase."""
        words = (
            "All chats are encrypted anew, and so is the backup. The recovery key that you have opens "
            f"nothing any more: save the new one. {_REPLY_STOPS}"
        )
        if self._state is not None and self._state[0].kept_by == "passphrase":
            dialog = PassphraseDialog("A new key, and a new passphrase", self._window)
            dialog.chosen.connect(self._encrypt)
            dialog.open()
        else:
            self._ask("Change the key?", words, "Change the key", self.encrypt)

    @Slot()
    def ask_to_decrypt(self) -> None:
        """Ask, then take the encryption away."""
        words = f"All chats are stored so that whoever can read your files can read them. {_REPLY_STOPS}"
        self._ask("Remove the encryption?", words, "Remove encryption", self._decrypt)

    # The work, on the chat's thread

    def _unlock(self, secret: str) -> None:
        def unlock() -> bool:
            try:
                self.protection().unlock(secret)
            except AppError as error:
                self._unlock_failed.emit(error)
                return False
            self.unlocked.emit()
            return True

        if self._orders is not None:
            self._orders.unlock_history(unlock)

    @Slot(str)
    def _encrypt(self, passphrase: str | None) -> None:
        def work(progress: Progress) -> None:
            from app.history.switching import encrypt

            encrypt(self.protection(), passphrase, progress)

        self._change("Encrypting your history…", work)

    @Slot()
    def _decrypt(self) -> None:
        def work(progress: Progress) -> None:
            from app.history.switching import decrypt

            decrypt(self.protection(), progress)

        self._change("Writing your history without encryption…", work)

    @Slot(str)
    def _move_to_passphrase(self, passphrase: str) -> None:
        self._move(passphrase)

    def _move(self, passphrase: str | None) -> None:
        def work(_progress: Progress) -> None:
            from app.history.switching import move_key

            move_key(self.protection(), passphrase)

        self._change("Moving the key…", work)

    def _change(self, doing: str, work: Callable[[Progress], None]) -> None:
        last = 0.0

        def progress(done: float) -> None:
            nonlocal last
            if done - last >= _SMALLEST_STEP:
                last = done
                self._progressed.emit(doing, done)

        def change() -> None:
            try:
                work(progress)
            except AppError as error:
                self._failed.emit(error)

        if self._orders is not None:
            self._progressed.emit(doing, 0.0)
            self._orders.repair_history(change)

    # Slots

    @Slot(bool)
    def _on_opened_file(self, is_new: bool) -> None:
        self._background.run(lambda: self._look(is_new), done=self._on_looked, failed=self._failed.emit)

    def _look(self, is_new: bool) -> tuple[ProtectionState, str]:
        """Not on the chat's thread either: the list of chats need not wait for a keyring."""
        from app.history.protection_state import state_in_words

        state = self.protection().state()
        if is_new and state.reminder == "save the recovery key":  # the next start says it
            state = dataclasses.replace(state, reminder=None)
        return state, state_in_words(state)

    def _on_looked(self, state: tuple[ProtectionState, str]) -> None:
        self.opened.emit(*state)

    @Slot(object, str)
    def _on_opened(self, state: ProtectionState, words: str) -> None:
        self._state = state, words
        self._lock_error = None
        self._bars.withdraw("unlock")
        if self._known_card is not None:
            self._known_card.show_state(words, state)
        for reminder in _REMINDERS:
            self._bars.withdraw(reminder)
        if state.reminder is not None:
            self._bars.offer(state.reminder, *_REMINDERS[state.reminder])
            self._note_reminded(state.reminder)

    @Slot()
    def _on_unlocked(self) -> None:
        self._lock_error = None
        if self._unlock_dialog is not None:
            self._unlock_dialog.accept()
        self._bars.clear_lasting()

    @Slot(AppError)
    def _on_unlock_failed(self, error: AppError) -> None:
        if self._unlock_dialog is not None:
            self._unlock_dialog.show_problem(f"{error.message} {error.advice}".strip())

    @Slot()
    def _on_dialog_finished(self) -> None:
        self._unlock_dialog = None
        if self._lock_error is not None:
            self._bars.offer("unlock", _LOCKED, "Unlock…")

    @Slot()
    def _on_nothing_left(self) -> None:
        error = self._lock_error
        if self._unlock_dialog is not None:
            self._unlock_dialog.reject()
        if error is not None:
            self.nothing_left.emit(error)

    @Slot(str, float)
    def _on_progressed(self, doing: str, done: float) -> None:
        if self._known_card is not None:
            self._known_card.show_progress(doing, done)

    @Slot(AppError)
    def _on_failed(self, error: AppError) -> None:
        self._bars.add(error)
        if self._known_card is not None:
            self._known_card.show_problem(str(error))

    @Slot(str)
    def _on_offer_taken(self, key: str) -> None:
        match key:
            case "unlock":
                self.ask_to_unlock()
            case "save the recovery key":
                self.show_recovery_key()
            case "not encrypted":
                self.ask_for_passphrase()
            case "can be encrypted":
                self.encrypt()

    @Slot()
    def _on_recovery_key_saved(self) -> None:
        self._background.run(self._note_saved, done=self._on_looked, failed=self._failed.emit)

    def _note_saved(self) -> tuple[ProtectionState, str]:
        self.protection().note_recovery_key_saved()
        return self._look(is_new=False)

    # Parts

    def _take_card(self, card: PrivacyCard) -> None:
        self._known_card = card
        card.unlock_requested.connect(self.ask_to_unlock)
        card.recovery_key_requested.connect(self.show_recovery_key)
        card.passphrase_requested.connect(self.ask_for_passphrase)
        card.keyring_requested.connect(self.use_keyring)
        card.encrypt_requested.connect(self.encrypt)
        card.new_key_requested.connect(self.ask_for_new_key)
        card.decrypt_requested.connect(self.ask_to_decrypt)
        if self._state is not None:
            card.show_state(self._state[1], self._state[0])
        elif self._lock_error is not None:
            card.show_locked()

    def _show_recovery_text(self, text: str) -> None:
        dialog = RecoveryKeyDialog(text, self._window)
        dialog.saved.connect(self._on_recovery_key_saved)
        dialog.failed.connect(self._on_failed)
        dialog.open()

    def _ask(self, title: str, words: str, action: str, do: Callable[[], None]) -> None:
        dialog = Dialog(title, self._window)
        dialog.add_words(words)
        button = dialog.add_action(action)
        button.clicked.connect(dialog.accept)
        dialog.accepted.connect(do)
        dialog.add_close("Cancel")
        dialog.open()

    def _note_reminded(self, reminder: Reminder) -> None:
        self._background.run(lambda: self.protection().note_reminded(reminder), failed=self._failed.emit)
