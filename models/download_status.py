"""What is asked of a download, and what can be said of it at any moment."""

from __future__ import annotations

import enum

import msgspec

from models.errors import AppError


class DownloadState(enum.StrEnum):
    """WAITING: for its turn. RUNNING: bytes come, or are waited for. PAUSED: by the user, or by a restart.

    VERIFYING: what is on the disk is being checked. DONE: all its files stand under their final names.
    FAILED: it gave up, keeps what it has and can be resumed. CANCELLED: it has gone, and what it had fetched
    too.
    """

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return self in (DownloadState.DONE, DownloadState.CANCELLED)

    @property
    def is_active(self) -> bool:
        """Whether it takes one of the places in the queue."""
        return self in (DownloadState.RUNNING, DownloadState.VERIFYING)


class DownloadProblem(msgspec.Struct, frozen=True):
    """The text of an `AppError`, to be kept and shown. `code` is the error's own, "" where there is none."""

    message: str = ""
    kept: str = ""
    advice: str = ""
    code: str = ""

    @classmethod
    def from_error(cls, error: AppError) -> DownloadProblem:
        """What the error says, without the details that help a developer."""
        return cls(error.message, error.kept, error.advice, error.code)

    def __bool__(self) -> bool:
        return bool(self.message)

    def __str__(self) -> str:
        """The whole text on one line."""
        return " ".join(part for part in (self.message, self.kept, self.advice) if part)


NO_PROBLEM = DownloadProblem()


class RequestedFile(msgspec.Struct, frozen=True):
    """One file of the hub: its path there, its size in bytes (0: ask the hub) and SHA-256 ("": ask the hub).

    What is given here wins over what the hub says.
    """

    path: str
    size_bytes: int = 0
    sha256: str = ""


class DownloadRequest(msgspec.Struct, frozen=True):
    """A model to be fetched: one file, or all parts of one in several. `id` is the caller's choice."""

    id: str
    title: str
    repo: str
    revision: str
    files: tuple[RequestedFile, ...]


class DownloadStatus(msgspec.Struct, frozen=True):
    """One download at one moment. Sizes in bytes, over all its files.

    `total_bytes` is 0 while it is not known. `destination` is the final path of the first file.
    `speed_bytes_per_s` and `left_s` are smoothed; `left_s` is None where it cannot be told. `notice` is one
    sentence about something that is no failure ("" for none): that it waits for the hub, or had to start
    anew. `error` is set where the state is FAILED. `hashes` are the SHA-256 of the files as they arrived,
    once it is DONE.
    """

    id: str
    title: str
    repo: str
    revision: str
    files: tuple[str, ...]
    destination: str
    state: DownloadState
    done_bytes: int
    total_bytes: int
    speed_bytes_per_s: float = 0.0
    left_s: float | None = None
    error: DownloadProblem = NO_PROBLEM
    notice: str = ""
    hashes: tuple[str, ...] = ()
