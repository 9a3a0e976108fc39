"""The field a question is typed in: plain text, as high as its text up to eight lines."""

from __future__ import annotations

import math

from PySide6.QtCore import QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from ui.kinds import of_kind
from ui.transcript.clipboard import copied_data

_MAX_LINES = 8


class QuestionEdit(QPlainTextEdit):
    """A growing field. Enter sends, Shift+Enter begins a new line, Tab goes on to the next control.

    Signals:
        send_requested: Enter was pressed.
    """

    send_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "composer")
        self.setAccessibleName("Question")
        self.setTabChangesFocus(True)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(2)
        self.document().clearUndoRedoStacks()  # Qt would undo the margin
        self.document().documentLayout().documentSizeChanged.connect(self._fit_height)
        self._fit_height()

    @Slot()
    def _fit_height(self) -> None:
        text_height = self._text_height_px()
        limit = _MAX_LINES * self.fontMetrics().lineSpacing()
        fits = text_height <= limit
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff if fits else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )
        margins = self.contentsMargins()
        room = 2 * self.document().documentMargin() + margins.top() + margins.bottom()
        self.setFixedHeight(math.ceil(min(text_height, limit) + room))

    def _text_height_px(self) -> float:
        """The height of the text, as far as it matters: counting ends soon after the limit."""
        limit = (_MAX_LINES + 1) * self.fontMetrics().lineSpacing()
        height = 0.0
        block = self.document().firstBlock()
        while block.isValid() and height < limit:
            height += self.blockBoundingRect(block).height()
            block = block.next()
        return max(height, float(self.fontMetrics().lineSpacing()))

    def minimumSizeHint(self) -> QSize:
        """Narrower than Qt's own hint, so that the window can be narrow."""
        return QSize(80, self.fontMetrics().lineSpacing())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends. An undo that finds nothing to undo here is for the window."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            event.accept()
            self.send_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Undo) and not self.document().isUndoAvailable():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps the lines elsewhere."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit_height()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Text only: a dropped file is neither opened nor named here."""
        return source.hasText() and not source.hasUrls()

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy as everything is copied."""
        return copied_data(self.textCursor().selection().toPlainText())

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste as plain text."""
        self.insertPlainText(source.text())
