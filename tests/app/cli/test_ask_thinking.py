"""`ponder ask`: how long the model may think, and how long all of it may take."""

from __future__ import annotations

import json

import pytest

from app.cli import time_limit
from tests.app.cli.conftest import CommandLine, Run

FAKE = ("--thought", "canary thinks and thinks", "--answer", "It is {question}.")
LONG_THOUGHT = ("--thought", "hm " * 5000, "--answer", "It is {question}.", "--tokens-per-s", "200")
LONG = ("--thought", "hm " * 500, "--answer", "It is {question}.")


def limits_kept(run: Run) -> tuple[int, str]:
    """How long the thought became, and what ended it."""
    return run.object["reasoning_tokens"], run.object["thought_end"]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], (500, "model")),
        (["--budget", "200"], (200, "budget")),
        (["--budget", "0"], (500, "model")),
        (["--think-at-least", "600"], (600, "model")),
        (["--budget", "600", "--think-at-least", "600"], (600, "model")),
        (["--no-thinking"], (0, "")),
    ],
)
def test_the_engine_gets_the_limits(ponder: CommandLine, options: list[str], kept: tuple[int, str]) -> None:
    assert limits_kept(ponder("ask", "hi", "--json", *options, fake=LONG)) == kept


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], (300, "budget")),
        (["--budget", "0"], (500, "model")),
        (["--budget", "100"], (100, "budget")),
        (["--think-at-least", "400"], (500, "model")),
        (["--no-thinking"], (0, "")),
    ],
)
def test_the_budget_of_the_settings_holds_where_the_command_line_says_nothing(
    ponder: CommandLine, options: list[str], kept: tuple[int, str]
) -> None:
    ponder.paths.settings_file.parent.mkdir(parents=True)
    ponder.paths.settings_file.write_text(json.dumps({"thinking_budget_tokens": 300}))
    assert limits_kept(ponder("ask", "hi", "--json", *options, fake=LONG)) == kept


def test_a_thought_leaves_room_for_the_answer_and_says_so(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--context", "256", fake=LONG)
    assert (run.exit_code, run.stdout) == (0, "It is 47.\n")
    kept_tokens = (256 - 5) // 4
    thought = 256 - 5 - kept_tokens
    assert (
        run.stderr == f"ponder: The thought was ended after {thought} tokens, to leave room for the answer.\n"
    )
    found = ponder("ask", "47", "--context", "256", "--json", fake=LONG)
    assert limits_kept(found) == (thought, "reserve")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_family_that_cannot_skip_thinking_is_one_line(ponder: CommandLine, more: list[str]) -> None:
    assert ponder("ask", "hi", "--no-thinking", *more, fake=("--always-thinks",)).error() == (
        "This model (Fake family) always thinks before it answers. "
        "Ask without --no-thinking; --budget 100 makes it think less."
    )


def test_without_thinking_the_answer_streams(ponder: CommandLine) -> None:
    slow = ("--answer", "word " * 2000, "--tokens-per-s", "200")
    with ponder.start("ask", "hi", "--no-thinking", fake=slow) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == "word"
        assert process.poll() is None, "the first word came before the last"
        process.kill()


def test_a_budget_that_ends_the_thought_is_said_quietly(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--budget", "2", fake=FAKE)
    assert (run.exit_code, run.stdout) == (0, "It is 47.\n")
    assert run.stderr == "ponder: The budget ended the thought after 2 tokens.\n"
    found = ponder("ask", "47", "--budget", "2", "--json", fake=FAKE).object
    assert (found["reasoning"], found["thought_end"]) == ("canary thinks", "budget")
    assert ponder("ask", "47", "--budget", "4", fake=FAKE).stderr == ""


def test_the_history_says_what_ended_the_thought(ponder: CommandLine) -> None:
    ponder("ask", "47", "--budget", "2", "--save", fake=FAKE)
    assert " · 2 tokens · the budget ended it\n" in ponder("history", "show", "1").stdout
    turn = ponder("history", "show", "1", "--json").object["turns"][0]
    assert turn["usage"]["thought_end"] == "budget"


def test_a_thought_without_an_end_has_none(ponder: CommandLine) -> None:
    found = ponder("ask", "47", "--max-tokens", "1", "--json", fake=FAKE).object
    assert (found["thought_end"], found["stop_reason"]) == ("", "length")


def test_at_the_timeout_the_thought_closes_and_the_answer_comes(ponder: CommandLine) -> None:
    run = ponder("ask", "47", "--timeout", "0.2", fake=LONG_THOUGHT)
    assert (run.exit_code, run.stdout) == (0, "It is 47.\n")
    assert run.stderr.startswith("ponder: The time limit ended the thought after ")
    assert run.stderr.count("\n") == 1
    found = ponder("ask", "47", "--timeout", "0.2", "--json", fake=LONG_THOUGHT).object
    assert (found["thought_end"], found["stop_reason"], found["answer"]) == ("asked", "end", "It is 47.")


def test_a_reply_in_time_is_left_alone(ponder: CommandLine) -> None:
    found = ponder("ask", "47", "--timeout", "60", "--json", fake=FAKE).object
    assert (found["thought_end"], found["stop_reason"]) == ("model", "end")


def test_after_the_grace_the_reply_is_stopped(ponder: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "LEAST_GRACE_S", 1.5)
    endless = ("--thought", "hm", "--answer", "word " * 5000, "--tokens-per-s", "200")
    run = ponder("ask", "47", "--timeout", "0.2", fake=endless)
    assert run.exit_code == 0
    assert set(run.stdout.split()) == {"word"}
    assert run.stderr == "ponder: The time is over: the answer is not finished. See --timeout.\n"
    found = ponder("ask", "47", "--timeout", "0.2", "--json", "--save", fake=endless).object
    assert (found["thought_end"], found["stop_reason"]) == ("model", "stopped")


def test_a_prompt_that_takes_too_long_is_an_error(
    ponder: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limit, "LEAST_GRACE_S", 0.1)
    run = ponder("ask", "47", "--timeout", "0.1", fake=("--prompt-s", "60"))
    assert "The time is over: no answer came." in run.error()
