"""Deleted model files, kept until Ponder closes: a folder within the models folder, filled by renaming."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from models.errors import LibraryError

TRASH_NAME = ".trash"
_BIN_NAME = re.compile(r"([0-9]{1,10})-[0-9]+")


@dataclass(frozen=True, slots=True)
class Discarded:
    """Files that were moved away: where each came from, and where it is now."""

    moves: tuple[tuple[Path, Path], ...]

    @property
    def folder(self) -> Path:
        """The folder in the trash that holds them."""
        return self.moves[0][1].parent


class Trash:
    """The trash of one process within the models folder: `.trash/<process>-<number>/` for each deletion.

    Another Ponder may run on the same folder, so each empties its own, and those of processes that are gone.
    """

    def __init__(self, models_dir: Path) -> None:
        self._folder = models_dir / TRASH_NAME
        self._numbers = itertools.count(1)

    def discard(self, paths: Sequence[Path]) -> Discarded:
        """Move the files away, all or none. Raises `LibraryError`."""
        folder = self._folder / f"{os.getpid()}-{next(self._numbers)}"
        moved: list[tuple[Path, Path]] = []
        try:
            folder.mkdir(mode=0o700, parents=True)
            for path in paths:
                path.rename(folder / path.name)
                moved.append((path, folder / path.name))
        except OSError as error:
            for path, away in moved:
                away.rename(path)
            raise LibraryError(
                f"{paths[0].name} could not be deleted: {error.strerror or error}.",
                kept="The model is still there.",
                advice="If it is in use, choose another model first; else delete it in the file manager.",
                details=repr(error),
            ) from error
        return Discarded(tuple(moved))

    def restore(self, discarded: Discarded) -> None:
        """Move the files back, all or none. Raises `LibraryError`."""
        for path, away in discarded.moves:
            if path.exists():
                raise _not_restored(path, "another file has its name now", str(away))
            if not away.exists():
                raise _not_restored(path, "the trash was emptied", str(away))
        back: list[tuple[Path, Path]] = []
        try:
            for path, away in discarded.moves:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                away.rename(path)
                back.append((path, away))
            discarded.folder.rmdir()
        except OSError as error:
            for path, away in back:
                path.rename(away)
            raise _not_restored(discarded.moves[0][0], error.strerror or str(error), repr(error)) from error

    def empty(self) -> None:
        """Delete for good what this process discarded, and what processes did that are gone."""
        if not self._folder.is_dir() or self._folder.is_symlink():
            return
        for folder in list(self._folder.iterdir()):
            name = _BIN_NAME.fullmatch(folder.name)
            if name is None or folder.is_symlink():
                continue  # not ours
            process = int(name[1])
            if process == os.getpid() or not psutil.pid_exists(process):
                shutil.rmtree(folder, ignore_errors=True)  # what cannot go now goes at the next start
        if not any(self._folder.iterdir()):
            self._folder.rmdir()


def _not_restored(path: Path, why: str, details: str) -> LibraryError:
    return LibraryError(
        f"{path.name} could not be brought back: {why}.",
        kept="It stays in the trash until Ponder closes.",
        details=details,
    )
