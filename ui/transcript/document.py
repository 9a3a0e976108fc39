"""Writes a formatted answer into a text document, and touches only what changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from PySide6.QtGui import (
    QFontMetricsF,
    QPainter,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
)

from ui import theme as look
from ui.transcript.blocks import Block, BlockKind, Item, Runs, Table
from ui.transcript.changes import Looks, can_become, changed_links, ends_code, grown_text, line_above_px
from ui.transcript.fitted_tables import FittedTables
from ui.transcript.formulas.drawn import DrawnFormulas
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.run_writer import RunWriter, restyle
from ui.transcript.styles import TextStyles, is_right_to_left
from ui.transcript.table_writer import TableWriter
from ui.utf16 import utf16_length

TAB_IN_SPACES = 4
REACH_PX = 4
"""So far a formula or a box at most reaches out of its line."""


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
        self._formulas = DrawnFormulas(formulas, styles.theme, document)
        self._run_writer = RunWriter(styles, self._formulas)
        self._table_writer = TableWriter(self._run_writer)
        self._items: list[Item] = []
        self._starts: list[int] = []
        self._looks: list[Looks] = []
        self._changed_px: float | None = None
        self.tables = FittedTables(styles, self._formulas)
        self._with_maths: dict[int, tuple[bool, ...]] = {}  # in ascending order
        self._waiting: dict[int, None] = {}  # as well
        self._set_text_options()
        self._write_nothing()

    @property
    def styles(self) -> TextStyles:
        """How it is written."""
        return self._run_writer.styles

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
        self._changed_px = None
        kept = written = self._common_items(items, known_same)
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        if changed := changed_links(self._items, items, kept):
            for index in changed:
                self._items[index] = items[index]
            self._write_all_again(changed, cursor)
            written = self._common_items(items, changed[-1] + 1)
        if written < min(len(self._items), len(items)) and can_become(self._items[written], items[written]):
            self._remove_from(written + 1, cursor)
            self._change(items, written, cursor)
            written += 1
        else:
            self._remove_from(written, cursor)
        if changed:
            self._changed_px = None
        for index in range(written, len(items)):
            self._append(items, index, cursor)
        cursor.endEditBlock()
        return kept

    def changed_px(self, kept: int) -> int:
        """How far down what changed in the document begins; `kept` is what `write` gave."""
        top_px = self._changed_px
        if top_px is None and kept:
            block = self._document.findBlock(self.text_position(kept - 1))
            top_px = self._document.documentLayout().blockBoundingRect(block).top()
        return max(int(top_px or 0.0) - REACH_PX, 0)

    def set_styles(self, styles: TextStyles) -> None:
        """Write in this look from now on; what stands there takes it by `restyle`."""
        self._run_writer.styles = styles
        self._set_text_options()
        self._formulas.set_theme(styles.theme)
        self.tables.set_styles(styles)

    def restyle(self, indices: Iterable[int]) -> None:
        """Give these items the look of the styles. Their characters stay, and so what points to them."""
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        for index in indices:
            item = self._items[index]
            if self._run_writer.drawn(item) != self.drawn(index):
                self.write_again((index,))
            if isinstance(item, Table):
                before = self._items[index - 1] if index else None
                self._table_writer.restyle(item, before, self.tables.at(index))
                self._fit_table(index)
            else:
                self._restyle_block(index, item, cursor)
        cursor.endEditBlock()

    def changed_formulas(self, *, only_waiting: bool) -> list[int]:
        """The items whose formulas can be drawn now and were not, or fit now, or no longer do.

        `only_waiting`: the column is as wide as it was, so what is drawn stays so.
        """
        looked_at = self._waiting if only_waiting else self._with_maths
        return [
            index
            for index in looked_at
            if self._run_writer.drawn(self._items[index]) != self._with_maths[index]
        ]

    def write_again(self, changed: Sequence[int]) -> None:
        """Write these items again, in ascending order, as `changed_formulas` gives them."""
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        self._write_all_again(changed, cursor)
        cursor.endEditBlock()

    def recolour(self, index: int, runs: Runs) -> None:
        """Give a line of code the colours of `runs`; their text is what stands there."""
        line = self._items[index]
        if not isinstance(line, Block) or line.runs == runs:
            return
        line = self._items[index] = replace(line, runs=runs)
        self._looks[index] = self._looks_of(self._items, index, ())
        cursor = QTextCursor(self._document)
        cursor.setPosition(self.text_position(index))
        cursor.beginEditBlock()
        cursor.setBlockCharFormat(self.styles.characters(runs[0], line))
        for run in runs:
            cursor.setPosition(cursor.position() + utf16_length(run.text), QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(self.styles.characters(run, line))
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
            self.styles.wrap(paragraph, line, wraps=wraps)
            cursor.setBlockFormat(paragraph)
            yield cursor.block().length()

    def drawn(self, index: int) -> tuple[bool, ...]:
        """Of each formula of item `index`, whether it stands there drawn."""
        return self._with_maths.get(index, ())

    @property
    def has_drawn(self) -> bool:
        """Whether a formula is drawn in it."""
        return any(any(drawn) for drawn in self._with_maths.values())

    def fit_tables(self) -> None:
        """The page has another width: give tables theirs."""
        for index in self.tables.numbers:
            self._fit_table(index)

    def _fit_table(self, index: int) -> None:
        table = self._items[index]
        assert isinstance(table, Table)
        self.tables.fit(index, table, self._document.textWidth())

    def paint_selected(self, painter: QPainter) -> None:
        """Paint the formulas that are selected, over what Qt painted of them."""
        self._formulas.paint_selected(painter)

    def _restyle_block(self, index: int, block: Block, cursor: QTextCursor) -> None:
        cursor.setPosition(self.text_position(index))
        is_in_one_line = cursor.blockFormat().nonBreakableLines()
        self._looks[index] = self._looks_of(self._items, index, self.drawn(index))
        self._style_paragraph(self._items, index, cursor)
        if is_in_one_line:
            for _ in self.wrap_lines(index, index, wraps=False):
                pass
        restyle(cursor, self._run_writer.pieces_of(block))

    def _write_all_again(self, changed: Sequence[int], cursor: QTextCursor) -> None:
        grown = 0
        for index, below in zip(changed, [*changed[1:], len(self._items) - 1], strict=True):
            before = self._document.characterCount()
            self._write_again(index, cursor)
            grown += self._document.characterCount() - before
            for moved in range(index + 1, below + 1):
                self._starts[moved] += grown
        self._with_maths = dict(sorted(self._with_maths.items()))
        self._waiting = dict.fromkeys(sorted(self._waiting))

    def _write_again(self, index: int, cursor: QTextCursor) -> None:
        item = self._items[index]
        drawn = self._run_writer.drawn(item)
        if isinstance(item, Table):
            self._table_writer.fill(item, self.tables.at(index))
            self.tables.forget_formulas()
            self._fit_table(index)
        else:
            cursor.setPosition(self.text_position(index))
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            self._looks[index] = self._looks_of(self._items, index, drawn)
            self._style_paragraph(self._items, index, cursor)
            self._run_writer.insert_block(item, cursor)
        self._note_drawn(index, drawn)

    def _note_drawn(self, index: int, drawn: tuple[bool, ...]) -> None:
        if drawn:
            self._with_maths[index] = drawn
        else:
            self._with_maths.pop(index, None)
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
        ends_elsewhere = common and ends_code(self._items, common - 1) != ends_code(items, common - 1)
        return common - 1 if ends_elsewhere else common

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
        del self._items[index:], self._starts[index:], self._looks[index:]
        self.tables.forget_from(index)
        while self._with_maths and next(reversed(self._with_maths)) >= index:
            self._waiting.pop(self._with_maths.popitem()[0], None)

    def _set_text_options(self) -> None:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        code_font = look.code_font(self.styles.theme.px(look.CODE_PX))
        option.setTabStopDistance(QFontMetricsF(code_font).horizontalAdvance(" ") * TAB_IN_SPACES)
        known = self._document.defaultTextOption()
        if (option.wrapMode(), option.tabStopDistance()) != (known.wrapMode(), known.tabStopDistance()):
            self._document.setDefaultTextOption(option)  # lays out all of it

    def _write_nothing(self) -> None:
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(QTextBlockFormat())
        cursor.setBlockCharFormat(QTextCharFormat())

    def _append(self, items: Sequence[Item], index: int, cursor: QTextCursor) -> None:
        item, drawn = items[index], self._run_writer.drawn(items[index])
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._starts.append(cursor.position())
        self._items.append(item)
        self._looks.append(self._looks_of(items, index, drawn))
        if index:
            cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
        if isinstance(item, Table):
            made = self._table_writer.insert(item, items[index - 1] if index else None, cursor)
            self.tables.add(index, made)
            self._fit_table(index)
        self._style_paragraph(items, index, cursor)
        if isinstance(item, Block):
            self._run_writer.insert_block(item, cursor)
        self._note_drawn(index, drawn)

    def _change(self, items: Sequence[Item], index: int, cursor: QTextCursor) -> None:
        """Write an item over one of its kind, from where their words begin to differ."""
        old, new = self._items[index], items[index]
        drawn = self.drawn(index)
        self._items[index] = new
        if isinstance(old, Table) and isinstance(new, Table):
            drawn = self._table_writer.change(old, new, drawn, self.tables.at(index))
            self._fit_table(index)
        elif isinstance(old, Block) and isinstance(new, Block):
            drawn = self._change_words(index, old, new, drawn, cursor)
            looks = self._looks_of(items, index, drawn)
            if looks != self._looks[index]:
                self._looks[index], self._changed_px = looks, None
                self._style_paragraph(items, index, cursor)
        self._with_maths.pop(index, None)  # it is the last one there
        self._waiting.pop(index, None)
        self._note_drawn(index, drawn)

    def _change_words(
        self, index: int, old: Block, new: Block, was_drawn: tuple[bool, ...], cursor: QTextCursor
    ) -> tuple[bool, ...]:
        """Gives of each formula whether it is drawn; those in front of the change stay as they are."""
        same, formulas = 0, 0
        position = self.text_position(index) + (utf16_length(new.marker) + 1 if new.marker else 0)
        for was, run in zip(old.runs, new.runs, strict=False):
            if was != run:
                break
            same += 1
            is_drawn = run.maths is not None and was_drawn[formulas]
            formulas += run.maths is not None
            position += 1 if is_drawn else utf16_length(run.text)
        rest = list(new.runs[same:])
        kept_text = grown_text(old.runs[same], rest[0]) if rest and same < len(old.runs) else ""
        if kept_text:
            rest[0] = replace(rest[0], text=rest[0].text[len(kept_text) :])
        cursor.setPosition(position + utf16_length(kept_text))
        self._changed_px = line_above_px(cursor)
        if same + bool(kept_text) < len(old.runs):
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        self._run_writer.insert(rest, new, cursor)
        return was_drawn[:formulas] + self._run_writer.drawn(replace(new, runs=tuple(rest)))

    def _looks_of(self, items: Sequence[Item], index: int, drawn: tuple[bool, ...]) -> Looks:
        item = items[index]
        if isinstance(item, Table):
            return Looks()
        return Looks(
            ends_code=ends_code(items, index),
            right_to_left=is_right_to_left(item),
            is_drawn=any(drawn),
            is_high=bool(drawn) and self._formulas.need_room(item, self.styles),
            first=(run.marks, run.address, run.role) if (run := next(iter(item.runs), None)) else (),
        )

    def _style_paragraph(self, items: Sequence[Item], index: int, cursor: QTextCursor) -> None:
        """Give the paragraph at the cursor the format of item `index`, the one behind a table none."""
        item, looks = items[index], self._looks[index]
        if isinstance(item, Table):
            cursor.setBlockFormat(QTextBlockFormat())
            cursor.setBlockCharFormat(QTextCharFormat())
            return
        before = items[index - 1] if index else None
        paragraph = self.styles.paragraph(item, before, ends_code=looks.ends_code)
        self.styles.make_room(paragraph, item, high=looks.is_high, drawn=looks.is_drawn)
        cursor.setBlockFormat(paragraph)
        cursor.setBlockCharFormat(
            self.styles.characters(item.runs[0], item) if item.runs else QTextCharFormat()
        )
