"""Files that nobody vouches for: each is imported whole, refused in words, or listed; never a bug."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ImportRefusedError
from app.history.transfer.importing import import_files
from app.history.transfer.store import TransferStore

EXAMPLES = Path(__file__).parent / "examples"
CHATS = {
    name: (EXAMPLES / name).read_bytes() for name in sorted(file.name for file in EXAMPLES.glob("*.json"))
}
PROOF = os.environ.get("PONDER_PROOF") == "1"
ONE_FOLDER = [HealthCheck.function_scoped_fixture]


def zipped(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def chat(question: Any = "Hello", **more: Any) -> dict[str, Any]:
    messages = [{"sender": "human", "text": question}, {"sender": "assistant", "text": "Hello to you."}]
    return {"name": "A chat", "created_at": "2025-03-01T08:00:00Z", "chat_messages": messages} | more


def test_an_archive_is_read_without_its_other_files(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    claude, chatgpt = CHATS["claude_conversations.json"], CHATS["chatgpt_conversations.json"]
    file.write_bytes(
        zipped(
            {
                "../../conversations-000.json": chatgpt,
                "C:\\a\\conversations-001.json": claude,
                "user.json": b"no json",
                "__MACOSX/conversations.json": b"no json",
            }
        )
    )
    with TransferStore(tmp_path / "history.db") as store:
        report = import_files([file], store)
        titles = {summary.title for summary in store.conversations()}

    assert (report.imported, report.problems) == (2, [])
    assert titles == {"Primes", "Bread"}
    names = {entry.name for entry in tmp_path.iterdir() if not entry.name.startswith("history")}
    assert names == {"export.zip", "home"}


def test_the_same_archive_twice_doubles_nothing_and_a_chat_that_grew_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    file.write_bytes(CHATS["claude_conversations.json"])
    with TransferStore(tmp_path / "history.db") as store:
        assert import_files([file], store).imported == 1
        again = import_files([file], store)
        assert (again.imported, again.already_there) == (0, 1)
        grown = json.loads(file.read_bytes())
        grown[0]["chat_messages"].append({"uuid": "m5", "sender": "human", "text": "One more thing"})
        file.write_text(json.dumps(grown), encoding="utf-8")
        assert import_files([file], store).imported == 1
        assert len(store.conversations()) == 2


def test_one_bad_chat_costs_no_other(tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    bad = [chat(title="Nothing", chat_messages=[]), chat(chat_messages=7), {"mapping": "?"}]
    text = json.dumps([chat("One"), *bad, chat("Two", created_at="2025-03-02T08:00:00Z")])
    file.write_text(text.replace('"A chat"', "NaN", 1), encoding="utf-8")
    with TransferStore(tmp_path / "history.db") as store:
        report = import_files([file], store)

    assert report.imported == 1
    assert [problem.reason for problem in report.problems] == [
        "It is no correct JSON.",
        "There is no question in it.",
        "It is no chat in a format that Ponder knows.",
        "It is no chat in a format that Ponder knows.",
    ]


def test_a_cut_file_gives_its_whole_chats(tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    text = json.dumps([chat("One"), chat("Two", created_at="2025-03-02T08:00:00Z")])
    file.write_text(text[:-20], encoding="utf-8")
    with TransferStore(tmp_path / "history.db") as store:
        report = import_files([file], store)
        [summary] = store.conversations()

    assert (report.imported, summary.turn_count) == (1, 1)
    assert "ends in the middle" in report.problems[0].reason


def test_halves_of_pairs_nul_and_strange_texts_are_kept_as_they_can_be(tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    strange = "half \ud83d, nul \0, emoji 😀, marks \u202e, <script>alert(1)</script>"
    file.write_text(json.dumps([chat(strange, name="\u202eTitle\n\0two")]), encoding="utf-8")
    with TransferStore(tmp_path / "history.db") as store:
        import_files([file], store)
        [summary] = store.conversations()
        read = store.export_conversation(summary.id)

    assert read is not None
    assert read.turns[0].question == strange.replace("\ud83d", "\ufffd").replace("\0", "\ufffd")
    assert summary.title == "Title two"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no JSON"),
        (b"hello", "no JSON"),
        (b"\x89PNG\r\n", "no JSON"),
        (b"[]", "no chats"),
        (b"{}", ""),
        (b"[[[", ""),
        (b"\xf5\xd5\x53\xcc\0\0\0\x0c", "GPT4All"),
        (zipped({"a.txt": b""}), "no conversations.json"),
        (zipped({"conversations.json": b"[]"})[:-30], "damaged"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged"),
        (b'{"format": "ponder-chats", "version": 2, "chats": [{"turns": []}]}', "newer Ponder"),
        (b'{"chats": [{"turns": []}], "format": "ponder-chats", "version": 2}', "newer Ponder"),
        (
            b'{"format": "ponder-chats", "version": 1, "folders": [{"name": 1}], "chats": []}',
            "name is missing",
        ),
    ],
)
def test_what_is_no_file_of_chats_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "conversations.json"
    file.write_bytes(content)
    with TransferStore(tmp_path / "history.db") as store:
        if words:
            with pytest.raises(ImportRefusedError, match=words):
                import_files([file], store)
        else:
            assert import_files([file], store).problems
        assert store.conversations() == []


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "not there.json", tmp_path, Path("\0")):
        with pytest.raises(ImportRefusedError):
            import_files([path], None)


def test_a_locked_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    content = bytearray(zipped({"conversations.json": b"[]"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    file.write_bytes(content)

    with pytest.raises(ImportRefusedError, match="locked with a password"):
        import_files([file], None)


def test_a_zip_bomb_takes_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    file.write_bytes(zipped({"conversations.json": b"[" + b" " * 40_000_000 + b"]"}))
    tracemalloc.start()
    try:
        with pytest.raises(ImportRefusedError, match="more than 8 MB"):
            import_files([file], None, max_bytes=8 * 2**20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 24 * 2**20


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 3_000_000,
        b'{"a":' * 1_000_000,
        b'[{"chat_messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'[{"a":"' + b'\\"' * 2_000_000,
        b'["' * 500_000,
        b'[{"chat_messages":[' + b"1" * 100_000 + b"]}]",
        b'[{"mapping":{"a":' + b"9" * 5_000 + b"}}]",
    ],
    ids=["brackets", "braces", "deep", "open", "quotes", "number", "long number"],
)
def test_hostile_texts_are_refused_soon(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "conversations.json"
    file.write_bytes(content)
    try:
        report = import_files([file], None)
    except ImportRefusedError:
        return

    assert not report.imported
    assert report.problems


@pytest.mark.proof
@settings(max_examples=1_000 if PROOF else 80, suppress_health_check=ONE_FOLDER, deadline=None)
@given(name=st.sampled_from(sorted(CHATS)), seed=st.integers(0, 2**32), as_archive=st.booleans())
def test_damaged_files_are_never_a_bug(tmp_path: Path, name: str, seed: int, as_archive: bool) -> None:
    rng = random.Random(seed)
    content = bytearray(
        zipped({name[-len("conversations.json") :]: CHATS[name]}) if as_archive else CHATS[name]
    )
    for _ in range(rng.randint(1, 12)):
        place = rng.randrange(len(content))
        match rng.randrange(3):
            case 0:
                content[place] = rng.randrange(256)
            case 1:
                del content[place : place + rng.randint(1, 40)]
            case 2:
                content[place:place] = rng.choice(
                    [b'"', b"{", b"]", b"null", b"-1", b"\xff", b"1e999", b"[[["]
                )
        content = content or bytearray(b"x")
    file = tmp_path / "conversations.json"
    file.write_bytes(content)
    with contextlib.suppress(ImportRefusedError):
        import_files([file], None)


def _changed(value: Any, rng: random.Random) -> Any:
    """The value with something of a wrong type in it."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        return value | {key: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [*value[:place], _changed(value[place], rng), *value[place + 1 :]]
    wrong: list[Any] = [None, True, 0, -1, 2**70, 1e308, "", "x", "\ud800", "\0", [], {}, [[]], {"a": {}}]
    return rng.choice(wrong)


@pytest.mark.proof
@settings(max_examples=1_000 if PROOF else 80, suppress_health_check=ONE_FOLDER, deadline=None)
@given(name=st.sampled_from(sorted(CHATS)), seed=st.integers(0, 2**32))
def test_wrong_types_are_never_a_bug(tmp_path: Path, name: str, seed: int) -> None:
    rng = random.Random(seed)
    value = json.loads(CHATS[name])
    for _ in range(rng.randint(1, 6)):
        value = _changed(value, rng)
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    history = TransferStore(tmp_path / f"{rng.random()}.db") if seed % 10 == 0 else contextlib.nullcontext()
    with history as store, contextlib.suppress(ImportRefusedError):
        import_files([file], store)


def test_a_stop_leaves_whole_chats_and_the_next_import_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    file.write_text(
        json.dumps([chat(str(n), created_at=f"2025-03-01T08:00:{n:02}Z") for n in range(30)]),
        encoding="utf-8",
    )
    with TransferStore(tmp_path / "history.db") as store:
        seen: list[int] = []
        report = import_files([file], store, on_progress=seen.append, is_stopped=lambda: len(seen) == 12)
        assert (report.imported, report.was_stopped) == (12, True)
        report = import_files([file], store)
        assert (report.imported, report.already_there) == (18, 12)
        assert {summary.turn_count for summary in store.conversations()} == {1}


@pytest.mark.proof
def test_a_kill_leaves_whole_chats(tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    many = [
        {
            "created_at": f"2025-03-01T08:{n // 60:02}:{n % 60:02}Z",
            "chat_messages": [
                {"sender": ("human", "assistant")[k % 2], "text": f"{n} {k} " + "x" * 500} for k in range(40)
            ],
        }
        for n in range(60)
    ]
    file.write_text(json.dumps(many), encoding="utf-8")
    script = (
        "import sys; from pathlib import Path\n"
        "from app.history.transfer.importing import import_files\n"
        "from app.history.transfer.store import TransferStore\n"
        "with TransferStore(Path(sys.argv[2])) as store:\n"
        "    import_files([Path(sys.argv[1])], store, on_progress=lambda n: print(n, flush=True))\n"
    )
    for lines in (1, 9):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(file), str(tmp_path / "history.db")], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(lines):
            assert child.stdout.readline()
        child.kill()
        child.wait()
        child.stdout.close()
        with TransferStore(tmp_path / "history.db") as store:
            summaries = store.conversations()
            assert len(summaries) >= lines
            assert {summary.turn_count for summary in summaries} == {20}
    with TransferStore(tmp_path / "history.db") as store:
        import_files([file], store)
        assert len(store.conversations()) == 60
