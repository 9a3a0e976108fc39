"""How far a long work is, on standard error: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from app import numbers_in_words as words
from app.cli.output import Output, one_line
from models.download_status import DownloadState, DownloadStatus

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_LINE_EVERY = 0.1
_NUMBER = re.compile(r"[0-9]+")


class Progress(Protocol):
    """Shows a download."""

    def show(self, status: DownloadStatus) -> None:
        """It stands like this now."""


@contextmanager
def shown_progress(output: Output, title: str, *, quiet: bool) -> Iterator[Progress]:
    """Show a download while it lasts. `quiet`: only in a terminal."""
    if output.can_dim():
        with _bar(output) as bar:
            yield _DownloadBar(bar, title)
    else:
        yield _DownloadLines(output, title, quiet=quiet)


@contextmanager
def file_progress(output: Output, title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a copy or a check while it lasts; the callback takes bytes done and bytes in all."""
    if not output.can_dim():
        lines = _Lines(output, title, quiet=quiet)
        yield lambda done, total: lines.show(done, total, "")
        return
    with _bar(output) as bar:
        task = bar.add_task(one_line(title), total=None, note="")
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _DownloadBar:
    def __init__(self, bar: Bar, title: str) -> None:
        self._bar = bar
        self._task = bar.add_task(one_line(title), total=None, note="")

    def show(self, status: DownloadStatus) -> None:
        self._bar.update(
            self._task,
            completed=status.done_bytes,
            total=status.total_bytes or None,
            note=_note(status),
        )


class _DownloadLines:
    def __init__(self, output: Output, title: str, *, quiet: bool) -> None:
        self._lines = _Lines(output, title, quiet=quiet)
        self._notice = ""

    def show(self, status: DownloadStatus) -> None:
        notice = _NUMBER.sub("", status.notice)  # one that counts down is said once
        if notice != self._notice:
            self._notice = notice
            self._lines.say(status.notice)
        if status.state is DownloadState.RUNNING:
            self._lines.show(status.done_bytes, status.total_bytes, _note(status))


class _Lines:
    """A line at the start, and one for each tenth; that it is done is for others to say."""

    def __init__(self, output: Output, title: str, *, quiet: bool) -> None:
        self._output = output
        self._title = title
        self._quiet = quiet
        self._next = 0.0

    def say(self, text: str) -> None:
        if text and not self._quiet:
            self._output.note(text)

    def show(self, done: int, total: int, note: str) -> None:
        if not total or done >= total or done / total < self._next:
            return
        self._next = (int(done / total / _LINE_EVERY + 1e-9) + 1) * _LINE_EVERY
        self.say(f"{self._title}: {words.size(done)} of {words.size(total)}" + (f" · {note}" if note else ""))


def _note(status: DownloadStatus) -> str:
    """`41 MB/s · 2 min 24 s left`, or what it waits for."""
    if status.state is not DownloadState.RUNNING:
        return f"{status.state.value}…"
    if status.notice:
        return one_line(status.notice)
    pieces = [f"{words.size(round(status.speed_bytes_per_s))}/s" if status.speed_bytes_per_s else ""]
    pieces.append(f"{words.running_duration(status.left_s)} left" if status.left_s is not None else "")
    return " · ".join(piece for piece in pieces if piece)


def _bar(output: Output) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=32),
        DownloadColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(file=output.stderr),
        transient=True,
    )
