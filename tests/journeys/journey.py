"""The whole program for tests: one start after another, on the same data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.paths import Paths
from ui.application import OpenWindow
from ui.chat_page import ChatPage

PATIENCE_MS = 60_000


class Journey:
    """One start of the program after another, on the same data folder."""

    def __init__(
        self, application: QApplication, qtbot: QtBot, paths: Paths, model: Path, engine: tuple[str, ...]
    ) -> None:
        self._application = application
        self.qtbot = qtbot
        self.paths = paths
        self._model = model
        self._engine = engine
        self._open: OpenWindow | None = None

    def start(self, *engine_options: str) -> ChatPage:
        """Open the window and wait until a question can be asked."""
        self._open = OpenWindow(
            self._application,
            self.paths,
            built_in_model=self._model,
            engine_command=(*self._engine, *engine_options),
        )
        self._open.show()
        if self._open.window.is_first_start:
            self._open.window.first_start_page.start_button.click()
        self.wait(lambda: not self.page.composer.reason_label.text())
        return self.page

    @property
    def whole(self) -> OpenWindow:
        assert self._open is not None
        return self._open

    @property
    def page(self) -> ChatPage:
        return self.whole.window.chat_page

    def ask(self, text: str) -> None:
        self.page.composer.set_text(text)
        self.qtbot.keyClick(self.page.composer.edit, Qt.Key.Key_Return)

    def click_first_conversation(self) -> str:
        """Click the first conversation of the sidebar; give its title."""
        view = self.whole.window.sidebar.conversation_view
        self.wait(lambda: view.rows.rowCount() > 1)
        row = view.rows.index(1)
        self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(row).center())
        return str(row.data())

    def is_running(self) -> bool:
        return self.page.composer.button.text() == "Stop"

    def wait_for_end(self) -> None:
        self.wait(lambda: not self.page.composer.reason_label.text() and not self.is_running())

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    def close(self) -> None:
        if self._open is not None:
            self._open.window.close()
            self._open.window.deleteLater()
            self._open.deleteLater()
            self._open = None
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def texts(self) -> str:
        """All that the history file and its neighbours hold."""
        files = [path for path in self.paths.data_dir.rglob("*") if path.is_file()]
        return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)

    def titles(self) -> set[str]:
        """What the rows of the sidebar say."""
        rows = self.whole.window.sidebar.conversation_view.rows
        return {str(rows.index(number).data()) for number in range(rows.rowCount())}
