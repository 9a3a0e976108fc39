"""Writes a table into a text document, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from PySide6.QtGui import QTextBlockFormat, QTextCursor, QTextTable

from ui.transcript.blocks import Block, BlockKind, Item, Mark, Table
from ui.transcript.run_writer import RunWriter, restyle
from ui.transcript.table_widths import runs_right_to_left


class TableWriter:
    """Keeps tables of Qt equal to ours; how wide their columns are is left to `FittedTables`."""

    def __init__(self, runs: RunWriter) -> None:
        self._runs = runs

    def insert(self, table: Table, before: Item | None, cursor: QTextCursor) -> QTextTable:
        """Write a table at the cursor, which then stands at the end of the document."""
        looks = self._runs.styles.table(table, before, right_to_left=runs_right_to_left(table))
        made = cursor.insertTable(len(table.rows), len(table.alignments), looks)
        self._style_cells(table, made, 0)
        self.fill(table, made)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        return made

    def fill(self, table: Table, made: QTextTable) -> None:
        """Write the cells, in place of what they hold."""
        for row, column in _cells(table):
            self._fill_cell(table, made, row, column)

    def change(
        self, old: Table, new: Table, was_drawn: tuple[bool, ...], made: QTextTable
    ) -> tuple[bool, ...]:
        """Write what is new, of `old` with as many columns.

        Gives of each formula whether it is drawn; those in cells that stay are as they were.
        """
        if len(new.rows) > len(old.rows):
            made.appendRows(len(new.rows) - len(old.rows))
            self._style_cells(new, made, len(old.rows))
        drawn: list[bool] = []
        before = iter(was_drawn)
        for row, cells in enumerate(new.rows):
            for column, runs in enumerate(cells):
                was = old.rows[row][column] if row < len(old.rows) else None
                stood = [next(before) for run in was or () if run.maths is not None]
                if runs == was:
                    drawn += stood
                else:
                    self._fill_cell(new, made, row, column)
                    drawn += self._runs.drawn(replace(new, rows=((runs,),)))
        return tuple(drawn)

    def restyle(self, table: Table, before: Item | None, made: QTextTable) -> None:
        """Give what stands there the look of the styles; its characters stay."""
        made.setFormat(self._runs.styles.table(table, before, right_to_left=runs_right_to_left(table)))
        self._style_cells(table, made, 0)
        for row, column in _cells(table):
            words = _words(table, row, column)
            inner = made.cellAt(row, column).firstCursorPosition()
            inner.setBlockFormat(self._paragraph(table, column, words))
            restyle(inner, self._runs.pieces(words.runs, table))

    def _style_cells(self, table: Table, made: QTextTable, from_row: int) -> None:
        is_rtl = runs_right_to_left(table)
        for row in range(from_row, made.rows()):
            for column in range(made.columns()):
                looks = self._runs.styles.cell(head=row == 0, right_to_left=is_rtl)
                made.cellAt(row, column).setFormat(looks)

    def _fill_cell(self, table: Table, made: QTextTable, row: int, column: int) -> None:
        cell = made.cellAt(row, column)
        inner = cell.firstCursorPosition()
        inner.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
        inner.removeSelectedText()
        words = _words(table, row, column)
        inner.setBlockFormat(self._paragraph(table, column, words))
        self._runs.insert(words.runs, table, inner)

    def _paragraph(self, table: Table, column: int, words: Block) -> QTextBlockFormat:
        styles, is_rtl = self._runs.styles, runs_right_to_left(table)
        paragraph = styles.cell_paragraph(table.alignments[column], right_to_left=is_rtl)
        if self._runs.formulas.need_room(words, styles):
            styles.make_room(paragraph, words, high=True, drawn=True)
        return paragraph


def _cells(table: Table) -> Iterator[tuple[int, int]]:
    """Row and column of each cell."""
    return product(range(len(table.rows)), range(len(table.alignments)))


def _words(table: Table, row: int, column: int) -> Block:
    """The words of a cell; those of the head are bold."""
    runs = table.rows[row][column] if column < len(table.rows[row]) else ()
    if row == 0:
        runs = tuple(replace(run, marks=run.marks | Mark.BOLD) for run in runs)
    return Block(BlockKind.PARAGRAPH, runs)
