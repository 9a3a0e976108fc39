"""The wheel turned with Ctrl: larger or smaller text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QWidget

STEP = 120
"""Eighths of a degree in one notch of a wheel."""


class ZoomWheel(QObject):
    """Watches a widget for it; the wheel without Ctrl goes on to the widget.

    Signals:
        turned: int, steps to larger text.
    """

    turned = Signal(int)

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self._angle = 0
        watched.installEventFilter(self)

    # Qt overrides

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what is turned with Ctrl; fine wheels add up to a step."""
        if not isinstance(event, QWheelEvent) or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return super().eventFilter(watched, event)
        self._angle += event.angleDelta().y()
        steps = int(self._angle / STEP)
        self._angle -= steps * STEP
        if steps:
            self.turned.emit(steps)
        event.accept()
        return True
