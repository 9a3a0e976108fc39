"""Finds a character of a text where it is shown: in which widget, and how far down in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget

from ui.theme import GUTTER_PX
from ui.transcript.found_text import utf16_length
from ui.transcript.thought import ThoughtText
from ui.transcript.untrusted_text import with_line_feeds
from ui.widgets.safe_browser import SafeBrowser


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is read: in which widget, at which position of its document, how far down in the view."""

    text: SafeBrowser
    position: int
    y_in_view: int

    def top_of_turn(self, turn: QWidget | None) -> int:
        """How far below the top of the view its turn must begin for the line to stand where it stood."""
        if turn is None:
            return self.y_in_view
        return self.y_in_view - self.text.mapTo(turn, QPoint(0, y_of(self.text, self.position))).y()


def line_in_sight(turn: QWidget, viewport: QWidget) -> Line | None:
    """The first line of this turn that is to be seen; None where there is none."""
    for text in turn.findChildren(SafeBrowser):
        y = text.mapTo(viewport, QPoint(0, 0)).y()
        if text.isVisible() and y + text.height() > 0 and y < viewport.height():
            position = text.cursorForPosition(QPoint(GUTTER_PX + 1, max(-y, 0) + 1)).position()
            return Line(text, position, y + y_of(text, position))
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
