"""Notices that nobody has used the keyboard or the mouse for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QWindow

_INPUT: Final = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
        QEvent.Type.TabletMove,
    }
)


def clock_s() -> float:
    """Seconds that go on while the computer sleeps, where it can tell."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class IdleWatch(QObject):
    """Looks at what comes to the windows of the program: a few events each frame, not at every one of Qt's.

    Signals:
        went_idle: nothing was pressed or moved for the limit. Said once, until something is again.
    """

    went_idle = Signal()

    def __init__(
        self,
        application: QGuiApplication,
        parent: QObject | None = None,
        clock: Callable[[], float] = clock_s,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._limit_s = 0.0
        self._used_at_s = clock()
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self._look)
        self._watched: QWindow | None = None
        application.focusWindowChanged.connect(self._watch)
        self._watch(application.focusWindow())

    def set_limit(self, limit_s: float) -> None:
        """How long nothing may happen; 0: for ever."""
        self._limit_s = limit_s
        self._used_at_s = self._clock()
        self._timer.stop()
        if limit_s:
            self._timer.start(round(limit_s * 1000))

    @Slot()
    def note_use(self) -> None:
        """Something happens that is not to be cut off: the time begins anew."""
        self._used_at_s = self._clock()
        if self._limit_s and not self._timer.isActive():
            self._timer.start(round(self._limit_s * 1000))

    @Slot("QWindow*")
    def _watch(self, window: QWindow | None) -> None:
        """The window that has the keys; a dialog is a window of its own.

        WORKAROUND: PySide6 6.11.3 now and then gives a popup as an object of another class, seen with the X
        server after a thousand presses. What is done in it is not noted, until the next window has the keys.
        """
        if self._watched is not None:
            self._watched.removeEventFilter(self)
            self._watched.destroyed.disconnect(self._forget)
        self._watched = window if isinstance(window, QWindow) else None
        if self._watched is not None:
            self._watched.installEventFilter(self)
            self._watched.destroyed.connect(self._forget)

    @Slot()
    def _forget(self) -> None:
        self._watched = None

    @Slot()
    def _look(self) -> None:
        left_s = self._used_at_s + self._limit_s - self._clock()
        if left_s <= 0:
            self.went_idle.emit()
        else:
            self._timer.start(max(round(left_s * 1000), 1))

    # Qt overrides

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Note that somebody is there. After a long sleep of the computer the first touch is too late."""
        if self._limit_s and event.type() in _INPUT:
            now_s = self._clock()
            was_idle = now_s - self._used_at_s >= self._limit_s
            self._used_at_s = now_s
            if not self._timer.isActive():
                self._timer.start(round(self._limit_s * 1000))
            if was_idle:
                self.went_idle.emit()
                return True  # it must not reach what was just locked away
        return False
