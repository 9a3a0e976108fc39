"""What is selected of an answer, as items: the ends cut, of a table the selected cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from PySide6.QtGui import QTextCursor, QTextDocument, QTextTable

from ui.transcript.blocks import Block, BlockKind, Container, Item, Mark, Run, Runs, Table
from ui.transcript.document import AnswerWriter
from ui.transcript.formulas.objects import OBJECT
from ui.utf16 import utf16_length, utf16_part


def cut_items(writer: AnswerWriter, selection: QTextCursor) -> list[Item]:
    """The items of a selection in the document of `writer`.

    What is selected of code has its head; an item of a list that goes on in others has its marker, wherever
    it is cut. Lists of which no item is there are left out of `inside`.
    """
    start, end = selection.selectionStart(), selection.selectionEnd()
    if not writer.items or start >= end:
        return []
    first, last = writer.item_at(start), writer.item_at(end)
    table = writer.items[first]
    if first == last and isinstance(table, Table):
        return _cut_table(table, selection)
    cut = [(index, _cut(writer, index, selection)) for index in range(first, last + 1)]
    there = [(index, item) for index, item in cut if item is not None]
    if not there or (len(there) == 1 and _is_nothing(there[0][1])):
        return []
    items = [item for _, item in there]
    if len(items) > 1:
        items[0] = _with_marker(items[0], writer.items[there[0][0]])
    return _placed(_with_heads(items, writer.items[: there[0][0]]))


def _cut(writer: AnswerWriter, index: int, selection: QTextCursor) -> Item | None:
    start, end = selection.selectionStart(), selection.selectionEnd()
    item, position = writer.items[index], writer.text_position(index)
    if isinstance(item, Table):
        behind = writer.text_position(index + 1) - 1 if index + 1 < len(writer.items) else end
        return item if start < behind and position < end else None
    text_position = position + (utf16_length(item.marker) + 1 if item.marker else 0)
    runs = tuple(_cut_runs(item.runs, selection.document(), text_position, start, end))
    if not runs and (item.runs or (end <= position and item.kind is not BlockKind.RULE)):
        return None
    return replace(item, runs=runs, marker=item.marker if start < text_position else "")


def _cut_runs(runs: Runs, document: QTextDocument, position: int, start: int, end: int) -> Iterator[Run]:
    """Of runs that stand at `position` those from `start` to `end`; a formula whole or not at all.

    A part of a result has no box.
    """
    for run in runs:
        is_drawn = run.maths is not None and document.characterAt(position) == OBJECT
        size = 1 if is_drawn else utf16_length(run.text)
        first, last = max(start - position, 0), min(end - position, size)
        position += size
        if first >= last:
            continue
        if run.maths is not None or last - first == size:
            yield run
        else:
            yield _part(run, utf16_part(run.text, first, last))


def _part(run: Run, text: str) -> Run:
    if not run.marks & Mark.BOXED:
        return replace(run, text=text)
    is_all = text.strip() == run.text.strip()  # but for the room in its box
    return run if is_all else replace(run, text=text, marks=run.marks & ~Mark.BOXED, source="")


def _cut_table(table: Table, selection: QTextCursor) -> list[Item]:
    """The selected cells as a table; of a single cell the selected words."""
    made = cast("QTextTable | None", selection.currentTable())
    if made is None:
        return [replace(table, inside=())]
    if selection.hasComplexSelection():
        selected = cast("tuple[int, int, int, int]", selection.selectedTableCells())
        row, rows, column, columns = selected
        cells = tuple(tuple(line[column : column + columns]) for line in table.rows[row : row + rows])
        return [Table(cells, table.alignments[column : column + columns])]
    start, end = selection.selectionStart(), selection.selectionEnd()
    cell = made.cellAt(start)
    words = table.rows[cell.row()][cell.column()]
    runs = tuple(_cut_runs(words, selection.document(), cell.firstPosition(), start, end))
    return [Block(BlockKind.PARAGRAPH, runs)] if runs else []


def _with_marker(item: Item, whole: Item) -> Item:
    if isinstance(item, Table) or isinstance(whole, Table):
        return item
    return replace(item, marker=whole.marker)


def _with_heads(items: list[Item], before: Sequence[Item]) -> list[Item]:
    """Lines of code under the head of their code; a head without lines is words, where it is all there is."""
    last = items[-1]
    if isinstance(last, Block) and last.kind is BlockKind.CODE_HEAD:
        items = items[:-1] or [replace(last, kind=BlockKind.PARAGRAPH)]
    if _is(items[0], BlockKind.CODE_LINE):
        return [*[item for item in before if _is(item, BlockKind.CODE_HEAD)][-1:], *items]
    return items


def _is_nothing(item: Item) -> bool:
    """Whether it is an item of a list without words, and without its marker."""
    return isinstance(item, Block) and item.kind is BlockKind.TIGHT and not item.runs and not item.marker


def _is(item: Item, kind: BlockKind) -> bool:
    return isinstance(item, Block) and item.kind is kind


def _placed(items: Sequence[Item]) -> list[Item]:
    """The same items inside those lists only of which an item is there."""
    placed: list[Item] = []
    path: list[tuple[Container, bool]] = []
    for item in items:
        opens = isinstance(item, Block) and bool(item.marker)
        same = 0
        while same < min(len(path), len(item.inside) - opens) and path[same][0] is item.inside[same]:
            same += 1
        path[same:] = [(container, container is Container.QUOTE) for container in item.inside[same:]]
        if opens:
            path[-1] = (path[-1][0], True)
        placed.append(replace(item, inside=tuple(container for container, is_there in path if is_there)))
    return placed
