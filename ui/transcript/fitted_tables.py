"""The tables of one document: fits their columns to the page, and knows which are wider than it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QFontMetricsF, QTextTable

from ui.transcript.blocks import Mark, Run, Table
from ui.transcript.formulas.drawn import DrawnFormulas
from ui.transcript.formulas.objects import SPACE_PX
from ui.transcript.styles import TextStyles
from ui.transcript.table_widths import TableMeasure

_ANY = Table((), ())


class FittedTables:
    """Known by the numbers of their items."""

    def __init__(self, styles: TextStyles, formulas: DrawnFormulas) -> None:
        self._formulas = formulas
        self._made: dict[int, QTextTable] = {}
        self._wide: dict[int, int] = {}
        self.set_styles(styles)

    def set_styles(self, styles: TextStyles) -> None:
        """Measure letters of this look from now on."""
        self._styles = styles
        self._metrics: dict[Mark, QFontMetricsF] = {}
        self._measure = TableMeasure(self._width_px, styles.theme)

    @property
    def numbers(self) -> list[int]:
        """The items that are tables."""
        return list(self._made)

    @property
    def wide(self) -> dict[int, int]:
        """Those that are wider than the page, and how wide in pixels."""
        return self._wide

    def at(self, index: int) -> QTextTable:
        """The table of item `index`."""
        return self._made[index]

    def add(self, index: int, made: QTextTable) -> None:
        """A table was written."""
        self._made[index] = made

    def forget_from(self, index: int) -> None:
        """The items from there on are taken away."""
        for gone in [number for number in self._made if number >= index]:
            del self._made[gone]
            self._wide.pop(gone, None)

    def forget_formulas(self) -> None:
        """Some are drawn now that were not, or no longer."""
        self._measure.forget()

    def fit(self, index: int, table: Table, document_px: float) -> None:
        """Give it columns for a document that wide; it says `table`."""
        columns = self._measure.columns(table, self._styles.column_px(table, document_px))
        self._styles.fit_columns(self._made[index], columns.widths_px, is_wide=columns.is_wide)
        self._wide.pop(index, None)
        if columns.is_wide:
            self._wide[index] = sum(columns.widths_px)

    def _width_px(self, run: Run, text: str) -> float:
        """How wide words of a table are; those of its head are bold, which is a little wider."""
        if run.maths is not None:
            formula = self._formulas.formula(run, _ANY, self._styles)
            if formula is not None:
                behind_px = self._width_px(Run(""), run.behind) if run.behind else 0.0
                return formula.width * self._styles.em_px(_ANY) + 2 * SPACE_PX + behind_px
        if run.marks not in self._metrics:
            bold = replace(run, marks=run.marks | Mark.BOLD, address="")
            self._metrics[run.marks] = QFontMetricsF(self._styles.characters(bold).font())
        return self._metrics[run.marks].horizontalAdvance(text)
