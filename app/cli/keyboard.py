"""The questions of `ponder chat`: typed at a prompt, or read line by line from a pipe."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import BinaryIO

from app.cli.output import Output
from app.errors import InputError

MAX_LINE_BYTES = 16 * 1024 * 1024
_LOCAL_FLAGS = 3  # their place in what termios.tcgetattr gives


class Keyboard:
    """Gives one line after the other. A line that ends in a backslash goes on in the next one."""

    def __init__(self, stdin: BinaryIO, output: Output) -> None:
        self._stdin = stdin
        self._output = output
        self.is_terminal = stdin.isatty() and sys.stdin.isatty()
        """Somebody types, and can be asked and answered."""
        if self.is_terminal:
            _enable_line_editing()

    def next_line(self) -> str | None:
        """The next line without its end; None when there are no more. Raises `InputError`."""
        lines: list[str] = []
        while (line := self._read("… " if lines else "› ")) is not None:
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])
        return "\n".join(lines) if lines else None

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Within it, what is typed waits for the next line unseen: shown, it would tear the screen apart."""
        if not self.is_terminal or sys.platform == "win32":
            yield
            return
        import termios

        descriptor = self._stdin.fileno()
        before = termios.tcgetattr(descriptor)
        silent = [*before]
        silent[_LOCAL_FLAGS] &= ~termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSANOW, silent)
        try:
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, before)

    @contextlib.contextmanager
    def loud(self) -> Iterator[None]:
        """Within it what is typed is seen again, though it is within `quiet`."""
        if not self.is_terminal or sys.platform == "win32":
            yield
            return
        import termios

        descriptor = self._stdin.fileno()
        before = termios.tcgetattr(descriptor)
        audible = [*before]
        audible[_LOCAL_FLAGS] |= termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSANOW, audible)
        try:
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, before)

    def _read(self, prompt: str) -> str | None:
        return self._typed(prompt) if self.is_terminal else self._piped()

    def _typed(self, prompt: str) -> str | None:
        while True:
            try:
                if self._output.stdout.isatty():
                    return input(_fit(prompt, sys.stdout.encoding))
                self._output.aside(_fit(prompt, sys.stderr.encoding))
                return input()
            except EOFError:
                self._output.aside("\n")
                return None
            except KeyboardInterrupt:
                self._output.aside("\n(/quit or Ctrl-D leaves.)\n")

    def _piped(self) -> str | None:
        untrusted_bytes = self._stdin.readline(MAX_LINE_BYTES)
        if not untrusted_bytes:
            return None
        try:
            return untrusted_bytes.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(
                "Standard input is not UTF-8 text.", advice="Convert it to UTF-8 first."
            ) from error


def _enable_line_editing() -> None:
    """Importing readline is what gives `input` arrow keys and a history (in memory); Windows has its own."""
    if sys.platform != "win32" and importlib.util.find_spec("readline"):
        importlib.import_module("readline")


def _fit(prompt: str, encoding: str) -> str:
    """The prompt in characters that the terminal has."""
    try:
        prompt.encode(encoding)
    except UnicodeEncodeError:
        return "> "
    return prompt
