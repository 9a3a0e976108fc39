"""The steps of a thought as a list: a model that grows at its end, and quiet one-line rows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from models.thought_outline import Step, Turning
from ui import theme as look
from ui.theme import RADIUS_CONTROL_PX, Theme
from ui.transcript.untrusted_text import shown

AnyIndex = QModelIndex | QPersistentModelIndex

ROW_PX = 28
_MARK_X_PX = 10
_TEXT_X_PX = 22
_ROOT = QModelIndex()


class Role(IntEnum):
    """What a row gives apart from its title."""

    STEP = Qt.ItemDataRole.UserRole


class StepModel(QAbstractListModel):
    """Rows for steps; what stands stays selected while more come."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: list[Step] = []

    @property
    def steps(self) -> Sequence[Step]:
        """The steps shown."""
        return self._steps

    def show_steps(self, steps: Sequence[Step]) -> None:
        """Show these; those at the beginning that are as they were stay untouched."""
        same = 0
        for old, new in zip(self._steps, steps, strict=False):
            if old is not new and old != new:
                break
            same += 1
        if same < len(self._steps):
            self.beginRemoveRows(QModelIndex(), same, len(self._steps) - 1)
            del self._steps[same:]
            self.endRemoveRows()
        if same < len(steps):
            self.beginInsertRows(QModelIndex(), same, len(steps) - 1)
            self._steps += steps[same:]
            self.endInsertRows()

    # Qt overrides

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:
        """One row for each step."""
        return 0 if parent.isValid() else len(self._steps)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The title, or the step itself."""
        step = self._steps[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shown(step.title)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{step.turning}: {shown(step.title)}"
            case Role.STEP:
                return step
        return None


class StepDelegate(QStyledItemDelegate):
    """A turning point has a dot and stands in full text; the others recede."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours from now on."""
        self._theme = theme

    # Qt overrides

    def sizeHint(self, option: QStyleOptionViewItem, _index: AnyIndex) -> QSize:
        """One line."""
        return QSize(80, max(ROW_PX, option.fontMetrics.lineSpacing() + 8))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option)
        step: Step = index.data(Role.STEP)
        turns = step.turning is not Turning.NONE
        if turns:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.second))
            middle = option.rect.center().y() + 0.5
            painter.drawEllipse(QRectF(option.rect.left() + _MARK_X_PX, middle - 2.5, 5, 5))
        painter.setFont(look.thought_font())
        painter.setPen(QColor(self._theme.text if turns else self._theme.third))
        box = option.rect.adjusted(_TEXT_X_PX, 0, -8, 0)
        title = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, box.width())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
        painter.drawText(box, flags, title)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if not (selected or hovered or focused):
            return
        painter.setBrush(QColor(self._theme.surface if selected else self._theme.question))
        line = self._theme.accent if focused else self._theme.line
        painter.setPen(QColor(line) if selected or focused else Qt.PenStyle.NoPen)
        box = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5)
        painter.drawRoundedRect(box, RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
