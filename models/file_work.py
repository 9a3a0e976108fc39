"""Reads whole model files: takes their SHA-256, and copies them while doing so. Slow; it can be stopped."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import LibraryError, WorkStoppedError

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all, some ten times a second and at the end."""
IsCancelled = Callable[[], bool]
"""Asked before each piece; True ends the work with `WorkStoppedError`."""

CHUNK_BYTES = 1024 * 1024
KEEP_FREE_BYTES = 1024**3
"""What a copy leaves free on the disk."""
_PROGRESS_EVERY_S = 0.1


def no_progress(done_bytes: int, total_bytes: int) -> None:
    """Tell nobody."""


def never_cancelled() -> bool:
    """Go on to the end."""
    return False


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file as it was while it was read: hexadecimal SHA-256, size, modification time."""

    sha256: str
    size_bytes: int
    mtime_ns: int


class FileWork:
    """One piece of work on one file or several, of which the progress is told as a whole."""

    def __init__(self, total_bytes: int, progress: Progress, is_cancelled: IsCancelled) -> None:
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._progress = progress
        self._is_cancelled = is_cancelled
        self._told_at_s = 0.0

    def hash(self, path: Path) -> Hashed:
        """Read the file to its end. Raises `LibraryError`, also where it changes meanwhile."""
        return self._read(path, _nowhere)

    def copy(self, source: Path, destination: Path) -> Hashed:
        """Copy the file to a name that must be free, on the disk when it returns.

        What is written has the ending ".part" until it is whole, and is removed where it will not be.
        Raises `LibraryError`.
        """
        part = destination.with_name(destination.name + ".part")
        try:
            part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("wb") as copy:
                hashed = self._read(source, copy.write)
                copy.flush()
                os.fsync(copy.fileno())
            if destination.exists():
                raise FileExistsError(
                    errno.EEXIST, "there is a file of this name now", os.fspath(destination)
                )
            part.rename(destination)
            _fsync_folder(destination.parent)
        except OSError as error:
            _remove(part)
            raise LibraryError(
                f"{source.name} could not be copied: {error.strerror or error}.",
                kept="The file itself is as it was; the half copy was removed.",
                details=repr(error),
            ) from error
        except LibraryError:
            _remove(part)
            raise
        return hashed

    def finish(self) -> None:
        """Tell that all is done."""
        self._progress(self._total_bytes, self._total_bytes)

    def _read(self, path: Path, write: Callable[[bytes], object]) -> Hashed:
        """Hand each piece to `write`. Its `OSError` passes through, that of reading is a `LibraryError`."""
        digest = hashlib.sha256()
        try:
            file = path.open("rb", buffering=0)
        except OSError as error:
            raise unreadable(path, error) from error
        with file:
            before = os.fstat(file.fileno())
            while chunk := self._next_chunk(file, path):
                digest.update(chunk)
                write(chunk)
                self._tell(len(chunk))
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise LibraryError(
                f"{path.name} was changed while it was read.", advice="Try again when it is finished."
            )
        return Hashed(digest.hexdigest(), after.st_size, after.st_mtime_ns)

    def _next_chunk(self, file: io.FileIO, path: Path) -> bytes:
        if self._is_cancelled():
            raise WorkStoppedError("Stopped.", kept="Nothing was changed.")
        try:
            return file.read(CHUNK_BYTES)
        except OSError as error:
            raise unreadable(path, error) from error

    def _tell(self, more_bytes: int) -> None:
        self._done_bytes += more_bytes
        now_s = time.monotonic()
        if now_s - self._told_at_s >= _PROGRESS_EVERY_S:
            self._told_at_s = now_s
            self._progress(min(self._done_bytes, self._total_bytes), self._total_bytes)


def _nowhere(chunk: bytes) -> None:
    """Keep nothing of it."""


def require_room(folder: Path, needed_bytes: int) -> None:
    """Raise `LibraryError` where a copy of this size would fill the disk. The folder need not be there."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        free_bytes = shutil.disk_usage(existing).free
    except OSError as error:
        raise unreadable(existing, error) from error
    missing_bytes = needed_bytes + KEEP_FREE_BYTES - free_bytes
    if missing_bytes > 0:
        raise LibraryError(
            f"There is not enough room on the disk: {needed_bytes / 1e9:,.1f} GB are to be copied, and "
            f"{free_bytes / 1e9:,.1f} GB are free, of which {KEEP_FREE_BYTES / 1e9:,.1f} are to stay so.",
            kept="Nothing was copied.",
            advice="Make room, or use the file where it is.",
        )


def unreadable(path: Path, error: OSError) -> LibraryError:
    """Make the error for a file that the system does not let us read."""
    return LibraryError(
        f"{path.name} cannot be read: {error.strerror or error}.",
        kept="Nothing was changed.",
        details=repr(error),
    )


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:  # it stays as a `.part`, which is not taken for a model
        return


def _fsync_folder(folder: Path) -> None:
    """Have a new name on the disk; Windows does so by itself and cannot be asked."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
