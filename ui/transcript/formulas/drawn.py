"""Which formulas of one document can stand there drawn, and how they stand among its words."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QPainter, QTextCharFormat, QTextDocument

from ui.theme import Theme
from ui.transcript.blocks import Block, BlockKind, Item, Run
from ui.transcript.formulas.drawing import Formula
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.formulas.objects import FORMULA_OBJECT, FormulaObjects, fits, needs_room
from ui.transcript.styles import TextStyles


class DrawnFormulas:
    """Asks for the formulas of one document, and makes characters of those that are made."""

    def __init__(self, formulas: FormulaMaker | None, theme: Theme, document: QTextDocument) -> None:
        """Without `formulas` all maths stays its source."""
        self._document = document
        self._formulas = formulas
        if formulas is not None:
            self._objects = FormulaObjects(formulas.painter, theme, document)
            document.documentLayout().registerHandler(FORMULA_OBJECT, self._objects)

    def set_theme(self, theme: Theme) -> None:
        """Paint in other colours from now on."""
        if self._formulas is not None:
            self._objects.set_theme(theme)

    def paint_selected(self, painter: QPainter) -> None:
        """Paint those that are selected, over what Qt painted of them."""
        if self._formulas is not None:
            self._objects.paint_selected(painter)

    def formula(self, run: Run, item: Item, styles: TextStyles) -> Formula | None:
        """The formula to stand in place of this run of `item`; None: its source does."""
        if run.maths is None or self._formulas is None:
            return None
        formula = self._objects.formula(run.maths) or self._formulas.get(run.maths)
        column_px = styles.column_px(item, self._document.textWidth())
        if formula is None or not fits(formula, styles.em_px(item), column_px):
            return None
        return formula

    def drawn(self, item: Item, styles: TextStyles) -> tuple[bool, ...]:
        """Of each formula of the item, whether it is to be drawn now."""
        return tuple(
            self.formula(run, item, styles) is not None for run in runs_of(item) if run.maths is not None
        )

    def need_room(self, block: Block, styles: TextStyles) -> bool:
        """Whether a line of this paragraph has to be higher than others."""
        em_px, line_px = styles.em_px(block), styles.line_px(block)
        formulas = [self.formula(run, block, styles) for run in block.runs if run.maths is not None]
        return any(formula is not None and needs_room(formula, em_px, line_px) for formula in formulas)

    def characters(self, run: Run, item: Item, styles: TextStyles) -> QTextCharFormat | None:
        """The format of the one character that stands for the formula; None where its source does."""
        formula = self.formula(run, item, styles)
        if formula is None or run.maths is None:
            return None
        around = styles.around_formula(run, item)
        # Lines stand above each other, other than in a table and in a formula on its own.
        is_in_text = isinstance(item, Block) and item.kind is not BlockKind.MATH
        return self._objects.characters(
            run.maths,
            run.source,
            run.behind,
            formula,
            styles.em_px(item),
            around,
            styles.line_px(item),
            is_in_text=is_in_text,
        )


def runs_of(item: Item) -> Iterator[Run]:
    """All runs of a paragraph or a table, in the order they are written."""
    if isinstance(item, Block):
        yield from item.runs
        return
    for row in item.rows:
        for cell in row:
            yield from cell
