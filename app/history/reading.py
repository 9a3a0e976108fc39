"""What stands in the tables, as the window is to see it; each function reads in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from app.history.records import Conversation, ConversationSummary, Folder
from app.history.rows import SUMMARY, driver_of, folder_of, row_of, summary_of, turn_of
from app.history.tables import conversations, folders, turns
from app.history.turn_tree import Node, TurnTree

_IDS_AT_ONCE = 500
_THERE = (
    f"SELECT {', '.join(column.name for column in SUMMARY)} FROM conversations WHERE deleted_at_us IS NULL"
)


def all_folders(connection: Connection) -> list[Folder]:
    """By name."""
    found = connection.execute(select(folders).where(folders.c.deleted_at_us.is_(None)))
    return sorted((folder_of(row) for row in found), key=lambda folder: (folder.name.casefold(), folder.id))


def summaries(connection: Connection, newest: int | None) -> list[ConversationSummary]:
    """The last used first; None: all, else the newest so many and those that are pinned.

    The turns are not read, and of the conversations no more than are given, however many there are.
    """
    folder_ids = _folder_ids(connection)
    driver = driver_of(connection)  # twice as fast, and this is what a start waits for
    limit = -1 if newest is None else newest
    rows = driver.execute(f"{_THERE} ORDER BY updated_at_us DESC, id DESC LIMIT ?", (limit,)).fetchall()
    found = [summary_of(row, folder_ids) for row in rows]
    if newest is None or len(found) < newest:
        return found
    # Put in order here: told to, SQLite would rather look through all in that order.
    pinned = driver.execute(f"{_THERE} AND pinned_at_us IS NOT NULL").fetchall()
    known = {summary.id for summary in found}
    others = [summary_of(row, folder_ids) for row in pinned if row[0] not in known]
    return [*found, *sorted(others, key=lambda summary: (summary.updated_at, summary.id), reverse=True)]


def whole_conversation(connection: Connection, conversation_id: int) -> Conversation:
    """With the turns of the path in front. Raises `HistoryError` if it is not there."""
    row = row_of(connection, conversations, conversation_id)
    tree = tree_of(connection, conversation_id)
    path = tree.path(row.head_turn_id)
    parents = dict(zip(path, (None, *path), strict=False))
    found: list[Row[Any]] = []
    for start in range(0, len(path), _IDS_AT_ONCE):
        some = turns.c.id.in_(path[start : start + _IDS_AT_ONCE])
        found += connection.execute(select(turns).where(some).order_by(turns.c.id)).all()
    return Conversation(
        summary=summary_of(
            [getattr(row, column.name) for column in SUMMARY], _folder_ids(connection), len(path)
        ),
        turns=tuple(turn_of(each, parents[each.id]) for each in found),
        versions=tree.versions(path),
    )


def tree_of(connection: Connection, conversation_id: int) -> TurnTree:
    """Its shape, from the index alone."""
    found = connection.execute(
        select(turns.c.id, turns.c.parent_id, turns.c.deleted_at_us)
        .where(turns.c.conversation_id == conversation_id)
        .order_by(turns.c.id)
    )
    return TurnTree(
        Node(turn_id, parent_id, deleted_at is not None) for turn_id, parent_id, deleted_at in found
    )


def _folder_ids(connection: Connection) -> set[int]:
    found = connection.execute(select(folders.c.id).where(folders.c.deleted_at_us.is_(None)))
    return set(found.scalars())
