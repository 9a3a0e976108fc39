"""An answer with formulas says their sources, at places that fit; a turn is a group."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.transcript.formulas.conftest import Answer, answer, maker, wait_until_drawn
from tests.ui.transcript.turns import make_turn
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.formulas.objects import OBJECT
from ui.transcript.formulas.written_out import Places
from ui.transcript.markdown import MarkdownReader
from ui.transcript.spoken import speak_transcript
from ui.transcript.spoken_answer import SpokenAnswer
from ui.transcript.view import TranscriptView

__all__ = ["answer", "maker"]
TEXT = "a 😀 $x^2$ b \\(y\\)\n\n| h | $z$ |\n|---|---|\n| 1 | 2 |\n\n\\[w\\]\n\nend"
SAID = "a 😀 $x^2$ b \\(y\\)\n\th\t$z$\t1\t2\n\n\\[w\\]\nend"


@pytest.fixture(autouse=True)
def active(qapp: QApplication) -> Iterator[None]:
    speak_transcript()
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def spoken(view: AnswerView) -> QAccessibleInterface:
    return QAccessible.queryAccessibleInterface(view)


def said(view: AnswerView) -> str:
    text = spoken(view).textInterface()
    return text.text(0, text.characterCount())


def test_formulas_are_said_as_their_source(answer: Answer) -> None:
    view = answer(TEXT)
    assert view.document().toPlainText().count(OBJECT) == 4
    assert said(view) == SAID
    interface = spoken(view)
    assert interface.text(QAccessible.Text.Name) == "Answer"
    assert interface.text(QAccessible.Text.Value) == SAID
    assert interface.role() == QAccessible.Role.StaticText
    assert interface.actionInterface() is not None
    assert interface.selectionInterface() is None
    assert interface.state().focusable
    assert interface.state().readOnly


def test_every_place_is_one_character_of_the_document(answer: Answer) -> None:
    view = answer(TEXT)
    text = spoken(view).textInterface()
    units = SAID.encode("utf-16-le")
    for offset in range(text.characterCount()):
        one = units[2 * offset : 2 * offset + 2].decode("utf-16-le", "replace")
        assert text.text(offset, offset + 1) == one
        text.setCursorPosition(offset)
        character = view.document().characterAt(view.textCursor().position())
        starts = text.cursorPosition() == offset
        assert character == OBJECT or (starts and (character == one or one in "\t\n\ufffd"))
        assert not text.characterRect(offset).isEmpty() or one in "\t\n\ufffd"
    place = text.characterRect(SAID.index("x") + 1)
    assert text.offsetAtPoint(place.center()) == SAID.index("$x") + 1  # an emoji takes two


def test_a_formula_that_comes_later_is_said_and_so_is_its_end(
    qtbot: QtBot, maker: FormulaMaker, answer: Answer
) -> None:
    view = answer("a $p^7$ b", drawn=False)
    assert not isinstance(spoken(view), SpokenAnswer)
    assert said(view) == "a $p^7$ b"
    wait_until_drawn(qtbot, maker)
    assert OBJECT in view.document().toPlainText()
    assert isinstance(spoken(view), SpokenAnswer)
    assert said(view) == "a $p^7$ b"
    view.finish("none")
    assert not isinstance(spoken(view), SpokenAnswer)
    assert said(view) == "none"


def test_nothing_is_left_of_an_answer_that_is_gone(qtbot: QtBot, maker: FormulaMaker) -> None:
    view = AnswerView(Theme.light(), MarkdownReader(), formulas=maker)
    view.finish("a $x^2$ b")
    wait_until_drawn(qtbot, maker)
    kept = spoken(view)
    assert said(view) == "a $x^2$ b"
    with qtbot.waitSignal(view.destroyed):
        view.deleteLater()
    gc.collect()
    assert not any("x^2" in str(value) for value in vars(kept).values())


def test_turns_are_groups_in_their_order(qtbot: QtBot) -> None:
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.show_turns([make_turn(number, answer="word") for number in (4, 7, 9)])
    for turn_id in (9, 4, 7):
        view.turn_widget(turn_id)
    page = view.built_turns()[0].parentWidget()
    assert page is not None
    column = QAccessible.queryAccessibleInterface(page)
    turns = [column.child(number) for number in range(column.childCount())]
    assert [turn.text(QAccessible.Text.Name) for turn in turns] == ["Question 1", "Question 2", "Question 3"]
    assert {turn.role() for turn in turns} == {QAccessible.Role.Grouping}
    view.show_turns([make_turn(number, answer="word") for number in (4, 9)], is_same_chat=True)
    assert [turn.accessibleName() for turn in view.built_turns()] == ["Question 1", "Question 2"]


@given(st.dictionaries(st.integers(0, 60), st.integers(1, 9)))
def test_places_there_and_back(formulas: dict[int, int]) -> None:
    places = Places(dict(sorted(formulas.items())))
    offsets = [places.offset(position) for position in range(80)]
    assert [places.position(offset) for offset in offsets] == list(range(80))
    for position, length in formulas.items():
        start = places.offset(position)
        assert {places.position(start + inside) for inside in range(length)} == {position}
        assert places.offset(position + 1) == start + length
