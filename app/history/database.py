"""The history file as a database: made for one user, checked, brought to the newest schema."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryDamagedError, HistoryError, HistoryTooNewError
from app.history import backups
from app.history.connection import (
    ANOTHER_FILE,
    BUSY_TIMEOUT_S,
    KEPT_AT_OPENING,
    WHAT_HELPS,
    connect,
    cut_log,
    damaged,
    explained_errors,
    read_only,
    undo_unfinished_write,
    without_beginning,
)
from app.history.file_kind import APPLICATION_ID
from app.history.key import Key
from app.history.migrations import (
    m0001_conversations_and_turns,
    m0002_context_of_a_conversation,
    m0003_branches_and_folders,
    m0004_search,
)

MIGRATIONS: tuple[Callable[[Callable[[str], object]], None], ...] = (
    m0001_conversations_and_turns.migrate,
    m0002_context_of_a_conversation.migrate,
    m0003_branches_and_folders.migrate,
    m0004_search.migrate,
)
NEWEST_SCHEMA = len(MIGRATIONS)

_LEAST_PAGE_BYTES = 512
CHECKED_AT_OPENING_BYTES = 200 * 1024 * 1024
"""A larger file is checked in the background instead (`app.history.upkeep`)."""
_CHECKS = 3


def open_database(path: Path, key: Key | None = None, *, is_new_copy: bool = False) -> Engine:
    """Open the history, or make it. One connection, to be used from one thread.

    Transactions begin as BEGIN; `with_write_lock(engine)` gives those that begin as BEGIN IMMEDIATE.
    `is_new_copy`: it is about to become the history, so there are no backups of it, and none are made.
    `key`: of a file that is there, or to be made. Raises `HistoryTooNewError`, `HistoryLockedError`,
    `HistoryDamagedError`, `HistoryError`; a file not taken is not touched.
    """
    path = path.absolute()
    if not is_new_copy and not _has_content(path) and _has_backups(path):
        raise _gone(path)
    while True:
        _refuse_what_is_no_history(path, key)
        file_before = path.stat().st_ino
        engine = _open_migrated(path, key, makes_backup=not is_new_copy)
        if path.stat().st_ino == file_before:
            return engine
        engine.dispose()  # another Ponder has just changed the encryption: that was the old file


def open_beside(path: Path, key: Key | None = None) -> Engine:
    """One more connection to a history that this process has open already, to be used from one thread.

    The file is not looked at first, as `open_database` does: to close it would take back the locks that
    SQLite holds for the other connection (https://sqlite.org/howtocorrupt.html, section 2.2). Raises
    `HistoryLockedError`, `HistoryError`.
    """
    path = path.absolute()
    if not _has_content(path):
        raise HistoryError("There is no history on the disk.", kept=KEPT_AT_OPENING)
    file_before = path.stat().st_ino
    engine = _engine_of(path, key)
    try:
        with explained_errors(path, "opened", KEPT_AT_OPENING), engine.connect():
            pass
        if path.stat().st_ino != file_before:  # its encryption has just been changed
            raise HistoryError(
                "The history was written anew just now.", kept=KEPT_AT_OPENING, advice="Try once more."
            )
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine_of(path: Path, key: Key | None) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        module=driver,
        creator=lambda: connect(path, key),
        poolclass=StaticPool,
        hide_parameters=True,  # they are what the user wrote, and errors may be shown or logged
    )
    event.listen(engine, "begin", _begin)
    return engine


def _open_migrated(path: Path, key: Key | None, *, makes_backup: bool) -> Engine:
    engine = _engine_of(path, key)
    try:
        with explained_errors(path, "opened", KEPT_AT_OPENING):
            _migrate(engine, path, key, makes_backup=makes_backup)
    except BaseException:
        engine.dispose()
        raise
    return engine


def with_write_lock(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock at their beginning."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def wipe_log(engine: Engine, wait_s: float = BUSY_TIMEOUT_S) -> bool:
    """See `app.history.connection.cut_log`."""
    with _driver_connection(engine) as connection:
        return cut_log(connection, wait_s)


def _too_new(path: Path, schema: int) -> HistoryTooNewError:
    return HistoryTooNewError(
        f"The history was written by a newer Ponder (schema {schema}, this one knows {NEWEST_SCHEMA}).",
        kept="It was not touched.",
        advice="Open it with the newer Ponder.",
        details=str(path),
    )


def _refuse_what_is_no_history(path: Path, key: Key | None) -> None:
    """Look at the file without changing it, and make an empty one, for this user alone, if there is none."""
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise HistoryError(
                f"{path} is not a history of Ponder: it is no file.",
                kept=KEPT_AT_OPENING,
                advice=ANOTHER_FILE,
            )
        if not path.exists():
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
        if not path.stat().st_size:
            return
        # Not by opening it: to close it would take the locks that SQLite may hold on it in this process.
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if path.stat().st_size < _LEAST_PAGE_BYTES:  # SQLite takes it for none, and would write over it
            raise without_beginning(path, "no page")
    except OSError as error:
        raise HistoryError(
            f"The history could not be opened: {error.strerror or error}.",
            kept=KEPT_AT_OPENING,
            advice=f"Give yourself the right to write to {path.parent}, or make room on the disk.",
            details=f"{error!r}",
        ) from error
    with explained_errors(path, "opened", KEPT_AT_OPENING):
        undo_unfinished_write(path, key)
        with read_only(path, key) as connection:
            schema_of(connection, path)
        if path.stat().st_size <= CHECKED_AT_OPENING_BYTES:
            require_intact(path, key)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _has_backups(path: Path) -> bool:
    try:
        return bool(backups.list_backups(path))
    except OSError:
        return False


def _gone(path: Path) -> HistoryDamagedError:
    """No history, or one without a byte, though it was backed up: it is not begun anew without a word."""
    return HistoryDamagedError(
        f"The history is gone from {path}, though there are backups of it.",
        kept="The backups are kept.",
        advice=WHAT_HELPS,
        details="no file" if not path.exists() else "an empty file",
    )


def require_intact(path: Path, key: Key | None = None) -> None:
    """Read every page. Raises `HistoryDamagedError`, `HistoryLockedError`, or the driver's own errors.

    Another process may begin to write while a file without a log is read, and then it only looks
    damaged. So it is looked at again.
    """
    for attempt in range(_CHECKS):
        try:
            with read_only(path, key) as connection:
                problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except (driver.DatabaseError, UnicodeDecodeError):
            if attempt == _CHECKS - 1:
                raise
            continue
        if problem == "ok":
            return
    raise damaged(path, "opened", problem)


@contextlib.contextmanager
def _driver_connection(engine: Engine) -> Iterator[Any]:
    """The one connection as the driver's own, outside of any transaction."""
    pooled = engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()


def schema_of(connection: Any, path: Path) -> int:
    """The number of the schema, 0 for an empty database. Raises where it is another program's, or newer."""
    schema: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if application == APPLICATION_ID:
        if schema > NEWEST_SCHEMA:
            raise _too_new(path, schema)
        return schema
    if application or schema or connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise HistoryError(
            f"{path} is a database of another program.",
            kept=KEPT_AT_OPENING,
            advice=ANOTHER_FILE,
            details=f"application_id {application:#x}, user_version {schema}",
        )
    return 0


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _migrate(engine: Engine, path: Path, key: Key | None, *, makes_backup: bool) -> None:
    """Bring the file to the newest schema, in one transaction: all of it or nothing."""
    with _driver_connection(engine) as connection:
        schema = schema_of(connection, path)
        if schema == NEWEST_SCHEMA:
            return
        if schema and makes_backup:
            backups.make_if_there_is_room(connection, path, key)
    with with_write_lock(engine).begin() as transaction:
        schema = schema_of(
            transaction.connection.driver_connection, path
        )  # another process may have been faster
        for migrate in MIGRATIONS[schema:]:
            migrate(transaction.exec_driver_sql)
        if transaction.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise HistoryError(
                "The history could not be opened: parts of it are missing.", kept=KEPT_AT_OPENING
            )
        transaction.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        transaction.exec_driver_sql(f"PRAGMA user_version = {NEWEST_SCHEMA}")
    wipe_log(engine)
