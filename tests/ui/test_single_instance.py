"""A second start raises the first window; a lock left by a dead process holds nobody up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ui.single_instance import SingleInstance

_CLAIM = """
import sys
from pathlib import Path
from ui.single_instance import SingleInstance
instance = SingleInstance(Path(sys.argv[1]))
print(instance.claim(), flush=True)
sys.stdin.read()
import os; os._exit(9)
"""


def test_a_second_start_raises_the_first(tmp_path: Path, qtbot: QtBot) -> None:
    first, second = SingleInstance(tmp_path / "lock"), SingleInstance(tmp_path / "lock")
    assert first.claim()
    assert not second.claim()
    for _ in range(2):
        with qtbot.waitSignal(first.raise_requested):
            second.ask_first_to_raise()
    first.release()
    assert second.claim()
    second.release()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path, qtbot: QtBot, repository: Path) -> None:
    lock_file = tmp_path / "lock"
    child = subprocess.Popen(
        [sys.executable, "-c", _CLAIM, str(lock_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=repository,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        instance = SingleInstance(lock_file)
        assert not instance.claim()
        child.kill()
    assert lock_file.exists()
    assert instance.claim()
    instance.release()


def test_two_data_folders_know_nothing_of_each_other(tmp_path: Path, qtbot: QtBot) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = SingleInstance(tmp_path / "one" / "lock"), SingleInstance(tmp_path / "two" / "lock")
    assert one.claim()
    assert two.claim()
    one.release()
    two.release()


def test_a_folder_that_is_not_there_holds_no_lock_and_stops_nobody(tmp_path: Path, qtbot: QtBot) -> None:
    instance = SingleInstance(tmp_path / "missing" / "lock")
    assert instance.claim()
    instance.release()


@pytest.mark.parametrize("start", [[sys.executable, "-m", "ui"]])
def test_the_second_program_ends_with_0_and_opens_nothing(
    start: list[str], home: Path, qtbot: QtBot, repository: Path
) -> None:
    data_dir = home / "ponder"
    data_dir.mkdir()
    instance = SingleInstance(data_dir / "ponder.lock")
    assert instance.claim()
    with qtbot.waitSignal(instance.raise_requested):
        result = subprocess.run(
            start,
            cwd=repository,
            env=dict(os.environ),
            timeout=60,
            capture_output=True,
            text=True,
            check=False,
        )
    instance.release()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
