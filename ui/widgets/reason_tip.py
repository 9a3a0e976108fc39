"""Says why a key did nothing: as a tooltip where the keys are, and to a screen reader."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QToolTip, QWidget


def show_reason(reason: str, widget: QWidget) -> None:
    """`widget` has the keys. `reason` is one of ours: plain words."""
    place: QWidget | None = widget
    while place is not None and place.visibleRegion().isEmpty():  # scrolled away: at the top of the page
        place = place.parentWidget()
    if place is not None:
        QToolTip.showText(place.mapToGlobal(place.visibleRegion().boundingRect().topLeft()), reason, place)
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, reason))
