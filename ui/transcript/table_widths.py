"""How wide the columns of a table are: words stay whole, and what is then too wide is scrolled sideways."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ui.theme import Theme
from ui.transcript.blocks import Block, BlockKind, Run, Runs, Table
from ui.transcript.styles import CELL_GAP_PX, is_right_to_left

MAX_WORD_PX = 200
"""A longer word is broken."""
MAX_COLUMN_PX = 280
"""Of a table that is scrolled: more is hard to follow."""
MAX_KNOWN = 20_000

_SLACK_PX = 2
"""Qt wants a little more than the letters take."""
_PARTS = re.compile(r"[\s\u2e80-\uffdc]+|(?<=[-/])")
"""Between which a line may end; Chinese ends anywhere."""


class Columns(NamedTuple):
    """Widths with the gap behind each; none: as the words have it. `is_wide`: wider than the page."""

    widths_px: tuple[int, ...] = ()
    is_wide: bool = False


class TableMeasure:
    """Measures cells, each once."""

    def __init__(self, width_px: Callable[[Run, str], float], theme: Theme) -> None:
        """`width_px`: how wide a part of a run is; of a formula, all of it."""
        self._width_px = width_px
        self._gap_px = theme.px(CELL_GAP_PX) + _SLACK_PX
        self._max_word_px = theme.px(MAX_WORD_PX)
        self._max_column_px = theme.px(MAX_COLUMN_PX)
        self._known: dict[int, tuple[Runs, float, float]] = {}

    def forget(self) -> None:
        """The letters or the formulas are others now."""
        self._known.clear()

    def columns(self, table: Table, room_px: float) -> Columns:
        """The columns in a page with so much room."""
        count = len(table.alignments)
        words, lines = [0.0] * count, [0.0] * count
        for row in table.rows:
            for column, runs in enumerate(row[:count]):
                _, word_px, line_px = self._measures(runs)
                words[column] = max(words[column], word_px)
                lines[column] = max(lines[column], line_px)
        words, lines = ([px + self._gap_px for px in widths] for widths in (words, lines))
        return _columns(words, lines, room_px, self._max_column_px)

    def _measures(self, runs: Runs) -> tuple[Runs, float, float]:
        known = self._known.get(id(runs))
        if known is None:
            if len(self._known) > MAX_KNOWN:
                self._known.clear()
            # With the cell itself: as long as it is kept no other has its id.
            known = self._known[id(runs)] = (runs, *self._measured(runs))
        return known

    def _measured(self, runs: Runs) -> tuple[float, float]:
        longest_word = line = longest_line = 0.0
        for run in runs:
            if run.maths is not None:
                width = self._width_px(run, run.text)
                longest_word, line = max(longest_word, width), line + width
                continue
            for number, part in enumerate(run.text.split("\u2028")):
                longest_line, line = (max(longest_line, line), 0.0) if number else (longest_line, line)
                line += self._width_px(run, part)
                word = max((self._width_px(run, word) for word in _PARTS.split(part) if word), default=0.0)
                longest_word = max(longest_word, min(word, self._max_word_px))
        return longest_word, max(longest_line, line)


def _columns(words: Sequence[float], lines: Sequence[float], room_px: float, max_px: float) -> Columns:
    if sum(lines) <= room_px:
        return Columns()
    if sum(words) > room_px:
        widths = [max(word, min(line, max_px)) for word, line in zip(words, lines, strict=True)]
        return Columns(tuple(int(width) + 1 for width in widths), is_wide=True)
    wished = sum(lines) - sum(words)
    share = (room_px - sum(words)) / wished
    return Columns(tuple(int(word + (line - word) * share) for word, line in zip(words, lines, strict=True)))


def runs_right_to_left(table: Table) -> bool:
    """Whether it stands on the right: the first letter of its head decides."""
    return is_right_to_left(Block(BlockKind.PARAGRAPH, tuple(run for cell in table.rows[0] for run in cell)))
