"""A whole chat as a plain value with no ids in it: what an export holds and an import brings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from app.history.records import TurnState
from models.engine.protocol import Usage


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A question and its reply. `parent` is the place of the turn before it, None for the first.

    Turns with the same parent are versions of each other. The state is never RUNNING; `failure` goes with
    FAILED only. Times are aware, in UTC.
    """

    parent: int | None
    question: str
    answer: str
    state: TurnState
    model_name: str
    created_at: datetime
    usage: Usage = field(default_factory=Usage)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """A chat with all its versions; a turn stands behind its parent.

    `front` is the place of the last turn of the path that is shown. `folder` is a name. `pinned_at` None: it
    is not pinned.
    """

    title: str
    created_at: datetime
    updated_at: datetime
    turns: tuple[TurnRecord, ...]
    front: int | None
    folder: str | None = None
    pinned_at: datetime | None = None
    is_archived: bool = False
    context_tokens: int = 0

    def path(self) -> list[TurnRecord]:
        """The turns of the path in front, oldest first."""
        found, place = [], self.front
        while place is not None:
            found.append(self.turns[place])
            place = self.turns[place].parent
        return found[::-1]


@dataclass(frozen=True, slots=True)
class FolderRecord:
    """A folder of the sidebar."""

    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReadChat:
    """A chat that was read from a foreign file, and how many things of it were left out, by what they are."""

    record: ChatRecord
    left_out: Counter[str] = field(default_factory=Counter)


class UnreadableChatError(Exception):
    """One chat of a file cannot be read. The text says why, and holds no word of the chat."""
