"""What a screen reader is told of the widgets that can be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)

MAX_NAME_CHARS = 160
_CONTROLS = (QAbstractButton, QLineEdit, QAbstractItemView, QComboBox, QAbstractSlider)


def problems(window: QWidget) -> list[str]:
    """One line for each control that has no name, or one that nobody would want to hear."""
    found = []
    for widget in controls(window):
        name = spoken_name(widget)
        where = f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"
        if not name.strip():
            found.append(f"{where} has no name")
        elif len(name) > MAX_NAME_CHARS:
            found.append(f"{where} has a name of {len(name)} characters")
        elif "&&" in name or re.search(r"&\w", name):
            found.append(f"{where} says {name!r}")
    return found


def controls(window: QWidget) -> Iterator[QWidget]:
    """Everything under `window` that is seen and takes keys or presses, without what Qt made inside it."""
    for widget in [window, *window.findChildren(QWidget)]:
        if not widget.isVisible() or isinstance(widget, QMenu):
            continue
        if widget.objectName().startswith("qt_") or isinstance(widget, QLabel):
            continue
        takes_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if (takes_keys or isinstance(widget, _CONTROLS)) and not _is_scroll_bar(widget):
            yield widget


def _is_scroll_bar(widget: QWidget) -> bool:
    """One of a list or a page: a screen reader goes through what it scrolls."""
    around = widget.parentWidget()
    area = around.parentWidget() if around is not None else None
    return isinstance(widget, QAbstractSlider) and isinstance(area, QAbstractScrollArea)


def spoken_name(widget: QWidget) -> str:
    """Its accessible name, as Qt tells it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""
