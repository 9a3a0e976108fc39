"""What of an answer's paragraph or table changed, for a document in which only that is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from PySide6.QtGui import QTextCursor

from ui.transcript.blocks import Block, BlockKind, Item, Run, Table
from ui.transcript.table_widths import runs_right_to_left

_CODE = (BlockKind.CODE_HEAD, BlockKind.CODE_LINE)


class Looks(NamedTuple):
    """What of a paragraph's words its format depends on."""

    ends_code: bool = False
    right_to_left: bool = False
    is_drawn: bool = False
    is_high: bool = False
    first: tuple[object, ...] = ()
    """What the first run looks like: an empty line has its format."""


def can_become(old: Item, new: Item) -> bool:
    """Whether `new` can be written over `old`: they differ in their words only."""
    if isinstance(old, Block) and isinstance(new, Block):
        looks = (old.kind, old.level, old.inside, old.marker)
        return bool(new.runs) and looks == (new.kind, new.level, new.inside, new.marker)
    if isinstance(old, Table) and isinstance(new, Table):
        grows = len(old.rows) <= len(new.rows) and old.rows[:1] == new.rows[:1]
        return grows and (old.alignments, old.inside) == (new.alignments, new.inside)
    return False


def changed_links(old: Sequence[Item], new: Sequence[Item], start: int) -> list[int]:
    """Which items from `start` on say something else in the same form, up to one that has another or grew.

    So it is where a link that they refer to was defined further down.
    """
    changed: list[int] = []
    for index in range(start, min(len(old), len(new))):
        was, item = old[index], new[index]
        if was is not item and was != item:
            may_have_grown = index == len(old) - 1 and can_become(was, item)
            if may_have_grown or not _is_same_form(was, item):
                break
            changed.append(index)
    return changed


def _is_same_form(old: Item, new: Item) -> bool:
    if isinstance(old, Block) and isinstance(new, Block):
        return replace(old, runs=new.runs) == new and old.kind not in _CODE
    if isinstance(old, Table) and isinstance(new, Table):
        is_alike = runs_right_to_left(old) == runs_right_to_left(new) and len(old.rows) == len(new.rows)
        return is_alike and replace(old, rows=new.rows) == new
    return False


def grown_text(old: Run, new: Run) -> str:
    """The text of `old` where `new` is the same with more behind it, else none."""
    is_same = replace(new, text=old.text) == old and old.maths is None
    return old.text if is_same and new.text.startswith(old.text) else ""


def line_above_px(cursor: QTextCursor) -> float:
    """How far down the line above the cursor begins: what changes may break its words anew from there."""
    layout = cursor.block().layout()
    number = layout.lineForTextPosition(cursor.positionInBlock()).lineNumber()
    top = layout.position().y()
    return float(top + layout.lineAt(number - 1).y() if number > 0 else top)


def ends_code(items: Sequence[Item], index: int) -> bool:
    """Whether item `index` is the last line of its code."""
    below = items[index + 1] if index + 1 < len(items) else None
    return is_code_line(items[index]) and not (below is not None and is_code_line(below))


def is_code_line(item: Item) -> bool:
    """Whether it is a line of code."""
    return isinstance(item, Block) and item.kind is BlockKind.CODE_LINE
