"""An encrypted history does all that a plain one does, and no byte on the disk can be read."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import HistoryDamagedError, HistoryError, HistoryLockedError
from app.history import backups
from app.history.connection import SAFE_SETTINGS, connect, read_only
from app.history.damage import (
    conversations_in,
    newest_good_backup,
    recover,
    restore_backup,
    start_empty,
    what_is_left,
)
from app.history.database import open_database
from app.history.file_kind import FileKind, key_id_in, kind_of
from app.history.inspection import inspect_history
from app.history.key import Key
from app.history.store import HistoryStore
from tests.app.history.filled import add_turn, holds, spoil

KEY = Key(bytes(range(32)))
OTHER = Key(bytes(32))
CANARY = "Theodora's secret"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history é"
    folder.mkdir()
    return folder / "history.db"


def fill(path: Path, count: int, key: Key | None = KEY) -> None:
    with HistoryStore(path, key) as history:
        for number in range(count):
            add_turn(history, f"{CANARY} {number}?", f"Answer {number}." + " More." * 300)


def titles(path: Path, key: Key | None = KEY) -> list[str]:
    with HistoryStore(path, key) as history:
        return sorted(each.title for each in history.conversations())


def back_up(path: Path, key: Key | None = KEY) -> backups.Backup:
    with closing(connect(path, key)) as connection, backups.only_one(path):
        return backups.make_backup(connection, path, key)


def test_no_byte_of_it_can_be_read_nor_of_its_log_and_backups(path: Path) -> None:
    with HistoryStore(path, KEY) as history:
        add_turn(history, f"{CANARY}?", f"{CANARY}.")
        assert (path.parent / "history.db-wal").stat().st_size > 1000
        backup = history.back_up()
        assert holds(path.parent, CANARY) == []
        assert holds(path.parent, "SQLite format") == []
        assert history.search("Theodora")
    assert key_id_in(path) == key_id_in(backup.path) == KEY.id
    assert kind_of(path) is kind_of(backup.path) is FileKind.ENCRYPTED
    assert titles(path) == [f"{CANARY}?"]
    fill(path.parent.parent / "plain.db", 1, None)
    assert holds(path.parent.parent, CANARY) == ["plain.db"]  # the look finds what is there


def test_it_is_as_safe_as_a_plain_one(path: Path) -> None:
    fill(path, 1)
    with closing(connect(path, KEY)) as connection:
        for name, (_, expected) in SAFE_SETTINGS.items():
            assert connection.execute(f"PRAGMA {name}").fetchone()[0] == expected
        assert connection.execute("PRAGMA cipher_integrity_check").fetchall() == []


@pytest.mark.parametrize("key", [None, OTHER])
def test_a_wrong_key_is_an_error_of_its_own_and_changes_nothing(path: Path, key: Key | None) -> None:
    fill(path, 2)
    backup = back_up(path)
    before = {file: file.read_bytes() for file in path.parent.rglob("*.db")}
    for attempt in (
        lambda: HistoryStore(path, key),
        lambda: inspect_history(path, key),
        lambda: conversations_in(backup.path, key),
        lambda: connect(path, key),
    ):
        with pytest.raises(HistoryLockedError) as caught:
            attempt()
        assert not isinstance(caught.value, HistoryDamagedError)
        assert KEY.secret.hex() not in repr(caught.value) + str(caught.value) + caught.value.details
    assert newest_good_backup(path, key) is None
    assert {file: file.read_bytes() for file in path.parent.rglob("*.db")} == before


def test_nothing_is_written_to_standard_error(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fill(path, 2)
    with pytest.raises(HistoryLockedError):
        HistoryStore(path, OTHER)
    spoil(path, 4, 5)
    with pytest.raises(HistoryDamagedError):
        HistoryStore(path, KEY)
    assert capfd.readouterr() == ("", "")


def test_what_is_no_history_is_told_apart(path: Path) -> None:
    assert kind_of(path) is FileKind.EMPTY
    fill(path, 1)
    assert kind_of(path) is FileKind.ENCRYPTED
    content = path.read_bytes()
    path.write_bytes(b"no database " * 1000)
    assert kind_of(path) is FileKind.OTHER
    for key in (None, KEY):
        with pytest.raises(HistoryDamagedError, match="its beginning is damaged"):
            HistoryStore(path, key)
    path.write_bytes(content[:16] + os.urandom(4080) + content[4096:])
    with pytest.raises(HistoryDamagedError):  # it names this key, so it is not locked
        HistoryStore(path, KEY)


def test_a_spoiled_name_of_the_key_does_no_harm(path: Path) -> None:
    fill(path, 2)
    content = path.read_bytes()
    path.write_bytes(os.urandom(16) + content[16:])
    assert len(titles(path)) == 2
    assert len(titles(path)) == 2


def test_a_key_for_a_plain_file_is_refused(path: Path) -> None:
    fill(path, 1, None)
    before = path.read_bytes()
    with pytest.raises(HistoryError):
        HistoryStore(path, KEY)
    assert path.read_bytes() == before


def test_damage_is_found_and_what_can_be_read_is_recovered_encrypted(path: Path) -> None:
    fill(path, 60)
    spoil(path, 20, 24)
    with pytest.raises(HistoryDamagedError):
        HistoryStore(path, KEY)
    left = what_is_left(path, KEY)
    assert left.newest is None
    assert 20 < left.readable.turns < 60
    found, kept = recover(path, KEY)
    assert found.turns == left.readable.turns
    assert kept is not None
    assert kind_of(path) is FileKind.ENCRYPTED
    with HistoryStore(path, KEY) as history:
        assert sum(each.turn_count for each in history.conversations()) == found.turns
    assert holds(path.parent, CANARY) == []


def test_a_damaged_one_is_restored_from_its_backup_encrypted(path: Path) -> None:
    fill(path, 20)
    backup = back_up(path)
    spoil(path, 5, 9)
    left = what_is_left(path, KEY)
    assert left.newest is not None
    assert left.newest.conversation_count == 20
    restored = restore_backup(path, backup.path, KEY)
    assert (restored.conversation_count, len(titles(path))) == (20, 20)
    assert restored.kept is not None
    assert holds(path.parent, CANARY) == []


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_plain_backup_comes_back_encrypted(path: Path, tmp_path: Path, is_damaged: bool) -> None:
    fill(tmp_path / "history.db", 7, None)
    plain = back_up(tmp_path / "history.db", None).path
    fill(path, 20)
    if is_damaged:
        spoil(path, 5, 9)
    assert restore_backup(path, plain, KEY).conversation_count == 7
    assert len(titles(path)) == 7
    assert kind_of(path) is FileKind.ENCRYPTED
    assert holds(path.parent, CANARY) == []
    assert not list(path.parent.glob("history.new-*"))


def test_beginning_anew_after_damage_stays_encrypted(path: Path) -> None:
    fill(path, 3)
    spoil(path, 0, 9)
    assert start_empty(path, KEY) is not None
    assert titles(path) == []
    assert kind_of(path) is FileKind.ENCRYPTED


def test_an_older_schema_is_migrated_and_its_backup_is_encrypted(path: Path) -> None:
    from app.history.database import MIGRATIONS

    with closing(connect(path, KEY)) as connection:
        for migrate in MIGRATIONS[:2]:
            migrate(connection.execute)
        connection.execute("PRAGMA application_id = 1349411954")
        connection.execute("PRAGMA user_version = 2")
    open_database(path, KEY).dispose()
    (backup,) = backups.list_backups(path)
    assert key_id_in(backup.path) == KEY.id
    with read_only(backup.path, KEY) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_upkeep_replaces_backups_with_another_key_or_none(path: Path, tmp_path: Path) -> None:
    fill(tmp_path / "history.db", 2, None)
    plain = back_up(tmp_path / "history.db", None).path
    fill(path, 3)
    own = back_up(path).path
    plain.rename(own.with_name("history-2026-01-01T000000.db"))
    assert holds(path.parent, CANARY) != []
    with HistoryStore(path, KEY) as history:
        history.do_upkeep()
    assert [key_id_in(each.path) for each in backups.list_backups(path)] == [KEY.id]
    assert holds(path.parent, CANARY) == []
