"""An answer that ended early goes on, as the controller does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.chat.controller import ChatController
from app.chat.events import ConversationOpened, Noticed, ReplyDelta, TurnEnded, TurnStarted
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from models.reasoning import PieceKind
from tests.app.chat.conftest import StartController
from tests.app.chat.listener import Listener

ANSWER = "one two three four five six seven"


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def start(
    start_controller: StartController, history_file: Path, *options: str
) -> tuple[ChatController, Listener]:
    words = ("--thought", "Hm hm.", "--answer", ANSWER)
    return start_controller(*words, *options, open_history=lambda: HistoryStore(history_file))


def stopped_in_the_answer(controller: ChatController, listener: Listener) -> Turn:
    controller.ask("Count")
    listener.wait_for(ReplyDelta, lambda event: event.kind is PieceKind.ANSWER and "two" in event.text)
    controller.stop()
    turn = listener.wait_for(TurnEnded).turn
    assert turn.state is TurnState.STOPPED
    assert ANSWER.startswith(turn.answer)
    assert turn.answer != ANSWER
    return turn


def test_a_stopped_answer_goes_on_to_its_end(start_controller: StartController, history_file: Path) -> None:
    controller, listener = start(start_controller, history_file, "--tokens-per-s", "20")
    turn = stopped_in_the_answer(controller, listener)
    listener.forget()
    controller.go_on(turn.id)
    ended = listener.wait_for(TurnEnded).turn
    assert (ended.id, ended.state) == (turn.id, TurnState.FINISHED)
    assert ended.answer == f"{turn.answer}{ANSWER}"  # the fake engine begins its words anew
    assert ended.usage.reasoning_tokens == turn.usage.reasoning_tokens > 0
    assert ended.usage.answer_tokens > turn.usage.answer_tokens
    opened = listener.of(ConversationOpened)[0].conversation
    assert opened is not None
    assert opened.turns == ()
    assert listener.of(TurnStarted)[0].turn.id == turn.id
    with HistoryStore(history_file) as history:
        (kept,) = history.conversation(turn.conversation_id).turns
    assert kept.answer == ended.answer


def test_an_engine_that_fails_before_a_word_leaves_the_answer_as_it_was(
    start_controller: StartController, history_file: Path
) -> None:
    controller, listener = start(start_controller, history_file, "--tokens-per-s", "20")
    turn = stopped_in_the_answer(controller, listener)
    controller.close()
    failing, listener = start(start_controller, history_file, "--fault", "template", "--fault-after", "0")
    failing.open_conversation(turn.conversation_id)
    listener.wait_for(ConversationOpened, lambda event: event.conversation is not None)
    failing.go_on(turn.id)
    ended = listener.wait_for(TurnEnded).turn
    assert (ended.state, ended.answer) == (TurnState.FAILED, turn.answer)


def test_only_the_last_answer_can_go_on(start_controller: StartController, history_file: Path) -> None:
    controller, listener = start(start_controller, history_file, "--tokens-per-s", "20")
    turn = stopped_in_the_answer(controller, listener)
    listener.forget()
    controller.ask("More")
    listener.wait_for(TurnEnded)
    controller.go_on(turn.id)
    assert "last answer" in str(listener.wait_for(Noticed).error)
