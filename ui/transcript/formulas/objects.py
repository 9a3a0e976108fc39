"""Formulas as characters of a text document: how large they are, how they are painted, what they say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPyTextObject,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTransform,
)

from ui import theme as look
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, Theme
from ui.transcript.blocks import Maths
from ui.transcript.formulas.drawing import Colours, Formula, FormulaPainter
from ui.transcript.formulas.source import searched

OBJECT = "\ufffc"
FORMULA_OBJECT = QTextFormat.ObjectTypes.UserObject.value + 1
SOURCE = QTextFormat.Property.UserProperty.value + 1
"""The formula as it was written, with its delimiters."""
_NUMBER = QTextFormat.Property.UserProperty.value + 2
_EM_PX = QTextFormat.Property.UserProperty.value + 3
_ROOM_PX = QTextFormat.Property.UserProperty.value + 4
_BEHIND = QTextFormat.Property.UserProperty.value + 5
_BEHIND_FONT = QTextFormat.Property.UserProperty.value + 6
FOUND = QTextFormat.Property.UserProperty.value + 7
"""What is searched of it, and the punctuation behind."""
_GROUND = QTextFormat.Property.ForegroundBrush.value + 1
"""Of a selected object: what Qt keeps there is the ground of the selection (`ObjectSelectionBrush` in
qtextengine_p.h)."""
SMALLEST_SHARE = 0.6
"""A formula wider than the column is made smaller so far; a wider one is shown as its source."""
SPACE_PX = 1.0
_OVER_INK_PX = 1.5
ABOVE_SHARE = 0.8
BELOW_SHARE = 0.325
BOTH_SHARE = 0.92
"""Of the height of a line: so far a formula may reach above its baseline, below it, and from top to bottom.
It is then clear of the letters above and below, and of a formula of the same height."""
ROOM_SHARE = 0.25
"""Of the height of a line: so much stays free above a formula that has a higher line for itself."""


@dataclass(frozen=True, slots=True)
class _Painted:
    """A formula that Qt painted as selected, or not all of, and where."""

    transform: QTransform
    clip: QRectF
    rect: QRectF
    format: QTextFormat
    is_right_to_left: bool


class FormulaObjects(QPyTextObject):
    """The formulas of one document, as objects in its text."""

    def __init__(self, painter: FormulaPainter, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._painter = painter
        self._theme = theme
        self._words = look.reading_font()
        metrics = QFontMetricsF(self._words)
        self._descent_share = metrics.descent() / self._words.pixelSize()
        self._numbers: dict[Maths, int] = {}
        self._formulas: list[Formula] = []
        self._painted: list[_Painted] = []

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours from now on."""
        self._theme = theme

    def formula(self, maths: Maths) -> Formula | None:
        """The formula, where it was in this document already."""
        number = self._numbers.get(maths)
        return None if number is None else self._formulas[number]

    def characters(
        self,
        maths: Maths,
        source: str,
        behind: str,
        formula: Formula,
        em_px: float,
        around: QTextCharFormat,
        line_px: float,
        *,
        is_in_text: bool,
    ) -> QTextCharFormat:
        """The format of the one character that stands for the formula, in text of format `around`.

        `behind`: punctuation that is painted with it, at the end of `source`. `line_px`: how high a line of
        that text is. Where it `is_in_text`, a high one keeps clear above.
        """
        if maths not in self._numbers:
            self._numbers[maths] = len(self._formulas)
            self._formulas.append(formula)
        made = QTextCharFormat(around)
        made.setObjectType(FORMULA_OBJECT)
        made.setProperty(SOURCE, source)
        made.setProperty(FOUND, searched(maths.tex) + behind)
        made.setProperty(_NUMBER, self._numbers[maths])
        made.setProperty(_EM_PX, em_px)
        if behind:
            made.setProperty(_BEHIND, behind)
            made.setProperty(_BEHIND_FONT, around.font())
        is_high = needs_room(formula, em_px, line_px)
        made.setProperty(_ROOM_PX, line_px * ROOM_SHARE if is_high and is_in_text else 0.0)
        # Qt puts such an object as deep under the baseline as its font reaches: that is how it is aligned.
        made.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignBaseline)
        font = QFont(self._words)
        depth_px = self._font_px(formula, em_px)
        # One that fits reaches out of its line, and does not move the line: not deeper than the text around.
        font.setPixelSize(depth_px if is_high else min(depth_px, around.font().pixelSize()))
        made.setFont(font)
        return made

    def _font_px(self, formula: Formula, em_px: float) -> int:
        return max(math.ceil((formula.depth * em_px + SPACE_PX) / self._descent_share), 1)

    def paint_selected(self, painter: QPainter) -> None:
        """Paint those that are selected, over what Qt painted of them; of others beside them what is missing.

        Behind the painting of an object, Qt covers it half with the ground of the selection. And its clip is
        as high as the line that is selected, or the paragraph around it, which a formula may reach out of.
        """
        painted, self._painted = self._painted, []
        painter.save()
        for one in painted:
            painter.setTransform(one.transform)
            ink = self._ink(one.rect, one.format)
            ink = QRectF(one.clip.left(), ink.top(), one.clip.width(), ink.height())
            if one.format.hasProperty(_GROUND):
                painter.setClipRect(ink)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(one.format.brushProperty(_GROUND))
                painter.drawRect(self._ink(one.rect, one.format))
            else:
                missing, there = QPainterPath(), QPainterPath()
                missing.addRect(ink)
                there.addRect(one.clip)
                painter.setClipPath(missing.subtracted(there))
            self._paint(painter, one.rect, one.format, is_right_to_left=one.is_right_to_left)
        painter.restore()

    def _paint(self, painter: QPainter, rect: QRectF, looks: QTextFormat, *, is_right_to_left: bool) -> None:
        formula, behind_px = self._formula(looks)[0], _behind_px(looks)
        em_px, baseline = self._placed(rect, looks)
        left = rect.left() + SPACE_PX + (behind_px if is_right_to_left else 0.0)
        theme, text = self._theme, looks.foreground().color()
        colours = Colours(text, theme.colour("accent"), theme.colour("accent_soft"), theme.colour("accent"))
        if looks.hasProperty(_GROUND):
            colours = Colours(text, text, looks.brushProperty(_GROUND).color(), text)
        self._painter.paint(painter, formula, QPointF(left, baseline), em_px, colours, self._words)
        if behind_px:
            painter.setFont(looks.property(_BEHIND_FONT))
            painter.setPen(text)
            side = Qt.LayoutDirection.RightToLeft if is_right_to_left else Qt.LayoutDirection.LeftToRight
            painter.setLayoutDirection(side)  # then a bracket is one that closes
            x = rect.left() if is_right_to_left else rect.right() - behind_px
            painter.drawText(QPointF(x, baseline), looks.stringProperty(_BEHIND))

    def _placed(self, rect: QRectF, looks: QTextFormat) -> tuple[float, float]:
        """How large a formula is in `rect`, as pixels of an em, and where its baseline is."""
        formula, _ = self._formula(looks)
        em_px = (rect.width() - _behind_px(looks) - 2 * SPACE_PX) / formula.width
        above_px = looks.doubleProperty(_ROOM_PX) + SPACE_PX
        return em_px, rect.top() + above_px + formula.ascent * em_px

    def _ink(self, rect: QRectF, looks: QTextFormat) -> QRectF:
        """All that is painted of a formula in `rect`, and `rect` itself."""
        em_px, baseline = self._placed(rect, looks)
        bottom = baseline + self._formula(looks)[0].depth * em_px + SPACE_PX
        over = _OVER_INK_PX  # letters are a little higher than their font says
        return rect.adjusted(0, -over, 0, max(bottom - rect.bottom(), 0.0) + over)

    def _formula(self, characters: QTextFormat) -> tuple[Formula, float]:
        return self._formulas[characters.intProperty(_NUMBER)], characters.doubleProperty(_EM_PX)

    # Qt overrides

    def intrinsicSize(self, document: QTextDocument, position: int, format: QTextFormat) -> QSizeF:
        """As wide as the formula, at most as the column; from the room above it to where its font ends."""
        formula, em_px = self._formula(format)
        depth_px = format.toCharFormat().font().pixelSize() * self._descent_share
        behind_px = _behind_px(format)
        room_px = max(_column_px(document, position) - behind_px, 1.0)
        em_px *= min(1.0, room_px / max(formula.width * em_px + 2 * SPACE_PX, 1.0))
        ascent_px = format.doubleProperty(_ROOM_PX) + SPACE_PX + formula.ascent * em_px
        return QSizeF(formula.width * em_px + 2 * SPACE_PX + behind_px, ascent_px + depth_px)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        document: QTextDocument,
        position: int,
        format: QTextFormat,
    ) -> None:
        """Paint it in the colour of the text; one that is selected when Qt is done with it."""
        direction = document.findBlock(position).textDirection()
        is_right_to_left = direction == Qt.LayoutDirection.RightToLeft
        is_selected, place = format.hasProperty(_GROUND), QRectF(rect)
        if is_selected or self._is_cut(painter, place, format):
            clip, looks = painter.clipPath().boundingRect(), QTextFormat(format)
            self._painted.append(_Painted(painter.transform(), clip, place, looks, is_right_to_left))
        if not is_selected:
            self._paint(painter, place, format, is_right_to_left=is_right_to_left)

    def _is_cut(self, painter: QPainter, place: QRectF, looks: QTextFormat) -> bool:
        """Whether something above or below will be missing. Selected ones Qt paints again, all cut off."""
        ink, clip = self._ink(place, looks), painter.clipBoundingRect()
        is_whole = clip.top() <= ink.top() and ink.bottom() <= clip.bottom()
        return not is_whole and painter.clipPath().contains(place.center())


def fits(formula: Formula, em_px: float, column_px: float) -> bool:
    """Whether it is still to be read when it is made as narrow as the column."""
    return formula.width * em_px * SMALLEST_SHARE <= column_px


def _behind_px(characters: QTextFormat) -> float:
    """How wide the punctuation behind it is."""
    if not characters.hasProperty(_BEHIND):
        return 0.0
    metrics = QFontMetricsF(characters.property(_BEHIND_FONT))
    return metrics.horizontalAdvance(characters.stringProperty(_BEHIND))


def needs_room(formula: Formula, em_px: float, line_px: float) -> bool:
    """Whether a line of text has to make room for it."""
    above, below = formula.ascent * em_px / line_px, formula.depth * em_px / line_px
    return above > ABOVE_SHARE or below > BELOW_SHARE or above + below > BOTH_SHARE


def formula_source(characters: QTextCharFormat) -> str:
    """The source of a formula, delimiters included; empty where this is none."""
    return str(characters.property(SOURCE)) if characters.objectType() == FORMULA_OBJECT else ""


def selected_text(cursor: QTextCursor) -> str:
    """The selection as Qt has it, with the source of each formula in its place."""
    text = cursor.selectedText()
    if OBJECT not in text:
        return text
    sources = _sources(cursor.document(), cursor.selectionStart(), cursor.selectionEnd())
    return re.sub(OBJECT, lambda _: next(sources, ""), text)


def source_at(document: QTextDocument, position: int) -> str:
    """The source of the formula at this position, without the punctuation behind it, or empty."""
    if position < 0 or document.characterAt(position) != OBJECT:
        return ""
    cursor = QTextCursor(document)
    cursor.setPosition(position + 1)
    characters = cursor.charFormat()
    return formula_source(characters).removesuffix(characters.stringProperty(_BEHIND))


def _sources(document: QTextDocument, start: int, end: int) -> Iterator[str]:
    """The sources of the formulas from `start` to `end`, in order."""
    block: QTextBlock = document.findBlock(start)
    while block.isValid() and block.position() < end:
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            source = formula_source(fragment.charFormat())
            if source:
                first, last = fragment.position(), fragment.position() + fragment.length()
                for _ in range(max(first, start), min(last, end)):
                    yield source
            fragments += 1
        block = block.next()


def _column_px(document: QTextDocument, position: int) -> float:
    """The room from the left to the right of the paragraph at `position`."""
    paragraph = document.findBlock(position).blockFormat()
    width = (document.textWidth() if document.textWidth() > 0 else COLUMN_WIDTH_PX) - 2 * GUTTER_PX
    return max(width - paragraph.leftMargin() - paragraph.rightMargin(), 1.0)
