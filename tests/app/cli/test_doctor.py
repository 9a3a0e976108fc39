"""`ponder doctor`: each check must be able to fail."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from models.hardware import machine_of
from tests.app.cli.conftest import CommandLine
from tests.models.recorded_machines import recorded_machine

RIGHT = ("--thought", "I add two and three", "--answer", "It is \\boxed{5}.")
ANSWERS = "The model in the box answers"
NO_SOCKET = "The engine opens no network socket"
NO_THOUGHT = "Thinking is never written to disk"
NO_CORE = "A crash of the engine leaves no core file with your words"
ENDS = "The engine ends when it is told to"
INTACT = "The history is intact"
HOLDS_NONE = "The history holds no thinking"
PRIVATE = "Only you can read the history"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def results(ponder: CommandLine, fake: tuple[str, ...] = RIGHT) -> dict[str, str]:
    run = ponder("doctor", "--json", fake=fake)
    found = {promise["text"]: promise["result"] for promise in run.object["promises"]}
    assert run.exit_code == (1 if "failed" in found.values() else 0)
    assert run.object["all_hold"] is ("failed" not in found.values())
    return found


def store(ponder: CommandLine, answer: str) -> None:
    ponder.paths.make_folders()
    with closing(HistoryStore(ponder.paths.history_file)) as history:
        turn = history.begin_turn(None, "hi", "m")
        history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())


def test_json_has_every_part(ponder: CommandLine) -> None:
    found: Any = ponder("doctor", "--json", fake=RIGHT).object
    assert list(found) == [
        *(
            "versions",
            "paths",
            "settings_problem",
            "history_protection",
            "cpu",
            "memory",
            "devices",
            "unusable_gpus",
            "engine_problem",
            "disk_free_bytes",
            "models",
            "promises",
            "all_hold",
        )
    ]
    assert found["versions"]["Engine"] == "fake engine"
    assert found["versions"]["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["memory"]["total_bytes"] > found["memory"]["available_bytes"] > 0
    assert found["cpu"]["logical_cores"] == os.cpu_count()
    assert found["models"][0]["title"] == "Ponder Mini"
    assert found["models"][0]["ok"] is True
    assert {each["state"] for each in found["paths"]} == {"will be made"}


def test_this_computer_is_told_of(ponder: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = machine_of(recorded_machine("desktop_rtx_4060_processor_only"))
    monkeypatch.setattr("app.doctor.measure_machine", lambda **_: machine)
    shown = ponder("doctor", fake=RIGHT).stdout
    assert "13th Gen Intel(R) Core(TM) i5-13400 · 10 cores, 16 threads, 10 to use" in shown
    assert "Computes on the processor." in shown
    assert (
        "Not used: NVIDIA GeForce RTX 4060\n"
        "      This build of Ponder computes on the processor only. "
        "A build of Ponder with Vulkan would use it."
    ) in shown
    found: Any = ponder("doctor", "--json", fake=RIGHT).object
    assert found["unusable_gpus"][1]["total_bytes"] == 8188 * 2**20
    assert found["memory"]["bandwidth_bytes_per_s"] == 43e9


def test_a_card_and_a_container_are_told_of(ponder: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = machine_of(recorded_machine("server_a100_80gb"))
    monkeypatch.setattr("app.doctor.measure_machine", lambda **_: machine)
    shown = ponder("doctor", fake=RIGHT).stdout
    assert "16 to use (as much as its container leaves it)" in shown
    assert "Computes on NVIDIA A100 80GB PCIe (CUDA0) · 85.0 GB, 84.5 GB free" in shown


def test_text_is_for_people(ponder: CommandLine) -> None:
    run = ponder("doctor", fake=RIGHT)
    assert (run.exit_code, run.stderr) == (0, "")
    assert "ok      The model in the box answers" in run.stdout
    assert "cannot be checked here: there is no history yet" in run.stdout
    assert not ponder.paths.data_dir.exists(), "to look must not make anything"


@linux_only
def test_all_holds(ponder: CommandLine) -> None:
    store(ponder, "An answer that quotes `<think>` in code and </think> in text.")
    assert results(ponder) == dict.fromkeys(
        [ANSWERS, NO_SOCKET, NO_THOUGHT, NO_CORE, ENDS, INTACT, HOLDS_NONE, PRIVATE], "ok"
    )


def test_the_look_changes_nothing(ponder: CommandLine) -> None:
    store(ponder, "fine")
    home = ponder.paths.data_dir
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert ponder("doctor", fake=RIGHT).exit_code == 0
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_a_wrong_answer_is_found(ponder: CommandLine) -> None:
    assert results(ponder, ("--answer", "It is \\boxed{55}."))[ANSWERS] == "failed"


@pytest.mark.parametrize("fault", ["exit", "load", "kill"])
def test_an_engine_that_fails_is_found(ponder: CommandLine, fault: str) -> None:
    found = results(ponder, ("--fault", fault))
    assert found[ANSWERS] == "failed"
    assert found[NO_THOUGHT] == "cannot be checked here"
    assert found[NO_SOCKET] == "cannot be checked here"


def test_a_model_that_is_missing_is_found(ponder: CommandLine, tmp_path: Path) -> None:
    ponder.model = tmp_path / "gone.gguf"
    run = ponder("doctor", "--json", fake=RIGHT)
    assert run.object["versions"]["Engine"] == "fake engine"
    assert run.object["models"][0]["problem"].startswith("There is no such model file.")
    assert run.exit_code == 1


@linux_only
def test_an_open_socket_is_found(
    ponder: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talkative = (
        "import socket, sys; from models.engine import fake_worker\n"
        "kept = socket.socketpair(); fake_worker.main(sys.argv[1:])"
    )
    monkeypatch.setattr(ponder, "engine_command", (sys.executable, "-c", talkative))
    found = results(ponder)
    assert found[NO_SOCKET] == "failed"
    assert found[ANSWERS] == "ok"


def test_a_thought_in_an_answer_is_found(ponder: CommandLine) -> None:
    store(ponder, "<think>secret</think>\n\nshown")
    assert results(ponder)[HOLDS_NONE] == "failed"


def test_a_column_for_thoughts_is_found(ponder: CommandLine) -> None:
    store(ponder, "fine")
    with closing(sqlite3.connect(ponder.paths.history_file)) as database:
        database.execute("ALTER TABLE turns ADD COLUMN reasoning TEXT")
    run = ponder("doctor", "--json", fake=RIGHT)
    assert "turns.reasoning" in str([each["how"] for each in run.object["promises"]])
    assert results(ponder)[HOLDS_NONE] == "failed"


def test_damage_is_found(ponder: CommandLine) -> None:
    store(ponder, "fine " * 5000)
    content = bytearray(ponder.paths.history_file.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    ponder.paths.history_file.write_bytes(content)
    assert results(ponder)[INTACT] == "failed"


@pytest.mark.skipif(sys.platform == "win32", reason="other access rights")
def test_readers_are_found(ponder: CommandLine) -> None:
    store(ponder, "fine")
    ponder.paths.history_file.chmod(0o644)
    assert results(ponder)[PRIVATE] == "ok", "nobody else can enter the folder"
    ponder.paths.data_dir.chmod(0o755)
    assert results(ponder)[PRIVATE] == "failed"


def test_models_in_the_folder_are_listed(ponder: CommandLine, tiny_model: Path) -> None:
    ponder.paths.models_dir.mkdir(parents=True)
    (ponder.paths.models_dir / "good.gguf").write_bytes(tiny_model.read_bytes())
    (ponder.paths.models_dir / "bad.gguf").write_text("no model")
    models = {
        Path(each["path"]).name: each for each in ponder("doctor", "--json", fake=RIGHT).object["models"]
    }
    assert models["good.gguf"]["ok"] is True
    assert models["bad.gguf"]["ok"] is False
    assert models["bad.gguf"]["problem"]
    assert "cannot be used" in ponder("doctor", fake=RIGHT).stdout


def test_the_chosen_model_and_those_opened_elsewhere_are_listed(ponder: CommandLine, tmp_path: Path) -> None:
    chosen, opened = str(tmp_path / "chosen.gguf"), str(tmp_path / "opened.gguf")
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text(
        json.dumps({"model_path": chosen, "opened_models": [opened, chosen]})
    )
    models = ponder("doctor", "--json", fake=RIGHT).object["models"]
    assert [each["path"] for each in models] == [str(ponder.model), chosen, opened]
    assert models[1]["problem"].startswith("There is no such model file.")


def test_settings_that_are_not_valid_are_said(ponder: CommandLine) -> None:
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text("{")
    assert "cannot be used" in ponder("doctor", "--json", fake=RIGHT).object["settings_problem"]
