"""`ponder delete-everything` asks, says what it will do, and does it."""

from __future__ import annotations

import os
import sys

import pytest

from app.history.store import HistoryStore
from tests.app.cli.conftest import CommandLine


@pytest.fixture
def used(ponder: CommandLine) -> CommandLine:
    """A folder with a history, settings and somebody else's file."""
    ponder.paths.make_folders()
    with HistoryStore(ponder.paths.history_file) as history:
        history.begin_turn(None, "Who?", "A model")
    ponder.paths.settings_file.write_text("{}")
    (ponder.paths.models_dir / "model.gguf").write_bytes(b"GGUF")
    (ponder.paths.data_dir / "thesis.txt").write_text("not ours")
    return ponder


def left(ponder: CommandLine) -> set[str]:
    return {path.name for path in ponder.paths.data_dir.rglob("*")}


def test_it_refuses_where_nobody_can_be_asked(used: CommandLine) -> None:
    before = left(used)
    assert "Add --yes" in used("delete-everything").error(exit_code=2)
    assert left(used) == before


def test_with_yes_it_deletes_all_but_models_and_others_files(used: CommandLine) -> None:
    run = used("delete-everything", "--yes")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "")
    assert left(used) == {"models", "model.gguf", "thesis.txt"}


def test_the_models_go_too_and_a_folder_of_its_own_with_them(used: CommandLine) -> None:
    (used.paths.data_dir / "thesis.txt").unlink()
    assert used("delete-everything", "--yes", "--models").exit_code == 0
    assert not used.paths.data_dir.exists()


def test_it_does_nothing_while_the_window_is_open(used: CommandLine) -> None:
    used.paths.lock_file.write_text(f"{os.getpid()}\n")
    before = left(used)
    assert "window is open" in used("delete-everything", "--yes").error()
    assert left(used) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals of this kind")
@pytest.mark.parametrize(("reply", "stays"), [("n\n", True), ("\n", True), ("y\n", False)])
def test_it_asks_in_a_terminal(used: CommandLine, reply: str, stays: bool) -> None:
    ours, theirs = os.openpty()
    with used.start("delete-everything", stdin=theirs) as process:
        os.close(theirs)
        os.write(ours, reply.encode())
        _stdout, stderr = process.communicate(timeout=60)
    os.close(ours)
    assert "for good. Do it? [y/N]" in stderr
    assert used.paths.history_file.exists() is stays
    assert process.returncode == int(stays)
