"""Connections to a history file: safely set up, or only reading; and what SQLite says of the disk, in words.

`key` None is a plain file, anything else one that SQLCipher encrypts with it. The driver is sqlcipher3,
which without a key is a plain, current SQLite: the one in Python may be old enough to have the WAL bug
that SQLite 3.51.3 repaired.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryDamagedError, HistoryError, HistoryLockedError
from app.history.file_kind import FileKind, is_history_of, is_protected_as, kind_of
from app.history.key import Key

SAFE_SETTINGS: dict[str, tuple[str, str | int]] = {
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
BUSY_TIMEOUT_S = 5.0
_LOG_HEADER_BYTES = 32
"""https://sqlite.org/fileformat2.html#walformat"""
_LEAST_FREE_BYTES = 256 * 1024
KEPT_AT_OPENING = "Nothing was changed."
ANOTHER_FILE = "Move the file away to begin a new history, or put a copy from a backup in its place."
WHAT_HELPS = "`ponder history restore` brings the newest backup back and keeps the damaged file."


def connect(path: Path, key: Key | None = None) -> Any:
    """A connection with the safe settings, each of them read back. Raises `HistoryLockedError`."""
    connection = driver.connect(str(path), isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        use_key(connection, path, key)
        for name, (value, expected) in SAFE_SETTINGS.items():
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


def use_key(connection: Any, path: Path, key: Key | None) -> None:
    """Give a new connection its key. Raises `HistoryLockedError` where the file has another one.

    Any other problem of the file shows itself to whoever reads first.
    """
    if key is not None:
        connection.execute("PRAGMA cipher_log_level = NONE").fetchall()  # it would write to standard error
        connection.execute(f'PRAGMA key = "{key.for_sqlcipher}"').fetchall()
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except (driver.Error, UnicodeDecodeError) as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB" and _has_another_key(path, key):
            connection.close()
            raise locked(path, key) from None


def _has_another_key(path: Path, key: Key | None) -> bool:
    try:
        return kind_of(path) is FileKind.ENCRYPTED and not is_protected_as(path, key)
    except OSError:
        return False


def locked(path: Path, key: Key | None) -> HistoryLockedError:
    """The file is encrypted, and not with this key."""
    return HistoryLockedError(
        f"{path} is encrypted" + (", and its key was not given." if key is None else " with another key."),
        kept=KEPT_AT_OPENING,
        advice="Its recovery key opens it.",
    )


@contextlib.contextmanager
def read_only(path: Path, key: Key | None = None) -> Iterator[Any]:
    """A driver's connection that changes nothing and leaves nothing behind. `path` is absolute.

    Where log and index stand beside the file, both are only read (`readonly_shm`, which needs the
    index to be there). Where there is no log, `immutable` keeps SQLite from making one, which it could
    not take away again. Only a log that lost its index gets a new one beside it, without a word of the
    chats: there is no other way to read it. Raises the driver's own errors, `HistoryLockedError`.

    WORKAROUND: a log of nothing but its header, as a kill may leave it, counts as none. SQLite 3.53 does
    not get past it with `readonly_shm`: it tries for ten seconds and says SQLITE_PROTOCOL.
    """
    log, index = log_and_index(path)
    has_log = log.exists() and log.stat().st_size > _LOG_HEADER_BYTES
    if has_log and index.exists():
        how = "mode=ro&readonly_shm=1"
    else:
        how = "mode=ro" if has_log else "mode=ro&immutable=1"
    connection = driver.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY_TIMEOUT_S)
    try:
        use_key(connection, path, key)
        connection.execute("PRAGMA trusted_schema = OFF")  # it may be anybody's file
        connection.execute("PRAGMA cell_size_check = ON")
        yield connection
    finally:
        connection.close()


def undo_unfinished_write(path: Path, key: Key | None) -> None:
    """Have SQLite go back by the rollback journal, if a cut left one, to what stood there before.

    Only a switch of the encryption writes with one, for a moment; what is read without changing anything does
    not look at it, and would find half a page. Files of other programs, and of other keys, are left alone.
    Raises OSError, the driver's own errors.
    """
    journal = path.with_name(path.name + "-journal")
    if not journal.exists() or not journal.stat().st_size or not is_history_of(path, key):
        return
    with contextlib.closing(driver.connect(str(path), timeout=BUSY_TIMEOUT_S)) as connection:
        use_key(connection, path, key)


def cut_log(connection: Any, wait_s: float = BUSY_TIMEOUT_S) -> bool:
    """Move everything into the main file and cut the write-ahead log to nothing, outside of any transaction.

    What was deleted stands in the log until then. Says whether that was done: where another connection is in
    the middle of reading for longer than `wait_s`, the log stays, and the next call empties it.
    """
    connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}").fetchall()
    try:
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}").fetchall()


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
    except UnicodeDecodeError as error:  # of a name in the schema, or of a message that quotes one
        raise damaged(path, done, f"not UTF-8 ({path})") from error


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
            return without_beginning(path, details)
        case ["CORRUPT", *_]:
            return damaged(path, done, details)
    return HistoryError(
        f"The history could not be {done}: {cause}.", kept=kept, advice=advice, details=details
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES
    except OSError:
        return False


def damaged(path: Path, done: str, details: str) -> HistoryDamagedError:
    """The file is a history, and parts of it cannot be read."""
    return HistoryDamagedError(
        f"The history could not be {done}: the file is damaged.",
        kept=KEPT_AT_OPENING,
        advice=f"Keep a copy of {path}. {WHAT_HELPS}",
        details=details,
    )


def without_beginning(path: Path, details: str) -> HistoryDamagedError:
    """The file does not begin as a history does."""
    return HistoryDamagedError(
        f"{path} is not a history of Ponder, or its beginning is damaged.",
        kept=KEPT_AT_OPENING,
        advice=f"Keep a copy of it. {WHAT_HELPS}",
        details=details,
    )


def log_and_index(path: Path) -> tuple[Path, Path]:
    """Where SQLite keeps the write-ahead log of a file, and the log's index."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
