"""The window of one scene: says what the chat says, and does what a user does."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.chat.events import ChatEvent
from tests.ui.transcript.turns import Clock
from ui.application import OpenWindow
from ui.chat_page import ChatPage
from ui.window import Window

ROUNDS = 12
PATIENCE_S = 60.0


class Stage:
    """One open window with a scripted chat behind it."""

    def __init__(
        self, application: QApplication, whole: OpenWindow, say: Callable[[ChatEvent], None]
    ) -> None:
        self._application = application
        self._whole = whole
        self._say = say
        self.clock = Clock()

    @property
    def window(self) -> Window:
        return self._whole.window

    @property
    def page(self) -> ChatPage:
        return self._whole.window.chat_page

    def freeze_clock(self) -> None:
        """Thoughts take the time that the scene says."""
        self.page.transcript._clock = self.clock

    def say(self, *events: ChatEvent) -> None:
        """Say these events, and let them arrive."""
        for event in events:
            self._say(event)
        self.settle()

    def settle(self) -> None:
        """Let what is queued happen."""
        for _ in range(ROUNDS):
            self._application.processEvents()

    def wait(self) -> None:
        """Until formulas are made and words are found."""
        until = time.monotonic() + PATIENCE_S
        while self.is_busy and time.monotonic() < until:
            self._application.processEvents()
            time.sleep(0.005)
        self.settle()

    @property
    def is_busy(self) -> bool:
        """Whether formulas are still being made, or words are looked for."""
        return self.page.transcript._formulas.is_busy or self.page.aids._finder.is_looking

    def picture(self) -> QImage:
        """What is seen now."""
        return self.window.grab().toImage()
