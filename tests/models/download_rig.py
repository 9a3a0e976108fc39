"""A download queue at work on the hub server of the tests, and somebody who watches it."""

from __future__ import annotations

import functools
import random
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from models.download_status import DownloadRequest, DownloadState, DownloadStatus, RequestedFile
from models.downloads import DownloadQueue
from models.hub import Hub, NetworkSettings
from models.transfer import TransferLimits
from tests.hub_server import HubServer
from tests.hub_server.requests import Place

REPO = "owner/R1-GGUF"
FILE = "R1-Q4_K_M.gguf"
MB = 1_000_000
TIMEOUT_S = 60.0
IMPATIENT = TransferLimits(
    connect_timeout_s=20, stall_timeout_s=20, reserve_bytes=0, first_pause_s=0.01, longest_pause_s=0.03
)
"""Nothing is left of the waiting but its order, and that for a server that is slow and no more."""
STALLED_AFTER_S = 0.3
FETCHED_TWICE_BYTES = 10 * MB
"""The most that may be fetched twice because of any fault."""
_NOBODY_TO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The server speaks plain http on this computer; to read the system's certificates takes its time."""


@functools.cache
def content_of(size_bytes: int, seed: int = 1) -> bytes:
    """Bytes that look like nothing, the same each time."""
    return random.Random(seed).randbytes(size_bytes)


class DownloadRig:
    """One hub server, one folder, and the queue in it, which can be closed and made again."""

    def __init__(self, server: HubServer, folder: Path, limits: TransferLimits = IMPATIENT) -> None:
        self.server = server
        self.folder = folder
        self.settings = NetworkSettings(endpoint=server.url)
        self.limits = limits
        self.news: list[DownloadStatus] = []
        self._changed = threading.Condition()
        self.queue = self.new_queue()

    def _hub(self) -> Hub:
        return Hub(self.settings, tls=_NOBODY_TO_TRUST)

    def new_queue(self) -> DownloadQueue:
        """A queue as after a start of the program."""
        self.queue = DownloadQueue(
            self.folder, self._hub, self._listen, at_once=2, limits=self.limits, tls=_NOBODY_TO_TRUST
        )
        return self.queue

    def notice_stalls_soon(self) -> None:
        """For tests in which the server stalls; in others a busy computer must not be taken for it."""
        self.limits = msgspec.structs.replace(self.limits, stall_timeout_s=STALLED_AFTER_S)
        self.new_queue()

    def restart(self) -> None:
        """Close the queue and make another."""
        self.queue.close()
        self.news.clear()
        self.new_queue()

    def serve(self, size_bytes: int = 3 * MB, name: str = FILE, seed: int = 1) -> bytes:
        """Put a file on the server: its bytes."""
        content = content_of(size_bytes, seed)
        self.server.add_file(REPO, name, content)
        return content

    def request(self, *names: str, download_id: str = "r1", with_hash: bool = True) -> DownloadRequest:
        """Ask for files that are served, as the catalogue does: with size and hash."""
        commit = self.server.commit(REPO)
        files = []
        for name in names or (FILE,):
            served = self.server._repository(REPO).commits[commit][name]
            known = (served.size_bytes, served.sha256) if with_hash else (0, "")
            files.append(RequestedFile(name, *known))
        return DownloadRequest(download_id, "R1", REPO, commit, tuple(files))

    def final(self, name: str = FILE) -> Path:
        """Where a file ends up."""
        return self.folder / REPO.replace("/", "__") / name

    def part(self, name: str = FILE) -> Path:
        """Where it is on its way."""
        return self.final(name + ".part")

    def names(self) -> list[str]:
        """All files in the folder of the repository."""
        parent = self.final().parent
        return sorted(path.name for path in parent.iterdir()) if parent.is_dir() else []

    def status(self, download_id: str = "r1") -> DownloadStatus:
        """How the download stands now."""
        return next(status for status in self.queue.statuses() if status.id == download_id)

    def wait_for(self, is_so: Callable[[DownloadStatus], bool], download_id: str = "r1") -> DownloadStatus:
        """Return the first news (from the next on, or the last that came) that is so."""
        found: list[DownloadStatus] = []

        def look() -> bool:
            found.extend(news for news in self.news if news.id == download_id and is_so(news))
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(look, TIMEOUT_S), f"never came; last: {self.news[-3:]}"
        return found[0]

    def wait_for_bytes(self, done_bytes: int) -> DownloadStatus:
        """Return when the running download has so many bytes, however long that takes."""

        def look() -> bool:
            status = self.status()
            return status.state is DownloadState.RUNNING and status.done_bytes >= done_bytes

        with self._changed:
            assert self._changed.wait_for(look, 15 * TIMEOUT_S), f"never came; last: {self.news[-3:]}"
        return self.status()

    def wait_for_requests(self, count: int, place: Place) -> None:
        """Return when the server was asked so often there."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while len(self.server.requests_to(place)) < count:
            assert time.monotonic() < deadline_s, f"never asked; last: {self.news[-3:]}"
            time.sleep(0.01)

    def wait_until(
        self, *states: DownloadState, download_id: str = "r1", timeout_s: float = TIMEOUT_S
    ) -> DownloadStatus:
        """Return when the download is in one of these states now."""

        def look() -> bool:
            return self.status(download_id).state in states

        with self._changed:
            assert self._changed.wait_for(look, timeout_s), f"never came; last: {self.news[-3:]}"
        return self.status(download_id)

    def run(self, request: DownloadRequest | None = None) -> DownloadStatus:
        """Add a download and wait for its end, good or bad."""
        request = request or self.request()
        self.queue.add(request)
        return self.wait_until(DownloadState.DONE, DownloadState.FAILED, download_id=request.id)

    def resume_to_the_end(self, download_id: str = "r1") -> DownloadStatus:
        """Resume, and wait for the end."""
        self.queue.resume(download_id)
        return self.wait_until(DownloadState.DONE, DownloadState.FAILED, download_id=download_id)

    def close(self) -> None:
        """Close the queue."""
        self.server.release()
        self.queue.close()

    def _listen(self, status: DownloadStatus) -> None:
        with self._changed:
            self.news.append(status)
            self._changed.notify_all()
