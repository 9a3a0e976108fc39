"""A growing answer: blocks that are finished are read once, only the open tail is read again.

A finished block is read anew where a link that it refers to is defined further down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ui.transcript.blocks import Item
from ui.transcript.markdown import MarkdownReader
from ui.transcript.paragraphs import Known, Notes
from ui.transcript.references import References
from ui.transcript.untrusted_text import with_line_feeds

MAX_OPEN_CHARS = 16_000
MAX_OPEN_LINES = 400
"""A block that grows longer is cut, as it is read again with each piece. Code goes on as one all the same."""


_NEXT_LINE = re.compile(r"\n(?=.)", re.DOTALL)


LINK_CHARS = 10
"""To read a link, or to write it, costs about what so many characters cost."""


@dataclass
class _Head:
    """Finished blocks: their source, and the items that they are, from number `first` on."""

    source: str
    goes_on: bool
    first: int = 0
    items: list[Item] = field(default_factory=list)


class MarkdownStream:
    """Text in pieces to items. At every point the items equal those of the whole text so far.

    Where a block is cut depends on the text alone, not on the pieces it came in.
    """

    def __init__(
        self, reader: MarkdownReader, notes: Notes | None = None, references: References | None = None
    ) -> None:
        """`notes` and `references`: those of a text that this one goes on with."""
        self._reader = reader
        self.references = References() if references is None else references
        self._changes_seen = len(self.references.changes)
        self._mentions: dict[str, set[int]] = {}
        self._outdated: list[int] = []
        self._first_changed: int | None = None
        self._is_cut = False
        self._notes_before: Notes = dict(notes or {})
        self._notes = self._notes_before.copy()
        self._pieces: list[str] = []
        self._heads: list[_Head] = []
        self._goes_on = False
        self._closed_chars = 0
        self._closed: list[Item] = []
        self._tail = ""
        self._held = ""
        self._looked_at_chars = 0
        self._is_over = False
        self._known: Known = {}

    @property
    def source(self) -> str:
        """All text so far as it came."""
        return "".join(self._pieces)

    @property
    def closed_items(self) -> int:
        """How many items at the start of `items()` stay, but for links that are defined further down."""
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
        self._pieces = ["".join(head.source for head in self._heads)]
        self._tail, self._held, self._looked_at_chars, self._is_over = "", "", 0, False
        self._is_cut = True
        return rest

    def take_whole(self, untrusted_text: str) -> None:
        """Take all of a text that is over, without looking for blocks that are finished."""
        if len(untrusted_text) < MAX_OPEN_CHARS and untrusted_text.count("\n") < MAX_OPEN_LINES:
            self._pieces, self._tail = [untrusted_text], with_line_feeds(untrusted_text)
        else:
            self.feed(untrusted_text)

    @property
    def closed(self) -> Sequence[Item]:
        """Those items."""
        return self._closed

    def items(self, *, all_links: bool = True) -> list[Item]:
        """Everything so far. Without `all_links`, what refers to links that were defined since waits."""
        self._define_open(finished=False)
        if all_links and self.is_outdated:
            for _ in self.read_outdated():
                pass
        tail = _Head(self._open_text(), self._goes_on)
        return self._closed + self._read(tail, self._notes.copy(), known=self._known)

    @property
    def is_outdated(self) -> bool:
        """Whether finished items may change, as links were defined since; or changed, and nobody asked."""
        is_behind = self._changes_seen < len(self.references.changes)
        return is_behind or bool(self._outdated) or self._first_changed is not None

    def read_outdated(self) -> Iterator[int]:
        """Read anew what refers to those links, in steps; each gives what it took, in characters."""
        changes = self.references.changes
        found = [self._mentions.get(label, set()) for label in changes[self._changes_seen :]]
        self._outdated = sorted({*self._outdated, *chain.from_iterable(found)}, reverse=True)
        self._changes_seen = len(changes)
        while self._outdated:
            number = self._outdated.pop()
            head = self._heads[number]
            self._read_head(number, {})
            self._closed[head.first : head.first + len(head.items)] = head.items
            before = self._first_changed
            self._first_changed = head.first if before is None else min(head.first, before)
            yield len(head.source) + LINK_CHARS * head.source.count("[")

    def take_first_changed(self) -> int | None:
        """The first item that was read anew since this was last asked; None where none was."""
        first, self._first_changed = self._first_changed, None
        return first

    def settle_links(self) -> None:
        """Nothing more comes: a link that is defined on the last line counts as well."""
        self._define_open(finished=True)

    def finished_items(self) -> list[Item]:
        """Everything, read once more, with coloured code."""
        self.settle_links()
        items: list[Item] = []
        notes = self._notes_before.copy()
        for head in self._all_heads():
            items += self._read(head, notes, finished=True)
        return items

    def finish_in_parts(self, notes: Notes | None = None) -> Iterator[tuple[list[Item], int]]:
        """All that `finished_items` gives, in parts, without colours; with each the characters it took.

        `notes`: the footnotes before it, where they are known better by now; those of the text come to them.
        """
        self.settle_links()
        notes = self._notes_before.copy() if notes is None else notes
        for head in self._all_heads():
            items = self._read(head, notes, finished=True, coloured=False)
            # The same objects where nothing changed: then it is quickly seen that they stand there already.
            yield head.items if items == head.items else items, len(head.source)

    def _all_heads(self) -> list[_Head]:
        """With the open end as the last one."""
        return [*self._heads, _Head(self._open_text(), self._goes_on)]

    def _define_open(self, *, finished: bool) -> None:
        """The open end defines what it says; that of a text that was cut belongs to another."""
        if not self._is_cut:
            self.references.set_open(self._reader.definitions(self._open_text(), finished=finished))

    def _read(
        self,
        head: _Head,
        notes: Notes,
        *,
        finished: bool = False,
        coloured: bool | None = None,
        known: Known | None = None,
    ) -> list[Item]:
        return self._reader.read(
            head.source,
            finished=finished,
            coloured=coloured,
            goes_on=head.goes_on,
            known=known,
            notes=notes,
            definitions=self.references.known,
        )

    def _read_head(self, number: int, known: Known) -> None:
        """Read finished blocks, and note what they may refer to."""
        head = self._heads[number]
        head.items = self._read(head, self._notes, known=known)
        for _, asked in known.values():
            for label in asked:
                self._mentions.setdefault(label, set()).add(number)

    def _open_text(self) -> str:
        return self._tail + self._held.replace("\r", "\n")

    def _close(self, chars: int) -> None:
        """Take so many characters off the tail; what they say does not change any more."""
        head, self._tail = self._tail[:chars], self._tail[chars:]
        self.references.close(self._reader.definitions(head, finished=False))
        self._heads.append(_Head(head, self._goes_on, len(self._closed)))
        self._read_head(len(self._heads) - 1, self._known)
        self._closed_chars += len(head)
        self._closed += self._heads[-1].items
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
