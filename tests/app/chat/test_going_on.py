"""An answer that ended early goes on, as the controller does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.chat.controller import ChatController
from app.chat.events import ConversationOpened, Noticed, ReplyDelta, TurnEnded, TurnStarted
from app.chat.turn import RunningTurn
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Delta
from models.reasoning import PieceKind
from tests.app.chat.conftest import StartController
from tests.app.chat.listener import Listener
from tests.ui.transcript.turns import make_turn

ANSWER = "one two three four five six seven"
THOUGHT_WORDS = 2


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def start(
    start_controller: StartController, history_file: Path, *options: str
) -> tuple[ChatController, Listener]:
    words = ("--thought", "Hm hm.", "--answer", ANSWER)
    return start_controller(*words, *options, open_history=lambda: HistoryStore(history_file))


def held_after(answer_words: int) -> tuple[str, ...]:
    """The engine waits to be stopped after its thought and so many words; what goes on has no thought."""
    return ("--fault", "hold", "--fault-after", str(THOUGHT_WORDS + answer_words))


def stopped_in_the_answer(controller: ChatController, listener: Listener, question: str = "Count") -> Turn:
    listener.forget()
    controller.ask(question)
    listener.wait_for(ReplyDelta, lambda event: event.kind is PieceKind.ANSWER and "two" in event.text)
    controller.stop()
    turn = listener.wait_for(TurnEnded).turn
    assert turn.state is TurnState.STOPPED
    assert ANSWER.startswith(turn.answer)
    assert turn.answer != ANSWER
    return turn


def test_a_stopped_answer_goes_on_to_its_end(start_controller: StartController, history_file: Path) -> None:
    controller, listener = start(start_controller, history_file, *held_after(6))
    turn = stopped_in_the_answer(controller, listener)
    listener.forget()
    controller.go_on(turn.id)
    ended = listener.wait_for(TurnEnded).turn
    assert (ended.id, ended.state) == (turn.id, TurnState.FINISHED)
    assert ended.answer == f"{turn.answer}{ANSWER}"  # the fake engine begins its words anew
    assert ended.usage.reasoning_tokens == turn.usage.reasoning_tokens > 0
    assert ended.usage.answer_tokens > turn.usage.answer_tokens
    assert listener.of(ConversationOpened) == []
    (started,) = listener.of(TurnStarted)
    assert (started.turn.id, started.turn.answer, started.thought) == (turn.id, turn.answer, "Hm hm.")
    assert listener.text(turn.id, PieceKind.ANSWER) == ANSWER, "only what is new"
    with HistoryStore(history_file) as history:
        (kept,) = history.conversation(turn.conversation_id).turns
    assert kept.answer == ended.answer


def test_an_engine_that_fails_before_a_word_leaves_the_answer_as_it_was(
    start_controller: StartController, history_file: Path
) -> None:
    controller, listener = start(start_controller, history_file, *held_after(6))
    turn = stopped_in_the_answer(controller, listener)
    controller.close()
    failing, listener = start(start_controller, history_file, "--fault", "template", "--fault-after", "0")
    failing.open_conversation(turn.conversation_id)
    listener.wait_for(ConversationOpened, lambda event: event.conversation is not None)
    failing.go_on(turn.id)
    ended = listener.wait_for(TurnEnded).turn
    assert (ended.state, ended.answer) == (TurnState.FAILED, turn.answer)


def test_only_the_last_answer_can_go_on(start_controller: StartController, history_file: Path) -> None:
    controller, listener = start(start_controller, history_file, *held_after(6))
    turn = stopped_in_the_answer(controller, listener)
    stopped_in_the_answer(controller, listener, "More")
    controller.go_on(turn.id)
    assert "last answer" in str(listener.wait_for(Noticed).error)


def test_who_comes_back_to_it_gets_thought_and_answer(
    start_controller: StartController, history_file: Path
) -> None:
    controller, listener = start(start_controller, history_file, *held_after(3))
    turn = stopped_in_the_answer(controller, listener)
    listener.forget()
    controller.go_on(turn.id)
    listener.wait_for(ReplyDelta, lambda event: event.kind is PieceKind.ANSWER and "one" in event.text)
    controller.new_conversation()
    listener.wait_for(ConversationOpened, lambda event: event.conversation is None)
    listener.forget()
    controller.open_conversation(turn.conversation_id)
    started = listener.wait_for(TurnStarted)
    assert (started.turn.answer, started.thought) == (turn.answer, "Hm hm.")
    controller.stop()
    ended = listener.wait_for(TurnEnded).turn
    assert ended.answer != turn.answer
    assert turn.answer + listener.text(turn.id, PieceKind.ANSWER) == ended.answer
    assert listener.text(turn.id, PieceKind.REASONING) == ""
    listener.forget()
    controller.open_conversation(turn.conversation_id)
    assert listener.wait_for(ConversationOpened).thoughts == {turn.id: "Hm hm."}


def test_the_answer_that_is_said_again_is_dropped_however_it_is_cut() -> None:
    begun = make_turn(answer="one two")
    for cuts in (
        ["one two three"],
        ["one", " two", " three"],
        ["o", "ne two t", "hree"],
        ["one two", " three"],
    ):
        running = RunningTurn(begun, 1)
        assert running.answer_text == "one two"
        new = [running.take(Delta(1, PieceKind.ANSWER, cut, 1)).text for cut in cuts]
        assert "".join(new) == " three"
        assert running.answer_text == "one two three"
        assert "".join(delta.text for delta in running.deltas_so_far()) == " three"


@pytest.mark.parametrize("fault", ["exit", "garbage"])
def test_what_is_kept_of_a_failure_does_not_ask_for_a_restart(
    start_controller: StartController, history_file: Path, fault: str
) -> None:
    controller, listener = start(start_controller, history_file, "--fault", fault, "--fault-after", "4")
    controller.ask("Count")
    ended = listener.wait_for(TurnEnded)
    assert "Restart the engine" in str(ended.error)
    assert "Restart" not in ended.turn.failure
    assert "is kept" in ended.turn.failure
