"""Where sidebar and page stand: side by side, or, where it is narrow, the sidebar over the page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from ui.theme import SIDEBAR_WIDTH_PX

NARROW_BELOW_PX = 900


class Shell(QWidget):
    """Places the two: `page`, which others fill, and the sidebar, once it is there.

    Wide: the sidebar stands beside the page unless the user folded it away. Narrow: it is folded
    away, and lies over the page while it is open.

    Signals:
        folding_changed(is_folded): whether the page has to offer a way to the sidebar.
    """

    folding_changed = Signal(bool)

    def __init__(self, *, sidebar_open: bool) -> None:
        super().__init__()
        self.page = QWidget(self)
        self._scrim = _Scrim(self)
        self._sidebar: QWidget | None = None
        self._open_when_wide = sidebar_open
        self._open_when_narrow = False
        self._scrim.pressed.connect(self.close_overlay)

    def take_sidebar(self, sidebar: QWidget) -> None:
        """The sidebar, a child already: it comes after the page in the order of Tab, and lies above it."""
        self._sidebar = sidebar
        self._place()

    @property
    def is_narrow(self) -> bool:
        """Whether there is no room for both side by side."""
        return self.width() < NARROW_BELOW_PX

    @property
    def is_sidebar_open(self) -> bool:
        """Whether the sidebar can be seen."""
        return self._open_when_narrow if self.is_narrow else self._open_when_wide

    @property
    def is_open_when_wide(self) -> bool:
        """What to remember for the next start."""
        return self._open_when_wide

    def toggle_sidebar(self) -> None:
        """Fold the sidebar away, or bring it back."""
        if self.is_narrow:
            self._open_when_narrow = not self._open_when_narrow
        else:
            self._open_when_wide = not self._open_when_wide
        self._place()

    def open_sidebar(self) -> None:
        """Bring the sidebar, to search in it."""
        if not self.is_sidebar_open:
            self.toggle_sidebar()

    def close_overlay(self) -> bool:
        """Fold the sidebar away where it lies over the page. Says whether it did."""
        did = self.is_narrow and self._open_when_narrow
        if did:
            self.toggle_sidebar()
        return did

    def _place(self) -> None:
        if self._sidebar is None:
            return
        is_open, narrow = self.is_sidebar_open, self.is_narrow
        beside = SIDEBAR_WIDTH_PX if is_open and not narrow else 0
        self.page.setGeometry(beside, 0, self.width() - beside, self.height())
        self._sidebar.setGeometry(0, 0, SIDEBAR_WIDTH_PX, self.height())
        self._sidebar.setVisible(is_open)
        self._scrim.setGeometry(self.rect())
        self._scrim.setVisible(is_open and narrow)
        self.folding_changed.emit(narrow or not is_open)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place both anew; a window that got wide has no overlay any more."""
        super().resizeEvent(event)
        if not self.is_narrow:
            self._open_when_narrow = False
        self._place()


class _Scrim(QWidget):
    """Dims the page under an open sidebar and closes that when it is pressed.

    Signals:
        pressed: the page beside the sidebar was pressed.
    """

    pressed = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)  # no fillRect: see ThoughtText.paint_under_text
        painter.setBrush(QColor(0, 0, 0, 90))
        painter.drawRect(self.rect())
