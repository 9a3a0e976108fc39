"""A made formula and how it is painted: outlines of glyphs, sharp at any size, in any colour."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPixmap, QTransform

from ui.transcript.formulas.protocol import Drawn, Parts

MAX_PATHS = 256
"""So many formulas keep their outlines put together, ready to be painted: more than are ever in view."""
_BOX_RADIUS_PX = 5


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Measures in em, and the parts as they came, about a kilobyte. It has no size and no colour yet."""

    left: float
    width: float
    ascent: float
    depth: float
    parts: bytes

    @staticmethod
    def of(drawn: Drawn) -> Formula:
        """The formula that was drawn."""
        return Formula(drawn.left, drawn.width, drawn.ascent, drawn.depth, bytes(drawn.parts))


@dataclass(frozen=True, slots=True)
class Colours:
    """What a formula is painted with. `accent`, `box` and `outline` are those of a boxed result."""

    text: QColor
    accent: QColor
    box: QColor
    outline: QColor


@dataclass(frozen=True, slots=True)
class _Outlines:
    """A formula put together, at one pixel an em."""

    plain: QPainterPath
    accented: QPainterPath
    parts: Parts


@dataclass(frozen=True, slots=True)
class _Picture:
    """A formula painted once; where its corner stands, seen from the left end of the baseline."""

    outlines: _Outlines
    pixels: QPixmap
    left_px: int
    top_px: int


class FormulaPainter:
    """Paints formulas. Knows the shapes of the glyphs, and keeps what it painted last."""

    def __init__(self) -> None:
        self._shapes: dict[str, QPainterPath] = {}
        self._outlines: OrderedDict[Formula, _Outlines] = OrderedDict()
        self._pictures: OrderedDict[tuple[object, ...], _Picture] = OrderedDict()

    def forget(self) -> None:
        """Keep no formula; the shapes of letters stay."""
        self._outlines.clear()
        self._pictures.clear()

    def learn(self, shapes: dict[str, list[list[float]]]) -> None:
        """Take the outlines of glyphs."""
        for name, shape in shapes.items():
            self._shapes[name] = _path_of(shape)

    def outlines(self, formula: Formula) -> tuple[QPainterPath, QPainterPath, Parts]:
        """What is in the colour of the text, what is in the accent, and all parts; one unit is an em."""
        outlines = self._outlines_of(formula)
        return outlines.plain, outlines.accented, outlines.parts

    def paint(
        self, painter: QPainter, formula: Formula, at: QPointF, em_px: float, colours: Colours, words: QFont
    ) -> None:
        """Paint the formula with the left end of its baseline `at`. `words`: for what is no glyph of it."""
        origin = QPointF(at.x() - formula.left * em_px, at.y())
        outlines = self._outlines_of(formula)
        transform = painter.transform()
        if outlines.parts.words or transform.isScaling() or transform.isRotating():
            painter.save()
            self._paint_outlines(painter, outlines, origin, em_px, colours, words)
            painter.restore()
            return
        picture = self._picture(outlines, em_px, painter.device().devicePixelRatioF(), colours)
        ratio = picture.pixels.devicePixelRatio()
        left, top = round(origin.x() * ratio) / ratio, round(origin.y() * ratio) / ratio
        painter.drawPixmap(QPointF(left + picture.left_px, top + picture.top_px), picture.pixels)

    def _picture(self, outlines: _Outlines, em_px: float, ratio: float, colours: Colours) -> _Picture:
        """The formula as pixels of this screen: painting its outlines takes fifty times as long."""
        rgba = (colours.text.rgba(), colours.accent.rgba(), colours.box.rgba(), colours.outline.rgba())
        key = (id(outlines), em_px, ratio, rgba)
        known = self._pictures.get(key)
        if known is not None and known.outlines is outlines:
            self._pictures.move_to_end(key)
            return known
        extent = outlines.plain.boundingRect().united(outlines.accented.boundingRect())
        for left, top, right, bottom in outlines.parts.boxes:
            extent = extent.united(QRectF(left, top, right - left, bottom - top))
        left_px, top_px = math.floor(extent.left() * em_px) - 2, math.floor(extent.top() * em_px) - 2
        width_px = math.ceil(extent.right() * em_px) + 2 - left_px
        height_px = math.ceil(extent.bottom() * em_px) + 2 - top_px
        pixels = QPixmap(math.ceil(width_px * ratio), math.ceil(height_px * ratio))
        pixels.setDevicePixelRatio(ratio)
        pixels.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixels)
        self._paint_outlines(painter, outlines, QPointF(-left_px, -top_px), em_px, colours, QFont())
        painter.end()
        made = self._pictures[key] = _Picture(outlines, pixels, left_px, top_px)
        while len(self._pictures) > MAX_PATHS:
            self._pictures.popitem(last=False)
        return made

    def _paint_outlines(
        self,
        painter: QPainter,
        outlines: _Outlines,
        origin: QPointF,
        em_px: float,
        colours: Colours,
        words: QFont,
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(origin)
        for left, top, right, bottom in outlines.parts.boxes:
            painter.setPen(QPen(colours.outline, 1))
            painter.setBrush(colours.box)
            box = QRectF(left * em_px, top * em_px, (right - left) * em_px, (bottom - top) * em_px)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), _BOX_RADIUS_PX, _BOX_RADIUS_PX)
        if outlines.parts.words:
            _paint_words(painter, outlines.parts, em_px, colours, QFont(words))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.scale(em_px, em_px)
        for path, colour in ((outlines.plain, colours.text), (outlines.accented, colours.accent)):
            if not path.isEmpty():
                painter.setBrush(colour)
                painter.drawPath(path)

    def _outlines_of(self, formula: Formula) -> _Outlines:
        known = self._outlines.get(formula)
        if known is not None:
            self._outlines.move_to_end(formula)
            return known
        parts = msgspec.json.decode(formula.parts, type=Parts)
        paths = (QPainterPath(), QPainterPath())
        for path in paths:
            path.setFillRule(Qt.FillRule.WindingFill)
        for name, colour, x, y, size in parts.glyphs:
            paths[colour].addPath(QTransform(size, 0, 0, size, x, y).map(self._shapes[name]))
        for colour, *corners in parts.bars:
            xs, ys = corners[::2], corners[1::2]
            paths[colour].moveTo(xs[0], ys[0])
            for x, y in zip(xs[1:], ys[1:], strict=True):
                paths[colour].lineTo(x, y)
            paths[colour].closeSubpath()
        self._outlines[formula] = made = _Outlines(*paths, parts)
        if len(self._outlines) > MAX_PATHS:
            self._outlines.popitem(last=False)
        return made


def _paint_words(painter: QPainter, parts: Parts, em_px: float, colours: Colours, font: QFont) -> None:
    for character, colour, x, y, size in parts.words:
        font.setPixelSize(max(round(size * em_px), 1))
        painter.setFont(font)
        painter.setPen(colours.accent if colour else colours.text)
        painter.drawText(QPointF(x * em_px, y * em_px), character)


def _path_of(shape: list[list[float]]) -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for numbers in shape:
        match numbers:
            case [0.0, x, y]:
                path.closeSubpath()
                path.moveTo(x, y)
            case [_, x, y]:
                path.lineTo(x, y)
            case [x1, y1, x2, y2]:
                path.quadTo(x1, y1, x2, y2)
            case [x1, y1, x2, y2, x3, y3]:
                path.cubicTo(x1, y1, x2, y2, x3, y3)
    path.closeSubpath()
    return path
