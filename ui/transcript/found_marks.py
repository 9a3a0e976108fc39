"""Marks matches where they stand on the page: those of the current text first, then the others in slices."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit
from shiboken6 import isValid

from ui.theme import Theme
from ui.transcript.formulas.objects import FOUND
from ui.transcript.formulas.written_out import written_out
from ui.transcript.found_text import folded, places
from ui.utf16 import utf16_places
from ui.widgets.safe_browser import SafeBrowser

SLICE_S = 0.004
"""How long the window is held up at once; one text more takes about 3 ms."""
MAX_MARKED = 500
"""So many matches of one text are marked at once."""
_MARKED, _MATCHES = "marked for", "matches"


@dataclass(frozen=True, slots=True)
class Found:
    """A part of a turn in which words are to be marked, "" for no words: its texts.

    `current`: which match in it is the current one, from 0; -1: none.
    """

    texts: Sequence[SafeBrowser]
    words: str
    current: int = -1


class FoundMarks(QObject):
    """The marks of all matches on the page."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._work: Iterator[None] = iter(())
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        """Whether something is not marked yet."""
        return self._timer.isActive()

    def set_theme(self, theme: Theme) -> None:
        """Mark in other colours from now on."""
        self._theme = theme

    def show(self, parts: Iterable[Found]) -> None:
        """Mark these, in place of what else was to be marked; the one with the current match at once."""
        self._work = self._marking(sorted(parts, key=lambda part: part.current < 0))
        self._go_on()

    @Slot()
    def _go_on(self) -> None:
        until = time.perf_counter() + SLICE_S
        for _ in self._work:
            if time.perf_counter() > until:
                self._timer.start()
                return
        self._timer.stop()

    def _marking(self, parts: Iterable[Found]) -> Iterator[None]:
        for part in parts:
            current = part.current
            for text in filter(isValid, part.texts):  # a turn far from the view goes, and its texts
                is_new = self._mark(text, part.words, current)
                current = max(current - int(text.property(_MATCHES) or 0), -1)  # from the next text on
                if is_new:
                    yield

    def _mark(self, text: SafeBrowser, words: str, current: int) -> bool:
        """False: it is marked so already."""
        state = f"{self._theme.name} {current} {text.document().revision()} {words}" if words else ""
        if state == (text.property(_MARKED) or ""):
            return False
        text.setProperty(_MARKED, state)
        first = max(current - MAX_MARKED // 2, 0)
        count, cursors = cursors_at(text, words, first, first + MAX_MARKED) if words else (0, [])
        looks = {is_current: self._looks(is_current=is_current) for is_current in (False, True)}
        marks = [_mark_of(cursor, looks[at == current]) for at, cursor in enumerate(cursors, first)]
        text.setExtraSelections(marks)
        text.setProperty(_MATCHES, count)
        return True

    def _looks(self, *, is_current: bool) -> QTextCharFormat:
        looks = QTextCharFormat()
        looks.setBackground(self._theme.colour("accent" if is_current else "accent_soft"))
        looks.setForeground(self._theme.colour("on_accent" if is_current else "text"))
        looks.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)  # the soft ground is faint
        looks.setUnderlineColor(self._theme.colour("accent"))
        return looks


def cursors_at(text: SafeBrowser, words: str, first: int, end: int) -> tuple[int, list[QTextCursor]]:
    """How many matches a text has, and those from `first` to before `end` as selections."""
    plain, where = written_out(text.document(), FOUND)
    found = places(folded(plain), words)
    edges = [edge for start in found[first:end] for edge in (start, start + len(words))]
    offsets = utf16_places(plain, edges)
    cursors = []
    for start, behind in zip(offsets[::2], offsets[1::2], strict=True):
        cursor = QTextCursor(text.document())
        cursor.setPosition(where.position(start))
        cursor.setPosition(where.position(behind - 1) + 1, QTextCursor.MoveMode.KeepAnchor)
        cursors.append(cursor)
    return len(found), cursors


def _mark_of(cursor: QTextCursor, looks: QTextCharFormat) -> QTextEdit.ExtraSelection:
    mark = QTextEdit.ExtraSelection()
    mark.cursor, mark.format = cursor, looks
    return mark
