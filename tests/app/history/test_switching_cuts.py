"""Power cuts while the encryption is switched: the history opens, whole, with a key that is stored."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.history.protection import Protection
from app.history.switching import encrypt
from app.history.system_keyring import SystemKeyring
from tests.app.history.file_keyring import FILE_VARIABLE, FileKeyring
from tests.app.history.filled import fill
from tests.app.history.power_cut import Disk, recorded
from tests.app.history.test_power_cuts import needs_strace

MOST_CUTS = 1_000 if os.environ.get("PONDER_PROOF") == "1" else 4
COUNT = 20
CHILD = [sys.executable, "-m", "tests.app.history.switching_children", "once"]


def opened_anew(path: Path) -> list[str]:
    """As the next start of Ponder finds it."""
    keyring = FileKeyring()  # type: ignore[no-untyped-call]
    with Protection(path, SystemKeyring(lambda: keyring)).open_history() as history:
        titles = sorted(each.title for each in history.conversations())
        history.do_upkeep()
    return titles


@needs_strace
@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", ["encrypt", "change", "decrypt"])
def test_a_cut_while_switching_loses_neither_history_nor_key(
    tmp_path: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    how: str,
) -> None:
    path = tmp_path / "work" / "history.db"
    path.parent.mkdir()
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{FileKeyring.__module__}.FileKeyring")
    monkeypatch.setenv(FILE_VARIABLE, str(path.with_name("keyring.json")))
    fill(path, COUNT)
    if how != "encrypt":
        keyring = FileKeyring()  # type: ignore[no-untyped-call]
        encrypt(Protection(path, SystemKeyring(lambda: keyring)), None, lambda _: None)
    expected = opened_anew(path)
    assert len(expected) == COUNT
    disk = Disk(path.parent)
    disk.load()
    events = recorded([*CHILD, str(path), how], path.parent, tmp_path / "trace", repository)
    assert events[-1].said == "done" or "done" in {event.said for event in events}
    chance = random.Random(how)
    cuts = set(chance.sample(range(len(events)), min(MOST_CUTS, len(events)))) | {len(events) - 1}
    for number, event in enumerate(events):
        disk.replay(event)
        if number in cuts:
            found = tmp_path / "found"
            found.mkdir()
            disk.cut(found, chance)
            monkeypatch.setenv(FILE_VARIABLE, str(found / "keyring.json"))
            assert opened_anew(found / "history.db") == expected, number
            shutil.rmtree(found)
    record_property("cuts", len(cuts))
