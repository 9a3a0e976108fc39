"""New turns, versions and branches in the tables; each function writes in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, literal, select, update

from app.history import search_index, words
from app.history.owner import Owner
from app.history.reading import tree_of
from app.history.records import Turn, TurnState
from app.history.rows import driver_of, now_us, row_of, turn_of, usage_columns
from app.history.tables import conversations, turns
from app.history.text import storable
from app.history.titles import title_from_question
from models.engine.protocol import Usage


def add_turn(
    connection: Connection,
    conversation_id: int | None,
    question: str,
    model_name: str,
    version_of: int | None,
    owner: Owner,
) -> Turn:
    """Put a question at the end of the path in front, or beside a version; the path then ends with it.

    `conversation_id` None makes the conversation. Raises `HistoryError` if it, or the version, is not there.
    """
    now = now_us()
    if conversation_id is None:
        conversation_id = _new_conversation(connection, title_from_question(question), now)
    conversation = row_of(connection, conversations, conversation_id)
    parent_id, place = _place(connection, conversation, version_of)
    inserted = connection.execute(
        insert(turns)
        .values(
            conversation_id=conversation_id,
            parent_id=parent_id,
            question=question,
            answer="",
            state=TurnState.RUNNING.value,
            model_name=storable(model_name),
            created_at_us=now,
            failure="",
            owner_pid=owner.pid,
            owner_started_at_s=owner.started_at_s,
            **usage_columns(Usage()),
        )
        .returning(turns)
    ).one()
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(updated_at_us=now, head_turn_id=inserted.id, turn_count=place)
    )
    return turn_of(inserted, parent_id)


def resume_turn(connection: Connection, turn_id: int, owner: Owner) -> Turn:
    """Let a turn that ended early run again, with what stands of its answer. Raises `HistoryError`."""
    before = row_of(connection, turns, turn_id)
    words.require_can_go_on(before.state, before.answer)
    with search_index.changed_turns(driver_of(connection), [turn_id]):
        resumed = connection.execute(
            update(turns)
            .where(turns.c.id == turn_id)
            .values(
                state=TurnState.RUNNING.value,
                failure="",
                owner_pid=owner.pid,
                owner_started_at_s=owner.started_at_s,
            )
            .returning(turns)
        ).one()
    return turn_of(resumed, before.parent_id)


def show_version(connection: Connection, turn_id: int) -> int:
    """Let the path in front go through a turn; gives the conversation. Raises `HistoryError`."""
    conversation_id = int(row_of(connection, turns, turn_id).conversation_id)
    conversation = row_of(connection, conversations, conversation_id)
    tree = tree_of(connection, conversation_id)
    if turn_id not in tree.path(conversation.head_turn_id):
        set_head(connection, conversation_id, tree.path_to(tree.newest_below(turn_id)))
    return conversation_id


def branch(connection: Connection, turn_id: int) -> int:
    """Copy the path up to and with a turn into a conversation of its own. Raises `HistoryError`."""
    turn = row_of(connection, turns, turn_id)
    conversation = row_of(connection, conversations, turn.conversation_id)
    if turn.state == TurnState.RUNNING.value:
        raise words.still_written()
    new_id = _new_conversation(connection, words.branch_title(conversation.title), now_us())
    kept = {"folder_id": conversation.folder_id, "context_tokens": conversation.context_tokens}
    connection.execute(update(conversations).where(conversations.c.id == new_id).values(**kept))
    path: list[int] = []
    for each in tree_of(connection, conversation.id).path_to(turn_id):
        path.append(_copy_turn(connection, each, new_id, path[-1] if path else None))
    set_head(connection, new_id, path)
    return new_id


def set_head(connection: Connection, conversation_id: int, path: tuple[int, ...] | list[int]) -> None:
    """Put a path in front."""
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(head_turn_id=path[-1] if path else None, turn_count=len(path))
    )


def _place(connection: Connection, conversation: Row[Any], version_of: int | None) -> tuple[int | None, int]:
    """The parent of a new turn, and the length of the path that ends with it."""
    if version_of is None:
        head = connection.execute(
            select(turns.c.conversation_id, turns.c.deleted_at_us).where(
                turns.c.id == conversation.head_turn_id
            )
        ).one_or_none()
        if head is not None and head.conversation_id == conversation.id and head.deleted_at_us is None:
            return conversation.head_turn_id, conversation.turn_count + 1
        path = tree_of(connection, conversation.id).path(conversation.head_turn_id)
        return (path[-1] if path else None), len(path) + 1
    tree = tree_of(connection, conversation.id)
    if version_of not in tree:
        raise words.not_there("question", version_of)
    return tree.stored_parent(version_of), len(tree.path_to(version_of))


def _new_conversation(connection: Connection, title: str, now: int) -> int:
    statement = insert(conversations).values(title=title, created_at_us=now, updated_at_us=now)
    return int(connection.execute(statement.returning(conversations.c.id)).scalar_one())


def _copy_turn(connection: Connection, turn_id: int, into: int, parent_id: int | None) -> int:
    others = [column for column in turns.c if column.name not in ("id", "conversation_id", "parent_id")]
    source = select(literal(into), literal(parent_id), *others).where(turns.c.id == turn_id)
    statement = insert(turns).from_select(["conversation_id", "parent_id", *(c.name for c in others)], source)
    return int(connection.execute(statement.returning(turns.c.id)).scalar_one())
