"""What stands on the code of an answer: copy, wrap the lines or not, and a scroll bar where they are long.

So does a scroll bar under a table that is wider than the page.

Unwrapped code stays in the document of its answer, so that it is selected, found and copied as ever. Its
lines are laid out in one piece, and painted through a window as wide as the block, moved sideways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QScrollBar, QWidget

from ui.transcript import styles
from ui.transcript.blocks import Item
from ui.transcript.code_wraps import ViewWraps
from ui.transcript.document import TAB_IN_SPACES, AnswerWriter
from ui.transcript.grounds import CodeArea, Grounds
from ui.transcript.slices import Slices
from ui.widgets.copy_button import CopyButton
from ui.widgets.safe_browser import Stop
from ui.widgets.text_button import TextButton

LINE_CHARS = 100
"""Laying out a line anew costs about what reading so many characters costs, besides its own."""
STEP_PX = 40


class Sideways(QObject):
    """The scroll bar of one block of code or one table.

    Signals:
        moved: its number. It was scrolled sideways.
    """

    moved = Signal(int)

    def __init__(self, number: int, name: str, parent: QWidget) -> None:
        """`name`: what a screen reader calls it."""
        super().__init__(parent)
        self._number = number
        self._name = name
        self._page = parent
        self._bar: QScrollBar | None = None

    @property
    def bar(self) -> QScrollBar:
        """The scroll bar; built where it is needed: most blocks have none."""
        if self._bar is None:
            self._bar = QScrollBar(Qt.Orientation.Horizontal, self._page)
            self._bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._bar.setCursor(Qt.CursorShape.ArrowCursor)
            self._bar.setAccessibleName(f"Scroll {self._name} {self._number + 1} sideways")
            self._bar.setSingleStep(STEP_PX)
            self._bar.hide()
            self._bar.valueChanged.connect(self._say_moved)
        return self._bar

    @property
    def is_scrolled(self) -> bool:
        """Whether it is wider than its window, and not wrapped."""
        return self._bar is not None and not self._bar.isHidden()

    @property
    def offset_px(self) -> int:
        """How far it is scrolled sideways."""
        return int(self.bar.value()) if self.is_scrolled else 0

    def place_bar(self, rect: QRect, width_px: float, room_px: int) -> None:
        """Put the bar at the lower end of `rect`; what it scrolls is so wide."""
        self.bar.setRange(0, max(round(width_px - room_px), 0))
        self.bar.setPageStep(max(room_px, 1))
        height = styles.CODE_END_PX
        self.bar.setGeometry(rect.left() + 6, rect.bottom() - height, rect.width() - 12, height)

    def drop(self) -> None:
        """What it scrolls has gone."""
        if self._bar is not None:
            self._bar.hide()
            self._bar.deleteLater()
        self.deleteLater()

    @Slot()
    def _say_moved(self) -> None:
        self.moved.emit(self._number)


class CodeBlock(Sideways):
    """The buttons and the scroll bar of one block of code.

    Signals:
        wrap_chosen: number of the block, whether its lines are to be wrapped.
    """

    wrap_chosen = Signal(int, bool)

    def __init__(self, number: int, code: Callable[[], str], parent: QWidget) -> None:
        super().__init__(number, "code", parent)
        self._wrap: TextButton | None = None
        self.longest_px = 0.0
        self.copy = CopyButton(code, f"Copy code {number + 1}", parent, at_right=True)
        self.copy.show()

    @property
    def wrap(self) -> TextButton:
        """The switch. Built where a line is long: most blocks have none."""
        if self._wrap is None:
            self._wrap = TextButton("Wrap", self._page)
            self._wrap.setCheckable(True)
            self._wrap.setAccessibleName(f"Wrap the lines of code {self._number + 1}")
            self._wrap.setToolTip("Whether long lines go on in the next line")
            self._wrap.clicked.connect(self._choose)
        return self._wrap

    def buttons(self) -> Iterator[QWidget]:
        """Those that are to be seen, from left to right."""
        if self._wrap is not None and not self._wrap.isHidden():
            yield self._wrap
        yield self.copy

    def place(self, rect: QRect, *, is_wrapped: bool, head_px: int) -> None:
        """Put everything into its corner of the block, whose strip is `head_px` high."""
        room_px = rect.width() - 2 * styles.CODE_PADDING_PX
        is_long = self.longest_px > room_px + 0.5
        if is_long or self._wrap is not None:
            self.wrap.setChecked(is_wrapped)
            self.wrap.setVisible(is_long)
        right = rect.right() - 5
        for button in (self.copy, self._wrap):
            if button is not None:
                button.adjustSize()
                top = rect.top() + (head_px - button.height()) // 2
                right -= button.width()
                button.move(right, top)
        if (is_long and not is_wrapped) or self._bar is not None:
            self.place_bar(rect, self.longest_px, room_px)
            self.bar.setVisible(is_long and not is_wrapped)

    def drop(self) -> None:
        """The block has gone."""
        for part in (self.copy, self._wrap):
            if part is not None:
                part.hide()
                part.deleteLater()
        super().drop()

    @Slot()
    def _choose(self) -> None:
        self.wrap_chosen.emit(self._number, self.wrap.isChecked())


class CodeTools(QObject):
    """Those of one answer.

    Signals:
        laid_out: lines were wrapped or unwrapped; the answer has another height.
        moved: `QRect`. What stands there is to be painted again.
    """

    laid_out = Signal()
    moved = Signal(QRect)

    def __init__(
        self,
        page: QWidget,
        writer: AnswerWriter,
        grounds: Grounds,
        wraps: ViewWraps,
        code: Callable[[int], str],
    ) -> None:
        """`code` gives the text of a block by its number."""
        super().__init__(page)
        self._page = page
        self._writer = writer
        self._grounds = grounds
        self._wraps = wraps
        self._code = code
        self._blocks: list[CodeBlock] = []
        self._tables: dict[int, Sideways] = {}
        self._slices = Slices(self)

    @property
    def blocks(self) -> list[CodeBlock]:
        """One for each block of code, in order."""
        return self._blocks

    def update(self, kept: int) -> None:
        """The items from number `kept` on were written anew: fit buttons and lines to them."""
        areas = self._grounds.areas
        while len(self._blocks) > len(areas):
            self._blocks.pop().drop()
        while len(self._blocks) < len(areas):
            number = len(self._blocks)
            block = CodeBlock(number, partial(self._code, number), self._page)
            block.wrap_chosen.connect(self._choose)
            block.moved.connect(self._say_moved)
            self._blocks.append(block)
        metrics = QFontMetricsF(self._writer.styles.code_font)
        for number, (block, area) in enumerate(zip(self._blocks, areas, strict=True)):
            if area.last < kept:
                continue
            first = max(kept - 1, area.head + 1)
            if first <= area.head + 1:
                block.longest_px = 0.0
            lines = self._writer.items[first : area.last + 1]
            block.longest_px = max([block.longest_px, *(_width_px(line, metrics) for line in lines)])
            if not self._wraps.is_wrapped(number):
                for _ in self._writer.wrap_lines(first, area.last, wraps=False):
                    pass

    def place(self, from_item: int = 0) -> None:
        """Put everything where it belongs; what stands above item `from_item` is there."""
        self._place_tables()
        for number, (block, area) in enumerate(zip(self._blocks, self._grounds.areas, strict=True)):
            if area.last >= from_item:
                rect = self._grounds.code_rect(area).toRect()
                head_px = self._writer.styles.code_head_px
                block.place(rect, is_wrapped=self._wraps.is_wrapped(number), head_px=head_px)

    def _place_tables(self) -> None:
        """One bar for each table that is wide."""
        wide = self._writer.tables.wide
        for index in [known for known in self._tables if known not in wide]:
            self._tables.pop(index).drop()
        for number, (index, width_px) in enumerate(wide.items()):
            if index not in self._tables:
                self._tables[index] = Sideways(number, "table", self._page)
                self._tables[index].moved.connect(self._repaint)
            rect = self._grounds.table_rect(index).toRect()
            self._tables[index].place_bar(rect, width_px, rect.width())
            self._tables[index].bar.show()

    def _windows(self) -> Iterator[tuple[Sideways, QRect]]:
        """What is scrolled sideways, and where it is to be seen."""
        for block, area in zip(self._blocks, self._grounds.areas, strict=True):
            if block.is_scrolled:
                yield block, self._window(area)
        for index, table in self._tables.items():
            if index in self._writer.tables.wide:
                yield table, self._grounds.table_rect(index).toRect()

    def stops(self) -> Iterator[Stop]:
        """Where Tab stops: the buttons at the head of code, the bars at the end of what they scroll."""
        position = self._writer.text_position
        for block, area in zip(self._blocks, self._grounds.areas, strict=True):
            for button in block.buttons():
                yield Stop(position(area.head), button)
            if block.is_scrolled:
                yield Stop(position(area.last), block.bar)
        for index, table in self._tables.items():
            yield Stop(self._writer.tables.at(index).lastPosition(), table.bar)

    def scrolled(self, clip: QRect) -> list[tuple[QRect, int]]:
        """The windows of what is scrolled sideways that touch `clip`, and how far each is scrolled."""
        return [(window, part.offset_px) for part, window in self._windows() if window.intersects(clip)]

    def shift_at(self, at: QPoint) -> int:
        """How far what stands at this height is scrolled sideways."""
        block = self._block_at(at)
        return block.offset_px if block else 0

    def scroll_at(self, at: QPoint, by_px: int) -> bool:
        """Scroll the code at this height; False where none is that can be."""
        block = self._block_at(at)
        if block is None:
            return False
        block.bar.setValue(block.bar.value() + by_px)
        return True

    def edge_step(self, at: QPoint) -> int:
        """So far to scroll because a mouse that selects is beside the window of the code at this height."""
        for window, _ in self.scrolled(QRect(0, at.y(), self._page.width(), 1)):
            if at.x() > window.right() - styles.CODE_PADDING_PX:
                return STEP_PX
            if at.x() < window.left() + styles.CODE_PADDING_PX:
                return -STEP_PX
        return 0

    def show_x(self, at: QPoint) -> None:
        """Scroll sideways so that this place of the document is in sight."""
        for window, offset_px in self.scrolled(QRect(0, at.y(), self._page.width(), 1)):
            x = at.x() - offset_px
            if not window.left() + STEP_PX <= x <= window.right() - 2 * STEP_PX:
                self.scroll_at(at, x - window.center().x())

    def _block_at(self, at: QPoint) -> Sideways | None:
        for part, window in self._windows():
            if window.top() <= at.y() <= window.bottom():
                return part
        return None

    def _window(self, area: CodeArea) -> QRect:
        """Where the lines of a block are to be seen."""
        rect = self._grounds.code_rect(area).toRect()
        return rect.adjusted(2, self._writer.styles.code_head_px, -2, -2)

    @Slot(int, bool)
    def _choose(self, number: int, wraps: bool) -> None:
        """A long block in slices, so that the window is not held up."""
        self._wraps.set_wrapped(number, wraps)
        self._slices.run(self._wrapping(number, wraps))

    def _wrapping(self, number: int, wraps: bool) -> Iterator[int]:
        area = self._grounds.areas[number]
        self._blocks[number].bar.setValue(0)
        for characters in self._writer.wrap_lines(area.head + 1, area.last, wraps=wraps):
            yield characters + LINE_CHARS
        self.laid_out.emit()

    @Slot()
    def _repaint(self) -> None:
        self._page.update()

    @Slot(int)
    def _say_moved(self, number: int) -> None:
        self.moved.emit(self._window(self._grounds.areas[number]))


def _width_px(line: Item, metrics: QFontMetricsF) -> float:
    text = "".join(run.text for run in getattr(line, "runs", ())).expandtabs(TAB_IN_SPACES)
    if text.isascii():
        return len(text) * metrics.horizontalAdvance("0")
    return metrics.horizontalAdvance(text)
