"""What was deleted is wiped from the disk once it is purged, and no damage hides more than what it hit."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError
from app.history import backups
from app.history.damage import recover
from app.history.store import HistoryStore
from tests.app.history.filled import add_turn, holds

CANARY = "canary Theodora"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    return folder / "history.db"


def execute(path: Path, *statements: str) -> None:
    with closing(driver.connect(str(path), isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def delete_a_turn(history: HistoryStore) -> int:
    """One in the middle, a long one, whose question gave the title."""
    deleted = add_turn(history, CANARY, f"{CANARY} " * 2000)
    add_turn(history, "Who stays?", "I do.", deleted.conversation_id)
    history.delete_turn(deleted.id)
    return deleted.conversation_id


def delete_a_chat(history: HistoryStore) -> int:
    """One of two."""
    deleted = add_turn(history, CANARY, f"{CANARY} " * 2000)
    history.delete(deleted.conversation_id)
    return add_turn(history, "Who stays?", "I do.").conversation_id


def delete_a_folder(history: HistoryStore) -> int:
    """With a chat in it."""
    kept = add_turn(history, "Who stays?", "I do.").conversation_id
    folder = history.create_folder(CANARY)
    history.move(kept, folder.id)
    history.delete_folder(folder.id)
    return kept


def delete_two_turns(history: HistoryStore) -> int:
    """Both could be brought back."""
    kept = add_turn(history, "Who stays?", "I do.").conversation_id
    for _ in range(2):
        history.delete_turn(add_turn(history, CANARY, CANARY, kept).id)
    return kept


DELETIONS = [delete_a_turn, delete_a_chat, delete_a_folder, delete_two_turns]


@pytest.mark.parametrize("delete", DELETIONS)
@pytest.mark.parametrize("how", ["purged", "closed", "purged with the next"])
def test_what_was_deleted_is_nowhere_once_it_is_purged(path: Path, delete: object, how: str) -> None:
    assert callable(delete)
    with HistoryStore(path) as history:
        kept = delete(history)
        assert holds(path.parent, CANARY)
        if how == "purged with the next":
            history.delete(add_turn(history, "another").conversation_id)
            assert holds(path.parent, CANARY), "it can be brought back still"
        if how != "closed":
            history.purge_deleted()
        if how != "closed":
            assert holds(path.parent, CANARY) == []
    assert holds(path.parent, CANARY) == []
    with HistoryStore(path) as history:
        assert [turn.answer for turn in history.conversation(kept).turns] == ["I do."]
        assert history.folders() == []


@pytest.mark.parametrize("delete", DELETIONS)
def test_backups_lose_it_when_it_is_purged_and_not_before(path: Path, delete: object) -> None:
    assert callable(delete)
    with HistoryStore(path) as history:
        add_turn(history, "something")
        history.do_upkeep()
        delete(history)
        history.back_up()
        assert not backups.has_deletions(path)
        assert len(backups.list_backups(path)) == 2
        history.purge_deleted()
        assert backups.has_deletions(path)
        assert holds(path.parent, CANARY)
        history.do_upkeep()
        assert holds(path.parent, CANARY) == []
        assert len(backups.list_backups(path)) == 1


@pytest.mark.skipif(os.name == "nt", reason="kills the POSIX way")
@pytest.mark.parametrize("delete", DELETIONS)
def test_a_kill_between_only_delays_it(path: Path, repository: Path, delete: object) -> None:
    assert callable(delete)
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from app.history.store import HistoryStore; from tests.app.history import test_deletions\n"
        "history = HistoryStore(Path(sys.argv[1])); print(getattr(test_deletions, sys.argv[2])(history))\n"
        "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, str(path), delete.__name__],  # type: ignore[attr-defined]
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == -9, child.stderr
    assert holds(path.parent, CANARY)
    with HistoryStore(path) as history:
        assert holds(path.parent, CANARY) == [], "the opening purged it"
        assert [turn.answer for turn in history.conversation(int(child.stdout)).turns] == ["I do."]


def test_a_purge_that_fails_leaves_it_hidden_and_the_backups_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HistoryStore(path) as history:
        turn = add_turn(history, CANARY)
        history.do_upkeep()
        deletion = history.delete(turn.conversation_id)
        with closing(driver.connect(str(path), isolation_level=None)) as other:
            history._engine.raw_connection().driver_connection.execute("PRAGMA busy_timeout = 10")  # type: ignore[union-attr]
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(HistoryError, match="another program"):
                history.purge_deleted()
            assert not backups.has_deletions(path)
            other.execute("ROLLBACK")
        assert history.conversations() == []
        history.undo_delete(deletion)
        assert len(history.conversations()) == 1


def test_another_ponder_that_opens_the_history_ends_the_undo(path: Path) -> None:
    """It cannot know whether the one that deleted is still there. Better wiped than kept by mistake."""
    with HistoryStore(path) as history:
        turn = add_turn(history, CANARY)
        deletion = history.delete(turn.conversation_id)
        HistoryStore(path).close()
        with pytest.raises(HistoryError, match="cannot be brought back"):
            history.undo_delete(deletion)


# Damage


def test_a_head_that_is_gone_hides_nothing(path: Path) -> None:
    with HistoryStore(path) as history:
        one = add_turn(history, "one")
        two = add_turn(history, "two", conversation=one.conversation_id)
        for head in ("NULL", "99", str(2**62)):
            execute(path, f"UPDATE conversations SET head_turn_id = {head}")
            assert history.conversation(one.conversation_id).turns == (one, two)
        assert add_turn(history, "three", conversation=one.conversation_id).parent_id == two.id


def test_a_parent_that_is_gone_hides_nothing(path: Path) -> None:
    with HistoryStore(path) as history:
        one = add_turn(history, "one")
        for question in ("two", "three", "four"):
            add_turn(history, question, conversation=one.conversation_id)
        execute(path, "DELETE FROM turns WHERE question = 'three'")
        found = history.conversation(one.conversation_id)
        assert [turn.question for turn in found.turns] == ["one", "two", "four"]
        edited = history.begin_turn(one.conversation_id, "4", "m", version_of=found.turns[2].id)
        found = history.conversation(one.conversation_id)
        assert [turn.question for turn in found.turns] == ["one", "two", "4"]
        assert len(found.versions[edited.id]) == 2


def test_a_recovered_history_keeps_folders_and_versions(path: Path) -> None:
    with HistoryStore(path) as history:
        one = add_turn(history, "one")
        add_turn(history, "two", conversation=one.conversation_id)
        history.begin_turn(one.conversation_id, "one, edited", "m", version_of=one.id)
        work, gone = history.create_folder("Work"), history.create_folder("Gone")
        other = add_turn(history, "elsewhere")
        history.move(one.conversation_id, work.id)
        history.move(other.conversation_id, gone.id)
    execute(path, "PRAGMA foreign_keys = OFF", "DELETE FROM folders WHERE name = 'Gone'")
    recover(path)
    with HistoryStore(path) as history:
        assert [folder.name for folder in history.folders()] == ["Work"]
        found = {each.title: each for each in history.conversations()}
        assert (found["one"].folder_id, found["elsewhere"].folder_id) == (work.id, None)
        assert found["one"].turn_count == 1
        assert history.show_version(one.id) == one.conversation_id
        assert [turn.question for turn in history.conversation(one.conversation_id).turns] == ["one", "two"]


def test_a_recovered_older_history_is_a_chain(path: Path) -> None:
    with HistoryStore(path) as history:
        one = add_turn(history, "one")
        add_turn(history, "two", conversation=one.conversation_id)
    execute(
        path,
        "DROP INDEX ix_turns_conversation_id",
        "CREATE INDEX ix_turns_conversation_id ON turns (conversation_id)",
        "ALTER TABLE turns DROP COLUMN parent_id",
        "ALTER TABLE conversations DROP COLUMN head_turn_id",
    )
    recover(path)
    with HistoryStore(path) as history:
        found = history.conversation(one.conversation_id)
        assert [turn.question for turn in found.turns] == ["one", "two"]
        assert history.conversations() == [found.summary]
