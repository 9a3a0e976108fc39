"""Looks for thoughts in every byte of the files that were written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LEAST_SECRET_CHARACTERS = 8
"""Shorter lines of a thought stand in many files by chance."""


@dataclass(slots=True)
class PathTried:
    """One path. `name` completes "A thought …"; `problem`: "" nothing found, None it could not be tried."""

    name: str
    secrets: list[str] = field(default_factory=list)
    problem: str | None = None
    why_not: str = ""


def secret_lines(thoughts: str, said: str) -> list[str]:
    """The lines of thoughts that stand in nothing that may be written down."""
    lines = dict.fromkeys(line.strip() for line in thoughts.splitlines())
    return [line for line in lines if len(line) >= LEAST_SECRET_CHARACTERS and line not in said]


def files_below(folder: Path) -> list[Path]:
    """Every file in it."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def changed_since(began_s: float, folders: Sequence[Path], left_out: Path) -> list[Path]:
    """The files of these folders, and of the temporary one, that were written since then."""
    places = {*folders, Path(tempfile.gettempdir())}
    found = {path for place in places for path in _readable_below(place, left_out)}
    return sorted(path for path in found if _written_at_s(path) >= began_s)


def _readable_below(place: Path, left_out: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(place, onerror=None):
        here = Path(folder)
        folders[:] = [name for name in folders if here / name != left_out and not (here / name).is_symlink()]
        yield from (path for name in names if (path := here / name).is_file() and not path.is_symlink())


def _written_at_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone by now
        return 0.0


def look_for_thoughts(paths: Sequence[PathTried], files: Sequence[Path]) -> int:
    """Note in each path where its thought was found. Gives how many bytes were read."""
    searched_bytes = 0
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:  # gone by now, or another's
            continue
        searched_bytes += len(content)
        for path in paths:
            if path.problem == "" and any(_stands_in(content, secret) for secret in path.secrets):
                path.problem = f"a line of it stands in {file}"
    for path in paths:
        if path.problem == "" and not path.secrets:
            path.problem, path.why_not = None, "the model had no thought of its own this time"
    return searched_bytes


def _stands_in(content: bytes, secret: str) -> bool:
    """In any encoding that Python, SQLite or Qt would write it in."""
    escaped = json.dumps(secret)[1:-1]
    spellings = {secret.encode(encoding, "replace") for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    return any(spelling in content for spelling in spellings | {escaped.encode()})
