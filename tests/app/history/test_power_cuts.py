"""Power cuts and disks that fail, on the real store, plain and encrypted."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import HistoryError
from tests.app.history.children import key_of_run
from tests.app.history.power_cut import Disk, Event, recorded
from tests.app.history.said import said_in, what_is_lost

IS_PROOF = os.environ.get("PONDER_PROOF") == "1"
RUNS, CUTS = (8, 60) if IS_PROOF else (2, 12)
FAULTS = 240 if IS_PROOF else 4
STRACE = ["strace", "-f", "--seccomp-bpf", "-o", os.devnull]
CHILD = [sys.executable, "-m", "tests.app.history.children", "say_what_is_stored"]


def strace_works() -> bool:
    return (
        shutil.which("strace") is not None
        and not subprocess.run([*STRACE, "true"], check=False, capture_output=True).returncode
    )


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not here, or may not trace")


@needs_strace
@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("run", range(RUNS))
def test_no_power_cut_loses_what_was_acknowledged(
    tmp_path: Path, repository: Path, run: int, record_property: Callable[[str, object], None]
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    events = recorded(
        [*CHILD, str(folder / "history.db"), str(run), "30"], folder, tmp_path / "trace", repository
    )
    chance = random.Random(run)
    cuts = sorted(chance.sample(range(len(events)), min(CUTS, len(events))))
    disk, lost, acknowledged = Disk(folder), [], 0
    for number, event in enumerate(events):
        disk.replay(event)
        if number not in cuts:
            continue
        found = tmp_path / f"cut {number}"
        found.mkdir()
        disk.cut(found, chance)
        said = said_in(event.said for event in events[: number + 1] if event.call == "say")
        acknowledged += said.count
        try:
            lost += [
                f"cut {number}: {each}" for each in what_is_lost(said, found / "history.db", key_of_run(run))
            ]
        except HistoryError as error:
            lost.append(f"cut {number}: {error} {error.details}")
        shutil.rmtree(found)
    assert lost == []
    assert acknowledged > CUTS
    record_property("cuts", len(cuts))
    record_property("acknowledged", acknowledged)


def test_the_simulator_sees_a_missing_sync(tmp_path: Path) -> None:
    """A file written and not synced is gone after some cuts, one that was synced after none."""
    path = str(tmp_path / "file")
    written = [
        Event("open", 3, path, flags="O_RDWR|O_CREAT"),
        Event("open", 4, str(tmp_path), flags="O_RDONLY|O_DIRECTORY"),
        Event("fsync", 4),
        Event("pwrite64", 3, data=b"x" * 4096, offset=0),
    ]
    for synced in (False, True):
        disk = Disk(tmp_path)
        for event in [*written, Event("fdatasync", 3)][: 5 if synced else 4]:
            disk.replay(event)
        found = []
        for number in range(40):
            into = tmp_path / f"{synced} {number}"
            into.mkdir()
            disk.cut(into, random.Random(number))
            found.append((into / "file").read_bytes() == b"x" * 4096)
        assert all(found) is synced
        assert any(found)


@needs_strace
@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_no_failing_disk_loses_what_was_acknowledged(
    tmp_path: Path, repository: Path, record_property: Callable[[str, object], None]
) -> None:
    """A call on the history's files fails, once or again and again; each failure is said in words."""
    chance = random.Random(1)
    failed = acknowledged = 0
    for number in range(FAULTS):
        path = tmp_path / f"{number}" / "history.db"
        path.parent.mkdir()
        call = ("pwrite64", "fdatasync", "ftruncate", "pread64", "openat")[number % 5]
        error = chance.choice(["EIO", "ENOSPC"] if call != "pread64" else ["EIO"])
        when = chance.choice(["", "+", f"+{chance.randrange(2, 9)}"])
        fault = f"inject={call}:error={error}:when={chance.randrange(1, 40)}{when}"
        files = [word for name in ("", "-wal", "-journal") for word in ("-P", f"{path}{name}")]
        run = subprocess.run(
            [*STRACE, "-e", f"trace={call}", *files, "-e", fault, *CHILD, str(path), str(number), "15"],
            cwd=repository,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, (fault, run.stderr)
        said = said_in(run.stdout.splitlines())
        assert all("could not be" in line or "not " in line for line in said.failed), said.failed
        failed += len(said.failed)
        acknowledged += said.count
        assert what_is_lost(said, path, key_of_run(number)) == [], (fault, said.failed)
        shutil.rmtree(path.parent)
    assert failed
    assert acknowledged
    record_property("failures in words", failed)
    record_property("acknowledged", acknowledged)
