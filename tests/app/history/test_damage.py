from __future__ import annotations

import os
import random
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryDamagedError, HistoryError, HistoryTooNewError
from app.history import backups, damage
from app.history.backups import list_backups
from app.history.connection import connect
from app.history.damage import recover, restore_backup, start_empty, what_is_left
from app.history.database import NEWEST_SCHEMA
from app.history.records import TurnState
from app.history.store import HistoryStore
from tests.app.history.filled import add_turn, fill, holds, spoil, titles


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history é"
    folder.mkdir()
    return folder / "history.db"


def back_up(path: Path) -> backups.Backup:
    with closing(connect(path)) as connection, backups.only_one(path):
        return backups.make_backup(connection, path)


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if file.name != "backups")


def assert_refused_untouched(path: Path) -> HistoryDamagedError:
    before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    with pytest.raises(HistoryDamagedError) as caught:
        HistoryStore(path)
    assert {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before
    assert "ponder history restore" in caught.value.advice
    return caught.value


def test_damage_is_seen_at_the_opening_and_nothing_is_changed(path: Path) -> None:
    fill(path, 60)
    spoil(path, 8, 9)
    assert "damaged" in assert_refused_untouched(path).message


@pytest.mark.parametrize("what", ["gone", "empty"])
def test_a_history_that_vanished_is_not_begun_anew_without_a_word(path: Path, what: str) -> None:
    fill(path)
    back_up(path)
    path.unlink()
    if what == "empty":
        path.touch()
    assert "gone" in assert_refused_untouched(path).message
    left = what_is_left(path)
    assert left.newest is not None
    assert (left.newest.conversation_count, left.readable.turns) == (3, 0)
    restore_backup(path, left.newest.backup.path)
    assert len(titles(path)) == 3


def test_the_newest_good_backup_is_offered_and_restored(path: Path) -> None:
    fill(path, 2)
    good = back_up(path)
    with HistoryStore(path) as history:
        add_turn(history, "Later?")
    bad = back_up(path)
    spoil(bad.path, 1, 3)
    spoil(path, 1, 3)
    left = what_is_left(path)
    assert left.newest is not None
    assert (left.newest.backup.path, left.newest.conversation_count) == (good.path, 2)
    damaged = path.read_bytes()
    restored = restore_backup(path, good.path)
    assert restored.conversation_count == 2
    assert restored.kept is not None
    assert restored.kept.name.startswith("history.damaged-20")
    assert restored.kept.read_bytes() == damaged
    assert titles(path) == ["Question 0?", "Question 1?"]
    assert names(path) == [restored.kept.name, "history.db"]
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_log_of_a_damaged_history_is_kept_with_it_and_not_replayed(path: Path) -> None:
    fill(path, 60)
    good = back_up(path)
    with HistoryStore(path) as history:
        add_turn(history, "Only in the log?")
        files = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    for name, content in files.items():
        path.with_name(name).write_bytes(content)
    assert len(files["history.db-wal"]) > 0
    spoil(path, 8, 9)
    kept = restore_backup(path, good.path).kept
    assert kept is not None
    assert kept.with_name(kept.name + "-wal").read_bytes() == files["history.db-wal"]
    assert len(titles(path)) == 60
    assert "Only in the log?" not in titles(path)


def test_what_can_be_read_is_recovered_and_counted(path: Path) -> None:
    turns = fill(path, 60)
    spoil(path, 40, 42)
    left = what_is_left(path)
    assert left.newest is None
    assert left.readable.turns_known == 60
    assert 40 < left.readable.turns < 60
    found, kept = recover(path)
    assert found.turns == left.readable.turns
    assert kept is not None
    assert kept.exists()
    with HistoryStore(path) as history:
        by_id = {turn.conversation_id: turn for turn in turns}
        for summary in history.conversations():
            for turn in history.conversation(summary.id).turns:
                assert turn == by_id[summary.id]
        new = add_turn(history, "And on it goes?")
        assert new.id > max(turn.id for turn in turns)


def test_turns_without_their_conversation_get_one(path: Path) -> None:
    fill(path, 60)
    with closing(driver.connect(str(path))) as connection:
        root = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'conversations'"
        ).fetchone()[0]
    spoil(path, root - 1, root)
    found, _ = recover(path)
    assert (found.conversations, found.turns) == (60, 60)
    assert titles(path) == sorted(f"Question {number}?" for number in range(60))


def test_a_turn_that_ran_is_interrupted_in_what_is_recovered(path: Path) -> None:
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "question", "m")
        history.save_answer_so_far(turn.id, "As far as")
    recover(path)
    with HistoryStore(path) as history:
        (found,) = history.conversation(turn.conversation_id).turns
    assert (found.state, found.answer) == (TurnState.INTERRUPTED, "As far as")


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(400 if os.environ.get("PONDER_PROOF") == "1" else 8))
def test_any_damage_is_refused_or_harmless_and_recovery_never_fails(path: Path, seed: int) -> None:
    """Random bytes in random pages: opening refuses or all reads; recovery gives a whole history."""
    chance = random.Random(seed)
    fill(path, 60)
    content = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(content))
        size = chance.choice([1, 16, 512, 4096])
        content[at : at + size] = chance.randbytes(min(size, len(content) - at))
    if seed % 5 == 0:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)
    try:
        with HistoryStore(path) as history:
            for summary in history.conversations():
                history.conversation(summary.id)
    except HistoryError:
        pass
    left = what_is_left(path)
    if not left.readable.turns:
        start_empty(path)
        return
    found, kept = recover(path)
    assert found.turns <= left.readable.turns
    assert kept is None or kept.exists()
    with HistoryStore(path) as history:
        assert sum(each.turn_count for each in history.conversations()) == found.turns
    assert not list(path.parent.glob("history.new-*"))


def test_a_file_of_which_nothing_can_be_read_leads_to_an_empty_history(path: Path) -> None:
    path.write_bytes(b"\0\xa5" * 25_000)
    assert_refused_untouched(path)
    left = what_is_left(path)
    assert (left.newest, left.readable.turns, left.readable.turns_known) == (None, 0, 0)
    with pytest.raises(HistoryError, match="Nothing of it can be read"):
        recover(path)
    kept = start_empty(path)
    assert kept is not None
    assert kept.stat().st_size == 50_000
    assert titles(path) == []


def test_setting_aside_twice_in_a_second_keeps_both(path: Path) -> None:
    first_kept, second_kept = None, None
    path.write_bytes(b"first" * 100)
    first_kept = start_empty(path)
    path.write_bytes(b"second" * 100)
    second_kept = start_empty(path)
    assert first_kept is not None
    assert second_kept is not None
    assert first_kept.read_bytes() == b"first" * 100
    assert second_kept.read_bytes() == b"second" * 100


def test_a_restore_over_a_good_history_backs_it_up_first(path: Path) -> None:
    fill(path, 2)
    old = back_up(path)
    with HistoryStore(path) as open_elsewhere:
        later = add_turn(open_elsewhere, "Later?")
        restored = restore_backup(path, old.path)
        assert restored.kept is not None
        assert len(open_elsewhere.conversations()) == 2
        assert add_turn(open_elsewhere, "And on?").id > later.id
    assert titles(path) == ["And on?", "Question 0?", "Question 1?"]
    restore_backup(path, restored.kept)
    assert titles(path) == ["Later?", "Question 0?", "Question 1?"]
    assert len(list_backups(path)) == 3


def test_a_restore_keeps_its_backup_however_old_and_whatever_was_deleted(path: Path) -> None:
    turns = fill(path, 2)
    for _ in range(backups.KEPT_BACKUPS):
        back_up(path)
    oldest = list_backups(path)[-1]
    with HistoryStore(path) as history:
        history.delete(turns[0].conversation_id)
    restored = restore_backup(path, oldest.path)
    assert len(titles(path)) == 2
    assert {backup.path for backup in list_backups(path)} == {oldest.path, restored.kept}
    with HistoryStore(path) as history:
        history.do_upkeep()
    assert restored.kept is not None
    assert restored.kept.exists()


def test_no_restore_while_an_answer_is_written(path: Path) -> None:
    fill(path)
    backup = back_up(path)
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "question", "m")
        with pytest.raises(HistoryError, match="an answer is being written"):
            restore_backup(path, backup.path)
        assert history.conversation(turn.conversation_id).turns == (turn,)


def make_no_history(backup: Path) -> None:
    backup.write_bytes(b"no database")


def make_damaged(backup: Path) -> None:
    spoil(backup, 3, 5)


def make_too_new(backup: Path) -> None:
    with closing(driver.connect(str(backup), isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST_SCHEMA + 1}")


def make_one_with_a_trigger(backup: Path) -> None:
    with closing(driver.connect(str(backup), isolation_level=None)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON turns BEGIN DELETE FROM turns; END")


def make_empty(backup: Path) -> None:
    backup.write_bytes(b"")


@pytest.mark.parametrize(
    "spoil_it",
    [make_no_history, make_damaged, make_too_new, make_one_with_a_trigger, make_empty, Path.unlink],
)
@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_bad_backup_is_refused_and_nothing_is_changed(
    path: Path, spoil_it: object, is_damaged: bool
) -> None:
    assert callable(spoil_it)
    fill(path, 3)
    backup = back_up(path)
    spoil_it(backup.path)
    if is_damaged:
        spoil(path, 3, 5)
    before = path.read_bytes()
    with pytest.raises(HistoryError) as caught:
        restore_backup(path, backup.path)
    assert isinstance(caught.value, HistoryTooNewError) is (spoil_it is make_too_new)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("history.damaged*"))


def test_a_kill_between_setting_aside_and_putting_in_place_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, 60)
    good = back_up(path)
    spoil(path, 8, 9)

    def be_killed(history: Path) -> None:
        real(history)
        raise KeyboardInterrupt

    real = damage._set_aside
    monkeypatch.setattr(damage, "_set_aside", be_killed)
    with pytest.raises(KeyboardInterrupt):
        restore_backup(path, good.path)
    monkeypatch.undo()
    assert_refused_untouched(path)
    restore_backup(path, good.path)
    assert len(titles(path)) == 60
    assert len(holds(path.parent, "Question 59?")) >= 2
