"""Ponder's own export format: one JSON object that brings everything back. See docs/export-format.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from app.history.records import TurnState
from app.history.titles import one_line
from app.history.transfer.fields import list_of, object_of, text_of, time_from_iso
from app.history.transfer.records import ChatRecord, FolderRecord, ReadChat, TurnRecord, UnreadableChatError
from models.engine.protocol import ThoughtEnd, Usage

FORMAT = "ponder-chats"
VERSION = 1
USAGE_COUNTS = ("prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens", "left_out_turns")
USAGE_MEASURES = ("time_to_first_token_s", "reasoning_s", "tokens_per_s", "answer_s")
"""Of version 1; a test compares them with what the history stores."""
MAX_FOLDERS = 10_000
MAX_NUMBER = 2**53
MAX_TITLE_CHARACTERS = 1_000


def pieces(
    chats: Iterable[ChatRecord], folders: Iterable[FolderRecord], *, program: str, exported_at: datetime
) -> Iterator[str]:
    """The file as text, a piece for each chat, so that a long history is never in memory as a whole."""
    listed = [{"name": folder.name, "created_at": _moment(folder.created_at)} for folder in folders]
    head = {"format": FORMAT, "version": VERSION, "program": program, "exported_at": _moment(exported_at)}
    yield _json(head | {"folders": listed})[:-1] + ',\n"chats": ['
    comma = ""
    for chat in chats:
        yield comma + "\n" + _json(_chat_object(chat))
        comma = ","
    yield "\n]}\n"


def fits(untrusted: dict[str, Any]) -> bool:
    """Whether it looks like a chat of ours."""
    return isinstance(untrusted.get("turns"), list)


def is_header(untrusted: dict[str, Any]) -> bool:
    """Whether a file with this beside its chats is one of ours."""
    return untrusted.get("format") == FORMAT


def read(untrusted: dict[str, Any]) -> ReadChat:
    """The chat exactly as it was written. Raises `UnreadableChatError`."""
    turns: list[TurnRecord] = []
    for each in untrusted["turns"]:
        turns.append(_turn(object_of(each), len(turns)))
    front = untrusted.get("front")
    pinned = untrusted.get("pinned_at")
    if front is None and turns:
        front = len(turns) - 1
    return ReadChat(
        ChatRecord(
            title=_title(untrusted.get("title"), "title"),
            created_at=_time(untrusted, "created_at"),
            updated_at=_time(untrusted, "updated_at"),
            turns=tuple(turns),
            front=None if front is None else _place(front, len(turns)),
            folder=None if untrusted.get("folder") is None else _title(untrusted["folder"], "folder"),
            pinned_at=None if pinned is None else _time(untrusted, "pinned_at"),
            is_archived=untrusted.get("archived") is True,
            context_tokens=_count(untrusted, "context_tokens"),
        )
    )


def folders_in(header: dict[str, Any]) -> list[FolderRecord]:
    """The folders of a file. Raises `UnreadableChatError`."""
    listed = list_of(header.get("folders"))
    if len(listed) > MAX_FOLDERS:
        raise UnreadableChatError(f"It has more than {MAX_FOLDERS:,} folders.")
    rows = map(object_of, listed)
    return [FolderRecord(_title(row.get("name"), "name"), _time(row, "created_at")) for row in rows]


def _chat_object(chat: ChatRecord) -> dict[str, Any]:
    return {
        "title": chat.title,
        "created_at": _moment(chat.created_at),
        "updated_at": _moment(chat.updated_at),
        "folder": chat.folder,
        "pinned_at": None if chat.pinned_at is None else _moment(chat.pinned_at),
        "archived": chat.is_archived,
        "context_tokens": chat.context_tokens,
        "front": chat.front,
        "turns": [_turn_object(turn) for turn in chat.turns],
    }


def _turn_object(turn: TurnRecord) -> dict[str, Any]:
    numbers = {name: getattr(turn.usage, name) for name in (*USAGE_COUNTS, *USAGE_MEASURES)}
    return {
        "parent": turn.parent,
        "question": turn.question,
        "answer": turn.answer,
        "state": turn.state.value,
        "failure": turn.failure,
        "model": turn.model_name,
        "created_at": _moment(turn.created_at),
        "usage": numbers | {"thought_end": turn.usage.thought_end.value},
    }


def _turn(untrusted: dict[str, Any], place: int) -> TurnRecord:
    question = text_of(untrusted.get("question"))
    if not question:
        raise UnreadableChatError(f"Turn {place} has no question.")
    parent = untrusted.get("parent")
    usage = object_of(untrusted.get("usage"))
    try:
        state = TurnState(text_of(untrusted.get("state")))
        thought_end = ThoughtEnd(text_of(usage.get("thought_end")))
    except ValueError as error:
        raise UnreadableChatError(f"Turn {place} ended in a way that this Ponder does not know.") from error
    failure = text_of(untrusted.get("failure"))
    if state is TurnState.RUNNING or (failure and state is not TurnState.FAILED):
        raise UnreadableChatError(f"Turn {place} says two things of how it ended.")
    numbers: dict[str, Any] = {name: _count(usage, name) for name in USAGE_COUNTS}
    numbers |= {name: _measure(usage, name) for name in USAGE_MEASURES}
    return TurnRecord(
        parent=None if parent is None else _place(parent, place),
        question=question,
        answer=text_of(untrusted.get("answer")),
        state=state,
        model_name=text_of(untrusted.get("model")),
        created_at=_time(untrusted, "created_at"),
        usage=Usage(**numbers, thought_end=thought_end),
        failure=failure,
    )


def _place(untrusted: Any, end: int) -> int:
    if isinstance(untrusted, int) and not isinstance(untrusted, bool) and 0 <= untrusted < end:
        return untrusted
    raise UnreadableChatError("It names a turn that is not there.")


def _title(untrusted: Any, name: str) -> str:
    title = text_of(untrusted)
    if not title.strip() or "\n" in title or len(title) > MAX_TITLE_CHARACTERS:
        title = one_line(title)[:MAX_TITLE_CHARACTERS]
    if not title:
        raise UnreadableChatError(f"Its {name} is missing.")
    return title


def _count(untrusted: dict[str, Any], name: str) -> int:
    value = untrusted.get(name, 0)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER:
        return value
    raise UnreadableChatError(f"Its {name} is no count.")


def _measure(untrusted: dict[str, Any], name: str) -> float:
    value = untrusted.get(name, 0.0)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER:
        return float(value)
    raise UnreadableChatError(f"Its {name} is no number.")


def _time(untrusted: dict[str, Any], name: str) -> datetime:
    moment = time_from_iso(untrusted.get(name))
    if moment is None:
        raise UnreadableChatError(f"Its {name} is no time.")
    return moment


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
