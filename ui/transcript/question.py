"""The question: a soft block of plain text, exactly as it was typed."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from ui import theme as look
from ui.theme import GUTTER_PX, RADIUS_BLOCK_PX, Theme
from ui.transcript.selected_text import question_as_markdown
from ui.transcript.untrusted_text import shown, with_line_feeds
from ui.widgets.safe_browser import SafeBrowser

_PADDING_X_PX = 16
_PADDING_TOP_PX = 9
_PADDING_BOTTOM_PX = 12


class QuestionBlock(SafeBrowser):
    """Keeps every line break and reads nothing as formatting."""

    def __init__(self, theme: Theme, question: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Your question", parent)
        self.document().setDefaultFont(look.reading_font(theme))
        self.set_page_margins(GUTTER_PX + _PADDING_X_PX, _PADDING_TOP_PX, _PADDING_BOTTOM_PX)
        cursor = QTextCursor(self.document())
        cursor.setBlockFormat(self._paragraph())
        cursor.insertText(shown(with_line_feeds(question)), self._characters())

    def set_theme(self, theme: Theme) -> None:
        """Show the same words in another theme."""
        super().set_theme(theme)
        self.document().setDefaultFont(look.reading_font(theme))
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setBlockFormat(self._paragraph())
        cursor.mergeCharFormat(self._characters())

    def selected_markdown(self) -> str:
        """A question is a quote, since it is not Markdown."""
        return question_as_markdown(self.selected_text())

    def paint_under_text(self, painter: QPainter, _clip: QRect) -> None:
        """Paint the soft block."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("question"))
        rect = QRectF(self.viewport().rect()).adjusted(GUTTER_PX, 0, -GUTTER_PX, 0)
        painter.drawRoundedRect(rect, RADIUS_BLOCK_PX, RADIUS_BLOCK_PX)

    def _paragraph(self) -> QTextBlockFormat:
        paragraph = QTextBlockFormat()
        line_px = self._theme.px(look.READING_LINE_PX)
        paragraph.setLineHeight(line_px, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        return paragraph

    def _characters(self) -> QTextCharFormat:
        characters = QTextCharFormat()
        characters.setForeground(QColor(self._theme.text))
        return characters
