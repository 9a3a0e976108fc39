"""The thinking block says how it is going, folds, and keeps the thought to itself."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from app.numbers_in_words import thought
from models.engine.protocol import PauseReason, ThoughtEnd, Usage
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from tests.ui.transcript.views import restyle
from ui.theme import GUTTER_PX, Theme
from ui.transcript.passing_line import PassingLine
from ui.transcript.thinking import NOT_KEPT, ThinkingBlock
from ui.transcript.thought import ThoughtText
from ui.transcript.thought_lines import MAX_LINE_CHARS
from ui.transcript.thought_parts import ThoughtParts
from ui.transcript.thought_words import Phase
from ui.widgets.text_button import TextButton


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(qtbot: QtBot, clock: Clock, *, opened: bool = False, budget_tokens: int = 0) -> ThinkingBlock:
    block = ThinkingBlock(Theme.light(), opened=opened, budget_tokens=budget_tokens, clock=clock)
    qtbot.addWidget(block)
    block.resize(720, 300)
    block.show()
    return block


def thought_text(block: ThinkingBlock) -> ThoughtText:
    return block.text_views()[0]


def test_reading_shows_a_percentage_only_when_it_takes_long(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.set_prompt_progress(10, 100)
    assert block.header.said() == "Reading the question"
    assert not block.header.isEnabled()
    clock.now_s += 2
    block.set_prompt_progress(40, 100)
    assert block.header.said() == "Reading the question · 40 %"


def test_the_clock_runs_while_it_thinks(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    clock.now_s += 5  # reading is not thinking
    block.append("Let me see. ", 40)
    clock.now_s += 12
    block.append("47 * 36", 300)
    block.tick()
    assert block.header.said() == "Thinking · 12 s · 340 tokens · 28/s"
    clock.now_s += 60
    block.tick()
    assert block.header.said().startswith("Thinking · 1 min 12 s")


def test_folded_the_last_line_passes_by(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    (passing,) = block.findChildren(PassingLine)
    block.append("First line.\nSecond ", 4)
    block.append("line\n", 1)
    assert passing.isVisible()
    assert passing.line() == "Second line"
    assert not block.text_views()  # a folded thought costs nothing


def test_opened_it_is_appended_to(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, opened=True)
    block.append("\nOne\n\nTwo", 3)
    text = thought_text(block)
    changes: list[int] = []
    text.document().contentsChange.connect(lambda position, _removed, _added: changes.append(position))
    block.append(" and three", 3)
    assert text.document().toPlainText() == "One\n\nTwo and three"
    assert changes == [len("One\n\nTwo")]


def test_opening_later_shows_all_of_it(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.append("One ", 1)
    block.append("two ", 1)
    block.header.click()
    block.append("three", 1)
    assert thought_text(block).isVisible()
    assert thought_text(block).document().toPlainText() == "One two three"
    block.header.click()
    block.append(" four", 1)
    block.header.click()
    assert thought_text(block).document().toPlainText() == "One two three four"


@pytest.mark.parametrize("touched", [False, True])
def test_it_folds_by_itself_unless_touched(qtbot: QtBot, clock: Clock, touched: bool) -> None:
    block = make(qtbot, clock, opened=not touched)
    block.append("Hm", 1)
    if touched:
        block.header.click()
    assert block.opened
    block.end_thought(fold=True)
    assert block.opened is touched


def test_it_stays_open_where_the_user_reads_elsewhere(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, opened=True)
    block.append("Hm", 1)
    block.end_thought(fold=False)
    assert block.opened


def test_done(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 7)
    clock.now_s += 3
    block.end_thought(fold=True)
    clock.now_s += 100  # the answer's time is not the thought's
    block.tick()
    assert block.header.said() == "Thought for 3 s · 7 tokens"
    block.end(make_turn(answer="1692", state=TurnState.FINISHED, usage=USAGE))
    assert block.header.said() == "Thought for 4 s · 212 tokens"


@pytest.mark.parametrize(
    ("state", "said", "phase"),
    [
        (TurnState.STOPPED, "Stopped after 4 s of thinking · 212 tokens", Phase.STOPPED),
        (TurnState.FAILED, "Cut off after 4 s of thinking · 212 tokens", Phase.FAILED),
        (TurnState.INTERRUPTED, "Cut off after 4 s of thinking · 212 tokens", Phase.FAILED),
        (TurnState.LENGTH, "Thought for 4 s · 212 tokens", Phase.DONE),
    ],
)
def test_ends_inside_the_thought(
    qtbot: QtBot, clock: Clock, state: TurnState, said: str, phase: Phase
) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 7)
    block.end(make_turn(state=state, usage=USAGE))
    assert block.header.said() == said
    assert block.phase is phase


def test_without_a_thought_there_is_no_block(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.end_thought(fold=True)
    assert not block.isVisible()
    block.end(make_turn(answer="Hello", state=TurnState.FINISHED))
    assert not block.isVisible()


def test_from_the_history_only_its_length_is_known(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.show_kept(make_turn(answer="1692", state=TurnState.FINISHED, usage=USAGE))
    assert block.header.said() == "Thought for 4 s · 212 tokens"
    assert block.header.toolTip() == NOT_KEPT
    assert not block._not_kept.isVisible()
    block.header.click()
    assert block._not_kept.isVisible()
    assert block.header.toolTip() == ""  # it is said underneath
    block.header.click()
    assert block.header.toolTip() == NOT_KEPT
    assert not block._save.isVisible()
    assert not block.text_views()


def test_from_the_history_without_a_thought(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.show_kept(make_turn(answer="Hello", state=TurnState.FINISHED, usage=Usage(answer_tokens=3)))
    assert not block.isVisible()


def test_this_thought_can_be_saved_once_it_is_done(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, opened=True)
    saved: list[str] = []
    block.save_requested.connect(saved.append)
    block.append("\n  all of\x00 it\r\n", 3)
    assert not block._save.isVisible()
    block.end(make_turn(answer="x", state=TurnState.FINISHED, usage=USAGE))
    assert block._save.isVisible()
    block._save.click()
    assert saved == ["\n  all of\x00 it\r\n"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_the_keyboard_folds(qtbot: QtBot, clock: Clock, key: Qt.Key) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 1)
    assert block.header.focusPolicy() & Qt.FocusPolicy.TabFocus
    qtbot.keyClick(block.header, key)
    assert block.opened
    qtbot.keyClick(block.header, key)
    assert not block.opened


def test_a_screen_reader_is_told_and_not_flooded(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    names: list[str] = []
    assert block.header.accessibleName() == "Reading the question"
    block.append("Hm", 1)
    for _ in range(120):
        clock.now_s += 0.25
        block.tick()
        if not names or block.header.accessibleName() != names[-1]:
            names.append(block.header.accessibleName())
    assert names == [
        "Thinking, folded",
        "Thinking, 10 seconds, folded",
        "Thinking, 20 seconds, folded",
        "Thinking, 30 seconds, folded",
    ]
    block.header.click()
    assert block.header.accessibleName() == "Thinking, 30 seconds, opened"
    block.end(make_turn(answer="x", state=TurnState.FINISHED, usage=USAGE))
    assert block.header.accessibleName() == "Thought for 4 s, 212 tokens, opened"


def test_every_button_has_a_name(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, opened=True)
    block.append("Hm", 1)
    block.end(make_turn(answer="x", state=TurnState.FINISHED, usage=USAGE))
    for button in block.findChildren(TextButton):
        assert button.accessibleName() or button.text()


def test_a_thought_is_not_read_as_html(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, opened=True)
    block.append("<b>x</b> **y**", 1)
    assert thought_text(block).document().toPlainText() == "<b>x</b> **y**"


def test_a_line_without_end_is_cut_into_paragraphs(qtbot: QtBot) -> None:
    parts = ThoughtParts(Theme.light())
    qtbot.addWidget(parts)
    for _ in range(300):
        parts.append_text("word " * 10)
    document = parts.views[0].document()
    assert document.toPlainText().replace("\n", "") == "word " * 3_000
    block = document.begin()
    while block.isValid():
        assert block.length() <= MAX_LINE_CHARS + 1
        block = block.next()


def test_another_theme_keeps_the_words(qtbot: QtBot) -> None:
    parts = ThoughtParts(Theme.light())
    qtbot.addWidget(parts)
    parts.append_text("one\ntwo")
    restyle(parts, Theme.dark())
    parts.append_text(" three")
    text = parts.views[0]
    assert text.document().toPlainText() == "one\ntwo three"
    cursor = QTextCursor(text.document())
    cursor.setPosition(1)
    assert cursor.charFormat().foreground().color() == Theme.dark().colour("second")


def test_the_budget_is_named_while_it_thinks(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, budget_tokens=8192)
    assert block.header.said() == "Reading the question"
    block.append("Hm", 10)
    clock.now_s += 5
    block.tick()
    assert block.header.said() == "Thinking · 5 s · 10 tokens · 2.0/s · budget 8,192"
    block.end_thought(fold=True)
    assert block.header.said() == "Thought for 5 s · 10 tokens"


@pytest.mark.parametrize("end", [end for end in ThoughtEnd if end])
def test_what_ended_the_thought_is_said_live_and_from_the_history(
    qtbot: QtBot, clock: Clock, end: ThoughtEnd
) -> None:
    usage = msgspec.structs.replace(USAGE, thought_end=end)
    turn = make_turn(answer="1692", state=TurnState.FINISHED, usage=usage)
    live = make(qtbot, clock)
    live.append("Hm", 1)
    live.end(turn)
    kept = make(qtbot, clock)
    kept.show_kept(turn)
    plain = "Thought for 4 s · 212 tokens"
    for block in (live, kept):
        assert block.header.said() == thought(usage)
        assert block.header.said().startswith(plain)
        assert (block.header.said() == plain) is (end is ThoughtEnd.MODEL)
        assert "·" not in block.header.accessibleName()


@pytest.mark.parametrize("opened", [False, True])
def test_answer_now_is_there_while_it_thinks_and_asks_once(qtbot: QtBot, clock: Clock, opened: bool) -> None:
    block = make(qtbot, clock, opened=opened)
    asked: list[bool] = []
    block.answer_now_requested.connect(lambda: asked.append(True))
    assert not block.buttons.answer_now.isVisible()
    block.append("Hm", 1)
    assert block.buttons.answer_now.isVisible()
    qtbot.mouseClick(block.buttons.answer_now, Qt.MouseButton.LeftButton)
    assert (asked, block.buttons.answer_now.text()) == ([True], "Answering…")
    assert block.request_answer()
    block.append(" so", 1)
    assert asked == [True]
    block.end_thought(fold=False)
    assert not block.buttons.answer_now.isVisible()
    assert not block.request_answer()


def test_answer_now_is_remembered_while_the_question_is_read(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    asked: list[bool] = []
    block.answer_now_requested.connect(lambda: asked.append(True))
    assert block.request_answer()
    assert block.request_answer()
    assert asked == [True]
    assert block.header.said() == block.header.accessibleName() == "Reading the question, then the answer"
    block.append("Hm", 1)
    assert block.buttons.answer_now.text() == "Answering…"
    assert asked == [True]


def test_a_thought_that_goes_on_after_all_can_be_ended_again(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 1)
    block.request_answer()
    block.end_thought(fold=True)
    block.append("no answer yet", 1)
    assert block.buttons.answer_now.isVisible()
    assert block.buttons.answer_now.isEnabled()
    assert block.buttons.answer_now.text() == "Answer now"


def test_answer_now_stands_where_the_eye_is(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 1)
    for _ in range(2):
        QApplication.processEvents()
        assert abs(block.buttons.geometry().center().y() - block.header.geometry().center().y()) <= 1
        assert block.buttons.geometry().right() < block.width() - GUTTER_PX
        block.header.click()
        QApplication.processEvents()
        assert (
            block.buttons.y() >= thought_text(block).mapTo(block, thought_text(block).rect().bottomLeft()).y()
        )
        block.header.click()


def test_the_passing_line_knows_what_was_written_while_it_was_open(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock, opened=True)
    block.append("one two ", 2)
    block.header.click()
    block.append("three", 1)
    assert block.findChildren(PassingLine)[0].line() == "one two three"


def paused(block: ThinkingBlock, clock: Clock) -> None:
    """Think for 12 s, and wait."""
    block.append("Hm", 340)
    clock.now_s += 12
    block.buttons.pause.click()
    block.pause(PauseReason.ASKED, "")
    clock.now_s += 100
    block.tick()


@pytest.mark.parametrize("opened", [False, True])
def test_a_pause_stops_the_clock_and_asks_for_a_hint(qtbot: QtBot, clock: Clock, opened: bool) -> None:
    block = make(qtbot, clock, opened=opened)
    block.activateWindow()
    paused(block, clock)
    assert block.header.said() == "Paused · 12 s · 340 tokens"
    assert block.header.accessibleName().startswith("Paused, 12 s, 340 tokens")
    assert not block.buttons.isVisible()
    assert block.hint.edit.isVisible()
    assert block.focusWidget() is block.hint.edit
    with qtbot.waitSignal(block.go_on_requested) as asked:
        qtbot.keyClicks(block.hint.edit, " mind the gap ")
        qtbot.keyClick(block.hint.edit, Qt.Key.Key_Return)
    assert asked.args == ["mind the gap"]
    assert not block.hint.isVisible()
    assert block.buttons.pause.isVisible()
    clock.now_s += 3
    block.tick()
    assert block.header.said().startswith("Thinking · 15 s · 340 tokens")
    block.pause(PauseReason.ASKED, "")
    assert block.hint.edit.text() == ""


def test_go_on_without_a_hint_or_answer_instead(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    paused(block, clock)
    with qtbot.waitSignal(block.go_on_requested) as asked:
        block.hint.go_on.click()
    assert asked.args == [""]
    block.pause(PauseReason.ASKED, "")
    with qtbot.waitSignal(block.answer_now_requested):
        block.hint.answer_now.click()
    assert not block.hint.isVisible()
    assert block.buttons.answer_now.text() == "Answering…"
    block.pause(PauseReason.ASKED, "")  # it was on its way when the answer was asked for
    assert not block.hint.isVisible()


def test_a_pause_is_asked_for_once_and_may_come_too_late(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    asked: list[bool] = []
    block.pause_requested.connect(lambda: asked.append(True))
    block.append("Hm", 1)
    for _ in range(2):
        block.buttons.pause.click()
    assert (asked, block.buttons.pause.text()) == ([True], "Pausing…")
    block.end_thought(fold=True)
    assert not block.buttons.isVisible()
    assert not block.hint.isVisible()


@pytest.mark.parametrize("width", [440, 736])
def test_the_hint_has_room_where_it_is_narrow(qtbot: QtBot, clock: Clock, width: int) -> None:
    block = make(qtbot, clock)
    block.resize(width, 300)
    paused(block, clock)
    QApplication.processEvents()
    assert block.hint.edit.width() > 300
    assert (block.hint.go_on.y() > block.hint.edit.geometry().bottom()) is (width == 440)
    assert block.hint.answer_now.geometry().right() < width


@pytest.mark.parametrize("choice", ["answer_now", "try_again", "go_on"])
def test_a_loop_is_told_and_leaves_with_the_choice(qtbot: QtBot, clock: Clock, choice: str) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 340)
    clock.now_s += 12
    block.pause(PauseReason.LOOP, "It said <b>it</b> 6 times.")
    clock.now_s += 100
    QApplication.processEvents()
    note = block.loop_note
    assert note is not None
    assert block.header.said() == "Paused · 12 s · 340 tokens"
    (label,) = note.findChildren(QLabel)
    assert label.isVisible()
    assert label.text() == "The thinking goes in circles. It said <b>it</b> 6 times."
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert not block.hint.isVisible()
    asked: list[str] = []
    block.answer_now_requested.connect(lambda: asked.append("answer_now"))
    block.try_again_requested.connect(lambda: asked.append("try_again"))
    block.go_on_requested.connect(lambda hint: asked.append(f"go_on{hint}"))
    getattr(note, choice).click()
    assert asked == [choice]
    assert block.loop_note is None
    assert not note.isVisible()


def test_a_turn_that_ends_while_it_waits_leaves_nothing_to_press(qtbot: QtBot, clock: Clock) -> None:
    block = make(qtbot, clock)
    block.append("Hm", 1)
    block.pause(PauseReason.LOOP, "")
    block.end(make_turn(state=TurnState.STOPPED, usage=USAGE))
    assert block.loop_note is None
    assert block.header.said() == "Stopped after 4 s of thinking · 212 tokens"


def test_a_thought_that_comes_back_has_its_time(qtbot: QtBot, clock: Clock) -> None:
    block = ThinkingBlock(Theme.light(), thought_s=42.0, clock=clock)
    qtbot.addWidget(block)
    block.append("Hm", 340)
    block.pause(PauseReason.ASKED, "")
    assert block.header.said() == "Paused · 42 s · 340 tokens"
