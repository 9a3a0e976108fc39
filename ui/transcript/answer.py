"""The answer: formatted text on the page, growing while it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QWidget

from ui import theme as look
from ui.theme import GUTTER_PX, Theme
from ui.transcript import styles
from ui.transcript.answer_cut import cut_items
from ui.transcript.blocks import Block, BlockKind, Item
from ui.transcript.code_tools import CodeTools
from ui.transcript.code_wraps import ViewWraps
from ui.transcript.document import AnswerWriter
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.found_text import plain_text
from ui.transcript.grounds import Grounds
from ui.transcript.highlight import MAX_CODE_LINES, get_ready, highlighted
from ui.transcript.markdown import MarkdownReader
from ui.transcript.moved_code import paint_moved
from ui.transcript.paragraphs import Notes
from ui.transcript.slices import AT_ONCE_CHARS, SLICE_CHARS, Slices
from ui.transcript.spoken import speak_anew
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import shown, with_line_feeds
from ui.transcript.written_markdown import written
from ui.widgets.safe_browser import SafeBrowser, Stop

PAGE_TOP_PX = 4
PAGE_BOTTOM_PX = styles.CODE_END_PX + 4
BELOW_CODE_PX = 8
"""Under code that ends an answer, besides: what follows is no part of it."""
LONG_CHARS = 9_000
"""So long an answer takes its new width a moment later where it is out of sight."""
PX_PER_MS = 200
COLOUR_CHARS = 150
"""Colouring a line costs about what reading so many characters costs, besides its own."""
AROUND_CHARS = 40
"""Restyling an item costs about what so many characters cost, besides its own."""
STEP_ITEMS = 12
"""So many are restyled at a time."""


class AnswerView(SafeBrowser):
    """Grows with `append`, ends with `finish`; as high as its text.

    Signals:
        text_moved: int. The first line in sight stands so many pixels lower: formulas above it were drawn.
    """

    text_moved = Signal(int)
    _written = Signal()

    def __init__(
        self,
        theme: Theme,
        reader: MarkdownReader,
        parent: QWidget | None = None,
        *,
        formulas: FormulaMaker | None = None,
        wraps: ViewWraps | None = None,
    ) -> None:
        """Without `formulas` maths stays its source. `wraps`: which code is wrapped."""
        super().__init__(theme, "Answer", parent)
        self._reader = reader
        self._stream = MarkdownStream(reader)
        self._says_formulas = False
        self._overlap_px = 0
        self._slices = Slices(self)
        self._layout_timer = QTimer(self)
        self._layout_timer.setSingleShot(True)
        self._layout_timer.timeout.connect(self._lay_out_now)
        self.document().setDefaultFont(look.reading_font(theme))
        self.set_page_margins(GUTTER_PX, PAGE_TOP_PX, PAGE_BOTTOM_PX)
        # When text is added, what stands there already is not painted again.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        self._writer = AnswerWriter(self.document(), styles.TextStyles(theme), formulas)
        self._grounds = Grounds(self.document(), self._writer)
        self._tools = CodeTools(self.viewport(), self._writer, self._grounds, wraps or ViewWraps(), self.code)
        self._tools.laid_out.connect(self._fit_code)
        self._tools.moved.connect(self.viewport().update)
        # Code that is not wrapped makes the document wide; it is not for that scrolled as a whole.
        self.horizontalScrollBar().rangeChanged.connect(self._stay_in_place)
        self._unpainted_px: int | None = None
        # Queued, so that it is done when the page was scrolled, and before the next frame.
        self._written.connect(self._paint_written, Qt.ConnectionType.QueuedConnection)
        if formulas is not None:
            formulas.made.connect(self._draw_formulas)

    @property
    def markdown_source(self) -> str:
        """The answer as the model wrote it."""
        return self._stream.source

    @property
    def items(self) -> Sequence[Item]:
        """What stands there."""
        return self._writer.items

    def append(self, untrusted_text: str) -> None:
        """Show more of the answer; only its unfinished end is read and written again."""
        self._slices.stop()
        written = self._stream.closed_items
        self._stream.feed(untrusted_text)
        self._show(self._stream.items(all_links=False), written)

    def finish(self, untrusted_source: str) -> None:
        """Show the whole answer as it is kept, read once more from its beginning."""
        is_new = untrusted_source != self._stream.source
        self._slices.run(self.finishing(untrusted_source if is_new else ""))

    @property
    def closed_chars(self) -> int:
        """How long what never changes again is."""
        return self._stream.closed_chars

    @property
    def is_in_cut_code(self) -> bool:
        """Whether it ends in code that goes on: that stays together."""
        return self._stream.is_in_cut_code

    def split_off(self) -> str:
        """Keep the finished blocks alone, and give the source of the rest: another view goes on with it."""
        rest = self._stream.cut()
        self._show(self._stream.items(all_links=False), self._stream.closed_items)
        self._overlap_px = PAGE_BOTTOM_PX - (styles.CODE_END_PX - PAGE_TOP_PX)
        return rest

    @property
    def is_outdated(self) -> bool:
        """Whether it may refer to links that were defined further down since it was read."""
        return self._stream.is_outdated

    def catch_up(self) -> Iterator[int]:
        """Show those links, in steps; each gives what it took, in characters."""
        took = 0
        for characters in self._stream.read_outdated():
            took += characters
            if took >= SLICE_CHARS:
                yield took  # for reading
                self._show_links()
                yield took
                took = 0
        self._show_links()
        yield took

    @property
    def overlap_px(self) -> int:
        """So far above its lower end the next view begins. Another margin would lay out all of it anew."""
        return self._overlap_px

    @property
    def room_below_px(self) -> int:
        """So much is free under its end besides its margin, into which the ground of code reaches."""
        last = self.items[-1] if self.items else None
        is_code = isinstance(last, Block) and last.kind in (BlockKind.CODE_LINE, BlockKind.CODE_HEAD)
        return BELOW_CODE_PX if is_code else 0

    def go_on_from(self, above: AnswerView) -> None:
        """While it is empty: have the footnotes and links of the view above."""
        self._stream = MarkdownStream(self._reader, above._stream.notes, above._stream.references)

    def settle_links(self) -> None:
        """Nothing more comes: before it is finished, all views above it know its links."""
        self._stream.settle_links()

    def finishing(self, untrusted_source: str = "", notes: Notes | None = None) -> Iterator[int]:
        """Do what `finish` does, in steps; each gives the characters it took. "": what was streamed.

        `notes`: the footnotes of the views above; its own come to them.
        """
        if untrusted_source:
            self._stream = MarkdownStream(self._reader)
            self._stream.take_whole(untrusted_source)
        return self._read_again(notes)

    def _read_again(self, notes: Notes | None) -> Iterator[int]:
        """The end may decide how what came before is read; then the code gets its colours."""
        items: list[Item] = []
        for part, characters in self._stream.finish_in_parts(notes):
            items += part
            yield characters
        with self._place_told():
            self._show(items)
        for area in tuple(self._grounds.areas):
            head = items[area.head]
            language = "".join(run.text for run in head.runs) if isinstance(head, Block) else ""
            for _ in get_ready(language):
                yield AT_ONCE_CHARS
            if area.last - area.head > MAX_CODE_LINES:
                continue
            code = code_text(items[area.head + 1 : area.last + 1])
            for number, runs in enumerate(highlighted(code, language), area.head + 1):
                self._writer.recolour(number, runs)
                yield COLOUR_CHARS + sum(len(run.text) for run in runs)

    def take_back(self) -> str:
        """Show nothing, and give what was shown: it was no answer."""
        self._slices.stop()
        self._overlap_px = 0
        source = self._stream.source
        self._stream = MarkdownStream(self._reader)
        self._show([])
        return source

    def set_theme(self, theme: Theme) -> None:
        """Show the same in another theme."""
        for _ in self.restyling(theme):
            pass

    def restyling(self, theme: Theme) -> Iterator[int]:
        """The same in steps, what is in sight in the first; each gives the characters it took."""
        if self._layout_timer.isActive():
            self._layout_timer.stop()
            self._lay_out_now()
            yield self.document().characterCount()
        super().set_theme(theme)
        if self.document().defaultFont() != look.reading_font(theme):
            self.document().setDefaultFont(look.reading_font(theme))
        self._writer.set_styles(styles.TextStyles(theme))
        self._grounds.update(0)
        self._tools.update(0)
        in_sight = self._items_in_sight()
        yield self._restyle(in_sight) if in_sight else self.document().characterCount() // 4
        for step in (*_in_steps(0, in_sight.start), *_in_steps(in_sight.stop, len(self.items))):
            there = [index for index in step if index < len(self.items)]  # it may have become shorter
            if there:
                yield self._restyle(there)

    def _restyle(self, indices: Sequence[int]) -> int:
        before = self._writer.text_position(indices[0])
        with self._staying_in_sight(indices[0]):
            self._writer.restyle(indices)
        return self._writer.text_position(indices[-1]) - before + AROUND_CHARS * len(indices)

    def _items_in_sight(self) -> range:
        """Those that are to be seen; none where nothing is."""
        rect = self.viewport().visibleRegion().boundingRect()
        if rect.isEmpty() or not self.items:
            return range(0)
        layout, fuzzy = self.document().documentLayout(), Qt.HitTestAccuracy.FuzzyHit
        ends = [layout.hitTest(QPointF(GUTTER_PX, y), fuzzy) for y in (rect.top(), rect.bottom())]
        first, last = (self._writer.item_at(max(end, 0)) for end in ends)
        return range(first, last + 1)

    def drop_white_end(self) -> None:
        """Nothing more comes, and the white space at the end is not kept."""
        self._stream.drop_white_end()

    def code(self, number: int) -> str:
        """The text of code block `number`, counted from 0."""
        area = self._grounds.areas[number]
        return code_text(self._writer.items[area.head + 1 : area.last + 1])

    def selected_markdown(self) -> str:
        """What is selected, as Markdown: where it is all of it, as the model wrote it."""
        cursor = self.textCursor()
        start, end = cursor.selectionStart(), cursor.selectionEnd()
        if start == 0 and end >= self.end():
            return shown(with_line_feeds(self.markdown_source)).rstrip("\n")
        return written(cut_items(self._writer, cursor))

    def selected_text(self) -> str:
        """What is selected, as it is copied."""
        return plain_text(cut_items(self._writer, self.textCursor()))

    def copied_text(self) -> str:
        """All of it as it is copied."""
        return plain_text(self.items)

    def show_across(self, position: int) -> None:
        """Scroll code sideways so that this position is in sight."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(position, self.end()))
        self._tools.show_x(self.cursorRect(cursor).center())

    def parts_on_text(self) -> Iterable[Stop]:
        """The buttons of code, and the bars under what is scrolled sideways."""
        return self._tools.stops()

    def paint_under_text(self, painter: QPainter, clip: QRect) -> None:
        """Paint the ground of the page, and those of code and results on it."""
        self.paint_ground(painter, clip)
        self._grounds.paint(painter, QRectF(clip), self._theme)

    def _show(self, items: Sequence[Item], known_same: int = 0) -> None:
        # Qt would have what changed painted at once, and then not move what stands on the screen: see `Page`.
        with QSignalBlocker(self.document().documentLayout()):
            kept = self._writer.write(items, known_same)
            self._say_as_it_is()
            self._grounds.update(kept)
            self._tools.update(kept)
        self.fit_height()
        self._tools.place(kept)
        top = self._writer.changed_px(kept)
        if self._unpainted_px is None:
            self._unpainted_px = top
            self._written.emit()
        self._unpainted_px = min(self._unpainted_px, top)

    def _show_links(self) -> None:
        """Show what was read anew of the finished blocks; what is behind them stands there."""
        first, closed = self._stream.take_first_changed(), self._stream.closed
        if first is not None:
            with self._place_told():
                self._show([*closed, *self._writer.items[len(closed) :]], first)

    @Slot()
    def _paint_written(self) -> None:
        """Have painted what was written: from the first item that changed to the end."""
        top, self._unpainted_px = self._unpainted_px or 0, None
        self.viewport().update(0, top, self.viewport().width(), self.viewport().height() - top)

    def _say_as_it_is(self) -> None:
        """With its first formula the answer is said another way, and so when the last is gone."""
        if self._writer.has_drawn != self._says_formulas:
            self._says_formulas = self._writer.has_drawn
            speak_anew(self)

    @Slot()
    def _fit_code(self) -> None:
        self.fit_height()
        self._tools.place()
        self.viewport().update()

    @Slot()
    def _stay_in_place(self) -> None:
        self.horizontalScrollBar().setRange(0, 0)

    @Slot()
    def _draw_formulas(self) -> None:
        """Formulas were made: draw those that stand here."""
        self._write_again(self._writer.changed_formulas(only_waiting=True))

    def _write_again(self, changed: Sequence[int]) -> None:
        if changed:
            with self._staying_in_sight(changed[0]):
                self._writer.write_again(changed)

    @contextmanager
    def _staying_in_sight(self, first: int) -> Iterator[None]:
        """Lay out what is written from the `first` item on; tell how far what is in sight moves by it."""
        with self._place_told():
            yield
            self._say_as_it_is()
            self._grounds.update(first)
            self.fit_height()
            self._tools.place(first)

    @contextmanager
    def _place_told(self) -> Iterator[None]:
        """Tell how far what stands at the upper end of what is in sight moves, as something above changes."""
        if not self._writer.items:
            yield
            return
        in_sight = QPointF(GUTTER_PX, self.viewport().visibleRegion().boundingRect().top())
        position = self.document().documentLayout().hitTest(in_sight, Qt.HitTestAccuracy.FuzzyHit)
        item = self._writer.item_at(max(position, 0))
        was_y = self._grounds.top(item)
        yield
        moved_px = round(self._grounds.top(item) - was_y) if item < len(self._writer.items) else 0
        if moved_px:
            self.text_moved.emit(moved_px)

    def _is_long_and_out_of_sight(self) -> bool:
        is_long = self.document().characterCount() > LONG_CHARS
        return is_long and self.isVisible() and self.viewport().visibleRegion().isEmpty()

    @Slot()
    def _lay_out_now(self) -> None:
        size = self.viewport().size()
        self.resizeEvent(QResizeEvent(size, QSize(-1, -1)))

    # Qt overrides

    def paint_text(self, event: QPaintEvent) -> None:
        """Code that is scrolled sideways is painted by itself, the other text around it."""
        windows = self._tools.scrolled(event.rect())
        if windows:
            paint_moved(self, event.rect(), windows)
        else:
            super().paint_text(event)
        if self._says_formulas:
            painter = QPainter(self.viewport())
            self._writer.paint_selected(painter)
            painter.end()

    def in_document(self, event: QMouseEvent) -> QMouseEvent:
        """In code that is scrolled sideways, the place is further right."""
        at = event.position().toPoint()
        if event.type() == QEvent.Type.MouseMove and event.buttons() & Qt.MouseButton.LeftButton:
            self._tools.scroll_at(at, self._tools.edge_step(at))
        shift_px = self._tools.shift_at(at)
        if not shift_px:
            return event
        there = event.position() + QPointF(shift_px, 0)
        kind, where = event.type(), event.globalPosition()
        return QMouseEvent(kind, there, where, event.button(), event.buttons(), event.modifiers())

    def point_in_document(self, at: QPoint) -> QPoint:
        """There too."""
        return at + QPoint(self._tools.shift_at(at), 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways, over code that is scrolled so; else it is the transcript's."""
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 3
        is_sideways = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        by_px = delta.y() if is_sideways and not delta.x() else delta.x()
        if abs(by_px) > (0 if is_sideways else abs(delta.y())) and self._tools.scroll_at(
            event.position().toPoint(), -by_px
        ):
            event.accept()
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Move the copy buttons with the code."""
        width_changed = event.size().width() != event.oldSize().width()
        if width_changed and event.oldSize().width() > 0 and self._is_long_and_out_of_sight():
            # By its place: the views of a long answer are not laid out all in one round of the event loop.
            self._layout_timer.start(self.y() // PX_PER_MS + 1)
            return
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._writer.fit_tables()
            self.fit_height()
            self._write_again(self._writer.changed_formulas(only_waiting=False))
            self._tools.place()


def _in_steps(first: int, end: int) -> Iterator[range]:
    return (range(start, min(start + STEP_ITEMS, end)) for start in range(first, end, STEP_ITEMS))


def code_text(lines: Sequence[Item]) -> str:
    """The code of these lines."""
    return "\n".join("".join(run.text for run in line.runs) for line in lines if isinstance(line, Block))
