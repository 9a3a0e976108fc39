"""Overwrites a file before it goes. What a disk keeps of old blocks all the same is out of our hands."""

from __future__ import annotations

import os
from pathlib import Path

_PIECE_BYTES = 1024 * 1024


def wipe_file(path: Path) -> None:
    """Overwrite and remove a file; another name of the same file only loses this name. Raises OSError."""
    try:
        size_bytes, names = path.stat().st_size, path.stat().st_nlink
    except FileNotFoundError:
        return
    if names == 1:
        with path.open("r+b") as file:
            for start in range(0, size_bytes, _PIECE_BYTES):
                file.write(bytes(min(_PIECE_BYTES, size_bytes - start)))
            file.flush()
            os.fsync(file.fileno())
    path.unlink(missing_ok=True)
