"""`ponder history`: for people and for machines."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from tests.app.cli.conftest import CommandLine

USAGE = Usage(reasoning_tokens=212, answer_tokens=9, reasoning_s=4.2)


@pytest.fixture
def filled(ponder: CommandLine) -> CommandLine:
    """Two conversations: two turns of numbers, one that failed and has an escape sequence in it."""
    ponder.paths.make_folders()
    with closing(HistoryStore(ponder.paths.history_file)) as history:
        first = history.begin_turn(None, "What is 47 * 36?", "Ponder Mini")
        history.end_turn(first.id, state=TurnState.FINISHED, answer="It is **1692**.\n", usage=USAGE)
        more = history.begin_turn(first.conversation_id, "now add 8", "Ponder Mini")
        history.end_turn(more.id, state=TurnState.STOPPED, answer="", usage=Usage())
        other = history.begin_turn(None, "Über \x1b[31mrote Farbe", "Other")
        history.end_turn(
            other.id, state=TurnState.FAILED, answer="Rot", usage=USAGE, failure="The engine\nstopped."
        )
    return ponder


def test_list(filled: CommandLine) -> None:
    run = filled("history", "list")
    lines = run.stdout.splitlines()
    assert (run.exit_code, run.stderr) == (0, "")
    assert lines[0].startswith("2  ")
    assert "\x1b" not in run.stdout
    assert lines[1].endswith("  2 turns  What is 47 * 36?")


def test_list_json(filled: CommandLine) -> None:
    other, first = filled("history", "list", "--json").object
    assert list(first) == [
        "id", "title", "created_at", "updated_at", "turns", "folder", "pinned", "archived",
    ]  # fmt: skip
    assert (first["folder"], first["pinned"], first["archived"]) == (None, False, False)
    assert (first["id"], first["title"], first["turns"]) == (1, "What is 47 * 36?", 2)
    assert datetime.fromisoformat(other["created_at"]).tzinfo is not None


def test_show_is_markdown(filled: CommandLine) -> None:
    run = filled("history", "show", "1")
    text = run.stdout
    assert (run.exit_code, run.stderr) == (0, "")
    assert text.startswith("# What is 47 * 36?\n\n**You** · 20")
    assert (
        "\n\nWhat is 47 * 36?\n\n**Ponder Mini** · Thought for 4 s · 212 tokens\n\nIt is **1692**.\n" in text
    )
    assert text.endswith("\n\nnow add 8\n\n**Ponder Mini**\n\n*Stopped.*\n")
    failed = filled("history", "show", "2").stdout
    assert failed.endswith("\n\nRot\n\n*Failed. The engine stopped.*\n")
    assert "\x1b" not in failed


def test_show_json(filled: CommandLine) -> None:
    found = filled("history", "show", "2", "--json").object
    turn = found["turns"][0]
    assert list(turn) == [
        "id", "question", "answer", "state", "failure", "model", "created_at", "usage", "versions",
    ]  # fmt: skip
    assert (turn["answer"], turn["state"], turn["usage"]["reasoning_tokens"]) == ("Rot", "failed", 212)


def test_what_lies_where_and_what_has_versions(filled: CommandLine) -> None:
    with closing(HistoryStore(filled.paths.history_file)) as history:
        history.move(1, history.create_folder("Sums").id)
        history.set_pinned(1, True)
        history.set_archived(2, True)
        other = history.begin_turn(1, "now add 9", "Ponder Mini", version_of=2)
        history.end_turn(other.id, state=TurnState.FINISHED, answer="1701", usage=USAGE)
    lines = filled("history", "list").stdout.splitlines()
    assert lines[0].endswith("  2 turns  What is 47 * 36?  (in “Sums”, pinned)")
    assert lines[1].endswith("Farbe  (archived)")
    shown = filled("history", "show", "1").stdout
    assert "now add 9" in shown
    assert "now add 8" not in shown
    assert shown.count(" · version 2 of 2\n\nnow add 9") == 1
    found = filled("history", "show", "1", "--json").object
    assert (found["folder"], found["pinned"], found["turns"][1]["versions"]) == ("Sums", True, [2, other.id])


def test_search(filled: CommandLine) -> None:
    run = filled("history", "search", "1692")
    assert run.stdout.splitlines()[0] == "1  What is 47 * 36?"
    assert "1692" in run.stdout.splitlines()[1]
    (hit,) = filled("history", "search", "uber", "farbe", "--json").object
    assert list(hit) == ["conversation_id", "title", "turn_id", "excerpt", "ranges", "in_question"]
    assert (hit["conversation_id"], hit["in_question"]) == (2, True)
    assert [hit["excerpt"][start:end] for start, end in hit["ranges"]] == ["Über", "Farbe"]


def test_search_without_a_hit(filled: CommandLine) -> None:
    run = filled("history", "search", "nowhere")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "Nothing was found.\n")
    assert filled("history", "search", "nowhere", "--json").object == []
    assert "no words" in filled("history", "search", " ").error(exit_code=2)


def test_delete(filled: CommandLine) -> None:
    assert "Add --yes" in filled("history", "delete", "1").error(exit_code=2)
    assert len(filled("history", "list", "--json").object) == 2
    assert filled("history", "delete", "1", "--yes", "--json").object == {"deleted": 1}
    assert [each["id"] for each in filled("history", "list", "--json").object] == [2]
    assert "There is no conversation 1" in filled("history", "delete", "1", "--yes").error()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals of this kind")
@pytest.mark.parametrize(("reply", "left"), [("y\n", 1), ("n\n", 2), ("\n", 2)])
def test_delete_asks_in_a_terminal(filled: CommandLine, reply: str, left: int) -> None:
    ours, theirs = os.openpty()
    with filled.start("history", "delete", "1", stdin=theirs) as process:
        os.close(theirs)
        os.write(ours, reply.encode())
        stdout, stderr = process.communicate(timeout=60)
    os.close(ours)
    assert stdout == ""
    assert stderr.startswith("Delete “What is 47 * 36?” (2 turns) for good? [y/N] ")
    assert process.returncode == left - 1
    assert len(filled("history", "list", "--json").object) == left


def test_looking_makes_no_history(ponder: CommandLine) -> None:
    assert ponder("history", "list", "--json").object == []
    assert ponder("history", "list").stderr == "There are no conversations yet.\n"
    assert ponder("history", "search", "x", "--json").object == []
    assert "There is no conversation 1." in ponder("history", "show", "1").error()
    assert "There is no conversation 1." in ponder("history", "delete", "1", "--yes").error()
    assert not ponder.paths.data_dir.exists()


@pytest.mark.parametrize("arguments", [["show", "x"], ["show", "0"], ["show"], [], ["burn"]])
def test_what_is_not_understood_is_refused(ponder: CommandLine, arguments: list[str]) -> None:
    assert "ponder history" in ponder("history", *arguments).error(exit_code=2)


def test_what_is_no_history_is_left_alone(ponder: CommandLine, tmp_path: Path) -> None:
    ponder.paths.data_dir.mkdir()
    ponder.paths.history_file.write_bytes(b"something else")
    assert "is not a history of Ponder" in ponder("history", "list", "--json").error()
    assert ponder.paths.history_file.read_bytes() == b"something else"


def test_history_starts_without_a_window_or_an_engine(repository: Path, filled: CommandLine) -> None:
    program = (
        "import sys; from app.cli.main import main; code = main(['history', 'list'])\n"
        "assert not {'PySide6', 'rich', 'llama_cpp', 'jinja2'} & sys.modules.keys(); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
