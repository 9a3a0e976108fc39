"""SIGKILL while the encryption is switched: the history opens, whole, with a key that is stored."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.history.backups import list_backups
from app.history.damage import conversations_in
from app.history.file_kind import FileKind, key_id_in, kind_of
from app.history.protection import Protection
from app.history.store import HistoryStore
from app.history.system_keyring import SystemKeyring
from tests.app.history.file_keyring import FILE_VARIABLE, FileKeyring
from tests.app.history.filled import add_turn

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and forks the POSIX way")

IS_PROOF = os.environ.get("PONDER_PROOF") == "1"
KILLS = 100 if IS_PROOF else 4
CONVERSATIONS = 60
LONGEST_LIFE_S = 1.5 if IS_PROOF else 0.8


@pytest.fixture
def nursery(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{FileKeyring.__module__}.FileKeyring")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "keyring.json"))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.app.history.switching_children", "raise", str(tmp_path / "data"), "7"],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        yield child
        assert child.stdin is not None
        child.stdin.close()


def file_keyring() -> FileKeyring:
    return FileKeyring()  # type: ignore[no-untyped-call]


class Lines:
    """What the children say, a line at a time."""

    def __init__(self, nursery: subprocess.Popen[bytes]) -> None:
        assert nursery.stdout is not None
        self._descriptor = nursery.stdout.fileno()
        self._unread = b""

    def next(self, timeout_s: float) -> str:
        """The next line, or "" where none comes in time."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._descriptor], [], [], left)[0]:
                return ""
            more = os.read(self._descriptor, 65536)
            assert more, "the nursery ended early"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()


def lives(nursery: subprocess.Popen[bytes], lines: Lines, life_s: float) -> list[str]:
    """Start one, kill it so long after, and give what it said."""
    assert nursery.stdin is not None
    nursery.stdin.write(b"\n")
    nursery.stdin.flush()
    pid = int(lines.next(120))
    said = []
    deadline = time.monotonic() + life_s
    while (left := deadline - time.monotonic()) > 0:
        if line := lines.next(left):
            said.append(line)
    os.kill(pid, signal.SIGKILL)
    while (line := lines.next(120)) != "gone":
        said.append(line)
    return said


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_no_kill_while_switching_loses_the_history_or_its_key(
    tmp_path: Path, nursery: subprocess.Popen[bytes], record_property: object
) -> None:
    assert callable(record_property)
    path = tmp_path / "data" / "history.db"
    path.parent.mkdir()
    with HistoryStore(path) as history:
        expected = {add_turn(history, f"Number {each}?", "More. " * 5000).id for each in range(CONVERSATIONS)}
        history.back_up()
    lines, chance, said = Lines(nursery), random.Random(11), list[str]()
    seen = {"encrypted": 0, "plain": 0, "leftovers": 0}
    for _ in range(KILLS):
        told = lives(nursery, lines, chance.uniform(0.0, LONGEST_LIFE_S))
        said += told
        expected |= {int(line.split()[1]) for line in told if line.startswith("asked")}
        seen["encrypted" if kind_of(path) is FileKind.ENCRYPTED else "plain"] += 1
        seen["leftovers"] += bool(list(path.parent.glob("history.[no]*")))
        protection = Protection(path, SystemKeyring(file_keyring))
        with protection.open_history() as history:
            turns = {
                turn.id for each in history.conversations() for turn in history.conversation(each.id).turns
            }
            assert turns >= expected
            history.do_upkeep()
        assert list(path.parent.glob("history.[no]*")) == []
        again = Protection(path, SystemKeyring(file_keyring))
        again.open_history().close()  # no backup needs an older key any more
        key = again.key()
        for backup in list_backups(path):
            assert key_id_in(backup.path) == (key.id if key is not None else "")
            assert conversations_in(backup.path, key) > 0
        assert len(file_keyring().entries()) == (key is not None)
    for what in ("on", "off", "moved"):
        record_property(what, said.count(f"done {what}"))
    for what, count in seen.items():
        record_property(what, count)
    if IS_PROOF:
        assert seen["leftovers"] > KILLS / 4
