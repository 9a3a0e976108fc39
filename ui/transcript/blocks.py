"""A formatted answer as plain values: what `markdown.py` reads and `document.py` writes.

One `Block` is one paragraph of the text document, a line of code included. Two answers with equal
items look equal, so a growing answer is painted by comparing items and writing from the first
that differs.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

LINE_SEPARATOR = "\u2028"
"""A line break inside a paragraph, as the text document knows it."""

WORD_JOINER = "\u2060"
"""No line ends there. It has no width, and copying drops it."""


class Mark(enum.Flag):
    """How a run of characters stands out."""

    NONE = 0
    BOLD = enum.auto()
    ITALIC = enum.auto()
    STRIKE = enum.auto()
    CODE = enum.auto()
    MATH = enum.auto()
    BOXED = enum.auto()
    RAISED = enum.auto()


class CodeRole(enum.StrEnum):
    """What a run of code is; the value names the colour in the theme."""

    PLAIN = "text"
    KEYWORD = "code_keyword"
    NUMBER = "code_number"
    STRING = "code_string"
    COMMENT = "code_comment"
    NAME = "code_name"


class Container(enum.StrEnum):
    """What a block stands inside, from the outermost to the innermost."""

    LIST = "list"
    NOTE = "note"
    QUOTE = "quote"


class BlockKind(enum.StrEnum):
    """What a paragraph of the document is.

    CODE_HEAD opens a code block and holds its language; CODE_LINE follows it. CONTINUED goes on
    with a paragraph too long for one.
    """

    PARAGRAPH = "paragraph"
    TIGHT = "tight"
    CONTINUED = "continued"
    HEADING = "heading"
    CODE_HEAD = "code_head"
    CODE_LINE = "code_line"
    MATH = "math"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Maths:
    """A formula in LaTeX, without delimiters. `is_display`: in the style of one on its own line."""

    tex: str
    is_display: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that look alike. `address` is a checked, normalised link, or empty.

    Where there is `maths`, that formula stands in place of the text, once it is drawn; `source` is what it
    was written as, delimiters included. A reference to a footnote and a result in a box that stays text have
    a `source` as well: their Markdown.
    `behind`: punctuation at the end of both, no part of the formula, that no line may begin with.
    """

    text: str
    marks: Mark = Mark.NONE
    address: str = ""
    role: CodeRole = CodeRole.PLAIN
    maths: Maths | None = None
    source: str = ""
    behind: str = ""


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph. `level` is a heading's, `marker` the bullet or number before a list item or footnote."""

    kind: BlockKind
    runs: Runs = ()
    level: int = 0
    inside: tuple[Container, ...] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as the head, `alignments` are left, center or right."""

    rows: tuple[tuple[Runs, ...], ...]
    alignments: tuple[str, ...]
    inside: tuple[Container, ...] = ()


Item = Block | Table


def whole_paragraphs(items: Iterable[Item]) -> list[Item]:
    """The items with each paragraph that was too long for one in one piece again."""
    whole: list[Item] = []
    for item in items:
        before = whole[-1] if whole else None
        if isinstance(item, Block) and item.kind is BlockKind.CONTINUED and isinstance(before, Block):
            whole[-1] = replace(before, runs=before.runs + item.runs)
        else:
            whole.append(item)
    return whole
