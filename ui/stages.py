"""Does what the first picture of the window can do without: right after it, in small steps between events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QPlainTextEdit, QWidget

PAUSE_MS = 1
"""Between two steps: what the user types meanwhile goes first."""
LATEST_MS = 2_000
"""A window that is never painted (minimised, on another desktop) gets the rest after so long."""
_NEEDS_ALL = frozenset(
    {
        QEvent.Type.MouseButtonPress,
        QEvent.Type.TouchBegin,
        QEvent.Type.Shortcut,
        QEvent.Type.DragEnter,
        QEvent.Type.ContextMenu,
    }
)
"""What a user does that is more than typing."""


class Stages(QObject):
    """Runs steps in order, one at a time, each of them a few milliseconds long.

    Typing goes on meanwhile; anything else the user does waits until all steps are done, which is then at
    once: so no click comes to a part that nobody listens to yet.

    Signals:
        ended: nothing is left to do.
    """

    ended = Signal()

    def __init__(self, steps: Iterable[Callable[[], object]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps = deque(steps)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)
        self._has_begun = False

    @property
    def are_over(self) -> bool:
        """Whether nothing is left to do."""
        return not self._steps

    def wait(self) -> None:
        """Begin by itself if nobody says so for long."""
        self._timer.start(LATEST_MS)

    @Slot()
    def begin(self) -> None:
        """Begin now."""
        application = QCoreApplication.instance()
        if self._has_begun or not self._steps or application is None:
            return
        self._has_begun = True
        application.installEventFilter(self)
        self._timer.start(PAUSE_MS)

    def finish(self) -> None:
        """Do all that is left, now."""
        while self._steps:
            self._steps.popleft()()
        self.stop()

    def stop(self) -> None:
        """Leave undone what is left."""
        self._timer.stop()
        self._steps.clear()
        application = QCoreApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self.ended.emit()

    @Slot()
    def _step(self) -> None:
        self.begin()
        if self._steps:
            self._steps.popleft()()
        if self._steps:
            self._timer.start(PAUSE_MS)
        else:
            self.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Build the rest before the user has to do with it."""
        if self._steps and (event.type() in _NEEDS_ALL or _is_key_elsewhere(watched, event)):
            self.finish()
        return False


def _is_key_elsewhere(watched: QObject, event: QEvent) -> bool:
    """A key that is no text: it may press a button."""
    is_key = event.type() is QEvent.Type.KeyPress
    return is_key and isinstance(watched, QWidget) and not isinstance(watched, QPlainTextEdit)
