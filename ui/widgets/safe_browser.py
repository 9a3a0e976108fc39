"""Shows text that nobody vouches for: it loads nothing, opens nothing, and is as high as its text."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt, QUrl, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QSizePolicy, QTextBrowser, QWidget

from ui.theme import GUTTER_PX, RADIUS_CONTROL_PX, Theme
from ui.transcript.clipboard import copied_data
from ui.transcript.formulas.objects import selected_text, source_at
from ui.transcript.links import safe_address
from ui.widgets.keyboard_focus import PASSING_REASONS, by_keyboard

_SCROLL_KEYS = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_Space,
    }
)
MAX_TIP_CHARS = 1_000
_COPIED_AS = str.maketrans({"\u2029": "\n", "\u2028": "\n", "\u00a0": " ", "\u202f": None, "\u2060": None})


class Stop(NamedTuple):
    """Where Tab stops on a text: a link, or a `part` of the page that stands there."""

    position: int
    part: QWidget | None = None


class Selecting(Protocol):
    """Selects over several texts; each tells it what the mouse does."""

    @property
    def is_there(self) -> bool:
        """Whether anything is selected."""
        ...

    def clear(self) -> None:
        """Select nothing."""
        ...

    def press(self, text: SafeBrowser, event: QMouseEvent) -> bool:
        """A button went down. True: the text itself does nothing about it."""
        ...

    def move(self, text: SafeBrowser, event: QMouseEvent) -> bool:
        """The mouse moved. True: the text itself does nothing about it."""
        ...

    def release(self, text: SafeBrowser) -> None:
        """The button went up, after the text knows."""
        ...

    def join(self, text: SafeBrowser) -> None:
        """A text stands there that was not there before."""
        ...


class SafeBrowser(QTextBrowser):
    """Read-only text without scroll bars of its own; scrolling is its parent's.

    Alone it is selected as any text is. With a `Selecting` the copying, selecting all and the menu are its
    parents', and it can be covered by a selection that begins and ends elsewhere.

    Signals:
        link_requested: str, the normalised address of a clicked link.
        height_changed: it is as high as its text again.
    """

    link_requested = Signal(str)
    height_changed = Signal()

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        """`name` is what a screen reader calls it."""
        super().__init__(parent)
        self._theme = theme
        self._focused_by_key = False
        self._is_at_link = self._is_stepping = False
        self._selecting: Selecting | None = None
        self._covered: tuple[int, int | None] | None = None
        self._blank = QImage(1, 1, QImage.Format.Format_ARGB32)
        self._blank.fill(Qt.GlobalColor.transparent)
        self.setProperty("kind", "page")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.set_page_margins(GUTTER_PX)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.anchorClicked.connect(self._ask_for_link)
        self.highlighted.connect(self._show_pointer)
        # Queued: Qt says this in the middle of an edit, and a resize then lays out a half-made document.
        self.document().documentLayout().documentSizeChanged.connect(
            self.fit_height, Qt.ConnectionType.QueuedConnection
        )

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme from now on. The text's own colours are the caller's."""
        self._theme = theme
        self.viewport().update()

    def restyling(self, theme: Theme) -> Iterator[int]:
        """Do what `set_theme` does, in steps; each gives about how many characters it took."""
        self.set_theme(theme)
        yield self.document().characterCount()

    def set_page_margins(self, sides_px: int, top_px: int = 0, bottom_px: int = 0) -> None:
        """Room around the text, inside the widget."""
        frame = self.document().rootFrame()
        frame_format = frame.frameFormat()
        frame_format.setLeftMargin(sides_px)
        frame_format.setRightMargin(sides_px)
        frame_format.setTopMargin(top_px)
        frame_format.setBottomMargin(bottom_px)
        frame.setFrameFormat(frame_format)

    def paint_text(self, event: QPaintEvent) -> None:
        """Paint the text; for subclasses that move a part of it."""
        super().paintEvent(event)

    def in_document(self, event: QMouseEvent) -> QMouseEvent:
        """The event where its place stands in the document; for subclasses that move a part of it."""
        return event

    def point_in_document(self, at: QPoint) -> QPoint:
        """The same for a point of the viewport."""
        return at

    def parts_on_text(self) -> Iterable[Stop]:
        """What Tab stops at on the text besides its links; for subclasses."""
        return ()

    def paint_under_text(self, painter: QPainter, clip: QRect) -> None:
        """Paint what stands behind the text inside `clip`; for subclasses."""

    def paint_ground(self, painter: QPainter, rect: QRect) -> None:
        """Fill with the colour of the page, where a subclass lets nothing shine through."""
        # No fillRect: in PySide6 6.11.3 it jumps to a wild address at times, by what was used before it.
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # else its edges show what was there
        painter.setBrush(self._theme.colour("ground"))
        painter.drawRect(rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    @Slot(QUrl)
    def _ask_for_link(self, url: QUrl) -> None:
        address = safe_address(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))
        if address is not None:
            self.link_requested.emit(address)

    @Slot(QUrl)
    def _show_pointer(self, link: QUrl) -> None:
        """Off a link Qt gives the pointer back that it found first, which may be the hand."""
        shapes = Qt.CursorShape
        self.viewport().setCursor(shapes.IBeamCursor if link.isEmpty() else shapes.PointingHandCursor)

    @Slot()
    def fit_height(self) -> None:
        """Be as high as the text. Called after each change of it, so that no frame shows the old height."""
        height = math.ceil(self.document().size().height())
        if height != self.minimumHeight():
            self.setFixedHeight(height)
            # Within a resize Qt does not let the viewport follow: it is laying it out just then.
            self.viewport().resize(self.viewport().width(), height)
            self.height_changed.emit()

    # Selecting

    @property
    def is_covered(self) -> bool:
        """Whether what is selected here is part of a selection over several texts."""
        return self._covered is not None

    def select_with_others(self, selecting: Selecting) -> None:
        """Be part of what `selecting` selects."""
        self._selecting = selecting
        selecting.join(self)

    def cover(self, anchor: int, position: int | None) -> None:
        """Select from `anchor` to `position`, None: the end, however the text grows, until `uncover`."""
        if self._covered is None:
            self.document().contentsChanged.connect(self._keep_covered)
        if self._covered != (anchor, position):
            self._covered = (anchor, position)
            self._show_cover(anchor, position)

    def uncover(self) -> None:
        """Be selected for itself again; what is selected stays so."""
        if self._covered is not None:
            self.document().contentsChanged.disconnect(self._keep_covered)
            self._covered = None

    def clear_selection(self) -> None:
        """Nothing is selected here."""
        self._is_at_link = False
        self.uncover()
        cursor = self.textCursor()
        if cursor.hasSelection():
            cursor.clearSelection()
            self.setTextCursor(cursor)

    def end(self) -> int:
        """The position behind the last character."""
        return self.document().characterCount() - 1

    def position_at(self, global_position: QPoint) -> int:
        """The position of the character there, or of the nearest one."""
        at = self.viewport().mapFromGlobal(global_position)
        return self.cursorForPosition(self.point_in_document(at)).position()

    def formula_at(self, global_position: QPoint) -> str:
        """The source of the formula there, without the punctuation behind it; empty where there is none."""
        at = self.point_in_document(self.viewport().mapFromGlobal(global_position))
        layout = self.document().documentLayout()
        return source_at(self.document(), layout.hitTest(QPointF(at), Qt.HitTestAccuracy.ExactHit))

    def drag_to(self, global_position: QPoint) -> None:
        """What is under a mouse that selects moved, not the mouse."""
        at = QPointF(self.viewport().mapFromGlobal(global_position))
        left = Qt.MouseButton.LeftButton
        none = Qt.MouseButton.NoButton
        there = QPointF(global_position)
        self.mouseMoveEvent(
            QMouseEvent(QEvent.Type.MouseMove, at, at, there, none, left, Qt.KeyboardModifier.NoModifier)
        )

    def selected_text(self) -> str:
        """What is selected, as it is copied: plain, formulas as their source."""
        return selected_text(self.textCursor()).translate(_COPIED_AS)

    def selected_markdown(self) -> str:
        """The same as Markdown; for subclasses that know it."""
        return self.selected_text()

    def _show_cover(self, anchor: int, position: int | None) -> None:
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(anchor, self.end()))
        end = self.end() if position is None else min(position, self.end())
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    @Slot()
    def _keep_covered(self) -> None:
        """The text grew or was written anew: the selection goes on to its end, or is there again."""
        if self._covered is None:
            return
        anchor, position = self._covered
        cursor = self.textCursor()
        if not cursor.hasSelection() or (position is None and cursor.position() != self.end()):
            self._show_cover(anchor, position)

    def copied_text(self) -> str:
        """All of the text as it is copied: plain, formulas as their source."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        return selected_text(cursor).translate(_COPIED_AS)

    # Qt overrides

    def loadResource(self, _kind: int, _name: QUrl | str) -> Any:
        """Give a blank picture for whatever is asked.

        WORKAROUND: for an answer of None or of no bytes Qt opens the file itself
        (qtextimagehandler.cpp, "try direct loading"); a FIFO then hangs the window.
        """
        return self._blank

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy as plain text only, formulas as their source."""
        return copied_data(self.selected_text())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground, the outline where the keyboard is, and the text."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_under_text(painter, event.rect())
        if self._focused_by_key and self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.accent), 1.5))
            outline = self.viewport().rect().toRectF().adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(outline, RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
        painter.end()
        self.paint_text(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Remember whether the keyboard brought the focus; from behind it comes to the last stop."""
        self._focused_by_key = by_keyboard(event, self._focused_by_key)
        super().focusInEvent(event)
        self.viewport().update()
        if event.reason() == Qt.FocusReason.BacktabFocusReason and not self._is_stepping:
            stops = self._stops()
            if stops:
                self._step_to(stops[-1], event.reason())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the outline away, and leave the link."""
        super().focusOutEvent(event)
        self.viewport().update()
        if self._is_at_link and event.reason() not in PASSING_REASONS:
            self.clear_selection()

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab goes from the text to each of its links, and to what stands on it, as one reads; then on."""
        if self.isVisible() and self._step(forwards=forwards):
            return True
        around = self.parentWidget()
        return around is not None and around.focusNextPrevChild(forwards)

    def _step(self, *, forwards: bool) -> bool:
        """To the next stop on the text or the one before, the text being the first. False: there is none."""
        stops = self._stops()
        here = next((n for n, stop in enumerate(stops) if self._is_at(stop)), -1)
        there = here + (1 if forwards else -1)
        if there < -1 or there >= len(stops):
            return False
        reason = Qt.FocusReason.TabFocusReason if forwards else Qt.FocusReason.BacktabFocusReason
        self._step_to(stops[there] if there >= 0 else None, reason)
        return True

    def _stops(self) -> list[Stop]:
        """What stands on the text, and its links unless a selection over several texts would be lost."""
        links = [] if self.is_covered else [Stop(start) for start in _links(self.document())]
        return sorted([*links, *self.parts_on_text()], key=lambda stop: stop.position)

    def _is_at(self, stop: Stop) -> bool:
        if stop.part is not None:
            return stop.part.hasFocus()
        return self.hasFocus() and self._is_at_link and self.textCursor().selectionStart() == stop.position

    def _step_to(self, stop: Stop | None, reason: Qt.FocusReason) -> None:
        """None: the text itself."""
        self._is_stepping = True
        if stop is not None and stop.part is not None:
            stop.part.setFocus(reason)
        else:
            self.setFocus(reason)
            if stop is not None:
                self._step_to_link(stop.position)
            elif self._is_at_link:
                self.clear_selection()
        self._is_stepping = False
        self._bring_into_sight()

    def _step_to_link(self, position: int) -> None:
        """As Qt does it: only then Return opens it, and it looks as the style has it."""
        if self._selecting is not None and not self._is_at_link:
            self._selecting.clear()
        cursor = self.textCursor()
        # Qt looks from the end of the selection on, without one from the beginning.
        cursor.setPosition(max(position - 1, 0))
        cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self._is_at_link = super().focusNextPrevChild(True)

    def _bring_into_sight(self) -> None:
        """Bring the link that has the keys, or what stands on the text, into sight."""
        area: QWidget | None = self
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        page = area.widget() if area is not None else None
        part = QApplication.focusWidget()
        if area is None or page is None or part is None:
            return
        rect = self.cursorRect() if part is self else part.rect()
        on = self.viewport() if part is self else part
        for corner in (rect.bottomLeft(), rect.topLeft()):
            at = on.mapTo(page, corner)
            area.ensureVisible(at.x(), at.y())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width is another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_height()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the transcript."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that scroll to the transcript; with Shift they select, but for Space."""
        keys = QKeySequence.StandardKey
        selects = event.modifiers() & Qt.KeyboardModifier.ShiftModifier and event.key() != Qt.Key.Key_Space
        scrolls = event.key() in _SCROLL_KEYS and not selects
        is_for_all = event.matches(keys.Copy) or event.matches(keys.SelectAll)
        goes_back = event.modifiers() & Qt.KeyboardModifier.AltModifier  # in the history of a browser
        if scrolls or goes_back or (self._selecting is not None and is_for_all):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to select, here or over several texts."""
        self._is_at_link = False
        if self._selecting is None or not self._selecting.press(self, event):
            super().mousePressEvent(self.in_document(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Select on."""
        if self._selecting is None or not self._selecting.move(self, event):
            super().mouseMoveEvent(self.in_document(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """What is selected stays so."""
        super().mouseReleaseEvent(self.in_document(event))
        if self._selecting is not None:
            self._selecting.release(self)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select a word."""
        super().mouseDoubleClickEvent(self.in_document(event))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Among others, the menu is that of all."""
        if self._selecting is None:
            super().contextMenuEvent(event)
        else:
            event.ignore()

    def viewportEvent(self, event: QEvent) -> bool:
        """Show the real address of the link under the mouse, or the source of the formula."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self.anchorAt(event.pos()) or self._formula_tip(event.globalPos()))
        return super().viewportEvent(event)

    def _formula_tip(self, global_position: QPoint) -> str:
        source = self.formula_at(global_position)
        # The tip has no switch for plain text: what is escaped cannot be anything else.
        return f"<p>{html.escape(source.translate(_COPIED_AS)[:MAX_TIP_CHARS])}</p>" if source else ""


def _links(document: QTextDocument) -> Iterator[int]:
    """Where links begin. What stands side by side and leads to the same place is one, as for Qt."""
    block = document.begin()
    while block.isValid():
        before = ""
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            looks = fragment.charFormat()
            address = looks.anchorHref() if looks.isAnchor() else ""
            if address and address != before:
                yield fragment.position()
            before = address
            fragments += 1
        block = block.next()
