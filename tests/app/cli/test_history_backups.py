"""`ponder history backup`, `restore`, `verify`: for people and for machines."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import surroundings
from app.history.backups import list_backups
from app.history.store import HistoryStore
from tests.app.cli.conftest import CommandLine
from tests.app.history.filled import add_turn, fill, holds, spoil


@pytest.fixture
def filled(ponder: CommandLine) -> CommandLine:
    ponder.paths.make_folders()
    fill(ponder.paths.history_file, 2)
    return ponder


def test_backup(filled: CommandLine) -> None:
    run = filled("history", "backup")
    (backup,) = list_backups(filled.paths.history_file)
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout == f"2 conversations backed up to {backup.path}\n"
    said = filled("history", "backup", "--json").object
    assert list(said) == ["path", "made_at", "size_bytes", "conversations"]
    assert said["conversations"] == 2
    assert Path(said["path"]).stat().st_size == said["size_bytes"]


def test_restore_of_a_good_history(filled: CommandLine) -> None:
    first = filled("history", "backup", "--json").object["path"]
    with closing(HistoryStore(filled.paths.history_file)) as history:
        add_turn(history, "Later?")
    assert "nobody is there to be asked" in filled("history", "restore").error(2)
    run = filled("history", "restore", "--yes", first)
    assert run.stdout == f"2 conversations restored from {first}\n"
    assert "What was there before is kept in " in run.stderr
    assert len(filled("history", "list", "--json").object) == 2
    kept = run.stderr.split(" kept in ")[1].strip(". \n")
    said = filled("history", "restore", "--yes", "--json", kept).object
    assert list(said) == ["restored", "conversations", "kept"]
    assert said["conversations"] == 3


def test_restore_of_a_damaged_history(filled: CommandLine) -> None:
    filled("history", "backup")
    path = filled.paths.history_file
    spoil(path, 1, 3)
    assert "ponder history restore" in filled("history", "list").error()
    filled.paths.lock_file.write_text(f"{os.getpid()}\nponder\n")
    assert "window is open" in filled("history", "restore", "--yes").error()
    filled.paths.lock_file.unlink()
    said = filled("history", "restore", "--yes", "--json").object
    assert Path(said["kept"]).name.startswith("history.damaged-")
    assert len(filled("history", "list", "--json").object) == 2


def test_nothing_to_back_up_restore_or_verify(ponder: CommandLine) -> None:
    assert "no history to back up" in ponder("history", "backup").error()
    assert "no good backup" in ponder("history", "restore", "--yes").error()
    assert "no history to verify" in ponder("history", "verify").error()
    assert not ponder.paths.history_file.exists()


def test_a_file_that_is_no_backup_is_refused(filled: CommandLine, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear diary")
    assert "not a history" in filled("history", "restore", "--yes", str(other)).error()
    assert "There is no backup" in filled("history", "restore", "--yes", str(tmp_path / "nowhere")).error()


def test_verify(filled: CommandLine) -> None:
    filled("history", "backup")
    run = filled("history", "verify")
    assert (run.exit_code, run.stderr) == (0, "")
    first, second = run.stdout.splitlines()
    assert first.endswith("history.db: good, 2 turns")
    assert second.endswith(".db: good, 2 conversations")
    (backup,) = list_backups(filled.paths.history_file)
    spoil(backup.path, 1, 3)
    run = filled("history", "verify")
    assert run.exit_code == 1
    assert "damaged" in run.stdout.splitlines()[1]
    run = filled("history", "verify", "--json")
    assert run.exit_code == 1
    said = run.object
    assert list(said) == ["history", "problems", "turns", "backups"]
    assert (said["problems"], said["turns"]) == ([], 2)
    assert said["backups"][0]["problem"]


def test_verify_of_a_damaged_history(filled: CommandLine) -> None:
    spoil(filled.paths.history_file, 1, 3)
    run = filled("history", "verify")
    assert run.exit_code == 1
    assert "good" not in run.stdout


def test_delete_takes_it_from_the_backups_too(filled: CommandLine) -> None:
    filled("history", "backup")
    assert len(holds(filled.paths.data_dir, "Answer 0.")) == 2
    assert filled("history", "delete", "1", "--yes").exit_code == 0
    assert holds(filled.paths.data_dir, "Answer 0.") == []


def test_a_history_that_is_gone_is_no_empty_list(filled: CommandLine) -> None:
    filled("history", "backup")
    filled.paths.history_file.unlink()
    assert "gone" in filled("history", "list").error()
    assert filled("history", "restore", "--yes").exit_code == 0
    assert len(filled("history", "list", "--json").object) == 2


@pytest.mark.parametrize(("content", "expected"), [("", False), ("x\n", False), ("0\n", True)])
def test_the_lock_of_the_window_is_read(tmp_path: Path, content: str, expected: bool) -> None:
    lock = tmp_path / "lock"
    lock.write_text(content.replace("0", str(os.getpid())))
    assert surroundings.window_is_open(lock) is expected
