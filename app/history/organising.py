"""Folders, pin and archive in the tables; each function writes in the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from app.history import search_index
from app.history.records import Folder
from app.history.rows import driver_of, folder_of, now_us, row_of
from app.history.tables import conversations, folders


def create_folder(connection: Connection, name: str) -> Folder:
    """Make a folder; its name was checked."""
    statement = insert(folders).values(name=name, created_at_us=now_us()).returning(folders)
    return folder_of(connection.execute(statement).one())


def rename_folder(connection: Connection, folder_id: int, name: str) -> None:
    """Raises `HistoryError` if it is not there."""
    row_of(connection, folders, folder_id)
    connection.execute(update(folders).where(folders.c.id == folder_id).values(name=name))


def move(connection: Connection, conversation_id: int, folder_id: int | None) -> None:
    """Raises `HistoryError` if either is not there."""
    if folder_id is not None:
        row_of(connection, folders, folder_id)
    change(connection, conversation_id, folder_id=folder_id)


def set_pinned(connection: Connection, conversation_id: int, is_pinned: bool) -> None:
    """Raises `HistoryError` if it is not there."""
    change(connection, conversation_id, pinned_at_us=now_us() if is_pinned else None)


def set_archived(connection: Connection, conversation_id: int, is_archived: bool) -> None:
    """Raises `HistoryError` if it is not there."""
    change(connection, conversation_id, archived=int(is_archived))


def change(connection: Connection, conversation_id: int, **values: str | int | None) -> None:
    """Set some columns of a conversation. Raises `HistoryError` if it is not there."""
    row_of(connection, conversations, conversation_id)
    if "title" in values:
        search_index.forget(driver_of(connection), search_index.TITLES, [conversation_id])
    connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(**values))
    if "title" in values:
        search_index.take_in(driver_of(connection), search_index.TITLES, [conversation_id])
