"""Cuts a growing thought into lines as they are shown, and reads each as light Markdown once it is whole."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from models.light_markdown import LightLine, LineKind, Span, Style, read_line
from ui.transcript.untrusted_text import shown, with_line_feeds

MAX_LINE_CHARS = 4_000
"""A longer line goes on as a new paragraph: each token lays its whole paragraph out again."""

PIECE_CHARS = 8_000
"""So many are read at once; it takes about 2 ms."""


class LineEnd(enum.Enum):
    """A new line begins."""

    BREAK = enum.auto()


@dataclass(frozen=True, slots=True)
class Reopened:
    """The last line was taken as whole, but goes on: it is its source again."""

    source: str


Change = str | LightLine | LineEnd | Reopened
"""What happens to the last line: it grows, it looks like that, another begins, it goes on.

Looks come when it is whole; those of code each time it grew.
"""


class ThoughtLines:
    """Takes a thought in pieces; however it is cut, the lines are the same."""

    def __init__(self) -> None:
        self._open = ""
        self._fence = ""
        self._head: LightLine | None = None
        self._breaks = 0
        self._empty = True
        self._held = ""
        self._finished: LightLine | None = None

    @property
    def fence(self) -> str:
        """What is open where the last line begins."""
        return self._fence

    def feed(self, untrusted_text: str) -> Iterator[Change]:
        """Go on with the thought. Line breaks wait for what they lead to: it does not end in empty lines."""
        text = self._held + untrusted_text
        self._held = "\r" if text.endswith("\r") else ""  # a line feed may belong to it
        text = shown(with_line_feeds(text.removesuffix("\r")))
        if self._empty:
            text = text.lstrip()
        if not text:
            return
        self._empty = False
        if self._finished is not None:
            yield Reopened(self._open)
            self._finished = None
        for number, part in enumerate(text.split("\n")):
            if number:
                yield from self._end_line()
            if part:
                yield from self._go_on(part)
        if not self._breaks and self._open and self._is_code():
            yield LightLine(self._open, (Span(0, len(self._open), Style.CODE),), LineKind.CODE, self._fence)

    def _is_code(self) -> bool:
        """Whether the last line stands in open code: it looks like that while it grows."""
        return bool(self._fence) and read_line("", self._fence).kind is LineKind.CODE

    def finish(self) -> Iterator[Change]:
        """The thought has ended: its last line is whole."""
        if self._empty or self._breaks or self._finished is not None:
            return
        line = read_line(self._open, self._fence, self._head)
        if not line.is_plain:
            self._finished = line
            yield line

    def _go_on(self, words: str) -> Iterator[Change]:
        for number in range(self._breaks):
            yield from self._close() if number else ()
            yield LineEnd.BREAK
            self._open, self._head = "", None
        self._breaks = 0
        start = 0
        while start < len(words):
            if len(self._open) == MAX_LINE_CHARS:
                head = read_line(self._open, self._fence, self._head)
                yield from self._close()
                yield LineEnd.BREAK
                self._open, self._head = "", head
            piece = words[start : start + MAX_LINE_CHARS - len(self._open)]
            self._open += piece
            start += len(piece)
            yield piece

    def _end_line(self) -> Iterator[Change]:
        if not self._breaks:
            yield from self._close()
        self._breaks += 1

    def _close(self) -> Iterator[Change]:
        line = read_line(self._open, self._fence, self._head)
        self._fence = line.fence
        if not line.is_plain:
            yield line


class PlainThought:
    """A thought as it is shown: its marks are gone, but not those of a line that still grows."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._source = ""
        self._lines = [""]
        self._made = ThoughtLines()

    @property
    def text(self) -> str:
        """What was read of it."""
        return "\n".join(self._lines)

    def read(self, untrusted_thought: str, *, ended: bool) -> Iterator[None]:
        """Read what came to it since, a piece at a time; it may be left and begun anew in between."""
        if not untrusted_thought.startswith(self._source):
            self._begin()
        for start in range(len(self._source), len(untrusted_thought), PIECE_CHARS):
            piece = untrusted_thought[start : start + PIECE_CHARS]
            self._source += piece
            self._take(self._made.feed(piece))
            yield
        if ended:
            self._take(self._made.finish())

    def _take(self, changes: Iterator[Change]) -> None:
        for change in changes:
            match change:
                case str():
                    self._lines[-1] += change
                case LightLine():
                    self._lines[-1] = change.text
                case LineEnd.BREAK:
                    self._lines.append("")
                case Reopened(source):
                    self._lines[-1] = source
