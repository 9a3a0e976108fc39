"""The transcript follows who is at the bottom, and does not move under who reads further up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import ANSWER, end, fill, last, settle
from ui.transcript.places import Line, line_in_sight
from ui.transcript.rows import MARGIN_PX, TURN_GAP_PX
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TURN_TOP_PX, TranscriptView
from ui.widgets.safe_browser import SafeBrowser

CODE = "\n".join(f"value_{n} = {n}" for n in range(200))
UNEVEN = f"{ANSWER}\n\n" * 12 + f"```\n{CODE}\n```\n\n" + f"{ANSWER}\n\n" * 12


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


def read_line(view: TranscriptView, share: float) -> tuple[Line, Callable[[], int]]:
    """Scroll there: the line that is read then, and where it stands now."""
    settle(view)
    view.verticalScrollBar().setValue(int(view.verticalScrollBar().maximum() * share))
    settle(view)
    line = line_in_sight(view.built_turns()[-1], view.viewport())
    assert line is not None
    return line, lambda: line.text.mapTo(view.viewport(), QPoint(0, line.y_in_text())).y()


def has_one_width(view: TranscriptView) -> bool:
    """Whether also the texts out of sight have taken their width."""
    texts = view.built_turns()[-1].findChildren(SafeBrowser)
    return all(text.document().textWidth() == text.viewport().width() for text in texts if text.isVisible())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("width", [420, 560, 900])
def test_another_width_keeps_the_line_that_is_read(
    qtbot: QtBot, view: TranscriptView, width: int, share: float
) -> None:
    """Words get longer and code does not, so another share of the text is above the line."""
    view.resize(1100, 600)
    view.show_turns([make_turn(1, "Question", UNEVEN, TurnState.FINISHED, USAGE)])
    line, y_now = read_line(view, share)
    view.resize(width, 600)
    settle(view)
    assert y_now() == line.y_in_view
    qtbot.waitUntil(lambda: has_one_width(view))
    settle(view)
    assert y_now() == line.y_in_view
    for step in range(width, 1100, 60):  # as one drags the edge of the window
        view.resize(step, 600)
        settle(view)
    view.resize(1100, 600)
    settle(view)
    assert y_now() == line.y_in_view


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_thought_in_several_views_keeps_the_line_over_width_and_zoom(
    qtbot: QtBot, view: TranscriptView, share: float
) -> None:
    view.resize(1100, 600)
    thought = "\n\n".join(f"Step {n}. " + "Some words of it. " * (n % 40) for n in range(160))
    view.show_turns([make_turn(1, "Question", ANSWER, TurnState.FINISHED, USAGE)], thoughts={1: thought})
    thinking = view.built_turns()[-1].thinking
    thinking.unfold()
    qtbot.waitUntil(lambda: thinking.is_all_shown)
    line, y_now = read_line(view, share)
    for zoom in (150, 100):
        view.set_zoom(zoom)
        qtbot.waitUntil(lambda: has_one_width(view))
        settle(view)
        assert y_now() == line.y_in_view
    for width in (500, 1100):
        view.resize(width, 600)
        qtbot.waitUntil(lambda: has_one_width(view))
        settle(view)
        assert y_now() == line.y_in_view


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
