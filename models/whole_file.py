"""Writes a small file whole or not at all, and sets aside one that is not valid."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, content: bytes, *, before: Callable[[], None] = lambda: None) -> None:
    """Put `content` in place of the file in one step, on the disk before the old one goes.

    Only its owner may read it. Missing folders are made. `before` is called with the new content on the
    disk and the old file still in its place. Raises `OSError`; then the old file is as it was.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        before()
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def set_aside(path: Path) -> Path:
    """Give a file that is not valid the next free name beside it, `….invalid-1.json`. Raises `OSError`."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.invalid-{number}{path.suffix}")).exists():
        number += 1
    return path.rename(aside)
