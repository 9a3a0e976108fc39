"""What a screen reader is given of the transcript: turns as groups, formulas in an answer as their source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QAccessibleInterface

_IS_THERE = "speaks the transcript"


def speak_transcript() -> None:
    """Have screen readers told as this module says. Once for an application, however often it is called."""
    application = QApplication.instance()
    if application is not None and not application.property(_IS_THERE):
        application.setProperty(_IS_THERE, True)
        QAccessible.installFactory(_interface)


def speak_anew(answer: QWidget) -> None:
    """The answer has its first formula, or none any more: it gets the other interface."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleEvent(answer, QAccessible.Event.ObjectDestroyed))
        old = QAccessible.queryAccessibleInterface(answer)
        QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(old))
        QAccessible.updateAccessibility(QAccessibleEvent(answer, QAccessible.Event.ObjectCreated))


def _interface(class_name: str, thing: QObject) -> QAccessibleInterface | None:
    """For each class of `thing`, the most special one first; None: as Qt has it.

    PySide keeps what this gives for good, so that may hold no text. What only a screen reader needs is
    imported when there is one: PySide takes 5 ms for it.
    """
    if class_name == "TurnWidget" and isinstance(thing, QWidget):
        from PySide6.QtWidgets import QAccessibleWidget

        return QAccessibleWidget(thing, QAccessible.Role.Grouping)
    if class_name == "AnswerView":
        from ui.transcript.spoken_answer import spoken_answer

        return spoken_answer(thing)
    return None
