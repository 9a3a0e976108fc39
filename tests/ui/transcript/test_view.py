"""The transcript paints at its own pace, and stays light."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from tests.ui.transcript.views import RGB, end, fill, finish_restyling, last, screen_of, settle
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, Theme
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView


def test_a_whole_turn(view: TranscriptView, clock: Clock) -> None:
    view.begin_turn(make_turn(5))
    view.set_prompt_progress(5, 1, 2)
    view.append(5, PieceKind.REASONING, "Hm. ", 2)
    view.append(5, PieceKind.REASONING, "So. ", 2)
    view.append(5, PieceKind.ANSWER, "1692", 1)
    end(view, 5, "1692")
    turn = last(view)
    assert turn.thinking.thought() == "Hm. So. "
    assert turn.answer.document().toPlainText() == "1692"
    assert turn.thinking.header.said() == "Thought for 4 s · 212 tokens"
    assert not any(t.isActive() for t in (view._reply.flush_timer, view._reply.tick_timer))


def test_pieces_are_painted_together(qtbot: QtBot, view: TranscriptView) -> None:
    view.begin_turn(make_turn(5))
    writes: list[int] = []
    last(view).answer.document().contentsChanged.connect(lambda: writes.append(1))
    for _ in range(200):
        view.append(5, PieceKind.ANSWER, "x", 1)
    assert last(view).answer.document().toPlainText() == "x"  # the first at once, the others wait
    assert len(writes) == 1
    qtbot.waitUntil(lambda: last(view).answer.document().toPlainText() == "x" * 200)
    assert len(writes) <= 4
    end(view, 5, "x" * 200)


def test_the_order_of_kinds_is_kept(view: TranscriptView) -> None:
    view.begin_turn(make_turn(5))
    view.append(5, PieceKind.REASONING, "a", 1)
    view.append(5, PieceKind.ANSWER, "b", 1)
    view.append(5, PieceKind.ANSWER, "c", 1)
    view.append(5, PieceKind.RECLASSIFIED, "", 0)
    view.append(5, PieceKind.REASONING, "d", 1)
    view.append(5, PieceKind.ANSWER, "e", 1)
    end(view, 5, "e")
    assert last(view).thinking.thought() == "abcd"
    assert last(view).answer.markdown_source == "e"


def test_pieces_of_another_turn_are_dropped(view: TranscriptView) -> None:
    view.append(4, PieceKind.ANSWER, "too early", 1)
    view.begin_turn(make_turn(5))
    view.append(4, PieceKind.ANSWER, "too late", 1)
    view.set_prompt_progress(4, 1, 2)
    end(view, 4, "not this one")
    assert last(view).footer is None
    end(view, 5, "this")
    view.append(5, PieceKind.ANSWER, "after the end", 1)
    assert [turn.answer.markdown_source for turn in view.turn_widgets()] == ["this"]


def test_clearing_in_the_middle_of_a_reply(view: TranscriptView) -> None:
    view.begin_turn(make_turn(5))
    for _ in range(3):
        view.append(5, PieceKind.REASONING, "Hm", 1)
    view.clear()
    assert view.turn_widgets() == []
    assert not any(t.isActive() for t in (view._reply.flush_timer, view._reply.tick_timer))
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert view._column.findChildren(TurnWidget) == []


def test_the_history_has_no_thoughts(view: TranscriptView) -> None:
    fill(view, 3)
    assert [turn.turn.id for turn in view.turn_widgets()] == [1, 2, 3]
    assert all(turn.thinking.thought() == "" for turn in view.turn_widgets())


def test_the_end_is_shown_first(view: TranscriptView) -> None:
    fill(view, 30)
    assert [turn.turn.id for turn in view.turn_widgets()] == list(range(1, 31))
    bar = view.verticalScrollBar()
    assert bar.maximum() > 1_000
    assert bar.value() == bar.maximum()


def test_tab_goes_down_the_page(view: TranscriptView) -> None:
    turns = [make_turn(n, f"Q{n}", "A\n```\nx\n```", TurnState.FINISHED, USAGE) for n in range(40)]
    view.show_turns(turns)
    settle(view)
    view.verticalScrollBar().setValue(0)
    settle(view)
    view.begin_turn(make_turn(50))
    end(view, 50, "x")
    settle(view)
    stops = [stop for stop in view.tab_stops() if view._page.isAncestorOf(stop)]
    assert all(stop.isVisible() and stop.focusPolicy() & Qt.FocusPolicy.TabFocus for stop in stops)
    places = [stop.mapTo(view._page, QPoint(0, 0)) for stop in stops]
    assert len(places) > len(view.built_turns()) * 5 > 20
    lines = [place.y() // 8 for place in places]  # in one line not all begin at the same height
    assert all(one <= following + 1 for one, following in pairwise(lines))


@pytest.mark.parametrize("width", [360, 480, 736, 1000, 1900])
def test_the_column_is_in_the_middle_and_never_too_wide(view: TranscriptView, width: int) -> None:
    view.resize(width, 600)
    fill(view, 2)
    column = view._column
    left = column.mapTo(view, QPoint(0, 0)).x()
    assert column.width() <= COLUMN_WIDTH_PX + 2 * GUTTER_PX
    assert abs(left - (width - left - column.width())) <= 2
    assert view.horizontalScrollBar().maximum() == 0
    for turn in view.turn_widgets():
        assert turn.width() == column.width()


def test_the_newest_question_takes_restart_buttons_away(view: TranscriptView) -> None:
    view.begin_turn(make_turn(1))
    view.end_turn(make_turn(1, state=TurnState.FAILED), engine_error("engine_stopped", {}))
    settle(view)
    note = last(view).note
    assert note is not None
    assert note._restart.isVisible()
    view.begin_turn(make_turn(2))
    assert not note._restart.isVisible()
    view.clear()


def test_signals_of_turns_come_out(qtbot: QtBot, view: TranscriptView) -> None:
    view.begin_turn(make_turn(3, "Why?"))
    view.end_turn(make_turn(3, "Why?", state=TurnState.FAILED), engine_error("engine_stopped", {}))
    note = last(view).note
    assert note is not None
    with qtbot.waitSignal(view.restart_requested):
        note.restart_requested.emit()
    with qtbot.waitSignal(view.orders.version_requested) as asked:
        note.ask_again_requested.emit()
    assert asked.args == [3, "Why?"]
    with qtbot.waitSignal(view.link_requested) as link:
        last(view).answer.link_requested.emit("https://example.org")
    assert link.args == ["https://example.org"]
    with qtbot.waitSignal(view.save_thought_requested) as saved:
        last(view).thinking.save_requested.emit("Hm")
    assert saved.args == [3, "Hm"]


def test_another_theme(view: TranscriptView) -> None:
    fill(view, 2)
    view.begin_turn(make_turn(9))
    view.append(9, PieceKind.REASONING, "Hm", 1)
    view.set_theme(Theme.dark())
    view.append(9, PieceKind.ANSWER, "x", 1)
    end(view, 9, "x")
    finish_restyling(view)
    assert last(view).answer._theme == Theme.dark()


@pytest.mark.parametrize("opened", [False, True])
def test_the_cost_of_a_thought_does_not_grow(view: TranscriptView, opened: bool) -> None:
    """10,000 tokens: the last tenth costs what the first does, within what a busy computer adds."""
    view.set_thoughts_open(opened)
    view.begin_turn(make_turn(9))
    costs = []
    for number in range(1_000):
        view.append(9, PieceKind.REASONING, "word " * 10 if number % 7 else "\n\n", 10)
        began = time.process_time()
        view.flush()
        settle(view) if number % 10 == 0 else None
        costs.append(time.process_time() - began)
    first, final = sorted(costs[100:200]), sorted(costs[-100:])
    assert final[50] < first[50] * 3 + 0.002
    view.clear()


def test_the_cost_of_an_answer_does_not_grow(view: TranscriptView) -> None:
    view.begin_turn(make_turn(9))
    paragraph = "Some **words** and `code` in a paragraph, $x$ too.\n\n- one\n- two\n\n```py\nx = 1\n```\n\n"
    costs = []
    for _ in range(300):
        view.append(9, PieceKind.ANSWER, paragraph, 40)
        began = time.process_time()
        view.flush()
        costs.append(time.process_time() - began)
    first, final = sorted(costs[10:60]), sorted(costs[-50:])
    assert final[25] < first[25] * 3 + 0.003
    view.clear()


def test_answer_now_is_asked_of_the_live_turn_alone(qtbot: QtBot, view: TranscriptView) -> None:
    assert not view.request_answer_now()
    view.begin_turn(make_turn(5), budget_tokens=2048)
    view.append(5, PieceKind.REASONING, "Hm", 1)
    assert last(view).thinking.header.said().endswith("budget 2,048")
    with qtbot.waitSignal(view.answer_now_requested):
        assert view.request_answer_now()
    end(view, 5, "1692")
    assert not view.request_answer_now()


GO_ON = "Go on with the answer"


def test_only_the_last_answer_offers_to_go_on(qtbot: QtBot) -> None:
    view = TranscriptView(Theme.light(), thoughts_open=False)
    qtbot.addWidget(view)
    view.resize(800, 900)
    view.show()
    view.show_turns([make_turn(number, answer="Half of", state=TurnState.STOPPED) for number in (1, 2)])
    qtbot.waitUntil(lambda: len(view.built_turns()) == 2)
    offered = [
        [each.isVisible() for each in turn.findChildren(QPushButton) if each.accessibleName() == GO_ON]
        for turn in view.built_turns()
    ]
    assert offered == [[False], [True]]


def test_what_is_on_the_screen_is_what_a_whole_painting_gives(view: TranscriptView) -> None:
    """Of an open thought that grows only what is new is painted; nothing old must be left beside it."""
    view.set_thoughts_open(True)
    view.begin_turn(make_turn(1))
    for step in range(80):
        view.append(1, PieceKind.REASONING, f"So {step} times that is more. " + "\n" * (step % 3), 6)
        view.flush()
        QApplication.processEvents()
        if step == 40:
            view.resize(700, 500)
        if step == 60:
            last(view).thinking.text_views()[0].setFocus(Qt.FocusReason.TabFocusReason)
        if step % 13 == 0:
            settle(view)
            assert screen_of(view) == view.grab().toImage().convertToFormat(RGB)
    assert view.verticalScrollBar().value() > 0


def test_growth_and_scrolling_are_one_frame(view: TranscriptView) -> None:
    view.set_thoughts_open(True)
    view.begin_turn(make_turn(1))
    view.append(1, PieceKind.REASONING, "A line.\n" * 80, 240)
    settle(view)
    bar = view.verticalScrollBar()
    before = bar.maximum()
    view.append(1, PieceKind.REASONING, "Another line.\n" * 3 + "And on.", 12)
    view.flush()
    assert bar.maximum() > before
    assert bar.value() == bar.maximum()


def test_an_answer_goes_on_in_its_place(view: TranscriptView) -> None:
    fill(view, 3)
    view.begin_turn(make_turn(4))
    view.append(4, PieceKind.REASONING, "Hm hm.", 3)
    view.append(4, PieceKind.ANSWER, "It is", 2)
    view.end_turn(make_turn(4, answer="It is", state=TurnState.STOPPED, usage=USAGE), None)
    settle(view)
    turn = last(view)
    view.begin_turn(make_turn(4, answer="It is", usage=USAGE), thought="Hm hm.")
    settle(view)
    assert last(view) is turn
    assert [each.id for each in view.turns()] == [1, 2, 3, 4]
    assert turn.thinking.thought() == "Hm hm."
    view.append(4, PieceKind.ANSWER, " 16", 1)
    end(view, 4, "It is 16")
    assert turn.source() == "It is 16"
    assert view.turns()[-1].answer == "It is 16"
