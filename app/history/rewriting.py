"""Writes a history anew with another key, or without one, and puts it in the place of the old file.

`sqlcipher_export` copies table by table into a new file, which is read whole, counted and synced before it
gets the name. Meanwhile nobody else can have the history open. A kill at any moment leaves a whole file
under that name; `clear_leftovers` at the next start removes the rest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError
from app.history import backups
from app.history.backups import sync
from app.history.connection import connect, explained_errors, log_and_index, read_only, use_key
from app.history.key import Key
from app.history.owner import is_answer_written
from app.history.wiping import wipe_file

Progress = Callable[[float], None]
"""Gets the part that is done, from 0 to 1, some times a second, on the thread that works."""

_OLD_NAME = "history.old-"
_KEPT = "The history is as it was."
STEPS_BETWEEN_LOOKS = 50_000
"""Of SQLite's machine, which takes some of them for each row."""
_SPARE_BYTES = 4 * 1024 * 1024
_COPYING = 0.7


def rewrite(history: Path, old: Key | None, new: Key | None, progress: Progress) -> None:
    """Give the history another key. Hold `backups.only_one`; nobody may have it open.

    The old file is overwritten. Raises `HistoryError`: it is in use, there is no room, it is damaged;
    then nothing was changed.
    """
    with explained_errors(history, "written anew", _KEPT), _explained_os_errors():
        clear_leftovers(history)
        replaced = history.with_name(f"{_OLD_NAME}{os.getpid()}.db")
        with _taken(history, old) as source, copied(source, history, new, progress) as fresh:
            _keep_second_name(history, replaced)
            if os.name == "nt":  # Windows does not rename over an open file
                source.close()
            fresh.replace(history)
            sync(history.parent)
        wipe_file(replaced)
    progress(1.0)


@contextlib.contextmanager
def copied(source: Any, history: Path, new: Key | None, progress: Progress) -> Iterator[Path]:
    """A checked and synced copy of an open database beside `history`, with another key; gone afterwards."""
    fresh = history.with_name(f"{backups.NEW_NAME}{os.getpid()}-copy.db")
    try:
        _require_room(source, fresh.parent)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL, 0o600))
        _export(source, fresh, new, progress)
        _require_equal(source, fresh, new, progress)
        sync(fresh)
        yield fresh
    finally:
        for file in (fresh, *log_and_index(fresh)):
            file.unlink(missing_ok=True)


def clear_leftovers(history: Path) -> None:
    """Remove what a kill left of a switch. Hold `backups.only_one`. Raises OSError."""
    backups.remove_unfinished(history)
    for old in history.parent.glob(f"{_OLD_NAME}*"):
        wipe_file(old)


def has_leftovers(history: Path) -> bool:
    """Whether `clear_leftovers` has work. Raises OSError."""
    folder = history.parent
    return any(next(folder.glob(f"{name}*"), None) for name in (_OLD_NAME, backups.NEW_NAME))


@contextlib.contextmanager
def _taken(history: Path, key: Key | None) -> Iterator[Any]:
    """A connection that has the file for itself: leaving WAL fails while anybody else has it open."""
    connection = connect(history, key)
    try:
        _require_no_running_turn(connection)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        if connection.execute("PRAGMA journal_mode = DELETE").fetchone() != ("delete",):
            raise _in_use()
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")  # the lock stays
        if log_and_index(history)[0].exists():
            raise _in_use()
        yield connection
    except driver.OperationalError as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise _in_use() from error
        raise
    finally:
        connection.close()


def _in_use() -> HistoryError:
    return HistoryError(
        "The history is in use, so its encryption cannot be changed.",
        kept=_KEPT,
        advice="Close other windows and terminals that have Ponder open, and try again.",
    )


def _require_no_running_turn(connection: Any) -> None:
    if is_answer_written(connection):
        raise _in_use()


def _require_room(source: Any, folder: Path) -> None:
    size_bytes = _size_bytes(source)
    if shutil.disk_usage(folder).free < size_bytes + _SPARE_BYTES:
        raise HistoryError(
            "There is no room on the disk to write the history anew.",
            kept=_KEPT,
            advice=f"Free about {size_bytes // 1_000_000 + 5:,} MB and try again.",
        )


def _size_bytes(source: Any) -> int:
    pages = int(source.execute("PRAGMA page_count").fetchone()[0])
    return pages * int(source.execute("PRAGMA page_size").fetchone()[0])  # SQLCipher gives a text


def _export(source: Any, fresh: Path, new: Key | None, progress: Progress) -> None:
    expected = _size_bytes(source)

    def look() -> int:
        progress(_COPYING * min(1.0, fresh.stat().st_size / max(expected, 1)))
        return 0

    source.execute("PRAGMA foreign_keys = OFF").fetchall()  # the tables come in an order of their own
    source.execute("ATTACH ? AS fresh KEY ?", (str(fresh), "" if new is None else new.for_sqlcipher))
    source.set_progress_handler(look, STEPS_BETWEEN_LOOKS)
    try:
        # A file without a name yet, synced once it is whole.
        source.execute("PRAGMA fresh.journal_mode = OFF").fetchall()
        source.execute("PRAGMA fresh.synchronous = OFF").fetchall()
        source.execute("SELECT sqlcipher_export('fresh')").fetchall()
        for name in ("application_id", "user_version"):
            value = source.execute(f"PRAGMA main.{name}").fetchone()[0]
            source.execute(f"PRAGMA fresh.{name} = {int(value)}")
    finally:
        source.set_progress_handler(None, 0)
        source.execute("DETACH fresh")


def _require_equal(source: Any, fresh: Path, new: Key | None, progress: Progress) -> None:
    """The new file opens with the key, reads whole, and has the rows of the old one."""
    fraction = _COPYING

    def look() -> int:
        nonlocal fraction
        fraction += (1.0 - fraction) * 0.02  # nobody knows how long a check takes
        progress(fraction)
        return 0

    with contextlib.closing(driver.connect(str(fresh), isolation_level=None)) as connection:
        use_key(connection, fresh, new)
        # Whoever opens it next finds it in WAL mode, and needs no journal that bears the old file's name.
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    with read_only(fresh.absolute(), new) as copy:
        copy.set_progress_handler(look, STEPS_BETWEEN_LOOKS)
        problem = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem == "ok" and _contents(copy) != _contents(source):
            problem = "it has other rows"
    if problem != "ok":
        raise HistoryError(
            "The new file was not good, so the history stays as it is.",
            kept=_KEPT,
            advice="If this comes again, check the disk.",
            details=problem,
        )


def _contents(connection: Any) -> list[object]:
    """What must be the same in both: numbers of the schema, what it has, and how many rows each table."""
    numbers = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")]
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    schema = sorted(found, key=str)
    tables = [row[1] for row in schema if row[0] == "table"]
    counts = [connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() for table in tables]
    return [numbers, schema, counts]


def _keep_second_name(history: Path, replaced: Path) -> None:
    """The old file must be found again after a kill, to be overwritten."""
    with contextlib.suppress(OSError):  # a file system without links: it loses its name, and that is all
        os.link(history, replaced)


@contextlib.contextmanager
def _explained_os_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HistoryError(
            f"The history could not be written anew: {error.strerror or error}.",
            kept=_KEPT,
            advice="Make room on the disk, or give yourself the right to write to Ponder's folder.",
            details=repr(error),
        ) from error
