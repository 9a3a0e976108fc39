"""How a turn ended can be seen, and what can be done about it."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.chat.engine_state import EngineState
from app.history.records import ENDED_EARLY, Turn, TurnState
from models.errors import AppError, engine_error
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, make_turn
from ui.theme import Theme
from ui.transcript.markdown import MarkdownReader
from ui.transcript.message_actions import QuietButton, QuietCopy
from ui.transcript.turn import GOING_ON, TurnWidget
from ui.widgets.copy_button import CopyButton


def make(qtbot: QtBot, turn: Turn | None = None) -> TurnWidget:
    widget = TurnWidget(Theme.light(), MarkdownReader(), turn or make_turn())
    qtbot.addWidget(widget)
    widget.resize(736, 400)
    widget.show()
    return widget


def kept(qtbot: QtBot, turn: Turn) -> TurnWidget:
    widget = make(qtbot, turn)
    widget.show_kept()
    settle()
    return widget


def settle() -> None:
    """Let new parts be shown."""
    for _ in range(3):
        QApplication.processEvents()


def texts(widget: TurnWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


def seen_buttons(widget: TurnWidget) -> list[QPushButton]:
    """Those that are seen without the mouse being there."""
    found = [b for b in widget.findChildren(QPushButton) if b.isVisible() and b.text()]
    return [b for b in found if not isinstance(b, QuietButton | QuietCopy)]


def button(widget: TurnWidget, text: str) -> QPushButton:
    (found,) = [b for b in seen_buttons(widget) if b.text() == text]
    return found


def buttons(widget: TurnWidget) -> list[str]:
    return [b.text() for b in seen_buttons(widget)]


def test_a_finished_turn(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(answer="It is **1692**.", state=TurnState.FINISHED, usage=USAGE))
    assert widget.answer.document().toPlainText() == "It is 1692."
    assert buttons(widget) == ["Copy", "31 tokens/s · details"]
    assert texts(widget) == []
    assert widget.note is None


def test_copy_gives_the_markdown_and_never_the_thought(qtbot: QtBot) -> None:
    widget = make(qtbot)
    widget.append(PieceKind.REASONING, "a secret thought", 3, fold=True)
    widget.append(PieceKind.ANSWER, "It is ", 2, fold=True)
    widget.append(PieceKind.ANSWER, "**1692**.", 2, fold=True)
    widget.end(make_turn(answer="It is **1692**.", state=TurnState.FINISHED, usage=USAGE), None)
    settle()
    copy = button(widget, "Copy")
    assert copy.accessibleName() == "Copy the answer"
    copy.click()
    mime = QGuiApplication.clipboard().mimeData()
    assert mime.text() == "It is **1692**."
    assert not mime.hasHtml()
    assert isinstance(copy, CopyButton)
    copy._said.stop()


def test_details_unfold(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(answer="x", state=TurnState.FINISHED, usage=USAGE))
    assert widget.footer is not None
    details = widget.footer.details
    assert details.accessibleName() == "31 tokens a second, details, folded"
    details.click()
    assert details.accessibleName() == "31 tokens a second, details, opened"
    said = texts(widget)
    assert dict(zip(said[::2], said[1::2], strict=True)) == {
        "Prompt": "1,204 tokens, 1,100 of them still in memory · 260 tokens/s",
        "Thinking": "212 tokens in 4 s · 50 tokens/s",
        "Answer": "88 tokens",
        "First token": "after 0.4 s",
        "Speed": "31 tokens/s",
        "Ended": "by the model",
        "Model": "Ponder Mini",
    }
    details.click()
    assert texts(widget) == []


def test_what_was_no_answer_becomes_thought(qtbot: QtBot) -> None:
    widget = make(qtbot)
    widget.append(PieceKind.ANSWER, "I think that ", 3, fold=True)
    assert widget.answer.isVisible()
    widget.append(PieceKind.RECLASSIFIED, "", 1, fold=True)
    assert not widget.answer.isVisible()
    assert widget.answer.markdown_source == ""
    assert widget.thinking.thought() == "I think that "
    assert "4 tokens" in widget.thinking.header.said()
    widget.append(PieceKind.ANSWER, "1692", 2, fold=True)
    assert widget.answer.document().toPlainText() == "1692"
    assert widget.thinking.header.said().startswith("Thought for")


def test_white_space_is_no_answer_yet(qtbot: QtBot) -> None:
    widget = make(qtbot)
    widget.append(PieceKind.REASONING, "Hm", 1, fold=True)
    widget.append(PieceKind.ANSWER, "\n\n", 1, fold=True)
    assert not widget.answer.isVisible()
    assert widget.thinking.header.said().startswith("Thinking")


def test_the_kept_answer_wins_over_the_stream(qtbot: QtBot) -> None:
    widget = make(qtbot)
    widget.append(PieceKind.ANSWER, "par", 1, fold=True)
    widget.end(make_turn(answer="partial", state=TurnState.STOPPED, usage=USAGE), None)
    settle()
    assert widget.answer.document().toPlainText() == "partial"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (TurnState.STOPPED, "Stopped."),
        (TurnState.LENGTH, "The room for this reply was used up."),
    ],
)
def test_quiet_ends(qtbot: QtBot, state: TurnState, said: str) -> None:
    widget = kept(qtbot, make_turn(answer="half", state=state, usage=USAGE))
    assert texts(widget) == [said]
    assert widget.note is None


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "The oldest question no longer fit and was not shown to the model."),
        (2, "The oldest 2 questions no longer fit and were not shown to the model."),
    ],
)
def test_left_out_turns_are_told(qtbot: QtBot, count: int, said: str) -> None:
    usage = msgspec.structs.replace(USAGE, left_out_turns=count)
    assert texts(kept(qtbot, make_turn(answer="x", state=TurnState.FINISHED, usage=usage))) == [said]


@pytest.mark.parametrize("code", ["engine_stopped", "engine_protocol", "engine_start"])
def test_a_dead_engine_can_be_restarted(qtbot: QtBot, code: str) -> None:
    error = engine_error(code, {"detail": "killed <b>(SIGKILL)</b>"})
    widget = make(qtbot)
    widget.end(make_turn(state=TurnState.FAILED), error)
    settle()
    assert texts(widget) == [str(error)]
    with qtbot.waitSignal(widget.restart_requested):
        button(widget, "Restart engine").click()
    with qtbot.waitSignal(widget.orders.version_requested) as asked:
        button(widget, "Ask again").click()
    assert asked.args == [1, "What is 47 * 36?"]
    widget.retire_note()
    assert buttons(widget) == ["Ask again"]


@pytest.mark.parametrize("state", sorted(ENDED_EARLY))
def test_an_answer_that_ended_early_can_go_on_until_another_question_is_asked(
    qtbot: QtBot, state: TurnState
) -> None:
    widget = kept(qtbot, make_turn(7, answer="It is 16", state=state))
    go_on = button(widget, "Go on")
    with qtbot.waitSignal(widget.orders.continue_requested) as asked:
        go_on.click()
    assert asked.args == [7]
    widget.set_busy("A reply is being written.")
    assert not go_on.isEnabled()
    assert go_on.toolTip() == "A reply is being written."
    widget.set_busy("")
    assert go_on.isEnabled()
    widget.retire_note()
    assert "Go on" not in buttons(widget)


@pytest.mark.parametrize(
    ("state", "answer"), [(TurnState.FINISHED, "It is 16."), (TurnState.INTERRUPTED, "")]
)
def test_nothing_else_can_go_on(qtbot: QtBot, state: TurnState, answer: str) -> None:
    assert "Go on" not in buttons(kept(qtbot, make_turn(answer=answer, state=state)))


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_question_that_is_too_long_is_not_asked_again_as_it_is(qtbot: QtBot, reloaded: bool) -> None:
    error = engine_error("prompt_too_long", {"prompt_tokens": 10, "room_tokens": 4})
    turn = make_turn(state=TurnState.FAILED, failure=str(error))
    widget = make(qtbot, turn)
    if reloaded:
        widget.show_kept()
    else:
        widget.end(turn, error)
    settle()
    assert texts(widget) == [str(error)]
    assert buttons(widget) == []


@pytest.mark.parametrize(
    "error",
    [
        engine_error("model_load", {}),
        AppError("Something.", kept="All is kept."),
    ],
)
def test_other_failures_need_no_restart(qtbot: QtBot, error: AppError) -> None:
    widget = make(qtbot)
    widget.end(make_turn(state=TurnState.FAILED), error)
    settle()
    assert texts(widget) == [str(error)]
    assert buttons(widget) == ["Ask again"]


def test_a_failure_from_the_history(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(state=TurnState.FAILED, failure="The engine stopped."))
    assert texts(widget) == ["The engine stopped."]
    assert buttons(widget) == ["Ask again"]


def test_an_interrupted_turn_from_the_history(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(answer="half", state=TurnState.INTERRUPTED, usage=USAGE))
    assert texts(widget) == ["Ponder ended before this answer was complete."]
    assert buttons(widget) == ["Go on", "Ask again", "Copy", "31 tokens/s · details"]


def test_texts_of_errors_are_plain(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(state=TurnState.FAILED, failure="<img src=/dev/zero><b>x</b>"))
    (label,) = [label for label in widget.findChildren(QLabel) if label.isVisible()]
    assert label.textFormat().name == "PlainText"


def test_the_question_is_shown_as_typed(qtbot: QtBot) -> None:
    question = "<b>a</b>\n  **b**\n\n\tc & &amp;"
    widget = kept(qtbot, make_turn(question=question, answer="x", state=TurnState.FINISHED))
    assert widget._question.document().toPlainText() == question


def test_every_control_has_a_name(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(answer="```\nx\n```", state=TurnState.INTERRUPTED, usage=USAGE))
    for control in widget.findChildren(QPushButton):
        assert control.accessibleName() or control.text(), control
    assert widget.answer.accessibleName() == "Answer from Ponder Mini"
    assert widget._question.accessibleName() == "Your question"


def test_save_names_the_turn(qtbot: QtBot) -> None:
    widget = make(qtbot, make_turn(turn_id=7))
    widget.append(PieceKind.REASONING, "Hm", 1, fold=True)
    widget.end(make_turn(7, answer="x", state=TurnState.FINISHED, usage=USAGE), None)
    settle()
    widget.thinking.header.click()
    with qtbot.waitSignal(widget.save_thought_requested) as saved:
        button(widget, "Save this thought…").click()
    assert saved.args == [7, "Hm"]


def test_another_width_leaves_the_ground_of_the_question_whole(qtbot: QtBot) -> None:
    widget = kept(qtbot, make_turn(question="word " * 40, answer="x", state=TurnState.FINISHED))
    for width in (700, 400, 700):
        widget.resize(width, 300)
        settle()
        question = widget._question
        assert question.viewport().height() == question.height(), width


@pytest.mark.parametrize("answer", ["It is 16", ""])
def test_the_note_on_a_dead_engine_changes_with_the_engine(qtbot: QtBot, answer: str) -> None:
    error = engine_error("engine_stopped", {"detail": "it was killed"})
    failed = make_turn(answer=answer, state=TurnState.FAILED, failure=f"{error.message} {error.kept}")
    widget = make(qtbot, failed)
    widget.append(PieceKind.ANSWER, answer, 3, fold=True)
    widget.end(failed, error)
    settle()
    restart = button(widget, "Restart engine")
    restart.setFocus()
    assert not widget.follow_engine(EngineState.STOPPED)
    assert restart.isEnabled()
    assert widget.follow_engine(EngineState.STARTING)
    assert not restart.isEnabled()
    assert not widget.follow_engine(EngineState.STOPPED)
    assert restart.isEnabled()
    restart.setFocus()
    assert widget.follow_engine(EngineState.READY)
    settle()
    reopened = kept(qtbot, failed)
    assert texts(widget) == texts(reopened) == [f"{error.message} {error.kept}"]
    assert sorted(buttons(widget)) == sorted(buttons(reopened))
    assert ("Go on" in buttons(widget)) is bool(answer)
    assert not widget.follow_engine(EngineState.READY)


def test_a_note_about_something_else_stays(qtbot: QtBot) -> None:
    widget = make(qtbot)
    widget.end(make_turn(state=TurnState.FAILED), engine_error("model_load", {}))
    settle()
    note = widget.note
    button(widget, "Ask again").setFocus()
    assert not widget.follow_engine(EngineState.READY)
    assert widget.note is note


@pytest.mark.parametrize("opened", [False, True])
def test_thought_and_answer_stay_where_the_answer_goes_on(qtbot: QtBot, opened: bool) -> None:
    widget = make(qtbot)
    widget.append(PieceKind.REASONING, "Hm hm.", 3, fold=True)
    widget.append(PieceKind.ANSWER, "It is ", 2, fold=True)
    stopped = make_turn(answer="It is", state=TurnState.STOPPED, usage=USAGE)
    widget.end(stopped, None)
    settle()
    if opened:
        widget.thinking.unfold()
    said = widget.thinking.header.said()
    widget.go_on(make_turn(answer="It is", usage=USAGE))
    settle()
    assert texts(widget) == [GOING_ON]
    assert set(buttons(widget)) == {"Outline", *(["Save this thought…"] if opened else [])}
    for word in ("", " 16"):
        assert widget.thinking.thought() == "Hm hm."
        assert widget.thinking.opened is opened
        assert widget.thinking.header.said() == said
        assert widget.answer.document().toPlainText() == f"It is{word.rstrip()}" or word
        widget.append(PieceKind.ANSWER, word, 1, fold=True)
    settle()
    assert texts(widget) == []
    assert widget.answer.document().toPlainText() == "It is 16"
    widget.end(make_turn(answer="It is 16", state=TurnState.FINISHED, usage=USAGE), None)
    settle()
    assert widget.source() == "It is 16"
    assert "Copy" in buttons(widget)
    widget._quiet_row.show_all(True)  # those that went are not among them
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    widget._quiet_row.show_all(False)


@pytest.mark.parametrize("thought", ["Hm hm.", ""])
def test_who_comes_back_to_an_answer_that_goes_on(qtbot: QtBot, thought: str) -> None:
    going_on = make_turn(answer="It is", usage=USAGE)
    widget = make(qtbot, going_on)
    widget.go_on(going_on, thought)
    settle()
    assert widget.thinking.thought() == thought
    assert widget.thinking.header.said() == "Thought for 4 s · 212 tokens"
    assert widget.answer.isVisible()
    widget.append(PieceKind.ANSWER, " 16", 1, fold=True)
    assert widget.source() == "It is 16"


@pytest.mark.parametrize("code", ["```python\nx = 1", "```python\nx = 1\n```", "```python\n"])
@pytest.mark.parametrize("state", [TurnState.STOPPED, TurnState.FAILED, TurnState.FINISHED])
def test_what_follows_stands_clear_of_code_at_the_end(qtbot: QtBot, code: str, state: TurnState) -> None:
    widget = kept(qtbot, make_turn(answer=f"Words.\n\n{code}", state=state, usage=USAGE))
    answer = widget.answer
    ground = answer._grounds.code_rect(answer._grounds.areas[-1]).toRect()
    code_bottom = answer.viewport().mapTo(widget, ground.bottomLeft()).y() + 1
    below = [part for part in (widget._note, widget.footer) if part is not None]
    assert min(part.y() for part in below) - code_bottom >= 12
