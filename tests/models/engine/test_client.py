"""The client keeps its promises whatever the engine process does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from models.engine.client import EngineClient, describe_exit
from models.engine.protocol import (
    Delta,
    EngineExited,
    Loaded,
    LoadFailed,
    Message,
    Paused,
    PauseReason,
    PromptProgressed,
    Started,
    StopReason,
    ThoughtEnd,
    TurnFailed,
    TurnFinished,
)
from models.errors import EngineStartError, EngineStoppedError
from models.reasoning import PieceKind
from tests.models.engine.recorder import Recorder, running_engine

QUESTION = [Message("user", "How are you?")]
NO_FILE = Path("no-such-model.gguf")


def test_a_turn_streams_and_ends_once(fake_engine_command: Sequence[str]) -> None:
    command = [*fake_engine_command, "--thought", "One. Two.", "--answer", "You said {question}"]
    with running_engine(command) as (client, recorder):
        client.load(NO_FILE)
        turn_id = client.generate(QUESTION)
        end = recorder.wait_for_end(turn_id)
    assert isinstance(end, TurnFinished)
    assert end.stop_reason is StopReason.END
    assert recorder.text(turn_id, PieceKind.REASONING) == "One. Two."
    assert recorder.text(turn_id, PieceKind.ANSWER) == "You said How are you?"
    assert sum(e.tokens for e in recorder.events if isinstance(e, Delta)) == 7
    assert len(recorder.ends_of(turn_id)) == 1
    kinds = [type(e) for e in recorder.events]
    assert kinds[0] is Started
    assert kinds[-1] is EngineExited
    assert kinds.index(Loaded) < kinds.index(Delta)


def test_stop_ends_a_reply_at_once(fake_engine_command: Sequence[str]) -> None:
    with running_engine([*fake_engine_command, "--tokens-per-s", "5"]) as (client, recorder):
        turn_id = client.generate(QUESTION)
        recorder.wait_for(Delta)
        client.stop(turn_id)
        client.stop(turn_id)
        end = recorder.wait_for_end(turn_id)
    assert isinstance(end, TurnFinished)
    assert end.stop_reason is StopReason.STOPPED
    assert len(recorder.ends_of(turn_id)) == 1


def test_stop_works_while_the_prompt_is_read(fake_engine_command: Sequence[str]) -> None:
    with running_engine([*fake_engine_command, "--prompt-s", "60"]) as (client, recorder):
        turn_id = client.generate(QUESTION)
        client.stop(turn_id)
        end = recorder.wait_for_end(turn_id)
    assert isinstance(end, TurnFinished)
    assert not [e for e in recorder.events if isinstance(e, Delta)]


def test_answer_now_begins_the_answer(fake_engine_command: Sequence[str]) -> None:
    command = [*fake_engine_command, "--thought", "hm " * 1000, "--tokens-per-s", "50"]
    with running_engine(command) as (client, recorder):
        turn_id = client.generate(QUESTION)
        recorder.wait_for(Delta)
        client.answer_now(turn_id)
        end = recorder.wait_for_end(turn_id)
        client.answer_now(turn_id)
    assert isinstance(end, TurnFinished)
    assert end.usage.thought_end is ThoughtEnd.ASKED
    assert end.usage.answer_tokens > 0


def test_a_thought_waits_for_a_hint_and_goes_on(fake_engine_command: Sequence[str]) -> None:
    command = [*fake_engine_command, "--thought", "hm " * 2000, "--tokens-per-s", "50"]
    with running_engine(command) as (client, recorder):
        turn_id = client.generate(QUESTION)
        client.resume(turn_id, "too early, it does not wait")
        recorder.wait_for(Delta)
        client.pause(turn_id)
        assert recorder.wait_for(Paused).reason is PauseReason.ASKED
        client.resume(turn_id, "mind the gap")
        recorder.wait_for(Delta, lambda event: "mind the gap" in event.text)
        client.answer_now(turn_id)
        end = recorder.wait_for_end(turn_id)
    assert isinstance(end, TurnFinished)
    assert "mind the gap" in recorder.text(turn_id, PieceKind.REASONING)
    assert "too early" not in recorder.text(turn_id, PieceKind.REASONING)
    assert len(recorder.of(Paused)) == 1


@pytest.mark.parametrize("way_out", ["stop", "answer_now", "resume", "close"])
def test_there_is_every_way_out_of_a_loop(fake_engine_command: Sequence[str], way_out: str) -> None:
    with running_engine([*fake_engine_command, "--fault", "loop"]) as (client, recorder):
        turn_id = client.generate(QUESTION)
        paused = recorder.wait_for(Paused)
        assert paused.reason is PauseReason.LOOP
        assert "repeated" in paused.finding
        if way_out == "close":
            client.close()
        else:
            getattr(client, way_out)(turn_id)
        end = recorder.wait_for_end(turn_id)
    assert isinstance(end, TurnFailed if way_out == "close" else TurnFinished)
    if way_out == "answer_now":
        assert recorder.text(turn_id, PieceKind.ANSWER)


def test_prompt_progress_is_said(fake_engine_command: Sequence[str]) -> None:
    with running_engine([*fake_engine_command, "--prompt-s", "0.05"]) as (client, recorder):
        turn_id = client.generate(QUESTION)
        recorder.wait_for_end(turn_id)
    last = [e for e in recorder.events if isinstance(e, PromptProgressed)][-1]
    assert last.processed_tokens == last.total_tokens > 0


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("exit", "engine_stopped", "exited with code 3"),
        ("abort", "engine_stopped", "SIGABRT"),
        ("segv", "engine_stopped", "SIGSEGV"),
        ("kill", "engine_stopped", "SIGKILL"),
        ("close", "engine_stopped", ""),
        ("garbage", "engine_protocol", ""),
        ("template", "template", "the script says so"),
    ],
)
def test_every_fault_ends_the_turn_once(
    fake_engine_command: Sequence[str], fault: str, code: str, words: str
) -> None:
    with running_engine([*fake_engine_command, "--fault", fault]) as (client, recorder):
        turn_id = client.generate(QUESTION)
        end = recorder.wait_for_end(turn_id)
        assert isinstance(end, TurnFailed)
        assert end.code == code
        assert words in str(end.facts.get("detail", ""))
        assert recorder.text(turn_id, PieceKind.REASONING).startswith("The question is")
    assert len(recorder.ends_of(turn_id)) == 1
    assert isinstance(recorder.events[-1], EngineExited)


def test_close_ends_a_process_that_hangs(fake_engine_command: Sequence[str]) -> None:
    recorder = Recorder()
    client = EngineClient(recorder, [*fake_engine_command, "--fault", "hang"])
    client.start()
    turn_id = client.generate(QUESTION)
    recorder.wait_for(Delta)
    assert client.pid is not None
    os.kill(client.pid, signal.SIGSTOP)
    client.close(timeout_s=0.2)
    assert not client.is_running
    assert isinstance(recorder.wait_for_end(turn_id), TurnFailed)
    assert recorder.wait_for(EngineExited).asked


def test_a_process_that_never_starts_is_ended_too(fake_engine_command: Sequence[str]) -> None:
    with running_engine([*fake_engine_command, "--fault", "start"]) as (client, recorder):
        client.load(NO_FILE)
        client.close(timeout_s=0.1)
        assert recorder.wait_for(LoadFailed).code == "engine_stopped"


def test_nothing_can_be_asked_of_a_process_that_has_gone(fake_engine_command: Sequence[str]) -> None:
    with running_engine([*fake_engine_command, "--fault", "exit", "--fault-after", "0"]) as (
        client,
        recorder,
    ):
        client.generate(QUESTION)
        recorder.wait_for(EngineExited)
        with pytest.raises(EngineStoppedError):
            client.generate(QUESTION)
        with pytest.raises(EngineStoppedError):
            client.load(NO_FILE)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    client = EngineClient(Recorder(), [str(tmp_path / "nothing")])
    with pytest.raises(EngineStartError):
        client.start()
    client.close()


def test_what_c_prints_does_not_reach_the_protocol() -> None:
    program = (
        "import os\n"
        "from models.engine.loop import run_engine_process\n"
        "from models.engine.fake_worker import FakeRuntime, Script\n"
        "class Noisy(FakeRuntime):\n"
        "    def run_turn(self, command, output):\n"
        "        os.write(1, b'ggml says hello\\n{')\n"
        "        os.system('echo from a shell')\n"
        "        return super().run_turn(command, output)\n"
        "run_engine_process(lambda: Noisy(Script()))\n"
    )
    with running_engine([sys.executable, "-P", "-c", program]) as (client, recorder):
        turn_id = client.generate(QUESTION)
        assert isinstance(recorder.wait_for_end(turn_id), TurnFinished)
    assert "from a shell" in client.stderr_tail()


def test_a_bug_in_the_worker_says_nothing_of_the_chat() -> None:
    program = (
        "from models.engine.loop import run_engine_process\n"
        "from models.engine.fake_worker import FakeRuntime, Script\n"
        "class Broken(FakeRuntime):\n"
        "    def run_turn(self, command, output):\n"
        "        raise RuntimeError(command.messages[-1].content)\n"
        "run_engine_process(lambda: Broken(Script()))\n"
    )
    with running_engine([sys.executable, "-P", "-c", program]) as (client, recorder):
        turn_id = client.generate([Message("user", "CANARY")])
        end = recorder.wait_for_end(turn_id)
        recorder.wait_for(EngineExited)
    assert isinstance(end, TurnFailed)
    assert "RuntimeError" in client.stderr_tail()
    assert "CANARY" not in client.stderr_tail()


def test_the_engine_does_not_outlive_a_killed_parent() -> None:
    program = (
        "import sys, threading\n"
        "from models.engine.client import EngineClient\n"
        "from models.engine.protocol import Delta, Message\n"
        "client = EngineClient(lambda e: isinstance(e, Delta) and print(client.pid, flush=True),\n"
        "    [sys.executable, '-m', 'models.engine.fake_worker', '--fault', 'hang'])\n"
        "client.start()\n"
        "client.generate([Message('user', 'hello')])\n"
        "threading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        engine = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        assert engine.wait(timeout=60) is None or not engine.is_running()


def test_exits_are_said_in_words() -> None:
    assert describe_exit(0) == "it ended by itself"
    assert describe_exit(9) == "it exited with code 9"
    assert describe_exit(-signal.SIGKILL) == "it was killed, perhaps because memory ran out (SIGKILL)"
    assert describe_exit(-200) == "it was ended (signal 200)"
