"""Files of an export: whole or not there, with safe names, never over another."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ExportError
from app.history.records import TurnState
from app.history.transfer.as_markdown import as_markdown
from app.history.transfer.exporting import Form, export_to_file, export_to_folder, whole_file
from app.history.transfer.file_names import MAX_BYTES, file_names
from app.history.transfer.records import ChatRecord, FolderRecord, TurnRecord
from models.engine.protocol import Usage

NOW = datetime(2025, 3, 1, 8, tzinfo=UTC)


def turn(
    question: str, answer: str, parent: int | None = None, state: TurnState = TurnState.FINISHED
) -> TurnRecord:
    usage = Usage(reasoning_tokens=212, reasoning_s=4.2)
    return TurnRecord(parent, question, answer, state, "R1 *7B*", NOW, usage)


def chat(title: str, *turns: TurnRecord) -> ChatRecord:
    return ChatRecord(title, NOW, NOW, turns, len(turns) - 1 if turns else None)


class Chats:
    """A history of a few chats."""

    def __init__(self, *chats: ChatRecord | None) -> None:
        self.chats = chats

    def export_conversation(self, conversation_id: int) -> ChatRecord | None:
        return self.chats[conversation_id]

    def export_folders(self) -> list[FolderRecord]:
        return []


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder."""
    made = tmp_path / "place"
    made.mkdir()
    return made


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_for_each_chat_with_names_of_their_own(place: Path) -> None:
    titles = ["a/b:c", "A B C", "con", "", "\u202egnp.exe", "😀" * 60, "😀" * 60, "..", "lpt1.txt"]
    (place / "con_.md").write_text("mine")
    source = Chats(*(chat(title, turn("?", "!")) for title in titles), None)

    report = export_to_folder(source, range(len(titles) + 1), place, Form.MARKDOWN)

    assert (report.chats, report.gone) == (9, 1)
    assert len(names_in(place)) == 10
    assert (place / "con_.md").read_text() == "mine"
    assert {"a b c.md", "A B C (2).md", "con_ (2).md", "chat.md", "chat (2).md", "gnp.exe.md"} <= set(
        names_in(place)
    )
    assert all(len(os.fsencode(name)) <= MAX_BYTES + 4 for name in names_in(place))


@given(st.lists(st.text(max_size=80), max_size=12))
def test_names_are_safe_and_each_once(titles: list[str]) -> None:
    names = file_names(titles, "md")

    assert len({name.casefold() for name in names}) == len(titles)
    for name in names:
        assert not set(name) & set('<>:"/\\|?*\0\n')
        assert not name.startswith((".", " "))
        assert len(name.encode()) <= MAX_BYTES + 3


def test_nothing_is_overwritten_unless_told_so(place: Path) -> None:
    file = place / "chat.md"
    file.write_text("mine")
    source = Chats(chat("One", turn("?", "!")))

    with pytest.raises(ExportError, match="already a file"):
        export_to_file(source, [0], file, Form.MARKDOWN)
    assert file.read_text() == "mine"
    export_to_file(source, [0], file, Form.MARKDOWN, may_replace=True)
    assert file.read_text().startswith("# One\n")
    assert names_in(place) == ["chat.md"]


def test_a_stopped_or_failed_export_leaves_nothing(place: Path) -> None:
    source = Chats(chat("One", turn("?", "!")), chat("Two"))
    stopped = export_to_file(source, [0, 1], place / "a.json", Form.JSON, is_stopped=lambda: True)
    assert (stopped.was_stopped, stopped.files) == (True, [])
    with pytest.raises(ExportError, match="PDF cannot be made here"):
        export_to_file(source, [0], place / "a.pdf", Form.PDF)
    with pytest.raises(ExportError, match="not there any more"):
        export_to_file(Chats(None), [0], place / "a.md", Form.MARKDOWN)
    with pytest.raises(ExportError, match="could be written"):
        export_to_file(source, [0], place / "no folder" / "a.md", Form.MARKDOWN)
    with pytest.raises(ZeroDivisionError), whole_file(place / "b") as write:
        write(bytes(1 // 0))

    assert names_in(place) == []


def test_a_full_disk_and_a_read_only_folder_are_said_in_words_and_leave_nothing(place: Path) -> None:
    script = """
import sys
from pathlib import Path
from app.errors import ExportError
from app.history.transfer.exporting import whole_file
path = Path(sys.argv[1])
path.write_bytes(b"mine") if sys.argv[2] == "full" else None
try:
    with whole_file(path, may_replace=True) as write:
        for _ in range(300):
            write(b"x" * 10_000)
except ExportError as error:
    print(error.message)
print(sorted(entry.name for entry in path.parent.iterdir()), path.exists() and path.read_bytes() == b"mine")
"""
    for kind, options, expected in (
        ("full", "size=1m", "No space left on device.\n['chat.md'] True"),
        ("read-only", "ro", "Read-only file system.\n[] False"),
    ):
        mount = f"mount -t tmpfs -o {options} none {place}"
        command = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        command += [sys.executable, "-c", script, str(place / "chat.md"), kind]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert expected in done.stdout, done.stderr


def test_markdown_has_the_path_in_front_and_nothing_else() -> None:
    record = ChatRecord(
        "A *title*\u202e",
        NOW,
        NOW,
        (
            turn("First?\nwith a line", "An old answer."),
            turn("First?", "**Bold** answer\r\nwith $x^2$"),
            turn("<b>Second</b>", "", 1, TurnState.STOPPED),
        ),
        front=2,
    )

    text = as_markdown(record)

    assert text.startswith("# A \\*title\\*\n\n**You** · 2025-03-01")
    assert "An old answer" not in text
    assert (
        "> First?\n\n**R1 \\*7B\\*** · Thought for 4.2 s · 212 tokens\n\n**Bold** answer\nwith $x^2$\n"
        not in text
    )
    assert "**Bold** answer\nwith $x^2$\n\n**You**" in text
    assert text.endswith("*The reply was stopped.*\n")
