"""Whatever ends the engine: the question and the answer so far are kept, it is said, and restart works."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from app.chat.controller import ChatController
from app.chat.crash_record import CrashRecord
from app.chat.events import EngineState, EngineStateChanged, QuestionRejected, ReplyDelta, TurnEnded
from app.errors import EngineStoppedError
from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.client import EngineClient
from models.reasoning import PieceKind
from tests.app.chat.conftest import StartController
from tests.app.chat.listener import Listener

Start = Callable[..., tuple[ChatController, Listener]]

HANG_TIMEOUT_S = 4.0
"""Of what is meant to hang. The start of a process belongs to it."""
ANSWER = ("--thought", "Hm.", "--answer", "one two three four five six")
AFTER_THREE_WORDS = ("--fault-after", "4")


@pytest.fixture
def record(tmp_path: Path) -> CrashRecord:
    """The record of the test."""
    return CrashRecord(tmp_path / "crashes.json")


@pytest.fixture
def start(tmp_path: Path, start_controller: StartController, record: CrashRecord) -> Start:
    """Start a program: a controller with options for the fake engine. All are closed at the end."""

    def start_one(*options: str) -> tuple[ChatController, Listener]:
        return start_controller(
            *options, open_history=lambda: HistoryStore(tmp_path / "history.db"), crash_record=record
        )

    return start_one


@pytest.fixture
def _hangs_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = EngineClient.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "hang_timeout_s", HANG_TIMEOUT_S)


def _ask(controller: ChatController, listener: Listener) -> TurnEnded:
    listener.forget()
    controller.ask("why?")
    return listener.wait_for(TurnEnded)


def _restart(controller: ChatController, listener: Listener) -> None:
    listener.forget()
    controller.restart_engine()
    listener.wait_for_engine(EngineState.READY)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("exit", "it exited with code 3"),
        ("abort", "llama.cpp gave up (SIGABRT)"),
        ("segv", "llama.cpp crashed (SIGSEGV)"),
        ("kill", "perhaps because memory ran out (SIGKILL)"),
        ("garbage", "does not understand"),
        ("close", "The engine stopped"),
    ],
)
def test_every_death_keeps_what_there_is(
    start: Start, record: CrashRecord, mini_model: Path, fault: str, words: str
) -> None:
    controller, listener = start(*ANSWER, "--fault", fault, *AFTER_THREE_WORDS)
    for deaths in (1, 2):  # a second crash at once is no different
        ended = _ask(controller, listener)
        assert ended.turn.state is TurnState.FAILED
        assert (ended.turn.question, ended.turn.answer) == ("why?", "one two three")
        assert words in ended.turn.failure
        listener.wait_for_engine(EngineState.STOPPED)
        assert record.deaths(mini_model) == deaths
        controller.ask("are you there?")
        assert listener.wait_for(QuestionRejected).text == "are you there?"
        _restart(controller, listener)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP here")
@pytest.mark.usefixtures("_hangs_end_soon")
def test_a_hang_keeps_what_there_is(start: Start, record: CrashRecord, mini_model: Path) -> None:
    controller, listener = start(
        "--tokens-per-s", "20", "--thought", "Hm.", "--answer", "word " * 500, "--fault", ""
    )
    listener.forget()
    controller.ask("why?")
    listener.wait_for(ReplyDelta, lambda delta: delta.kind is PieceKind.ANSWER)
    (engine,) = psutil.Process().children()
    os.kill(engine.pid, signal.SIGSTOP)
    ended = listener.wait_for(TurnEnded)
    assert ended.turn.answer.startswith("word")
    assert "it did not answer for 4 seconds" in ended.turn.failure
    stopped = listener.wait_for_engine(EngineState.STOPPED)
    assert isinstance(stopped.error, EngineStoppedError)
    assert record.deaths(mini_model) == 1
    _restart(controller, listener)


@pytest.mark.usefixtures("_hangs_end_soon")
def test_a_start_that_never_finishes_is_said(
    start: Start, record: CrashRecord, mini_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = threading.Event()
    count_death = record.count_death

    def count_and_say(model_path: Path) -> None:
        count_death(model_path)
        died.set()

    monkeypatch.setattr(record, "count_death", count_and_say)
    _controller, listener = start("--fault", "start")
    stopped = listener.wait_for_engine(EngineState.STOPPED)
    assert "it did not answer for 4 seconds" in str(stopped.error)
    assert died.wait(60)
    assert record.deaths(mini_model) == 1


def test_a_model_that_ended_the_engine_twice_waits_for_its_user(
    start: Start, record: CrashRecord, mini_model: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        controller, listener = start(*ANSWER, "--fault", "abort")
        _ask(controller, listener)
        listener.wait_for_engine(EngineState.STOPPED)
        controller.close()
    assert "why?" not in (tmp_path / "crashes.json").read_text(encoding="utf-8")

    controller, listener = start(*ANSWER)
    (change,) = listener.of(EngineStateChanged)
    assert change.state is EngineState.STOPPED
    assert "ended the engine 2 times in a row" in str(change.error)
    assert "Restart the engine" in str(change.error)
    assert psutil.Process().children() == []
    controller.ask("are you there?")
    assert listener.wait_for(QuestionRejected).text == "are you there?"

    _restart(controller, listener)
    assert record.deaths(mini_model) == 2  # loaded, but that was not what it died of
    assert _ask(controller, listener).turn.state is TurnState.FINISHED
    assert record.deaths(mini_model) == 0
    controller.close()

    _controller, listener = start(*ANSWER)
    assert listener.wait_for_engine(EngineState.READY)


def test_a_model_that_is_chosen_is_always_tried(start: Start, record: CrashRecord, mini_model: Path) -> None:
    record.count_death(mini_model)
    record.count_death(mini_model)
    controller, listener = start(*ANSWER)
    assert listener.wait_for_engine(EngineState.STOPPED)
    listener.forget()
    controller.use_model(mini_model)
    listener.wait_for_engine(EngineState.READY)


def test_a_program_that_ends_leaves_no_canary(start: Start, tmp_path: Path) -> None:
    controller, _listener = start(*ANSWER)
    controller.close()
    assert json.loads((tmp_path / "crashes.json").read_text(encoding="utf-8")) == {"models": []}


def test_the_wish_for_a_context_is_cut_to_what_the_model_was_trained_for(
    mini_model: Path, fake_engine_command: Sequence[str]
) -> None:
    listener = Listener()
    controller = ChatController(
        listener=listener,
        open_history=None,
        model_path=mini_model,
        built_in_model_path=mini_model,
        context_tokens=1_000_000,
        engine_command=list(fake_engine_command),
    )
    controller.start()
    model = listener.wait_for_engine(EngineState.READY).model
    controller.close()
    assert model is not None
    assert model.context_tokens == 1024
