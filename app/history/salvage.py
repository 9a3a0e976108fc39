"""Reads what can be read of a damaged history, row by row around the damage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryLockedError
from app.history.connection import connect, explained_errors, read_only
from app.history.key import Key
from app.history.records import TurnState
from app.history.tables import conversations, folders, turns
from app.history.titles import title_from_question
from app.history.turn_tree import Node, TurnTree

_ROWS_AT_ONCE = 256
_MOST_FAILED_READS = 100_000
"""So many, and nothing more is to be had: a table without its first page gives none of its rows."""
_MAX_ID = 2**63 - 1
_UNREADABLE = (driver.DatabaseError, UnicodeDecodeError)
"""The driver reads the names of columns and SQLite's messages as UTF-8, and both may be damaged."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many conversations and turns can be read. `turns_known`: how many there were, as far as seen."""

    conversations: int
    turns: int
    turns_known: int


class _Source:
    """A damaged history, for reading only.

    SQLCipher refuses all of a file once one page of it was not good, so a connection with a key that failed
    is made anew. Raises `HistoryLockedError` where the file has another key.
    """

    def __init__(self, history: Path, key: Key | None) -> None:
        self._history = history
        self._key = key
        self._opened = ExitStack()
        self._connection = self._open()

    def fetch(self, statement: str, values: tuple[int, ...] = ()) -> list[Any]:
        """All rows. Raises one of `_UNREADABLE`."""
        try:
            found: list[Any] = self._connection.execute(statement, values).fetchall()
        except _UNREADABLE:
            if self._key is not None:
                self._connection = self._open()
            raise
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._opened.close()

    def _open(self) -> Any:
        self._opened.close()
        connection = self._opened.enter_context(read_only(self._history, self._key))
        connection.text_factory = _lossy
        return connection


def count_what_can_be_read(history: Path, key: Key | None = None) -> Recovered:
    """Changes nothing. A file of which nothing can be read, or that is not there, counts as nothing."""
    with suppress(driver.Error, UnicodeDecodeError, OSError, HistoryLockedError):
        if history.exists() and history.stat().st_size:
            with closing(_Source(history, key)) as source:
                titles = sum(1 for _ in _rows(source, conversations))
                readable = sum(1 for _ in _rows(source, turns))
                return Recovered(titles, readable, max(readable, _known_turns(source)))
    return Recovered(0, 0, 0)


def copy_what_can_be_read(history: Path, new: Path, key: Key | None = None) -> Recovered:
    """Copy it into a new, empty history. A row that breaks a rule of its table is left out.

    Turns whose conversation cannot be read get one with a title made from their question. Raises
    `HistoryError` where the new file cannot be written.
    """
    with (
        explained_errors(new, "written", "The damaged file is kept."),
        closing(_Source(history, key)) as source,
        closing(connect(new, key)) as target,
    ):
        target.execute("BEGIN IMMEDIATE")
        folder_ids = {row["id"] for row in _rows(source, folders) if _insert(target, folders, row)}
        count = sum(
            _insert(target, conversations, _in_its_folder(row, folder_ids))
            for row in _rows(source, conversations)
        )
        copied = 0
        last_of: dict[int, int] = {}
        for row in _rows(source, turns):
            count += _make_conversation_of(target, row)
            row.setdefault("parent_id", last_of.get(row["conversation_id"]))  # older schemas: a chain
            if _insert(target, turns, _ended(row)):
                copied += 1
                last_of[row["conversation_id"]] = row["id"]
        _put_paths_in_front(target)
        target.execute("COMMIT")
        return Recovered(count, copied, max(copied, _known_turns(source)))


def _lossy(untrusted_bytes: bytes) -> str:
    return untrusted_bytes.decode("utf-8", "replace")


def _rows(source: _Source, table: Table) -> Iterator[Row]:
    """Every row that can be read, by id: a range that fails is read in halves, down to the single rows."""
    try:
        there = [row[1] for row in source.fetch(f"PRAGMA table_info({table.name})")]
    except _UNREADABLE:
        return
    names = [column.name for column in table.columns if column.name in there]
    if "id" not in names:
        return
    statement = (
        f"SELECT {', '.join(names)} FROM {table.name} NOT INDEXED"
        f" WHERE id BETWEEN ? AND ? ORDER BY id LIMIT {_ROWS_AT_ONCE}"
    )
    ranges = [(1, _highest_id(source, table.name))]
    failed = 0
    while ranges and failed < _MOST_FAILED_READS:
        first, last = ranges.pop()
        if first > last:
            continue
        try:
            found = source.fetch(statement, (first, last))
        except _UNREADABLE:
            failed += 1
            middle = (first + last) // 2
            if first < last:
                ranges += [(middle + 1, last), (first, middle)]
            continue
        yield from (dict(zip(names, row, strict=True)) for row in found)
        if len(found) == _ROWS_AT_ONCE:
            ranges.append((found[-1][0] + 1, last))


def _highest_id(source: _Source, table: str) -> int:
    """The highest id that any part of the file knows of, 0 where none can be read."""
    highest = 0
    for statement in (
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",
        f"SELECT max(id) FROM {table} NOT INDEXED",
        "SELECT max(id) FROM (SELECT id FROM turns INDEXED BY ix_turns_conversation_id"
        " WHERE conversation_id > 0)"
        if table == "turns"
        else "SELECT max(conversation_id) FROM turns",
    ):
        with suppress(*_UNREADABLE):
            found = source.fetch(statement)
            if found and isinstance(found[0][0], int):
                highest = max(highest, found[0][0])
    return min(highest, _MAX_ID)


def _known_turns(source: _Source) -> int:
    """The index names every turn, and its pages are others than those of the table."""
    with suppress(*_UNREADABLE):
        count = source.fetch(
            "SELECT count(*) FROM turns INDEXED BY ix_turns_conversation_id WHERE conversation_id > 0"
        )
        return int(count[0][0])
    return 0


def _insert(target: Any, table: Table, row: Row) -> bool:
    names = ", ".join(row)
    marks = ", ".join("?" for _ in row)
    try:
        target.execute(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", tuple(row.values()))
    except driver.IntegrityError:  # damage that still reads as a row
        return False
    return True


def _put_paths_in_front(target: Any) -> None:
    """Turns may be missing: where each conversation ends now, and how long its path is."""
    for conversation_id, head in target.execute("SELECT id, head_turn_id FROM conversations").fetchall():
        nodes = target.execute(
            "SELECT id, parent_id, deleted_at_us IS NOT NULL FROM turns"
            " WHERE conversation_id = ? ORDER BY id",
            (conversation_id,),
        )
        path = TurnTree(Node(*node) for node in nodes).path(head)
        target.execute(
            "UPDATE conversations SET head_turn_id = ?, turn_count = ? WHERE id = ?",
            (path[-1] if path else None, len(path), conversation_id),
        )


def _in_its_folder(row: Row, folder_ids: set[int]) -> Row:
    """Where the folder cannot be read, the conversation is in none."""
    return row if row.get("folder_id") in folder_ids else row | {"folder_id": None}


def _ended(row: Row) -> Row:
    """A turn that ran when its file was damaged runs no more."""
    if row.get("state") != TurnState.RUNNING.value:
        return row
    return row | {"state": TurnState.INTERRUPTED.value, "owner_pid": None, "owner_started_at_s": None}


def _make_conversation_of(target: Any, turn: Row) -> bool:
    conversation_id = turn["conversation_id"]
    there = target.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    if there is not None:
        return False
    row = {
        "id": conversation_id,
        "title": title_from_question(str(turn["question"])),
        "created_at_us": turn["created_at_us"],
        "updated_at_us": turn["created_at_us"],
    }
    return _insert(target, conversations, row)
