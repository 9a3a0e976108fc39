"""`ponder history`: the conversations in a list, one as Markdown, a search, a deletion, and backups."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app import numbers_in_words
from app.cli import history_backups
from app.cli.output import Output, one_line
from app.cli.surroundings import Surroundings
from app.errors import HistoryError, InputError
from app.history.backups import list_backups
from app.history.records import Conversation, ConversationSummary, Folder, SearchHit, Turn, TurnState
from app.history.store import HistoryStore

_ENDINGS = {
    TurnState.RUNNING: "The reply is still being written.",
    TurnState.LENGTH: "The reply was cut: there was no room for more.",
    TurnState.STOPPED: "Stopped.",
    TurnState.INTERRUPTED: "Interrupted: Ponder ended before the reply did.",
}


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What the command line said; each action uses some of it."""

    json: bool
    id: int = 0
    words: tuple[str, ...] | list[str] = ()
    limit: int = 50
    yes: bool = False
    file: str = ""


def show_history(action: str, options: HistoryOptions, surroundings: Surroundings) -> int:
    """Run one action; gives the exit code. Raises `AppError`."""
    output = surroundings.output
    match action:
        case "backup":
            return history_backups.back_up(as_json=options.json, surroundings=surroundings)
        case "restore":
            return history_backups.restore(
                options.file, yes=options.yes, as_json=options.json, surroundings=surroundings
            )
        case "verify":
            return history_backups.verify(as_json=options.json, surroundings=surroundings)
    path = surroundings.paths.history_file
    if not path.exists() and not list_backups(path):  # to look must not make one
        return _without_history(action, options, output)
    with closing(surroundings.open_history()) as history:
        match action:
            case "list":
                _list(history.conversations(), history.folders(), options, output)
            case "show":
                _show(history.conversation(options.id), history.folders(), options, output)
            case "search":
                if history.turns_not_searched():
                    output.aside("The index of the search is being built, once…\n")
                    history.build_search_index()
                _search(history.search(_words(options), options.limit), options, output)
            case _:
                return _delete(history, options, surroundings)
    return 0


def _without_history(action: str, options: HistoryOptions, output: Output) -> int:
    match action:
        case "list":
            _list([], [], options, output)
        case "search":
            _words(options)
            _search([], options, output)
        case _:
            raise HistoryError(f"There is no conversation {options.id}.", advice="See: ponder history list")
    return 0


def _words(options: HistoryOptions) -> str:
    words = " ".join(options.words).strip()
    if not words:
        raise InputError("There are no words to look for.")
    return words


def _list(
    conversations: list[ConversationSummary], folders: list[Folder], options: HistoryOptions, output: Output
) -> None:
    names = {folder.id: folder.name for folder in folders}
    if options.json:
        output.json([_summary_as_object(summary, names) for summary in conversations])
        return
    if not conversations:
        output.aside("There are no conversations yet.\n")
        return
    id_width = max(len(str(summary.id)) for summary in conversations)
    turns_width = max(len(numbers_in_words.turns(summary.turn_count)) for summary in conversations)
    for summary in conversations:
        turns = numbers_in_words.turns(summary.turn_count).rjust(turns_width)
        output.line(
            f"{summary.id:>{id_width}}  {_local(summary.updated_at)}  {turns}  {one_line(summary.title)}"
            f"{_whereabouts(summary, names)}"
        )


def _whereabouts(summary: ConversationSummary, names: dict[int, str]) -> str:
    """Behind the title: its folder, and whether it is pinned or archived."""
    folder = names.get(summary.folder_id or 0, "")
    parts = [f"in “{one_line(folder)}”" if folder else ""]
    parts += ["pinned" if summary.is_pinned else "", "archived" if summary.is_archived else ""]
    said = ", ".join(part for part in parts if part)
    return f"  ({said})" if said else ""


def _show(conversation: Conversation, folders: list[Folder], options: HistoryOptions, output: Output) -> None:
    if options.json:
        names = {folder.id: folder.name for folder in folders}
        turns = [_turn_as_object(turn, conversation) for turn in conversation.turns]
        output.json(_summary_as_object(conversation.summary, names) | {"turns": turns})
        return
    output.line(f"# {one_line(conversation.summary.title)}")
    for turn in conversation.turns:
        version = _version(turn, conversation)
        output.line(f"\n**You** · {_local(turn.created_at)}{version}\n\n{turn.question}\n")
        thought = numbers_in_words.thought(turn.usage)
        output.line(f"**{one_line(turn.model_name)}**" + (f" · {thought}" if thought else ""))
        for part in (turn.answer.rstrip("\n"), _ending(turn)):
            if part:
                output.line(f"\n{part}")


def _version(turn: Turn, conversation: Conversation) -> str:
    """Which of how many it is; the others are seen in the window."""
    versions = conversation.versions.get(turn.id, ())
    return f" · version {versions.index(turn.id) + 1} of {len(versions)}" if versions else ""


def _ending(turn: Turn) -> str:
    """What became of a reply that did not simply end, in italics."""
    if turn.state is TurnState.FAILED:
        return f"*Failed. {one_line(turn.failure)}*".replace(" *", "*")
    return f"*{_ENDINGS[turn.state]}*" if turn.state in _ENDINGS else ""


def _search(hits: list[SearchHit], options: HistoryOptions, output: Output) -> None:
    if options.json:
        output.json(
            [
                {
                    "conversation_id": hit.conversation_id,
                    "title": hit.title,
                    "turn_id": hit.turn_id,
                    "excerpt": hit.excerpt,
                    "ranges": hit.ranges,
                    "in_question": hit.in_question,
                }
                for hit in hits
            ]
        )
        return
    if not hits:
        output.aside("Nothing was found.\n")
        return
    shown: set[int] = set()
    width = max(len(str(hit.conversation_id)) for hit in hits)
    for hit in hits:
        if hit.conversation_id not in shown:
            output.line(f"{hit.conversation_id:>{width}}  {one_line(hit.title)}")
            shown.add(hit.conversation_id)
        if hit.turn_id is not None:
            output.line(f"{'':>{width}}  … {one_line(hit.excerpt)}")


def _delete(history: HistoryStore, options: HistoryOptions, surroundings: Surroundings) -> int:
    summary = history.conversation(options.id).summary
    if not options.yes and not _confirmed(summary, surroundings):
        surroundings.output.aside("Nothing was deleted.\n")
        return 1
    history.delete(options.id)
    history.purge_deleted()  # nobody is there to undo it
    history.do_upkeep()  # the backups hold it too
    if options.json:
        surroundings.output.json({"deleted": options.id})
    return 0


def _confirmed(summary: ConversationSummary, surroundings: Surroundings) -> bool:
    if not surroundings.stdin.isatty():
        raise InputError(
            "Nothing was deleted: nobody is there to be asked.", advice="Add --yes to delete it."
        )
    turns = numbers_in_words.turns(summary.turn_count)
    surroundings.output.aside(f"Delete “{one_line(summary.title)}” ({turns}) for good? [y/N] ")
    return surroundings.stdin.readline().strip().lower() in (b"y", b"yes")


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _summary_as_object(summary: ConversationSummary, names: dict[int, str]) -> dict[str, Any]:
    return {
        "id": summary.id,
        "title": summary.title,
        "created_at": summary.created_at.isoformat(),
        "updated_at": summary.updated_at.isoformat(),
        "turns": summary.turn_count,
        "folder": names.get(summary.folder_id or 0),
        "pinned": summary.is_pinned,
        "archived": summary.is_archived,
    }


def _turn_as_object(turn: Turn, conversation: Conversation) -> dict[str, Any]:
    return {
        "id": turn.id,
        "question": turn.question,
        "answer": turn.answer,
        "state": turn.state.value,
        "failure": turn.failure,
        "model": turn.model_name,
        "created_at": turn.created_at.isoformat(),
        "usage": msgspec.structs.asdict(turn.usage),
        "versions": list(conversation.versions.get(turn.id, (turn.id,))),
    }
