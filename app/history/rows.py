"""Rows of the history's tables as plain values, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from app.errors import HistoryDamagedError
from app.history import words
from app.history.connection import WHAT_HELPS
from app.history.records import ConversationSummary, Folder, Turn, TurnState
from app.history.tables import USAGE_COUNTS, USAGE_MEASURES, conversations, folders, turns
from models.engine.protocol import ThoughtEnd, Usage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAX_ID = 2**63 - 1
_NAMES = {conversations.name: "conversation", turns.name: "question", folders.name: "folder"}


def driver_of(connection: Connection) -> Any:
    """The driver's own connection, in the same transaction: the index of the search is for it alone."""
    return connection.connection.driver_connection


def row_of(connection: Connection, table: Table, row_id: int, *, even_deleted: bool = False) -> Row[Any]:
    """The row of that id. Raises `HistoryError` if it is not there, or deleted."""
    row = None
    if 0 < row_id <= _MAX_ID:
        row = connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
    if row is None or (row.deleted_at_us is not None and not even_deleted):
        raise words.not_there(_NAMES[table.name], row_id)
    return row


SUMMARY = tuple(
    conversations.c[name]
    for name in (
        "id", "title", "created_at_us", "updated_at_us", "turn_count",
        "context_tokens", "folder_id", "pinned_at_us", "archived",
    )
)  # fmt: skip
"""The columns that `summary_of` takes, in their order."""


def summary_of(
    row: Sequence[Any], folder_ids: set[int], turn_count: int | None = None
) -> ConversationSummary:
    """`folder_ids`: those that are not deleted. `turn_count` None: as it is stored."""
    # By place and not by name: there may be 50,000 of them at a start.
    row_id, title, created_at_us, updated_at_us, count, context_tokens, folder_id, pinned_at_us, archived = (
        row
    )
    return ConversationSummary(
        row_id,
        title,
        time_of(created_at_us),
        time_of(updated_at_us),
        count if turn_count is None else turn_count,
        context_tokens,
        folder_id if folder_id in folder_ids else None,
        pinned_at_us is not None,
        archived == 1,
    )


def folder_of(row: Row[Any]) -> Folder:
    """A folder."""
    return Folder(row.id, row.name, time_of(row.created_at_us))


def turn_of(row: Row[Any], parent_id: int | None) -> Turn:
    """`parent_id`: as the tree has it. Raises `HistoryDamagedError` for words that no turn can have."""
    try:
        state, thought_end = TurnState(row.state), ThoughtEnd(row.thought_end)
    except ValueError as error:  # damaged words, which no check of SQLite's finds
        raise HistoryDamagedError(
            "The history could not be read: the file is damaged.",
            kept=words.NOTHING_CHANGED,
            advice=WHAT_HELPS,
        ) from error
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        question=row.question,
        answer=row.answer,
        state=state,
        model_name=row.model_name,
        created_at=time_of(row.created_at_us),
        usage=Usage(
            **{name: getattr(row, name) for name in (*USAGE_COUNTS, *USAGE_MEASURES)},
            thought_end=thought_end,
        ),
        failure=row.failure,
        parent_id=parent_id,
    )


def usage_columns(usage: Usage) -> dict[str, int | float | str]:
    """The columns of a turn that say how long it took."""
    numbers = {name: getattr(usage, name) for name in (*USAGE_COUNTS, *USAGE_MEASURES)}
    return {**numbers, "thought_end": usage.thought_end.value}


def now_us() -> int:
    """Microseconds since 1970."""
    return (datetime.now(UTC) - _EPOCH) // _MICROSECOND


def time_of(microseconds: int) -> datetime:
    """Aware, in UTC."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:  # a damaged number, which no check of SQLite's finds
        return _EPOCH
