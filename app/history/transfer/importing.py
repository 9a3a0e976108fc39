"""Brings the chats of files into the history: each whole or not at all, none twice.

Each chat is one transaction. A kill leaves whole chats only, and the next import of the same file goes on
where it ended, since what is there already is passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from app.errors import ImportRefusedError
from app.history.titles import given_title
from app.history.transfer import chatgpt, claude, deepseek, lm_studio, ponder_json
from app.history.transfer.archive import MAX_BYTES, json_texts
from app.history.transfer.fields import text_of
from app.history.transfer.json_stream import BrokenJsonError, ChatList, parsed
from app.history.transfer.records import ChatRecord, FolderRecord, ReadChat, UnreadableChatError

FORMATS: tuple[ModuleType, ...] = (ponder_json, claude, deepseek, chatgpt, lm_studio)
MAX_PROBLEMS = 200
"""So many are told one by one, the rest is counted."""
_HISTORY_AS_IT_WAS = "The history is as it was."


class ImportTarget(Protocol):
    """Where the chats go: the history."""

    def import_conversation(self, record: ChatRecord) -> int | None:
        """Store a chat with all its versions; its id, or None where it is there already."""
        ...

    def import_folder(self, folder: FolderRecord) -> None:
        """Make the folder where there is none of that name."""
        ...


@dataclass(frozen=True, slots=True)
class Problem:
    """A chat, or a whole file, that could not be read. `title` is that of the chat where it is known."""

    file: str
    title: str
    reason: str


@dataclass
class ImportReport:
    """What came of an import. `left_out`: how many thoughts, pictures and so on were dropped."""

    imported: int = 0
    already_there: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    was_stopped: bool = False

    def add_problem(self, problem: Problem) -> None:
        """Note it, or only count it where there are many."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more_problems += 1


class _DryRun:
    """Stores nothing; a chat that is there already counts as new."""

    def import_conversation(self, record: ChatRecord) -> int | None:
        return len(record.turns)

    def import_folder(self, folder: FolderRecord) -> None:
        pass


def import_files(
    paths: Sequence[Path],
    target: ImportTarget | None,
    *,
    on_progress: Callable[[int], None] = lambda count: None,
    is_stopped: Callable[[], bool] = lambda: False,
    max_bytes: int = MAX_BYTES,
) -> ImportReport:
    """Import all chats of these files; `target` None only reads them.

    `on_progress` gets how many chats were looked at. What could not be read is in the report; where that is
    everything, `ImportRefusedError` is raised. Raises `HistoryError`; the chats before it are stored.
    """
    report = ImportReport()
    looked_at = 0
    for path in paths:
        try:
            for chat in _chats(path, target or _DryRun(), report, max_bytes):
                if is_stopped():
                    report.was_stopped = True
                    return report
                _take(chat, path.name, target or _DryRun(), report)
                looked_at += 1
                on_progress(looked_at)
        except ImportRefusedError as error:
            if len(paths) == 1 and not looked_at:
                raise
            report.add_problem(Problem(path.name, "", error.message))
    if not report.imported and not report.already_there and not report.problems:
        raise ImportRefusedError("There are no chats in it.", kept=_HISTORY_AS_IT_WAS)
    return report


def _take(untrusted: bytes, file: str, target: ImportTarget, report: ImportReport) -> None:
    title = ""
    try:
        value = parsed(untrusted)
        title = given_title(text_of(value.get("title")) or text_of(value.get("name")))
        read = read_chat(value)
    except (BrokenJsonError, UnreadableChatError) as error:
        report.add_problem(Problem(file, title, str(error)))
        return
    if target.import_conversation(read.record) is None:
        report.already_there += 1
    else:
        report.imported += 1
        report.left_out.update(read.left_out)


def read_chat(untrusted: Any) -> ReadChat:
    """The chat, in whichever format it is. Raises `UnreadableChatError`."""
    if isinstance(untrusted, dict):
        for known in FORMATS:
            if known.fits(untrusted):
                chat: ReadChat = known.read(untrusted)
                return chat
    raise UnreadableChatError("It is no chat in a format that Ponder knows.")


def _chats(path: Path, target: ImportTarget, report: ImportReport, max_bytes: int) -> Iterator[bytes]:
    """The JSON text of each chat of the file. Raises `ImportRefusedError`."""
    for text in json_texts(path, max_bytes=max_bytes):
        try:
            listed = ChatList(text.untrusted)
            folders = ponder_json.folders_in(listed.header)
        except (BrokenJsonError, UnreadableChatError) as error:
            raise ImportRefusedError(
                f"“{path.name}” was not imported. {error}",
                kept=_HISTORY_AS_IT_WAS,
                advice="Take the file as the other program wrote it.",
            ) from error
        _check_version(listed, path)
        for folder in folders:
            target.import_folder(folder)
        yield from listed
        if listed.broken:
            report.add_problem(Problem(text.name, "", listed.broken))


def _check_version(listed: ChatList, path: Path) -> None:
    """A file of a newer Ponder is refused before anything of it is stored."""
    version = listed.header.get("version", ponder_json.VERSION)
    if ponder_json.is_header(listed.header) and version != ponder_json.VERSION:
        raise ImportRefusedError(
            f"“{path.name}” was written by a newer Ponder.",
            kept=_HISTORY_AS_IT_WAS,
            advice="Update Ponder, then import it.",
        )
