"""A growing answer: blocks that are finished are read once, only the open tail is read again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ui.transcript.blocks import Item, Runs
from ui.transcript.markdown import MarkdownReader, Notes
from ui.transcript.untrusted_text import with_line_feeds

MAX_OPEN_CHARS = 16_000
MAX_OPEN_LINES = 400
"""A block that grows longer is cut, as it is read again with each piece. Code goes on as one all the same."""


_NEXT_LINE = re.compile(r"\n(?=.)", re.DOTALL)


class MarkdownStream:
    """Text in pieces to items. At every point the items equal those of the whole text so far.

    Where a block is cut depends on the text alone, not on the pieces it came in.
    """

    def __init__(self, reader: MarkdownReader, notes: Notes | None = None) -> None:
        """`notes`: the footnotes of a text that this one goes on with."""
        self._reader = reader
        self._notes_before: Notes = dict(notes or {})
        self._notes = self._notes_before.copy()
        self._pieces: list[str] = []
        self._heads: list[tuple[str, bool, list[Item]]] = []
        self._goes_on = False
        self._closed_chars = 0
        self._closed: list[Item] = []
        self._tail = ""
        self._held = ""
        self._looked_at_chars = 0
        self._is_over = False
        self._known: dict[str, Runs] = {}

    @property
    def source(self) -> str:
        """All text so far as it came."""
        return "".join(self._pieces)

    @property
    def closed_items(self) -> int:
        """How many items at the start of `items()` never change again."""
        return len(self._closed)

    def feed(self, untrusted_text: str) -> None:
        """Take more text. A carriage return waits for what follows, it may be half a line end."""
        self._pieces.append(untrusted_text)
        text = self._held + untrusted_text
        self._held = "\r" if text.endswith("\r") else ""
        self._take(with_line_feeds(text.removesuffix("\r") if self._held else text))

    def drop_white_end(self) -> None:
        """The text is over, and kept without the white space at its end. Not while `is_in_cut_code`."""
        self._pieces = [self.source.rstrip()]
        self._tail, self._held = self._tail.rstrip(), ""

    def _take(self, text: str) -> None:
        while text:
            end = MAX_OPEN_CHARS - len(self._tail)
            lines_left = MAX_OPEN_LINES - self._tail.count("\n")
            if text.count("\n", 0, end) >= lines_left:
                end = _end_of_line(text, lines_left)
            self._tail, text = self._tail + text[:end], text[end:]
            self._close_finished_blocks()
            if len(self._tail) >= MAX_OPEN_CHARS or self._tail.count("\n") >= MAX_OPEN_LINES:
                self._cut_open_block()

    @property
    def is_in_cut_code(self) -> bool:
        """Whether what comes next belongs to code whose beginning is closed already."""
        return self._goes_on

    @property
    def closed_chars(self) -> int:
        """How long the text of those items is."""
        return self._closed_chars

    @property
    def notes(self) -> Notes:
        """The footnotes that are mentioned up to the end of those items."""
        return self._notes

    def cut(self) -> str:
        """End with the finished blocks; gives the text after them, which is no longer part of this."""
        rest = self._tail + self._held
        self._pieces = ["".join(head for head, _, _ in self._heads)]
        self._tail, self._held, self._looked_at_chars, self._is_over = "", "", 0, False
        return rest

    def take_whole(self, untrusted_text: str) -> None:
        """Take all of a text that is over, without looking for blocks that are finished."""
        if len(untrusted_text) < MAX_OPEN_CHARS and untrusted_text.count("\n") < MAX_OPEN_LINES:
            self._pieces, self._tail = [untrusted_text], with_line_feeds(untrusted_text)
        else:
            self.feed(untrusted_text)

    def items(self) -> list[Item]:
        """Everything so far."""
        opened = self._reader.read(
            self._open_text(),
            finished=False,
            goes_on=self._goes_on,
            known=self._known,
            notes=self._notes.copy(),
        )
        return self._closed + opened

    def finished_items(self) -> list[Item]:
        """Everything, read once more, with coloured code."""
        items: list[Item] = []
        notes = self._notes_before.copy()
        for head, goes_on, _ in [*self._heads, (self._open_text(), self._goes_on, [])]:
            items += self._reader.read(head, finished=True, goes_on=goes_on, notes=notes)
        return items

    def finish_in_parts(self, notes: Notes | None = None) -> Iterator[tuple[list[Item], int]]:
        """All that `finished_items` gives, in parts, without colours; with each the characters it took.

        `notes`: the footnotes before it, where they are known better by now; those of the text come to them.
        """
        notes = self._notes_before.copy() if notes is None else notes
        for head, goes_on, shown in [*self._heads, (self._open_text(), self._goes_on, [])]:
            items = self._reader.read(head, finished=True, coloured=False, goes_on=goes_on, notes=notes)
            # The same objects where nothing changed: then it is quickly seen that they stand there already.
            yield shown if items == shown else items, len(head)

    def _open_text(self) -> str:
        return self._tail + self._held.replace("\r", "\n")

    def _close(self, chars: int) -> None:
        """Take so many characters off the tail; what they say does not change any more."""
        head, self._tail = self._tail[:chars], self._tail[chars:]
        items = self._reader.read(
            head, finished=False, goes_on=self._goes_on, known=self._known, notes=self._notes
        )
        self._heads.append((head, self._goes_on, items))
        self._closed_chars += len(head)
        self._closed += items
        self._goes_on = False

    def _cut_open_block(self) -> None:
        """The tail has become long: close most of it, best at a line that begins at the margin."""
        tail = self._tail
        reopening = self._reader.reopening(tail)
        if reopening is None:
            self._close(len(tail))
            return
        before, is_code = reopening
        starts = [found.start() + 1 for found in _NEXT_LINE.finditer(tail, len(tail) // 4)]
        at_margin = [start for start in starts if not tail[start : start + 1].isspace()]
        places = starts if before else at_margin or starts
        self._close(places[-1] if places else len(tail))
        self._tail = before + self._tail if self._tail else ""
        self._goes_on = is_code and bool(self._tail)
        self._looked_at_chars, self._is_over = 0, False

    def _close_finished_blocks(self) -> None:
        """Take finished blocks off the tail.

        Only whole lines decide: an unfinished line can still join the block before it. The last
        block of the whole lines stays open, a list or a table may go on.
        """
        whole_chars = self._tail.rfind("\n") + 1
        if whole_chars > self._looked_at_chars:
            line, is_over = self._reader.last_block(self._tail[:whole_chars])
            if line:
                self._close(_end_of_line(self._tail, line))
            self._looked_at_chars = self._tail.rfind("\n") + 1
            self._is_over = is_over
        # Behind an empty line, a letter at the margin begins a paragraph of its own.
        if self._is_over and self._tail[self._looked_at_chars :][:1].isalpha():
            self._close(self._looked_at_chars)
            self._looked_at_chars, self._is_over = 0, False


def _end_of_line(text: str, count: int) -> int:
    """How many characters the first `count` lines have."""
    end = 0
    for _ in range(count):
        end = text.index("\n", end) + 1
    return end
