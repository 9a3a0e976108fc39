"""Writes a small file whole or not at all."""

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
