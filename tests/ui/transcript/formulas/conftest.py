"""A maker of formulas that is ended after the test, and answers whose formulas are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.blocks import Maths
from ui.transcript.formulas.drawing import Formula
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.markdown import MarkdownReader

PATIENCE_MS = 60_000


@pytest.fixture
def maker(qtbot: QtBot) -> Iterator[FormulaMaker]:
    made = FormulaMaker(timeout_ms=PATIENCE_MS)
    yield made
    made.rest()
    made.deleteLater()


Make = Callable[..., Formula | None]


@pytest.fixture
def make(qtbot: QtBot, maker: FormulaMaker) -> Make:
    """The formula, waited for."""

    def make_one(tex: str, *, is_display: bool = False) -> Formula | None:
        maths = Maths(tex, is_display)
        maker.get(maths)
        qtbot.waitUntil(lambda: maker.is_known(maths), timeout=PATIENCE_MS)
        return maker.get(maths)

    return make_one


Answer = Callable[..., AnswerView]


@pytest.fixture
def answer(qtbot: QtBot, maker: FormulaMaker) -> Answer:
    """An answer, shown; with `drawn` its formulas were waited for."""

    def show(text: str, *, theme: Theme | None = None, width: int = 720, drawn: bool = True) -> AnswerView:
        view = AnswerView(theme or Theme.light(), MarkdownReader(), formulas=maker)
        qtbot.addWidget(view)
        view.resize(width, 100)
        view.show()
        view.finish(text)
        if drawn:
            wait_until_drawn(qtbot, maker)
        return view

    return show


def wait_until_drawn(qtbot: QtBot, maker: FormulaMaker) -> None:
    """Wait until nothing is made any more and all of it was told."""
    qtbot.waitUntil(lambda: not maker.is_busy, timeout=PATIENCE_MS)
