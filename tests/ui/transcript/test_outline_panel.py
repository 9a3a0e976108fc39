"""The outline of a thought stands beside the chat, grows with the thought, and goes to its places."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from models.thought_outline import Turning
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from ui.theme import Theme
from ui.transcript.outline_panel import WHAT_IT_DOES
from ui.transcript.places import place_in_thought, y_of
from ui.transcript.reading_aids import ReadingAids
from ui.transcript.thought_words import Phase
from ui.transcript.view import TranscriptView

FILLER = "Some words that say nothing new 🙂. " * 6
THOUGHT = "\n Okay, so.\n\n" + f"{FILLER}\n\n" * 40 + f"Wait, here is the place.\r\n\r\n{FILLER}\n\n" * 2


@pytest.fixture
def aids(qtbot: QtBot) -> ReadingAids:
    view = TranscriptView(Theme.light(), clock=Clock())
    aids = ReadingAids(Theme.light(), view)
    qtbot.addWidget(aids)
    aids.resize(1100, 600)
    aids.show()
    return aids


def view_of(aids: ReadingAids) -> TranscriptView:
    return aids.findChildren(TranscriptView)[0]


def think(aids: ReadingAids, thought: str = THOUGHT, *, ended: bool = True) -> None:
    view = view_of(aids)
    view.begin_turn(make_turn(5))
    view.append(5, PieceKind.REASONING, thought, 100)
    view.flush()
    if ended:
        view.append(5, PieceKind.ANSWER, "It is 1692.", 1)
        view.end_turn(make_turn(5, answer="It is 1692.", state=TurnState.FINISHED, usage=USAGE), None)
    settle()


def settle() -> None:
    for _ in range(6):
        QApplication.processEvents()


def open_outline(aids: ReadingAids) -> None:
    view_of(aids).built_turns()[-1].thinking.outline_button.click()
    settle()


def place_in_view(aids: ReadingAids, start: int) -> int:
    """How far below the top of the view that character of the thought stands after it was gone to."""
    aids.go_to_thought(5, start)
    while aids._landing_timer.isActive():  # the place is not on the page yet
        QApplication.processEvents()
    settle()
    view = view_of(aids)
    thinking = view.built_turns()[-1].thinking
    place = place_in_thought(thinking.text_views(), thinking.thought()[:start])
    assert place is not None
    return place[0].mapTo(view, QPoint(0, y_of(*place))).y()


def test_a_folded_thought_unfolds_at_the_place(aids: ReadingAids) -> None:
    think(aids)
    thinking = view_of(aids).built_turns()[-1].thinking
    assert thinking.phase is Phase.DONE
    assert not thinking.text_views()
    open_outline(aids)
    turns = [step for step in aids.outline.shown_steps if step.turning is Turning.DOUBT]
    assert [step.title for step in turns] == ["Wait, here is the place."] * 2
    assert 0 < place_in_view(aids, turns[0].start) < 500
    assert thinking.text_views()[0].isVisible()
    assert not view_of(aids).following
    assert view_of(aids).verticalScrollBar().value() > 500
    assert 0 <= place_in_view(aids, 0) < 500


def test_the_place_is_exact_past_emoji_and_other_line_ends(aids: ReadingAids) -> None:
    think(aids)
    thinking = view_of(aids).built_turns()[-1].thinking
    thinking.unfold()
    open_outline(aids)
    for step in aids.outline.shown_steps:
        place = place_in_thought(thinking.text_views(), thinking.thought()[: step.start])
        assert place is not None
        text, position = place
        block = text.document().findBlock(position)
        assert block.text()[position - block.position() :].startswith(step.title.split(".")[0][:20])


def test_it_grows_with_the_thought(qtbot: QtBot, aids: ReadingAids) -> None:
    think(aids, "First.\n\n", ended=False)
    open_outline(aids)
    assert len(aids.outline.shown_steps) == 1
    view_of(aids).append(5, PieceKind.REASONING, "Wait, no.\n\nSecond.", 4)
    view_of(aids).flush()
    qtbot.waitUntil(lambda: len(aids.outline.shown_steps) == 3)
    view_of(aids).append(5, PieceKind.ANSWER, "x", 1)
    view_of(aids).end_turn(make_turn(5, answer="x", state=TurnState.FINISHED, usage=USAGE), None)
    qtbot.waitUntil(lambda: not aids.outline._timer.isActive())


def test_only_turning_points(aids: ReadingAids) -> None:
    think(aids)
    open_outline(aids)
    assert aids.outline.filter_button.text() == "Only the 2 turning points"
    aids.outline.filter_button.click()
    assert len(aids.outline.shown_steps) == 2
    assert aids.outline.filter_button.text().startswith("Show all 4")


def test_it_says_what_it_does_and_works_with_keys(qtbot: QtBot, aids: ReadingAids) -> None:
    think(aids)
    open_outline(aids)
    assert aids.outline.note.text() == WHAT_IT_DOES
    assert QApplication.focusWidget() is aids.outline.steps
    qtbot.keyClick(aids.outline.steps, Qt.Key.Key_End)
    with qtbot.waitSignal(aids.outline.place_requested):
        qtbot.keyClick(aids.outline.steps, Qt.Key.Key_Return)
    qtbot.keyClick(aids.outline.steps, Qt.Key.Key_Escape)
    assert not aids.outline.isVisible()
    assert QApplication.focusWidget() is view_of(aids).built_turns()[-1].thinking.outline_button
    for button in aids.outline.findChildren(QWidget):
        if button.focusPolicy() & Qt.FocusPolicy.TabFocus and button.isVisibleTo(aids.outline):
            assert button.accessibleName() or button.property("text")


def test_it_goes_with_its_chat(aids: ReadingAids) -> None:
    think(aids)
    open_outline(aids)
    aids.forget()
    view_of(aids).clear()
    assert aids.outline.shown_steps == []
    assert not aids.outline.isVisible()


def test_a_chat_that_went_closes_it_by_itself(aids: ReadingAids) -> None:
    think(aids)
    open_outline(aids)
    view_of(aids).clear()
    aids.outline.refresh()
    assert not aids.outline.isVisible()


def test_where_it_is_narrow_it_stands_above(aids: ReadingAids) -> None:
    aids.resize(480, 600)
    think(aids)
    open_outline(aids)
    assert aids.outline.geometry().bottom() <= view_of(aids).geometry().top()
    assert view_of(aids).height() > 300
    assert aids.outline.width() == 480
