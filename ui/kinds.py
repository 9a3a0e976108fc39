"""Says what a widget is, for the stylesheet: `of_kind(QPushButton("Send"), "primary")`."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

AnyWidget = TypeVar("AnyWidget", bound=QWidget)


def of_kind(widget: AnyWidget, kind: str) -> AnyWidget:
    """The widget, looking like `kind` of `resources/styles/ponder.qss` from now on."""
    widget.setProperty("kind", kind)
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):  # else it is polished before it is shown
        widget.style().unpolish(widget)
        widget.style().polish(widget)
    return widget
