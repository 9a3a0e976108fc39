"""The queue of downloads: which run, wait, or stand still, kept across restarts."""

from __future__ import annotations

import enum
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from models.download_errors import FETCHED_IS_KEPT, DownloadError
from models.download_job import DownloadJob
from models.download_paths import final_paths
from models.download_speed import SpeedMeter
from models.download_status import (
    NO_PROBLEM,
    DownloadProblem,
    DownloadRequest,
    DownloadState,
    DownloadStatus,
    RequestedFile,
)
from models.download_store import DownloadStore, SavedDownload
from models.errors import AppError
from models.part_file import kept_bytes
from models.stop_signal import StoppedError, StopSignal
from models.transfer import TransferLimits, TransferNews

if TYPE_CHECKING:
    from models.hub import Hub

__all__ = [
    "NO_PROBLEM",
    "DownloadProblem",
    "DownloadQueue",
    "DownloadRequest",
    "DownloadState",
    "DownloadStatus",
    "RequestedFile",
]

TELL_EVERY_S = 0.2
"""News of the progress of one download come at most so often; those of a change of state come at once."""
CLOSE_TIMEOUT_S = 3.0
"""So long `close` waits for a thread that hangs in the system itself (a name that is looked up, a disk)."""


class _Wish(enum.Enum):
    """What is to become of a download that was told to stop."""

    PAUSE = enum.auto()
    RESUME = enum.auto()
    CANCEL = enum.auto()


class _Entry:
    """One download in the queue; changed only while the queue's lock is held."""

    def __init__(self, request: DownloadRequest, folder: Path, state: DownloadState) -> None:
        self.request = request
        self.finals = final_paths(folder, request.repo, [file.path for file in request.files])
        self.state = state
        self.done_bytes = 0
        self.total_bytes = sum(file.size_bytes for file in request.files)
        self.hashes: tuple[str, ...] = ()
        self.problem = NO_PROBLEM
        self.notice = ""
        self.meter = SpeedMeter()
        self.stop = StopSignal()
        self.wish = _Wish.PAUSE
        self.told_s = 0.0

    def status(self) -> DownloadStatus:
        is_running = self.state is DownloadState.RUNNING
        return DownloadStatus(
            id=self.request.id,
            title=self.request.title,
            repo=self.request.repo,
            revision=self.request.revision,
            files=tuple(file.path for file in self.request.files),
            destination=str(self.finals[0]),
            state=self.state,
            done_bytes=self.done_bytes,
            total_bytes=self.total_bytes,
            speed_bytes_per_s=self.meter.bytes_per_s if is_running else 0.0,
            left_s=self.meter.left_s if is_running else None,
            error=self.problem,
            notice=self.notice,
            hashes=self.hashes,
        )

    def kept_bytes(self) -> int:
        return sum(kept_bytes(final) for final in self.finals)

    def saved(self) -> SavedDownload:
        return SavedDownload(self.request, self.total_bytes)


class DownloadQueue:
    """Fetches models into `folder`, `at_once` of them at the same time, the others after them in their order.

    No method waits for the network. Each calls `listener` with the new status, and so do the threads of the
    downloads: one call at a time, never after `close`. A download that is not over is there again after a
    restart, PAUSED; nothing is fetched before it is resumed. One that was done is forgotten then.
    """

    def __init__(
        self,
        folder: Path,
        hub: Callable[[], Hub],
        listener: Callable[[DownloadStatus], None],
        *,
        at_once: int = 2,
        limits: TransferLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Read the list of downloads. `tls`: whom to trust, None for those that the system trusts."""
        self._folder = folder
        self._hub = hub
        self._listener = listener
        self._at_once = at_once
        self._limits = limits or TransferLimits()
        self._tls = tls
        self._store = DownloadStore(folder)
        self._lock = threading.RLock()
        self._telling = threading.RLock()  # taken before `_lock`, never after it
        self._threads: set[threading.Thread] = set()
        self._is_closed = False
        self._entries: dict[str, _Entry] = {}
        for saved in self._store.load():
            self._restore(saved)

    def add(self, request: DownloadRequest) -> None:
        """Put a download at the end of the queue. The same one, if it is there and not over, is resumed.

        Raises `UnsafeNameError` where a name of the request cannot be the name of a file.
        """
        with self._lock:
            entry = self._entries.get(request.id)
            is_another = entry is not None and not entry.state.is_active and entry.request != request
            if entry is None or entry.state.is_over or is_another:
                entry = _Entry(request, self._folder, DownloadState.WAITING)
                self._entries.pop(request.id, None)  # its place is at the end
                entry.done_bytes = entry.kept_bytes()
                self._entries[request.id] = entry
                self._store.save([entry.saved()], ())
        self.resume(request.id)

    def pause(self, download_id: str) -> None:
        """Let a download stand still; it keeps what it has. Nothing for one that stands anyway."""
        with self._lock:
            entry = self._entries.get(download_id)
            if entry is None:
                return
            if entry.state.is_active:
                self._stop(entry, _Wish.PAUSE)
            elif entry.state is DownloadState.WAITING:
                entry.state = DownloadState.PAUSED
        self._tell(entry)

    def resume(self, download_id: str) -> None:
        """Let a download that is paused or failed take its place in the queue again."""
        with self._lock:
            entry = self._entries.get(download_id)
            if entry is None:
                return
            if entry.state.is_active and entry.stop.is_set and entry.wish is _Wish.PAUSE:
                entry.wish = _Wish.RESUME
            elif entry.state in (DownloadState.PAUSED, DownloadState.FAILED):
                entry.state, entry.problem, entry.notice = DownloadState.WAITING, NO_PROBLEM, ""
        self._tell(entry)
        self._start_waiting()

    def cancel(self, download_id: str) -> None:
        """Take a download out of the queue and remove what it has fetched."""
        with self._lock:
            entry = self._entries.get(download_id)
            if entry is None or entry.state.is_over:
                return
            if entry.state.is_active:
                self._stop(entry, _Wish.CANCEL)
                return
            entry.state = DownloadState.CANCELLED  # so that nothing starts it meanwhile
        self._throw_away(entry)

    def statuses(self) -> list[DownloadStatus]:
        """All downloads in their order: those that are over too, until the end of the session."""
        with self._lock:
            return [entry.status() for entry in self._entries.values()]

    def close(self) -> None:
        """Stop all downloads and wait for their threads. What they have is kept. Safe to call again."""
        with self._lock:
            self._is_closed = True
            for entry in self._entries.values():
                if entry.state.is_active and not entry.stop.is_set:
                    self._stop(entry, _Wish.PAUSE)
            threads = list(self._threads)
        deadline_s = time.monotonic() + CLOSE_TIMEOUT_S
        for thread in threads:
            thread.join(max(deadline_s - time.monotonic(), 0))

    # --- what the threads do ---

    def _start_waiting(self) -> None:
        with self._lock:
            free_places = self._at_once - sum(entry.state.is_active for entry in self._entries.values())
            waiting = [entry for entry in self._entries.values() if entry.state is DownloadState.WAITING]
            started = [] if self._is_closed else waiting[: max(free_places, 0)]
            for entry in started:
                entry.state, entry.stop = DownloadState.RUNNING, StopSignal()
                entry.meter.begin(entry.done_bytes)
                thread = threading.Thread(target=self._run, args=(entry,), name="download", daemon=True)
                self._threads.add(thread)
                thread.start()
        for entry in started:
            self._tell(entry)

    def _run(self, entry: _Entry) -> None:
        """Do the download and what follows from its end. Runs in a thread of its own."""
        stop = entry.stop
        try:
            self._end(entry, self._job(entry, lambda news: self._note(entry, news), stop).run)
        finally:
            stop.join(CLOSE_TIMEOUT_S)
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _end(self, entry: _Entry, run: Callable[[], tuple[str, ...]]) -> None:
        state, problem = DownloadState.FAILED, DownloadProblem("Something went wrong inside Ponder.")
        try:
            entry.hashes = run()
            state, problem = DownloadState.DONE, NO_PROBLEM
        except StoppedError:
            state, problem = DownloadState.PAUSED, NO_PROBLEM
        except AppError as error:
            kept = error.kept or (FETCHED_IS_KEPT if entry.kept_bytes() else "Nothing was downloaded.")
            problem = msgspec.structs.replace(DownloadProblem.from_error(error), kept=kept)
        finally:  # a bug too must not take one of the places for ever
            self._settle(entry, state, problem)

    def _settle(self, entry: _Entry, state: DownloadState, problem: DownloadProblem) -> None:
        """Do what follows from the end of a run, and let the next one begin."""
        with self._telling:  # or another could be told to run in its place before it is told to have ended
            with self._lock:
                is_cancelled = self._set_end(entry, state, problem) is DownloadState.CANCELLED
            if not is_cancelled:
                self._tell(entry)
        if is_cancelled:
            self._throw_away(entry)
        self._start_waiting()

    def _set_end(self, entry: _Entry, state: DownloadState, problem: DownloadProblem) -> DownloadState:
        """Note how a run ended, here and on the disk. Gives the end that a wish to stop made of it."""
        is_stopped = entry.stop.is_set and state is not DownloadState.DONE
        if is_stopped and entry.wish is _Wish.CANCEL:
            state, problem = DownloadState.CANCELLED, NO_PROBLEM
        elif is_stopped and entry.wish is _Wish.RESUME:
            state, problem = DownloadState.WAITING, NO_PROBLEM
        entry.state, entry.problem, entry.notice = state, problem, ""
        if state is DownloadState.DONE:
            entry.done_bytes = entry.total_bytes
            self._store.save((), {entry.request.id})
        elif state is not DownloadState.CANCELLED:
            entry.done_bytes = entry.kept_bytes()
            self._store.save([entry.saved()], ())
        return state

    def _note(self, entry: _Entry, news: TransferNews) -> None:
        """Take news of a running download, some thousand a second, and tell of some of them."""
        state = DownloadState.VERIFYING if news.is_checking else DownloadState.RUNNING
        now_s = time.monotonic()
        is_change = state is not entry.state or news.notice != entry.notice
        if now_s - entry.told_s < TELL_EVERY_S and not is_change:
            return
        with self._lock:
            if state is not entry.state or news.done_bytes < entry.done_bytes:
                entry.meter.begin(news.done_bytes)
            else:
                entry.meter.note(news.done_bytes, news.total_bytes)
            entry.state, entry.notice = state, news.notice
            entry.done_bytes, entry.total_bytes = news.done_bytes, news.total_bytes or entry.total_bytes
            entry.told_s = now_s
        self._tell(entry)

    # --- small things ---

    def _tell(self, entry: _Entry) -> None:
        with self._telling:
            with self._lock:
                if self._is_closed:
                    return
                status = entry.status()
            self._listener(status)

    def _job(self, entry: _Entry, tell: Callable[[TransferNews], None], stop: StopSignal) -> DownloadJob:
        return DownloadJob(entry.request, self._folder, self._hub, tell, stop, self._limits, self._tls)

    def _stop(self, entry: _Entry, wish: _Wish) -> None:
        entry.wish = wish
        entry.stop.set()

    def _throw_away(self, entry: _Entry) -> None:
        problem = NO_PROBLEM
        try:
            self._job(entry, lambda news: None, StopSignal()).throw_away()
        except DownloadError as error:
            problem = DownloadProblem.from_error(error)
        with self._lock:
            entry.done_bytes, entry.problem = 0, problem
            self._store.save((), {entry.request.id})
        self._tell(entry)

    def _restore(self, saved: SavedDownload) -> None:
        try:
            entry = _Entry(saved.request, self._folder, DownloadState.PAUSED)
        except DownloadError:  # somebody wrote a name into the list that cannot be used
            self._store.save((), {saved.request.id})
            return
        entry.total_bytes = saved.total_bytes
        entry.done_bytes = entry.kept_bytes()
        self._entries[saved.request.id] = entry
