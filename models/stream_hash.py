"""SHA-256 of a stream in a thread of its own, so that the next bytes can arrive meanwhile."""

from __future__ import annotations

import hashlib
import queue
import threading

import msgspec

BUFFER_BYTES = 512 * 1024
BUFFERS = 8
"""At most `BUFFERS * BUFFER_BYTES` wait to be hashed; then whoever brings more has to wait."""


class Mark(msgspec.Struct, frozen=True):
    """The SHA-256 (hexadecimal) of the first `offset_bytes` bytes of a file."""

    offset_bytes: int
    sha256: str


EMPTY_MARK = Mark(0, hashlib.sha256().hexdigest())


class StreamHash:
    """Takes filled buffers in order. `begin` starts the thread, and `finish` ends it.

        buffer = stream_hash.free_buffer()      # waits where hashing is behind
        stream_hash.take(buffer, count)         # its first `count` bytes; the buffer must not be touched
        again

    hashlib lets other threads run while it works.
    """

    def __init__(self) -> None:
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._filled: queue.SimpleQueue[tuple[memoryview, int] | None] = queue.SimpleQueue()
        for _ in range(BUFFERS):
            self._free.put(memoryview(bytearray(BUFFER_BYTES)))
        self._thread: threading.Thread | None = None
        self.restart()

    def restart(self) -> None:
        """Begin with an empty stream. Not between `begin` and `finish`."""
        self._hash = hashlib.sha256()
        self._mark = EMPTY_MARK

    def update(self, view: memoryview) -> None:
        """Take bytes in the caller's own thread. Not between `begin` and `finish`."""
        self._hash.update(view)
        self._mark = Mark(self._mark.offset_bytes + len(view), self._hash.copy().hexdigest())

    @property
    def mark(self) -> Mark:
        """How far it has come."""
        return self._mark

    def begin(self) -> None:
        """Start the thread; it goes on where the stream stands."""
        self._thread = threading.Thread(target=self._work, name="download-hash", daemon=True)
        self._thread.start()

    def free_buffer(self) -> memoryview:
        """Give a buffer of `BUFFER_BYTES` to fill."""
        return self._free.get()

    def take(self, buffer: memoryview, count: int) -> None:
        """Hash the first `count` bytes of the buffer, then use it again."""
        self._filled.put((buffer, count))

    def finish(self) -> Mark:
        """Wait for all that was taken, end the thread, and say how far it has come. Safe to call again."""
        if self._thread is not None:
            self._filled.put(None)
            self._thread.join()
            self._thread = None
        return self._mark

    def _work(self) -> None:
        while (filled := self._filled.get()) is not None:
            buffer, count = filled
            self.update(buffer[:count])
            self._free.put(buffer)
