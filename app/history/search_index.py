"""The index of the search, in the file of the history: which turns and titles hold which terms.

Both tables are FTS5 without content and without places: from a term to ids. What is found is read from the
turns themselves. In the index is, of every turn and conversation between `oldest_id` and `newest_id` of
`search_state`, what the row holds now; but for turns that are running, which the search reads directly.
So an answer goes in once, when it ends. Rows that come from elsewhere have higher ids: `build` finds them.

The index stands on shelves of 8,192 ids each: every term has the number of its shelf in front. A search
goes from the newest shelf to the oldest and stops when it has enough, and to delete a row securely FTS5
walks through the list of each of its terms, which would be long without them.

All functions take a driver's connection inside a transaction that may write.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.history.search_words import terms_of

VERSION = f"1, Unicode {unicodedata.unidata_version}"
"""Of the way from a text to its terms. An index of another version is emptied and built anew."""
SHELF_IDS = 8_192
AT_ONCE = 100
_MOST_COUNTED = 10_000
_NOT_BEGUN = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Source:
    """A table, its index, the columns that are looked through, and which rows are."""

    table: str
    index: str
    columns: str
    rule: str


TURNS = Source("turns", "turns_search", "question, answer", "owner_pid IS NULL")
TITLES = Source("conversations", "titles_search", "title", "TRUE")
_SOURCES = (TITLES, TURNS)


def begin(connection: Any) -> None:
    """Empty an index of another version. What there is now counts as older than all that it holds."""
    for source in _SOURCES:
        found = connection.execute(
            "SELECT version FROM search_state WHERE name = ?", (source.index,)
        ).fetchone()
        if found is None or found[0] != VERSION:
            empty(connection, source)


def empty(connection: Any, source: Source) -> None:
    """Wipe an index; `build` fills it again."""
    connection.execute(f"INSERT INTO {source.index}({source.index}) VALUES ('delete-all')")
    highest = connection.execute(f"SELECT coalesce(max(id), 0) FROM {source.table}").fetchone()[0]
    connection.execute(
        "INSERT OR REPLACE INTO search_state (name, version, oldest_id, newest_id) VALUES (?, ?, ?, ?)",
        (source.index, VERSION, highest + 1, highest),
    )


def empty_all(connection: Any) -> None:
    """Wipe both; `build` fills them again."""
    for source in _SOURCES:
        empty(connection, source)


def build(connection: Any, most_rows: int) -> bool:
    """Take in so many rows, the newest first. Says whether there was nothing left to do."""
    left = most_rows
    for source in _SOURCES:
        left -= _build_upwards(connection, source, left)
    for source in _SOURCES:
        left -= _build_downwards(connection, source, left)
    return left > 0


def take_in_new(connection: Any) -> None:
    """Take in what came since, up to a number that takes a moment; `build` does the rest."""
    for source in _SOURCES:
        _build_upwards(connection, source, AT_ONCE)


def is_complete(connection: Any) -> bool:
    """Whether both hold all that they should. Only reads."""
    for source in _SOURCES:
        state = connection.execute(
            "SELECT version, oldest_id, newest_id FROM search_state WHERE name = ?", (source.index,)
        ).fetchone()
        if state is None or state[0] != VERSION:
            return False
        for rule, edge in ((f"id > ? AND {source.rule}", state[2]), ("id < ?", state[1])):
            if connection.execute(f"SELECT 1 FROM {source.table} WHERE {rule} LIMIT 1", (edge,)).fetchone():
                return False
    return True


def missing_turns(connection: Any) -> int:
    """About how many turns are not in the index yet, counted up to some thousands where they are new."""
    oldest, newest = _range(connection, TURNS)
    lowest = connection.execute("SELECT min(id) FROM turns").fetchone()[0]
    below = max(0, oldest - lowest) if lowest is not None else 0
    above = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM turns WHERE id > ? AND owner_pid IS NULL LIMIT ?)",
        (newest, _MOST_COUNTED),
    ).fetchone()[0]
    return int(below + above)


def forget(connection: Any, source: Source, ids: Iterable[int]) -> None:
    """Take rows out, before they are changed or deleted. The text of them must be what it was."""
    for some in _portions(ids):
        rows = connection.execute(
            f"SELECT id, {source.columns} FROM {source.table} WHERE id IN ({_marks(some)})"
            f" AND id IN (SELECT id FROM {source.index}_docsize WHERE id IN ({_marks(some)}))",
            (*some, *some),
        ).fetchall()
        connection.executemany(
            f"INSERT INTO {source.index}({source.index}, rowid, terms) VALUES ('delete', ?, ?)",
            [(row[0], _terms(row)) for row in rows],
        )


def take_in(connection: Any, source: Source, ids: Iterable[int]) -> None:
    """Put rows in that are new or were changed, after that. One that is running stays out."""
    take_in_new(connection)
    oldest, newest = _range(connection, source)
    for some in _portions(each for each in ids if oldest <= each <= newest):
        rows = connection.execute(
            f"SELECT id, {source.columns} FROM {source.table} WHERE id IN ({_marks(some)})"
            f" AND id NOT IN (SELECT id FROM {source.index}_docsize WHERE id IN ({_marks(some)}))"
            f" AND {source.rule} ORDER BY id",
            (*some, *some),
        ).fetchall()
        _insert(connection, source, rows)


@contextmanager
def changed_turns(connection: Any, ids: Sequence[int]) -> Iterator[None]:
    """Turns that are written inside: they are in the index afterwards as they are then."""
    forget(connection, TURNS, ids)
    yield
    take_in(connection, TURNS, ids)


def is_sound(connection: Any) -> bool:
    """Whether the index holds those rows that it should, by their ids. Reads no text."""
    for source in _SOURCES:
        oldest, newest = _range(connection, source)
        strays = connection.execute(
            f"SELECT 1 FROM {source.index}_docsize WHERE id NOT BETWEEN ? AND ?"
            f" OR id NOT IN (SELECT id FROM {source.table}) LIMIT 1",
            (oldest, newest),
        ).fetchone()
        missing = connection.execute(
            f"SELECT 1 FROM {source.table} WHERE id BETWEEN ? AND ? AND {source.rule}"
            f" AND id NOT IN (SELECT id FROM {source.index}_docsize) LIMIT 1",
            (oldest, newest),
        ).fetchone()
        if strays is not None or missing is not None:
            return False
    return True


def mend(connection: Any) -> None:
    """Empty an index that does not fit the history, in a transaction of its own; `build` fills it again."""
    connection.execute("BEGIN")
    try:
        fits = is_sound(connection)
    finally:
        connection.execute("ROLLBACK")
    if not fits:
        connection.execute("BEGIN IMMEDIATE")
        empty_all(connection)
        connection.execute("COMMIT")


def _build_upwards(connection: Any, source: Source, most_rows: int) -> int:
    _, newest = _range(connection, source)
    rows = connection.execute(
        f"SELECT id, {source.columns} FROM {source.table} WHERE id > ? AND {source.rule} ORDER BY id LIMIT ?",
        (newest, most_rows),
    ).fetchall()
    if rows:
        _insert(connection, source, rows)
        _note(connection, source, "newest_id", rows[-1][0])
    return len(rows)


def _build_downwards(connection: Any, source: Source, most_rows: int) -> int:
    oldest, _ = _range(connection, source)
    rows = connection.execute(
        f"SELECT id, {source.columns}, {source.rule} FROM {source.table} WHERE id < ?"
        " ORDER BY id DESC LIMIT ?",
        (oldest, most_rows),
    ).fetchall()
    if rows:
        _insert(connection, source, [row[:-1] for row in reversed(rows) if row[-1]])
        _note(connection, source, "oldest_id", rows[-1][0])
    return len(rows)


def _insert(connection: Any, source: Source, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.executemany(
        f"INSERT INTO {source.index}(rowid, terms) VALUES (?, ?)", [(row[0], _terms(row)) for row in rows]
    )


def _terms(row: tuple[Any, ...]) -> str:
    return terms_of("\n".join(row[1:]), shelf_of(row[0]))


def shelf_of(row_id: int) -> str:
    """What stands before the terms of a row: no number ends in z, so no shelf begins as another one does."""
    return f"{row_id // SHELF_IDS:x}z"


def _range(connection: Any, source: Source) -> tuple[int, int]:
    found = connection.execute(
        "SELECT oldest_id, newest_id FROM search_state WHERE name = ?", (source.index,)
    ).fetchone()
    return (found[0], found[1]) if found is not None else (_NOT_BEGUN, _NOT_BEGUN)


def _note(connection: Any, source: Source, column: str, row_id: int) -> None:
    connection.execute(f"UPDATE search_state SET {column} = ? WHERE name = ?", (row_id, source.index))


def _portions(ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    rest = iter(ids)
    while some := tuple(islice(rest, AT_ONCE)):
        yield some


def _marks(ids: tuple[int, ...]) -> str:
    return ", ".join("?" * len(ids))
