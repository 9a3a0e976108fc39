"""Makes turns of a tree of messages, as other programs keep them: each answer with its question.

Messages of one side that follow each other are one text. Where a message has several next ones, the turns
that come of them are versions of each other.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.history.records import TurnState
from app.history.titles import given_title, title_from_question
from app.history.transfer.fields import UNKNOWN_TIME
from app.history.transfer.records import ChatRecord, TurnRecord, UnreadableChatError

NO_QUESTION = "(The chat began with an answer.)"
NO_TEXT = "(A question without text.)"
MAX_MESSAGES = 100_000


class Side(enum.Enum):
    """Who wrote a message; nobody did whose words are no part of the chat."""

    USER = enum.auto()
    MODEL = enum.auto()
    NOBODY = enum.auto()


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `parent` is a name among the messages; one that is not there makes it a first one."""

    parent: str | None
    side: Side
    text: str = ""
    model_name: str = ""
    created_at: datetime | None = None


@dataclass(eq=False, slots=True)
class _Draft:
    """A turn that may still get more text. `place` is where it stands once it has all."""

    parent: int | None
    question: str
    answer: str = ""
    model_name: str = ""
    created_at: datetime | None = None
    place: int | None = None
    goes_on_as: list[_Draft] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a file says of a whole chat; what it does not say is made from the messages."""

    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    front: str | None = None
    is_archived: bool = False


def chat_of(messages: Mapping[str, Message], heading: Heading) -> ChatRecord:
    """The chat. Raises `UnreadableChatError` where there is none in it."""
    if len(messages) > MAX_MESSAGES:
        raise UnreadableChatError(f"It has more than {MAX_MESSAGES:,} messages.")
    turns, drafts = _Walk(messages).turns()
    if not turns:
        raise UnreadableChatError("There is no question in it.")
    if len(drafts) < len(messages):
        raise UnreadableChatError("Some of its messages follow each other in a circle.")
    created_at = heading.created_at or min(turn.created_at for turn in turns)
    updated_at = heading.updated_at or max(turn.created_at for turn in turns)
    return ChatRecord(
        title=given_title(heading.title) or title_from_question(turns[0].question),
        created_at=created_at,
        updated_at=max(created_at, updated_at),
        turns=tuple(turns),
        front=_front(turns, drafts.get(heading.front or "")),
        is_archived=heading.is_archived,
    )


def _front(turns: list[TurnRecord], draft: _Draft | None) -> int:
    while draft is not None and draft.place is None and draft.goes_on_as:
        draft = draft.goes_on_as[-1]
    if draft is not None and draft.place is not None:
        return draft.place
    return max(range(len(turns)), key=lambda place: (turns[place].created_at, place))


class _Walk:
    """Goes through the tree from its first messages; without recursion, since a chat is a deep tree."""

    def __init__(self, messages: Mapping[str, Message]) -> None:
        self._messages = messages
        self._next: dict[str | None, list[str]] = {}
        for name, message in messages.items():
            parent = message.parent if message.parent in messages and message.parent != name else None
            self._next.setdefault(parent, []).append(name)
        self._turns: list[TurnRecord] = []
        self._drafts: dict[str, _Draft | None] = {}

    def turns(self) -> tuple[list[TurnRecord], dict[str, _Draft | None]]:
        """The turns, and of each message that was reached the turn it went into."""
        waiting: list[tuple[str, _Draft | None]] = [
            (name, None) for name in reversed(self._next.get(None, []))
        ]
        while waiting:
            name, before = waiting.pop()
            draft = self._drafts[name] = self._take(self._messages[name], before)
            following = self._next.get(name, [])
            if not following:
                self._close(draft)
            waiting += [(each, draft) for each in reversed(following)]
        return self._turns, self._drafts

    def _take(self, message: Message, before: _Draft | None) -> _Draft | None:
        match message.side:
            case Side.NOBODY:
                return before
            case Side.USER:
                return _Draft(self._close(before), message.text, created_at=message.created_at)
            case Side.MODEL:
                if before is None:
                    before = _Draft(None, NO_QUESTION, created_at=message.created_at)
                made = _Draft(
                    before.parent,
                    before.question,
                    _joined(before.answer, message.text),
                    message.model_name or before.model_name,
                    before.created_at or message.created_at,
                )
                before.goes_on_as.append(made)
                return made

    def _close(self, draft: _Draft | None) -> int | None:
        """The place of this turn, which gets no more text."""
        if draft is None:
            return None
        if draft.place is None:
            earlier = UNKNOWN_TIME if draft.parent is None else self._turns[draft.parent].created_at
            draft.place = len(self._turns)
            self._turns.append(
                TurnRecord(
                    parent=draft.parent,
                    question=draft.question if draft.question.strip() else NO_TEXT,
                    answer=draft.answer,
                    state=TurnState.FINISHED if draft.answer.strip() else TurnState.INTERRUPTED,
                    model_name=draft.model_name,
                    created_at=draft.created_at or earlier,
                )
            )
        return draft.place


def _joined(one: str, other: str) -> str:
    return f"{one.rstrip()}\n\n{other}" if one.strip() and other.strip() else one or other
