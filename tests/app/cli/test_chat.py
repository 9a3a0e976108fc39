"""`ponder chat` over a pipe: one line, one question."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.history.records import Conversation, TurnState
from app.history.store import HistoryStore
from tests.app.cli.conftest import CommandLine

FAKE = ("--thought", "canary thinks", "--answer", "It is {question}.")


def stored(ponder: CommandLine) -> list[Conversation]:
    with closing(HistoryStore(ponder.paths.history_file)) as history:
        return [history.conversation(each.id) for each in history.conversations()]


def without_times(text: str) -> str:
    return re.sub(r"[\d.]+ s ", "… s ", text)


def test_answers_go_to_standard_output_and_all_else_to_standard_error(ponder: CommandLine) -> None:
    run = ponder("chat", stdin=b"47\n\n48\n", fake=FAKE)
    assert (run.exit_code, run.stdout) == (0, "It is 47.\nIt is 48.\n")
    assert "canary" not in run.stderr
    assert "\x1b" not in run.stdout + run.stderr
    assert without_times(run.stderr).count("▸ Thought for … s · 2 tokens") == 2


def test_no_command_is_chat(ponder: CommandLine) -> None:
    assert ponder(stdin=b"47\n", fake=FAKE).stdout == "It is 47.\n"


def test_the_turns_are_stored_without_thinking(ponder: CommandLine, tmp_path: Path) -> None:
    ponder("chat", stdin=b"47\n48\n/new\n49\n", fake=FAKE)
    second, first = stored(ponder)
    assert [turn.question for turn in first.turns] == ["47", "48"]
    assert [turn.answer for turn in second.turns] == ["It is 49."]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path


def test_no_history_writes_nothing(ponder: CommandLine) -> None:
    assert ponder("chat", "--no-history", stdin=b"47\n", fake=FAKE).stdout == "It is 47.\n"
    assert not ponder.paths.data_dir.exists()


def test_an_earlier_conversation_goes_on(ponder: CommandLine) -> None:
    ponder("chat", stdin=b"47\n", fake=FAKE)
    run = ponder("chat", stdin=b"/list\n/open 1\n48\n", fake=FAKE)
    assert run.exit_code == 0
    assert run.stdout.splitlines() == ["   1  47", "", "› 47", "", "It is 47.", "It is 48."]
    assert [len(conversation.turns) for conversation in stored(ponder)] == [2]


def test_a_backslash_joins_lines(ponder: CommandLine) -> None:
    assert ponder("chat", stdin=b"one\\\ntwo\n", fake=FAKE).stdout == "It is one\ntwo.\n"


def test_a_budget_holds_until_it_is_off(ponder: CommandLine) -> None:
    run = ponder("chat", stdin=b"/budget 1\n47\n/budget\n/budget off\n48\n", fake=FAKE)
    assert run.stdout == "It is 47.\nIt is 48.\n"
    assert without_times(run.stderr).splitlines() == [
        "A thought ends after 1 token at most.",
        *("▸ Thought for … s · 1 token", "", "The budget ended the thought."),
        "A thought ends after 1 token at most.",
        "A thought has no budget.",
        *("▸ Thought for … s · 2 tokens", ""),
    ]
    again = ponder("chat", stdin=b"/open 1\n", fake=FAKE)
    assert "▸ Thought for … s · 1 token · the budget ended it\n" in without_times(again.stderr)


def test_the_settings_have_a_budget(ponder: CommandLine) -> None:
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text('{"thinking_budget_tokens": 64}')
    run = ponder("chat", stdin=b"/budget\n47\n", fake=("--thought", "hm " * 70))
    assert "A thought ends after 64 tokens at most." in run.stderr
    assert "64 tokens\n\nThe budget ended the thought." in run.stderr


def test_quit_leaves_the_rest_unread(ponder: CommandLine) -> None:
    assert ponder("chat", stdin=b"/quit\n47\n", fake=FAKE).stdout == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/what", "There is no command /what"),
        ("/open", "Which one?"),
        ("/open 99", "There is no conversation 99"),
        ("/budget 0", "0 is not between 1 and 1,048,576. Like this: /budget 500, or /budget off"),
        ("/budget low", "'low' is not a whole number"),
        ("/model", "Which one?"),
        ("/model nowhere", "There is no model called nowhere"),
        ("/model /nowhere/x.gguf", "There is no such model file."),
        ("/help", "/restart"),
        ("word " * 5000, "too long for this model by 908 tokens"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_chat_goes_on(ponder: CommandLine, line: str, said: str) -> None:
    run = ponder("chat", stdin=f"{line}\n47\n".encode(), fake=FAKE)
    assert said in run.stderr
    assert run.stdout == "It is 47.\n"


def test_a_path_is_a_question(ponder: CommandLine) -> None:
    assert ponder("chat", stdin=b"/etc/hosts?\n", fake=FAKE).stdout == "It is /etc/hosts?.\n"


def test_another_model_can_be_used(ponder: CommandLine, tmp_path: Path, tiny_model: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny_model.read_bytes())
    ponder("chat", stdin=f"/model {other}\n47\n".encode(), fake=FAKE)
    assert stored(ponder)[0].turns[0].model_name == "Fake model"


def test_an_engine_that_dies_is_said_once_and_comes_back(ponder: CommandLine) -> None:
    run = ponder("chat", stdin=b"47\n/restart\n48\n", fake=(*FAKE, "--fault", "kill", "--fault-after", "3"))
    assert run.exit_code == 1
    assert run.stderr.count("SIGKILL") == 2
    assert [turn.state for turn in stored(ponder)[0].turns] == [TurnState.FAILED, TurnState.FAILED]


def test_an_engine_that_never_loads_ends_a_script(ponder: CommandLine) -> None:
    assert "could not load" in ponder("chat", stdin=b"47\n", fake=("--fault", "load")).error()


def test_no_model_ends_a_script(ponder: CommandLine, tmp_path: Path) -> None:
    ponder.model = tmp_path / "gone.gguf"
    assert "There is no such model file." in ponder("chat", stdin=b"47\n").error()


def test_input_that_is_no_text_is_refused(ponder: CommandLine) -> None:
    run = ponder("chat", stdin=b"47\n\xff\n", fake=FAKE)
    assert (run.exit_code, run.stdout) == (2, "It is 47.\n")
    assert "not UTF-8" in run.stderr


def test_a_newer_history_is_not_touched_and_the_chat_goes_on(ponder: CommandLine) -> None:
    ponder.paths.data_dir.mkdir()
    ponder.paths.history_file.write_bytes(b"not a database at all")
    run = ponder("chat", stdin=b"47\n", fake=FAKE)
    assert (run.exit_code, run.stdout) == (1, "It is 47.\n")
    assert "is not a history of Ponder" in run.stderr
    assert ponder.paths.history_file.read_bytes() == b"not a database at all"


def test_settings_that_are_not_valid_are_said_and_kept(ponder: CommandLine) -> None:
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text("{")
    run = ponder("chat", stdin=b"47\n", fake=FAKE)
    assert run.stdout == "It is 47.\n"
    assert "The settings in" in run.stderr
    assert ponder.paths.settings_file.read_text() == "{"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_stops_the_reply_and_the_chat_goes_on(ponder: CommandLine) -> None:
    slow = ("--thought", "t", "--answer", "word " * 500, "--tokens-per-s", "200")
    with ponder.start("chat", fake=slow, stdin=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("47\n")
        process.stdin.flush()
        process.stdout.read(4)
        process.send_signal(signal.SIGINT)
        while "Stopped." not in process.stderr.readline():
            assert process.poll() is None
        process.stdin.write("/list\n")
        process.stdin.close()
        assert process.stdout.read().endswith("   1  47\n")
        process.stderr.read()
        assert process.wait(60) == 0
    assert [turn.state for turn in stored(ponder)[0].turns] == [TurnState.STOPPED]


def test_a_context_beyond_the_training_is_refused(ponder: CommandLine) -> None:
    run = ponder("chat", "--context", "5000", stdin=b"47\n", fake=FAKE)
    assert run.exit_code != 0
    assert "trained for a context of 4,096 tokens, and 5,000 were asked for" in run.stderr


def test_a_model_that_ended_the_engine_twice_is_not_loaded_by_itself(ponder: CommandLine) -> None:
    for _ in range(2):
        assert "SIGABRT" in ponder("chat", stdin=b"47\n", fake=("--fault", "abort")).stderr
    run = ponder("chat", stdin=b"47\n", fake=FAKE)
    assert run.exit_code == 1
    assert "ended the engine 2 times in a row" in run.stderr
    ponder("chat", "--no-history", stdin=b"47\n", fake=FAKE)
    assert ponder("ask", "47", fake=FAKE).exit_code == 0
