"""The chat controller with a real history and a real child process that plays the engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from app.chat.controller import ChatController
from app.chat.engine_host import EngineHost
from app.chat.events import (
    ContextFilled,
    ConversationOpened,
    ConversationsFound,
    ConversationsListed,
    EngineState,
    Noticed,
    QuestionRejected,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
)
from app.errors import EngineStoppedError, HistoryError, InputError, ModelFileError
from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Message, PauseReason, Thinking, ThoughtEnd
from models.reasoning import PieceKind
from tests.app.chat.conftest import StartController
from tests.app.chat.listener import Listener

Start = Callable[..., tuple[ChatController, Listener]]


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    """Where the history of the test lies."""
    return tmp_path / "history.db"


@pytest.fixture
def start(history_file: Path, start_controller: StartController) -> Start:
    """Start a controller with options for the fake engine; it is closed at the end."""

    def start_one(*options: str, writes: bool = True) -> tuple[ChatController, Listener]:
        open_history = (lambda: HistoryStore(history_file)) if writes else None
        return start_controller(*options, open_history=open_history)

    return start_one


def _ask(controller: ChatController, listener: Listener, text: str) -> TurnEnded:
    listener.forget()
    controller.ask(text)
    return listener.wait_for(TurnEnded)


def test_a_question_is_stored_answered_and_listed(start: Start, history_file: Path) -> None:
    controller, listener = start("--answer", "It is {question}")
    ended = _ask(controller, listener, "  this \n")
    assert ended.turn.question == "this"
    assert ended.turn.answer == "It is this"
    assert ended.turn.state is TurnState.FINISHED
    assert ended.turn.usage.reasoning_tokens > 0
    assert listener.text(ended.turn.id, PieceKind.REASONING)
    assert listener.wait_for(ConversationsListed, lambda e: len(e.conversations) == 1)
    controller.close()
    store = HistoryStore(history_file)
    assert store.conversation(ended.turn.conversation_id).turns == (ended.turn,)
    store.close()


def test_the_question_is_stored_before_the_engine_answers(start: Start, history_file: Path) -> None:
    controller, listener = start("--prompt-s", "60")
    controller.ask("Is this safe?")
    turn = listener.wait_for(TurnStarted).turn
    reader = HistoryStore(history_file)
    assert [t.question for t in reader.conversation(turn.conversation_id).turns] == ["Is this safe?"]
    reader.close()


def test_a_follow_up_goes_into_the_same_conversation(start: Start) -> None:
    controller, listener = start()
    first = _ask(controller, listener, "one").turn
    second = _ask(controller, listener, "two").turn
    assert first.conversation_id == second.conversation_id
    controller.new_conversation()
    third = _ask(controller, listener, "three").turn
    assert third.conversation_id != first.conversation_id


def test_stop_in_a_thought_leaves_no_answer(start: Start) -> None:
    controller, listener = start("--tokens-per-s", "20", "--thought", "CANARY " * 500)
    controller.ask("think")
    listener.wait_for(ReplyDelta)
    controller.stop()
    turn = listener.wait_for(TurnEnded).turn
    assert turn.state is TurnState.STOPPED
    assert turn.answer == ""
    assert turn.usage.reasoning_tokens > 0


def test_answer_now_leads_to_an_answer(start: Start) -> None:
    controller, listener = start("--tokens-per-s", "50", "--thought", "hm " * 1000)
    controller.answer_now()
    controller.ask("think")
    listener.wait_for(ReplyDelta)
    controller.answer_now()
    turn = listener.wait_for(TurnEnded).turn
    assert turn.usage.thought_end is ThoughtEnd.ASKED
    assert turn.answer


def test_a_budget_is_kept(start: Start) -> None:
    controller, listener = start("--thought", "hm " * 1000)
    controller.set_thinking(Thinking(budget_tokens=7))
    turn = _ask(controller, listener, "think").turn
    assert listener.wait_for(TurnStarted).budget_tokens == 7
    assert turn.usage.reasoning_tokens == 7
    assert turn.usage.thought_end is ThoughtEnd.BUDGET


def test_the_next_prompt_is_read_ahead_where_it_may(
    mini_model: Path, fake_engine_command: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[tuple[list[str], str]] = []

    def prepare(
        _host: EngineHost, messages: Sequence[Message], draft: str = "", context_tokens: int = 0
    ) -> None:
        prepared.append(([message.content for message in messages], draft))

    monkeypatch.setattr(EngineHost, "prepare", prepare)
    power = [True]
    listener = Listener()
    controller = ChatController(
        listener=listener,
        open_history=None,
        model_path=mini_model,
        built_in_model_path=mini_model,
        allows_background_work=lambda: power[0],
        engine_command=[*fake_engine_command, "--thought", "Hm.", "--answer", "Yes."],
    )

    def what_is_prepared() -> list[tuple[list[str], str]]:
        """All since the last time, once the orders before are done."""
        listener.forget()
        controller.ask("")
        listener.wait_for(QuestionRejected)
        done, prepared[:] = list(prepared), []
        return done

    controller.start()
    _ask(controller, listener, "one")
    controller.prepare_draft("a long draft")
    assert what_is_prepared() == [(["one", "Yes."], ""), (["one", "Yes."], "a long draft")]
    power[0] = False
    controller.prepare_draft("a longer draft")
    assert what_is_prepared() == []
    power[0] = True
    controller.set_reads_ahead(False)
    controller.prepare_draft("the longest draft")
    assert what_is_prepared() == [([], "")]  # what was being read is dropped
    controller.set_reads_ahead(True)
    assert what_is_prepared() == [(["one", "Yes."], "")]
    controller.close()


def test_a_chat_can_have_a_context_of_its_own(start: Start) -> None:
    controller, listener = start()

    def size_when_asked(question: str) -> int:
        listener.forget()
        _ask(controller, listener, question)
        return listener.wait_for(ContextFilled).context_tokens

    controller.set_context(2_048)  # before the first question: it is stored with that
    assert size_when_asked("one") == 2_048
    first = listener.wait_for(TurnEnded).turn
    controller.new_conversation()
    assert size_when_asked("two") != 2_048
    listener.forget()
    controller.open_conversation(first.conversation_id)
    opened = listener.wait_for(ConversationOpened).conversation
    assert opened is not None
    assert opened.summary.context_tokens == 2_048
    controller.set_context(0)
    assert size_when_asked("three") != 2_048


def test_a_thought_in_circles_waits_and_can_be_tried_again(start: Start) -> None:
    controller, listener = start("--fault", "loop")
    controller.ask("round")
    paused = listener.wait_for(TurnPaused)
    assert paused.reason is PauseReason.LOOP
    assert paused.finding
    listener.forget()
    controller.try_again()
    ended = listener.wait_for(TurnEnded)
    again = listener.wait_for(TurnStarted)
    assert ended.turn.state is TurnState.STOPPED
    assert ended.turn.id == paused.turn_id != again.turn.id
    assert again.turn.question == "round"
    controller.answer_now()
    listener.wait_for(TurnEnded, lambda event: event.turn.id == again.turn.id)


def test_a_pause_and_a_hint(start: Start) -> None:
    controller, listener = start("--tokens-per-s", "50", "--thought", "hm " * 2000)
    controller.ask("think")
    listener.wait_for(ReplyDelta)
    controller.pause()
    turn_id = listener.wait_for(TurnPaused).turn_id
    controller.resume("mind the gap")
    listener.wait_for(ReplyDelta, lambda event: "mind the gap" in event.text)
    controller.answer_now()
    listener.wait_for(TurnEnded)
    assert "mind the gap" in listener.text(turn_id, PieceKind.REASONING)


def test_coming_back_to_a_paused_conversation_shows_that_it_waits(start: Start) -> None:
    controller, listener = start("--tokens-per-s", "50", "--thought", "hm " * 2000)
    controller.ask("think")
    listener.wait_for(ReplyDelta)
    controller.pause()
    paused = listener.wait_for(TurnPaused)
    conversation_id = listener.wait_for(TurnStarted).turn.conversation_id
    controller.new_conversation()
    listener.wait_for(ConversationOpened)
    listener.forget()
    controller.open_conversation(conversation_id)
    assert listener.wait_for(TurnPaused) == paused
    said = [
        type(event) for event in listener.events if isinstance(event, TurnStarted | ReplyDelta | TurnPaused)
    ]
    assert said == [TurnStarted, ReplyDelta, TurnPaused]

    listener.forget()
    controller.resume()
    listener.wait_for(ReplyDelta)
    listener.forget()
    controller.open_conversation(conversation_id)
    assert listener.wait_for(TurnStarted).thought_s > 0
    controller.answer_now()
    listener.wait_for(TurnEnded)
    assert not [event for event in listener.events if isinstance(event, TurnPaused)]


def test_an_idle_engine_gives_its_memory_back_and_wakes_with_the_next_question(start: Start) -> None:
    controller, listener = start()
    first = _ask(controller, listener, "one").turn
    assert psutil.Process().children()
    controller.set_unload_after(0.05)
    listener.wait_for_engine(EngineState.ASLEEP)
    assert not psutil.Process().children()
    controller.set_unload_after(0)
    second = _ask(controller, listener, "two").turn
    assert second.state is TurnState.FINISHED
    assert second.conversation_id == first.conversation_id


def test_a_killed_engine_fails_the_turn_and_restarts(start: Start) -> None:
    controller, listener = start("--tokens-per-s", "20", "--thought", "hm " * 500)
    controller.ask("think")
    listener.wait_for(ReplyDelta)
    for child in psutil.Process().children():
        os.kill(child.pid, signal.SIGKILL)
    ended = listener.wait_for(TurnEnded)
    assert ended.turn.state is TurnState.FAILED
    assert ended.turn.question == "think"
    assert isinstance(ended.error, EngineStoppedError)
    assert "SIGKILL" in ended.turn.failure
    listener.wait_for_engine(EngineState.STOPPED)
    controller.ask("again")
    rejected = listener.wait_for(QuestionRejected)
    assert rejected.text == "again"
    listener.forget()
    controller.restart_engine()
    listener.wait_for_engine(EngineState.READY)
    controller.ask("again")
    listener.wait_for(ReplyDelta)


def test_an_empty_question_is_rejected(start: Start) -> None:
    controller, listener = start()
    controller.ask(" \n ")
    assert isinstance(listener.wait_for(QuestionRejected).error, InputError)


def test_a_second_question_while_one_runs_is_rejected_with_its_text(start: Start) -> None:
    controller, listener = start("--prompt-s", "60")
    controller.ask("one")
    listener.wait_for(TurnStarted)
    controller.ask("two")
    assert listener.wait_for(QuestionRejected).text == "two"


def test_coming_back_to_a_running_conversation_shows_it_so_far(start: Start) -> None:
    controller, listener = start("--tokens-per-s", "20", "--thought", "abc " * 500)
    controller.set_thinking(Thinking(budget_tokens=900))
    controller.ask("one")
    controller.set_thinking(Thinking())
    turn = listener.wait_for(TurnStarted).turn
    listener.wait_for(ReplyDelta)
    controller.new_conversation()
    listener.wait_for(ConversationOpened)
    listener.forget()
    controller.open_conversation(turn.conversation_id)
    opened = listener.wait_for(ConversationOpened)
    assert opened.conversation is not None
    assert opened.conversation.turns == ()
    started = listener.wait_for(TurnStarted)
    assert (started.turn.id, started.budget_tokens) == (turn.id, 900)
    assert listener.wait_for(ReplyDelta).text.startswith("abc")


def test_thoughts_stay_readable_while_the_program_runs(start: Start, history_file: Path) -> None:
    controller, listener = start("--thought", "A CANARY thought.")
    turn = _ask(controller, listener, "one").turn
    listener.forget()
    controller.open_conversation(turn.conversation_id)
    assert listener.wait_for(ConversationOpened).thoughts == {turn.id: "A CANARY thought."}
    controller.close()
    for path in history_file.parent.rglob("history*"):
        assert b"CANARY" not in path.read_bytes()


def test_rename_search_delete(start: Start) -> None:
    controller, listener = start()
    turn = _ask(controller, listener, "Where are the penguins?").turn
    controller.rename_conversation(turn.conversation_id, "Birds")
    listener.wait_for(ConversationsListed, lambda e: [c.title for c in e.conversations] == ["Birds"])
    controller.search("penguins")
    assert listener.wait_for(ConversationsFound).hits[0].conversation_id == turn.conversation_id
    controller.delete_conversation(turn.conversation_id)
    listener.wait_for(ConversationsListed, lambda e: not e.conversations)
    listener.wait_for(ConversationOpened, lambda e: e.conversation is None)


def test_a_conversation_that_is_gone_is_said(start: Start) -> None:
    controller, listener = start()
    controller.open_conversation(12345)
    assert isinstance(listener.wait_for(Noticed).error, HistoryError)


def test_a_file_that_is_no_model_changes_nothing(start: Start, tmp_path: Path) -> None:
    controller, listener = start()
    text_file = tmp_path / "letter.gguf"
    text_file.write_text("Dear model")
    controller.use_model(text_file)
    assert isinstance(listener.wait_for(Noticed).error, ModelFileError)
    assert _ask(controller, listener, "still here?").turn.state is TurnState.FINISHED


def test_a_model_that_does_not_load_is_said(start: Start) -> None:
    controller, listener = start("--fault", "load")
    stopped = listener.wait_for_engine(EngineState.STOPPED)
    assert stopped.error is not None
    controller.ask("anyone?")
    assert listener.wait_for(QuestionRejected).text == "anyone?"


def test_without_a_history_nothing_is_written(start: Start, history_file: Path) -> None:
    controller, listener = start(writes=False)
    turn = _ask(controller, listener, "secret").turn
    assert turn.state is TurnState.FINISHED
    listener.forget()
    controller.open_conversation(turn.conversation_id)
    assert listener.wait_for(ConversationOpened).conversation is not None
    assert not history_file.exists()


def test_closing_in_the_middle_keeps_the_question_and_the_answer_so_far(
    start: Start, history_file: Path
) -> None:
    controller, listener = start("--tokens-per-s", "20", "--thought", "hm", "--answer", "word " * 500)
    controller.ask("long one")
    listener.wait_for(ReplyDelta, lambda e: e.kind is PieceKind.ANSWER)
    controller.close()
    store = HistoryStore(history_file)
    (turn,) = store.conversation(store.conversations()[0].id).turns
    store.close()
    assert turn.state is TurnState.STOPPED
    assert turn.answer.startswith("word")


def test_a_question_asked_while_the_model_loads_waits_for_it(
    history_file: Path, mini_model: Path, fake_engine_command: Sequence[str]
) -> None:
    listener = Listener()
    controller = ChatController(
        listener=listener,
        open_history=None,
        model_path=mini_model,
        built_in_model_path=mini_model,
        engine_command=[*fake_engine_command, "--load-s", "0.3"],
    )
    controller.start()
    controller.ask("early")
    assert listener.wait_for(TurnEnded).turn.question == "early"
    controller.close()


def test_a_bug_reaches_the_hook_and_the_chat_goes_on(
    mini_model: Path, fake_engine_command: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr("threading.excepthook", seen.append)
    listener = Listener()

    def breaks_once(event: object) -> None:
        if isinstance(event, ConversationOpened) and not seen:
            raise RuntimeError("a bug")
        listener(event)  # type: ignore[arg-type]

    controller = ChatController(
        listener=breaks_once,
        open_history=None,
        model_path=mini_model,
        built_in_model_path=mini_model,
        engine_command=list(fake_engine_command),
    )
    controller.start()
    controller.new_conversation()
    controller.new_conversation()
    listener.wait_for(ConversationOpened)
    controller.close()
    assert len(seen) == 1
