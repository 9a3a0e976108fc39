"""A file on its way: `<name>.part` beside its final name, a sidecar that says what it is, and a lock.

The sidecar holds marks: SHA-256 of the first so many bytes. Whatever happened in between (the process was
killed, the power failed, somebody wrote into the file), a download goes on after the last mark that is
still true, so nothing needs to be forced onto the disk before the end.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from models.download_errors import BusyElsewhereError, UnsafeNameError, file_error
from models.download_paths import require_no_link
from models.stream_hash import BUFFER_BYTES, EMPTY_MARK, Mark, StreamHash

PART_ENDING = ".part"
SIDECAR_ENDING = ".part.json"
LOCK_ENDING = ".part.lock"
MARK_EVERY_BYTES = 4 * 1024 * 1024
"""What may be fetched twice after the process was killed, but for what waits to be hashed (as much again)."""
LASTING_MARK_EVERY_BYTES = 256 * 1024 * 1024
"""Marks that are kept, to fall back on where the end of the file did not reach the disk."""
SIDECAR_VERSION = 1
_MAX_SIDECAR_BYTES = 1024 * 1024
_PRIVATE_FOLDER = 0o700


class PartSource(msgspec.Struct, frozen=True):
    """What a `.part` is the beginning of. `url` is without its query, which may hold a signature.

    `etag` is the hub's, `server_etag` that of the server which sent the bytes ("" for what is not known).
    """

    repo: str
    commit: str
    path: str
    url: str
    etag: str
    server_etag: str
    size_bytes: int
    sha256: str


class PartRecord(msgspec.Struct, frozen=True):
    """The sidecar. `done_bytes` is the last of the marks."""

    version: int
    source: PartSource
    done_bytes: int
    marks: tuple[Mark, ...] = ()


class PartFile:
    """Owns the files beside one final name between `open` and `close`. Used by one thread at a time.

    Every method that touches the disk raises `DownloadError`s: `DiskFullError` and others of `file_error`.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = final.with_name(final.name + PART_ENDING)
        self._sidecar = final.with_name(final.name + SIDECAR_ENDING)
        self._lock_path = final.with_name(final.name + LOCK_ENDING)
        self._lock = FileLock(self._lock_path, thread_local=False, is_singleton=False)
        self._descriptor = -1
        self._hash = StreamHash()
        self._written_bytes = 0
        self._marks: list[Mark] = []
        self._saved_bytes = 0
        self.source: PartSource | None = None

    # --- opening and closing ---

    def open(self) -> None:
        """Lock and open what is there, or make it. Raises `BusyElsewhereError`, `UnsafeNameError`."""
        with _explained(self.final):
            self.final.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            require_no_link(self.final.parent, self.final, self.path, self._sidecar, self._lock_path)
            self._take_lock()
            try:
                self._open_part()
                self._read_sidecar()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the file and the lock; what was fetched stays, if anything was. Safe to call again."""
        self._hash.finish()
        if self._descriptor >= 0:
            is_empty = os.fstat(self._descriptor).st_size == 0
            os.close(self._descriptor)
            self._descriptor = -1
            if is_empty:
                self._remove()
        if self._lock.is_locked:
            self._release_lock()

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise BusyElsewhereError(
                f"Another Ponder is downloading {self.final.name} already.",
                kept="Its download goes on.",
                advice="Wait for it, or close it and try again.",
            ) from error

    def _release_lock(self) -> None:
        """Leave no lock file behind. Whoever opened it meanwhile sees that it has gone."""
        if os.name == "nt":  # where a file that is open cannot be removed
            self._lock.release()
        with contextlib.suppress(OSError):  # it is in nobody's way
            self._lock_path.unlink()
        self._lock.release()

    def _open_part(self) -> None:
        flags = os.O_RDWR | os.O_CREAT
        for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_BINARY", "O_NONBLOCK"):
            flags |= getattr(os, name, 0)
        descriptor = os.open(self.path, flags, 0o600)
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            self._descriptor = descriptor
        else:
            os.close(descriptor)
            raise UnsafeNameError(
                f"{self.path.name} is there already, and is no plain file.",
                kept="It was left as it is.",
                advice="Remove it, then try again.",
            )

    def _read_sidecar(self) -> None:
        """Take the sidecar's word, for now. Without a readable one, what is there is worth nothing."""
        self.source, self._marks = None, []
        try:
            with self._sidecar.open("rb") as file:
                record = msgspec.json.decode(file.read(_MAX_SIDECAR_BYTES), type=PartRecord)
        except (FileNotFoundError, msgspec.DecodeError):
            return
        if record.version == SIDECAR_VERSION:
            self.source, self._marks = record.source, sorted(record.marks, key=lambda mark: mark.offset_bytes)

    # --- what is there ---

    @property
    def done_bytes(self) -> int:
        """How many bytes are there, written and checked or about to be."""
        return self._written_bytes

    @property
    def claimed_bytes(self) -> int:
        """How many bytes the sidecar says are there, before `check`."""
        return self._marks[-1].offset_bytes if self._marks else 0

    def check(self, tell: Callable[[int], None]) -> int:
        """Read what is there and cut it off after the last mark that is true. How many bytes are left.

        `tell` gets the bytes read, for each piece; what it raises ends the check.
        """
        with _explained(self.path):
            self._hash.restart()
            true_marks = [EMPTY_MARK]
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            for mark in self._marks:
                if not self._hash_until(mark.offset_bytes, tell) or self._hash.mark != mark:
                    break
                true_marks.append(mark)
            if self._hash.mark != true_marks[-1]:
                self._rehash(true_marks[-1], tell)
            self._marks = true_marks[1:]
            self._saved_bytes = self._hash.mark.offset_bytes
            self._cut(self._saved_bytes)
        return self.done_bytes

    def begin_anew(self) -> None:
        """Throw away what is there."""
        with _explained(self.path):
            self._hash.restart()
            self._marks, self._saved_bytes = [], 0
            self._cut(0)

    def describe(self, source: PartSource) -> None:
        """Note what the file is the beginning of."""
        with _explained(self.path):
            if source != self.source:
                self.source = source
                self._save()

    def _hash_until(self, offset_bytes: int, tell: Callable[[int], None]) -> bool:
        """Read on to this place. False where the file ends before."""
        buffer = memoryview(bytearray(BUFFER_BYTES))
        with open(self._descriptor, "rb", buffering=0, closefd=False) as file:
            while self._hash.mark.offset_bytes < offset_bytes:
                wanted = min(offset_bytes - self._hash.mark.offset_bytes, len(buffer))
                count = file.readinto(buffer[:wanted])
                if not count:
                    return False
                self._hash.update(buffer[:count])
                tell(self._hash.mark.offset_bytes)
        return True

    def _rehash(self, mark: Mark, tell: Callable[[int], None]) -> None:
        self._hash.restart()
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._hash_until(mark.offset_bytes, tell)

    def _cut(self, size_bytes: int) -> None:
        os.ftruncate(self._descriptor, size_bytes)
        os.lseek(self._descriptor, size_bytes, os.SEEK_SET)
        self._written_bytes = size_bytes

    # --- what comes ---

    @contextlib.contextmanager
    def receiving(self) -> Iterator[None]:
        """Around `free_buffer` and `append`: afterwards all is hashed, and the sidecar knows of it."""
        self._hash.begin()
        try:
            yield
        finally:
            mark = self._hash.finish()
            with _explained(self.path):
                self._cut(mark.offset_bytes)
                self._note(mark)

    def free_buffer(self) -> memoryview:
        """Give a buffer to fill and to hand to `append`."""
        return self._hash.free_buffer()

    def append(self, buffer: memoryview, count: int) -> None:
        """Write the first `count` bytes of the buffer, have them hashed, and now and then note a mark."""
        with _explained(self.path):
            written = 0
            while written < count:
                written += os.write(self._descriptor, buffer[written:count])
            self._written_bytes += count
            self._hash.take(buffer, count)
            if self._hash.mark.offset_bytes - self._saved_bytes >= MARK_EVERY_BYTES:
                self._note(self._hash.mark)

    def _note(self, mark: Mark) -> None:
        """Make this the last mark. The one before is dropped, but for one in each stretch that lasts."""
        if mark.offset_bytes == self._saved_bytes:
            return
        lasting = self._marks[-2].offset_bytes if len(self._marks) > 1 else 0
        if self._marks and self._marks[-1].offset_bytes - lasting < LASTING_MARK_EVERY_BYTES:
            self._marks.pop()
        self._marks.append(mark)
        self._saved_bytes = mark.offset_bytes
        self._save()

    def _save(self) -> None:
        if self.source is None:
            return
        record = PartRecord(SIDECAR_VERSION, self.source, self._saved_bytes, tuple(self._marks))
        new = self._sidecar.with_name(self._sidecar.name + ".new")
        new.write_bytes(msgspec.json.encode(record))
        new.replace(self._sidecar)

    # --- the end ---

    @property
    def sha256(self) -> str:
        """SHA-256 of all that is there. Not inside `receiving`."""
        return self._hash.mark.sha256

    def force_to_disk(self) -> None:
        """Return when the bytes are on the disk itself. May take long; another thread may call it."""
        with _explained(self.path):
            os.fsync(self._descriptor)

    def publish(self) -> None:
        """Give the file its final name, in the place of an older one, and remove what stood beside it."""
        with _explained(self.final):
            require_no_link(self.final)
            os.close(self._descriptor)  # Windows renames no open file
            self._descriptor = -1
            self.path.replace(self.final)
            _force_folder_to_disk(self.final.parent)
            self._sidecar.unlink(missing_ok=True)
        self.close()

    def discard(self) -> None:
        """Remove what was fetched, and close."""
        with _explained(self.path):
            self._hash.finish()
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
            self._remove()
        self.close()
        self._remove_empty_folder()

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._sidecar.unlink(missing_ok=True)

    def _remove_empty_folder(self) -> None:
        with contextlib.suppress(OSError):  # other files are in it
            self.final.parent.rmdir()


def kept_bytes(final: Path) -> int:
    """How many bytes of this file stand beside its final name, as far as can be told without reading them."""
    try:
        return final.with_name(final.name + PART_ENDING).lstat().st_size
    except OSError:  # there is none, or it cannot be looked at
        return 0


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise file_error(error, path) from error


def _force_folder_to_disk(folder: Path) -> None:
    if os.name == "nt":  # which does so by itself, and cannot be asked
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
