"""Walks through folders of others with an end in sight: so deep, so many names, so long, no loop twice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

MAX_DEPTH = 8
MAX_NAMES = 100_000


class BoundedWalk:
    """One budget for several walks. What cannot be read is passed over: it belongs to somebody else."""

    def __init__(self, time_limit_s: float, max_names: int = MAX_NAMES) -> None:
        self._until_s = time.monotonic() + time_limit_s
        self._names_left = max_names
        self._seen: set[tuple[int, int]] = set()

    @property
    def is_over(self) -> bool:
        """Whether the time or the names are used up."""
        return self._names_left <= 0 or time.monotonic() > self._until_s

    def files(self, folder: Path, max_depth: int = MAX_DEPTH) -> Iterator[Path]:
        """Give the ordinary files below a folder by name, links to files and folders followed.

        No folder is entered twice, by whatever way it is reached.
        """
        if self.is_over or max_depth < 0 or not self._is_new(folder):
            return
        folders: list[Path] = []
        for entry in self._entries(folder):
            try:
                if entry.is_dir():
                    folders.append(Path(entry.path))
                elif entry.is_file():
                    yield Path(entry.path)
            except OSError:  # a link in a circle, or it went away
                continue
        for inner in folders:
            yield from self.files(inner, max_depth - 1)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        entries: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as names:
                for entry in names:
                    self._names_left -= 1
                    if self.is_over:
                        break
                    entries.append(entry)
        except OSError:  # not ours to read, or gone
            return []
        return sorted(entries, key=lambda entry: entry.name)

    def _is_new(self, folder: Path) -> bool:
        try:
            status = folder.stat()
        except (OSError, ValueError):
            return False
        mark = (status.st_dev, status.st_ino)
        if mark in self._seen:
            return False
        self._seen.add(mark)
        return True
