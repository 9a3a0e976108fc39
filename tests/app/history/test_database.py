from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError, HistoryTooNewError
from app.history import connection as history_connection
from app.history import database
from app.history.database import MIGRATIONS, NEWEST_SCHEMA, open_database
from app.history.file_kind import APPLICATION_ID
from app.history.migrations import m0001_conversations_and_turns, m0002_context_of_a_conversation
from app.history.store import HistoryStore
from app.history.tables import SEARCH_INDEXES, metadata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder with 100% odd ? # names é"
    folder.mkdir()
    return folder / "history.db"


@contextmanager
def plain_connection(path: Path) -> Iterator[Any]:
    with closing(driver.connect(str(path), isolation_level=None)) as connection:
        yield connection


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def schema_of(connection: Any) -> list[tuple[str, str, list[str]]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    return [
        (kind, name, sorted(parts_of(sql)))
        for kind, name, sql in rows
        if not name.startswith(SEARCH_INDEXES)  # FTS5 makes its own tables
    ]


def parts_of(sql: str) -> list[str]:
    """The columns and rules of a table, white space apart. A later column stands at the end.

    A later column has its foreign key beside it, where SQLAlchemy makes a rule of its own of it.
    """
    parts, depth = [""], 0
    sql = re.sub(r"(\w+) INTEGER\s+(CONSTRAINT \w+) (?=REFERENCES)", r"\1 INTEGER, \2 FOREIGN KEY(\1) ", sql)
    for character in "".join(sql.split()):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += character
    begin, end = parts[0].partition("("), parts[-1].rpartition(")")
    if len(parts) == 1:
        return parts
    return [begin[0], begin[2], *parts[1:-1], end[0], end[2]]


def test_the_safe_settings_read_back(path: Path) -> None:
    """The settings of the only connection that the history uses."""
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "secure_delete": 1,
        "temp_store": 2,
        "cell_size_check": 1,
        "mmap_size": 0,
        "trusted_schema": 0,
        "application_id": APPLICATION_ID,
        "user_version": NEWEST_SCHEMA,
    }
    engine = open_database(path)
    try:
        with engine.connect() as connection:
            assert {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected
            } == expected
            version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
            assert tuple(map(int, version.split("."))) >= (3, 51, 3), "older ones have the WAL reset bug"
    finally:
        engine.dispose()


def test_a_disk_that_refuses_a_setting_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(history_connection.SAFE_SETTINGS, "journal_mode", ("DELETE", "wal"))
    with pytest.raises(HistoryError, match="cannot keep it safely") as caught:
        HistoryStore(path)
    assert "journal_mode" in caught.value.details


def test_the_migrations_make_the_tables(path: Path, tmp_path: Path) -> None:
    open_database(path).dispose()
    other = tmp_path / "from_tables.db"
    engine = create_engine("sqlite+pysqlite://", module=driver, creator=lambda: driver.connect(str(other)))
    metadata.create_all(engine)
    engine.dispose()
    with plain_connection(path) as migrated, plain_connection(other) as made:
        assert schema_of(migrated) == schema_of(made)
        assert [name for _, name, _ in schema_of(migrated)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "question", "m")

    def half(execute: Any) -> None:
        execute("ALTER TABLE turns ADD COLUMN extra TEXT")
        execute("THIS IS NO SQL")

    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, half))
    monkeypatch.setattr(database, "NEWEST_SCHEMA", NEWEST_SCHEMA + 1)
    with pytest.raises(HistoryError, match="could not be opened"):
        HistoryStore(path)
    monkeypatch.undo()
    with HistoryStore(path) as history:
        assert history.conversation(turn.conversation_id).turns == (turn,)


def test_an_older_file_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "question", "m")
    monkeypatch.setattr(
        database, "MIGRATIONS", (*MIGRATIONS, lambda execute: execute("CREATE TABLE more (id INTEGER)"))
    )
    monkeypatch.setattr(database, "NEWEST_SCHEMA", NEWEST_SCHEMA + 1)
    with HistoryStore(path) as history:
        assert history.conversation(turn.conversation_id).turns == (turn,)
    with plain_connection(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST_SCHEMA + 1,)
        assert connection.execute("SELECT count(*) FROM more").fetchone() == (0,)


def test_a_file_of_schema_1_keeps_its_conversations(path: Path) -> None:
    with plain_connection(path) as connection:
        m0001_conversations_and_turns.migrate(connection.execute)
        connection.execute("INSERT INTO conversations VALUES (7, 'An old one', 1, 2)")
        connection.execute(
            "INSERT INTO turns VALUES (9, 7, 'How?', 'So.', 'finished', 'm', 3, 1, 0, 4, 2, 0, 0.5, 1.5, 9.0,"
            " 'model', '', NULL, NULL)"
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    with HistoryStore(path) as history:
        conversation = history.conversation(7)
        assert (conversation.summary.title, conversation.summary.context_tokens) == ("An old one", 0)
        (turn,) = conversation.turns
        assert (turn.question, turn.answer, turn.usage.answer_s) == ("How?", "So.", 0.0)
        history.set_context(7, 4096)
    with HistoryStore(path) as history:
        assert history.conversation(7).summary.context_tokens == 4096


def test_a_file_of_schema_2_becomes_chains_of_turns(path: Path) -> None:
    with plain_connection(path) as connection:
        m0001_conversations_and_turns.migrate(connection.execute)
        m0002_context_of_a_conversation.migrate(connection.execute)
        for conversation_id in (7, 8, 9):
            connection.execute(
                "INSERT INTO conversations VALUES (?, 'An old one', 1, 2, 4096)", (conversation_id,)
            )
        for turn_id, conversation_id in ((3, 7), (4, 8), (5, 7), (9, 8), (12, 7)):
            connection.execute(
                "INSERT INTO turns VALUES (?, ?, 'How?', 'So.', 'finished', 'm', 3, 1, 0, 4, 2, 0, 0.5, 1.5,"
                " 9.0, 'model', '', NULL, NULL, 2.5)",
                (turn_id, conversation_id),
            )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 2")
    with HistoryStore(path) as history:
        listed = {each.id: each for each in history.conversations()}
        assert {each.id: each.turn_count for each in listed.values()} == {7: 3, 8: 2, 9: 0}
        first, second, empty = (history.conversation(each) for each in (7, 8, 9))
        assert [(turn.id, turn.parent_id) for turn in first.turns] == [(3, None), (5, 3), (12, 5)]
        assert [(turn.id, turn.parent_id) for turn in second.turns] == [(4, None), (9, 4)]
        assert (empty.turns, first.versions) == ((), {})
        for conversation in (first, second, empty):
            assert conversation.summary == listed[conversation.summary.id]
            assert conversation.summary.context_tokens == 4096
        assert first.turns[0].usage.answer_s == 2.5
        assert history.begin_turn(7, "And?", "m").parent_id == 12
        assert history.begin_turn(9, "First?", "m").parent_id is None


def test_a_newer_history_is_not_touched(path: Path) -> None:
    HistoryStore(path).close()
    with plain_connection(path) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST_SCHEMA + 1}")
    before = files_of(path.parent)
    assert list(before) == ["history.db"]
    with pytest.raises(HistoryTooNewError, match="newer Ponder") as caught:
        HistoryStore(path)
    assert "not touched" in caught.value.kept
    assert files_of(path.parent) == before


def test_a_newer_history_that_a_crash_left_in_its_log_is_not_touched(path: Path) -> None:
    HistoryStore(path).close()
    crashed = path.parent.parent / "crashed"
    crashed.mkdir()
    with plain_connection(path) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST_SCHEMA + 1}")
        for name in ("history.db", "history.db-wal"):
            shutil.copy(path.parent / name, crashed / name)
    before = files_of(crashed)
    with pytest.raises(HistoryTooNewError):
        HistoryStore(crashed / "history.db")
    after = files_of(crashed)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("log_bytes", [0, 31, 32, 33, 100])
def test_a_log_that_a_kill_left_without_content_is_no_obstacle(path: Path, log_bytes: int) -> None:
    """With 32 bytes, the header alone, SQLite's own way of only reading tries for ten seconds in vain."""
    crashed = path.parent.parent / "crashed"
    crashed.mkdir()
    HistoryStore(path).close()
    shutil.copy(path, crashed)
    with HistoryStore(path) as history:
        history.begin_turn(None, "question", "m")
        for name in ("history.db-wal", "history.db-shm"):
            shutil.copy(path.with_name(name), crashed)
    os.truncate(crashed / "history.db-wal", log_bytes)
    began = time.monotonic()
    with HistoryStore(crashed / "history.db") as history:
        assert history.conversations() == []
        history.begin_turn(None, "question", "m")
    assert time.monotonic() - began < 5


def make_another_programs_database(path: Path) -> None:
    with plain_connection(path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


def make_a_database_of_another_id(path: Path) -> None:
    with plain_connection(path) as connection:
        connection.execute("PRAGMA application_id = 0x0F055111")


def make_a_damaged_header(path: Path) -> None:
    HistoryStore(path).close()
    content = bytearray(path.read_bytes())
    content[16:40] = os.urandom(24)
    path.write_bytes(content)


def make_a_history_cut_short(path: Path) -> None:
    HistoryStore(path).close()
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("Dear diary, " * 100), "not a history of Ponder"),
        (lambda path: path.write_text("x"), "not a history of Ponder"),
        (make_another_programs_database, "database of another program"),
        (make_a_database_of_another_id, "database of another program"),
        (make_a_damaged_header, "damaged"),
        (make_a_history_cut_short, "damaged"),
    ],
)
def test_another_file_is_refused_and_not_touched(path: Path, make: Any, words: str) -> None:
    make(path)
    before = files_of(path.parent)
    with pytest.raises(HistoryError, match=words) as caught:
        HistoryStore(path)
    assert "Nothing was changed" in caught.value.kept
    assert caught.value.advice
    assert files_of(path.parent) == before


def test_damaged_pages_are_an_error_in_words(path: Path) -> None:
    with HistoryStore(path) as history:
        for number in range(200):
            history.begin_turn(None, f"question {number} " * 30, "m")
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(0xA5 for _ in content[4096:])
    path.write_bytes(content)
    with pytest.raises(HistoryError, match="damaged") as caught, HistoryStore(path) as history:
        history.conversations()
    assert "Keep a copy" in caught.value.advice


def test_a_folder_a_pipe_and_a_missing_folder_are_refused(path: Path) -> None:
    with pytest.raises(HistoryError, match="not a history"):
        HistoryStore(path.parent)
    with pytest.raises(HistoryError, match="No such file"):
        HistoryStore(path.parent / "missing" / "history.db")
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        with pytest.raises(HistoryError, match="not a history"):
            HistoryStore(path)


def test_an_empty_file_becomes_a_history(path: Path) -> None:
    path.touch()
    with HistoryStore(path) as history:
        assert history.conversations() == []


def test_a_locked_history_is_an_error_in_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    HistoryStore(path).close()
    monkeypatch.setitem(history_connection.SAFE_SETTINGS, "busy_timeout", ("20", 20))
    with HistoryStore(path) as history, plain_connection(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="another program is using it") as caught:
            history.begin_turn(None, "question", "m")
        assert "Everything stored before is kept" in caught.value.kept
        assert "question" not in caught.value.details
        other.execute("ROLLBACK")
        history.begin_turn(None, "question", "m")


def test_a_broken_rule_shows_no_text_of_the_chat(path: Path) -> None:
    engine = open_database(path)
    try:
        with engine.begin() as connection, pytest.raises(Exception, match="CHECK constraint") as caught:
            connection.exec_driver_sql(
                "INSERT INTO conversations (title, created_at_us, updated_at_us) VALUES (?, 0, 0)",
                ("a\nsecret",),
            )
        assert "secret" not in str(caught.value)
    finally:
        engine.dispose()
