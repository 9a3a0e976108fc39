"""Whole chats in and out of the tables; the only part of export and import that knows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update

from app.history.records import TurnState
from app.history.rows import time_of, turn_of, usage_columns
from app.history.tables import conversations, folders, turns
from app.history.text import storable
from app.history.transfer.records import ChatRecord, FolderRecord, TurnRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def read_chat(connection: Connection, conversation_id: int) -> ChatRecord | None:
    """The chat with all its versions, without what was deleted; None where it is not there.

    An answer that is being written is left out: some models begin one that turns out to be thinking.
    """
    statement = select(conversations, folders.c.name.label("folder")).outerjoin(
        folders, (folders.c.id == conversations.c.folder_id) & folders.c.deleted_at_us.is_(None)
    )
    row = connection.execute(
        statement.where(conversations.c.id == conversation_id, conversations.c.deleted_at_us.is_(None))
    ).one_or_none()
    if row is None:
        return None
    found = connection.execute(
        select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.id)
    ).all()
    parents = _living_parents(found)
    places = {turn_id: place for place, turn_id in enumerate(parents)}
    kept = tuple(_turn(row, _place(parents[row.id], places)) for row in found if row.id in parents)
    return ChatRecord(
        title=row.title,
        created_at=time_of(row.created_at_us),
        updated_at=time_of(row.updated_at_us),
        turns=kept,
        front=_front(row.head_turn_id, found, places),
        folder=row.folder,
        pinned_at=None if row.pinned_at_us is None else time_of(row.pinned_at_us),
        is_archived=bool(row.archived),
        context_tokens=row.context_tokens,
    )


def read_folders(connection: Connection) -> list[FolderRecord]:
    """All folders, in the order they were made."""
    rows = connection.execute(select(folders).where(folders.c.deleted_at_us.is_(None)).order_by(folders.c.id))
    return [FolderRecord(row.name, time_of(row.created_at_us)) for row in rows]


def insert_folder(connection: Connection, folder: FolderRecord) -> int:
    """The id of the folder with that name, made where there is none."""
    name = storable(folder.name)
    there = select(folders.c.id).where(folders.c.name == name, folders.c.deleted_at_us.is_(None))
    found = connection.execute(there.order_by(folders.c.id)).scalars().first()
    if found is not None:
        return int(found)
    made = insert(folders).values(name=name, created_at_us=_us(folder.created_at)).returning(folders.c.id)
    return int(connection.execute(made).scalar_one())


def insert_chat(connection: Connection, record: ChatRecord) -> int | None:
    """The id of the new chat; None where it is there already, with all its turns."""
    if _is_there(connection, record):
        return None
    folder_id = None
    if record.folder is not None:
        folder_id = insert_folder(connection, FolderRecord(record.folder, record.created_at))
    statement = insert(conversations).values(
        title=storable(record.title),
        created_at_us=_us(record.created_at),
        updated_at_us=_us(record.updated_at),
        context_tokens=record.context_tokens,
        folder_id=folder_id,
        pinned_at_us=None if record.pinned_at is None else _us(record.pinned_at),
        archived=int(record.is_archived),
        turn_count=len(record.path()),
    )
    made = int(connection.execute(statement.returning(conversations.c.id)).scalar_one())
    if record.turns:
        first_id = _next_turn_id(connection)
        columns = [
            _turn_columns(turn)
            | {"id": first_id + place, "conversation_id": made}
            | {"parent_id": None if turn.parent is None else first_id + turn.parent}
            for place, turn in enumerate(record.turns)
        ]
        connection.execute(insert(turns), columns)
        head = update(conversations).where(conversations.c.id == made)
        connection.execute(head.values(head_turn_id=first_id + (record.front or 0)))
    return made


def _next_turn_id(connection: Connection) -> int:
    """An id that no turn has and none ever had; chats of thousands of turns go in at once with it."""
    ever = connection.execute(text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'turns'")).scalar()
    now = connection.execute(select(func.max(turns.c.id))).scalar()
    return max(int(ever or 0), int(now or 0)) + 1


def _is_there(connection: Connection, record: ChatRecord) -> bool:
    """Whether a chat that was made at the same microsecond has all turns of this one."""
    wanted = {(_us(turn.created_at), storable(turn.question), storable(turn.answer)) for turn in record.turns}
    same_time = select(conversations.c.id).where(
        conversations.c.created_at_us == _us(record.created_at), conversations.c.deleted_at_us.is_(None)
    )
    for conversation_id in connection.execute(same_time).scalars().all():
        texts = select(turns.c.created_at_us, turns.c.question, turns.c.answer).where(
            turns.c.conversation_id == conversation_id, turns.c.deleted_at_us.is_(None)
        )
        there = {tuple(row) for row in connection.execute(texts)}
        if wanted <= there and (wanted or not there):
            return True
    return False


def _living_parents(found: Any) -> dict[int, int | None]:
    """Of each turn that was not deleted, the nearest one before it that was not; as `TurnTree` has it."""
    stored: dict[int, int | None] = {}
    living: dict[int, int | None] = {}
    before: int | None = None
    for row in found:
        parent = row.parent_id if row.parent_id is None or row.parent_id in stored else before
        while parent is not None and parent not in living:
            parent = stored[parent]
        stored[row.id] = parent
        if row.deleted_at_us is None:
            living[row.id] = parent
        before = row.id
    return living


def _place(turn_id: int | None, places: Mapping[int, int]) -> int | None:
    return None if turn_id is None else places[turn_id]


def _front(stored_head: int | None, found: Any, places: Mapping[int, int]) -> int | None:
    parents = {row.id: row.parent_id for row in found}
    while stored_head is not None and stored_head not in places:
        stored_head = parents.get(stored_head)
    return places[stored_head] if stored_head is not None else len(places) - 1 if places else None


def _turn(row: Row[Any], parent: int | None) -> TurnRecord:
    turn = turn_of(row, None)
    is_running = turn.state is TurnState.RUNNING
    return TurnRecord(
        parent=parent,
        question=turn.question,
        answer="" if is_running else turn.answer,
        state=TurnState.INTERRUPTED if is_running else turn.state,
        model_name=turn.model_name,
        created_at=turn.created_at,
        usage=turn.usage,
        failure=turn.failure,
    )


def _turn_columns(turn: TurnRecord) -> dict[str, object]:
    return {
        "question": storable(turn.question),
        "answer": storable(turn.answer),
        "state": turn.state.value,
        "model_name": storable(turn.model_name),
        "created_at_us": _us(turn.created_at),
        "failure": storable(turn.failure),
        **usage_columns(turn.usage),
    }


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
