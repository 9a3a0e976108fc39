"""Writes a formatted answer into a text document, and touches only what changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from PySide6.QtGui import (
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QTextTable,
)

from ui import theme as look
from ui.transcript.blocks import Block, BlockKind, Item, Mark, Run, Runs, Table
from ui.transcript.formulas.drawing import Formula
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.formulas.objects import FORMULA_OBJECT, OBJECT, FormulaObjects, fits, needs_room
from ui.transcript.styles import TextStyles

TAB_IN_SPACES = 4


class AnswerWriter:
    """Keeps a document equal to the items last written.

    Each item begins at the place where the document ended before it, with the separator of its
    paragraph, so taking items off the end leaves what was there before they came.
    """

    def __init__(
        self, document: QTextDocument, styles: TextStyles, formulas: FormulaMaker | None = None
    ) -> None:
        """Without `formulas` maths stays its source."""
        self._document = document
        self._styles = styles
        self._formulas = formulas
        self._items: list[Item] = []
        self._starts: list[int] = []
        self._with_maths: dict[int, tuple[bool, ...]] = {}  # in ascending order
        self._waiting: dict[int, None] = {}
        if formulas is not None:
            self._objects = FormulaObjects(formulas.painter, styles.theme, document)
            document.documentLayout().registerHandler(FORMULA_OBJECT, self._objects)
        self._set_text_options()
        self._write_nothing()

    @property
    def styles(self) -> TextStyles:
        """How it is written."""
        return self._styles

    @property
    def items(self) -> Sequence[Item]:
        """What stands in the document."""
        return self._items

    def text_position(self, index: int) -> int:
        """The position of the first character of item `index`."""
        return self._starts[index] + (1 if index else 0)

    def item_at(self, position: int) -> int:
        """The item that holds the character at `position`; 0 in an empty document."""
        return max(bisect_right(self._starts, position - 1) - 1, 0)

    def write(self, items: Sequence[Item], known_same: int = 0) -> int:
        """Make the document show `items`; gives how many of the old ones stayed untouched.

        The caller knows that the first `known_same` are those that stand there.
        """
        kept = self._common_items(items, known_same)
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        self._remove_from(kept, cursor)
        for index in range(kept, len(items)):
            self._append(items, index, cursor)
        cursor.endEditBlock()
        return kept

    def restyle(self, styles: TextStyles) -> None:
        """Write everything again in other colours."""
        items = self._items.copy()
        self._styles = styles
        self._set_text_options()
        if self._formulas is not None:
            self._objects.set_theme(styles.theme)
        self.write(())
        self.write(items)

    def changed_formulas(self, *, only_waiting: bool) -> list[int]:
        """The items whose formulas can be drawn now and were not, or fit now, or no longer do.

        `only_waiting`: the column is as wide as it was, so what is drawn stays so.
        """
        looked_at = self._waiting if only_waiting else self._with_maths
        return [index for index in looked_at if self._drawn(self._items[index]) != self._with_maths[index]]

    def write_again(self, changed: Sequence[int]) -> None:
        """Write these items again, in ascending order, as `changed_formulas` gives them."""
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        for index in changed:
            before = self._document.characterCount()
            self._write_again(index, cursor)
            grown = self._document.characterCount() - before
            self._starts[index + 1 :] = [start + grown for start in self._starts[index + 1 :]]
        cursor.endEditBlock()

    def recolour(self, index: int, runs: Runs) -> None:
        """Give a line of code the colours of `runs`; their text is what stands there."""
        line = self._items[index]
        if not isinstance(line, Block) or line.runs == runs:
            return
        line = self._items[index] = replace(line, runs=runs)
        cursor = QTextCursor(self._document)
        cursor.setPosition(self.text_position(index))
        cursor.beginEditBlock()
        cursor.setBlockCharFormat(self._styles.characters(runs[0], line))
        for run in runs:
            cursor.setPosition(cursor.position() + units(run.text), QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(self._styles.characters(run, line))
            cursor.setPosition(cursor.position())
        cursor.endEditBlock()

    def wrap_lines(self, first: int, last: int, *, wraps: bool) -> Iterator[int]:
        """Have these lines of code go on in the next line, or not; gives the length of each as it is done."""
        cursor = QTextCursor(self._document)
        for index in range(first, last + 1):
            line = self._items[index] if index < len(self._items) else None
            if not isinstance(line, Block) or line.kind is not BlockKind.CODE_LINE:
                return
            cursor.setPosition(self.text_position(index))
            paragraph = cursor.blockFormat()
            self._styles.wrap(paragraph, line, wraps=wraps)
            cursor.setBlockFormat(paragraph)
            yield cursor.block().length()

    def is_drawn(self, run: Run, item: Item) -> bool:
        """Whether this run of `item` stands there as a formula."""
        return self._formula(run, item) is not None

    def drawn_sources(self) -> Iterator[str]:
        """What the formulas that are drawn were written as, in their order."""
        for index in self._with_maths:
            runs = (run for run in _runs(self._items[index]) if run.maths is not None)
            for run, is_drawn in zip(runs, self._with_maths[index], strict=True):
                if is_drawn:
                    yield run.source or run.text

    def _drawn(self, item: Item) -> tuple[bool, ...]:
        """Of each formula of the item, whether it is to be drawn now."""
        return tuple(self._formula(run, item) is not None for run in _runs(item) if run.maths is not None)

    def _formula(self, run: Run, item: Item) -> Formula | None:
        """The formula to stand in place of this run; None: its source does."""
        if run.maths is None or self._formulas is None:
            return None
        formula = self._objects.formula(run.maths) or self._formulas.get(run.maths)
        column_px = self._styles.column_px(item, self._document.textWidth())
        if formula is None or not fits(formula, self._styles.em_px(item), column_px):
            return None
        return formula

    def _has_high_formula(self, block: Block) -> bool:
        em_px, line_px = self._styles.em_px(block), self._styles.line_px(block)
        formulas = [self._formula(run, block) for run in block.runs if run.maths is not None]
        return any(formula is not None and needs_room(formula, em_px, line_px) for formula in formulas)

    def _write_again(self, index: int, cursor: QTextCursor) -> None:
        item = self._items[index]
        if isinstance(item, Table):
            cursor.setPosition(self.text_position(index) + 1)  # the first cell
            self._fill_table(item, cursor.currentTable())
        else:
            cursor.setPosition(self.text_position(index))
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            self._style_paragraph(self._items, index, cursor)
            self._insert_block(item, cursor)
        self._note_drawn(index)

    def _note_drawn(self, index: int) -> None:
        drawn = self._drawn(self._items[index])
        if drawn:
            self._with_maths[index] = drawn
        if all(drawn):
            self._waiting.pop(index, None)
        else:
            self._waiting[index] = None

    def _common_items(self, items: Sequence[Item], known_same: int) -> int:
        """How many items at the start stay. The last code line of a block depends on the next item."""
        common = known_same
        for old, new in zip(
            islice(self._items, known_same, None), islice(items, known_same, None), strict=False
        ):
            if old is not new and old != new:
                break
            common += 1
        changed = common < max(len(self._items), len(items))
        return common - 1 if changed and common and _is_code_line(items[common - 1]) else common

    def _remove_from(self, index: int, cursor: QTextCursor) -> None:
        if index >= len(self._items):
            return
        cursor.setPosition(self._starts[index])
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        # Qt gives an empty paragraph the format of the one removed behind it; put its own back.
        if index == 0:
            self._write_nothing()
        else:
            self._style_paragraph(self._items, index - 1, cursor)
        del self._items[index:], self._starts[index:]
        while self._with_maths and next(reversed(self._with_maths)) >= index:
            self._waiting.pop(self._with_maths.popitem()[0], None)

    def _set_text_options(self) -> None:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        code_font = look.code_font(self._styles.theme.px(look.CODE_PX))
        option.setTabStopDistance(QFontMetricsF(code_font).horizontalAdvance(" ") * TAB_IN_SPACES)
        self._document.setDefaultTextOption(option)

    def _write_nothing(self) -> None:
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(QTextBlockFormat())
        cursor.setBlockCharFormat(QTextCharFormat())

    def _append(self, items: Sequence[Item], index: int, cursor: QTextCursor) -> None:
        item = items[index]
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._starts.append(cursor.position())
        self._items.append(item)
        if index:
            cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
        if isinstance(item, Table):
            self._insert_table(item, items[index - 1] if index else None, cursor)
        self._style_paragraph(items, index, cursor)
        if isinstance(item, Block):
            self._insert_block(item, cursor)
        self._note_drawn(index)

    def _style_paragraph(self, items: Sequence[Item], index: int, cursor: QTextCursor) -> None:
        """Give the paragraph at the cursor the format of item `index`, the one behind a table none."""
        item = items[index]
        if isinstance(item, Table):
            cursor.setBlockFormat(QTextBlockFormat())
            cursor.setBlockCharFormat(QTextCharFormat())
            return
        below = items[index + 1] if index + 1 < len(items) else None
        before = items[index - 1] if index else None
        ends_code = _is_code_line(item) and not (below is not None and _is_code_line(below))
        paragraph = self._styles.paragraph(item, before, ends_code=ends_code)
        if any(run.maths is not None for run in item.runs):
            self._styles.make_room(
                paragraph, item, high=self._has_high_formula(item), drawn=any(self._drawn(item))
            )
        cursor.setBlockFormat(paragraph)
        cursor.setBlockCharFormat(
            self._styles.characters(item.runs[0], item) if item.runs else QTextCharFormat()
        )

    def _insert_block(self, block: Block, cursor: QTextCursor) -> None:
        if block.marker:
            cursor.insertText(block.marker + "\t", self._styles.marker())
        self._insert_runs(block.runs, block, cursor)

    def _insert_runs(self, runs: Runs, item: Item, cursor: QTextCursor) -> None:
        for run in runs:
            characters = self._styles.characters(run, item if isinstance(item, Block) else None)
            formula = self._formula(run, item)
            if formula is not None and run.maths is not None:
                around = self._styles.around_formula(run, item)
                em_px = self._styles.em_px(item)
                made = self._objects.characters(run.maths, run.source, formula, em_px, around)
                cursor.insertText(OBJECT, made)
            else:
                cursor.insertText(run.text, characters)

    def _insert_table(self, table: Table, before: Item | None, cursor: QTextCursor) -> None:
        made = cursor.insertTable(len(table.rows), len(table.alignments), self._styles.table(table, before))
        for row_number in range(len(table.rows)):
            for column in range(len(table.alignments)):
                made.cellAt(row_number, column).setFormat(self._styles.cell(head=row_number == 0))
        self._fill_table(table, made)
        cursor.movePosition(QTextCursor.MoveOperation.End)

    def _fill_table(self, table: Table, made: QTextTable) -> None:
        """Write the cells, in place of what they hold."""
        for row_number, row in enumerate(table.rows):
            for column, alignment in enumerate(table.alignments):
                cell = made.cellAt(row_number, column)
                inner = cell.firstCursorPosition()
                inner.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
                inner.removeSelectedText()
                runs = row[column] if column < len(row) else ()
                if row_number == 0:
                    runs = tuple(replace(run, marks=run.marks | Mark.BOLD) for run in runs)
                paragraph = self._styles.cell_paragraph(alignment)
                cell_block = Block(BlockKind.PARAGRAPH, runs)
                if self._has_high_formula(cell_block):
                    self._styles.make_room(paragraph, cell_block, high=True, drawn=True)
                inner.setBlockFormat(paragraph)
                self._insert_runs(runs, table, inner)


def _runs(item: Item) -> Iterator[Run]:
    """All runs of a paragraph or a table."""
    if isinstance(item, Block):
        yield from item.runs
        return
    for row in item.rows:
        for cell in row:
            yield from cell


def _is_code_line(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is BlockKind.CODE_LINE


def units(text: str) -> int:
    """How many places it takes in a text document, which counts as UTF-16 does."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
