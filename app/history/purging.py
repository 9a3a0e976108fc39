"""What is deleted goes for good: a slice at a time, so that nobody who writes waits for long.

A hidden row whose time of deletion is 0 cannot be brought back any more and waits to be purged; so a kill
between two slices leaves nothing but rows that are hidden. All functions take a driver's connection.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.history import backups, search_index
from app.history.connection import cut_log, log_and_index

SLICE_CHARACTERS = 8_192
"""Of questions and answers: about 20 ms on two cores of 2026, most of it for the search."""
_SLICE_TURNS = 100
_PAUSE_S = 0.03
"""At least, between two slices: whoever waits to write looks every 25 ms, for the first tenth of a second
(`sqliteDefaultBusyCallback` of SQLite)."""
_TABLES = ("conversations", "turns", "folders")
WRITTEN_ANEW_BYTES = 64 * 1024 * 1024
"""A history up to this size is written anew after a purge, which takes less than a second."""
_SPARE_BYTES = 1024 * 1024
_CUT_WAIT_S = 0.2
_CUT_TRIES = 10
_WAITING_TURNS = (
    "SELECT id, length(question) + length(answer) FROM turns WHERE deleted_at_us = 0"
    " OR conversation_id IN (SELECT id FROM conversations WHERE deleted_at_us = 0) LIMIT ?"
)


class Purge:
    """The purge of one open history: by its own thread, or by that of the upkeep."""

    def __init__(self, history: Path) -> None:
        """Call it before the history is opened: a log may hold what was purged before a kill."""
        self._history = history
        self._is_wiped = not _has_log(history)
        self.has_purged = False
        """Whether something was purged here that may not be wiped from the files yet."""

    def is_due(self, connection: Any) -> bool:
        """Whether anything waits to be purged, or to be wiped from the files."""
        return not self._is_wiped or _has(connection, "deleted_at_us = 0")

    def purge_some(self, connection: Any) -> bool:
        """Purge one slice, in the caller's transaction. Says whether nothing is left."""
        ids = _next_turns(connection)
        self._is_wiped = False
        self.has_purged = True
        with _noted(self._history):
            search_index.forget(connection, search_index.TURNS, ids)
            for turn_id in ids:
                _delete_turn(connection, turn_id)
            if connection.execute(_WAITING_TURNS, (1,)).fetchone() is not None:
                return False
            _delete_what_held_them(connection)
        return True

    def finish(self, connection: Any, stopping: threading.Event) -> None:
        """Purge all that waits, slice by slice, with time for others between, until `stopping` is set.

        Raises the driver's errors, `HistoryError`.
        """
        while not stopping.is_set() and _has(connection, "deleted_at_us = 0"):
            began_s = time.monotonic()
            with _transaction(connection):
                self.purge_some(connection)
            stopping.wait(max(_PAUSE_S, time.monotonic() - began_s))
        if not stopping.is_set() and not self._is_wiped:
            self.wipe(connection)

    def wipe(self, connection: Any) -> None:
        """Have no file hold what was purged, outside of any transaction; it stays due where others read.

        WORKAROUND: `secure_delete` does not reach copies that SQLite left in unused parts of a page when it
        moved rows to another page (`rebuildPage` in https://sqlite.org/src/file/src/btree.c does not clear
        them). So a history that is not large is written anew; in a large one they stay until they are
        overwritten.
        """
        if _can_be_written_anew(self._history):
            connection.execute("VACUUM")
        for _ in range(_CUT_TRIES):
            if cut_log(connection, _CUT_WAIT_S):
                self._is_wiped = True
                self.has_purged = False
                return


def has_hidden(connection: Any) -> bool:
    """Whether anything is hidden, whether or not it can be brought back."""
    return _has(connection, "deleted_at_us IS NOT NULL")


def give_up_undo(connection: Any) -> None:
    """What is hidden cannot be brought back from now on; in the caller's transaction."""
    for table in _TABLES:
        connection.execute(f"UPDATE {table} SET deleted_at_us = 0 WHERE deleted_at_us > 0")


def _has(connection: Any, rule: str) -> bool:
    return any(
        connection.execute(f"SELECT 1 FROM {table} WHERE {rule} LIMIT 1").fetchone() for table in _TABLES
    )


def _can_be_written_anew(history: Path) -> bool:
    """Whether it is small, and the disk has room for the log that this takes and for what the file grows."""
    try:
        size_bytes = history.stat().st_size
        free_bytes = shutil.disk_usage(history.parent).free
    except OSError:
        return False
    return size_bytes <= WRITTEN_ANEW_BYTES and free_bytes > 2 * size_bytes + _SPARE_BYTES


def _has_log(history: Path) -> bool:
    log, _ = log_and_index(history)
    try:
        return log.stat().st_size > 0
    except OSError:  # there is none, or whoever opens the history says what is wrong
        return False


def _next_turns(connection: Any) -> list[int]:
    """As many as make a slice, at least one if there is one."""
    ids: list[int] = []
    characters = 0
    for turn_id, length in connection.execute(_WAITING_TURNS, (_SLICE_TURNS,)).fetchall():
        characters += length
        if ids and characters > SLICE_CHARACTERS:
            break
        ids.append(turn_id)
    return ids


def _delete_turn(connection: Any, turn_id: int) -> None:
    """What followed it then follows the turn before it."""
    conversation_id, parent_id = connection.execute(
        "SELECT conversation_id, parent_id FROM turns WHERE id = ?", (turn_id,)
    ).fetchone()
    connection.execute(
        "UPDATE turns SET parent_id = ? WHERE conversation_id = ? AND parent_id = ?",
        (parent_id, conversation_id, turn_id),
    )
    connection.execute("DELETE FROM turns WHERE id = ?", (turn_id,))


def _delete_what_held_them(connection: Any) -> None:
    gone = connection.execute("SELECT id FROM conversations WHERE deleted_at_us = 0").fetchall()
    search_index.forget(connection, search_index.TITLES, [row[0] for row in gone])
    for table in ("conversations", "folders"):
        connection.execute(f"DELETE FROM {table} WHERE deleted_at_us = 0")


@contextlib.contextmanager
def _noted(history: Path) -> Iterator[None]:
    """With the mark that the backups hold what is purged inside.

    One for each slice, inside its transaction: a backup that is made between two slices takes away the marks
    it found, but holds the second one's turns still.
    """
    mark = backups.note_deletion(history)
    try:
        yield
    except BaseException:
        if mark is not None:
            mark.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _transaction(connection: Any) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
