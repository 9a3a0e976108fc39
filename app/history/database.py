"""The history file as a database: made for one user, set up safely, brought to the newest schema.

The driver is sqlcipher3, which without a key is a plain, current SQLite: the one in Python may be
old enough to have the WAL bug that SQLite 3.51.3 repaired.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError, HistoryTooNewError
from app.history.migrations import m0001_conversations_and_turns, m0002_context_of_a_conversation

APPLICATION_ID = 0x506E6472
"""\"Pndr\" in the header of the file (https://sqlite.org/fileformat2.html#application_id)."""
MIGRATIONS: tuple[Callable[[Callable[[str], object]], None], ...] = (
    m0001_conversations_and_turns.migrate,
    m0002_context_of_a_conversation.migrate,
)
NEWEST_SCHEMA = len(MIGRATIONS)

_SAFE_SETTINGS: dict[str, tuple[str, str | int]] = {
    # What is set, and what it must read back as. FULL, because NORMAL loses turns in a power cut.
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "fullfsync": ("ON", 1),
    "checkpoint_fullfsync": ("ON", 1),
    "foreign_keys": ("ON", 1),
    "busy_timeout": ("5000", 5000),
    "secure_delete": ("ON", 1),
    "temp_store": ("MEMORY", 2),
    "cell_size_check": ("ON", 1),
    "mmap_size": ("0", 0),
    "trusted_schema": ("OFF", 0),
}
_BUSY_TIMEOUT_S = 5.0
_HEADER_BYTES = 100
_LEAST_FREE_BYTES = 256 * 1024
_MAGIC = b"SQLite format 3\x00"
_KEPT_AT_OPENING = "Nothing was changed."
_ANOTHER_FILE = "Move the file away to begin a new history, or put a copy from a backup in its place."


def open_database(path: Path) -> Engine:
    """Open the history, or make it. One connection, to be used from one thread.

    Transactions begin as BEGIN; `with_write_lock(engine)` gives those that begin as BEGIN IMMEDIATE.
    Raises `HistoryTooNewError` and `HistoryError`; a file that is not taken is not touched.
    """
    path = path.absolute()
    _refuse_what_is_no_history(path)
    engine = create_engine(
        "sqlite+pysqlite://",
        module=driver,
        creator=lambda: _connect(path),
        poolclass=StaticPool,
        hide_parameters=True,  # they are what the user wrote, and errors may be shown or logged
    )
    event.listen(engine, "begin", _begin)
    try:
        with explained_errors(path, "opened", _KEPT_AT_OPENING):
            _migrate(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def with_write_lock(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock at their beginning."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def wipe_log(engine: Engine, wait_s: float = _BUSY_TIMEOUT_S) -> None:
    """Move everything into the main file and cut the write-ahead log to nothing.

    What was deleted stands in the log until then. Where another process is in the middle of reading
    for longer than `wait_s`, the log stays, and the next call empties it.
    """
    with _driver_connection(engine) as connection:
        connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}").fetchall()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_S * 1000)}").fetchall()


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[Any]:
    """A driver's connection that changes nothing and leaves nothing behind. `path` is absolute.

    Where log and index stand beside the file, both are only read (`readonly_shm`, which needs the
    index to be there). Where there is no log, `immutable` keeps SQLite from making one, which it could
    not take away again. Only a log that lost its index gets a new one beside it, without a word of the
    chats: there is no other way to read it. Raises the driver's own errors.
    """
    log, index = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    if log.exists() and index.exists():
        how = "mode=ro&readonly_shm=1"
    else:
        how = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    connection = driver.connect(f"{path.as_uri()}?{how}", uri=True, timeout=_BUSY_TIMEOUT_S)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def explained_errors(path: Path, done: str, kept: str) -> Iterator[None]:
    """Turn what SQLite says of the disk into a `HistoryError`: "could not be `done`: the disk is full".

    A broken rule of a table or a wrong statement is a bug and passes through.
    """
    try:
        yield
    except (DBAPIError, driver.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, driver.IntegrityError | driver.InterfaceError | driver.ProgrammingError):
            raise
        raise _history_error(cause, path, done, kept) from error


def _history_error(error: BaseException | None, path: Path, done: str, kept: str) -> HistoryError:
    name = str(getattr(error, "sqlite_errorname", "") or "")
    details = f"{name}: {error} ({path})"
    cause, advice = "SQLite could not do it", "Start Ponder again; if this stays so, keep a copy of the file."
    match name.split("_")[1:]:
        case ["READONLY", *_]:
            cause, advice = (
                "the file or its folder is read-only",
                f"Give yourself the right to write to {path}.",
            )
        case ["CANTOPEN", *_]:
            cause = "the file cannot be opened for writing"
            advice = f"Give yourself the right to write to {path.parent}, or make room on the disk."
        case ["BUSY" | "LOCKED", *_]:
            cause, advice = "another program is using it", "Close other programs that use it and try again."
        case ["FULL"]:
            cause, advice = "the disk is full", "Free some space on the disk and try again."
        case ["IOERR", *_] if _is_full(path.parent):  # SQLite has no room for the log's index
            cause, advice = "the disk is full", "Free some space on the disk and try again."
        case ["IOERR", *_]:
            cause = "the disk reported an error"
            advice = f"Copy {path} to another disk before anything else."
        case ["NOTADB"]:
            return _not_a_history(path, details)
        case ["CORRUPT", *_]:
            cause, advice = "the file is damaged", f"Keep a copy of {path}. " + _ANOTHER_FILE
    return HistoryError(
        f"The history could not be {done}: {cause}.", kept=kept, advice=advice, details=details
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES
    except OSError:
        return False


def _not_a_history(path: Path, details: str) -> HistoryError:
    return HistoryError(
        f"{path} is not a history of Ponder, or its beginning is damaged.",
        kept=_KEPT_AT_OPENING,
        advice=_ANOTHER_FILE,
        details=details,
    )


def _too_new(path: Path, schema: int) -> HistoryTooNewError:
    return HistoryTooNewError(
        f"The history was written by a newer Ponder (schema {schema}, this one knows {NEWEST_SCHEMA}).",
        kept="It was not touched.",
        advice="Open it with the newer Ponder.",
        details=str(path),
    )


def _refuse_what_is_no_history(path: Path) -> None:
    """Look at the file without changing it, and make an empty one, for this user alone, if there is none."""
    try:
        if path.exists() and not path.is_file():
            raise _not_a_history(path, "not a regular file")  # opening a pipe would wait for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            untrusted_header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise HistoryError(
            f"The history could not be opened: {error.strerror or error}.",
            kept=_KEPT_AT_OPENING,
            advice=f"Give yourself the right to write to {path.parent}, or make room on the disk.",
            details=f"{error!r}",
        ) from error
    if not untrusted_header:
        return
    if not untrusted_header.startswith(_MAGIC):
        raise _not_a_history(path, "no SQLite header")
    with explained_errors(path, "opened", _KEPT_AT_OPENING), read_only(path) as connection:
        _schema_of(connection, path)


@contextlib.contextmanager
def _driver_connection(engine: Engine) -> Iterator[Any]:
    """The one connection as the driver's own, outside of any transaction."""
    pooled = engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()


def _schema_of(connection: Any, path: Path) -> int:
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
            kept=_KEPT_AT_OPENING,
            advice=_ANOTHER_FILE,
            details=f"application_id {application:#x}, user_version {schema}",
        )
    return 0


def _connect(path: Path) -> Any:
    """A connection with the safe settings, each of them read back."""
    connection = driver.connect(str(path), isolation_level=None, timeout=_BUSY_TIMEOUT_S)
    try:
        for name, (value, expected) in _SAFE_SETTINGS.items():
            connection.execute(f"PRAGMA {name} = {value}").fetchall()
            found = connection.execute(f"PRAGMA {name}").fetchone()[0]
            if found != expected:
                raise HistoryError(
                    "The history could not be opened: this disk cannot keep it safely.",
                    kept="Nothing that was stored before was changed.",
                    advice="Put Ponder's folder on a disk of this computer.",
                    details=f"PRAGMA {name} is {found!r} where {expected!r} was asked for",
                )
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _migrate(engine: Engine, path: Path) -> None:
    """Bring the file to the newest schema, in one transaction: all of it or nothing."""
    with _driver_connection(engine) as connection:
        if _schema_of(connection, path) == NEWEST_SCHEMA:
            return
    with with_write_lock(engine).begin() as transaction:
        schema = _schema_of(
            transaction.connection.driver_connection, path
        )  # another process may have been faster
        for migrate in MIGRATIONS[schema:]:
            migrate(transaction.exec_driver_sql)
        if transaction.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise HistoryError(
                "The history could not be opened: parts of it are missing.", kept=_KEPT_AT_OPENING
            )
        transaction.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        transaction.exec_driver_sql(f"PRAGMA user_version = {NEWEST_SCHEMA}")
    wipe_log(engine)
