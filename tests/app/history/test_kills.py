"""SIGKILL at random moments of real chats: controller, engine process, history, backups."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError
from app.history.backups import list_backups
from app.history.damage import conversations_in
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from tests.app.history.chats import THOUGHT, answer_to
from tests.app.history.filled import holds

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and forks the POSIX way")

IS_PROOF = os.environ.get("PONDER_PROOF") == "1"
FOLDERS, KILLS = (10, 50) if IS_PROOF else (1, 5)
LONGEST_LIFE_S = 1.2


class Chats:
    """Starts chats, one after the other, and kills them; remembers what they acknowledged."""

    def __init__(self, nursery: subprocess.Popen[bytes]) -> None:
        self._nursery = nursery
        self._unread = b""
        self.asked: dict[int, str] = {}
        self.ended: dict[int, tuple[str, int]] = {}
        self.deleting: set[int] = set()
        self.deleted: set[int] = set()

    def kill_one(self, life_s: float, *, in_a_chat: bool) -> None:
        """Start one and kill it so long after it is there, or after its first question."""
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(b"\n")
        self._nursery.stdin.flush()
        pid = int(self._line(120))
        if in_a_chat:
            self._take(self._line(120))
        deadline = time.monotonic() + life_s
        while (left := deadline - time.monotonic()) > 0:
            if (line := self._line(left)) != "":
                self._take(line)
        os.kill(pid, signal.SIGKILL)
        while (line := self._line(120)) != "gone":
            self._take(line)

    def _take(self, line: str) -> None:
        what, number, *words = line.split(" ")
        turn_id = int(number)
        match what:
            case "asked":
                self.asked[turn_id] = words[0]
            case "ended":
                self.ended[turn_id] = (words[0], int(words[1]))
            case "deleting":
                self.deleting.add(turn_id)
            case "deleted":
                self.deleted.add(turn_id)

    def _line(self, timeout_s: float) -> str:
        """The next line, or "" where none comes in time."""
        assert self._nursery.stdout is not None
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._nursery.stdout], [], [], left)[0]:
                return ""
            more = os.read(self._nursery.stdout.fileno(), 65536)
            assert more, "the nursery ended early"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()


def turns_in(path: Path) -> dict[int, Turn]:
    with HistoryStore(path) as history:
        summaries = history.conversations()
        return {turn.id: turn for summary in summaries for turn in history.conversation(summary.id).turns}


def lost_by(chats: Chats, path: Path) -> list[str]:
    try:
        turns = turns_in(path)
    except HistoryError as error:
        return [f"{error} {error.details}"]
    lost = [f"turn {each} is lost" for each in chats.asked.keys() - chats.deleting - turns.keys()]
    lost += [f"turn {each} is back" for each in chats.deleted & turns.keys()]
    for each, turn in turns.items():
        if turn.question != chats.asked.get(each, turn.question):
            lost.append(f"turn {each} has another question")
        if not answer_to(turn.question).startswith(turn.answer):
            lost.append(f"turn {each} has another answer")
        if each in chats.ended and (str(turn.state), len(turn.answer)) != chats.ended[each]:
            lost.append(f"turn {each} ended otherwise")
        if turn.state is TurnState.RUNNING:
            lost.append(f"turn {each} still runs")
    with closing(driver.connect(str(path))) as connection:
        for check in ("integrity_check", "foreign_key_check"):
            lost += [str(row) for row in connection.execute(f"PRAGMA {check}") if row != ("ok",)]
    for backup in list_backups(path):
        conversations_in(backup.path)
    return lost


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_no_kill_loses_what_a_chat_acknowledged(
    tmp_path: Path, repository: Path, mini_model: Path, record_property: object
) -> None:
    """Nor does one leave a word of a thought, or of what was deleted once the next start looked after it."""
    assert callable(record_property)
    chance = random.Random(7)
    seen = {"asked": 0, "ended": 0, "deleted": 0}
    for number in range(FOLDERS):
        path = tmp_path / f"{number}" / "history.db"
        path.parent.mkdir()
        with subprocess.Popen(
            [sys.executable, "-m", "tests.app.history.chats", str(path.parent), str(mini_model)],
            cwd=repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as nursery:
            chats = Chats(nursery)
            for kill in range(KILLS):
                chats.kill_one(chance.uniform(0.0, LONGEST_LIFE_S), in_a_chat=kill % 2 == 0)
                assert lost_by(chats, path) == []
                assert holds(path.parent, THOUGHT[:20]) == []
        with HistoryStore(path) as history:
            history.do_upkeep()
        for each in chats.deleted:
            assert holds(path.parent, chats.asked[each]) == []
        for what, known in (("asked", chats.asked), ("ended", chats.ended), ("deleted", chats.deleted)):
            seen[what] += len(known)
    assert seen["asked"] > KILLS * FOLDERS / 4
    for what, count in seen.items():
        record_property(what, count)
