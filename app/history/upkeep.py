"""What a history needs now and then: the rest of a purge, the day's backup, the check of every page."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.history import backups, search_index
from app.history.connection import connect, damaged, explained_errors
from app.history.database import CHECKED_AT_OPENING_BYTES
from app.history.key import Key
from app.history.purging import Purge

FULL_CHECK_EVERY_S = 7 * 24 * 3600.0
_CHECKED_NAME = "checked"
"""An empty file in the folder of the backups: its time is that of the last check of everything."""
_ONCE_MORE_S = 0.05


class Upkeep:
    """Works on a thread and a connection of its own, so that nobody waits for it.

    `begin`, `stop` and `do_now` are called from one thread, that of the history.
    """

    def __init__(self, history: Path, purge: Purge, key: Key | None = None) -> None:
        self._history = history
        self._purge = purge
        self._key = key
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._connection: Any = None
        self._done_on: date | None = None
        self._begun: tuple[Callable[[AppError], None], float] | None = None

    def begin(
        self, notice: Callable[[AppError], None], delay_s: float = 0.0, *, has_purge: bool = False
    ) -> None:
        """Do what is due, after `delay_s`; `notice` gets what went wrong, on the thread of the upkeep.

        Nothing happens where nothing is due: call it as often as there is time.
        """
        if (self._thread is not None and self._thread.is_alive()) or not (has_purge or self._is_due()):
            return
        self._stopping.clear()
        self._begun = notice, delay_s
        self._thread = threading.Thread(
            target=self._run, args=(notice, delay_s), name="history upkeep", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Break off what is being done; the next `begin` does it."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        while thread is not None and thread.is_alive():
            connection = self._connection
            if connection is not None:
                connection.interrupt()
            thread.join(_ONCE_MORE_S)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Break off what is being done, and begin it again afterwards."""
        begun = self._begun if self._thread is not None and self._thread.is_alive() else None
        self.stop()
        try:
            yield
        finally:
            if begun is not None:
                self.begin(*begun, has_purge=True)

    def do_now(self) -> None:
        """Do what is due before this returns. Raises `HistoryError`, `HistoryDamagedError`."""
        self.stop()
        self._stopping.clear()
        self._work()

    def back_up(self) -> backups.Backup:
        """Make a backup now; what was deleted goes from the others. Raises `HistoryError`."""
        self.stop()
        with explained_errors(self._history, "backed up", "Nothing was changed."):
            connection = connect(self._history, self._key)
            try:
                with backups.only_one(self._history):
                    replaced = backups.replace_outdated(connection, self._history, self._key)
                    return replaced or backups.make_backup(connection, self._history, self._key)
            finally:
                connection.close()

    def _is_due(self) -> bool:
        return (
            self._done_on != _today()
            or backups.has_deletions(self._history)
            or backups.has_other_keys(self._history, self._key)
        )

    def _run(self, notice: Callable[[AppError], None], delay_s: float) -> None:
        if self._stopping.wait(delay_s):
            return
        try:
            self._work()
        except AppError as error:
            if not self._stopping.is_set():
                self._done_on = _today()  # said once a day
                notice(error)

    def _work(self) -> None:
        with explained_errors(self._history, "looked after", "Nothing was changed."):
            connection = connect(self._history, self._key)
            self._connection = connection
            try:
                self._work_with(connection)
            finally:
                self._connection = None
                connection.close()

    def _work_with(self, connection: Any) -> None:
        self._purge.finish(connection, self._stopping)
        if self._stopping.is_set() or not self._has_work(connection):
            return
        with backups.only_one(self._history):
            self._check(connection)
            replaced = backups.replace_outdated(connection, self._history, self._key)
            if not replaced and self._backup_is_due():
                backups.make_backup(connection, self._history, self._key)
        self._done_on = _today()

    def _has_work(self, connection: Any) -> bool:
        """An empty history leaves no folder behind."""
        if backups.list_backups(self._history) or backups.has_deletions(self._history):
            return True
        return connection.execute("SELECT 1 FROM conversations LIMIT 1").fetchone() is not None

    def _backup_is_due(self) -> bool:
        return all(each.made_at.date() != _today() for each in backups.list_backups(self._history))

    def _check(self, connection: Any) -> None:
        """All of it once a week; at each start its pages, where that would have been too long to wait for."""
        stamp = backups.backups_folder(self._history) / _CHECKED_NAME
        is_full = not stamp.exists() or abs(time.time() - stamp.stat().st_mtime) > FULL_CHECK_EVERY_S
        is_large = self._history.stat().st_size > CHECKED_AT_OPENING_BYTES
        if not is_full and not is_large:
            return
        check = "PRAGMA integrity_check(1)" if is_full else "PRAGMA quick_check(1)"
        problem = connection.execute(check).fetchone()[0]
        if problem != "ok":
            raise damaged(self._history, "checked", problem)
        if is_full:
            search_index.mend(connection)
            stamp.touch(mode=0o600)


def _today() -> date:
    return datetime.now(UTC).date()
