"""Finds what a test left running: threads, child processes, Qt timers, threads and windows.

Each `leftover_*` function gives one line for every leftover, says what to do about it, and waits a
little first for what is on its way out.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

PATIENCE_S = 20.0
"""How long something that is ending may take to end, on a computer that is busy."""

_OF_THE_TEST_TOOLS = ("pytest_timeout", "pytest-timeout")


def leftover_threads(known: set[threading.Thread]) -> list[str]:
    """Python threads, daemons too, that run now and are not in `known`."""
    deadline = time.monotonic() + PATIENCE_S
    left = []
    for thread in threading.enumerate():
        # A `_DummyThread` stands for a thread that Python did not start: QThreads have their own check.
        if thread in known or isinstance(thread, threading._DummyThread):
            continue
        if thread.name.startswith(_OF_THE_TEST_TOOLS):
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            kind = "daemon thread" if thread.daemon else "thread"
            left.append(f"{kind} {thread.name!r} still runs: close() what started it, and join it there")
    return left


def leftover_processes() -> list[str]:
    """Child processes of this one. Those that are left are killed, so that one test fails, not all."""
    children = psutil.Process().children(recursive=True)
    if not children:
        return []
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    left = []
    for child in alive:
        left.append(f"child process {child.pid} still runs: close() what started it, and wait for it there")
        child.kill()
    psutil.wait_procs(alive, timeout=PATIENCE_S)
    return left


class QtLeaks:
    """Remembers every QTimer and QThread that is started, to ask them after the test."""

    def __init__(self) -> None:
        self._started: weakref.WeakSet[Any] = weakref.WeakSet()
        self._restore: list[Callable[[], None]] = []

    def install(self) -> None:
        """Begin to watch. Imports Qt: call it only in a run that uses Qt."""
        from PySide6.QtCore import QThread, QTimer

        for cls in (QTimer, QThread):
            self._watch_starts(cls)

    def uninstall(self) -> None:
        """Give Qt its own methods back."""
        for restore in self._restore:
            restore()
        self._restore.clear()

    def leftovers(self) -> list[str]:
        """Running timers, running threads, and top-level widgets that nobody deleted."""
        _carry_out_deletions()
        return [*self._leftover_timers_and_threads(), *_leftover_pool_work(), *_leftover_windows()]

    def _watch_starts(self, cls: Any) -> None:
        original = cls.start
        started = self._started

        def start(self: Any, *args: Any) -> None:
            started.add(self)
            original(self, *args)

        cls.start = start
        self._restore.append(lambda: setattr(cls, "start", original))

    def _leftover_timers_and_threads(self) -> list[str]:
        from PySide6.QtCore import QThread
        from shiboken6 import isValid

        left = []
        for thing in list(self._started):
            if not isValid(thing):
                continue
            label = f"{type(thing).__name__} {thing.objectName()!r}".replace(" ''", "")
            if isinstance(thing, QThread):
                if not thing.wait(int(PATIENCE_S * 1000)):
                    left.append(f"{label} still runs: quit() and wait() for it where its owner closes")
                    self._started.discard(thing)
                    thing.quit()
                    thing.wait(int(PATIENCE_S * 1000))
            elif thing.isActive():
                owner = type(thing.parent()).__name__ if thing.parent() else "nobody"
                left.append(f"{label} of {owner} still runs: stop() it, or give its owner to qtbot.addWidget")
                thing.stop()
        return left


def _leftover_pool_work() -> list[str]:
    from PySide6.QtCore import QThreadPool

    if QThreadPool.globalInstance().waitForDone(int(PATIENCE_S * 1000)):
        return []
    return ["the global QThreadPool still works: wait for its work where its owner closes"]


def _carry_out_deletions() -> None:
    """Do what `deleteLater` asked for: without a running event loop nobody else does."""
    from PySide6.QtCore import QCoreApplication, QEvent

    for _ in range(2):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _leftover_windows() -> list[str]:
    if not _parentless_widgets():
        return []
    gc.collect()
    _carry_out_deletions()
    left = []
    for widget in _parentless_widgets():
        name = f"{type(widget).__name__} {widget.objectName()!r}".replace(" ''", "")
        left.append(f"window {name} is left: give it to qtbot.addWidget, or give it a parent")
        widget.close()
        widget.deleteLater()
    _carry_out_deletions()
    return left


def _parentless_widgets() -> list[QWidget]:
    from PySide6.QtWidgets import QApplication

    # QTipLabel is Qt's own tooltip window, which goes away by itself.
    return [
        widget
        for widget in QApplication.topLevelWidgets()
        if widget.parent() is None and widget.metaObject().className() != "QTipLabel"
    ]


def clear_clipboard() -> None:
    """WORKAROUND: the offscreen platform deletes what Python gave to its clipboard after Python has ended.

    That is a segmentation fault (PySide 6.11), in which a whole run ends whose tests have all passed.
    """
    from PySide6.QtGui import QGuiApplication

    if qt_is_running():
        QGuiApplication.clipboard().clear()


def qt_is_running() -> bool:
    """Whether this process has made a QApplication. Never imports Qt itself."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    return widgets is not None and widgets.QApplication.instance() is not None
