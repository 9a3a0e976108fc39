from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2 as driver

from app.errors import AppError, HistoryDamagedError, HistoryError
from app.history import backups, database, upkeep
from app.history.backups import KEPT_BACKUPS, backups_folder, list_backups
from app.history.connection import connect
from app.history.damage import conversations_in
from app.history.file_kind import APPLICATION_ID
from app.history.migrations import m0001_conversations_and_turns
from app.history.store import HistoryStore
from tests.app.history.filled import add_turn, fill, holds, spoil

CANARY = "a canary named Theodora"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history é"
    folder.mkdir()
    return folder / "history.db"


def names(path: Path) -> list[str]:
    """What lies in the folder of the backups, beside its lock and stamp."""
    folder = backups_folder(path)
    found = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    return sorted(found - {"backups.lock", "checked"})


def make(path: Path) -> backups.Backup:
    connection = connect(path)
    try:
        with backups.only_one(path):
            return backups.make_backup(connection, path)
    finally:
        connection.close()


class Notices:
    """A `notice` that can be waited for."""

    def __init__(self) -> None:
        self.errors: list[AppError] = []
        self.came = threading.Event()

    def __call__(self, error: AppError) -> None:
        self.errors.append(error)
        self.came.set()


def maintain(history: HistoryStore) -> list[AppError]:
    """Let it do what is due, and wait for the end."""
    notices = Notices()
    history.maintain(notices)
    thread = history._upkeep._thread
    if thread is not None:
        thread.join(60)
        assert not thread.is_alive()
    return notices.errors


def test_a_backup_is_a_whole_history_for_this_user_alone(path: Path) -> None:
    turns = fill(path)
    backup = make(path)
    assert datetime.now(UTC) - backup.made_at < timedelta(minutes=1)
    assert list_backups(path) == [backup]
    assert names(path) == [backup.path.name]
    if os.name != "nt":
        assert backup.path.stat().st_mode & 0o777 == 0o600
        assert backups_folder(path).stat().st_mode & 0o777 == 0o700
    copy = path.with_name("copy.db")
    copy.write_bytes(backup.path.read_bytes())
    with HistoryStore(backup.path) as history:
        assert [history.conversation(turn.conversation_id).turns[0] for turn in turns] == turns


def test_the_first_upkeep_of_a_day_makes_one_backup(path: Path) -> None:
    fill(path)
    with HistoryStore(path) as history:
        assert maintain(history) == []
        (name,) = names(path)
        assert maintain(history) == []
    with HistoryStore(path) as history:
        assert maintain(history) == []
    assert names(path) == [name]
    yesterday = backups_folder(path) / "history-2020-01-01T000000.db"
    (backups_folder(path) / name).rename(yesterday)
    with HistoryStore(path) as history:
        assert maintain(history) == []
    assert len(names(path)) == 2


def test_an_empty_history_is_not_backed_up(path: Path) -> None:
    with HistoryStore(path) as history:
        assert maintain(history) == []
    assert not backups_folder(path).exists()


def test_seven_are_kept_the_newest(path: Path) -> None:
    fill(path)
    made = [make(path).path.name for _ in range(KEPT_BACKUPS + 3)]
    assert names(path) == made[-KEPT_BACKUPS:]


def test_a_bad_copy_prunes_nothing_and_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path)
    made = [make(path).path.name for _ in range(KEPT_BACKUPS)]
    real = backups._copy

    def copy_badly(connection: Any, to: Path) -> None:
        real(connection, to)
        spoil(to, 2, 5)

    monkeypatch.setattr(backups, "_copy", copy_badly)
    with pytest.raises(HistoryError, match="backed up"):
        make(path)
    assert names(path) == made


def test_a_damaged_history_is_not_backed_up(path: Path) -> None:
    fill(path, 60)
    made = make(path).path.name
    spoil(path, 20, 24)
    with pytest.raises(HistoryError, match="damaged"):
        make(path)
    assert names(path) == [made]


def test_a_copy_that_was_killed_goes_with_the_next(path: Path) -> None:
    fill(path)
    make(path)
    (backups_folder(path) / "history-2020-01-01T000000.db.part").write_bytes(b"half")
    (backups_folder(path) / "history-2020-01-01T000000.db.part-journal").write_bytes(b"half")
    make(path)
    assert all(name.endswith(".db") for name in names(path))


def test_an_answer_being_written_is_in_no_backup(path: Path) -> None:
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "question", "m")
        history.save_answer_so_far(turn.id, CANARY)
        assert maintain(history) == []
    (backup,) = list_backups(path)
    assert CANARY.encode() not in backup.path.read_bytes()
    assert conversations_in(backup.path) == 1


def test_an_answer_that_a_crash_left_is_in_the_backup(path: Path) -> None:
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "question", "m")
        history.save_answer_so_far(turn.id, CANARY)
    with driver.connect(str(path)) as connection:
        connection.execute("UPDATE turns SET owner_started_at_s = 1")
    connection.close()
    assert CANARY.encode() in make(path).path.read_bytes()


def test_a_deleted_conversation_is_nowhere(path: Path) -> None:
    fill(path)
    with HistoryStore(path) as history:
        turn = add_turn(history, f"Who is {CANARY}?", CANARY)
        kept = add_turn(history, "Who stays?", "I do.")
        for _ in range(3):
            make(path)
        assert len(holds(path.parent, CANARY)) >= 3
        history.delete(turn.conversation_id)
        history.purge_deleted()
        assert len(names(path)) == 4
        assert maintain(history) == []
        assert holds(path.parent, CANARY) == []
        (backup,) = list_backups(path)
        assert names(path) == [backup.path.name]
        assert conversations_in(backup.path) == 4
        assert history.conversation(kept.conversation_id).turns == (kept,)


def test_a_kill_after_a_deletion_only_delays_the_backups(path: Path) -> None:
    with HistoryStore(path) as history:
        turn = add_turn(history, CANARY)
        make(path)
        history.delete(turn.conversation_id)
        history.purge_deleted()
    assert len(holds(path.parent, CANARY)) == 1
    with HistoryStore(path) as history:
        assert maintain(history) == []
    assert holds(path.parent, CANARY) == []


def test_a_deletion_that_fails_leaves_the_backups(path: Path) -> None:
    fill(path)
    made = make(path).path.name
    with HistoryStore(path) as history:
        with pytest.raises(HistoryError, match="no conversation 99"):
            history.delete(99)
        assert names(path) == [made]


def test_a_deletion_by_another_process_during_a_backup_is_seen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark came after the backup was begun, and goes only with the next one."""
    turn = fill(path)[0]
    make(path)
    real = backups._copy

    def copy_and_delete(connection: Any, to: Path) -> None:
        real(connection, to)
        monkeypatch.setattr(backups, "_copy", real)
        with HistoryStore(path) as other:
            other.delete(turn.conversation_id)

    with HistoryStore(path) as history:
        add = add_turn(history, "more")
        history.delete(add.conversation_id)
        history.purge_deleted()
        monkeypatch.setattr(backups, "_copy", copy_and_delete)
        history.do_upkeep()
        assert backups.has_deletions(path)
        history.do_upkeep()
        assert not backups.has_deletions(path)
    assert [conversations_in(backup.path) for backup in list_backups(path)] == [2]


def no_room(path: Path, monkeypatch: pytest.MonkeyPatch, has_room: Callable[[], bool]) -> None:
    real = backups._require_room

    def require(connection: Any, folder: Path) -> None:
        if not has_room():
            raise backups._no_room()
        real(connection, folder)

    monkeypatch.setattr(backups, "_require_room", require)


def test_without_room_there_is_a_notice_once_a_day(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path)
    made = make(path).path
    made.rename(made.with_name("history-2020-01-01T000000.db"))
    no_room(path, monkeypatch, lambda: False)
    with HistoryStore(path) as history:
        (error,) = maintain(history)
        assert "no room on the disk" in error.message
        assert "earlier backups are kept" in error.kept
        assert maintain(history) == []
        add_turn(history, "Does it go on?")
    assert names(path) == ["history-2020-01-01T000000.db"]


def test_without_room_a_deletion_takes_the_old_backups_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HistoryStore(path) as history:
        turn = add_turn(history, CANARY)
        add_turn(history, "another")
        make(path)
        no_room(path, monkeypatch, lambda: not list_backups(path))
        history.delete(turn.conversation_id)
        history.purge_deleted()
        assert maintain(history) == []
    assert holds(path.parent, CANARY) == []
    assert len(list_backups(path)) == 1


def test_a_migration_makes_a_backup_first(path: Path) -> None:
    connection = driver.connect(str(path), isolation_level=None)
    m0001_conversations_and_turns.migrate(connection.execute)
    connection.execute("INSERT INTO conversations VALUES (7, 'An old one', 1, 2)")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    HistoryStore(path).close()
    (backup,) = list_backups(path)
    connection = driver.connect(str(backup.path))
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("SELECT title FROM conversations").fetchone() == ("An old one",)
    connection.close()


def test_the_upkeep_checks_everything_once_a_week(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 60)
    with HistoryStore(path) as history:
        assert maintain(history) == []
    spoil(path, 20, 24)
    monkeypatch.setattr(database, "CHECKED_AT_OPENING_BYTES", 0)
    with HistoryStore(path) as history:
        assert maintain(history) == []
    stamp = backups_folder(path) / "checked"
    os.utime(stamp, (0, 0))
    with HistoryStore(path) as history:
        (error,) = maintain(history)
        assert isinstance(error, HistoryDamagedError)
    assert stamp.stat().st_mtime == 0
    assert len(list_backups(path)) == 1


def test_a_large_history_is_checked_behind_its_opening(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 60)
    with HistoryStore(path) as history:
        assert maintain(history) == []
    spoil(path, 20, 24)
    monkeypatch.setattr(database, "CHECKED_AT_OPENING_BYTES", 0)
    monkeypatch.setattr(upkeep, "CHECKED_AT_OPENING_BYTES", 0)
    with HistoryStore(path) as history:
        (error,) = maintain(history)
    assert isinstance(error, HistoryDamagedError)


def test_closing_breaks_a_backup_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path)
    begun = threading.Event()

    def copy_for_ever(connection: Any, to: Path) -> None:
        begun.set()
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        connection.execute(endless).fetchone()

    monkeypatch.setattr(backups, "_copy", copy_for_ever)
    notices = Notices()
    with HistoryStore(path) as history:
        history.maintain(notices)
        assert begun.wait(60)
    assert names(path) == []
    assert notices.errors == []


def test_closing_does_not_wait_for_an_upkeep_that_waits(path: Path) -> None:
    fill(path)
    with HistoryStore(path) as history:
        history.maintain(Notices(), delay_s=3600)
    assert names(path) == []


def test_a_second_ponder_at_the_backups_is_waited_for_and_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path)
    monkeypatch.setattr(backups, "_LOCK_WAIT_S", 0.05)
    with (
        backups.only_one(path),
        pytest.raises(HistoryError, match="another Ponder is at it"),
        HistoryStore(path) as history,
    ):
        history.do_upkeep()
