"""A pseudo terminal for tests: a program in it, what is typed, and what a person would see."""

from __future__ import annotations

import codecs
import errno
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.app.cli.conftest import CommandLine
from tests.app.cli.screen import Screen

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo terminals of this kind", allow_module_level=True)

import fcntl
import struct
import termios


def _as_a_shell_starts_it() -> None:
    """In front of its terminal. Tests that run in the background ignore Ctrl-C, and would hand that on."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program in a pseudo terminal of 60 columns, and its screen."""

    def __init__(self, ponder: CommandLine, *arguments: str, fake: tuple[str, ...]) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        self.process = subprocess.Popen(
            ponder.command(*arguments, fake=fake),
            cwd=ponder.repository,
            env={**os.environ, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_as_a_shell_starts_it,
        )
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._pieces: list[str] = []
        self.screen = Screen()
        self.everything = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, seen: Callable[[str], bool]) -> str:
        """Read until `seen(text on the screen)`; gives that text."""
        deadline = time.monotonic() + 60
        while not seen(self.screen.text):
            if not self._read(deadline - time.monotonic()):
                pytest.fail(f"it was never seen; on the screen is:\n{self.screen.text}")
        return self.screen.text

    def interrupt_line(self, seen: Callable[[str], bool]) -> str:
        """Press Ctrl-C in the line that is being typed, again if nothing happens, until `seen`.

        WORKAROUND: `input` does not see a signal that comes in the instant in which it looks at the last
        key. Nobody types so fast, but this test does: https://github.com/python/cpython/issues/112585
        In that instant the terminal may also have thrown that key away; then `input` waits for another one,
        and until it comes no signal ends that.
        """
        for _ in range(15):
            self.type("\x03")
            if self._is_seen(seen, 2):
                return self.screen.text
            self.type("x")
            if self._is_seen(seen, 0.5):
                return self.screen.text
        pytest.fail(f"it was never seen; on the screen is:\n{self.screen.text}")

    def _is_seen(self, seen: Callable[[str], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self._read(deadline - time.monotonic()):
            if seen(self.screen.text):
                return True
        return False

    def interrupt_until_it_ends(self) -> None:
        """Press Ctrl-C, again if nothing happens; for the same reason."""
        for _ in range(15):
            self.type("\x03")
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.type("x")
                continue
            return
        pytest.fail(f"it goes on; on the screen is:\n{self.screen.text}")

    def end(self) -> int:
        while self._read(60):
            continue
        os.close(self._ours)
        return self.process.wait(60)

    def _read(self, timeout_s: float) -> bool:
        """Show the next piece: however late it is read, what was on the screen between is seen."""
        if not self._pieces and not self._read_pieces(timeout_s):
            return False
        self.screen.feed(self._pieces.pop(0))
        return True

    def _read_pieces(self, timeout_s: float) -> bool:
        if not select.select([self._ours], [], [], max(timeout_s, 0))[0]:
            return False
        try:
            data = os.read(self._ours, 65_536)
        except OSError as error:
            if error.errno != errno.EIO:  # Linux says EIO where the other side has closed
                raise
            return False
        text = self._decoder.decode(data)
        self.everything += text
        self._pieces = re.split(r"(?<=\n)|(?=\x1b)", text)
        return bool(data)
