"""Conversations and turns as plain values: what the history gives and the window shows."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.engine.protocol import Usage


class TurnState(enum.StrEnum):
    """Where one question and its reply stand.

    RUNNING rows found at a start belong to a program that died: they become INTERRUPTED.
    """

    RUNNING = "running"
    FINISHED = "finished"
    LENGTH = "length"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


ENDED_EARLY = frozenset({TurnState.INTERRUPTED, TurnState.STOPPED, TurnState.LENGTH, TurnState.FAILED})
"""Where something stands of the answer, it can go on from there."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its reply. The thought is never part of it, only its length.

    `failure` is the text of the error that ended the turn, empty where none did. `parent_id`: the turn
    before it in its branch, None for the first. Turns with the same parent are versions of each other.
    """

    id: int
    conversation_id: int
    question: str
    answer: str
    state: TurnState
    model_name: str
    created_at: datetime
    usage: Usage = field(default_factory=Usage)
    failure: str = ""
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A name that conversations can be put under. `created_at` is aware, in UTC."""

    id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the sidebar. Times are aware, in UTC. `context_tokens`: of this chat alone, 0: as usual.

    `turn_count`: of the path in front. A temporary one has a negative id, and so have its turns.
    """

    id: int
    title: str
    created_at: datetime
    updated_at: datetime
    turn_count: int
    context_tokens: int = 0
    folder_id: int | None = None
    is_pinned: bool = False
    is_archived: bool = False
    is_temporary: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with the turns of the path in front, oldest first.

    `versions`: for each turn of the path that has more than one version, the ids of all of them in the order
    they were asked, itself included. A turn of the path that is being written has its versions there too.
    """

    summary: ConversationSummary
    turns: tuple[Turn, ...]
    versions: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What `undo_delete` brings back, until it is purged. `words` is for the user: “Title” was deleted.

    All else is for the history that made it: exactly one of the three ids stands; heads and titles are
    those of the conversation of a deleted turn, before and after it.
    """

    words: str
    conversation_id: int | None = None
    turn_id: int | None = None
    folder_id: int | None = None
    head_before: int | None = None
    head_after: int | None = None
    title_before: str = ""
    title_after: str = ""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A turn (or a title, then `turn_id` is None) that holds the words looked for.

    `ranges`: where the words stand in `excerpt`, (start, end) in order. `in_question`: the excerpt begins
    in the question; the turn may be of a version that is not in front.
    """

    conversation_id: int
    title: str
    turn_id: int | None
    excerpt: str
    ranges: tuple[tuple[int, int], ...] = ()
    in_question: bool = False
