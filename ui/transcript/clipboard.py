"""Puts text on the clipboard; what is of a thought so that no program keeps it in a history."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from ui.widgets.concealed_copy import conceal


def put_on_clipboard(text: str, *, is_of_thought: bool = False) -> None:
    """Copy plain text."""
    data = QMimeData()
    data.setText(text)
    QGuiApplication.clipboard().setMimeData(conceal(data) if is_of_thought else data)
