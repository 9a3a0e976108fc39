"""How a thought looks: the quiet formats of one theme."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextBlockFormat, QTextCharFormat

from models.light_markdown import LightLine, LineKind, Style
from ui import theme as look
from ui.theme import Theme

TEXT_X_PX = 20
"""So far behind the thin rule the words begin."""
_LEVEL_PX = 10
_QUOTE_PX = 16
_CODE_PX = 16
_FENCE_LINE_PX = 8
"""A fence that says nothing is a little room above and below the code."""


class ThoughtStyles:
    """Weight, slant and family are formats of their own, so that size and colour may change under them."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._metrics = QFontMetricsF(look.thought_font(theme))
        self._code_families = look.code_font().families()
        self._standing_out: dict[Style, QTextCharFormat] = {}
        self.plain_paragraph = self._paragraph(TEXT_X_PX)
        self.characters = _coloured(theme.second)  # only the colour: it is merged into what stands out
        self.faint = _coloured(theme.third)

    def standing_out(self, style: Style) -> QTextCharFormat:
        """Weight, slant and family alone."""
        if style not in self._standing_out:
            made = self._standing_out[style] = QTextCharFormat()
            if style & Style.BOLD:
                made.setFontWeight(QFont.Weight.DemiBold.value)
            if style & Style.ITALIC:
                made.setFontItalic(True)
            if style & Style.CODE:
                made.setFontFamilies(self._code_families)
                made.setFontStyleHint(QFont.StyleHint.Monospace)
        return self._standing_out[style]

    def paragraph(self, line: LightLine) -> QTextBlockFormat:
        """How a line stands on the page."""
        if line.kind is LineKind.CODE:
            made = self._paragraph(TEXT_X_PX + _CODE_PX)
            made.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # others: by their first letter
            return made
        if line.kind is LineKind.FENCE:
            return self._fence(line)
        hanging = self._metrics.horizontalAdvance(line.marker) if line.marker else 0.0
        inside = line.quotes * self._theme.px(_QUOTE_PX) + line.depth * self._theme.px(_LEVEL_PX) + hanging
        if inside and _is_right_to_left(line.words):
            made = self._paragraph(TEXT_X_PX)
            made.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            made.setRightMargin(inside)
        else:
            made = self._paragraph(TEXT_X_PX + inside)
        is_first = line.text.startswith(line.marker)
        made.setTextIndent(-hanging if is_first else 0.0)
        return made

    def _fence(self, line: LightLine) -> QTextBlockFormat:
        made = self._paragraph(TEXT_X_PX + _CODE_PX)
        if not line.spans:
            height_px = self._theme.px(_FENCE_LINE_PX)
            made.setLineHeight(height_px, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        return made

    def _paragraph(self, left_px: float) -> QTextBlockFormat:
        paragraph = QTextBlockFormat()
        line_px = self._theme.px(look.THOUGHT_LINE_PX)
        paragraph.setLineHeight(line_px, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        paragraph.setLeftMargin(left_px)
        return paragraph


def _coloured(colour: str) -> QTextCharFormat:
    characters = QTextCharFormat()
    characters.setForeground(QColor(colour))
    return characters


def _is_right_to_left(text: str) -> bool:
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
