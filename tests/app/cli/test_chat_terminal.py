"""`ponder chat` in a terminal: the thought is on the screen while it lasts, and gone from it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.app.cli.conftest import CommandLine
from tests.app.cli.terminal import Terminal


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()


def test_the_thought_folds_away(ponder: CommandLine, terminals: list[Terminal]) -> None:
    thought = "\n\n".join(f"canary {number} " + "and more words of it " * 5 for number in range(6))
    fake = ("--thought", thought, "--answer", "It is {question}.", "--tokens-per-s", "150")
    terminal = Terminal(ponder, "chat", fake=fake)
    terminals.append(terminal)
    terminal.wait_for(lambda text: text.endswith("›"))
    terminal.type("47\n")
    thinking = terminal.wait_for(lambda text: "canary 3" in text)
    assert "▾ Thinking · " in thinking
    assert "canary 0" not in thinking, "only the last lines of a thought are shown"
    done = terminal.wait_for(lambda text: "It is 47." in text and text.endswith("›"))
    assert "canary" not in done
    assert "Thinking" not in done
    assert "▸ Thought for " in done
    assert " · 162 tokens" in done
    assert done.index("› 47") < done.index("▸ Thought") < done.index("It is 47.")
    terminal.type("\x04")
    assert terminal.end() == 0
    assert terminal.everything.count("\x1b[?25l") == terminal.everything.count("\x1b[?25h"), "cursor is back"


def test_ctrl_c_ends_the_thought_then_the_reply_but_not_the_chat(
    ponder: CommandLine, terminals: list[Terminal]
) -> None:
    fake = ("--thought", "hm " * 5000, "--answer", "word " * 5000, "--tokens-per-s", "100")
    terminal = Terminal(ponder, "chat", fake=fake)
    terminals.append(terminal)
    terminal.wait_for(lambda text: text.endswith("›"))
    terminal.type("47\n")
    terminal.wait_for(lambda text: "▾ Thinking · " in text and "· Ctrl-C: answer now" in text)
    terminal.type("\x03")
    answering = terminal.wait_for(lambda text: "word word" in text)
    assert re.search("tokens? · the answer was asked for", answering)  # it may have come to one
    assert "Thinking" not in answering
    terminal.type("\x03")
    stopped = terminal.wait_for(lambda text: "Stopped." in text and text.endswith("›"))
    assert "hm hm" not in stopped
    terminal.type("half a question")
    terminal.wait_for(lambda text: text.endswith("half a question"))  # now the line is being edited
    terminal.interrupt_line(lambda text: "Ctrl-D leaves.)" in text and text.endswith("›"))
    terminal.type("/quit\n")
    assert terminal.end() == 0


def test_a_hostile_thought_cannot_move_the_cursor(ponder: CommandLine, terminals: list[Terminal]) -> None:
    hostile = "before \x1b[2J\x1b]0;evil\x07 [bold]after[/bold] \x9b31m " * 20
    fake = ("--thought", hostile, "--answer", "done \x1b[31m", "--tokens-per-s", "100")
    terminal = Terminal(ponder, "chat", fake=fake)
    terminals.append(terminal)
    terminal.wait_for(lambda text: text.endswith("›"))
    terminal.type("47\n")
    terminal.wait_for(lambda text: "[bold]after[/bold]" in text)
    terminal.wait_for(lambda text: "done [31m" in text and text.endswith("›"))
    terminal.type("\x04")
    assert terminal.end() == 0
    for sequence in ("\x1b[2J\x1b]0", "\x1b]0;evil", "\x1b[31m", "\x9b"):
        assert sequence not in terminal.everything


def test_typing_ahead_does_not_tear_the_screen(ponder: CommandLine, terminals: list[Terminal]) -> None:
    fake = ("--thought", "canary\n" * 60, "--answer", "It is {question}.", "--tokens-per-s", "80")
    terminal = Terminal(ponder, "chat", fake=fake)
    terminals.append(terminal)
    terminal.wait_for(lambda text: text.endswith("›"))
    terminal.type("47\n")
    terminal.wait_for(lambda text: "▾ Thinking · " in text)
    terminal.type("48\n")
    done = terminal.wait_for(lambda text: "It is 48." in text and text.endswith("›"))
    assert "Thinking" not in done
    assert "canary" not in done
    assert done.index("It is 47.") < done.index("› 48") < done.index("It is 48.")
    terminal.type("\x04")
    assert terminal.end() == 0
