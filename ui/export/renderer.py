"""Has HTML and PDF made in a process of its own, for terminal and window, without Qt in this one."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from typing import IO

import msgspec

from app.errors import ExportError
from app.history.transfer.exporting import Form
from app.history.transfer.records import ChatRecord
from models.engine.client import worker_environment, worker_folder
from models.own_programs import own_command
from ui.export.protocol import Page, Rendered

WORKER_COMMAND = own_command("ui.export.worker")
TIMEOUT_S = 300.0
"""For one chat. Two thousand turns full of formulas take half a minute on a slow computer."""


class ProcessRenderer:
    """A `PageRenderer`. The process starts with the first page; a page that ends it costs no other."""

    def __init__(self, command: Sequence[str] = WORKER_COMMAND, timeout_s: float = TIMEOUT_S) -> None:
        self._command = tuple(command)
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    def render(self, chat: ChatRecord, form: Form) -> bytes:
        """The whole file. Raises `ExportError`."""
        process = self._process = self._process or self._started()
        patience = threading.Timer(self._timeout_s, process.kill)
        patience.daemon = True
        patience.start()
        try:
            return _asked(process, Page(form, chat))
        except (OSError, msgspec.DecodeError, EOFError) as error:
            self._drop()
            raise ExportError(
                f"The chat “{chat.title}” could not be made {form.value.upper()}.",
                kept="It is as it was, and so are the files made before.",
                advice="Export it as Markdown or JSON.",
                details=type(error).__name__,
            ) from error
        finally:
            patience.cancel()
            patience.join()

    def close(self) -> None:
        """End the process."""
        self._drop()

    def _started(self) -> subprocess.Popen[bytes]:
        environment = worker_environment()
        environment["QT_QPA_PLATFORM"] = "offscreen"
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=worker_folder(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ExportError(
                "What makes HTML and PDF could not be started.",
                kept="Nothing was written.",
                advice="Export as Markdown or JSON.",
                details=f"{error.strerror} (errno {error.errno})",
            ) from error

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _asked(process: subprocess.Popen[bytes], page: Page) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(page) + b"\n")
    process.stdin.flush()
    size_bytes = msgspec.json.decode(process.stdout.readline(), type=Rendered).size_bytes
    made = process.stdout.read(size_bytes)
    if len(made) != size_bytes:
        raise EOFError
    return made


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            return  # what was not written yet had nobody to read it
