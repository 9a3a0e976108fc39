"""In whatever order formulas come, the answer is laid out as one whose formulas were there from the start."""

from __future__ import annotations

import random

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.transcript.formulas.conftest import Answer
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.blocks import Maths
from ui.transcript.formulas.drawing import Formula
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.markdown import MarkdownReader

TEXT = r"""Head with $x^2$ and $\dfrac{a}{b}$ in it, and $\sum_{k=1}^{n} k$, which goes on for a line: $y$.

- one \(\frac{1}{2}\) two
- two \(\dfrac{1}{2}\) three $\unknowncommand$

| $a$ | b |
|---|---|
| 1 | $\dfrac{\pi}{2}$ |

> quote $\begin{pmatrix} 1 \\ 2 \end{pmatrix}$ end

\[ \int_0^1 x\,dx = \frac{a}{b} \]

### Head $\dfrac{3}{4}$

$$\boxed{x = \frac{1}{2}}$$ and \boxed{\frac{5}{6}} and \boxed{7}.

The end."""
ORDERS = 12


class HeldBack(FormulaMaker):
    """Knows what another maker knows, and says so when it is told to."""

    def __init__(self, known: FormulaMaker) -> None:
        super().__init__(known)
        self._made_by = known
        self.painter = known.painter
        self.asked: dict[Maths, None] = {}
        self.told: set[Maths] = set()

    def get(self, maths: Maths) -> Formula | None:
        self.asked[maths] = None
        return self._made_by.get(maths) if maths in self.told else None

    def tell(self, *maths: Maths) -> None:
        self.told.update(maths)
        self.made.emit(frozenset(maths))


@pytest.mark.parametrize("seed", range(ORDERS))
def test_any_order_of_formulas(qtbot: QtBot, maker: FormulaMaker, answer: Answer, seed: int) -> None:
    chosen = random.Random(seed)
    width_px = chosen.choice((720, 430, 260))
    at_once = answer(TEXT, width=width_px)
    held_back = HeldBack(maker)
    view = AnswerView(Theme.light(), MarkdownReader(), formulas=held_back)
    qtbot.addWidget(view)
    view.resize(width_px, 100)
    view.show()
    if chosen.random() < 0.5:
        grow(view, held_back, chosen)
    view.finish(TEXT)
    waiting = list(held_back.asked)
    chosen.shuffle(waiting)
    while waiting:
        count = chosen.randint(1, 3)
        held_back.tell(*waiting[:count])
        del waiting[:count]
        if chosen.random() < 0.5:
            QApplication.processEvents()
    assert lines(view) == lines(at_once)
    assert view.height() == at_once.height()


def grow(view: AnswerView, formulas: HeldBack, chosen: random.Random) -> None:
    """Stream the text; some formulas come meanwhile."""
    for start in range(0, len(TEXT), 9):
        view.append(TEXT[start : start + 9])
        if formulas.asked and chosen.random() < 0.3:
            formulas.tell(chosen.choice(list(formulas.asked)))


def lines(view: AnswerView) -> list[tuple[str, float, float]]:
    """Each line of the answer: its paragraph, where it begins, and where its baseline is."""
    found = []
    block = view.document().begin()
    while block.isValid():
        top = view.document().documentLayout().blockBoundingRect(block).top()
        for number in range(block.layout().lineCount()):
            line = block.layout().lineAt(number)
            found.append((block.text(), top + line.y(), top + line.y() + line.ascent()))
        block = block.next()
    return found
