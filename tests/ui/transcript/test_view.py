"""The transcript paints at its own pace, follows only who is at the bottom, and stays light."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, Theme
from ui.transcript.rows import MARGIN_PX, TURN_GAP_PX
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TURN_TOP_PX, TranscriptView

ANSWER = "A paragraph of some length. " * 20
RGB = QImage.Format.Format_RGB32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(qtbot: QtBot, clock: Clock) -> TranscriptView:
    view = TranscriptView(Theme.light(), clock=clock)
    qtbot.addWidget(view)
    view.resize(1000, 600)
    view.show()
    return view


def settle(view: TranscriptView) -> None:
    """Let all waiting layouts happen, and the neighbours of what is in sight be built."""
    for _ in range(6):
        QApplication.processEvents()
    while view._near.timer.isActive():
        QApplication.processEvents()
    QApplication.processEvents()


def fill(view: TranscriptView, count: int = 12) -> None:
    view.show_turns(
        [make_turn(n + 1, f"Question {n + 1}", ANSWER, TurnState.FINISHED, USAGE) for n in range(count)]
    )
    settle(view)


def last(view: TranscriptView) -> TurnWidget:
    return view.built_turns()[-1]


def screen_of(view: TranscriptView) -> QImage:
    """What was painted, piece by piece, as it stands there now."""
    return view.screen().grabWindow(view.winId()).toImage().convertToFormat(RGB)


def end(view: TranscriptView, turn_id: int, answer: str) -> None:
    view.end_turn(make_turn(turn_id, answer=answer, state=TurnState.FINISHED, usage=USAGE), None)


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


def test_it_follows_at_the_bottom(view: TranscriptView) -> None:
    fill(view)
    view.begin_turn(make_turn(50))
    bar = view.verticalScrollBar()
    for _ in range(20):
        view.append(50, PieceKind.ANSWER, ANSWER + "\n\n", 9)
        view.flush()
        settle(view)
        assert bar.value() == bar.maximum()
    assert not view._more.isVisible()
    end(view, 50, ANSWER)


def test_it_does_not_move_who_reads_further_up(view: TranscriptView) -> None:
    fill(view)
    view.begin_turn(make_turn(50))
    settle(view)
    bar = view.verticalScrollBar()
    turn_on_wheel(view, steps=4)
    place = bar.value()
    assert place < bar.maximum()
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        view.append(50, kind, ANSWER * 5, 9)
        view.flush()
        settle(view)
        assert bar.value() == place
    assert view._more.isVisible()
    end(view, 50, ANSWER * 10)
    settle(view)
    assert bar.value() == place
    view._more.click()
    assert bar.value() == bar.maximum()
    assert not view._more.isVisible()


def test_scrolling_back_down_follows_again(view: TranscriptView) -> None:
    fill(view)
    bar = view.verticalScrollBar()
    bar.setValue(0)
    assert not view.following
    bar.setValue(bar.maximum())
    assert view.following


def turn_on_wheel(view: TranscriptView, steps: int) -> None:
    """Turn the wheel upwards over the last question, as the user would."""
    for _ in range(steps):
        target: QWidget | None = last(view)._question.viewport()
        while target is not None and not accepts_wheel(target):
            target = target.parentWidget()  # Qt does this only for events of a real mouse


def accepts_wheel(target: QWidget) -> bool:
    middle = QPointF(target.rect().center())
    event = QWheelEvent(
        middle,
        target.mapToGlobal(middle),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    return QApplication.sendEvent(target, event) and event.isAccepted()


def test_turns_that_are_built_above_do_not_move_who_reads(view: TranscriptView) -> None:
    """What comes into being above is never as high as was guessed."""
    fill(view, 150)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    view._near.timer.stop()
    watched = next(turn for turn in view.built_turns() if in_sight(view, turn))
    before = watched.mapTo(view, QPoint(0, 0)).y()
    view._near.timer.start()
    settle(view)
    assert watched.mapTo(view, QPoint(0, 0)).y() == pytest.approx(before, abs=2)


def in_sight(view: TranscriptView, turn: TurnWidget) -> bool:
    top = turn.mapTo(view.viewport(), QPoint(0, 0)).y()
    return top < view.viewport().height() and top + turn.height() > 0


def test_only_turns_near_the_view_are_built(view: TranscriptView) -> None:
    fill(view, 500)
    assert 2 <= len(view.built_turns()) <= 40
    assert [turn.id for turn in view.turns()] == list(range(1, 501))
    bar = view.verticalScrollBar()
    for place in (0.0, 0.5, 0.99, 0.2):
        bar.setValue(int(bar.maximum() * place))
        settle(view)
        assert len(view.built_turns()) <= 40
        assert covered_px(view) >= view.viewport().height()


def covered_px(view: TranscriptView) -> int:
    """How much of the view built turns and the gaps between them cover."""
    seen = [turn for turn in view.built_turns() if in_sight(view, turn)]
    top = seen[0].mapTo(view.viewport(), QPoint(0, 0)).y()
    bottom = seen[-1].mapTo(view.viewport(), QPoint(0, 0)).y() + seen[-1].height()
    return min(bottom, view.viewport().height()) - max(top - MARGIN_PX, 0) + TURN_GAP_PX


def test_scrolling_up_turn_by_turn_passes_every_turn_once(view: TranscriptView) -> None:
    fill(view, 60)
    bar = view.verticalScrollBar()
    seen: list[int] = []
    while bar.value() > 0:
        bar.setValue(bar.value() - 200)
        settle(view)
        tops = {
            turn.turn.id: turn.mapTo(view.viewport(), QPoint(0, 0)).y() for turn in view.built_turns()[::-1]
        }
        seen += [turn_id for turn_id, top in tops.items() if 0 <= top < 600 and turn_id not in seen]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) >= 58


@pytest.mark.parametrize("width", [420, 900])
def test_another_width_keeps_the_turn_that_is_read(view: TranscriptView, width: int) -> None:
    fill(view, 200)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    settle(view)
    row = view._place.row
    assert row is not None
    view.resize(width, 600)
    settle(view)
    assert row.widget is not None
    assert in_sight(view, row.widget)


def test_a_turn_with_a_selection_stays_built(view: TranscriptView) -> None:
    fill(view, 200)
    chosen = last(view)
    chosen.answer.selectAll()
    view.verticalScrollBar().setValue(0)
    settle(view)
    assert chosen in view.built_turns()
    cursor = chosen.answer.textCursor()
    cursor.clearSelection()
    chosen.answer.setTextCursor(cursor)
    view.verticalScrollBar().setValue(500)
    settle(view)
    assert chosen not in view.built_turns()


def test_a_turn_of_this_session_stays_with_its_thought(view: TranscriptView) -> None:
    fill(view, 200)
    view.begin_turn(make_turn(900))
    view.append(900, PieceKind.REASONING, "Hm.", 80)
    end(view, 900, "x")
    turn = last(view)
    view.verticalScrollBar().setValue(0)
    settle(view)
    assert turn in view.built_turns()
    assert turn.thinking.thought() == "Hm."


def test_opening_an_old_thought_keeps_its_header_in_place(view: TranscriptView) -> None:
    fill(view, 4)
    view.begin_turn(make_turn(50))
    view.append(50, PieceKind.REASONING, "Hm.\n" * 80, 80)
    end(view, 50, "x")
    settle(view)
    header = last(view).thinking.header
    before = header.mapTo(view, QPoint(0, 0)).y()
    header.click()
    settle(view)
    assert header.mapTo(view, QPoint(0, 0)).y() == before


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


@pytest.mark.parametrize("wanted", [1, 20, 59])
def test_a_turn_that_was_searched_for_stands_at_the_top(view: TranscriptView, wanted: int) -> None:
    view.show_turns(
        [make_turn(n + 1, f"Question {n + 1}", ANSWER, TurnState.FINISHED, USAGE) for n in range(60)]
    )
    view.scroll_to_turn(wanted)
    settle(view)
    turn = view.turn_widget(wanted)
    assert turn is not None
    bar = view.verticalScrollBar()
    top = turn.mapTo(view.viewport(), QPoint(0, 0)).y()
    assert top == TURN_TOP_PX or (wanted == 59 and bar.value() == bar.maximum() and top > 0)
    assert not view.following


def test_a_wanted_turn_does_not_pull_who_scrolls(view: TranscriptView) -> None:
    view.show_turns(
        [make_turn(n + 1, f"Question {n + 1}", ANSWER, TurnState.FINISHED, USAGE) for n in range(60)]
    )
    settle(view)
    view.scroll_to_turn(1)
    settle(view)
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + 900)
    place = bar.value()
    settle(view)
    assert bar.value() == pytest.approx(place, abs=400)


def test_a_turn_that_is_not_there_changes_nothing(view: TranscriptView) -> None:
    fill(view)
    view.scroll_to_turn(99)
    settle(view)
    assert view.following
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_answer_now_is_asked_of_the_live_turn_alone(qtbot: QtBot, view: TranscriptView) -> None:
    assert not view.request_answer_now()
    view.begin_turn(make_turn(5), budget_tokens=2048)
    assert not view.request_answer_now()
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


def test_nothing_is_said_to_be_below_where_nothing_is(view: TranscriptView) -> None:
    fill(view, 2)
    view.set_thoughts_open(True)
    view.begin_turn(make_turn(50))
    view.append(50, PieceKind.REASONING, ANSWER * 3, 9)
    view.flush()
    settle(view)
    turn_on_wheel(view, steps=1)
    view.append(50, PieceKind.REASONING, ANSWER, 9)
    view.flush()
    settle(view)
    assert view._more.isVisible()
    assert not view.following
    last(view).thinking.header.click()  # the page gets lower, and its end comes into sight
    settle(view)
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert not view._more.isVisible()
    end(view, 50, "x")
    settle(view)
    assert not view._more.isVisible()


def test_the_button_goes_when_its_reader_scrolls_to_the_end(view: TranscriptView) -> None:
    fill(view)
    view.begin_turn(make_turn(50))
    settle(view)
    turn_on_wheel(view, steps=4)
    view.append(50, PieceKind.ANSWER, ANSWER * 5, 9)
    end(view, 50, ANSWER * 5)
    settle(view)
    assert view._more.isVisible()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 4)
    assert not view._more.isVisible()
    turn_on_wheel(view, steps=4)
    assert not view._more.isVisible(), "nothing is being written"
