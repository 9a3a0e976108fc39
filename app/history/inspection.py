"""A look at a history file from outside, for `ponder doctor`: it reads, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError
from app.history.connection import read_only
from app.history.key import Key
from app.history.tables import SEARCH_INDEXES, metadata
from models.reasoning import split_reply


@dataclass(frozen=True, slots=True)
class HistoryInspection:
    """What stands in the file. `problems`: what SQLite's own integrity check found, one a line.

    `unknown_columns` are those that no table of this version has ("table.column").
    `turns_with_thoughts`: turn ids whose answer holds an opening thinking tag outside code.
    """

    problems: tuple[str, ...]
    turn_count: int
    unknown_columns: tuple[str, ...]
    turns_with_thoughts: tuple[int, ...]


def sqlite_version() -> str:
    """The version of SQLite that keeps the history."""
    return str(driver.sqlite_version)


def inspect_history(path: Path, key: Key | None = None) -> HistoryInspection:
    """Read the whole file once. Raises `HistoryError` where it cannot be read, or not without its key."""
    try:
        with read_only(path.absolute(), key) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
            return HistoryInspection(
                problems=() if problems == ["ok"] else tuple(problems),
                turn_count=connection.execute("SELECT count(*) FROM turns").fetchone()[0],
                unknown_columns=_unknown_columns(connection),
                turns_with_thoughts=_turns_with_thoughts(connection),
            )
    except driver.Error as error:
        raise HistoryError(
            f"The history {path} cannot be read: {error}.", kept="Nothing was changed.", details=repr(error)
        ) from error


def _unknown_columns(connection: driver.Connection) -> tuple[str, ...]:
    known = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    rows = connection.execute(
        "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables, "
        "pragma_table_info(tables.name) AS columns "
        "WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return tuple(
        sorted(name for (name,) in rows if name not in known and not name.startswith(SEARCH_INDEXES))
    )


def _turns_with_thoughts(connection: driver.Connection) -> tuple[int, ...]:
    rows = connection.execute("SELECT id, answer FROM turns WHERE instr(answer, '<think>') ORDER BY id")
    # The empty thought in front makes the splitter take closing tags for text: an answer may quote one.
    return tuple(
        turn_id
        for turn_id, answer in rows
        if split_reply(f"<think></think>{answer}", starts_inside=False).reasoning
    )
