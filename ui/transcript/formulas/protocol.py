"""What the window and the process that makes formulas say to each other: one JSON object a line.

All measures are in em; y grows downwards, from the baseline. A colour is 1 for the accent, 0 for that of
the text around.
"""

from __future__ import annotations

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """Make this one. `display`: in the larger style of a formula on a line of its own."""

    tex: str
    display: bool


class Drawn(msgspec.Struct, frozen=True):
    """A formula, or in `error` why there is none.

    `left` is where its ink begins, seen from the place of its first character. `parts` is a `Parts`, not
    read yet. `shapes` has the outlines that were not told before, by their names: [0, x, y] is a move,
    [1, x, y] a line, four numbers a quadratic curve and six a cubic one.
    """

    error: str = ""
    left: float = 0.0
    width: float = 0.0
    ascent: float = 0.0
    depth: float = 0.0
    parts: msgspec.Raw = msgspec.Raw(b"{}")
    shapes: dict[str, list[list[float]]] = {}


class Parts(msgspec.Struct, frozen=True):
    """What a formula is made of.

    `glyphs`: name of the shape, colour, x, y, size; `words`: a character without a shape, and the same;
    `bars`: colour, then the x and y of four corners; `boxes`: left, top, right, bottom.
    """

    glyphs: list[tuple[str, int, float, float, float]] = []
    words: list[tuple[str, int, float, float, float]] = []
    bars: list[tuple[int, float, float, float, float, float, float, float, float]] = []
    boxes: list[tuple[float, float, float, float]] = []
