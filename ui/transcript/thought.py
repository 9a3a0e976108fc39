"""The words of a thought: smaller, lighter, as light Markdown, behind a thin rule."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QMimeData, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent, QTextBlock, QTextCursor
from PySide6.QtWidgets import QWidget

from models.light_markdown import LightLine, LineKind
from ui import theme as look
from ui.theme import GUTTER_PX, Theme
from ui.transcript.clipboard import copied_data
from ui.transcript.thought_lines import Change, LineEnd, Reopened
from ui.transcript.thought_styles import ThoughtStyles
from ui.utf16 import utf16_length, utf16_places
from ui.widgets.safe_browser import SafeBrowser

PART_CHARS = 12_000
"""About 3,300 tokens. What is longer goes on in another view, where a paragraph ends."""
LATE_CHARS = 2_000
"""So many characters take a new width a moment later where they are out of sight."""
_RULE_X_PX = 4
_RULE_TOP_PX = 2


class ThoughtText(SafeBrowser):
    """A part of a thought: a document of its own that is only ever appended to.

    The last line stands there as it was written; when it is whole its marks become formats, once. Each line
    stays a block of the document.

    Signals:
        put_off: it is to `catch_up` a moment later.
    """

    put_off = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, goes_on: bool = False) -> None:
        """`goes_on`: another part stands right above it."""
        super().__init__(theme, "Thought, continued" if goes_on else "Thought", parent)
        self.goes_on = goes_on
        self.letters = 0
        self.was_in_sight = True
        """Before the page got another width; asked within a resize, Qt does not know it."""
        self._marked: dict[int, LightLine] = {}
        self.document().setDefaultFont(look.thought_font(theme))
        self.set_page_margins(GUTTER_PX)
        self._styles = ThoughtStyles(theme)
        QTextCursor(self.document()).setBlockFormat(self._styles.plain_paragraph)
        # When text is added, what stands there already is not painted again.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_StaticContents)

    def write(self, changes: Iterator[Change]) -> bool:
        """Take what happens to the thought. True: it is full, and the rest is for the next view.

        `letters` is then how much of the source stands here, without its line ends, in UTF-16 units.
        """
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        is_changed = is_full = False
        for change in changes:
            if change is LineEnd.BREAK and _is_full(cursor):
                is_full = True
                break
            if not is_changed:
                cursor.beginEditBlock()
                is_changed = True
            self._change(cursor, change)
        if is_changed:
            cursor.endEditBlock()
            self.fit_height()
        return is_full

    def position_behind(self, letters: int) -> int | None:
        """The position that follows so much of the source, without its line ends, in UTF-16 units.

        None where no more of it is shown.
        """
        block = self.document().begin()
        while block.isValid():
            line = self._marked.get(block.blockNumber())
            length = block.length() - 1 if line is None else utf16_length(line.source)
            if letters < length:
                return block.position() + (letters if line is None else _shown_before(line, letters))
            letters -= length
            block = block.next()
        return None

    @property
    def is_late(self) -> bool:
        """Whether its words still stand in another width."""
        return self.document().textWidth() != self.viewport().width()

    def catch_up(self) -> None:
        """Take the width now that was left for later."""
        if self.is_late:
            self.resizeEvent(QResizeEvent(self.viewport().size(), QSize(-1, -1)))

    def set_theme(self, theme: Theme) -> None:
        """Show the same words in another theme."""
        super().set_theme(theme)
        self.document().setDefaultFont(look.thought_font(theme))
        self._styles = ThoughtStyles(theme)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setBlockFormat(self._styles.plain_paragraph)
        cursor.mergeCharFormat(self._styles.characters)
        for number, line in self._marked.items():
            self._style_block(QTextCursor(self.document().findBlockByNumber(number)), line)
        cursor.endEditBlock()

    def paint_under_text(self, painter: QPainter, _clip: QRect) -> None:
        """Paint the ground and the rule, which ends where the next line goes on with it."""
        whole = self.viewport().rect()
        self.paint_ground(painter, whole)
        painter.setBrush(self._theme.colour("line"))
        top = 0 if self.goes_on else _RULE_TOP_PX
        painter.drawRect(QRectF(GUTTER_PX + _RULE_X_PX, top, 2, whole.height() - top))

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy words of a thought so that no history of the clipboard keeps them."""
        return copied_data(self.selected_text(), is_concealed=True)

    def _change(self, cursor: QTextCursor, change: Change) -> None:
        match change:
            case str():
                cursor.insertText(change, self._styles.characters)
                self.letters += utf16_length(change)
            case LightLine():
                self._mark_line(cursor.block(), change)
                cursor.movePosition(QTextCursor.MoveOperation.End)
            case LineEnd.BREAK:
                cursor.insertBlock(self._styles.plain_paragraph, self._styles.characters)
            case Reopened(source):
                self._write_anew(cursor, source)

    def _mark_line(self, block: QTextBlock, line: LightLine) -> None:
        """Take the marks out of a line, from its end, and have what stood between them stand out."""
        self._marked[block.blockNumber()] = line
        cursor, start = QTextCursor(block), block.position()
        edges = [0, *(edge for span in line.spans for edge in (span.start, span.end)), len(line.source)]
        places = [start + place for place in utf16_places(line.source, edges)]
        for number in range(len(line.spans), -1, -1):
            mark, behind = places[2 * number : 2 * number + 2]
            if number < len(line.spans) and line.spans[number].style:
                _select(cursor, behind, places[2 * number + 2])
                cursor.mergeCharFormat(self._styles.standing_out(line.spans[number].style))
            if mark < behind:
                _select(cursor, mark, behind)
                cursor.removeSelectedText()
        if line.bullet:
            cursor.setPosition(start)
            cursor.insertText(line.bullet, self._styles.characters)
        self._style_block(cursor, line)

    def _style_block(self, cursor: QTextCursor, line: LightLine) -> None:
        cursor.setBlockFormat(self._styles.paragraph(line))
        if line.kind is LineKind.FENCE:
            start = cursor.block().position()
            _select(cursor, start, start + cursor.block().length() - 1)
            cursor.mergeCharFormat(self._styles.faint)

    def _write_anew(self, cursor: QTextCursor, source: str) -> None:
        self._marked.pop(cursor.blockNumber(), None)
        cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(source, self._styles.characters)
        cursor.setBlockFormat(self._styles.plain_paragraph)

    def _may_wait(self) -> bool:
        """Whether a new width is for later: it is out of sight, or will be when it is shown."""
        if self.document().characterCount() < LATE_CHARS:
            return False
        return not self.was_in_sight if self.isVisible() else self.goes_on

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """To lay out a long thought takes a while: what is not to be seen follows, part by part."""
        old_px, new_px = event.oldSize().width(), event.size().width()
        if 0 < old_px != new_px and self._may_wait():
            self.put_off.emit()
        else:
            super().resizeEvent(event)


def _is_full(cursor: QTextCursor) -> bool:
    """Whether a line behind this one is for another view."""
    limit = PART_CHARS if cursor.atBlockStart() else 2 * PART_CHARS
    return cursor.position() >= limit


def _select(cursor: QTextCursor, start: int, end: int) -> None:
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)


def _shown_before(line: LightLine, letters: int) -> int:
    """How much of a line is shown of its first `letters`, in UTF-16 units, the bullet with it."""
    shown = len(line.bullet)
    for span in line.spans:
        start, end = utf16_places(line.source, [span.start, span.end])
        if letters < end:
            return shown + max(letters - start, 0)
        shown += end - start
    return shown
