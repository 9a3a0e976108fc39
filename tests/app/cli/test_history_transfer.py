"""`ponder history export` and `import`."""

from __future__ import annotations

import io
import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.cli.main import main
from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from tests.app.cli.conftest import CommandLine
from ui.export.renderer import ProcessRenderer

EXAMPLES = Path(__file__).parent.parent / "history" / "transfer" / "examples"


@pytest.fixture
def filled(ponder: CommandLine) -> CommandLine:
    """Two chats, one of them in a folder and with another version."""
    ponder.paths.make_folders()
    with closing(HistoryStore(ponder.paths.history_file)) as history:
        first = history.begin_turn(None, "What is 47 * 36?", "Ponder Mini")
        history.end_turn(first.id, state=TurnState.FINISHED, answer="It is **1692**.", usage=Usage())
        again = history.begin_turn(first.conversation_id, "What is 47 * 36?", "R1", version_of=first.id)
        history.end_turn(again.id, state=TurnState.FINISHED, answer="1692.", usage=Usage())
        history.move(first.conversation_id, history.create_folder("Work").id)
        other = history.begin_turn(None, "Über \x1b[31mrote Farbe", "R1")
        history.end_turn(other.id, state=TurnState.FINISHED, answer="Rot", usage=Usage())
    return ponder


def test_one_chat_goes_to_standard_output(filled: CommandLine) -> None:
    run = filled("history", "export", "--chat", "1")

    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout.startswith("# What is 47 \\* 36?\n")
    assert run.stdout.endswith("\n\n1692.\n")
    assert "\x1b" not in filled("history", "export", "--chat", "2").stdout


def test_a_file_is_not_replaced_without_force(filled: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "chat.md"
    run = filled("history", "export", "--chat", "1", "--output", str(file))
    assert (run.exit_code, run.stdout) == (0, f"{file}\n")
    assert "1 other version not written" in run.stderr
    before = file.read_bytes()
    message = filled("history", "export", "--chat", "2", "--output", str(file)).error()
    assert message == f"There is already a file {file}. It is as it was. Choose another name."
    assert file.read_bytes() == before
    assert filled("history", "export", "--chat", "2", "--output", str(file), "--force").exit_code == 0
    assert "rote Farbe" in file.read_text(encoding="utf-8")


def test_several_chats_go_into_a_folder(filled: CommandLine, tmp_path: Path) -> None:
    run = filled("history", "export", "--all", "--output", str(tmp_path / "out"), "--json")

    names = ["What is 47 36.md", "Über [31mrote Farbe.md"]
    assert sorted(Path(file).name for file in run.object["files"]) == sorted(names)
    assert sorted(entry.name for entry in (tmp_path / "out").iterdir()) == sorted(names)
    assert (run.object["chats"], run.object["other_versions"]) == (2, 1)


def test_everything_goes_out_and_comes_back(filled: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "chats.json"
    filled("history", "export", "--all", "--format", "json", "--output", str(file))
    before = filled("history", "list").stdout
    assert filled("history", "import", str(file), "--json").object["already_there"] == 2
    filled.paths.history_file.unlink()
    dry = filled("history", "import", str(file), "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, "2 chats can be imported\n")
    assert not filled.paths.history_file.exists()
    assert filled("history", "import", str(file)).stdout == "2 chats imported\n"
    after = filled("history", "list").stdout
    assert [line.split("  ", 1)[1] for line in before.splitlines()] == [
        line.split("  ", 1)[1] for line in after.splitlines()
    ]


def test_a_folder_is_exported(filled: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "work.json"
    filled("history", "export", "--folder", "Work", "--format", "json", "--output", str(file))
    chats = json.loads(file.read_text(encoding="utf-8"))["chats"]

    assert [(chat["title"], chat["folder"]) for chat in chats] == [("What is 47 * 36?", "Work")]
    assert "no folder “Play”" in filled("history", "export", "--folder", "Play").error()


def test_what_was_left_out_is_said(ponder: CommandLine, tmp_path: Path) -> None:
    files = [str(EXAMPLES / "claude_conversations.json"), str(tmp_path / "none.zip")]
    run = ponder("history", "import", *files)

    assert run.exit_code == 1
    assert run.stdout.splitlines() == [
        "1 chat imported",
        "left out: 1 message of a tool",
        "left out: 1 picture or file",
        "left out: 2 thoughts",
    ]
    assert "Not read: none.zip: “none.zip” was not imported" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["export", "--all"], 2, "no place to write to"),
        (["export", "--chat", "7"], 1, "no conversation 7"),
        (["export"], 2, "required"),
        (["export", "--all", "--chat", "1"], 2, "not allowed with"),
        (["export", "--chat", "1", "--format", "pdf", "--output", "x"], 2, "Start it as `ponder`"),
        (["import"], 2, "required"),
        (["import", "/no/such/file"], 1, "cannot be read"),
    ],
)
def test_mistakes_are_one_line(filled: CommandLine, arguments: list[str], exit_code: int, words: str) -> None:
    assert words in filled("history", *arguments).error(exit_code)


def test_to_look_makes_no_history(ponder: CommandLine) -> None:
    assert "no history to export" in ponder("history", "export", "--all", "--output", "x").error()
    assert not ponder.paths.history_file.exists()


def test_no_file_of_any_form_holds_a_word_of_thinking(
    ponder: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = ("--thought", "CANARY of a thought", "--answer", "The answer, and no more.")
    assert ponder("ask", "--save", "What is the CANARIES' song?", fake=fake).exit_code == 0
    for form in ("markdown", "json", "html", "pdf"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
        arguments = ["history", "export", "--chat", "1", "--format", form, "--output", str(tmp_path / form)]
        assert main(arguments, make_renderer=ProcessRenderer) == 0
        content = (tmp_path / form).read_bytes()
        assert b"CANARY" not in content
        if form != "pdf":  # its text is compressed
            assert b"The answer, and no more." in content
