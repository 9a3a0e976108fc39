"""The composition root of the window: makes every part once and hands it on.

Nothing is imported here that the first picture of the window can do without: see `_steps`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication

from app.paths import Paths, built_in_model_file
from app.settings import Settings, load_settings
from models.errors import AppError
from ui.appearance import Appearance
from ui.bridges.background import Background
from ui.crash import CrashReporter
from ui.garbage import GarbageBetweenEvents
from ui.quit_signals import QuitSignals
from ui.settings.settings_keeper import SettingsKeeper
from ui.single_instance import SingleInstance
from ui.stages import Stages
from ui.theme import STYLE, STYLE_IS_SET
from ui.window import Places, Window

if TYPE_CHECKING:
    from PySide6.QtCore import QUrl

    from app.library.orders import LibraryOrders
    from ui.behind_window import BehindWindow
    from ui.bridges.chat_bridge import Chat, ChatBridge, ChatListener
    from ui.bridges.library_bridge import LibraryBridge, LibraryListener

ICON_FILE = Path(__file__).resolve().parent.parent / "resources" / "icons" / "ponder.svg"


IMPORTED_AFTER_FIRST_PICTURE = (
    "ui.sidebar.conversation_list_model",
    "ui.sidebar.row_delegate",
    "ui.sidebar.conversation_view",
    "ui.sidebar.chat_lists",
    "msgspec",
    "models.engine.protocol",
    "ui.crash_dialog",
    "app.history.records",
    "app.chat.events",
    "subprocess",
    "socket",
    "psutil",
    "models.gguf_info",
    "models.engine.client",
    "hashlib",
    "models.file_work",
    "models.model_file",
    "models.library",
    "app.chat.engine_host",
    "app.history.search_words",
    "app.history.search",
    "app.history.words",
    "app.history.search_index",
    "app.history.memory",
    "app.chat.front",
    "app.power",
    "app.chat.desk",
    "app.chat.controller",
    "app.library.events",
    "models.download_errors",
    "app.library.assembly",
    "models.recommendation",
    "models.other_apps",
    "app.library.controller",
    "ui.bridges.chat_bridge",
    "ui.library.card",
    "ui.library.add_file_dialog",
    "ui.library.repository_dialog",
    "ui.library_dialogs",
    "ui.library_wiring",
    "ui.privacy.privacy_guide",
    "ui.lock.lock_wiring",
    "ui.everything_deleter",
    "mdurl",
    "html.entities",
    "markdown_it",
    "ui.transcript.blocks",
    "ui.transcript.markdown",
    "ui.transcript.copied_chat",
    "ui.wiring",
    "ui.behind_window",
)
"""What stands behind the window, in steps that are each too short to be felt.

What one of them would import for long itself stands before it.
"""
IMPORTED_BEFORE_FIRST_CHAT = (
    "ui.transcript.styles",
    "ui.transcript.formulas.drawing",
    "ui.transcript.formulas.maker",
    "ui.transcript.document",
    "ui.widgets.safe_browser",
    "ui.transcript.code_tools",
    "ui.transcript.answer",
    "models.light_markdown",
    "ui.transcript.pause",
    "ui.transcript.thought",
    "ui.transcript.thinking",
    "ui.transcript.footer",
    "ui.transcript.turn",
    "ui.transcript.selection",
    "ui.transcript.live_reply",
    "ui.transcript.view",
    "ui.transcript.finder",
    "ui.transcript.outline_list",
    "ui.transcript.reading_aids",
)
IMPORTED_BEFORE_OTHER_PAGES = (
    "ui.library.installed_card",
    "ui.library.models_page",
    "ui.settings.sampling_card",
    "ui.settings.settings_page",
)


class OpenWindow(QObject):
    """The window with everything behind it, from `show` to `close`.

    `make_chat` and `make_library` None: the real controllers; tests give scripted ones. `engine_command`
    None: the real engine. `open_url` None: the desktop's browser. `in_stages`: the window is shown first, and
    what stands behind it follows in short steps; else all is there at once.

    Signals:
        deletion_begun: everything is being deleted: hold no file in Ponder's folders any more.
        everything_deleted: it was, and all is closed: quit.
    """

    deletion_begun = Signal()
    everything_deleted = Signal()

    def __init__(
        self,
        application: QApplication,
        paths: Paths,
        *,
        built_in_model: Path | None = None,
        engine_command: Sequence[str] | None = None,
        make_chat: Callable[[ChatListener], Chat] | None = None,
        make_library: Callable[[LibraryListener], LibraryOrders] | None = None,
        open_url: Callable[[QUrl], bool] | None = None,
        in_stages: bool = False,
    ) -> None:
        super().__init__()
        self._application = application
        self._paths = paths
        self._engine_command = engine_command
        self._make_chat = make_chat
        self._make_library = make_library
        self._open_url = open_url
        self._built_in_model = built_in_model or built_in_model_file()
        folder_error = _make_folders(paths)
        settings, settings_error = load_settings(paths.settings_file)
        self.background = Background(self)
        self.keeper = SettingsKeeper(
            settings, paths.settings_file, self.background, file_is_valid=settings_error is None, parent=self
        )
        self.appearance = Appearance(application, settings, self)
        self.window = Window(
            settings,
            self.appearance.theme,
            Places(self._built_in_model, paths.data_dir, paths.config_dir),
            is_first_start=settings_error is None and is_first_start(settings),
        )
        self.window.closing.connect(self.close)
        for error in (folder_error, settings_error):
            if error is not None:
                self.window.chat_page.notice_bars.add(error)
        self._is_closed = False
        self._is_shown = False
        self._is_started = False
        self._behind: BehindWindow | None = None
        self._stages = Stages(self._steps(), self)
        self.window.first_painted.connect(self._stages.begin, Qt.ConnectionType.QueuedConnection)
        if not in_stages:
            self._build_behind()

    @property
    def bridge(self) -> ChatBridge:
        """What the chat says; built now where it is not yet."""
        return self._build_behind().bridge

    @property
    def library_bridge(self) -> LibraryBridge:
        """What the library says; built now where it is not yet."""
        return self._build_behind().library_bridge

    @property
    def stages(self) -> Stages:
        """What follows the first picture."""
        return self._stages

    def show(self) -> None:
        """Show the window; chat and library start behind it."""
        self.window.show()
        self._is_shown = True
        if self._behind is not None:
            self._start()
        self._stages.wait()

    @Slot()
    def close(self) -> None:
        """Remember how the window stood, end engine and threads. Takes a few seconds at most."""
        if self._is_closed:
            return
        self._is_closed = True
        self._stages.stop()
        size = self.window.normalGeometry().size()
        self.keeper.remember(
            window_width=max(size.width(), 400),
            window_height=max(size.height(), 360),
            sidebar_open=self.window.shell.is_open_when_wide,
        )
        self.window.hide()
        if self._behind is not None:
            self._behind.close()
        self.background.close()

    @Slot()
    def _quit_after_deletion(self) -> None:
        self.close()
        self.everything_deleted.emit()

    def _steps(self) -> Iterator[Callable[[], object]]:
        """What follows the first picture.

        All that is imported comes before the threads of chat and library start: beside them, which import
        much themselves, each step would take several times as long. The other pages are built at the first
        visit.
        """
        names = IMPORTED_AFTER_FIRST_PICTURE + IMPORTED_BEFORE_FIRST_CHAT + IMPORTED_BEFORE_OTHER_PAGES
        yield from (partial(import_module, name) for name in names)
        yield self.window.sidebar.later_lists.get
        yield self.window.chat_page.composer.edit.viewport  # makes the classes of all widgets known to Python
        yield self.window.chat_page.middle.build_transcript
        yield self.window.chat_page.middle.later_aids.get
        yield self._make_behind
        yield self._build_behind

    def _build_behind(self) -> BehindWindow:
        """Chat and library with all their connections; they start with the window."""
        behind = self._make_behind()
        if self._is_shown:
            self._start()
        return behind

    def _make_behind(self) -> BehindWindow:
        """The same, made once and not started."""
        if self._behind is None:
            from PySide6.QtGui import QDesktopServices

            from ui.behind_window import BehindWindow

            self._behind = BehindWindow(
                application=self._application,
                window=self.window,
                keeper=self.keeper,
                background=self.background,
                appearance=self.appearance,
                paths=self._paths,
                built_in_model=self._built_in_model,
                engine_command=self._engine_command,
                make_chat=self._make_chat,
                make_library=self._make_library,
                open_url=self._open_url or QDesktopServices.openUrl,
                parent=self,
            )
            self._behind.deleter.begun.connect(self.deletion_begun)
            self._behind.deleter.ended.connect(self._quit_after_deletion)
        return self._behind

    def _start(self) -> None:
        if self._behind is not None and not self._is_closed and not self._is_started:
            self._is_started = True
            self._behind.bridge.chat.start()
            self._behind.library_bridge.library.start()


def is_first_start(settings: Settings) -> bool:
    """Whether nobody has chosen anything yet."""
    return not (settings.first_start_done or settings.model_path or settings.opened_models)


def run_window() -> int:
    """Open the window and give the exit code once it is closed."""
    paths = Paths.from_environment(os.environ)
    application = QApplication(["ponder", "-style", STYLE])
    application.setProperty(STYLE_IS_SET, True)
    application.setApplicationName("Ponder")
    application.setDesktopFileName("ponder")
    _make_folders(paths)
    instance = SingleInstance(paths.lock_file)
    if not instance.claim():
        if not instance.ask_first_to_raise():
            sys.stderr.write("Ponder is open already.\n")
        return 0
    crashes = CrashReporter()
    crashes.install(paths.log_dir)
    opened = OpenWindow(application, paths, in_stages=True)
    instance.raise_requested.connect(opened.window.come_to_front)
    opened.deletion_begun.connect(crashes.leave_folder)
    opened.everything_deleted.connect(application.quit)
    opened.window.closing.connect(application.quit)  # also where the report of a bug still stands open
    quit_signals = QuitSignals()
    quit_signals.quit_requested.connect(opened.window.close)
    garbage = GarbageBetweenEvents(application)
    opened.stages.ended.connect(garbage.start)
    opened.stages.ended.connect(partial(_show_icon, application))
    opened.show()
    code = application.exec()
    opened.close()
    quit_signals.uninstall()
    instance.release()
    crashes.uninstall()
    return code


def _show_icon(application: QApplication) -> None:
    """Not before the first picture: to read it and draw it in all sizes takes 3 ms."""
    from PySide6.QtGui import QIcon

    application.setWindowIcon(QIcon(str(ICON_FILE)))


def _make_folders(paths: Paths) -> AppError | None:
    try:
        paths.make_folders()
    except AppError as error:
        return error
    return None
