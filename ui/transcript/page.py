"""The page that is scrolled: the column of turns in its middle."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMargins, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

SIDE_PX = 12
"""Beside the column on the left; on the right the scroll bar is as wide."""


class Page(QWidget):
    """As high as its column, and as wide as the view.

    It has no layout, as that would make the column higher before the scroll area knows of it: Qt moves what
    stands on the screen only where nothing waits to be painted. This way the view is scrolled first, what
    stands there is moved as it is, and only what is new is painted.

    Signals:
        placed: the column was given another place or size.
    """

    placed = Signal()

    def __init__(self, column: QWidget) -> None:
        """The column becomes a child of the page."""
        super().__init__()
        self._column = column
        column.setParent(self)
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)  # the scroll area asks for it then
        self.setSizePolicy(policy)

    def _column_width(self, width: int) -> int:
        return min(width - SIDE_PX, self._column.maximumWidth())

    def _place(self) -> None:
        room = self.width() - SIDE_PX
        width = self._column_width(self.width())
        before = self._column.geometry()
        self._column.setGeometry(SIDE_PX + (room - width) // 2, 0, width, self.height())
        if self._column.geometry() != before:
            self.placed.emit()

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        """Room for the column."""
        return self._column.minimumSizeHint().grownBy(QMargins(SIDE_PX, 0, 0, 0))

    def heightForWidth(self, width: int) -> int:
        """As high as the column is then: notes have more lines where it is narrow."""
        if self._column.hasHeightForWidth():
            return self._column.heightForWidth(self._column_width(width))
        return self._column.minimumSizeHint().height()

    def event(self, event: QEvent) -> bool:
        """The column has another height or width: the scroll area asks for it then."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._place()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The view was scrolled by now; the column follows."""
        super().resizeEvent(event)
        self._place()
