"""A selection over several messages: with the mouse and the keys, over turns that are not built too."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.bench.transcript_corpus import pieces
from tests.slowness import is_within
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import settle
from ui.theme import Theme
from ui.transcript.answer_parts import PART_CHARS
from ui.transcript.selection import COPY_AT_ONCE_CHARS
from ui.transcript.view import TranscriptView
from ui.widgets.concealed_copy import CONCEALING_FORMATS
from ui.widgets.safe_browser import SafeBrowser

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.MouseButton.NoButton
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(800, 900)
    view.show()
    return view


def fill(view: TranscriptView, count: int = 3, answer: str = "Answer **{n}** is here.") -> None:
    view.show_turns(
        [
            make_turn(n, f"Question {n}", answer.replace("{n}", str(n)), TurnState.FINISHED, USAGE)
            for n in range(1, count + 1)
        ]
    )
    settle(view)


def send(
    text: SafeBrowser, kind: QEvent.Type, at: QPoint, buttons: Qt.MouseButton, shift: bool = False
) -> None:
    """A mouse event at a place on the screen, as the widget that was pressed gets it."""
    local = QPointF(text.viewport().mapFromGlobal(at))
    button = NONE if kind is QEvent.Type.MouseMove else LEFT
    modifiers = SHIFT if shift else Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, local, QPointF(at), QPointF(at), button, buttons, modifiers)
    QApplication.sendEvent(text.viewport(), event)


def place(text: SafeBrowser, position: int) -> QPoint:
    """Where a character stands on the screen."""
    cursor = text.textCursor()
    cursor.setPosition(position)
    rect = text.cursorRect(cursor)
    return text.viewport().mapToGlobal(rect.center())


def drag(start: SafeBrowser, begin: int, end: QPoint, *, let_go: bool = True) -> None:
    at = place(start, begin)
    send(start, QEvent.Type.MouseButtonPress, at, LEFT)
    send(start, QEvent.Type.MouseMove, (at + end) / 2, LEFT)
    send(start, QEvent.Type.MouseMove, end, LEFT)
    if let_go:
        send(start, QEvent.Type.MouseButtonRelease, end, NONE)


def copied(view: TranscriptView, *, as_markdown: bool = False) -> str:
    QGuiApplication.clipboard().setText("nothing")
    view.selection.copy(as_markdown=as_markdown)
    return QGuiApplication.clipboard().text()


def parts(view: TranscriptView, turn_id: int) -> tuple[SafeBrowser, SafeBrowser]:
    turn = view.turn_widget(turn_id)
    assert turn is not None
    return turn.question, turn.answer


def test_a_drag_selects_everything_between(view: TranscriptView) -> None:
    fill(view)
    _, first = parts(view, 1)
    _, last = parts(view, 3)
    drag(first, 7, place(last, 6))
    assert copied(view) == "1 is here.\n\nQuestion 2\n\nAnswer 2 is here.\n\nQuestion 3\n\nAnswer"
    expected = "**1** is here.\n\n> Question 2\n\nAnswer **2** is here.\n\n> Question 3\n\nAnswer"
    assert copied(view, as_markdown=True) == expected
    assert parts(view, 2)[1].textCursor().selectedText() == "Answer 2 is here."


def test_a_drag_upwards_and_back_home(view: TranscriptView) -> None:
    fill(view)
    question, answer = parts(view, 2)
    drag(answer, 6, place(question, 9), let_go=False)
    assert copied(view) == "2\n\nAnswer"
    send(answer, QEvent.Type.MouseMove, place(answer, 2), LEFT)
    assert copied(view) == "swer"
    assert not question.textCursor().hasSelection()
    send(answer, QEvent.Type.MouseMove, place(parts(view, 3)[0], 3), LEFT)
    assert copied(view) == " 2 is here.\n\nQue"
    send(answer, QEvent.Type.MouseButtonRelease, place(parts(view, 3)[0], 3), NONE)


def test_white_space_is_copied_as_it_is(view: TranscriptView) -> None:
    fill(view, 1, "```py\nif x:\n        y = 1\n```\n\n**a b**")
    _, answer = parts(view, 1)
    words = answer.document().toPlainText()
    answer.cover(words.index("  y") - 3, words.index("y ="))
    assert copied(view) == "     "
    answer.cover(words.index(" b"), words.index("b"))
    assert copied(view) == " "
    assert copied(view, as_markdown=True) == "nothing"  # a space is no Markdown


def test_another_press_selects_anew(view: TranscriptView) -> None:
    fill(view)
    drag(parts(view, 1)[0], 0, place(parts(view, 3)[1], 3))
    other = parts(view, 2)[0]
    drag(other, 0, place(other, 8))
    assert copied(view) == "Question"
    assert [t for t in view.findChildren(SafeBrowser) if t.textCursor().hasSelection()] == [other]


def test_shift_click_goes_on(view: TranscriptView) -> None:
    fill(view)
    question, _ = parts(view, 1)
    at = place(question, 9)
    send(question, QEvent.Type.MouseButtonPress, at, LEFT)
    send(question, QEvent.Type.MouseButtonRelease, at, NONE)
    for turn_id, expected in (
        (3, "1\n\nAnswer 1 is here.\n\nQuestion 2\n\nAnswer 2 is here.\n\nQ"),
        (2, "1\n\nAnswer 1 is here.\n\nQ"),
    ):
        end = parts(view, turn_id)[0]
        send(end, QEvent.Type.MouseButtonPress, place(end, 1), LEFT, shift=True)
        send(end, QEvent.Type.MouseButtonRelease, place(end, 1), NONE, shift=True)
        assert copied(view) == expected


def test_keys_select_all_copy_and_clear(qtbot: QtBot, view: TranscriptView) -> None:
    fill(view, 40)
    parts(view, 40)[1].setFocus()
    focused = parts(view, 40)[1]
    qtbot.keyClick(focused, Qt.Key.Key_A, CTRL)
    qtbot.keyClick(focused, Qt.Key.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("Question 1\n\nAnswer 1 is here.\n\nQuestion 2\n\n")
    assert text.endswith("Question 40\n\nAnswer 40 is here.")
    assert text.count("Answer") == 40
    assert len(view.built_turns()) < 40
    qtbot.keyClick(focused, Qt.Key.Key_Escape)
    assert not view.selection.is_there
    assert copied(view) == "nothing"


def test_turns_that_come_near_show_it_and_go_again(view: TranscriptView) -> None:
    fill(view, 60)
    view.selection.select_all()
    bar = view.verticalScrollBar()
    for share in (0.6, 0.3, 0.0):
        bar.setValue(int(bar.maximum() * share))
        settle(view)
        turn = view.built_turns()[0]
        assert turn.answer.textCursor().selectedText().startswith("Answer")
    assert len(view.built_turns()) < 40  # none stays because it is selected


def test_the_ends_stay_built(view: TranscriptView) -> None:
    fill(view, 60)
    _, last = parts(view, 60)
    drag(last, 3, place(parts(view, 59)[0], 2))
    view.verticalScrollBar().setValue(0)
    settle(view)
    ids = [turn.turn.id for turn in view.built_turns()]
    assert {59, 60} <= set(ids)
    assert 40 not in ids
    assert copied(view) == "estion 59\n\nAnswer 59 is here.\n\nQuestion 60\n\nAns"


def test_the_page_scrolls_under_a_drag_at_its_edge(qtbot: QtBot, view: TranscriptView) -> None:
    fill(view, 60)
    _, last = parts(view, 60)
    above = view.viewport().mapToGlobal(QPoint(100, -60))
    was = view.verticalScrollBar().value()
    drag(last, 3, above, let_go=False)
    qtbot.waitUntil(lambda: view.verticalScrollBar().value() < was - 300)
    assert not view.following
    send(last, QEvent.Type.MouseButtonRelease, above, NONE)
    now = view.turn_in_sight()
    settle(view)
    assert view.turn_in_sight() == now
    assert copied(view).endswith("Ans")


def test_a_thought_is_selected_only_from_within(view: TranscriptView) -> None:
    fill(view, 1)
    view.begin_turn(make_turn(2, "Next"))
    view.append(2, PieceKind.REASONING, "a secret thought", 3)
    view.append(2, PieceKind.ANSWER, "Done.", 3)
    view.end_turn(make_turn(2, "Next", "Done.", TurnState.FINISHED, USAGE), None)
    turn = view.turn_widget(2)
    assert turn is not None
    turn.thinking.unfold()
    settle(view)
    (thought,) = turn.thinking.text_views()
    drag(parts(view, 1)[0], 0, place(turn.answer, 4))
    assert copied(view) == "Question 1\n\nAnswer 1 is here.\n\nNext\n\nDone"
    view.selection.select_all()
    assert "secret" not in copied(view)
    assert not set(CONCEALING_FORMATS) & set(QGuiApplication.clipboard().mimeData().formats())
    drag(thought, 2, place(turn.answer, 4))
    assert copied(view) == "secret thought\n\nDone"
    assert set(CONCEALING_FORMATS) <= set(QGuiApplication.clipboard().mimeData().formats())
    view.selection.clear()
    assert not thought.textCursor().hasSelection()


def test_what_an_answer_goes_on_in_is_part_of_the_selection(view: TranscriptView) -> None:
    fill(view, 1)
    view.begin_turn(make_turn(2, "Next"))
    view.append(2, PieceKind.ANSWER, "- Beginning", 3)
    view.flush()
    view.selection.select_all()
    long = "".join(f"\n\nParagraph {n} of some length." for n in range(PART_CHARS // 12))
    for piece in pieces(long, 20):
        view.append(2, PieceKind.ANSWER, piece, 3)
        view.flush()
    turn = view.turn_widget(2)
    assert turn is not None
    assert len(turn.answer_views) >= 2
    assert all(text.is_covered for text in turn.answer_views)
    made: list[Callable[[], str]] = []
    view.selection.long_copy_requested.connect(lambda make, _is_of_thought: made.append(make))
    view.selection.copy()
    assert made[0]().partition("• ")[2] == ("Beginning" + long)


def test_an_answer_that_grows_stays_selected(view: TranscriptView) -> None:
    fill(view, 1)
    view.begin_turn(make_turn(2, "Next"))
    view.append(2, PieceKind.ANSWER, "One $x^2$ ", 3)
    view.flush()
    view.selection.select_all()
    view.append(2, PieceKind.ANSWER, "and **two**.", 3)
    view.flush()
    assert copied(view).endswith("Next\n\nOne $x^2$ and two.")
    view.set_theme(Theme.dark())
    assert copied(view).endswith("Next\n\nOne $x^2$ and two.")
    assert parts(view, 1)[1].textCursor().selectedText() == "Answer 1 is here."


def test_code_and_formulas_are_copied_as_their_source(view: TranscriptView) -> None:
    answer = (
        "So:\n\n1. one *two*\n2. three $a_1$\n\n```python\nif x:\n    pass\n```\n\n"
        "| a | b |\n| --- | --: |\n| 1 | 2 |\n\n> quoted\n\nend {n}"
    )
    fill(view, 2, answer)
    _, first = parts(view, 1)
    drag(first, 1, place(parts(view, 2)[0], 8))
    assert (
        copied(view, as_markdown=True)
        == "o:" + answer.removeprefix("So:").replace("{n}", "1") + "\n\n> Question"
    )
    assert "if x:\n    pass" in copied(view)


def test_nothing_that_acts_is_copied(view: TranscriptView) -> None:
    fill(view, 2, "red \x1b[31m and \u202e turned {n}")
    view.selection.select_all()
    for as_markdown in (False, True):
        text = copied(view, as_markdown=as_markdown)
        assert "turned 2" in text
        assert not set("\x1b\u202e") & set(text)


def test_a_chat_of_two_thousand_messages(view: TranscriptView) -> None:
    view.show_turns(
        [make_turn(n, f"Question {n}", "Words. " * 150, TurnState.FINISHED, USAGE) for n in range(1, 1001)]
    )
    settle(view)
    began = time.thread_time()
    view.selection.select_all()
    made: list[object] = []
    view.selection.long_copy_requested.connect(lambda make, _is_of_thought: made.append(make))
    view.selection.copy()
    assert is_within(time.thread_time() - began, 0.15)
    assert len(view.built_turns()) < 40
    (make,) = made
    assert callable(make)
    assert len(make()) > 50 * COPY_AT_ONCE_CHARS // 2


def menu_of(view: TranscriptView, event: QContextMenuEvent, target: SafeBrowser) -> QMenu:
    QApplication.sendEvent(target, event)
    (menu,) = [menu for menu in view.findChildren(QMenu) if menu.isVisible() and menu.parent() is view]
    return menu


def test_the_menu_of_a_message(qtbot: QtBot, view: TranscriptView) -> None:
    fill(view, 2)
    question, answer = parts(view, 2)
    view.activateWindow()
    question.setFocus()
    qtbot.waitUntil(question.hasFocus)
    by_keys = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), place(question, 1))
    menu = menu_of(view, by_keys, question)
    words = [action.text().partition("\t")[0] for action in menu.actions() if action.text()]
    assert words == [
        "Copy the question",
        "Select all",
        "Edit and ask again",
        "Another answer",
        "Continue in a new chat",
        "Delete question and answer",
    ]
    with qtbot.waitSignal(view.orders.branch_requested) as branched:
        menu.actions()[5].trigger()
    assert branched.args == [2]
    menu.close()
    drag(question, 0, place(answer, 3))
    QGuiApplication.clipboard().clear()
    at = place(answer, 1)
    by_mouse = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, answer.viewport().mapFromGlobal(at), at)
    view.selection.is_there  # noqa: B018
    menu = menu_of(view, by_mouse, answer.viewport())  # type: ignore[arg-type]
    actions = {action.text(): action for action in menu.actions()}
    actions["Copy as Markdown"].trigger()
    assert QGuiApplication.clipboard().text() == "> Question 2\n\nAns"
    menu.close()
