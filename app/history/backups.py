"""Copies of the history beside it: made in one piece, checked, and only then given their name.

They lie in `backups/` beside the history as `history-YYYY-MM-DDTHHMMSS.db` (UTC), for this user alone. An
answer that is being written is not in them: should the model take some of it back, no copy has it.

Deleting a conversation deletes it from the backups too. `note_deletion` leaves a mark before the
deletion is stored, and as long as there is one, `replace_after_deletions` has work: a new backup takes
the place of all others. A kill between the two only delays that. Backups with another key than the
history, or none, are replaced the same way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError
from app.history.connection import explained_errors, read_only, use_key
from app.history.file_kind import is_protected_as
from app.history.key import Key
from app.history.owner import Owner
from app.history.wiping import wipe_file

KEPT_BACKUPS = 7
_NAME = re.compile(r"history-(\d{4}-\d\d-\d\dT\d{6})\.db")
_TIME_FORMAT = "%Y-%m-%dT%H%M%S"
NEW_NAME = "history.new-"
"""How the name of a file begins that is about to take the place of a damaged history."""
_UNFINISHED = ".part"
_DELETION = "deleted-"
_LOCK_NAME = "backups.lock"
_LOCK_WAIT_S = 10.0
_SPARE_BYTES = 1024 * 1024
_IN_ONE_GO = timedelta(minutes=1)
_KEPT = "The history and the earlier backups are kept."


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy of the history. `made_at` is aware, in UTC."""

    path: Path
    made_at: datetime
    size_bytes: int


def backups_folder(history: Path) -> Path:
    """Where the backups of a history are; it may not be there yet."""
    return history.with_name("backups")


def list_backups(history: Path) -> list[Backup]:
    """All finished backups, the newest first. Raises OSError."""
    folder = backups_folder(history)
    if not folder.is_dir():
        return []
    found = []
    for file in folder.iterdir():
        if match := _NAME.fullmatch(file.name):
            made_at = datetime.strptime(match[1], _TIME_FORMAT).replace(tzinfo=UTC)
            found.append(Backup(file, made_at, file.stat().st_size))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


@contextlib.contextmanager
def only_one(history: Path, *, wait_s: float | None = None) -> Iterator[None]:
    """Hold the backups for oneself: one process at a time makes and prunes them. Raises `HistoryError`."""
    wait_s = _LOCK_WAIT_S if wait_s is None else wait_s
    folder = backups_folder(history)
    with _explained_os_errors():
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync(folder.parent)
        lock = FileLock(folder / _LOCK_NAME, timeout=wait_s, thread_local=False, is_singleton=False)
        try:
            lock.acquire()
        except Timeout as error:
            raise HistoryError(
                "The history could not be backed up: another Ponder is at it.",
                kept=_KEPT,
                advice="Try again in a minute.",
            ) from error
    try:
        yield
    finally:
        lock.release()


def make_backup(
    connection: Any, history: Path, key: Key | None = None, *, but_keep: Path | None = None
) -> Backup:
    """Copy the history as it is stored now, check the copy, and give it its name; prune what is too old.

    `connection`: the driver's, outside of any transaction. `key`: the history's, and the backup's then.
    `but_keep`: is not pruned, however old. Hold `only_one`. Raises `HistoryError`: the disk is full, or the
    history is damaged; then there is no new backup and the old ones are kept.
    """
    folder = backups_folder(history)
    with explained_errors(history, "backed up", _KEPT), _explained_os_errors():
        remove_unfinished(history)
        _require_room(connection, folder)
        final, made_at = _free_name(history)
        unfinished = final.with_name(final.name + _UNFINISHED)
        try:
            # SQLite takes an empty file for none, and this one has the right access rights.
            os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL, 0o600))
            _copy(connection, unfinished)
            _leave_out_what_is_being_written(unfinished, key)
            _require_same(connection, unfinished, history, key)
            sync(unfinished)
            unfinished.replace(final)
            sync(folder)
        finally:
            unfinished.unlink(missing_ok=True)
        for old in list_backups(history)[KEPT_BACKUPS:]:
            if old.path != but_keep:
                old.path.unlink(missing_ok=True)
        return Backup(final, made_at, final.stat().st_size)


def make_if_there_is_room(connection: Any, history: Path, key: Key | None = None) -> None:
    """The backup before a migration. On a full disk there is none: the migration is all or nothing anyway.

    Raises `HistoryError` for anything else, a damaged history above all.
    """
    with only_one(history):
        try:
            make_backup(connection, history, key)
        except HistoryError as error:
            if not isinstance(error, NoRoomError):
                raise


class NoRoomError(HistoryError):
    """There is no room on the disk for a backup."""


def note_deletion(history: Path) -> Path | None:
    """Leave a mark that the backups hold what is about to be deleted; call it before that is stored.

    None where there are no backups. Raises `HistoryError` where the mark cannot be made.
    """
    folder = backups_folder(history)
    if not folder.is_dir():
        return None
    mark = folder / f"{_DELETION}{uuid.uuid4().hex}"
    try:
        mark.touch(mode=0o600)
        sync(folder)
    except OSError as error:
        raise HistoryError(
            f"Nothing can be deleted from the backups: {error.strerror or error}.",
            kept="Nothing was deleted.",
            advice=f"Make room, or give yourself the right to write to {folder}.",
            details=repr(error),
        ) from error
    return mark


def has_deletions(history: Path) -> bool:
    """Whether the backups hold something that was deleted. Raises OSError."""
    return any(backups_folder(history).glob(f"{_DELETION}*"))


def has_other_keys(history: Path, key: Key | None) -> bool:
    """Whether there are backups with another key than the history, or without. Raises OSError."""
    return any(not is_protected_as(backup.path, key) for backup in list_backups(history))


def replace_outdated(
    connection: Any, history: Path, key: Key | None = None, *, but_keep: Path | None = None
) -> Backup | None:
    """Let one new backup take the place of all, where something was deleted or they have another key.

    None where neither is so.

    Where there is no room for it beside the old ones, they go first, once the history itself was read
    whole. `but_keep` stays in any case. Hold `only_one`. Raises `HistoryError`.
    """
    marks = _deletions(connection, history)
    if not marks:
        with _explained_os_errors():
            if not has_other_keys(history, key):
                return None
    try:
        newest = make_backup(connection, history, key, but_keep=but_keep)
    except NoRoomError:
        with explained_errors(history, "backed up", _KEPT):
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise
        _remove(history, marks, key, but={but_keep})
        return make_backup(connection, history, key)
    _remove(history, marks, key, but={but_keep, newest.path})
    return newest


def _deletions(connection: Any, history: Path) -> list[Path]:
    """The marks of deletions that are stored: nobody is between the two while the write lock is held."""
    with explained_errors(history, "backed up", _KEPT):
        connection.execute("BEGIN IMMEDIATE")
        try:
            return list(backups_folder(history).glob(f"{_DELETION}*"))
        finally:
            connection.execute("ROLLBACK")


def _remove(history: Path, marks: list[Path], key: Key | None, *, but: set[Path | None]) -> None:
    with _explained_os_errors():
        for backup in list_backups(history):
            if backup.path in but:
                continue
            if is_protected_as(backup.path, key):
                backup.path.unlink(missing_ok=True)
            else:
                wipe_file(backup.path)
        sync(backups_folder(history))
        for mark in marks:
            mark.unlink(missing_ok=True)


def remove_unfinished(history: Path) -> None:
    """Remove copies whose making was killed, with their logs. Hold `only_one`. Raises OSError."""
    for folder, name in (
        (backups_folder(history), f"*{_UNFINISHED}*"),
        (history.parent, f"{NEW_NAME}*"),
    ):
        for file in folder.glob(name):
            file.unlink(missing_ok=True)


def _require_room(connection: Any, folder: Path) -> None:
    pages, free_pages, page_bytes = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])  # SQLCipher gives a text for the last
        for name in ("page_count", "freelist_count", "page_size")
    )
    if shutil.disk_usage(folder).free < (pages - free_pages) * page_bytes + _SPARE_BYTES:
        raise _no_room()


def _copy(connection: Any, to: Path) -> None:
    try:
        connection.execute("VACUUM INTO ?", (str(to),))
    except driver.OperationalError as error:  # a quota, or somebody else filled the disk
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            raise _no_room() from error
        raise


def _no_room() -> NoRoomError:
    return NoRoomError(
        "The history was not backed up: there is no room on the disk for a copy of it.",
        kept=_KEPT,
        advice="Free some space on the disk.",
    )


def _free_name(history: Path) -> tuple[Path, datetime]:
    """A name for now; several in one second are named for the seconds that follow."""
    made_at = datetime.now(UTC).replace(microsecond=0)
    for backup in reversed(list_backups(history)):
        if timedelta() <= backup.made_at - made_at < _IN_ONE_GO:
            made_at = backup.made_at + timedelta(seconds=1)
    return backups_folder(history) / f"history-{made_at.strftime(_TIME_FORMAT)}.db", made_at


def _leave_out_what_is_being_written(copy: Path, key: Key | None) -> None:
    """Empty the answers of running turns whose process lives: a model may take back what it began."""
    connection = driver.connect(str(copy), isolation_level=None)
    try:
        use_key(connection, copy, key)
        connection.execute("PRAGMA journal_mode = OFF").fetchall()  # the copy has no name yet
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        running = connection.execute(
            "SELECT id, owner_pid, owner_started_at_s FROM turns WHERE owner_pid IS NOT NULL"
        ).fetchall()
        for turn_id, pid, started_at_s in running:
            if Owner(pid, started_at_s).is_alive():
                connection.execute("UPDATE turns SET answer = '' WHERE id = ?", (turn_id,))
    finally:
        connection.close()


def _require_same(original: Any, copy: Path, history: Path, key: Key | None) -> None:
    """The copy is whole and says of itself what the history does. Raises `HistoryError`, or as the driver."""
    with read_only(copy.absolute(), key) as connection:
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        for name in ("application_id", "user_version"):
            if (
                connection.execute(f"PRAGMA {name}").fetchone()
                != original.execute(f"PRAGMA {name}").fetchone()
            ):
                problem = f"{name} differs"
    if problem != "ok":
        raise HistoryError(
            "The history was not backed up: the copy was not good.",
            kept=_KEPT,
            advice="If this comes again, check the disk.",
            details=f"{problem} ({history})",
        )


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk itself. Raises OSError."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no such thing for a folder
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained_os_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _no_room() from error
        raise HistoryError(
            f"The history could not be backed up: {error.strerror or error}.",
            kept=_KEPT,
            advice="Make room on the disk, or give yourself the right to write to Ponder's folder.",
            details=repr(error),
        ) from error
