"""File work off the GUI thread: one worker thread, results back on the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from models.errors import AppError

if TYPE_CHECKING:
    import queue

Result = TypeVar("Result")


class _Job(NamedTuple):
    work: Callable[[], Any]
    done: Callable[[Any], None] | None
    failed: Callable[[AppError], None] | None


class _Outcome(NamedTuple):
    job: _Job
    result: Any = None
    error: BaseException | None = None


class Background(QObject):
    """Runs one job after the other on a thread of its own, started with the first job.

    An `AppError` of the work goes to `failed`; anything else is a bug and is raised again on the
    GUI thread, where the crash dialog shows it. The callbacks run on the GUI thread.
    """

    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: queue.SimpleQueue[_Job | None] | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Result],
        *,
        done: Callable[[Result], None] | None = None,
        failed: Callable[[AppError], None] | None = None,
    ) -> None:
        """Do `work` off the GUI thread; it must not touch the window."""
        if self._jobs is None:
            import queue  # here: the first picture of the window needs none

            self._jobs = queue.SimpleQueue()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, args=(self._jobs,), name="ponder-files", daemon=True
            )
            self._thread.start()
        self._jobs.put(_Job(work, done, failed))

    def close(self, timeout_s: float = 2.0) -> None:
        """Finish the jobs that wait, then end the thread; blocks at most `timeout_s`."""
        self._is_closed = True
        if self._thread is not None and self._jobs is not None:
            self._jobs.put(None)
            self._thread.join(timeout_s)
            self._thread = None

    def _work(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                outcome = _Outcome(job, result=job.work())
            except BaseException as error:  # noqa: BLE001 (handed on whole, raised again below)
                outcome = _Outcome(job, error=error)
            if (
                not self._is_closed
            ):  # else nobody listens, and a job that took too long may outlive this object
                self._finished.emit(outcome)

    @Slot(object)
    def _deliver(self, outcome: _Outcome) -> None:
        if outcome.error is None:
            if outcome.job.done is not None:
                outcome.job.done(outcome.result)
        elif isinstance(outcome.error, AppError) and outcome.job.failed is not None:
            outcome.job.failed(outcome.error)
        else:
            raise outcome.error
