"""What is left of old downloads is found, counted, and removed only when somebody asks for it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from models.part_file import PartFile
from models.stale_parts import remove_parts, stale_parts

DAY_S = 24 * 3600


def leave(folder: Path, name: str, size_bytes: int, age_days: float) -> Path:
    final = folder / "o__n" / name
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.with_name(name + ".part")
    part.write_bytes(bytes(size_bytes))
    final.with_name(name + ".part.json").write_text("{}")
    then = time.time() - age_days * DAY_S
    os.utime(part, (then, then))
    return final


def test_only_what_was_left_alone_for_long_is_stale(tmp_path: Path) -> None:
    assert stale_parts(tmp_path / "absent") == []
    small = leave(tmp_path, "small.gguf", 10, 40.5)
    large = leave(tmp_path, "large.gguf", 1000, 31)
    leave(tmp_path, "young.gguf", 50, 29)
    leave(tmp_path, "from-the-future.gguf", 50, -300)
    (tmp_path / "o__n" / "link.gguf.part").symlink_to(large.with_name("large.gguf.part"))
    found = stale_parts(tmp_path)
    assert [(stale.path, stale.size_bytes, stale.age_days) for stale in found] == [
        (large, 1000, 31),
        (small, 10, 40),
    ]
    assert sum(stale.size_bytes for stale in found) == 1010


def test_removing_takes_all_of_it_but_what_is_at_work(tmp_path: Path) -> None:
    busy = leave(tmp_path, "busy.gguf", 10, 40)
    leave(tmp_path, "old.gguf", 10, 40)
    found = stale_parts(tmp_path)
    part = PartFile(busy)
    part.open()
    assert remove_parts(found) == []
    part.close()
    assert sorted(path.name for path in busy.parent.iterdir()) == ["busy.gguf.part", "busy.gguf.part.json"]
