"""`ponder ask`: what it prints where, what it stores, and how it ends."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.cli.surroundings import Surroundings
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from tests.app.cli.conftest import CommandLine
from tests.models.tiny_gguf import write_tiny_gguf

FAKE = ("--thought", "canary thinks", "--answer", "It is {question}.")
KEYS = [
    *("reasoning", "answer", "model", "prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens"),
    *("time_to_first_token_s", "reasoning_s", "tokens_per_s", "left_out_turns", "thought_end"),
    *("stop_reason", "answer_s", "prompt_tokens_per_s", "reasoning_tokens_per_s", "answer_tokens_per_s"),
    "context_tokens",
]


def stored_turns(ponder: CommandLine) -> list[Turn]:
    with closing(HistoryStore(ponder.paths.history_file)) as history:
        return [turn for each in history.conversations() for turn in history.conversation(each.id).turns]


def test_the_answer_alone_goes_to_standard_output(ponder: CommandLine) -> None:
    run = ponder("ask", "47", fake=FAKE)
    assert (run.exit_code, run.stdout, run.stderr) == (0, "It is 47.\n", "")


def test_show_thinking_goes_to_standard_error(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--show-thinking", fake=FAKE)
    assert (run.exit_code, run.stdout, run.stderr) == (0, "It is 47.\n", "canary thinks\n")


def test_json_is_one_object_with_everything(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--json", fake=FAKE)
    assert run.exit_code == 0
    assert list(run.object) == KEYS
    assert run.object["reasoning"] == "canary thinks"
    assert run.object["answer"] == "It is 47."
    assert run.object["model"] == "Ponder Mini"
    assert (run.object["reasoning_tokens"], run.object["answer_tokens"]) == (2, 3)
    assert run.object["prompt_tokens"] > 0
    assert (run.object["thought_end"], run.object["stop_reason"]) == ("model", "end")


def test_a_dash_reads_standard_input(ponder: CommandLine) -> None:
    run = ponder("ask", "-", stdin="zwei Zeilen\nmit ü\n".encode(), fake=FAKE)
    assert run.stdout == "It is zwei Zeilen\nmit ü.\n"


def test_control_characters_of_a_model_reach_no_terminal(ponder: CommandLine) -> None:
    hostile = ("--thought", "a\x1b[2Jb\x9b1mc", "--answer", "x\x1b]0;evil\x07y\rz\x7f\ttab\x9d")
    run = ponder("ask", "hi", "--show-thinking", fake=hostile)
    assert run.stdout == "x]0;evilyz\ttab\n"
    assert run.stderr == "a[2Jb1mc\n"
    as_json = ponder("ask", "hi", "--json", fake=hostile)
    assert as_json.stdout.isascii()
    assert not any(ord(character) < 0x20 for character in as_json.stdout.rstrip("\n"))
    assert as_json.object["answer"].startswith("x\x1b]0;evil")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--temperature", "2.1"], "2.1 is not between 0 and 2"),
        (["--temperature", "nan"], "nan is not between 0 and 2"),
        (["--temperature", "warm"], "'warm' is not a number"),
        (["--top-p", "0"], "0 is not above 0 and at most 1"),
        (["--top-p", "1.5"], "1.5 is not above 0"),
        (["--seed", "-1"], "-1 is not between 0 and"),
        (["--max-tokens", "0"], "0 is not between 1 and"),
        (["--budget", "-1"], "-1 is not between 0 and 1,048,576"),
        (["--budget", "low"], "'low' is not a whole number"),
        (["--think-at-least", "0"], "0 is not between 1 and 1,048,576"),
        (["--timeout", "0"], "0 is not above 0 and at most 604800"),
        (["--timeout", "inf"], "inf is not above 0"),
        (["--timeout", "soon"], "'soon' is not a number"),
        (["--no-thinking", "--budget", "9"], "--no-thinking and --budget contradict each other."),
        (["--no-thinking", "--think-at-least", "9"], "--no-thinking and --think-at-least contradict"),
        (["--budget", "9", "--think-at-least", "10"], "for at least 10 tokens on a budget of 9."),
        (["--context", "255"], "255 is not between 256 and"),
        (["--context", "1e3"], "'1e3' is not a whole number"),
        (["--colour"], "nrecognized arguments: --colour"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_options_out_of_range_are_refused(
    ponder: CommandLine, options: list[str], said: str, more: list[str]
) -> None:
    assert said in ponder("ask", "hi", *options, *more).error(exit_code=2)


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_refused(ponder: CommandLine, question: str) -> None:
    assert "The question is empty." in ponder("ask", question).error(exit_code=2)
    assert "The question is empty." in ponder("ask", "-", stdin=question.encode()).error(exit_code=2)


def test_no_question_is_refused(ponder: CommandLine) -> None:
    assert "There is no question." in ponder("ask").error(exit_code=2)


def test_a_question_that_is_no_text_is_refused(ponder: CommandLine) -> None:
    assert "byte 3" in ponder("ask", "-", stdin=b"ab\xff").error(exit_code=2)
    assert "byte 3" in ponder("ask", "ab\udcff").error(exit_code=2)


def test_a_question_longer_than_the_context_says_by_how_much(ponder: CommandLine) -> None:
    error = ponder("ask", "word " * 5000, "--json").error()
    assert "too long for this model by 908 tokens" in error
    assert "--context" in error


def broken_model(folder: Path, kind: str, whole: Path) -> Path:
    path = folder / f"{kind}.gguf"
    match kind:
        case "folder":
            path.mkdir()
        case "text":
            path.write_text("Dear diary,\n" * 100)
        case "truncated":
            path.write_bytes(whole.read_bytes()[:-100])
        case "template":
            write_tiny_gguf(path, chat_template=None)
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "There is no such model file."),
        ("folder", "This is a folder"),
        ("text", "a text"),
        ("truncated", "bytes are missing"),
        ("template", "no chat template"),
    ],
)
def test_what_is_no_model_is_refused_by_name(
    ponder: CommandLine, tmp_path: Path, tiny_model: Path, kind: str, said: str
) -> None:
    path = broken_model(tmp_path, kind, tiny_model)
    error = ponder("ask", "hi", "--model", str(path)).error()
    assert error.startswith(f"{path}: ")
    assert said in error
    ponder.model = path  # the same where it is the model in the box that is broken
    assert said in ponder("ask", "hi").error()


def test_models_are_found_by_path_name_and_id(ponder: CommandLine, tiny_model: Path) -> None:
    ponder.paths.models_dir.mkdir(parents=True)
    other = ponder.paths.models_dir / "other.gguf"
    other.write_bytes(tiny_model.read_bytes())
    for name in ("other", "other.gguf", str(other)):
        assert ponder("ask", "hi", "--json", "--model", name).object["model"] == "Fake model"
    assert ponder("ask", "hi", "--json", "--model", "ponder-mini").object["model"] == "Ponder Mini"
    assert "There is no model called else" in ponder("ask", "hi", "--model", "else").error(exit_code=2)


def test_the_settings_choose_the_model(ponder: CommandLine, tmp_path: Path) -> None:
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text(json.dumps({"model_path": str(tmp_path / "gone.gguf")}))
    assert "gone.gguf: There is no such model file." in ponder("ask", "hi").error()
    assert ponder("ask", "hi", "--model", "ponder-mini").exit_code == 0


def test_a_settings_file_that_is_not_valid_is_named_and_kept(ponder: CommandLine) -> None:
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text('{"temperature": "hot"}')
    error = ponder("ask", "hi").error()
    assert str(ponder.paths.settings_file) in error
    assert "temperature" in error
    assert "Nothing was asked" in error
    assert ponder.paths.settings_file.read_text() == '{"temperature": "hot"}'


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("load", "could not load this model"),
        ("exit", "exited with code 3"),
        ("kill", "SIGKILL"),
        ("abort", "SIGABRT"),
        ("template", "the script says so"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_engine_that_fails_is_one_line(
    ponder: CommandLine, fault: str, said: str, more: list[str]
) -> None:
    assert said in ponder("ask", "hi", *more, fake=("--fault", fault)).error()


def test_what_came_before_a_failure_stays_on_standard_output(ponder: CommandLine) -> None:
    run = ponder(
        "ask", "hi", fake=("--thought", "t", "--answer", "a b c d", "--fault", "exit", "--fault-after", "3")
    )
    assert (run.exit_code, run.stdout) == (1, "a b")
    assert "exited with code 3" in run.stderr


def test_max_tokens_cuts_the_answer(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--max-tokens", "4", fake=FAKE)
    assert (run.exit_code, run.stdout) == (0, "It is\n")
    assert "after 4 tokens: the answer is not finished" in run.stderr
    assert ponder("ask", "47", "--max-tokens", "4", "--json", fake=FAKE).object["stop_reason"] == "length"


def test_a_thought_without_an_answer_fails(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--max-tokens", "1", fake=FAKE)
    assert "no answer came" in run.error()
    assert ponder("ask", "47", "--max-tokens", "1", "--json", fake=FAKE).object["answer"] == ""


def test_nothing_is_stored_unless_asked_for(ponder: CommandLine) -> None:
    assert ponder("ask", "47", fake=FAKE).exit_code == 0
    assert not ponder.paths.data_dir.exists()


def test_save_stores_the_turn_and_no_thinking(ponder: CommandLine, tmp_path: Path) -> None:
    assert ponder("ask", "47", "--save", fake=FAKE).exit_code == 0
    assert ponder("ask", "48", "--save", fake=(*FAKE, "--fault", "kill", "--fault-after", "3")).exit_code == 1
    assert ponder("ask", "49", "--save", "--max-tokens", "1", fake=FAKE).exit_code == 1
    cut, failed, finished = stored_turns(ponder)
    assert (finished.question, finished.answer, finished.state) == ("47", "It is 47.", TurnState.FINISHED)
    assert finished.usage.reasoning_tokens == 2
    assert (failed.question, failed.answer, failed.state) == ("48", "It", TurnState.FAILED)
    assert "SIGKILL" in failed.failure
    assert (cut.question, cut.answer, cut.state) == ("49", "", TurnState.LENGTH)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path


def test_save_on_a_read_only_disk_asks_nothing(ponder: CommandLine) -> None:
    error = ponder.on_a_disk("ro", "true", "ask", "hi", "--save", "--json").error()
    assert "Read-only file system" in error or "read-only" in error or "right to write" in error
    assert ponder.on_a_disk("ro", "true", "ask", "hi", fake=FAKE).stdout == "It is hi.\n"


def test_save_on_a_full_disk_asks_nothing(ponder: CommandLine) -> None:
    fill = "dd if=/dev/zero of=filler bs=4k 2>/dev/null || true"
    error = ponder.on_a_disk("size=64k", fill, "ask", "hi", "--save").error()
    assert "disk is full" in error or "room" in error


def test_a_disk_that_fills_up_meanwhile_costs_no_answer(ponder: CommandLine) -> None:
    answer = ("--thought", "t", "--answer", "word " * 25_000)
    run = ponder.on_a_disk("size=272k", "true", "ask", "hi", "--save", fake=answer)
    assert run.exit_code == 1
    assert run.stdout.strip() == ("word " * 25_000).strip()
    assert "disk is full" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_newer_history_is_not_touched(ponder: CommandLine) -> None:
    ponder("ask", "47", "--save", fake=FAKE)
    with closing(sqlite3.connect(ponder.paths.history_file)) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = ponder.paths.history_file.read_bytes()
    for arguments in (["ask", "48", "--save"], ["history", "list"], ["history", "delete", "1", "--yes"]):
        assert "newer Ponder" in ponder(*arguments).error()
    assert ponder.paths.history_file.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
@pytest.mark.parametrize("more", [["--save"], ["--save", "--json"]])
def test_ctrl_c_prints_what_came(ponder: CommandLine, more: list[str]) -> None:
    slow = ("--thought", "t", "--answer", "word " * 1000, "--tokens-per-s", "200")
    with ponder.start("ask", "hi", "--show-thinking", *more, fake=slow) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.read(4) if "--json" not in more else ""
        if "--json" in more:
            wait_until(lambda: ponder.paths.history_file.exists() and bool(stored_turns(ponder)))
        process.send_signal(signal.SIGINT)
        stdout, stderr = first + process.stdout.read(), process.stderr.read()
        assert process.wait(60) == 130
    if "--json" in more:
        assert json.loads(stdout)["stop_reason"] == "stopped"
        assert stderr == ""
    else:
        assert set(stdout.split()) == {"word"}
        assert stdout.endswith("word\n")
        assert len(stdout.split()) < 1000
        assert stderr == "t\n"
    assert [turn.state for turn in stored_turns(ponder)] == [TurnState.STOPPED]


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_while_the_model_loads_ends_at_once(ponder: CommandLine) -> None:
    with ponder.start("ask", "hi", "--save", "--json", fake=("--load-s", "60")) as process:
        wait_until(ponder.paths.history_file.exists)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "")


def test_ctrl_c_while_the_history_opens_is_not_lost(
    ponder: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_history = Surroundings.open_history

    def open_and_interrupt(surroundings: Surroundings) -> HistoryStore:
        with contextlib.suppress(KeyboardInterrupt):  # as Python does in what C code calls back
            signal.raise_signal(signal.SIGINT)
        return open_history(surroundings)

    monkeypatch.setattr(Surroundings, "open_history", open_and_interrupt)
    run = ponder("ask", "hi", "--save", "--json", fake=("--load-s", "3"))
    assert (run.exit_code, run.stdout, run.stderr) == (130, "", "")


def test_a_reader_that_leaves_ends_it_quietly(ponder: CommandLine) -> None:
    slow = ("--thought", "t", "--answer", "word\n" * 20_000)
    with ponder.start("ask", "hi", "--save", fake=slow) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(5)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141
    assert [turn.state for turn in stored_turns(ponder)] in ([TurnState.STOPPED], [TurnState.FINISHED])


@pytest.mark.parametrize("options", [[], ["--json"], ["--show-thinking"]])
def test_ask_starts_without_heavy_libraries(
    repository: Path, fake_engine_command: tuple[str, ...], tiny_model: Path, options: list[str]
) -> None:
    program = (
        "import sys; from pathlib import Path; from app.cli.main import run_program\n"
        f"code = run_program(['ask', 'hi', *{options!r}], engine_command={fake_engine_command!r}, "
        f"built_in_model=Path({str(tiny_model)!r}))\n"
        "heavy = {'PySide6', 'sqlalchemy', 'sqlcipher3', 'rich', 'llama_cpp', 'jinja2', 'markdown_it'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
