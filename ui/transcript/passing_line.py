"""The last line of a folded thought, passing by."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from models.light_markdown import without_marks
from ui import theme as look
from ui.theme import GUTTER_PX, Theme
from ui.transcript.untrusted_text import shown

LAST_CHARS = 400
"""More than fits on a line; what came before is not looked at."""
_INDENT_PX = 16


class PassingLine(QWidget):
    """One line, cut at its beginning so that the newest words are seen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._recent = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme from now on."""
        self._theme = theme
        self.setFont(look.thought_font(theme))
        self.setFixedHeight(theme.px(look.THOUGHT_LINE_PX))
        self.update()

    def append(self, untrusted_text: str) -> None:
        """Go on with the text."""
        self._recent = (self._recent + untrusted_text[-LAST_CHARS:])[-LAST_CHARS:]
        self.update()

    def line(self) -> str:
        """The last line that has words on it, without the marks of its Markdown."""
        line = shown(self._recent.rstrip().rpartition("\n")[2])
        return " ".join((without_marks(line) or line).split())

    # Qt overrides

    def sizeHint(self) -> QSize:
        """One line, as wide as there is room."""
        return QSize(240, self._theme.px(look.THOUGHT_LINE_PX))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the end of the line."""
        painter = QPainter(self)
        painter.setPen(QColor(self._theme.third))
        metrics = QFontMetricsF(self.font())
        left = GUTTER_PX + _INDENT_PX
        line = metrics.elidedText(self.line(), Qt.TextElideMode.ElideLeft, self.width() - left - GUTTER_PX)
        baseline = (self.height() + metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(left, baseline), line)
