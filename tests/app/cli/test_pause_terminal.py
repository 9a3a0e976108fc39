"""A thought that waits for a word in a terminal: `ponder ask` and `ponder chat`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.cli.interrupts import EXIT_INTERRUPTED
from tests.app.cli.conftest import CommandLine
from tests.app.cli.terminal import Terminal

SLOW = ("--thought", "hm " * 5000, "--answer", "It is so.", "--tokens-per-s", "200")
LOOP = ("--thought", "hm " * 40, "--answer", "It is so.", "--tokens-per-s", "200", "--fault", "loop")
PAUSE = "\x1c"
WAITS = "The thought waits."
CIRCLES = "The thought goes in circles: The last 24 tokens"


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()


def ask(ponder: CommandLine, terminals: list[Terminal], fake: tuple[str, ...]) -> Terminal:
    terminal = Terminal(ponder, "ask", "--show-thinking", "Why?", fake=fake)
    terminals.append(terminal)
    return terminal


def test_a_thought_can_wait_for_a_hint(ponder: CommandLine, terminals: list[Terminal]) -> None:
    terminal = ask(ponder, terminals, SLOW)
    terminal.wait_for(lambda text: "hm hm" in text)
    terminal.type(PAUSE)
    terminal.wait_for(lambda text: WAITS in text and text.endswith("›"))
    terminal.type("think of primes\n")
    terminal.wait_for(lambda text: "keep in mind: think of primes" in " ".join(text.split()))
    terminal.type(PAUSE)
    terminal.wait_for(lambda text: text.count(WAITS) == 2 and text.endswith("›"))
    terminal.type("a\n")
    assert terminal.end() == 0
    assert "It is so." in terminal.screen.text


@pytest.mark.parametrize("by_word", [True, False])
def test_a_thought_that_waits_can_be_stopped(
    ponder: CommandLine, terminals: list[Terminal], by_word: bool
) -> None:
    terminal = ask(ponder, terminals, SLOW)
    terminal.wait_for(lambda text: "hm hm" in text)
    terminal.type(PAUSE)
    terminal.wait_for(lambda text: WAITS in text and text.endswith("›"))
    if by_word:
        terminal.type("s\n")
    else:
        terminal.interrupt_until_it_ends()
    assert terminal.end() == EXIT_INTERRUPTED


@pytest.mark.parametrize("word", ["", "t"])
def test_a_thought_in_circles_asks_what_now(
    ponder: CommandLine, terminals: list[Terminal], word: str
) -> None:
    terminal = ask(ponder, terminals, LOOP)
    terminal.wait_for(lambda text: CIRCLES in " ".join(text.split()) and text.endswith("›"))
    terminal.type(f"{word}\n")
    if word == "t":  # the fake engine goes in circles again
        terminal.wait_for(lambda text: " ".join(text.split()).count(CIRCLES) == 2 and text.endswith("›"))
        terminal.type("\n")
    assert terminal.end() == 0
    assert "It is so." in terminal.screen.text


def test_the_chat_asks_too_and_can_try_again(ponder: CommandLine, terminals: list[Terminal]) -> None:
    terminal = Terminal(ponder, "chat", fake=LOOP)
    terminals.append(terminal)
    terminal.wait_for(lambda text: text.endswith("›"))
    terminal.type("Why?\n")
    terminal.wait_for(lambda text: "circles" in text and text.endswith("›"))
    terminal.type("t\n")
    terminal.wait_for(lambda text: "Stopped." in text and text.count("circles") == 2 and text.endswith("›"))
    terminal.type("a\n")
    done = terminal.wait_for(lambda text: "It is so." in text and text.endswith("›"))
    assert "the answer was asked for" in done or "Thought for" in done
    terminal.type("/quit\n")
    assert terminal.end() == 0
