"""Closes and opens the history on a thread of its own, as the chat does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.chat.events import Noticed
from app.errors import AppError
from ui.privacy.privacy_guide import PrivacyGuide


class ThreadedOrders(QObject):
    """`titles` are those of the history that was opened last.

    Signals:
        noticed(noticed): something went wrong.
    """

    noticed = Signal(Noticed)

    def __init__(self, guide: PrivacyGuide) -> None:
        super().__init__()
        self._guide = guide
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="orders", daemon=True)
        self._history: Any = None
        self.titles: list[str] = []
        self._thread.start()

    def open(self) -> None:
        self._orders.put(self._open)

    def repair_history(self, repair: Callable[[], None]) -> None:
        def do() -> None:
            self._close()
            repair()
            self._open()

        self._orders.put(do)

    def unlock_history(self, unlock: Callable[[], bool]) -> None:
        def do() -> None:
            if unlock():
                self._open()

        self._orders.put(do)

    def close(self) -> None:
        if self._thread.is_alive():
            self._orders.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            order()
        self._close()

    def _open(self) -> None:
        try:
            self._history = self._guide.open_history()
            self.titles = sorted(each.title for each in self._history.conversations())
        except AppError as error:
            self.noticed.emit(Noticed(error, lasting=True))

    def _close(self) -> None:
        if self._history is not None:
            self._history.close()
            self._history = None
