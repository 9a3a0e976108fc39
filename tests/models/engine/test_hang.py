"""A process that falls silent is noticed and ended; one that is only slow is left alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.engine import client as client_module
from models.engine.client import EngineClient
from models.engine.hang_watch import STUCK_TIMEOUT_S
from models.engine.protocol import (
    Delta,
    EngineExited,
    Loaded,
    LoadFailed,
    LoadProgressed,
    Message,
    Paused,
    PromptProgressed,
    Started,
    TurnFailed,
    TurnFinished,
)
from models.errors import engine_error
from tests.models.engine.recorder import Recorder

QUESTION = [Message("user", "How are you?")]
NO_FILE = Path("no-such-model.gguf")
can_stop = pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP here")


@contextmanager
def watched_engine(
    command: Sequence[str],
    hang_timeout_s: float,
    stuck_timeout_s: float = STUCK_TIMEOUT_S,
    *,
    starts: bool = True,
) -> Iterator[tuple[EngineClient, Recorder]]:
    """An engine that has started, however long that took: only then is it asked, and watched."""
    recorder = Recorder()
    client = EngineClient(recorder, command, hang_timeout_s=hang_timeout_s, stuck_timeout_s=stuck_timeout_s)
    client.start()
    try:
        if starts:
            recorder.wait_for(Started)
        yield client, recorder
    finally:
        client.close()


def _freeze(client: EngineClient) -> None:
    assert client.pid is not None
    os.kill(client.pid, signal.SIGSTOP)


@can_stop
def test_a_process_that_hangs_in_a_turn_is_ended(fake_engine_command: Sequence[str]) -> None:
    command = [*fake_engine_command, "--tokens-per-s", "20", "--thought", "hm " * 1000]
    with watched_engine(command, 2.5) as (client, recorder):
        turn_id = client.generate(QUESTION)
        recorder.wait_for(Delta)
        _freeze(client)
        end = recorder.wait_for_end(turn_id)
        assert isinstance(end, TurnFailed)
        error = engine_error(end.code, end.facts)
        assert error.message == "The engine stopped: it did not answer for 2.5 seconds."
        exited = recorder.wait_for(EngineExited)
        assert not exited.asked
        assert exited.outcome == "it did not answer for 2.5 seconds"
    assert len(recorder.ends_of(turn_id)) == 1


@can_stop
def test_a_process_that_hangs_while_it_loads_is_ended(fake_engine_command: Sequence[str]) -> None:
    with watched_engine([*fake_engine_command, "--load-s", "600"], 2.5) as (client, recorder):
        client.load(NO_FILE)
        _freeze(client)
        failed = recorder.wait_for(LoadFailed)
    assert failed.code == "engine_stopped"
    assert "did not answer" in str(failed.facts["detail"])


def test_a_start_that_never_finishes_is_ended(fake_engine_command: Sequence[str]) -> None:
    with watched_engine([*fake_engine_command, "--fault", "start"], 0.5, starts=False) as (client, recorder):
        client.load(NO_FILE)
        assert recorder.wait_for(LoadFailed).code == "engine_stopped"
        recorder.wait_for(EngineExited)
    assert not recorder.of(Started)


def test_slowness_is_no_hang(fake_engine_command: Sequence[str]) -> None:
    """Between two of its own words 5 s pass, more than the 4 s after which it would be killed."""
    slow = [*fake_engine_command, "--load-s", "50"]
    slow_to_read = [*fake_engine_command, "--prompt-s", "50"]
    with watched_engine(slow, 4.0) as (loading, loads), watched_engine(slow_to_read, 4.0) as (reading, reads):
        loading.load(NO_FILE)
        turn_id = reading.generate(QUESTION)
        loads.wait_for(LoadProgressed)
        reads.wait_for(PromptProgressed)
        assert loading.is_running
        reading.stop(turn_id)
        assert isinstance(reads.wait_for_end(turn_id), TurnFinished)


def test_a_process_that_is_alive_but_gets_nowhere_is_ended(fake_engine_command: Sequence[str]) -> None:
    command = [*fake_engine_command, "--thought", "hm " * 50, "--tokens-per-s", "0.01"]
    with watched_engine(command, 10.0, stuck_timeout_s=2.5) as (client, recorder):
        end = recorder.wait_for_end(client.generate(QUESTION))
    assert isinstance(end, TurnFailed)
    assert "it got nowhere for" in str(end.facts["detail"])


def test_a_thought_that_waits_for_a_word_is_not_stuck(fake_engine_command: Sequence[str]) -> None:
    command = [*fake_engine_command, "--thought", "hm " * 20, "--fault", "loop", "--fault-after", "3"]
    with watched_engine(command, 8.0, stuck_timeout_s=2.0) as (client, recorder):
        turn_id = client.generate(QUESTION)
        recorder.wait_for(Paused)
        assert not threading.Event().wait(3.0)
        client.resume(turn_id)
        assert isinstance(recorder.wait_for_end(turn_id), TurnFinished)


@can_stop
def test_a_process_with_nothing_to_do_may_be_silent(fake_engine_command: Sequence[str]) -> None:
    with watched_engine(fake_engine_command, 1.5) as (client, recorder):
        client.load(NO_FILE)
        recorder.wait_for(Loaded)
        _freeze(client)
        assert not threading.Event().wait(3.0)  # twice as long as a hang
        assert client.pid is not None
        os.kill(client.pid, signal.SIGCONT)
        assert isinstance(recorder.wait_for_end(client.generate(QUESTION)), TurnFinished)


def test_the_silence_of_a_slow_listener_is_not_the_engines(fake_engine_command: Sequence[str]) -> None:
    recorder, held = Recorder(), threading.Event()

    def listen_slowly(event: object) -> None:
        if isinstance(event, Delta) and not held.is_set():
            held.wait(3.0)
            held.set()
        recorder(event)  # type: ignore[arg-type]

    client = EngineClient(listen_slowly, fake_engine_command, hang_timeout_s=1.5)
    client.start()
    try:
        recorder.wait_for(Started)
        assert isinstance(recorder.wait_for_end(client.generate(QUESTION)), TurnFinished)
        assert client.is_running
    finally:
        client.close()


def test_a_turn_that_does_not_obey_stop_is_ended_in_words(
    fake_engine_command: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "STOP_TIMEOUT_S", 0.3)
    command = [*fake_engine_command, "--fault", "hang", "--fault-after", "0", "--prompt-s", "0.01"]
    with watched_engine(command, 20.0) as (client, recorder):
        turn_id = client.generate(QUESTION)
        recorder.wait_for(PromptProgressed, lambda event: event.processed_tokens == event.total_tokens)
        client.stop(turn_id)
        end = recorder.wait_for_end(turn_id)
    assert isinstance(end, TurnFailed)
    assert end.facts["detail"] == "it did not stop within 0.3 seconds"


@can_stop
def test_a_frozen_process_can_be_closed_while_it_is_watched(fake_engine_command: Sequence[str]) -> None:
    recorder = Recorder()
    client = EngineClient(recorder, [*fake_engine_command, "--prompt-s", "60"], hang_timeout_s=60.0)
    client.start()
    turn_id = client.generate(QUESTION)
    recorder.wait_for(Started)
    _freeze(client)
    client.close(timeout_s=0.2)
    assert isinstance(recorder.wait_for_end(turn_id), TurnFailed)
    assert recorder.wait_for(EngineExited).asked
