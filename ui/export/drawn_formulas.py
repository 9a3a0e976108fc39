"""The formulas of a page, all of them drawn before the page is written."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEventLoop

from ui.transcript.blocks import Item, Maths, Run, Table
from ui.transcript.formulas.drawing import Formula
from ui.transcript.formulas.maker import FormulaMaker


class DrawnFormulas:
    """Waits for the process that makes formulas. Only where nobody else waits: never in the window."""

    def __init__(self, maker: FormulaMaker | None = None) -> None:
        self.maker = maker or FormulaMaker()

    def draw(self, items: Iterable[Item]) -> None:
        """Have all formulas of these items made."""
        for item in items:
            for run in runs_of(item):
                if run.maths is not None:
                    self.maker.get(run.maths)
        loop = QEventLoop()
        self.maker.made.connect(loop.quit)
        while self._is_busy():
            loop.exec()
        self.maker.made.disconnect(loop.quit)

    def get(self, maths: Maths) -> Formula | None:
        """The formula, None where it cannot be drawn."""
        return self.maker.get(maths) if self.maker.is_known(maths) else None

    def _is_busy(self) -> bool:
        return self.maker.is_busy

    def close(self) -> None:
        """End the process."""
        self.maker.rest()


def runs_of(item: Item) -> Iterable[Run]:
    """All runs of a paragraph or a table."""
    if isinstance(item, Table):
        return (run for row in item.rows for cell in row for run in cell)
    return item.runs
