"""Rows of turns are as high as what stands in them, however often they are laid out anew."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import settle
from ui.theme import Theme
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView

ANSWER = "A paragraph of some length. " * 20
FAILURE = "The engine stopped while it wrote. What stands here is kept. " * 4


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(700, 600)
    view.show()
    return view


def heights(view: TranscriptView) -> list[tuple[int, int]]:
    """What each turn is high, and what it needs to be."""
    return [(turn.height(), needed_px(turn)) for turn in view.built_turns()]


def needed_px(turn: TurnWidget) -> int:
    if turn.hasHeightForWidth():
        return turn.heightForWidth(turn.width())
    return turn.sizeHint().height()


@pytest.mark.parametrize("state", [TurnState.STOPPED, TurnState.FAILED, TurnState.INTERRUPTED])
def test_turns_with_notes_are_as_high_as_they_need(view: TranscriptView, state: TurnState) -> None:
    failure = FAILURE if state is TurnState.FAILED else ""
    for count in (1, 2, 4):
        turns = [
            make_turn(number + 1, "Why?", ANSWER, state, USAGE, failure=failure) for number in range(count)
        ]
        view.show_turns(turns)
        settle(view)
        assert all(height == needed for height, needed in heights(view)), heights(view)


def test_turns_are_as_high_as_they_need_after_the_page_was_laid_out_often(view: TranscriptView) -> None:
    view.show_turns([make_turn(n + 1, "Why?", ANSWER, TurnState.STOPPED, USAGE) for n in range(3)])
    settle(view)
    for width in (500, 900, 700):
        view.resize(width, 600)
        settle(view)
        assert all(height == needed for height, needed in heights(view)), heights(view)
    for zoom_percent in (150, 80, 100):
        view.set_zoom(zoom_percent)
        settle(view)
        assert all(height == needed for height, needed in heights(view)), heights(view)
