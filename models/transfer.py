"""The transfer of one file: fetched in as many goes as it takes, checked, and only then given its name."""

from __future__ import annotations

import random
import shutil
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from models.download_errors import (
    DiskFullError,
    DownloadError,
    HashMismatchError,
    HubBrokenError,
    HubBusyError,
    HubUnreachableError,
    RangeRefusedError,
    SizeMismatchError,
    TooManyRedirectsError,
    UnsafeRedirectError,
    file_error,
)
from models.download_status import RequestedFile
from models.part_file import PartFile, PartSource
from models.stop_signal import StopSignal
from models.stream_hash import BUFFER_BYTES, StreamHash
from models.transfer_connection import Body, TransferClient

if TYPE_CHECKING:
    from models.hub import FileLocation

GB = 1_000_000_000
ROOM_EVERY_BYTES = 256_000_000
"""So often the free space is looked at again."""
PROGRESS_BYTES = 64 * 1024
"""A go that brought less than this is a failed one."""


_WORTH_ANOTHER_GO = (HubUnreachableError, HubBusyError, HubBrokenError, RangeRefusedError)


class TransferLimits(msgspec.Struct, frozen=True):
    """How patient a transfer is. Times in seconds.

    `reserve_bytes` stay free on the disk. `tries`: so many goes in a row without progress end it. Between
    them it waits from `first_pause_s` to `longest_pause_s`, doubling, or as long as the hub asks, if that is
    not too long.
    """

    connect_timeout_s: float = 10.0
    stall_timeout_s: float = 30.0
    reserve_bytes: int = 2 * GB
    tries: int = 5
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    longest_retry_after_s: float = 300.0


class TransferNews(msgspec.Struct, frozen=True):
    """Where a transfer stands. `is_checking`: it reads what is on the disk, `checked_bytes` of it so far.

    `total_bytes` is 0 while it is not known. `notice` is a sentence fit to show, or "".
    """

    done_bytes: int
    total_bytes: int
    is_checking: bool = False
    notice: str = ""


class Transfer:
    """Fetches one file: `fetch` leaves it, whole and right, as a `.part`, `publish` gives it its name.

    `locate` asks the hub where the bytes are; it is called for every go. `tell` is called often.
    `later_bytes` are to come after this file, and need room too. All methods are for one thread, and raise
    `StoppedError` soon after `stop` is set; then what was fetched is kept.
    """

    def __init__(
        self,
        final: Path,
        repo: str,
        wanted: RequestedFile,
        locate: Callable[[], FileLocation],
        tell: Callable[[TransferNews], None],
        stop: StopSignal,
        *,
        proxy: str = "",
        tls: ssl.SSLContext | None = None,
        limits: TransferLimits,
        later_bytes: int = 0,
    ) -> None:
        self.final = final
        self._repo = repo
        self._wanted = wanted
        self._locate = locate
        self._tell_listener = tell
        self._stop = stop
        self._limits = limits
        self._later_bytes = later_bytes
        self._part = PartFile(final)
        self._client = TransferClient(
            proxy=proxy,
            tls=tls,
            connect_timeout_s=limits.connect_timeout_s,
            stall_timeout_s=limits.stall_timeout_s,
        )
        self._size_bytes, self._sha256 = wanted.size_bytes, wanted.sha256.lower()
        self._notice = ""
        self._most_bytes = 0
        self._range_refusals = 0
        self._room_checked_at_bytes = 0
        self._stands = False

    @property
    def sha256(self) -> str:
        """SHA-256 of the file as it was fetched. After `fetch`."""
        return self._sha256 if self._stands else self._part.sha256

    def fetch(self) -> None:
        """Return when all bytes are on the disk and are right. Raises `DownloadError`s.

        Where the file stands under its final name already, and is right, there is nothing to do.
        """
        self._part.open()
        if self._is_there_already():
            self._stands = True
            self._part.discard()
            return
        self._check_what_is_there()
        self._fetch_bytes()
        if self._sha256 and self._part.sha256 != self._sha256:
            self._begin_anew("What came was damaged on the way; it is fetched once more.")
            self._fetch_bytes()
        self._require_right_hash()
        self._tell(is_checking=True)
        self._stop.call(self._part.force_to_disk)

    def publish(self) -> None:
        """Give the file its final name; one of that name is there until this moment."""
        if not self._stands:
            self._part.publish()

    def discard(self) -> None:
        """Remove what was fetched. A file under the final name stays."""
        self._client.close()
        self._part.discard()

    def close(self) -> None:
        """Close the file, the lock and all connections. What was fetched stays."""
        self._client.close()
        self._part.close()

    # --- what is there ---

    def _is_there_already(self) -> bool:
        if not self._wanted.sha256 or not self.final.is_file():
            return False
        stream = StreamHash()
        buffer = memoryview(bytearray(BUFFER_BYTES))
        try:
            if self.final.stat().st_size != (self._wanted.size_bytes or -1):
                return False
            with self.final.open("rb", buffering=0) as file:
                while count := file.readinto(buffer):
                    stream.update(buffer[:count])
                    self._tell_check(stream.mark.offset_bytes)
        except OSError as error:
            raise file_error(error, self.final) from error
        return stream.mark.sha256 == self._sha256

    def _check_what_is_there(self) -> None:
        source = self._part.source
        if source is not None and not self._size_bytes:
            self._size_bytes = source.size_bytes
        self._most_bytes = self._part.check(self._tell_check)
        self._tell()

    def _tell_check(self, checked_bytes: int) -> None:
        self._stop.check()
        self._tell(checked_bytes, is_checking=True)

    def _begin_anew(self, notice: str) -> None:
        self._part.begin_anew()
        self._notice = notice
        self._room_checked_at_bytes = 0

    # --- the bytes ---

    def _fetch_bytes(self) -> None:
        """Go until all bytes are there. Goes that bring nothing new are counted, and end it."""
        failures = 0
        self._most_bytes = self._part.done_bytes
        while True:
            try:
                self._go()
            except (TooManyRedirectsError, UnsafeRedirectError):
                raise
            except _WORTH_ANOTHER_GO as error:
                if self._part.done_bytes >= self._most_bytes + PROGRESS_BYTES:
                    failures = 0
                self._most_bytes = max(self._most_bytes, self._part.done_bytes)
                failures += 1
                if failures >= self._limits.tries:
                    raise
                self._wait_after(error, failures)
            else:
                return

    def _go(self) -> None:
        """One go: ask the hub where the file is, ask there for what is missing, take what comes."""
        location = self._stop.call(self._locate, tick=self._tell)
        self._settle(location)
        if self._size_bytes and self._part.done_bytes == self._size_bytes:
            return
        self._require_room()
        source = self._part.source
        start_bytes = 0 if self._range_refusals > 1 else self._part.done_bytes
        etag = source.server_etag if source else ""
        try:
            body = self._client.open(location, start_bytes, etag, self._stop, self._tell)
        except RangeRefusedError:
            self._range_refusals += 1
            raise
        try:
            self._accept(body, location)
            self._receive(body)
        finally:
            body.close()

    def _settle(self, location: FileLocation) -> None:
        """Decide what is expected, and whether what is there is the beginning of it."""
        self._size_bytes = self._wanted.size_bytes or location.size_bytes
        self._sha256 = self._wanted.sha256.lower() or location.sha256
        source = self._part.source
        if not self._part.done_bytes or source is None:
            return
        is_same = (
            source.sha256 == self._sha256
            if self._sha256
            else (source.repo, source.path, source.etag) == (self._repo, self._wanted.path, location.etag)
        )
        if not is_same or (self._size_bytes and self._part.done_bytes > self._size_bytes):
            self._begin_anew("The file on the hub is another one by now; the download begins anew.")

    def _accept(self, body: Body, location: FileLocation) -> None:
        """Take or refuse what the server is about to send."""
        if self._size_bytes and body.whole_bytes != self._size_bytes:
            raise SizeMismatchError(
                f"The file on the hub is not the one that was asked for: it has {body.whole_bytes:,} bytes, "
                f"and should have {self._size_bytes:,}.",
                kept="What was fetched so far is kept; nothing was put among your models.",
                advice="Try again later, or choose another file.",
            )
        self._size_bytes = body.whole_bytes
        self._range_refusals = 0
        if body.start_bytes != self._part.done_bytes:
            self._begin_anew("The server could not go on where the download stopped; it begins anew.")
        self._part.describe(
            PartSource(
                repo=self._repo,
                commit=location.commit,
                path=self._wanted.path,
                url=location.url.split("?", 1)[0],
                etag=location.etag,
                server_etag=body.etag,
                size_bytes=self._size_bytes,
                sha256=self._sha256,
            )
        )

    def _receive(self, body: Body) -> None:
        with self._part.receiving():
            heard_s = time.monotonic()
            while not body.is_finished:
                buffer, filled = self._part.free_buffer(), 0
                try:
                    while filled < len(buffer) and not body.is_finished:
                        count = body.read_into(buffer[filled:])
                        filled += count
                        self._tell(self._part.done_bytes + filled)
                        self._stop.check()
                        now_s = time.monotonic()
                        if count:
                            heard_s = now_s
                        elif now_s - heard_s >= self._limits.stall_timeout_s:
                            raise self._stalled()
                finally:
                    self._part.append(buffer, filled)
                if self._part.done_bytes - self._room_checked_at_bytes >= ROOM_EVERY_BYTES:
                    self._require_room()

    def _stalled(self) -> HubUnreachableError:
        return HubUnreachableError(
            f"The hub has sent nothing for {self._limits.stall_timeout_s:.0f} seconds.",
            kept="What was fetched so far is kept.",
            advice="Check the connection to the internet, then resume the download.",
        )

    def _wait_after(self, error: DownloadError, failures: int) -> None:
        """Wait before the next go, longer each time, and not all waiting Ponders at the same moment."""
        asked_s = error.retry_after_s if isinstance(error, HubBusyError) and error.retry_after_s else 0.0
        if asked_s > self._limits.longest_retry_after_s:
            raise error
        pause_s = min(self._limits.first_pause_s * 2 ** (failures - 1), self._limits.longest_pause_s)
        pause_s = max(pause_s * random.uniform(0.75, 1.25), asked_s)
        again_s = time.monotonic() + pause_s
        while (left_s := again_s - time.monotonic()) > 0:
            self._notice = f"{error.message} Ponder tries again in {max(round(left_s), 1)} s."
            self._tell()
            self._stop.sleep(min(left_s, 0.5))
        self._notice = ""

    # --- is it right, is there room ---

    def _require_right_hash(self) -> None:
        actual = self._part.sha256
        if self._sha256 and actual != self._sha256:
            self._part.discard()
            raise HashMismatchError(
                f"{self.final.name} arrived damaged twice: its check sum is {actual}, "
                f"and should be {self._sha256}.",
                kept="What was fetched is thrown away; nothing was put among your models.",
                advice="Try again later, or from another network or mirror.",
            )

    def _require_room(self) -> None:
        self._room_checked_at_bytes = self._part.done_bytes
        missing_bytes = max(self._size_bytes - self._part.done_bytes, 0) + self._later_bytes
        try:
            free_bytes = shutil.disk_usage(self.final.parent).free
        except OSError as error:
            raise file_error(error, self.final) from error
        if free_bytes < missing_bytes + self._limits.reserve_bytes:
            raise DiskFullError(
                f"There is not enough room on the disk: {missing_bytes / GB:,.1f} GB are to come, "
                f"{self._limits.reserve_bytes / GB:,.1f} GB are to stay free, "
                f"and {free_bytes / GB:,.1f} GB are.",
                kept="What was fetched so far is kept.",
                advice="Make room, then resume the download.",
            )

    def _tell(self, done_bytes: int = -1, *, is_checking: bool = False) -> None:
        done_bytes = self._part.done_bytes if done_bytes < 0 else done_bytes
        self._tell_listener(TransferNews(done_bytes, self._size_bytes, is_checking, self._notice))
