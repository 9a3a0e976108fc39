"""Power cuts in a restore, a recovery and a migration: the old is there, or the new, or both."""

from __future__ import annotations

import os
import random
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import HistoryDamagedError
from app.history import backups
from app.history.connection import connect
from app.history.damage import newest_good_backup
from app.history.file_kind import APPLICATION_ID
from app.history.migrations import m0001_conversations_and_turns
from tests.app.history.filled import fill, spoil, titles
from tests.app.history.power_cut import Disk, recorded
from tests.app.history.test_power_cuts import needs_strace

MOST_CUTS = 1_000 if os.environ.get("PONDER_PROOF") == "1" else 10
COUNT = 20
CHILD = [sys.executable, "-m", "tests.app.history.children", "repair"]


def prepare(path: Path, how: str) -> None:
    if how == "migrate":
        with closing(connect(path)) as connection:
            m0001_conversations_and_turns.migrate(connection.execute)
            for number in range(COUNT):
                connection.execute("INSERT INTO conversations VALUES (NULL, ?, 1, 2)", (f"Old {number}",))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("PRAGMA user_version = 1")
        return
    fill(path, COUNT)
    with closing(connect(path)) as connection, backups.only_one(path):
        backups.make_backup(connection, path)
    if how == "restore over a good one":
        fill(path, 3)
    else:
        spoil(path, 5, 8)


@needs_strace
@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", ["restore", "recover", "empty", "migrate", "restore over a good one"])
def test_a_cut_leaves_the_old_or_the_new(tmp_path: Path, repository: Path, how: str) -> None:
    path = tmp_path / "work" / "history.db"
    path.parent.mkdir()
    prepare(path, how)
    before = path.read_bytes()
    disk = Disk(path.parent)
    disk.load()
    events = recorded([*CHILD, str(path), how.split()[0]], path.parent, tmp_path / "trace", repository)
    chance = random.Random(how)
    cuts = set(chance.sample(range(len(events)), min(MOST_CUTS, len(events)))) | {len(events) - 1}
    done = False
    for number, event in enumerate(events):
        disk.replay(event)
        done = done or event.said == "done"
        if number not in cuts:
            continue
        found = tmp_path / "found"
        found.mkdir()
        disk.cut(found, chance)
        there = found / "history.db"
        try:
            count = len(titles(there))
        except HistoryDamagedError:
            assert not done
            assert before in {file.read_bytes() for file in found.glob("history*.db")}, number
            newest = newest_good_backup(there)
            assert newest is not None
            assert newest.conversation_count == COUNT
        else:
            assert count in allowed(how, done), (number, count)
            if how in ("restore", "recover", "empty"):
                assert before in {file.read_bytes() for file in found.glob("history.damaged-*.db")}
        shutil.rmtree(found)
    assert done


def allowed(how: str, done: bool) -> set[int]:
    """How many conversations there may be."""
    match how:
        case "recover":
            return set(range(1, COUNT + 1))
        case "empty":
            return {0}
        case "restore over a good one":
            return {COUNT} if done else {COUNT, COUNT + 3}
        case _:
            return {COUNT}
