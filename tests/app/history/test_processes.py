"""Other processes: killed in the middle, writing at the same time, on a full or read-only disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from app.history.owner import Owner
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from tests.app.history.children import answer_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and forks the POSIX way")

KILLS = 60 if os.environ.get("PONDER_PROOF") == "1" else 10
CHILD = [sys.executable, "-m", "tests.app.history.children"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    return folder / "history.db"


def start(repository: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*CHILD, *arguments], cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    line = child.stdout.readline().strip()
    assert line, "the child ended early"
    return line


def tell(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def turns_of(history: HistoryStore) -> dict[int, Turn]:
    summaries = history.conversations()
    return {turn.id: turn for summary in summaries for turn in history.conversation(summary.id).turns}


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_no_acknowledged_turn_is_lost_to_a_kill(path: Path, repository: Path) -> None:
    """After each kill every turn that was said to be stored is there, and the one in work is INTERRUPTED."""
    chance = random.Random(5)
    stored: set[int] = set()
    with start(repository, "raise_writers", str(path)) as nursery:
        for _ in range(KILLS):
            tell(nursery)
            writer = int(line_of(nursery))
            for _ in range(chance.randrange(1, 12)):
                stored.add(int(line_of(nursery).removeprefix("stored ")))
            os.kill(writer, signal.SIGKILL)
            while (line := line_of(nursery)) != "gone":
                stored.add(int(line.removeprefix("stored ")))
            with HistoryStore(path) as history:
                turns = turns_of(history)
            assert stored <= turns.keys()
            assert all(turns[each].state is TurnState.FINISHED for each in stored)
            assert all(turns[each].answer == answer_of(each) for each in stored)
            assert all(turn.state is not TurnState.RUNNING for turn in turns.values())
            assert all(answer_of(each).startswith(turn.answer) for each, turn in turns.items())
    assert len(stored) >= KILLS
    with closing(driver.connect(str(path))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_running_turn_is_given_up_only_when_its_process_is_gone(path: Path, repository: Path) -> None:
    with start(repository, "hold_a_running_turn", str(path)) as child:
        turn_id = int(line_of(child))
        with HistoryStore(path) as history:
            turn = turns_of(history)[turn_id]
            assert (turn.state, turn.answer) == (TurnState.RUNNING, "As far as")
        child.kill()
    with HistoryStore(path) as history:
        turn = turns_of(history)[turn_id]
        assert (turn.state, turn.answer) == (TurnState.INTERRUPTED, "As far as")
        # Should it have been alive after all, what it says last is kept.
        assert history.end_turn(
            turn_id, state=TurnState.FINISHED, answer="As far as I see.", usage=Usage()
        ).answer


def test_an_owner_is_its_process_and_no_later_one_of_that_number() -> None:
    here = Owner.this_process()
    assert here.is_alive()
    assert not Owner(here.pid, here.started_at_s - 3600).is_alive()
    child = subprocess.Popen(["sleep", "60"])
    try:
        there = Owner(child.pid, here.started_at_s)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet collected
        assert not there.is_alive()
    finally:
        child.wait()
    assert not there.is_alive()


def test_two_processes_write_at_the_same_time(path: Path, repository: Path) -> None:
    with start(repository, "write_turns", str(path), "40") as child, HistoryStore(path) as history:
        assert line_of(child) == "ready"
        tell(child)
        for number in range(40):
            turn = history.begin_turn(None, f"From here {number}", "m")
            history.end_turn(turn.id, state=TurnState.FINISHED, answer="Yes.", usage=Usage())
            if number % 10 == 9:
                history.delete(turn.conversation_id)
        assert child.wait(60) == 0
        turns = list(turns_of(history).values())
    assert len(turns) == 76
    assert all(turn.state is TurnState.FINISHED for turn in turns)


def test_several_processes_make_the_history_at_the_same_time(path: Path, repository: Path) -> None:
    children = [start(repository, "write_turns", str(path), "3") for _ in range(3)]
    for child in children:
        with child:
            tell(child)
            assert line_of(child) == "ready"
    with HistoryStore(path) as history:
        assert len(history.conversations()) == 9


def run_where_disks_are_ours(repository: Path, script: str, *arguments: str) -> list[str]:
    """Run a shell script as root of a mount namespace of its own; gives its lines."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("user namespaces are not available here, so no disk can be made small or read-only")
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-ec", script, "sh", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_a_full_disk_loses_nothing_and_is_named(path: Path, repository: Path) -> None:
    script = 'mount -t tmpfs -o size=1m tmpfs "$1"; shift; exec "$@"'
    full, stand_when_full, stand_after = run_where_disks_are_ours(
        repository, script, str(path.parent), *CHILD, "fill_the_disk", str(path.parent)
    )
    assert "the disk is full" in full
    assert "Everything stored before is kept." in full
    assert "Free some space" in full
    assert (stand_when_full, stand_after) == ("True True", "True True")


def test_a_chat_on_a_full_disk_keeps_the_question_and_goes_on(
    path: Path, repository: Path, mini_model: Path
) -> None:
    """The question that found no room comes back with words, and goes through once there is some."""
    script = 'mount -t tmpfs -o size=1m tmpfs "$1"; shift; exec "$@"'
    folder = str(path.parent)
    child = [sys.executable, "-m", "tests.app.history.chats", folder, str(mini_model), "full"]
    lines = run_where_disks_are_ours(repository, script, folder, *child)
    rejected, end = (line for line in lines if not line.startswith(("asked", "ended")))
    assert rejected.startswith("True True The history could not be written: the disk is full.")
    assert "Everything stored before is kept." in rejected
    assert end == "finished True"


@pytest.mark.parametrize("there", [True, False])
def test_a_disk_with_no_room_at_all_is_named(path: Path, repository: Path, there: bool) -> None:
    kept = path.with_name("kept.db")
    if there:
        with HistoryStore(kept) as history:
            history.begin_turn(None, "question", "m")
    small = path.parent / "small"
    small.mkdir()
    script = (
        'mount -t tmpfs -o size=128k tmpfs "$2"; ! test -e "$1" || cp "$1" "$2/history.db"; '
        'dd if=/dev/zero of="$2/filler" bs=4k 2>/dev/null || true; shift 2; exec "$@"'
    )
    said, unchanged = run_where_disks_are_ours(
        repository, script, str(kept), str(small), *CHILD, "open_history", str(small / "history.db")
    )
    assert "The history could not be opened" in said
    assert "room on the disk" in said or "disk is full" in said
    assert unchanged == "True"


@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_folder_is_named(path: Path, repository: Path, there: bool) -> None:
    if there:
        with HistoryStore(path) as history:
            history.begin_turn(None, "question", "m")
    script = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
    said, unchanged = run_where_disks_are_ours(
        repository, script, str(path.parent), *CHILD, "open_history", str(path)
    )
    assert "The history could not be opened" in said
    assert "right to write" in said
    assert "Nothing was changed." in said
    assert unchanged == "True"
