"""The file on its way: what is kept of it after whatever happened, and what never happens to a final name."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
from pathlib import Path

import pytest

from models import part_file
from models.download_errors import BusyElsewhereError, DiskFullError, DownloadError, UnsafeNameError
from models.part_file import PartFile, PartSource
from models.stream_hash import BUFFER_BYTES

MB = 1024 * 1024
SOURCE = PartSource("o/n", "c" * 40, "x.gguf", "https://hub/x", '"hub"', '"cdn"', 0, "")
CONTENT = random.Random(1).randbytes(23 * MB + 17)


def never(read_bytes: int) -> None:
    """Hear of the progress of a check."""


def fill(part: PartFile, content: bytes) -> None:
    with part.receiving():
        for start in range(0, len(content), BUFFER_BYTES):
            piece = content[start : start + BUFFER_BYTES]
            buffer = part.free_buffer()
            buffer[: len(piece)] = piece
            part.append(buffer, len(piece))


@pytest.fixture
def final(tmp_path: Path) -> Path:
    return tmp_path / "models" / "o__n" / "x.gguf"


@pytest.fixture
def part(final: Path) -> PartFile:
    """A part file with all of CONTENT in it, closed."""
    part = PartFile(final)
    part.open()
    part.describe(SOURCE)
    fill(part, CONTENT)
    part.close()
    return part


def reopened(final: Path) -> PartFile:
    part = PartFile(final)
    part.open()
    return part


def test_it_goes_on_at_the_last_byte_and_gets_its_name(part: PartFile, final: Path) -> None:
    part = reopened(final)
    assert part.source == SOURCE
    assert part.check(never) == len(CONTENT)
    fill(part, b"and the rest")
    assert part.sha256 == hashlib.sha256(CONTENT + b"and the rest").hexdigest()
    assert not final.exists()
    part.force_to_disk()
    part.publish()
    assert final.read_bytes() == CONTENT + b"and the rest"
    assert [path.name for path in final.parent.iterdir()] == ["x.gguf"]


def test_a_mark_is_never_far_behind(final: Path) -> None:
    part = PartFile(final)
    part.open()
    part.describe(SOURCE)
    sidecar = final.with_name("x.gguf.part.json")
    with part.receiving():
        for start in range(0, len(CONTENT), BUFFER_BYTES):
            piece = CONTENT[start : start + BUFFER_BYTES]
            buffer = part.free_buffer()
            buffer[: len(piece)] = piece
            part.append(buffer, len(piece))
            behind_bytes = start + len(piece) - json.loads(sidecar.read_bytes())["done_bytes"]
            assert behind_bytes <= 9 * MB  # 4 MB between marks, 4 MB that wait to be hashed, and one buffer
    part.close()


@pytest.mark.parametrize("damage", ["cut short", "zeros at the end", "a byte in the middle", "a longer file"])
def test_it_falls_back_on_the_last_true_mark(
    final: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_file, "LASTING_MARK_EVERY_BYTES", 8 * MB)
    part = reopened(final)
    part.describe(SOURCE)
    fill(part, CONTENT)
    part.close()
    with part.path.open("r+b") as file:
        match damage:
            case "cut short":
                file.truncate(20 * MB)
            case "zeros at the end":
                file.seek(19 * MB)
                file.write(bytes(4 * MB + 17))
            case "a byte in the middle":
                file.seek(17 * MB)
                file.write(bytes([CONTENT[17 * MB] ^ 1]))
            case "a longer file":
                file.seek(0, os.SEEK_END)
                file.write(b"more")
    part = reopened(final)
    kept = part.check(never)
    assert kept == len(CONTENT) if damage == "a longer file" else 8 * MB <= kept <= 20 * MB
    assert part.path.read_bytes() == CONTENT[:kept]
    fill(part, CONTENT[kept:])
    assert part.sha256 == hashlib.sha256(CONTENT).hexdigest()
    part.close()


def test_a_write_that_fails_halfway_leaves_only_what_is_hashed(
    final: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = reopened(final)
    part.describe(SOURCE)
    fill(part, CONTENT[:MB])
    real_write = os.write

    def write_a_little(descriptor: int, data: memoryview) -> int:
        real_write(descriptor, data[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_a_little)
        with pytest.raises(DiskFullError):
            fill(part, CONTENT[MB:])
    assert part.path.read_bytes() == CONTENT[:MB]
    fill(part, CONTENT[MB:])
    assert part.sha256 == hashlib.sha256(CONTENT).hexdigest()
    part.close()


@pytest.mark.parametrize("sidecar", [None, b"", b"{", b"[]", b'{"version":9}', bytes(range(128, 228))])
def test_without_a_readable_sidecar_it_begins_anew(
    part: PartFile, final: Path, sidecar: bytes | None
) -> None:
    path = final.with_name("x.gguf.part.json")
    path.unlink()
    if sidecar is not None:
        path.write_bytes(sidecar)
    part = reopened(final)
    assert part.source is None
    assert part.check(never) == 0
    assert part.path.stat().st_size == 0
    part.close()


def test_only_one_at_a_time(part: PartFile, final: Path) -> None:
    first = reopened(final)
    with pytest.raises(BusyElsewhereError, match=r"Another Ponder is downloading x\.gguf"):
        PartFile(final).open()
    first.close()
    reopened(final).close()
    assert sorted(path.name for path in final.parent.iterdir()) == ["x.gguf.part", "x.gguf.part.json"]


@pytest.mark.parametrize("name", ["x.gguf", "x.gguf.part", "x.gguf.part.json", "x.gguf.part.lock"])
def test_links_are_refused_and_nothing_behind_them_is_touched(final: Path, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    final.parent.mkdir(parents=True)
    (final.parent / name).symlink_to(victim)
    with pytest.raises(UnsafeNameError, match="link"):
        PartFile(final).open()
    assert victim.read_text() == "precious"


def test_a_linked_folder_is_refused(final: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    final.parent.parent.mkdir()
    final.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeNameError, match="link"):
        PartFile(final).open()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_pipes_hard_links_and_folders_are_refused(final: Path, tmp_path: Path) -> None:
    final.parent.mkdir(parents=True)
    part_path = final.with_name("x.gguf.part")
    os.mkfifo(part_path)
    with pytest.raises(UnsafeNameError, match="no plain file"):
        PartFile(final).open()
    part_path.unlink()
    (tmp_path / "victim").write_text("precious")
    part_path.hardlink_to(tmp_path / "victim")
    with pytest.raises(UnsafeNameError, match="no plain file"):
        PartFile(final).open()
    assert (tmp_path / "victim").read_text() == "precious"
    part_path.unlink()
    part_path.mkdir()
    with pytest.raises(DownloadError):
        PartFile(final).open()
    assert not final.with_name("x.gguf.part.lock").exists()


def test_discarding_removes_all_but_the_final_file(part: PartFile, final: Path) -> None:
    final.write_bytes(b"the old one")
    reopened(final).discard()
    assert [path.name for path in final.parent.iterdir()] == ["x.gguf"]
    final.unlink()
    reopened(final).discard()
    assert not final.parent.exists()
