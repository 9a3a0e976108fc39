"""Much that is deleted is purged a slice at a time: nobody waits for it, and nothing of it stays behind."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from app.errors import AppError, HistoryError
from app.history import backups, purging, search_index
from app.history.connection import connect
from app.history.key import Key
from app.history.store import HistoryStore
from tests.app.history.filled import add_turn, holds

CANARY = "canary Theodora"
MANY = 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    return folder / "history.db"


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "SLICE_CHARACTERS", 200)


def add_long_chat(history: HistoryStore) -> int:
    """Many turns, each with words of its own."""
    conversation_id = None
    for number in range(MANY):
        turn = add_turn(history, f"{CANARY} {number}", f"{CANARY} w{number}x " * 5, conversation_id)
        conversation_id = turn.conversation_id
    assert conversation_id is not None
    return conversation_id


def stored_turns(path: Path) -> int:
    with closing(driver.connect(str(path))) as connection:
        return int(connection.execute("SELECT count(*) FROM turns").fetchone()[0])


def finish_upkeep(history: HistoryStore) -> None:
    thread = history._upkeep._thread
    assert thread is not None
    thread.join()


@pytest.mark.usefixtures("small_slices")
def test_much_is_hidden_at_once_and_purged_in_slices(path: Path) -> None:
    with HistoryStore(path) as history:
        kept = add_turn(history, "Who stays?", "I do.").conversation_id
        deletion = history.delete(add_long_chat(history))
        history.forget_deleted()
        assert 1 < stored_turns(path) <= MANY
        assert [each.id for each in history.conversations()] == [kept]
        assert history.search("Theodora") == []
        with pytest.raises(HistoryError, match="cannot be brought back"):
            history.undo_delete(deletion)
        problems: list[AppError] = []
        history.maintain(problems.append)
        finish_upkeep(history)
        assert problems == []
        assert stored_turns(path) == 1
        assert holds(path.parent, CANARY) == []
        assert holds(path.parent, "w17x") == []
        assert [each.id for each in history.conversations()] == [kept]
    with closing(connect(path)) as connection:
        assert search_index.is_sound(connection)


@pytest.mark.usefixtures("small_slices")
def test_a_deletion_does_not_wait_for_what_is_purged_and_can_be_undone(path: Path) -> None:
    with HistoryStore(path) as history:
        other = add_turn(history, "Who comes back?", "I do.").conversation_id
        history.delete(add_long_chat(history))
        history.forget_deleted()
        deletion = history.delete(other)
        assert stored_turns(path) > 2
        history.do_upkeep()
        assert holds(path.parent, CANARY) == []
        history.undo_delete(deletion)
        assert [each.id for each in history.conversations()] == [other]


@pytest.mark.usefixtures("small_slices")
def test_questions_are_stored_between_two_slices(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_between, go_on = threading.Event(), threading.Event()

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout:  # the pause after a slice
                in_between.set()
                go_on.wait(60)
            return super().wait(0)

    with HistoryStore(path) as history:
        monkeypatch.setattr(history._upkeep, "_stopping", Stopping())
        history.delete(add_long_chat(history))
        history.forget_deleted()
        history.maintain(lambda _: None)
        assert in_between.wait(60)
        turn = add_turn(history, "Who asks meanwhile?", "I do.")
        assert stored_turns(path) > 1
        go_on.set()
        finish_upkeep(history)
        assert [each.id for each in history.conversations()] == [turn.conversation_id]
        assert holds(path.parent, CANARY) == []


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("how", ["closed", "purged", "renamed"])
def test_a_purge_that_was_broken_off_is_finished(path: Path, how: str) -> None:
    with HistoryStore(path) as history:
        kept = add_turn(history, "Who stays?", "I do.").conversation_id
        history.delete(add_long_chat(history))
        history.forget_deleted()
        if how == "renamed":  # wipes the log, so it breaks off what reads
            history.maintain(lambda _: None)
            history.rename(kept, "Another")
            finish_upkeep(history)
        elif how == "purged":
            history.purge_deleted()
        if how != "closed":
            assert holds(path.parent, CANARY) == []
    assert holds(path.parent, CANARY) == []
    assert stored_turns(path) == 1


@pytest.mark.usefixtures("small_slices")
def test_a_backup_made_between_two_slices_loses_it_too(path: Path) -> None:
    with HistoryStore(path) as history:
        add_turn(history, "Who stays?", "I do.")
        history.do_upkeep()
        history.delete(add_long_chat(history))
        history.forget_deleted()
        history.back_up()
        assert not backups.has_deletions(path)
        assert holds(path.parent / "backups", CANARY)
        history.purge_deleted()
        assert backups.has_deletions(path)
        history.do_upkeep()
        assert holds(path.parent, CANARY) == []


@pytest.mark.skipif(os.name == "nt", reason="kills the POSIX way")
@pytest.mark.parametrize("slices", [1, 7, MANY])
def test_a_kill_after_any_slice_only_delays_the_purge(path: Path, repository: Path, slices: int) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from app.history import purging; from app.history.store import HistoryStore\n"
        "from tests.app.history import test_purging\n"
        "history = HistoryStore(Path(sys.argv[1]))\n"
        "history.delete(test_purging.add_long_chat(history)); purging.SLICE_CHARACTERS = 1\n"
        "for _ in range(int(sys.argv[2])): history.forget_deleted()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, str(path), str(slices)],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == -9, child.stderr
    assert stored_turns(path) == MANY - slices
    with HistoryStore(path) as history:
        assert history.conversations() == []
        history.maintain(lambda _: None)
        if history._upkeep._thread is not None:
            finish_upkeep(history)
        assert holds(path.parent, CANARY) == []


@pytest.mark.parametrize("how", ["upkeep", "purged", "closed"])
def test_no_unused_part_of_a_page_holds_a_word(path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Rows move from page to page while others are deleted, and SQLite leaves copies of them behind."""
    made = random.Random(8)  # one where it does
    with HistoryStore(path) as history:
        kept = add_turn(history, "Who stays?", "I do.").conversation_id
        conversation_id = None
        for number in range(100):
            words = " ".join(f"w{made.randrange(4000)}canary" for _ in range(100))
            conversation_id = add_turn(history, f"q{number}canary", words, conversation_id).conversation_id
        assert conversation_id is not None
        history.delete(conversation_id)
        with monkeypatch.context() as patch:
            patch.setattr(purging, "WRITTEN_ANEW_BYTES", 0)
            history.purge_deleted()
        assert holds(path.parent, "anary"), "SQLite wipes all by itself now: it need not be written anew"
        history.delete(add_turn(history, "Another", "one").conversation_id)
        if how == "upkeep":
            history.forget_deleted()
            history.do_upkeep()
        elif how == "purged":
            history.purge_deleted()
        if how != "closed":
            assert holds(path.parent, "anary") == []
    assert holds(path.parent, "anary") == []
    with HistoryStore(path) as history:
        assert [each.id for each in history.conversations()] == [kept]
        assert [hit.conversation_id for hit in history.search("stays")] == [kept]


def test_an_encrypted_history_is_written_anew_with_its_key(path: Path) -> None:
    key = Key.random()
    with HistoryStore(path, key) as history:
        kept = add_turn(history, "Who stays?", "I do.").conversation_id
        history.delete(add_long_chat(history))
        history.purge_deleted()
        history.delete(add_long_chat(history))
        history.forget_deleted()
        history.do_upkeep()
    assert holds(path.parent, "Who stays") == []
    with HistoryStore(path, key) as history:
        assert [each.id for each in history.conversations()] == [kept]


@pytest.mark.skipif(os.name == "nt", reason="kills the POSIX way")
def test_a_log_that_a_kill_left_behind_is_wiped(path: Path, repository: Path) -> None:
    """The rows were purged, and the process was killed before their words left the log."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from app.history.store import HistoryStore; from tests.app.history import test_purging\n"
        "history = HistoryStore(Path(sys.argv[1])); test_purging.add_turn(history, 'kept')\n"
        "history._wipe = lambda done: os.kill(os.getpid(), signal.SIGKILL)\n"
        "history.delete(test_purging.add_long_chat(history)); history.purge_deleted()\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == -9, child.stderr
    assert holds(path.parent, CANARY)
    with HistoryStore(path) as history:
        history.do_upkeep()
        assert holds(path.parent, CANARY) == []
        assert not backups.has_deletions(path)
