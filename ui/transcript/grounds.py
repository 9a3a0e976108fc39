"""Paints what stands behind the words of an answer: code areas, result boxes, quote and other rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTextBlock, QTextDocument

from ui.theme import GUTTER_PX, RADIUS_BLOCK_PX, Theme
from ui.transcript import styles
from ui.transcript.blocks import Block, BlockKind, Container, Item, Mark
from ui.transcript.document import AnswerWriter
from ui.utf16 import utf16_length

_BOX_RADIUS_PX = 5
_BOX_OUTSIDE_PX = 4
"""So far a box may reach above and below its paragraph."""
_RULE_WIDTH_PX = 2


@dataclass(frozen=True, slots=True)
class CodeArea:
    """Item numbers of a code block: its head and its last line."""

    head: int
    last: int


class Grounds:
    """The grounds of one document, found anew from its layout at each paint."""

    def __init__(self, document: QTextDocument, writer: AnswerWriter) -> None:
        self._document = document
        self._writer = writer
        self._areas: list[CodeArea] = []
        self._quotes: list[tuple[int, int, int]] = []
        self._rules: list[int] = []
        self._boxes: list[tuple[int, int, int]] = []

    @property
    def areas(self) -> Sequence[CodeArea]:
        """The code blocks, in order."""
        return self._areas

    def update(self, kept: int) -> None:
        """Look through the items after they were written; the first `kept` are as they were."""
        items = self._writer.items
        self._areas = [CodeArea(a.head, min(a.last, kept - 1)) for a in self._areas if a.head < kept]
        self._rules = [index for index in self._rules if index < kept]
        self._boxes = [box for box in self._boxes if box[0] < kept]
        for index in range(kept, len(items)):
            self._look_at(index, items[index])
        start = kept
        while start and Container.QUOTE in items[start - 1].inside:
            start -= 1
        self._quotes = [quote for quote in self._quotes if quote[0] < start]
        self._quotes += _quotes(items, start, self._writer.styles.theme)

    def _look_at(self, index: int, item: Item) -> None:
        if not isinstance(item, Block):
            return
        if item.kind is BlockKind.CODE_HEAD:
            self._areas.append(CodeArea(index, index))
        elif item.kind is BlockKind.CODE_LINE:
            self._areas[-1] = CodeArea(self._areas[-1].head, index)
        elif item.kind is BlockKind.RULE:
            self._rules.append(index)
        else:
            self._boxes += self._boxes_of(index, item)

    def paint(self, painter: QPainter, clip: QRectF, theme: Theme) -> None:
        """Paint what touches `clip`, in document coordinates."""
        # Each from the last one up to the first above the clip: a growing answer is painted at its end.
        for area in reversed(self._areas):
            rect = self.code_rect(area)
            if rect.bottom() < clip.top():
                break
            if rect.top() <= clip.bottom():
                self._paint_code(painter, rect, area, theme)
        for quote_first, quote_last, left_px in reversed(self._quotes):
            top, bottom = self.top(quote_first), self._bottom(quote_last)
            if bottom < clip.top():
                break
            if top <= clip.bottom():
                head = self._writer.items[quote_first]
                is_rtl = isinstance(head, Block) and styles.is_right_to_left(head)
                x = self._right() - left_px - _RULE_WIDTH_PX if is_rtl else GUTTER_PX + left_px
                rule = QRectF(x, top + 4, _RULE_WIDTH_PX, bottom - top - 4)
                painter.setPen(Qt.PenStyle.NoPen)  # no fillRect: see ThoughtText.paint_under_text
                painter.setBrush(theme.colour("line"))
                painter.drawRect(rule)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index in reversed(self._rules):
            top = self.top(index) + 0.5
            if top < clip.top():
                break
            if top <= clip.bottom():
                painter.drawLine(QLineF(GUTTER_PX, top, self._right(), top))
        for index, start, length in reversed(self._boxes):
            if self._bottom(index) < clip.top() - _BOX_OUTSIDE_PX:
                break
            if self.top(index) <= clip.bottom() + _BOX_OUTSIDE_PX:
                self._paint_box(painter, index, start, length, theme)

    def code_rect(self, area: CodeArea) -> QRectF:
        """The ground of a code block."""
        head = self._writer.items[area.head]
        left = GUTTER_PX + styles.indent_px(head.inside, self._writer.styles.theme)
        top = self.top(area.head) - styles.CODE_HEAD_ABOVE_PX
        bottom = top + self._writer.styles.code_head_px
        if area.last > area.head:
            bottom = self._bottom(area.last) + styles.CODE_END_PX
        return QRectF(left, top, self._right() - left, bottom - top)

    def table_rect(self, index: int) -> QRectF:
        """The page at the height of table `index`, with room for a scroll bar under it."""
        layout = self._document.documentLayout()
        made = layout.frameBoundingRect(self._writer.tables.at(index))
        left = GUTTER_PX + styles.indent_px(self._writer.items[index].inside, self._writer.styles.theme)
        return QRectF(left, made.top(), self._right() - left, made.height())

    def _paint_code(self, painter: QPainter, rect: QRectF, area: CodeArea, theme: Theme) -> None:
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("code"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_BLOCK_PX, RADIUS_BLOCK_PX)
        if area.last > area.head:
            y = rect.top() + self._writer.styles.code_head_px - 0.5
            painter.drawLine(QLineF(rect.left() + 0.5, y, rect.right() - 0.5, y))

    def _paint_box(self, painter: QPainter, index: int, start: int, length: int, theme: Theme) -> None:
        """A rounded box behind the characters; one for each line they take."""
        block = self._block(index)
        layout = block.layout()
        painter.setPen(QPen(theme.colour("accent"), 1))
        painter.setBrush(QColor(theme.accent_soft))
        position = start
        while position < start + length:
            line = layout.lineForTextPosition(position)
            if not line.isValid():
                return
            end = min(start + length, line.textStart() + line.textLength())
            left, right = sorted((_x(line.cursorToX(position)), _x(line.cursorToX(end))))
            baseline = layout.position() + QPointF(0, line.y() + line.ascent())
            metrics = QFontMetricsF(self._document.defaultFont())
            box = QRectF(
                left + baseline.x(),
                baseline.y() - metrics.ascent() - 2,
                right - left,
                metrics.height() + 4,
            )
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), _BOX_RADIUS_PX, _BOX_RADIUS_PX)
            if end <= position:
                return
            position = end

    def _boxes_of(self, index: int, block: Block) -> Iterator[tuple[int, int, int]]:
        """Item, first character and length of each boxed result that stands there as text."""
        if not any(run.marks & Mark.BOXED for run in block.runs):
            return
        start = len(block.marker) + 1 if block.marker else 0
        drawn = iter(self._writer.drawn(index))
        for run in block.runs:
            is_drawn = run.maths is not None and next(drawn)
            length = 1 if is_drawn else utf16_length(run.text)
            if run.marks & Mark.BOXED and not is_drawn:
                yield index, start + 1, length - utf16_length(run.behind) - 2  # without the room around it
            start += length

    def _block(self, index: int) -> QTextBlock:
        return self._document.findBlock(self._writer.text_position(index))

    def top(self, index: int) -> float:
        """Where item `index` begins, in document coordinates."""
        if isinstance(self._writer.items[index], Block):
            return self._block(index).layout().position().y()
        return self._document.documentLayout().blockBoundingRect(self._block(index)).top()

    def _bottom(self, index: int) -> float:
        item = self._writer.items[index]
        block = self._block(index)
        if not isinstance(item, Block):
            return self._document.documentLayout().blockBoundingRect(block.next()).bottom()
        if any(run.maths is not None for run in item.runs):
            layout = block.layout()
            return layout.position().y() + layout.boundingRect().bottom()
        line_px = self._writer.styles.line_px(item)
        return block.layout().position().y() + block.layout().lineCount() * line_px

    def _right(self) -> float:
        return self._document.textWidth() - GUTTER_PX


def _quotes(items: Sequence[Item], start: int, theme: Theme) -> Iterator[tuple[int, int, int]]:
    """First item, last item and left edge of each quote from item `start` on."""
    open_quotes: dict[tuple[Container, ...], int] = {}
    for index in range(start, len(items) + 1):
        inside = items[index].inside if index < len(items) else ()
        prefixes = {inside[:end] for end in range(len(inside)) if inside[end] is Container.QUOTE}
        for prefix in [known for known in open_quotes if known not in prefixes]:
            yield open_quotes.pop(prefix), index - 1, styles.indent_px(prefix, theme)
        for prefix in prefixes:
            open_quotes.setdefault(prefix, index)


def _x(cursor_to_x: object) -> float:
    """PySide gives the position back beside the x."""
    return float(cursor_to_x[0] if isinstance(cursor_to_x, tuple) else cursor_to_x)  # type: ignore[arg-type]
