"""An open window over a scripted chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QUrl
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.chat.events import ChatEvent
from app.library.events import LibraryEvent
from app.paths import Paths
from tests.ui.scripted_chat import ScriptedChat
from tests.ui.scripted_library import ScriptedLibrary
from ui.application import OpenWindow
from ui.chat_page import ChatPage
from ui.theme import Theme, apply_theme
from ui.window import Window


@dataclass
class Opened:
    """The window, what stands behind it, and what tests do with it all the time."""

    whole: OpenWindow
    chat: ScriptedChat
    library: ScriptedLibrary
    paths: Paths
    built_in_model: Path
    opened_urls: list[str]
    qtbot: QtBot

    @property
    def window(self) -> Window:
        return self.whole.window

    @property
    def page(self) -> ChatPage:
        return self.whole.window.chat_page

    def say(self, *events: ChatEvent) -> None:
        """Say these events and have them arrive."""
        arrived: list[object] = []
        signals = (
            self.whole.bridge.engine_changed,
            self.whole.bridge.conversations_listed,
            self.whole.bridge.conversation_opened,
            self.whole.bridge.conversations_found,
            self.whole.bridge.question_rejected,
            self.whole.bridge.turn_started,
            self.whole.bridge.prompt_progressed,
            self.whole.bridge.reply_grew,
            self.whole.bridge.turn_paused,
            self.whole.bridge.turn_ended,
            self.whole.bridge.noticed,
            self.whole.bridge.deleted,
            self.whole.bridge.deletion_forgotten,
            self.whole.bridge.locked,
            self.whole.bridge.unlock_refused,
            self.whole.bridge.unlocked,
        )
        for signal in signals:
            signal.connect(arrived.append)
        self.chat.say_all(events)
        self.qtbot.waitUntil(lambda: len(arrived) == len(events))
        QCoreApplication.processEvents()  # what was put into a layout is shown by one
        for signal in signals:
            signal.disconnect(arrived.append)

    def tell(self, *events: LibraryEvent) -> None:
        """The library says these events, and they arrive."""
        arrived: list[object] = []
        bridge = self.whole.library_bridge
        signals = (
            bridge.machine_measured,
            bridge.shelf_changed,
            bridge.download_changed,
            bridge.repository_opened,
            bridge.files_found,
            bridge.work_progressed,
            bridge.work_ended,
            bridge.file_added,
            bridge.model_removed,
            bridge.problem_met,
        )
        for signal in signals:
            signal.connect(arrived.append)
        self.library.say_all(events)
        self.qtbot.waitUntil(lambda: len(arrived) == len(events))
        QCoreApplication.processEvents()  # what was put into a layout is shown by one
        for signal in signals:
            signal.disconnect(arrived.append)


OpenAWindow = Callable[..., Opened]


@contextmanager
def looks_kept(qapp: QApplication) -> Iterator[None]:
    """Afterwards the application looks as before: a window dresses it, and other tests measure widgets."""
    before = qapp.styleSheet(), qapp.palette(), qapp.font()
    yield
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])
    qapp.setFont(before[2])


@pytest.fixture
def styled(qapp: QApplication) -> Iterator[QApplication]:
    """The application as the window has it; without it widgets have the sizes of the style alone."""
    with looks_kept(qapp):
        apply_theme(qapp, Theme.light())
        yield qapp


@pytest.fixture
def paths(home: Path) -> Paths:
    """The folders of this test, not made yet."""
    return Paths.from_environment({"PONDER_HOME": str(home / "ponder")})


@pytest.fixture
def open_a_window(qapp: QApplication, qtbot: QtBot, paths: Paths, tmp_path: Path) -> Iterator[OpenAWindow]:
    """Open a window; it is closed after the test."""
    opened: list[Opened] = []

    def open_one(*, first_start: bool = False) -> Opened:
        chats: list[ScriptedChat] = []
        libraries: list[ScriptedLibrary] = []

        def make_chat(listener: Callable[[ChatEvent], None]) -> ScriptedChat:
            chats.append(ScriptedChat(listener))
            return chats[0]

        def make_library(listener: Callable[[LibraryEvent], None]) -> ScriptedLibrary:
            libraries.append(ScriptedLibrary(listener))
            return libraries[0]

        urls: list[str] = []

        def open_url(url: QUrl) -> bool:
            urls.append(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))
            return True

        built_in = tmp_path / "ponder-mini.gguf"
        whole = OpenWindow(
            qapp,
            paths,
            built_in_model=built_in,
            make_chat=make_chat,
            make_library=make_library,
            open_url=open_url,
        )
        if not first_start:
            whole.window.leave_first_start()
        whole.show()
        opened.append(Opened(whole, chats[0], libraries[0], paths, built_in, urls, qtbot))
        return opened[-1]

    with looks_kept(qapp):
        yield open_one
        for one in opened:
            one.window.close()
            one.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def opened(open_a_window: OpenAWindow) -> Opened:
    """One open window."""
    return open_a_window()
