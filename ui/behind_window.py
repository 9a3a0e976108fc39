"""Everything behind the window: chat, library, and who hears whom. Not imported before the first picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtWidgets import QApplication

from app.chat.controller import ChatController
from app.chat.crash_record import CrashRecord
from app.library.orders import LibraryOrders
from app.paths import Paths
from models.engine.protocol import OnLoop
from ui.appearance import Appearance
from ui.bridges.background import Background
from ui.bridges.chat_bridge import Chat, ChatBridge, ChatListener
from ui.bridges.library_bridge import LibraryBridge, LibraryListener
from ui.damaged_history_dialog import DamagedHistoryGuide
from ui.everything_deleter import EverythingDeleter
from ui.export.transfer_wiring import TransferWiring
from ui.library.model_chooser import ModelChooser, chosen_model
from ui.library_wiring import LibraryWiring
from ui.lock.lock_wiring import LockWiring
from ui.privacy.privacy_guide import PrivacyGuide
from ui.settings.settings_keeper import SettingsKeeper
from ui.window import Window
from ui.wiring import Wiring

_CLOSED_WITHIN_S = 60.0

if TYPE_CHECKING:
    from app.history.transfer.store import TransferStore


class BehindWindow(QObject):
    """Makes chat and library, and connects them to the window.

    `make_chat` and `make_library` None: the real controllers. `engine_command` None: the real engine.
    """

    def __init__(
        self,
        *,
        application: QApplication,
        window: Window,
        keeper: SettingsKeeper,
        background: Background,
        appearance: Appearance,
        paths: Paths,
        built_in_model: Path,
        engine_command: Sequence[str] | None,
        make_chat: Callable[[ChatListener], Chat] | None,
        make_library: Callable[[LibraryListener], LibraryOrders] | None,
        open_url: Callable[[QUrl], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._keeper = keeper
        self._background = background
        self._paths = paths
        self._built_in_model = built_in_model
        self._engine_command = engine_command
        self.privacy_guide = PrivacyGuide(
            window,
            paths.history_file,
            window.chat_page.notice_bars,
            lambda act: window.later_settings_page.when_built(lambda page: act(page.privacy_card)),
        )
        self.bridge = ChatBridge(make_chat or self._make_controller, self)
        self.library_bridge = LibraryBridge(make_library or self._make_library, self)
        chooser = ModelChooser(
            keeper=keeper,
            background=background,
            built_in_model=built_in_model,
            models_dir=paths.models_dir,
            parent=self,
        )
        self.library_wiring = LibraryWiring(
            window=window,
            bridge=self.library_bridge,
            chat_bridge=self.bridge,
            keeper=keeper,
            chooser=chooser,
            open_url=open_url,
        )
        self.wiring = Wiring(
            window=window,
            bridge=self.bridge,
            keeper=keeper,
            appearance=appearance,
            chooser=chooser,
            background=background,
            open_url=open_url,
        )
        self.transfer_wiring = TransferWiring(
            window=window, bridge=self.bridge, open_store=self._open_transfer, parent=self
        )
        self.lock_wiring = LockWiring(
            application=application,
            window=window,
            bridge=self.bridge,
            keeper=keeper,
            guide=self.privacy_guide,
            transfer=self.transfer_wiring,
            parent=self,
        )
        self.deleter = EverythingDeleter(
            window=window,
            paths=paths,
            keeper=keeper,
            let_go=self._let_go,
            close_behind=self._close_threads,
            find_keyring=lambda: self.privacy_guide.protection().keyring,
            parent=self,
        )
        self.history_guide = DamagedHistoryGuide(
            window,
            paths.history_file,
            background,
            self.bridge.chat.repair_history,
            self.privacy_guide.key_for_repair,
        )
        self.bridge.noticed.connect(self.history_guide.take)
        self.bridge.noticed.connect(self.privacy_guide.take)
        self.privacy_guide.follow(self.bridge.chat)
        self.privacy_guide.nothing_left.connect(self.history_guide.offer_ways)
        self.history_guide.repaired.connect(window.chat_page.notice_bars.clear_lasting)

    def close(self) -> None:
        """End engine and threads. Takes a few seconds at most."""
        self.transfer_wiring.close()
        self.library_bridge.close()
        self.bridge.close()
        self.privacy_guide.close()

    def _let_go(self) -> None:
        """What has to be ended on this thread before everything is deleted."""
        self.transfer_wiring.close()
        self.privacy_guide.close()
        self._background.close()

    def _close_threads(self) -> None:
        """The rest, on another thread: it is waited for, since nothing may be written after it."""
        self.library_bridge.library.close(_CLOSED_WITHIN_S)
        self.bridge.chat.close(_CLOSED_WITHIN_S)

    def _make_controller(self, listener: ChatListener) -> ChatController:
        settings = self._keeper.settings
        return ChatController(
            listener=listener,
            open_history=self.privacy_guide.open_history,
            model_path=chosen_model(settings, self._built_in_model),
            built_in_model_path=self._built_in_model,
            context_tokens=settings.context_tokens,
            kv_type=settings.kv_type,
            sampling=settings.sampling(),
            thinking=settings.thinking(OnLoop.PAUSE),
            reads_ahead=settings.reads_ahead,
            unload_after_s=settings.unload_after_min * 60,
            engine_command=self._engine_command,
            crash_record=CrashRecord(self._paths.crash_record_file),
        )

    def _make_library(self, listener: LibraryListener) -> LibraryOrders:
        from app.library.assembly import network_settings
        from app.library.controller import LibraryController

        return LibraryController(
            listener=listener,
            paths=self._paths,
            built_in_model=self._built_in_model,
            environ=os.environ,
            home=Path.home(),
            network=network_settings(self._keeper.settings),
            kv_type=self._keeper.settings.kv_type,
        )

    def _open_transfer(self) -> TransferStore:
        """On the thread of an export or import."""
        from app.history.transfer.store import TransferStore

        key = self.privacy_guide.protection().opened_key()
        return TransferStore(self._paths.history_file, key, is_open_here=True)
