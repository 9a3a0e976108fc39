"""What is remembered of models survives restarts, two programs at once, and spoilt files."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from models.errors import LibraryError
from models.library_records import FileRecord, LibraryRecords, ModelRecord

FULL = ModelRecord(
    title="My title",
    note="A note\nof two lines 🤔",
    catalog_id="r1",
    added_from="/from/there.gguf",
    is_listed=True,
    last_used=datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
    files={"a.gguf": FileRecord("0" * 64, 5, 123_456_789, "1" * 64)},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "library.json"


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def records(file: Path, models_dir: Path) -> LibraryRecords:
    return LibraryRecords(file, models_dir)


def test_no_file_is_no_records(records: LibraryRecords, file: Path) -> None:
    assert records.read() == {}
    assert not file.exists()


def test_all_of_it_comes_back(records: LibraryRecords, file: Path, models_dir: Path) -> None:
    records.change(models_dir / "a.gguf", lambda _: FULL)
    again = LibraryRecords(file, models_dir)
    assert again.of(models_dir / "a.gguf") == FULL
    assert again.problem is None
    assert [path.name for path in file.parent.iterdir()] == ["library.json"]


def test_paths_in_the_folder_move_with_it(records: LibraryRecords, file: Path, tmp_path: Path) -> None:
    inside, outside = tmp_path / "models" / "sub" / "中文.gguf", tmp_path / "elsewhere" / "b.gguf"
    records.change(inside, lambda _: FULL)
    records.change(outside, lambda _: FULL)
    assert set(json.loads(file.read_bytes())["models"]) == {"sub/中文.gguf", str(outside)}
    moved = LibraryRecords(file, tmp_path / "moved")
    assert moved.of(tmp_path / "moved" / "sub" / "中文.gguf") == FULL
    assert moved.of(outside) == FULL
    assert moved.path(str(outside)) == outside


def test_an_empty_record_is_not_kept(records: LibraryRecords, models_dir: Path) -> None:
    records.change(models_dir / "a.gguf", lambda _: FULL)
    records.change(models_dir / "a.gguf", lambda _: ModelRecord())
    assert records.read() == {}


def test_forget_gives_it_back(records: LibraryRecords, models_dir: Path) -> None:
    records.change(models_dir / "a.gguf", lambda _: FULL)
    assert records.forget(models_dir / "a.gguf") == FULL
    assert records.forget(models_dir / "a.gguf") == ModelRecord()


def test_two_programs_keep_each_others_changes(records: LibraryRecords, file: Path, models_dir: Path) -> None:
    other = LibraryRecords(file, models_dir)
    records.change(models_dir / "a.gguf", lambda _: FULL)
    other.change(models_dir / "b.gguf", lambda _: FULL)
    records.change(models_dir / "a.gguf", lambda r: msgspec.structs.replace(r, title="Other"))
    assert {key: record.title for key, record in other.read().items()} == {
        "a.gguf": "Other",
        "b.gguf": "My title",
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b"\xff\xfe", ""),
        (b'{"version": 2, "models": {}}', "version 2"),
        (b'{"version": 1, "models": {"a": {"note": 5}}}', "Expected `str`"),
        (b'{"version": 1, "models": {"a": {"last_used": "2026-01-01T00:00:00"}}}', "timezone"),
        (b'{"version": 1, "models": {"a": {"files": {"a": {"sha256": "x"}}}}}', "sha256"),
        (b"[" * 100_000, ""),
    ],
)
def test_a_spoilt_file_is_set_aside_and_said(
    records: LibraryRecords, file: Path, models_dir: Path, content: bytes, words: str
) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    assert records.read() == {}
    assert records.problem is not None
    assert words in str(records.problem)
    assert "no model file was touched" in str(records.problem)
    assert (file.parent / "library.invalid-1.json").read_bytes() == content
    records.change(models_dir / "a.gguf", lambda _: FULL)
    file.write_bytes(content)
    records.read()
    assert (file.parent / "library.invalid-2.json").read_bytes() == content


def test_a_folder_in_its_place_is_set_aside(records: LibraryRecords, file: Path, models_dir: Path) -> None:
    file.mkdir(parents=True)
    records.change(models_dir / "a.gguf", lambda _: FULL)
    assert file.is_file()
    assert "not a file" in str(records.problem)


def test_what_this_version_does_not_know_is_passed_over(records: LibraryRecords, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"version": 1, "models": {"a": {"title": "T", "colour": "red"}}, "more": 1}')
    assert records.read() == {"a": ModelRecord(title="T")}
    assert records.problem is None


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that is read-only even for root")
def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path, repository: Path) -> None:
    script = (
        "import subprocess, sys\n"
        "from pathlib import Path\n"
        "from models.errors import LibraryError\n"
        "from models.library_records import LibraryRecords, ModelRecord\n"
        "folder = Path(sys.argv[1])\n"
        "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'ro', 'none', str(folder)], check=True)\n"
        "records = LibraryRecords(folder / 'library.json', folder / 'models')\n"
        "try:\n"
        "    records.change(folder / 'models' / 'a.gguf', lambda _: ModelRecord(title='T'))\n"
        "except LibraryError as error:\n"
        "    print(error)\n"
    )
    command = ["unshare", "-rm", sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=repository)
    assert "cannot be written to" in done.stdout
    assert "Read-only file system" in done.stdout
    assert "The list is as it was" in done.stdout


def test_the_old_file_stays_where_the_new_one_fails(
    records: LibraryRecords, file: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.change(models_dir / "a.gguf", lambda _: FULL)
    before = file.read_bytes()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.library_records.os.fsync", fail)
    with pytest.raises(LibraryError, match="No space left"):
        records.change(models_dir / "b.gguf", lambda _: FULL)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["library.json"]
