"""The line above a thought: a button that folds it, and says how it is going."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme as look
from ui.theme import GUTTER_PX, RADIUS_CONTROL_PX, Theme
from ui.widgets.keyboard_focus import by_keyboard
from ui.widgets.text_button import TextButton

HEIGHT_PX = 28
_ARROW_WIDTH_PX = 16
_DOT_WIDTH_PX = 16
_LEAST_PX = 80
"""Arrow, dot and the first letters of the title."""
_SEPARATOR = " · "


class FoldHeader(TextButton):
    """An arrow, a dot while it is live, a title and the numbers behind it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("", parent, kind="fold")
        self._theme = theme
        self._title = ""
        self._numbers = ""
        self._live = False
        self._paused = False
        self._opened = False
        self._foldable = True
        self._focused_by_key = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme from now on."""
        self._theme = theme
        self.setFont(look.tabular(look.thought_font(theme)))
        self.setFixedHeight(theme.px(HEIGHT_PX))
        self.update()

    def say(self, title: str, numbers: str = "", *, live: bool = False, paused: bool = False) -> None:
        """Show the title and the numbers; a dot stands while `live`, two bars while `paused`."""
        said = (title, numbers, live, paused)
        if said != (self._title, self._numbers, self._live, self._paused):
            self._title, self._numbers, self._live, self._paused = said
            self.update()

    def said(self) -> str:
        """What it shows, as one text."""
        return _SEPARATOR.join(part for part in (self._title, self._numbers) if part)

    def set_fold(self, *, opened: bool, foldable: bool) -> None:
        """Show the arrow for folded or opened, or none and take no presses."""
        self._opened, self._foldable = opened, foldable
        self.setEnabled(foldable)
        self.update()

    # Qt overrides

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, self._theme.px(HEIGHT_PX))

    def minimumSizeHint(self) -> QSize:
        """The title is cut where there is less room."""
        return QSize(self._theme.px(_LEAST_PX), self._theme.px(HEIGHT_PX))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Remember whether the keyboard brought the focus."""
        self._focused_by_key = by_keyboard(event, self._focused_by_key)
        super().focusInEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint arrow, dot and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._focused_by_key and self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.accent), 1.5))
            outline = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(outline, RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
        x = float(GUTTER_PX)
        middle = self.height() / 2
        if self._foldable:
            self._paint_arrow(painter, QPointF(x + self._scaled(4), middle))
            x += self._scaled(_ARROW_WIDTH_PX)
        if self._live or self._paused:
            self._paint_state(painter, QPointF(x + self._scaled(4), middle))
            x += self._scaled(_DOT_WIDTH_PX)
        self._paint_words(painter, x)
        painter.end()

    def _paint_arrow(self, painter: QPainter, middle: QPointF) -> None:
        points = [QPointF(-2, -4), QPointF(3, 0), QPointF(-2, 4)]
        if self._opened:
            points = [QPointF(-4, -2), QPointF(4, -2), QPointF(0, 3)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.text if self.underMouse() else self._theme.third))
        # No drawPolygon: like fillRect, it once jumped to a wild address in PySide6 6.11.3 (see ThoughtText).
        path = QPainterPath(middle + points[0] * self._scaled(1))
        for point in points[1:]:
            path.lineTo(middle + point * self._scaled(1))
        path.closeSubpath()
        painter.drawPath(path)

    def _paint_state(self, painter: QPainter, middle: QPointF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        if self._live:
            painter.setBrush(QColor(self._theme.accent))
            painter.drawEllipse(middle, self._scaled(4), self._scaled(4))
            return
        painter.setBrush(QColor(self._theme.second))
        for left in (-4, 1):
            rect = QRectF(self._scaled(left), self._scaled(-4), self._scaled(3), self._scaled(8))
            painter.drawRect(rect.translated(middle))

    def _paint_words(self, painter: QPainter, x: float) -> None:
        metrics = QFontMetricsF(self.font())
        room = self.width() - GUTTER_PX - x
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        baseline = (self.height() + metrics.ascent() - metrics.descent()) / 2
        painter.setPen(
            QColor(self._theme.text if self.underMouse() and self._foldable else self._theme.second)
        )
        painter.drawText(QPointF(x, baseline), title)
        width = metrics.horizontalAdvance(title)
        painter.setPen(QColor(self._theme.third))
        painter.drawText(QPointF(x + width, baseline), self._fitting_numbers(metrics, room - width))

    def _fitting_numbers(self, metrics: QFontMetricsF, room_px: float) -> str:
        """The first numbers, as many as there is room for: half a number would be another one."""
        fitting = ""
        for number in self._numbers.split(_SEPARATOR) if self._numbers else ():
            longer = fitting + _SEPARATOR + number
            if metrics.horizontalAdvance(longer) > room_px:
                break
            fitting = longer
        return fitting

    def _scaled(self, size_px: float) -> float:
        return size_px * self._theme.zoom_percent / 100
