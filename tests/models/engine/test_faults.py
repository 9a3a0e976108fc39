"""Spoilt model files, memory and core files: what the real engine process does with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from models.engine.client import EngineClient
from models.engine.protocol import (
    EngineExited,
    Loaded,
    LoadFailed,
    Message,
    TurnFailed,
    TurnFinished,
)
from models.errors import ModelFileError, engine_error
from models.gguf_info import read_gguf_info, require_chat_model
from tests.models.engine.recorder import Recorder, running_engine
from tests.models.gguf_edits import HeaderEdit, header_edits

pytestmark = pytest.mark.real_engine

KNOWN_TO_KILL = (
    "qwen2.block_count = 0",
    "qwen2.block_count = 65,536",
    "qwen2.block_count = 2,147,483,647",
    "qwen2.attention.layer_norm_rms_epsilon = nan",
    "qwen2.attention.layer_norm_rms_epsilon = -1.0",
)
EVERYDAY_STEP = 18
# The worker with at most 4 GiB: a spoilt number must not be able to ask for all memory of the computer.
BOUNDED_WORKER = (
    sys.executable,
    "-P",
    "-c",
    "import resource, runpy\n"
    "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
    "runpy.run_module('models.engine.worker', run_name='__main__')",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file. `killed`: the process ended by itself, and `words` says it."""

    name: str
    passes_check: bool
    loaded: bool
    killed: bool
    words: str


def _passes_check(path: Path) -> bool:
    try:
        require_chat_model(read_gguf_info(path))
    except ModelFileError:
        return False
    return True


def _try(edit: HeaderEdit, original: bytes, path: Path) -> Outcome:
    """Load the spoilt file and write a little, without the check that Ponder makes before."""
    edit.apply(original, path)
    recorder = Recorder()
    client = EngineClient(recorder, BOUNDED_WORKER)
    client.start()
    try:
        client.load(path, threads=1)
        end: object = recorder.wait_for(object, lambda event: isinstance(event, Loaded | LoadFailed))
        loaded = isinstance(end, Loaded)
        if loaded:
            end = recorder.wait_for_end(client.generate([Message("user", "What is 1 + 1?")], max_tokens=3))
    finally:
        client.close()
    words = ""
    if isinstance(end, LoadFailed | TurnFailed):
        words = str(engine_error(end.code, end.facts))
    killed = not recorder.wait_for(EngineExited).asked
    return Outcome(edit.name, _passes_check(path), loaded, killed, words)


def _chosen(edits: Sequence[HeaderEdit]) -> list[HeaderEdit]:
    """All of them under PONDER_PROOF=1, else those that are known to kill and a few of all kinds."""
    if os.environ.get("PONDER_PROOF") == "1":
        return list(edits)
    return [
        edit for number, edit in enumerate(edits) if edit.name in KNOWN_TO_KILL or number % EVERYDAY_STEP == 0
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of the child could not be bounded")
@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_spoilt_header_costs_at_most_the_engine(mini_model: Path, tmp_path: Path) -> None:
    edits = header_edits(mini_model)
    assert len(edits) >= 120
    original = mini_model.read_bytes()
    outcomes = [_try(edit, original, tmp_path / "spoilt.gguf") for edit in _chosen(edits)]
    killed = [outcome for outcome in outcomes if outcome.killed]
    print(  # noqa: T201 - the figures, for who asks with -s
        f"{len(outcomes)} edits: {sum(o.passes_check for o in outcomes)} pass Ponder's check; without it "
        f"{sum(o.loaded for o in outcomes)} load, {len(killed)} kill the engine: {[o.name for o in killed]}"
    )
    assert {outcome.name for outcome in killed} >= set(KNOWN_TO_KILL)
    assert all("The engine stopped: llama.cpp gave up (SIGABRT)" in outcome.words for outcome in killed)
    assert [outcome.name for outcome in outcomes if not (outcome.loaded or outcome.words)] == []
    assert [outcome.name for outcome in killed if outcome.passes_check] == []


def test_closing_gives_all_memory_back(smollm2_model: Path) -> None:
    with running_engine(None) as (client, recorder):
        client.load(smollm2_model, 1024, threads=1)
        size_bytes = recorder.wait_for(Loaded).model.size_bytes
        assert isinstance(
            recorder.wait_for_end(client.generate([Message("user", "Hi")], max_tokens=2)), TurnFinished
        )
        assert client.pid is not None
        engine = psutil.Process(client.pid)
        assert engine.memory_info().rss > size_bytes // 2
        client.close()
        assert not engine.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_a_crash_leaves_no_core_file_and_starts_no_debugger(mini_model: Path, tmp_path: Path) -> None:
    """Left to itself, ggml starts gdb or lldb where it gives up, and these read the chat."""
    edit = next(edit for edit in header_edits(mini_model) if edit.name == KNOWN_TO_KILL[0])
    path = edit.apply(mini_model.read_bytes(), tmp_path / "spoilt.gguf")
    with running_engine(None) as (client, recorder):
        client.load(mini_model, threads=1)
        recorder.wait_for(Loaded)
        limits = Path(f"/proc/{client.pid}/limits").read_text(encoding="utf-8")
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["1", "1"]
        client.load(path)
        recorder.wait_for(EngineExited)
    said = client.stderr_tail()
    assert "GGML_ASSERT" in said
    assert "ptrace" not in said
    assert "stack" not in said.lower()


@pytest.mark.parametrize(("context_tokens", "accepted"), [(1024, True), (1025, False), (2**31 - 1, False)])
def test_a_context_beyond_the_training_is_refused(
    mini_model: Path, context_tokens: int, accepted: bool
) -> None:
    with running_engine(None) as (client, recorder):
        client.load(mini_model, context_tokens, threads=1)
        if accepted:
            recorder.wait_for(Loaded)
            return
        failed = recorder.wait_for(LoadFailed)
        assert failed.code == "request"
        assert (
            engine_error(failed.code, failed.facts).message
            == f"This model was trained for a context of 1,024 tokens, and {context_tokens:,} were asked for."
        )
        client.load(mini_model, threads=1)
        recorder.wait_for(Loaded)


def test_more_tokens_than_the_context_are_refused(mini_model: Path) -> None:
    with running_engine(None) as (client, recorder):
        client.load(mini_model, 512, threads=1)
        end = recorder.wait_for_end(client.generate([Message("user", "Hi")], max_tokens=513))
        assert isinstance(end, TurnFailed)
        assert end.code == "request"
        assert "room for 512 tokens" in str(end.facts["detail"])
        assert "513 of a reply" in str(end.facts["detail"])
        end = recorder.wait_for_end(client.generate([Message("user", "Hi")], max_tokens=512))
        assert isinstance(end, TurnFinished)
