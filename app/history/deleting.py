"""Deletions in the tables: hidden first, then perhaps brought back; each in the caller's transaction.

Hiding sets a time and no more, so that an undo is exact. `app.history.purging` deletes the rows.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from app.history import words
from app.history.branching import set_head
from app.history.organising import change
from app.history.reading import tree_of
from app.history.records import Deletion
from app.history.rows import now_us, row_of
from app.history.tables import conversations, folders, turns
from app.history.titles import title_from_question


def hide_conversation(connection: Connection, conversation_id: int) -> Deletion:
    """Raises `HistoryError` if it is not there."""
    row = row_of(connection, conversations, conversation_id)
    _hide(connection, conversations, conversation_id)
    return Deletion(words.deleted_conversation(row.title), conversation_id=conversation_id)


def hide_folder(connection: Connection, folder_id: int) -> Deletion:
    """Raises `HistoryError` if it is not there."""
    row = row_of(connection, folders, folder_id)
    _hide(connection, folders, folder_id)
    return Deletion(words.deleted_folder(row.name), folder_id=folder_id)


def hide_turn(connection: Connection, turn_id: int) -> Deletion:
    """The last turn goes with its conversation. Raises `HistoryError` if it is not there."""
    turn = row_of(connection, turns, turn_id)
    conversation = row_of(connection, conversations, turn.conversation_id)
    tree = tree_of(connection, conversation.id)
    if len(tree) == 1:
        return hide_conversation(connection, conversation.id)
    head_before = tree.head(conversation.head_turn_id)
    head_after = tree.head_without(turn_id, conversation.head_turn_id)
    _hide(connection, turns, turn_id)
    path = tree_of(connection, conversation.id).path(head_after)
    set_head(connection, conversation.id, path)
    title = _title_without(connection, conversation, turn, path[0])
    return Deletion(
        words.deleted_turn(turn.question),
        turn_id=turn_id,
        head_before=head_before,
        head_after=head_after,
        title_before=conversation.title,
        title_after=title,
    )


def bring_back(connection: Connection, deletion: Deletion) -> None:
    """Undo a deletion. Raises `HistoryError` if it was purged."""
    if deletion.conversation_id is not None:
        _bring_back(connection, conversations, deletion.conversation_id)
    elif deletion.folder_id is not None:
        _bring_back(connection, folders, deletion.folder_id)
    elif deletion.turn_id is not None:
        conversation_id = _bring_back(connection, turns, deletion.turn_id).conversation_id
        conversation = row_of(connection, conversations, conversation_id)
        is_as_it_was = conversation.head_turn_id == deletion.head_after
        head = deletion.head_before if is_as_it_was else conversation.head_turn_id
        set_head(connection, conversation_id, tree_of(connection, conversation_id).path(head))
        if conversation.title == deletion.title_after:
            change(connection, conversation_id, title=deletion.title_before)


def _title_without(connection: Connection, conversation: Row[Any], turn: Row[Any], first_id: int) -> str:
    """A title that was made from a deleted question would still tell it."""
    if conversation.title != title_from_question(turn.question):
        return str(conversation.title)
    first = connection.execute(select(turns.c.question).where(turns.c.id == first_id)).scalar_one()
    title = title_from_question(first)
    change(connection, conversation.id, title=title)
    return title


def _hide(connection: Connection, table: Table, row_id: int) -> None:
    connection.execute(update(table).where(table.c.id == row_id).values(deleted_at_us=now_us()))


def _bring_back(connection: Connection, table: Table, row_id: int) -> Row[Any]:
    statement = update(table).where((table.c.id == row_id) & (table.c.deleted_at_us > 0))
    row = connection.execute(statement.values(deleted_at_us=None).returning(table)).one_or_none()
    if row is None:
        raise words.gone_for_good()
    return row
