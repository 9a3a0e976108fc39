"""The composition root of the window: makes every part once and hands it on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QIcon
from PySide6.QtWidgets import QApplication

from app.chat.controller import ChatController
from app.chat.crash_record import CrashRecord
from app.chat.events import Noticed
from app.history.memory import History
from app.library.orders import LibraryOrders
from app.paths import Paths, built_in_model_file
from app.settings import Settings, load_settings
from models.engine.protocol import OnLoop
from models.errors import AppError
from ui.appearance import Appearance
from ui.bridges.background import Background
from ui.bridges.chat_bridge import Chat, ChatBridge, ChatListener
from ui.bridges.library_bridge import LibraryBridge, LibraryListener
from ui.crash import CrashReporter
from ui.damaged_history_dialog import DamagedHistoryGuide
from ui.library.model_chooser import ModelChooser, chosen_model
from ui.library_wiring import LibraryWiring
from ui.quit_signals import QuitSignals
from ui.settings.settings_keeper import SettingsKeeper
from ui.single_instance import SingleInstance
from ui.window import Places, Window
from ui.wiring import Wiring

ICON_FILE = Path(__file__).resolve().parent.parent / "resources" / "icons" / "ponder.svg"


class OpenWindow(QObject):
    """The window with everything behind it, from `show` to `close`.

    `make_chat` and `make_library` None: the real controllers; tests give scripted ones. `engine_command`
    None: the real engine.
    """

    def __init__(
        self,
        application: QApplication,
        paths: Paths,
        *,
        built_in_model: Path | None = None,
        engine_command: Sequence[str] | None = None,
        make_chat: Callable[[ChatListener], Chat] | None = None,
        make_library: Callable[[LibraryListener], LibraryOrders] | None = None,
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
    ) -> None:
        super().__init__()
        self._paths = paths
        self._engine_command = engine_command
        self._built_in_model = built_in_model or built_in_model_file()
        folder_error = _make_folders(paths)
        settings, settings_error = load_settings(paths.settings_file)
        self.background = Background(self)
        self.keeper = SettingsKeeper(
            settings, paths.settings_file, self.background, file_is_valid=settings_error is None, parent=self
        )
        self.appearance = Appearance(application, settings, self)
        self.bridge = ChatBridge(make_chat or self._make_controller, self)
        self.library_bridge = LibraryBridge(make_library or self._make_library, self)
        self.window = Window(
            settings,
            self.appearance.theme,
            Places(self._built_in_model, paths.data_dir, paths.config_dir),
            is_first_start=settings_error is None and is_first_start(settings),
        )
        chooser = ModelChooser(
            keeper=self.keeper,
            background=self.background,
            built_in_model=self._built_in_model,
            models_dir=paths.models_dir,
            parent=self,
        )
        self._library_wiring = LibraryWiring(
            window=self.window,
            bridge=self.library_bridge,
            chat_bridge=self.bridge,
            keeper=self.keeper,
            chooser=chooser,
            open_url=open_url,
        )
        self._wiring = Wiring(
            window=self.window,
            bridge=self.bridge,
            keeper=self.keeper,
            appearance=self.appearance,
            chooser=chooser,
            background=self.background,
            open_url=open_url,
        )
        self._history_guide = DamagedHistoryGuide(
            self.window, paths.history_file, self.background, self.bridge.chat.repair_history
        )
        self.bridge.noticed.connect(self._history_guide.take)
        self._history_guide.repaired.connect(self.window.chat_page.notice_bars.clear_lasting)
        self.window.closing.connect(self.close)
        self._is_closed = False
        if folder_error is not None:
            self.window.chat_page.show_notice(Noticed(folder_error))
        if settings_error is not None:
            self.window.chat_page.show_notice(Noticed(settings_error))

    def show(self) -> None:
        """Show the window; chat and library start behind it."""
        self.window.show()
        self.bridge.chat.start()
        self.library_bridge.library.start()

    @Slot()
    def close(self) -> None:
        """Remember how the window stood, end engine and threads. Takes a few seconds at most."""
        if self._is_closed:
            return
        self._is_closed = True
        size = self.window.normalGeometry().size()
        self.keeper.remember(
            window_width=max(size.width(), 400),
            window_height=max(size.height(), 360),
            sidebar_open=self.window.shell.is_open_when_wide,
        )
        self.window.hide()
        self.library_bridge.library.close()
        self.bridge.chat.close()
        self.background.close()

    def _make_controller(self, listener: ChatListener) -> ChatController:
        return ChatController(
            listener=listener,
            open_history=self._open_history,
            model_path=chosen_model(self.keeper.settings, self._built_in_model),
            built_in_model_path=self._built_in_model,
            context_tokens=self.keeper.settings.context_tokens,
            kv_type=self.keeper.settings.kv_type,
            sampling=self.keeper.settings.sampling(),
            thinking=self.keeper.settings.thinking(OnLoop.PAUSE),
            reads_ahead=self.keeper.settings.reads_ahead,
            unload_after_s=self.keeper.settings.unload_after_min * 60,
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
            network=network_settings(self.keeper.settings),
            kv_type=self.keeper.settings.kv_type,
        )

    def _open_history(self) -> History:
        """On the chat's thread: SQLAlchemy is not for the start of the window to wait for."""
        from app.history.store import HistoryStore

        return HistoryStore(self._paths.history_file)


def is_first_start(settings: Settings) -> bool:
    """Whether nobody has chosen anything yet."""
    return not (settings.first_start_done or settings.model_path or settings.opened_models)


def run_window() -> int:
    """Open the window and give the exit code once it is closed."""
    paths = Paths.from_environment(os.environ)
    application = QApplication(["ponder"])
    application.setApplicationName("Ponder")
    application.setDesktopFileName("ponder")
    application.setWindowIcon(QIcon(str(ICON_FILE)))
    _make_folders(paths)
    instance = SingleInstance(paths.lock_file)
    if not instance.claim():
        if not instance.ask_first_to_raise():
            sys.stderr.write("Ponder is open already.\n")
        return 0
    crashes = CrashReporter()
    crashes.install(paths.log_dir)
    opened = OpenWindow(application, paths)
    instance.raise_requested.connect(opened.window.come_to_front)
    quit_signals = QuitSignals()
    quit_signals.quit_requested.connect(opened.window.close)
    opened.show()
    code = application.exec()
    opened.close()
    quit_signals.uninstall()
    instance.release()
    crashes.uninstall()
    return code


def _make_folders(paths: Paths) -> AppError | None:
    try:
        paths.make_folders()
    except AppError as error:
        return error
    return None
