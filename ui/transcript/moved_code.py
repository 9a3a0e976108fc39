"""Paints a text of which some parts are moved sideways."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QPainter,
    QPalette,
    QRegion,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextEdit


def paint_moved(text: QTextEdit, clip: QRect, windows: Sequence[tuple[QRect, int]]) -> None:
    """Paint what Qt would, but what stands at the height of a window only in it, moved left by its pixels."""
    painter = QPainter(text.viewport())
    layout = text.document().documentLayout()
    around = QRegion(clip)
    for window, _ in windows:
        around -= QRegion(QRect(clip.left(), window.top(), clip.width(), window.height()))
    painter.setClipRegion(around)
    layout.draw(painter, _context(text, clip))
    for window, moved_px in windows:
        painter.setClipRect(window & clip)
        painter.translate(-moved_px, 0)
        layout.draw(painter, _context(text, (window & clip).translated(moved_px, 0)))
        painter.translate(moved_px, 0)
    painter.end()


def _context(text: QTextEdit, clip: QRect) -> QAbstractTextDocumentLayout.PaintContext:
    """The selection and what is marked, as Qt paints them."""
    context = QAbstractTextDocumentLayout.PaintContext()
    context.clip = QRectF(clip)
    context.palette = text.palette()
    context.cursorPosition = -1
    context.selections = [_selection(mark.cursor, mark.format) for mark in text.extraSelections()]
    cursor = text.textCursor()
    if cursor.hasSelection():
        group = QPalette.ColorGroup.Active if text.hasFocus() else QPalette.ColorGroup.Inactive
        looks = QTextCharFormat()
        looks.setBackground(text.palette().brush(group, QPalette.ColorRole.Highlight))
        looks.setForeground(text.palette().brush(group, QPalette.ColorRole.HighlightedText))
        context.selections = [*context.selections, _selection(cursor, looks)]
    return context


def _selection(cursor: QTextCursor, looks: QTextCharFormat) -> QAbstractTextDocumentLayout.Selection:
    made = QAbstractTextDocumentLayout.Selection()
    made.cursor, made.format = cursor, looks
    return made
