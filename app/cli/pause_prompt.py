"""What is asked of somebody at a terminal while a thought waits: go on, with a hint perhaps, or what else."""

from __future__ import annotations

import enum
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import BinaryIO

from app.cli.output import Output

PAUSE_SIGNAL: signal.Signals | None = getattr(signal, "SIGQUIT", None) or getattr(signal, "SIGBREAK", None)
PAUSE_KEY = "Ctrl-\\" if hasattr(signal, "SIGQUIT") else "Ctrl-Break"
_CHOICES = "Enter: go on · words: a hint for the model · a: answer now · t: try again · s: stop"


class Word(enum.Enum):
    """What the user wants."""

    GO_ON = ""
    ANSWER_NOW = "a"
    TRY_AGAIN = "t"
    STOP = "s"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the user wants; `hint` goes with GO_ON."""

    word: Word
    hint: str = ""


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """The user pressed the key that lets a thought wait."""


def can_ask(stdin: BinaryIO, output: Output) -> bool:
    """Whether somebody sits there to be asked."""
    return stdin.isatty() and output.stderr.isatty()


def ask_what_now(output: Output, finding: str) -> Decision:
    """Ask. `finding`: what was seen of a loop, "" where the user asked for the pause. Ctrl-C stops."""
    why = f"The thought goes in circles: {finding}" if finding else "The thought waits."
    output.aside(f"\n{why}\n{_CHOICES}\n› ")
    try:
        with _interruptible():
            words = input().strip()
    except (EOFError, KeyboardInterrupt):
        return Decision(Word.STOP)
    for word in (Word.ANSWER_NOW, Word.TRY_AGAIN, Word.STOP):
        if words.lower() == word.value:
            return Decision(word)
    return Decision(Word.GO_ON, words)


@contextmanager
def caught_pauses(on_pause: Callable[[PauseRequested], None]) -> Iterator[None]:
    """Within it the pause key calls `on_pause`; without it that key would end the program."""
    if PAUSE_SIGNAL is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        on_pause(PauseRequested())

    before = signal.signal(PAUSE_SIGNAL, handle)
    try:
        yield
    finally:
        signal.signal(PAUSE_SIGNAL, before)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Within it Ctrl-C raises KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
