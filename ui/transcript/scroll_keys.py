"""The keys that scroll the transcript as any page, beside the arrows and page keys that Qt knows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSlider, QApplication, QLineEdit, QScrollBar


def scroll_by_key(bar: QScrollBar, event: QKeyEvent, go_to_end: Callable[[], None]) -> bool:
    """To the beginning, to the end and on with the reply, or by what is in sight.

    False: it is another key, or belongs to the line that is typed into.
    """
    if isinstance(QApplication.focusWidget(), QLineEdit):
        return False
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers & ~(shift if event.key() == Qt.Key.Key_Space else ctrl):
        return False
    match event.key():
        case Qt.Key.Key_Home:
            bar.setValue(0)
        case Qt.Key.Key_End:
            go_to_end()
        case Qt.Key.Key_Space:
            steps = QAbstractSlider.SliderAction
            bar.triggerAction(steps.SliderPageStepSub if modifiers else steps.SliderPageStepAdd)
        case _:
            return False
    return True
