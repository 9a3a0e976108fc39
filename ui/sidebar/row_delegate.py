"""Paints the rows of the sidebar: quiet headings, folders, one-line titles, hits with their excerpt."""

from __future__ import annotations

from PySide6 import QtWidgets
from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPainterPath,
    QPen,
    QTextCharFormat,
    QTextLayout,
)
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.sidebar.conversation_list_model import Role, RowKind
from ui.theme import RADIUS_CONTROL_PX, SMALL_PX, Theme, tabular
from ui.utf16 import utf16_length

AnyIndex = QModelIndex | QPersistentModelIndex

_ROW_HEIGHT_PX = 40
_HIT_HEIGHT_PX = 56
_GAP_PX = 2
_PADDING_PX = 10
_IN_SIGHT = 0.85
"""The part of the width within which the first word that was found is to end."""
_BEFORE_CHARACTERS = 12
_MARKER_PX = 16
"""The room of what stands before a name: the arrow of a folder, the ring of a temporary chat."""

Ranges = tuple[tuple[int, int], ...]


class RowDelegate(QStyledItemDelegate):
    """Rounded rows; the chosen one stands on the surface colour with a hairline."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.shown_id: int | None = None
        """The chat in front, which is marked wherever the keys are."""
        self.dropped_on: int | None = None
        """The folder that a chat is dragged over."""

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours from now on."""
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """A fixed height, at least that of the text; only what a search found has two lines."""
        is_hit = index.data(Role.KIND) is RowKind.HIT
        lines, height_px = (2, _HIT_HEIGHT_PX) if is_hit else (1, _ROW_HEIGHT_PX)
        return QSize(80, max(height_px, lines * option.fontMetrics.lineSpacing() + 16))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match index.data(Role.KIND):
            case RowKind.HEADING:
                self._paint_heading(painter, option, index)
            case RowKind.NOTE:
                self._paint_note(painter, option, index)
            case RowKind.SECTION:
                self._paint_ground(painter, option, index)
                self._paint_section(painter, option, index)
            case _:
                self._paint_ground(painter, option, index)
                self._paint_texts(painter, option, index)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> QWidget:
        """A line to type the new title in."""
        editor = QLineEdit(parent)
        is_folder = index.data(Role.KIND) is RowKind.SECTION
        editor.setAccessibleName("Name of the folder" if is_folder else "Title of the chat")
        editor.setMaxLength(200)
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Over the whole row."""
        editor.setGeometry(_row_box(option))

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        font = QFont(option.font)
        font.setPixelSize(SMALL_PX)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.third))
        box = option.rect.adjusted(_PADDING_PX - 2, 0, -_PADDING_PX, -6)
        painter.drawText(box, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, index.data())

    def _paint_note(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        font = QFont(option.font)
        font.setPixelSize(SMALL_PX)
        _draw_elided(painter, font, self._theme.third, _text_box(option, index), index.data())

    def _paint_section(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """An arrow, the name, and how many chats cannot be seen."""
        box = _row_box(option).adjusted(_PADDING_PX - 2, 0, -_PADDING_PX, 0)
        self._paint_arrow(painter, box, is_folded=index.data(Role.IS_FOLDED))
        box.setLeft(box.left() + _MARKER_PX)
        if index.data(Role.IS_FOLDED):
            small = tabular(option.font)
            small.setPixelSize(SMALL_PX)
            count = f"{index.data(Role.CHATS):,}{'+' if index.data(Role.HAS_MORE) else ''}"
            painter.setFont(small)
            painter.setPen(QColor(self._theme.third))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, count)
            box.setRight(box.right() - painter.fontMetrics().horizontalAdvance(count) - 8)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.Medium)
        _draw_elided(painter, font, self._theme.second, box, index.data())

    def _paint_arrow(self, painter: QPainter, box: QRect, *, is_folded: bool) -> None:
        middle = QPointF(box.left() + 4, box.center().y() + 0.5)
        pen = QPen(QColor(self._theme.third), 1.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        path = QPainterPath(middle + (QPointF(-1.5, -3.5) if is_folded else QPointF(-3.5, -1.5)))
        path.lineTo(middle + (QPointF(2, 0) if is_folded else QPointF(0, 2)))
        path.lineTo(middle + (QPointF(-1.5, 3.5) if is_folded else QPointF(3.5, -1.5)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawPath(path)

    def _paint_ring(self, painter: QPainter, box: QRect) -> None:
        """A dashed ring: it is not kept."""
        pen = QPen(QColor(self._theme.third), 1.2)
        pen.setDashPattern([2, 1.6])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawEllipse(QPointF(box.left() + 5, box.center().y() + 0.5), 4.5, 4.5)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """The chat in front stands on the surface colour; a line in the accent is where the keys are."""
        hovered = bool(option.state & QtWidgets.QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QtWidgets.QStyle.StateFlag.State_HasFocus)
        marked = self._is_marked(option, index)
        if self.dropped_on is not None and index.data(Role.SECTION) == self.dropped_on:
            focused, ground = True, self._theme.accent_soft
        elif marked or hovered or focused:
            ground = self._theme.surface if marked else self._theme.question
        else:
            return
        painter.setBrush(QColor(ground))
        line = self._theme.accent if focused else self._theme.line
        painter.setPen(QColor(line) if marked or focused else Qt.PenStyle.NoPen)
        box = QRectF(_row_box(option)).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)

    def _is_marked(self, option: QStyleOptionViewItem, index: AnyIndex) -> bool:
        if index.data(Role.KIND) is RowKind.HIT:
            return bool(option.state & QtWidgets.QStyle.StateFlag.State_Selected)
        return self.shown_id is not None and index.data(Role.CONVERSATION_ID) == self.shown_id

    def _paint_texts(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        box = _text_box(option, index)
        if index.data(Role.IS_TEMPORARY):
            self._paint_ring(painter, box)
            box.setLeft(box.left() + _MARKER_PX)
        excerpt: str = index.data(Role.EXCERPT)
        title_box = box.adjusted(0, 6, 0, -box.height() // 2) if excerpt else box
        font = QFont(option.font)
        if self._is_marked(option, index):
            font.setWeight(QFont.Weight.Medium)
        ranges: Ranges = index.data(Role.RANGES)
        if excerpt:
            _draw_elided(painter, font, self._theme.text, title_box, index.data())
            small = QFont(option.font)
            small.setPixelSize(SMALL_PX)
            excerpt_box = box.adjusted(0, box.height() // 2, 0, -6)
            self._draw_marked(painter, small, self._theme.third, excerpt_box, excerpt, ranges)
        elif index.data(Role.KIND) is RowKind.MORE:
            _draw_elided(painter, font, self._theme.second, title_box, index.data())
        elif ranges:
            self._draw_marked(painter, font, self._theme.text, title_box, index.data(), ranges)
        else:
            _draw_elided(painter, font, self._theme.text, title_box, index.data())

    def _draw_marked(
        self, painter: QPainter, font: QFont, colour: str, box: QRect, text: str, ranges: Ranges
    ) -> None:
        """One line with the words that were found marked; the first of them is in sight."""
        metrics = QFontMetrics(font)
        text, ranges = _with_first_in_sight(text, ranges, metrics, box.width())
        elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        shown = len(elided) if elided == text else len(elided) - 1
        marked = QTextCharFormat()
        marked.setBackground(self._theme.colour("accent_soft"))
        marked.setForeground(self._theme.colour("text"))
        marked.setFontWeight(QFont.Weight.DemiBold)
        layout = QTextLayout(elided, font)
        layout.setFormats(
            [_format_range(elided, start, min(end, shown), marked) for start, end in ranges if start < shown]
        )
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        painter.setPen(QColor(colour))
        layout.draw(painter, QPointF(box.left(), box.top() + (box.height() - line.height()) / 2))


def _with_first_in_sight(text: str, ranges: Ranges, metrics: QFontMetrics, width: int) -> tuple[str, Ranges]:
    """The text from a little before the first range on, where that would be cut off."""
    if not ranges or metrics.horizontalAdvance(text[: ranges[0][1]]) < width * _IN_SIGHT:
        return text, ranges
    start = max(0, ranges[0][0] - _BEFORE_CHARACTERS)
    space = text.find(" ", start, ranges[0][0])
    start = start if space < 0 else space + 1
    return "…" + text[start:], tuple((first - start + 1, last - start + 1) for first, last in ranges)


def _format_range(text: str, start: int, end: int, looks: QTextCharFormat) -> QTextLayout.FormatRange:
    """Qt counts in UTF-16."""
    marked = QTextLayout.FormatRange()
    marked.start = utf16_length(text[:start])
    marked.length = utf16_length(text[start:end])
    marked.format = looks
    return marked


def _row_box(option: QStyleOptionViewItem) -> QRect:
    return option.rect.adjusted(0, _GAP_PX, 0, -_GAP_PX)


def _text_box(option: QStyleOptionViewItem, index: AnyIndex) -> QRect:
    inside = _MARKER_PX - 2 if index.data(Role.IS_INSIDE) else 0
    return _row_box(option).adjusted(_PADDING_PX + inside, 0, -_PADDING_PX, 0)


def _draw_elided(painter: QPainter, font: QFont, colour: str, box: QRect, text: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
    painter.drawText(box, flags, elided)
