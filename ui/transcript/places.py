"""Finds a character of a text where it is shown: in which widget, and how far down in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget

from ui.theme import GUTTER_PX
from ui.transcript.thought import ThoughtText
from ui.transcript.untrusted_text import with_line_feeds
from ui.utf16 import utf16_length
from ui.widgets.safe_browser import SafeBrowser


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is read: in which widget and paragraph, how far down in the view.

    `offset` is in the paragraph, which is counted: a formula that is drawn above is shorter than its source.
    """

    text: SafeBrowser
    paragraph: int
    offset: int
    y_in_view: int

    def y_in_text(self) -> int:
        """How far below the top of its widget it stands now."""
        block = self.text.document().findBlockByNumber(self.paragraph)
        return y_of(self.text, block.position() + min(self.offset, block.length() - 1))


def line_in_sight(turn: QWidget, viewport: QWidget) -> Line | None:
    """The first line of this turn that is to be seen; None where there is none."""
    for text in turn.findChildren(SafeBrowser):
        y = text.mapTo(viewport, QPoint(0, 0)).y()
        if text.isVisible() and y + text.height() > 0 and y < viewport.height():
            cursor = text.cursorForPosition(QPoint(GUTTER_PX + 1, max(-y, 0) + 1))
            y_in_view = y + y_of(text, cursor.position())
            return Line(text, cursor.blockNumber(), cursor.positionInBlock(), y_in_view)
    return None


def place_in_thought(texts: Sequence[ThoughtText], untrusted_before: str) -> tuple[SafeBrowser, int] | None:
    """The widget and the position in its document that follow on `untrusted_before`.

    Paragraphs may be cut where the source has no line end, so characters are counted without line ends.
    None where nothing is shown.
    """
    letters = utf16_length(with_line_feeds(untrusted_before).lstrip().replace("\n", ""))
    for text in texts:
        position = text.position_behind(letters) if letters < text.letters else None
        if position is not None:
            return text, position
        letters -= text.letters
    return (texts[-1], _end(texts[-1])) if texts else None


def y_of(text: SafeBrowser, position: int) -> int:
    """How far below the top of the widget the line of this position begins."""
    if isinstance(text, ThoughtText):
        text.catch_up()
    cursor = QTextCursor(text.document())
    cursor.setPosition(min(position, _end(text)))
    return text.cursorRect(cursor).top()


def _end(text: SafeBrowser) -> int:
    return text.document().characterCount() - 1
