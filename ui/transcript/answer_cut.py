"""The part of an answer between two places of its document, as items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ui.transcript.blocks import Block, BlockKind, Item, Run
from ui.transcript.document import AnswerWriter, units


def cut_items(writer: AnswerWriter, start: int, end: int) -> list[Item]:
    """The items from position `start` to `end`: the first and the last cut, a table always whole."""
    if not writer.items or start >= end:
        return []
    first, last = writer.item_at(start), writer.item_at(end)
    return [item for index in range(first, last + 1) if (item := _cut(writer, index, start, end)) is not None]


def _cut(writer: AnswerWriter, index: int, start: int, end: int) -> Item | None:
    item, position = writer.items[index], writer.text_position(index)
    if not isinstance(item, Block):
        return item
    text_position = position + (units(item.marker) + 1 if item.marker else 0)
    runs = tuple(_cut_runs(item, writer.drawn(index), start - text_position, end - text_position))
    if not runs and item.runs:
        return None
    if not runs and (end <= position and item.kind is not BlockKind.RULE):
        return None
    marker = item.marker if start < text_position else ""
    if (runs, marker) == (item.runs, item.marker):
        return item
    inside = item.inside if marker == item.marker else item.inside[:-1]  # its list begins with the next one
    return replace(item, runs=runs, marker=marker, inside=inside)


def _cut_runs(block: Block, drawn: tuple[bool, ...], start: int, end: int) -> Iterator[Run]:
    """A formula is there whole or not at all; `drawn` says of each whether it is one character."""
    position, of_formulas = 0, iter(drawn)
    for run in block.runs:
        is_drawn = run.maths is not None and next(of_formulas)
        size = 1 if is_drawn else units(run.text)
        first, last = max(start - position, 0), min(end - position, size)
        position += size
        if first >= last:
            continue
        if run.maths is not None or last - first == size:
            yield run
        else:
            yield replace(run, text=_between(run.text, first, last))


def _between(text: str, start: int, end: int) -> str:
    """The characters between two places that count as a text document does."""
    if text.isascii():
        return text[start:end]
    return text.encode("utf-16-le", "replace")[2 * start : 2 * end].decode("utf-16-le", "replace")
