"""How far lists and quotes within each other are indented."""

from __future__ import annotations

from itertools import pairwise

from ui.theme import GUTTER_PX, Theme
from ui.transcript.blocks import Container
from ui.transcript.styles import MAX_LEVELS, indent_px

NARROW_COLUMN_PX = 400 - 2 * GUTTER_PX


def test_each_of_twelve_levels_stands_further_in_and_leaves_half_of_a_narrow_column() -> None:
    indents = [indent_px((Container.LIST,) * level, Theme.light()) for level in range(MAX_LEVELS + 3)]
    steps = [deeper - level for level, deeper in pairwise(indents)]
    assert steps[:4] == [24] * 4
    assert all(0 < step < 24 for step in steps[4:MAX_LEVELS])
    assert steps[MAX_LEVELS:] == [0, 0]
    assert indents[-1] <= NARROW_COLUMN_PX / 2
