"""What the dialogs ask for, and what they know of the chats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.history.records import ConversationSummary, Folder
from app.history.transfer.exporting import Form


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """Write these chats; `path` is a file, or a folder for a file of each chat.

    `with_folders`: everything; `folder_id`: all of that folder. Which chats those are is asked when they are
    written: the list in the window may end earlier.
    """

    ids: tuple[int, ...]
    form: Form
    path: Path
    into_folder: bool
    with_folders: bool
    folder_id: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be exported: its words, its chats, and whether that is everything or a folder."""

    words: str
    name: str
    ids: tuple[int, ...]
    is_everything: bool = False
    folder_id: int | None = None


def choices(
    summaries: tuple[ConversationSummary, ...],
    folders: tuple[Folder, ...],
    chosen: int | None,
    *,
    has_more: bool = False,
) -> list[Choice]:
    """The chosen chat, each folder, everything. Temporary chats are in none.

    `has_more`: there are chats beside those in `summaries`, so that nothing can be counted.
    """
    kept = [summary for summary in summaries if not summary.is_temporary]
    made = [Choice(f"“{each.title}”", each.title, (each.id,)) for each in kept if each.id == chosen]
    for folder in folders:
        ids = tuple(summary.id for summary in kept if summary.folder_id == folder.id)
        if ids or has_more:
            words = f"The folder “{folder.name}”" + ("" if has_more else f", {_chats(len(ids))}")
            made.append(Choice(words, folder.name, ids, folder_id=folder.id))
    everything = tuple(summary.id for summary in kept)
    words = "Everything" if has_more else f"Everything, {_chats(len(everything))}"
    made.append(Choice(words, "Ponder chats", everything, True))
    return made


def _chats(count: int) -> str:
    return f"{count:,} chat" + ("" if count == 1 else "s")
