"""Downloads that nobody went on with: how much room they take, and their removal when the user agrees."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from models.download_errors import BusyElsewhereError, DownloadError
from models.part_file import PART_ENDING, PartFile

STALE_AFTER_DAYS = 30
_DAY_S = 24 * 3600


class StalePart(msgspec.Struct, frozen=True):
    """What is left of one file. `path` is its final path; `age_days` since something was added to it."""

    path: Path
    size_bytes: int
    age_days: int


def stale_parts(folder: Path, *, older_than_days: int = STALE_AFTER_DAYS) -> list[StalePart]:
    """Find what was begun in the models folder and left alone for so long, the largest first.

    `folder` need not be there. Age 0 finds all that is unfinished.
    """
    found = []
    now_s = time.time()
    for part in folder.glob(f"*/*{PART_ENDING}"):
        try:
            facts = part.lstat()
        except OSError:  # it was finished or removed in this moment
            continue
        age_days = int((now_s - facts.st_mtime) // _DAY_S)
        if age_days >= older_than_days and part.is_file() and not part.is_symlink():
            final = part.with_name(part.name.removesuffix(PART_ENDING))
            found.append(StalePart(final, facts.st_size, age_days))
    return sorted(found, key=lambda stale: -stale.size_bytes)


def remove_parts(parts: Iterable[StalePart]) -> list[DownloadError]:
    """Remove these, but what is being downloaded right now. Gives errors to be shown."""
    problems: list[DownloadError] = []
    for stale in parts:
        part = PartFile(stale.path)
        try:
            part.open()
            part.discard()
        except BusyElsewhereError:
            continue
        except DownloadError as error:
            problems.append(error)
    return problems
