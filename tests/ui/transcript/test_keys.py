"""The keys in the transcript: Tab through links and buttons, scrolling, Delete; and the pointer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QMouseEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from app.history.records import TurnState
from models.engine.protocol import PauseReason
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from ui.tab_order import go_on, in_lines
from ui.theme import Theme
from ui.transcript.view import TranscriptView
from ui.widgets.copy_button import CopyButton
from ui.widgets.safe_browser import SafeBrowser

LINKS = (
    "[One](https://one.test) and [two](https://two.test).\n\n```\ncode\n```\n\n"
    "[Three](https://three.test).\n\n```\nmore\n```\n"
)
LONG = "\n\n".join(f"Paragraph {n}. " + "Some words of it. " * 12 for n in range(40))
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Around(QWidget):
    """A window that holds nothing else, and does with Tab what the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.view = TranscriptView(Theme.light(), self, clock=Clock())
        self.view.resize(800, 600)
        self.resize(800, 600)

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Go on among what stands there."""
        focused = self.focusWidget()
        return focused is not None and go_on(self.view.tab_stops(), focused, forwards=forwards)


@pytest.fixture
def around(qtbot: QtBot) -> Around:
    around = Around()
    qtbot.addWidget(around)
    around.show()
    around.activateWindow()
    return around


@pytest.fixture
def view(around: Around) -> TranscriptView:
    return around.view


def settle() -> None:
    for _ in range(6):
        QApplication.processEvents()


def show(view: TranscriptView, *answers: str) -> None:
    view.show_turns(
        [
            make_turn(n, f"Question {n}", answer, TurnState.FINISHED, USAGE)
            for n, answer in enumerate(answers, 1)
        ]
    )
    settle()


def where(view: TranscriptView) -> str:
    """What has the keys: a link by its words, all else by its name."""
    focused = QApplication.focusWidget()
    assert focused is not None
    link = focused.textCursor().selectedText() if isinstance(focused, SafeBrowser) else ""
    return link or focused.accessibleName() or focused.text()  # type: ignore[attr-defined]


def walk(qtbot: QtBot, view: TranscriptView, key: Qt.Key, last: str) -> list[str]:
    walked = [where(view)]
    while walked[-1] != last and len(walked) < 40:
        focused = QApplication.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, key)
        walked.append(where(view))
    return walked


def speed(view: TranscriptView) -> str:
    footer = view.built_turns()[-1].footer
    assert footer is not None
    return footer.details.accessibleName()


def test_tab_goes_through_each_link_once_and_back_the_same_way(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, LINKS)
    turn = view.built_turns()[0]
    turn.thinking.header.setFocus()
    forwards = walk(qtbot, view, Qt.Key.Key_Tab, speed(view))
    assert forwards[1:8] == [
        "Answer from Ponder Mini",
        "One",
        "two",
        "Copy code 1",
        "Three",
        "Copy code 2",
        "Copy the answer",
    ]
    assert len(set(forwards)) == len(forwards)
    backwards = walk(qtbot, view, Qt.Key.Key_Backtab, forwards[0])
    assert backwards == forwards[::-1]


def test_enter_on_a_link_asks_and_on_a_button_of_the_same_answer_copies(
    qtbot: QtBot, view: TranscriptView
) -> None:
    show(view, LINKS)
    answer = view.built_turns()[0].answer
    answer.setFocus()
    qtbot.keyClick(answer, Qt.Key.Key_Tab)
    qtbot.keyClick(answer, Qt.Key.Key_Tab)
    with qtbot.waitSignal(view.link_requested) as asked:
        qtbot.keyClick(answer, Qt.Key.Key_Return)
    assert asked.args == ["https://two.test/"] or asked.args == ["https://two.test"]
    copy = button(view, "Copy code 2")
    copy.setFocus()
    assert not answer.textCursor().hasSelection()  # the link is left
    qtbot.keyClick(copy, Qt.Key.Key_Return)
    assert QApplication.clipboard().text() == "more"


def button(view: TranscriptView, name: str) -> QWidget:
    return next(each for each in view.findChildren(CopyButton) if each.accessibleName() == name)


WIDE = "|" + "|".join(f" a_long_name_of_column_{n} " for n in range(9)) + "|\n|" + "---|" * 9


def test_bars_and_the_switch_for_long_lines_have_their_place(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, f"[One](https://one.test)\n\n```\n{'long ' * 60}\n```\n\n[Two](https://two.test)\n\n{WIDE}")
    answer = view.built_turns()[0].answer
    wrap = answer._tools.blocks[0].wrap
    wrap.click()
    settle()
    answer.setFocus()
    forwards = walk(qtbot, view, Qt.Key.Key_Tab, "Copy the answer")
    assert forwards == [
        "Answer from Ponder Mini",
        "One",
        "Wrap the lines of code 1",
        "Copy code 1",
        "Scroll code 1 sideways",
        "Two",
        "Scroll table 1 sideways",
        "Copy the answer",
    ]
    assert walk(qtbot, view, Qt.Key.Key_Backtab, forwards[0]) == forwards[::-1]


def test_the_words_of_a_link_that_look_unlike_are_one_stop(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, "[a **b** `c`](https://one.test) and [d](https://two.test)")
    view.built_turns()[0].answer.setFocus()
    walked = walk(qtbot, view, Qt.Key.Key_Tab, "Copy the answer")
    assert walked[1:] == ["a b c", "d", "Copy the answer"]


def test_in_a_selection_over_several_texts_tab_goes_past_the_links(
    qtbot: QtBot, view: TranscriptView
) -> None:
    show(view, LINKS, LINKS)
    view.selection.select_all()
    view.built_turns()[1].answer.setFocus()
    walked = walk(qtbot, view, Qt.Key.Key_Tab, "Copy the answer")
    assert [button(view, name).accessibleName() for name in walked[1:]] == walked[1:]
    assert view.selection.is_there


def in_sight(view: TranscriptView) -> bool:
    """Whether what has the keys is to be seen from its top to its bottom."""
    focused = QApplication.focusWidget()
    assert focused is not None
    rect = focused.cursorRect() if isinstance(focused, SafeBrowser) else focused.rect()
    on = focused.viewport() if isinstance(focused, SafeBrowser) else focused
    top = on.mapTo(view.viewport(), rect.topLeft()).y()
    return top >= 0 and top + rect.height() <= view.viewport().height()


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_each_link_and_button_comes_into_sight(qtbot: QtBot, view: TranscriptView, key: Qt.Key) -> None:
    far = LONG[: len(LONG) // 4]
    parts = (far, "[One](https://one.test)", far, "```\ncode\n```", far, "[Two](https://two.test)", far)
    show(view, "\n\n".join(parts))
    answer, bar = view.built_turns()[0].answer, view.verticalScrollBar()
    footer = view.built_turns()[0].footer
    assert footer is not None
    first = answer if key == Qt.Key.Key_Tab else footer._copy
    first.setFocus()
    seen = []
    for _ in range(3):
        bar.setValue(0 if key == Qt.Key.Key_Tab else bar.maximum())
        focused = QApplication.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, key)
        seen.append(where(view))
        assert in_sight(view), seen
        bar.setValue(bar.maximum() if key == Qt.Key.Key_Tab else 0)
    there = ["One", "Copy code 1", "Two"]
    assert seen == (there if key == Qt.Key.Key_Tab else there[::-1])


def test_a_link_out_of_sight_comes_into_sight(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, f"{LONG}\n\n[Far](https://far.test)\n\n{LONG}")
    answer = view.built_turns()[0].answer
    view.verticalScrollBar().setValue(0)
    answer.setFocus()
    qtbot.keyClick(answer, Qt.Key.Key_Tab)
    assert where(view) == "Far"
    y = answer.viewport().mapTo(view.viewport(), answer.cursorRect().center()).y()
    assert 0 <= y <= view.viewport().height()


def test_a_link_ends_another_selection(qtbot: QtBot, view: TranscriptView) -> None:
    """Ctrl+C copies what is seen to be selected."""
    show(view, "First.", LINKS)
    view.built_turns()[0].answer.selectAll()
    answer = view.built_turns()[1].answer
    answer.setFocus()
    qtbot.keyClick(answer, Qt.Key.Key_Tab)
    assert not view.built_turns()[0].answer.textCursor().hasSelection()
    view.selection.copy()
    assert QApplication.clipboard().text() == "One"


def test_what_comes_while_a_reply_is_written_has_its_place_in_the_order(
    qtbot: QtBot, view: TranscriptView
) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    show(view, "First.")
    view.begin_turn(make_turn(5))
    view.append(5, PieceKind.ANSWER, LINKS, 9)
    view.flush()
    view.end_turn(make_turn(5, answer=LINKS, state=TurnState.FINISHED, usage=USAGE), None)
    settle()
    view.built_turns()[-1].answer.setFocus()
    assert walk(qtbot, view, Qt.Key.Key_Tab, speed(view))[3:7] == [
        "Copy code 1",
        "Three",
        "Copy code 2",
        "Copy the answer",
    ]


@pytest.mark.parametrize("modifier", [NONE, CTRL])
def test_home_and_end(qtbot: QtBot, view: TranscriptView, modifier: Qt.KeyboardModifier) -> None:
    show(view, LONG, LONG, LONG)
    bar = view.verticalScrollBar()
    focused = view.built_turns()[-1].answer
    focused.setFocus()
    qtbot.keyClick(focused, Qt.Key.Key_Home, modifier)
    settle()
    assert bar.value() == 0
    assert not view.following
    qtbot.keyClick(focused, Qt.Key.Key_End, modifier)
    settle()
    assert bar.value() == bar.maximum()
    assert view.following


def test_space_goes_down_a_page_and_up(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, LONG, LONG)
    bar = view.verticalScrollBar()
    for focused in (view, view.built_turns()[0].question, view.built_turns()[0].answer):
        bar.setValue(0)
        focused.setFocus()
        qtbot.keyClick(focused, Qt.Key.Key_Space)
        assert bar.value() == bar.pageStep()
        qtbot.keyClick(focused, Qt.Key.Key_Space, SHIFT)
        assert bar.value() == 0


def test_space_on_a_button_presses_it_and_shift_with_home_scrolls_nothing(
    qtbot: QtBot, view: TranscriptView
) -> None:
    show(view, LINKS + LONG)
    bar = view.verticalScrollBar()
    bar.setValue(0)
    copy = button(view, "Copy code 1")
    copy.setFocus()
    qtbot.keyClick(copy, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == "code"
    assert bar.value() == 0
    qtbot.keyClick(view.built_turns()[0].answer, Qt.Key.Key_End, SHIFT)
    assert bar.value() == 0


def test_in_the_field_for_a_hint_the_keys_are_the_field_s(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, LONG)
    view.begin_turn(make_turn(5))
    view.append(5, PieceKind.REASONING, "A thought.", 9)
    view.flush()
    view.pause_turn(5, PauseReason.ASKED, "")
    edit = view.built_turns()[-1].thinking.hint.edit
    edit.setFocus()
    settle()
    edit.setText("two words")
    place = view.verticalScrollBar().value()
    for key, modifier in ((Qt.Key.Key_Home, NONE), (Qt.Key.Key_Home, CTRL), (Qt.Key.Key_Space, NONE)):
        qtbot.keyClick(edit, key, modifier)
    assert view.verticalScrollBar().value() == place > 0
    assert edit.text() == " two words"


def test_delete_means_the_message_only_where_nothing_is_selected(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, LINKS, "Second.")
    deleted: list[int] = []
    view.orders.delete_requested.connect(deleted.append)
    first, second = view.built_turns()
    second.answer.setFocus()
    second.answer.selectAll()
    qtbot.keyClick(second.answer, Qt.Key.Key_Delete)
    qtbot.keyClick(first.question, Qt.Key.Key_Delete)
    view.selection.select_all()
    qtbot.keyClick(second.answer, Qt.Key.Key_Delete)
    view.selection.clear()
    copy = button(view, "Copy code 1")
    copy.setFocus()
    qtbot.keyClick(copy, Qt.Key.Key_Delete)
    assert deleted == []
    second.question.setFocus()
    qtbot.keyClick(second.question, Qt.Key.Key_Delete)
    assert deleted == [2]


def test_the_pointer_is_a_beam_over_text_and_a_hand_over_links(view: TranscriptView) -> None:
    show(view, LINKS)
    answer = view.built_turns()[0].answer
    assert shape(answer) is Qt.CursorShape.IBeamCursor
    assert shape(view.built_turns()[0].question) is Qt.CursorShape.IBeamCursor
    over_link = answer.cursorRect(QTextCursor(answer.document())).center() + QPoint(8, 0)
    for at, expected in (
        (over_link, Qt.CursorShape.PointingHandCursor),
        (over_link + QPoint(600, 0), Qt.CursorShape.IBeamCursor),
    ):
        there = QPointF(at)
        none = Qt.MouseButton.NoButton
        moved = QMouseEvent(QEvent.Type.MouseMove, there, answer.mapToGlobal(there), none, none, NONE)
        QApplication.sendEvent(answer.viewport(), moved)
        assert shape(answer) is expected


def shape(text: SafeBrowser) -> Qt.CursorShape:
    return text.viewport().cursor().shape()


def test_the_header_is_outlined_only_for_the_keyboard(qtbot: QtBot, view: TranscriptView) -> None:
    show(view, "An answer.")
    header = view.built_turns()[0].thinking.header
    header.clearFocus()
    quiet = header.grab().toImage()
    header.setFocus(Qt.FocusReason.MouseFocusReason)
    assert header.grab().toImage() == quiet
    header.setFocus(Qt.FocusReason.MouseFocusReason)
    header.clearFocus()
    header.setFocus(Qt.FocusReason.TabFocusReason)
    outlined = header.grab().toImage()
    assert outlined != quiet
    QApplication.sendEvent(header, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.ActiveWindowFocusReason))
    assert header.grab().toImage() == outlined  # the window was left and is back


def test_no_widget_becomes_the_parent_of_another_for_python(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    buttons = [CopyButton(str, f"{n}", window) for n in range(3)]
    for number, button in enumerate(buttons):
        button.move(0, 100 - 40 * number)
    window.show()
    assert in_lines(window) == buttons[::-1]
    assert go_on(in_lines(window), buttons[1], forwards=True)
    buttons[2].deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert [Shiboken.isValid(button) for button in buttons] == [True, True, False]
