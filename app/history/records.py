"""Conversations and turns as plain values: what the history gives and the window shows."""

from __future__ import annotations

import enum
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


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its reply. The thought is never part of it, only its length.

    `failure` is the text of the error that ended the turn, empty where none did.
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


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the sidebar. Times are aware, in UTC. `context_tokens`: of this chat alone, 0: as usual."""

    id: int
    title: str
    created_at: datetime
    updated_at: datetime
    turn_count: int
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with all its turns, oldest first."""

    summary: ConversationSummary
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A turn (or a title, then `turn_id` is None) that holds the words looked for."""

    conversation_id: int
    title: str
    turn_id: int | None
    excerpt: str
