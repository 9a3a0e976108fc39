"""Writes chats into files, each whole or not at all, and never over one that is there unless told so."""

from __future__ import annotations

import contextlib
import enum
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from app.errors import ExportError
from app.history.transfer import ponder_json
from app.history.transfer.as_markdown import as_markdown
from app.history.transfer.file_names import file_names
from app.history.transfer.records import ChatRecord, FolderRecord
from app.version import version


class Form(enum.StrEnum):
    """What a chat can be written as; the value is the ending of the file, but for Markdown."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"

    @property
    def ending(self) -> str:
        """The ending of a file name, without a dot."""
        return "md" if self is Form.MARKDOWN else self.value


class ExportSource(Protocol):
    """Where the chats come from: the history."""

    def export_conversation(self, conversation_id: int) -> ChatRecord | None:
        """The chat with all its versions, None where it is not there any more."""
        ...

    def export_folders(self) -> list[FolderRecord]:
        """All folders."""
        ...


class PageRenderer(Protocol):
    """Makes HTML and PDF; the window's room knows how."""

    def render(self, chat: ChatRecord, form: Form) -> bytes:
        """The whole file. Raises `ExportError`."""
        ...

    def close(self) -> None:
        """Let go of what it needs for that."""
        ...


@dataclass
class ExportReport:
    """What came of an export. `gone`: so many chats were deleted meanwhile."""

    files: list[Path] = field(default_factory=list)
    chats: int = 0
    gone: int = 0
    other_versions: int = 0
    was_stopped: bool = False


def export_to_file(
    source: ExportSource,
    conversation_ids: Sequence[int],
    path: Path,
    form: Form,
    *,
    with_folders: bool = False,
    may_replace: bool = False,
    renderer: PageRenderer | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write one file: one chat in any form, or any number as JSON. Raises `ExportError`, `HistoryError`."""
    report = ExportReport()
    chats = _records(source, conversation_ids, report, on_progress, is_stopped)
    with whole_file(path, may_replace=may_replace) as write:
        if form is Form.JSON:
            folders = source.export_folders() if with_folders else []
            for piece in ponder_json.pieces(
                chats, folders, program=f"Ponder {version()}", exported_at=datetime.now(UTC)
            ):
                write(piece.encode("utf-8", "replace"))
        else:
            for chat in chats:
                write(_content(chat, form, renderer, report))
        if report.was_stopped:
            raise _StoppedError
        if not report.chats and conversation_ids:
            raise ExportError("The chat is not there any more.", kept="Nothing was written.")
    if not report.was_stopped:
        report.files.append(path)
    return report


def export_to_folder(
    source: ExportSource,
    conversation_ids: Sequence[int],
    folder: Path,
    form: Form,
    *,
    renderer: PageRenderer | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write a file for each chat into a folder; none that is there is touched. Raises as `export_to_file`."""
    report = ExportReport()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = {entry.name for entry in folder.iterdir()}
    except (OSError, ValueError) as error:
        raise _failed(folder, error) from error
    for chat in _records(source, conversation_ids, report, on_progress, is_stopped):
        [name] = file_names([chat.title], form.ending, taken)
        taken.add(name)
        with whole_file(folder / name) as write:
            write(_content(chat, form, renderer, report))
        report.files.append(folder / name)
    return report


def _records(
    source: ExportSource,
    conversation_ids: Sequence[int],
    report: ExportReport,
    on_progress: Callable[[int], None],
    is_stopped: Callable[[], bool],
) -> Iterator[ChatRecord]:
    for number, conversation_id in enumerate(conversation_ids):
        if is_stopped():
            report.was_stopped = True
            return
        chat = source.export_conversation(conversation_id)
        if chat is None:
            report.gone += 1
        else:
            report.chats += 1
            yield chat
        on_progress(number + 1)


def _content(chat: ChatRecord, form: Form, renderer: PageRenderer | None, report: ExportReport) -> bytes:
    report.other_versions += len(chat.turns) - len(chat.path())
    if form is Form.MARKDOWN:
        return as_markdown(chat).encode("utf-8", "replace")
    if renderer is None:
        raise ExportError(
            f"{form.value.upper()} cannot be made here.",
            kept="Nothing was written.",
            advice="Choose Markdown or JSON, or start Ponder as `ponder`.",
        )
    return renderer.render(chat, form)


class _StoppedError(Exception):
    """The user stopped it: the file is not to be there."""


@contextlib.contextmanager
def whole_file(path: Path, *, may_replace: bool = False) -> Iterator[Callable[[bytes], object]]:
    """A file that gets its name once all of it is on the disk. Raises `ExportError`.

    What is written goes beside it under another name. Nothing is left where something goes wrong; only its
    owner may read it. `models.whole_file` does the same for what is small.
    """
    if not may_replace and os.path.lexists(path):
        raise ExportError(
            f"There is already a file {path}.", kept="It is as it was.", advice="Choose another name."
        )
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".ponder-", suffix=".tmp")
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        if may_replace:
            temporary.replace(path)
        else:
            _give_name(temporary, path)
        temporary = None
    except (OSError, ValueError) as error:
        raise _failed(path, error) from error
    except _StoppedError:
        pass
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _give_name(temporary: Path, path: Path) -> None:
    """Rename it, but never over a file that came meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(17, os.strerror(17)) from None
        temporary.replace(path)
    else:
        temporary.unlink()


def _failed(path: Path, error: OSError | ValueError) -> ExportError:
    reason = getattr(error, "strerror", None) or "the name is none"
    return ExportError(
        f"Nothing could be written to {path}: {reason}.",
        kept="Your chats are as they were.",
        advice="Choose another place.",
        details=type(error).__name__,
    )
