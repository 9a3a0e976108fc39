"""A damaged history: what is left of it, and three ways on. The damaged file is always kept.

Each way makes a whole new file first. Only then the damaged one, with its log, gets the name
`history.damaged-YYYY-MM-DDTHHMMSS.db` (UTC), and the new one takes its place in one step.
`key` is that of the history: whatever comes in its place has the same, or none as well.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryDamagedError, HistoryError, HistoryLockedError
from app.history import backups
from app.history.backups import Backup, list_backups, sync
from app.history.connection import connect, explained_errors, log_and_index, read_only
from app.history.database import open_database, require_intact, schema_of
from app.history.file_kind import FileKind, kind_of
from app.history.key import Key
from app.history.owner import is_answer_written
from app.history.rewriting import copied
from app.history.salvage import Recovered, copy_what_can_be_read, count_what_can_be_read
from app.history.wiping import wipe_file

_TIME_FORMAT = "%Y-%m-%dT%H%M%S"
_NOTHING = "Nothing was changed."
_FOREIGN = "SELECT 1 FROM sqlite_schema WHERE type NOT IN ('table', 'index')"
"""A trigger in a restored file would act on what is written later."""


@dataclass(frozen=True, slots=True)
class GoodBackup:
    """A backup that was read whole, and how many conversations it has."""

    backup: Backup
    conversation_count: int


@dataclass(frozen=True, slots=True)
class WhatIsLeft:
    """What can be offered to somebody whose history is damaged. `newest` None: there is no good backup."""

    newest: GoodBackup | None
    readable: Recovered


@dataclass(frozen=True, slots=True)
class Restored:
    """`kept`: where the history that was there before is now; None: there was none, or it was empty."""

    conversation_count: int
    kept: Path | None


def is_intact(history: Path, key: Key | None = None) -> bool:
    """Whether it opens with that key and every page reads. Raises `HistoryError` where that is not it."""
    try:
        with explained_errors(history, "read", _NOTHING):
            require_intact(history, key)
            with read_only(history, key) as connection:
                schema_of(connection, history)
    except (HistoryDamagedError, HistoryLockedError):
        return False
    return True


def what_is_left(history: Path, key: Key | None = None) -> WhatIsLeft:
    """Look for the newest good backup and count what can be read. Changes nothing; may take a while."""
    return WhatIsLeft(newest_good_backup(history, key), count_what_can_be_read(history.absolute(), key))


def newest_good_backup(history: Path, key: Key | None = None) -> GoodBackup | None:
    """The newest one that is whole. Raises `HistoryError` where they cannot be looked at."""
    for backup in _backups(history):
        try:
            return GoodBackup(backup, conversations_in(backup.path, key))
        except HistoryError:
            continue
    return None


def conversations_in(backup: Path, key: Key | None = None) -> int:
    """How many conversations a backup has, once it was read whole. Raises `HistoryError` if it is bad.

    One that is not encrypted needs no key, and one with another key raises `HistoryLockedError`.
    """
    backup = backup.absolute()
    if not backup.is_file():
        raise HistoryError(f"There is no backup {backup}.", kept=_NOTHING)
    with explained_errors(backup, "read", _NOTHING):
        key = _key_of_backup(backup, key)
        require_intact(backup, key)
        with read_only(backup, key) as connection:
            if not schema_of(connection, backup):
                raise HistoryError(f"There is nothing in {backup}.", kept=_NOTHING)
            if connection.execute(_FOREIGN).fetchone() is not None:
                raise HistoryError(f"{backup} has parts that Ponder did not make.", kept=_NOTHING)
            return int(connection.execute("SELECT count(*) FROM conversations").fetchone()[0])


def _key_of_backup(backup: Path, key: Key | None) -> Key | None:
    """None for a plain one: it may be older than the encryption."""
    try:
        return None if kind_of(backup) is FileKind.PLAIN else key
    except OSError as error:
        raise HistoryError(
            f"The backup cannot be read: {error.strerror or error}.", kept=_NOTHING, details=repr(error)
        ) from error


def restore_backup(history: Path, backup: Path, key: Key | None = None) -> Restored:
    """Put a backup in the place of the history. What is there is backed up first, or set aside if damaged.

    Another Ponder may have an intact history open meanwhile, but not be writing an answer into it. Nobody may
    have a damaged one open. Raises `HistoryError`; then nothing was changed.
    """
    history = history.absolute()
    count = conversations_in(backup, key)
    if history.exists() and history.stat().st_size and is_intact(history, key):
        return Restored(count, _restore_over_intact(history, backup, key))
    return Restored(count, _put_in_place(history, key, lambda new: _copy_and_open(backup, new, key)))


def recover(history: Path, key: Key | None = None) -> tuple[Recovered, Path | None]:
    """Go on with what can be read of a damaged history; gives what that is, and where the damaged one is.

    Nobody may have it open. Raises `HistoryError`; then nothing was changed.
    """
    history = history.absolute()
    found: list[Recovered] = []

    def make(new: Path) -> None:
        if not count_what_can_be_read(history, key).turns:
            raise HistoryError(
                "Nothing of it can be read.",
                kept=_NOTHING,
                advice="Restore a backup, or begin an empty history.",
            )
        open_database(new, key, is_new_copy=True).dispose()
        found.append(copy_what_can_be_read(history, new, key))

    kept = _put_in_place(history, key, make)
    return found[0], kept


def start_empty(history: Path, key: Key | None = None) -> Path | None:
    """Go on with an empty history; gives where the damaged one is. Raises `HistoryError`."""
    return _put_in_place(
        history.absolute(), key, lambda new: open_database(new, key, is_new_copy=True).dispose()
    )


def _backups(history: Path) -> list[Backup]:
    try:
        return list_backups(history)
    except OSError as error:
        raise HistoryError(
            f"The backups cannot be read: {error.strerror or error}.", kept=_NOTHING, details=repr(error)
        ) from error


def _restore_over_intact(history: Path, backup: Path, key: Key | None) -> Path | None:
    """SQLite's own copying, in one transaction: whoever else has the history open sees it all at once."""
    with explained_errors(history, "restored", _NOTHING), backups.only_one(history):
        target = connect(history, key)
        try:
            _require_no_running_turn(target)
            is_worth_it = target.execute("SELECT 1 FROM conversations LIMIT 1").fetchone() is not None
            kept = None
            if is_worth_it:
                made = backups.replace_outdated(target, history, key, but_keep=backup)
                kept = (made or backups.make_backup(target, history, key, but_keep=backup)).path
            used = target.execute("SELECT seq, name FROM sqlite_sequence").fetchall()
            with _with_key(history, backup, key) as same, read_only(same, key) as source:
                source.backup(target)
            # An id never comes back: another Ponder may still have that conversation in front.
            target.executemany("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", used)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            target.close()
        open_database(history, key).dispose()  # brings an older schema up to date
    return kept


def _require_no_running_turn(connection: driver.Connection) -> None:
    if is_answer_written(connection):
        raise HistoryError(
            "The backup was not restored: an answer is being written.",
            kept=_NOTHING,
            advice="Wait for its end, or close Ponder.",
        )


@contextlib.contextmanager
def _with_key(history: Path, backup: Path, key: Key | None) -> Iterator[Path]:
    """The backup, or a copy of it with the key of the history: SQLite copies pages as they are."""
    backup = backup.absolute()
    if _key_of_backup(backup, key) == key:
        yield backup
        return
    plain = history.with_name(f"{backups.NEW_NAME}{os.getpid()}-plain.db")  # it is opened for writing
    try:
        _copy_file(backup, plain)
        with closing(connect(plain)) as source, copied(source, history, key, lambda _: None) as same:
            yield same
    finally:
        wipe_file(plain)
        for file in log_and_index(plain):
            file.unlink(missing_ok=True)


def _copy_and_open(backup: Path, new: Path, key: Key | None) -> None:
    with _with_key(new, backup, key) as same:
        _copy_file(same, new)
    open_database(new, key, is_new_copy=True).dispose()


def _copy_file(path: Path, to: Path) -> None:
    shutil.copyfile(path, to)
    to.chmod(0o600)


def _put_in_place(history: Path, key: Key | None, make: Callable[[Path], None]) -> Path | None:
    """Make a new history beside the damaged one, set that aside, put the new one in its place."""
    new = history.with_name(f"{backups.NEW_NAME}{os.getpid()}.db")
    try:
        backups.remove_unfinished(history)
        make(new)
        require_intact(new, key)
        sync(new)
        kept = _set_aside(history)
        new.replace(history)
        sync(history.parent)
    except OSError as error:
        raise HistoryError(
            f"The history could not be put in place: {error.strerror or error}.",
            kept="The damaged file is kept.",
            advice="Make room on the disk, or give yourself the right to write to Ponder's folder.",
            details=repr(error),
        ) from error
    finally:
        _remove(new)
    return kept


def _remove(new: Path) -> None:
    for file in (new, *log_and_index(new)):
        file.unlink(missing_ok=True)


def _set_aside(history: Path) -> Path | None:
    """Give the file and its log a second name; the log loses its first one, the file not yet.

    The log must not meet the new file, and there must be a file under the first name at every moment:
    Ponder would begin a new one.
    """
    if not history.exists() or not history.stat().st_size:
        for file in log_and_index(history):
            file.unlink(missing_ok=True)
        return None
    time = datetime.now(UTC).strftime(_TIME_FORMAT)
    kept, number = history.with_name(f"history.damaged-{time}.db"), 1
    while kept.exists():
        number += 1
        kept = history.with_name(f"history.damaged-{time}-{number}.db")
    of_history, of_kept = (history, *log_and_index(history)), (kept, *log_and_index(kept))
    for old, other in zip(of_history, of_kept, strict=True):
        if old.exists():
            _link_or_copy(old, other)
    sync(history.parent)
    for file in of_history[1:]:
        file.unlink(missing_ok=True)
    return kept


def _link_or_copy(old: Path, other: Path) -> None:
    try:
        os.link(old, other)
    except OSError:  # a file system without links
        _copy_file(old, other)
        sync(other)
