"""Fills the index of the search in the background, a little at a time, where there is much to take in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app.errors import HistoryError
from app.history import search_index
from app.history.connection import connect, explained_errors
from app.history.key import Key

ROWS_AT_ONCE = 100
"""About 20 ms: for so long nobody else can write."""
_KEPT = "Everything stored is kept."


class IndexBuilder:
    """Works on a thread and a connection of its own, as long as it works for somebody else.

    All methods are called from one thread, that of the history.
    """

    def __init__(self, history: Path, key: Key | None) -> None:
        self._history = history
        self._key = key
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._slice = threading.Lock()

    def begin(self, delay_s: float) -> None:
        """Go on after `delay_s` where the last one stopped; call it where there is something to take in."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(
                target=self._run, args=(delay_s,), name="history search index", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop after the rows in work; what is in the index stays."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the log of the history is emptied nobody may read or write it."""
        with self._slice:
            yield

    def _run(self, delay_s: float) -> None:
        if self._stopping.wait(delay_s):
            return
        try:
            with (
                explained_errors(self._history, "looked through", _KEPT),
                closing(connect(self._history, self._key)) as connection,
            ):
                self._build(connection)
        except HistoryError:
            # No room, or another program writes. A search says what is missing, and the next `begin` goes on.
            return

    def _build(self, connection: Any) -> None:
        is_done = False
        while not is_done and not self._stopping.is_set():
            began_s = time.monotonic()
            with self._slice:
                is_done = build_some(connection, ROWS_AT_ONCE)
            self._stopping.wait(time.monotonic() - began_s)  # others write too


def build_some(connection: Any, most_rows: int) -> bool:
    """Take in so many rows in one transaction. Says whether nothing is left. Raises the driver's errors."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        search_index.begin(connection)
        is_done = search_index.build(connection, most_rows)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return is_done
