"""The words of a thought: smaller, lighter, plain, behind a thin rule."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QMimeData, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from ui import theme as look
from ui.theme import GUTTER_PX, Theme
from ui.transcript.untrusted_text import shown, with_line_feeds
from ui.widgets.concealed_copy import conceal
from ui.widgets.safe_browser import SafeBrowser

MAX_LINE_CHARS = 4_000
"""A longer line goes on as a new paragraph: each token lays its whole paragraph out again."""
_RULE_X_PX = 4
_TEXT_X_PX = 20


class ThoughtText(SafeBrowser):
    """A document of its own that is only ever appended to."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Thought", parent)
        self._line_chars = 0
        self._empty = True
        self._waiting_breaks = ""
        self.document().setDefaultFont(look.thought_font(theme))
        self.set_page_margins(GUTTER_PX)
        self._paragraph = _paragraph(theme)
        QTextCursor(self.document()).setBlockFormat(self._paragraph)
        # When text is added, what stands there already is not painted again.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_StaticContents)

    def append_text(self, untrusted_text: str) -> None:
        """Go on with the thought."""
        text = self._waiting_breaks + shown(with_line_feeds(untrusted_text))
        if self._empty:
            text = text.lstrip()
        # Line breaks wait for what they lead to: a thought does not end in empty lines.
        words = text.rstrip("\n")
        self._waiting_breaks = text[len(words) :]
        if not words:
            return
        self._empty = False
        text = words
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for number, line in enumerate(self._lines(text)):
            if number:
                cursor.insertBlock(self._paragraph, self._characters())
            cursor.insertText(line, self._characters())
        cursor.endEditBlock()
        self.fit_height()

    def set_theme(self, theme: Theme) -> None:
        """Show the same words in another theme."""
        super().set_theme(theme)
        self.document().setDefaultFont(look.thought_font(theme))
        self._paragraph = _paragraph(theme)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setBlockFormat(self._paragraph)
        cursor.mergeCharFormat(self._characters())

    def paint_under_text(self, painter: QPainter, _clip: QRect) -> None:
        """Paint the ground and the rule, which ends where the next line goes on with it."""
        whole = self.viewport().rect()
        # No fillRect: in PySide6 6.11.3 it jumps to a wild address at times, by what was used before it.
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # else its edges show what was there
        painter.setBrush(self._theme.colour("ground"))
        painter.drawRect(whole)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.colour("line"))
        painter.drawRect(QRectF(GUTTER_PX + _RULE_X_PX, 2, 2, whole.height() - 2))

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy words of a thought so that no history of the clipboard keeps them."""
        return conceal(super().createMimeDataFromSelection())

    def _lines(self, text: str) -> Iterator[str]:
        """The lines of `text`, the first going on with the open one; long ones are cut."""
        for number, line in enumerate(text.split("\n")):
            self._line_chars = 0 if number else self._line_chars
            room = max(MAX_LINE_CHARS - self._line_chars, 0)
            yield line[:room]
            self._line_chars += len(line)
            for start in range(room, len(line), MAX_LINE_CHARS):
                yield line[start : start + MAX_LINE_CHARS]
                self._line_chars = len(line) - start

    def _characters(self) -> QTextCharFormat:
        characters = QTextCharFormat()
        characters.setForeground(QColor(self._theme.second))
        return characters


def _paragraph(theme: Theme) -> QTextBlockFormat:
    paragraph = QTextBlockFormat()
    line_px = theme.px(look.THOUGHT_LINE_PX)
    paragraph.setLineHeight(line_px, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    paragraph.setLeftMargin(_TEXT_X_PX)
    return paragraph
