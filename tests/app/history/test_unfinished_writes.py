"""A kill while the history is written without its log leaves a journal: the next opening goes back by it."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError
from app.history.connection import use_key
from app.history.key import Key
from app.history.store import HistoryStore
from tests.app.history.filled import add_turn

KEY = Key(bytes(range(32)))
COUNT = 20


def fill(path: Path, key: Key | None) -> list[str]:
    with HistoryStore(path, key) as history:
        for number in range(COUNT):
            add_turn(history, f"Question {number}?", f"Answer {number}." + " More." * 300)
        return sorted(each.title for each in history.conversations())


def cut_before_the_end(path: Path, key: Key | None, found: Path) -> None:
    """Copy the files as a cut finds them right before a change is done: all is written, the journal there."""
    with closing(driver.connect(str(path), isolation_level=None)) as connection:
        use_key(connection, path, key)
        # Without syncing, the journal's length says how much of it counts, not a number written at each sync.
        for setting in ("synchronous = OFF", "locking_mode = EXCLUSIVE", "journal_mode = DELETE"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        connection.execute("BEGIN")
        connection.execute("PRAGMA user_version = 99")
        connection.execute("UPDATE turns SET answer = answer || 'never'")
        found.mkdir()
        shutil.copy(path.with_name(f"{path.name}-journal"), found)
        connection.execute("COMMIT")
    shutil.copy(path, found)


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_what_was_not_finished_is_undone_at_the_next_opening(tmp_path: Path, key: Key | None) -> None:
    path = tmp_path / "history.db"
    titles = fill(path, key)
    found = tmp_path / "found"
    cut_before_the_end(path, key, found)
    with HistoryStore(found / path.name, key) as history:
        assert sorted(each.title for each in history.conversations()) == titles
    assert not (found / "history.db-journal").exists()


def test_a_journal_beside_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(driver.connect(str(path), isolation_level=None)) as connection:
        connection.execute("CREATE TABLE turns (answer TEXT)")
        connection.executemany("INSERT INTO turns VALUES (?)", [("x" * 3000,)] * 20)
    found = tmp_path / "found"
    cut_before_the_end(path, None, found)
    before = (found / path.name).read_bytes()
    with pytest.raises(HistoryError):
        HistoryStore(found / path.name)
    assert (found / path.name).read_bytes() == before
    assert (found / "history.db-journal").exists()
