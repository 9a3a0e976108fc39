"""Locks the window and opens it again: when it is asked for, and when nobody is there."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QDialog, QToolTip

from app.chat.events import ConversationOpened, UnlockRefused
from app.errors import HistoryLockedError
from app.settings import Settings
from ui.bridges.chat_bridge import ChatBridge
from ui.export.transfer_wiring import TransferWiring
from ui.lock.idle_watch import IdleWatch
from ui.privacy.privacy_guide import PrivacyGuide
from ui.settings.settings_keeper import SettingsKeeper
from ui.window import Window

if TYPE_CHECKING:
    from ui.lock.lock_page import Needs
    from ui.settings.settings_page import SettingsPage

_NEEDS: dict[str, Needs] = {"passphrase": "passphrase", "nothing": "recovery key"}
"""By what keeps the key of the history."""
_MOST_POPUPS = 10


class LockWiring(QObject):
    """The page covers the window at once; what is behind it is forgotten as the chat's thread gets to it.

    Nobody is there when neither key nor mouse reach a window of Ponder and no reply is being written: a reply
    counts as use, so that one can be waited for, and so does an export or import.
    """

    def __init__(
        self,
        *,
        application: QApplication,
        window: Window,
        bridge: ChatBridge,
        keeper: SettingsKeeper,
        guide: PrivacyGuide,
        transfer: TransferWiring,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._application = application
        self._window = window
        self._chat = bridge.chat
        self._keeper = keeper
        self._guide = guide
        self._transfer = transfer
        self._needs: Needs = ""
        self._draft = ""
        self.watch = IdleWatch(application, self)
        self.watch.went_idle.connect(self._on_idle)
        for signal in (bridge.turn_started, bridge.prompt_progressed, bridge.reply_grew, bridge.turn_ended):
            signal.connect(self.watch.note_use)
        bridge.locked.connect(self._on_locked)
        bridge.unlock_refused.connect(self._on_refused)
        bridge.unlocked.connect(self._on_unlocked)
        guide.opened.connect(self._on_opened)
        keeper.changed.connect(self._follow_settings)
        application.focusWindowChanged.connect(self._close_what_opened)
        window.lock_requested.connect(self.lock)
        window.later_settings_page.when_built(self._connect_settings)
        window.later_lock_page.when_built(lambda page: page.unlock_requested.connect(self._unlock))
        self._follow_settings(keeper.settings)

    def _connect_settings(self, page: SettingsPage) -> None:
        page.lock_card.lock_requested.connect(self.lock)
        self._offer()

    @Slot()
    def lock(self) -> None:
        """Cover everything now, and forget it."""
        if self._window.is_locked or self._window.is_first_start:
            return
        self.watch.set_limit(0)
        self._window.later_lock_page.get().wait()
        self._window.show_lock()
        self._close_dialogs()
        self._window.forget_chats()
        self._transfer.stop()
        self._chat.lock(lambda: self._guide.protection().forget())

    # Slots

    @Slot(str)
    def _unlock(self, secret: str) -> None:
        def admit() -> None:
            if secret:
                self._guide.protection().unlock(secret)

        self._chat.unlock(admit)

    @Slot()
    def _on_locked(self) -> None:
        """What the chat said last is behind the page by now: forget that too, but for the draft."""
        page = self._window.chat_page
        self._close_dialogs()
        self._window.forget_chats()
        page.show_conversation(ConversationOpened(None))
        self._draft = page.composer.text()
        page.composer.set_text("")
        page.drafts.forget_temporary()
        lock_page = self._window.later_lock_page.get()
        lock_page.ask(self._needs)
        lock_page.take_focus()
        gc.collect()  # what stands in cycles would stay for a while

    @Slot(UnlockRefused)
    def _on_refused(self, refused: UnlockRefused) -> None:
        page, error = self._window.later_lock_page.get(), refused.error
        if isinstance(error, HistoryLockedError) and not page.asks:
            page.ask(error.needs)
        page.show_problem(f"{error.message} {error.advice}".strip())

    @Slot()
    def _on_unlocked(self) -> None:
        self._window.chat_page.composer.set_text(self._draft)
        self._draft = ""
        self._window.leave_lock()
        self._window.later_lock_page.get().wait()  # nothing that was typed stays
        self._follow_settings(self._keeper.settings)

    @Slot()
    def _on_idle(self) -> None:
        if self._transfer.is_busy:
            self.watch.note_use()
        else:
            self.lock()

    @Slot(object, str)
    def _on_opened(self, state: object, _words: str) -> None:
        if not self._window.is_locked:  # what was forgotten meanwhile says nothing of the file
            self._needs = _NEEDS.get(getattr(state, "kept_by", ""), "")
            self._offer()

    @Slot(Settings)
    def _follow_settings(self, settings: Settings) -> None:
        if not self._window.is_locked:
            self.watch.set_limit(settings.lock_after_min * 60)
        self._offer()

    @Slot()
    def _close_what_opened(self) -> None:
        """Something that was begun before the lock opens a dialog now."""
        if self._window.is_locked:
            self._close_dialogs()

    # Inside

    def _offer(self) -> None:
        """A button for it stands where it is of use; the keys and the settings always work."""
        self._window.sidebar.offer_lock(bool(self._needs or self._keeper.settings.lock_after_min))
        self._window.later_settings_page.tell(lambda page: page.lock_card.show_needs_words(bool(self._needs)))

    def _close_dialogs(self) -> None:
        QToolTip.hideText()
        for _each in range(_MOST_POPUPS):
            popup = self._application.activePopupWidget()
            if popup is None:
                break
            popup.close()
        for dialog in self._window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()
