"""The history as export and import see it: whole chats, on a connection of their own.

It is no `HistoryStore`, which ends what another Ponder left undone and wipes what was deleted: an export from
a window, or beside one, must do neither.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from app.history import reading, search_index
from app.history.connection import explained_errors
from app.history.database import open_beside, open_database, with_write_lock
from app.history.key import Key
from app.history.records import ConversationSummary, Folder
from app.history.rows import driver_of
from app.history.transfer import rows
from app.history.transfer.records import ChatRecord, FolderRecord
from app.history.words import NOTHING_CHANGED

_WHOLE_CHATS = "The chats before it are stored whole."


class TransferStore:
    """One connection to the history, for one thread. All methods but `close` raise `HistoryError`."""

    def __init__(self, path: Path, key: Key | None = None, *, is_open_here: bool = False) -> None:
        """Open the history, or make it. Raises as `open_database` does.

        `is_open_here`: this process has it open already, and goes on with it.
        """
        self._path = path.absolute()
        self._engine = open_beside(self._path, key) if is_open_here else open_database(self._path, key)
        self._locking_engine = with_write_lock(self._engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def conversations(self) -> list[ConversationSummary]:
        """All chats without their turns, the last used first."""
        with self._reading() as connection:
            return reading.summaries(connection, None)

    def folders(self) -> list[Folder]:
        """All folders, by name."""
        with self._reading() as connection:
            return reading.all_folders(connection)

    def export_conversation(self, conversation_id: int) -> ChatRecord | None:
        """The chat with all its versions, None where it is not there any more."""
        with self._reading() as connection:
            return rows.read_chat(connection, conversation_id)

    def export_folders(self) -> list[FolderRecord]:
        """All folders, in the order they were made."""
        with self._reading() as connection:
            return rows.read_folders(connection)

    def import_conversation(self, record: ChatRecord) -> int | None:
        """Store a chat with all its versions, in one transaction; None where it is there already."""
        with self._writing() as connection:
            made = rows.insert_chat(connection, record)
            for _ in range(0, len(record.turns) + 1, search_index.AT_ONCE):
                search_index.take_in_new(driver_of(connection))
            return made

    def import_folder(self, folder: FolderRecord) -> None:
        """Make the folder where there is none of that name."""
        with self._writing() as connection:
            rows.insert_folder(connection, folder)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained_errors(self._path, "read", NOTHING_CHANGED), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            explained_errors(self._path, "written", _WHOLE_CHATS),
            self._locking_engine.begin() as connection,
        ):
            yield connection
