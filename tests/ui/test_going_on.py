"""An answer goes on, and a failed one is taken up after a restart, in the whole window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.chat.events import (
    ConversationOpened,
    EngineState,
    EngineStateChanged,
    ReplyDelta,
    TurnEnded,
    TurnStarted,
)
from app.history.records import Conversation, TurnState
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn
from ui.transcript.turn import TurnWidget


def of(opened: Opened) -> TurnWidget:
    return opened.page.transcript.built_turns()[-1]


def button(opened: Opened, words: str) -> QPushButton:
    (found,) = [b for b in of(opened).findChildren(QPushButton) if b.text() == words and b.isVisible()]
    return found


def ask(opened: Opened) -> None:
    opened.say(
        ready(),
        TurnStarted(turn()),
        ReplyDelta(1, PieceKind.REASONING, "Hm hm.", 3),
        ReplyDelta(1, PieceKind.ANSWER, "It is", 2),
    )


@pytest.mark.parametrize("unfolded", [False, True])
def test_go_on_leaves_the_thought_and_gives_the_keys_to_the_composer(opened: Opened, unfolded: bool) -> None:
    ask(opened)
    opened.say(TurnEnded(turn(answer="It is", state=TurnState.STOPPED)))
    if unfolded:
        of(opened).thinking.unfold()
    go_on = button(opened, "Go on")
    go_on.setFocus(Qt.FocusReason.TabFocusReason)
    opened.qtbot.keyClick(go_on, Qt.Key.Key_Space)
    assert opened.chat.named("go_on") == [1]
    assert opened.page.composer.edit.hasFocus()
    opened.say(TurnStarted(turn(answer="It is"), thought="Hm hm."))
    assert opened.page.composer.edit.hasFocus()
    assert opened.page.middle.currentWidget() is opened.page.aids
    thinking = of(opened).thinking
    assert (thinking.thought(), thinking.opened) == ("Hm hm.", unfolded)
    opened.say(ReplyDelta(1, PieceKind.ANSWER, " 1692", 1))
    opened.say(TurnEnded(turn(answer="It is 1692", state=TurnState.FINISHED)))
    assert (thinking.thought(), thinking.opened) == ("Hm hm.", unfolded)
    assert of(opened).source() == "It is 1692"


def test_a_chat_is_left_and_opened_again_while_its_answer_goes_on(opened: Opened) -> None:
    ask(opened)
    opened.say(TurnEnded(turn(answer="It is", state=TurnState.STOPPED)))
    opened.say(
        TurnStarted(turn(answer="It is"), thought="Hm hm."),
        ConversationOpened(None),
        ConversationOpened(Conversation(summary(1, "First"), ())),
        TurnStarted(turn(answer="It is"), thought="Hm hm."),
        ReplyDelta(1, PieceKind.ANSWER, " 1692", 1),
    )
    opened.page.transcript.flush()
    assert of(opened).source() == "It is 1692"
    assert of(opened).thinking.thought() == "Hm hm."


@pytest.mark.parametrize("answer", ["It is", ""])
def test_after_a_restart_the_note_says_what_can_be_done_now(opened: Opened, answer: str) -> None:
    gone = engine_error("engine_stopped", {"detail": "was killed (SIGKILL)"})
    failure = f"{gone.message} {gone.kept}"
    stopped = EngineStateChanged(EngineState.STOPPED, "Ponder Mini", built_in=True, error=gone)
    starting = EngineStateChanged(EngineState.STARTING, "Ponder Mini", built_in=True)
    ask(opened)
    opened.say(TurnEnded(turn(answer=answer, state=TurnState.FAILED, failure=failure), gone), stopped)
    restart = button(opened, "Restart engine")
    restart.setFocus(Qt.FocusReason.TabFocusReason)
    opened.qtbot.keyClick(restart, Qt.Key.Key_Space)
    assert opened.chat.named("restart") == [None]
    opened.say(starting)
    assert not restart.isEnabled()
    assert opened.page.composer.edit.hasFocus()
    opened.say(ready())
    assert opened.page.composer.edit.hasFocus()
    note = of(opened).note
    assert note is not None
    assert not note.is_about_engine
    names = [b.text() for b in of(opened).findChildren(QPushButton) if b.isVisible()]
    assert "Restart engine" not in names
    assert "Ask again" in names
    assert ("Go on" in names) is bool(answer)
    if answer:
        button(opened, "Go on").click()
        assert opened.chat.named("go_on") == [1]


def test_the_keys_stay_where_they_are_if_they_were_elsewhere(opened: Opened) -> None:
    gone = engine_error("engine_stopped", {"detail": "was killed (SIGKILL)"})
    ask(opened)
    opened.say(TurnEnded(turn(answer="It is", state=TurnState.FAILED), gone))
    of(opened).question.setFocus()
    opened.say(ready())
    assert of(opened).question.hasFocus()
