"""Works that take their time (hashing, copying, listing, measuring), each on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from app.library.events import LibraryEvent, LibraryProblem, Work, WorkEnded, WorkProgressed
from models.errors import AppError, WorkStoppedError

_SAY_EVERY_S = 0.1

Result = TypeVar("Result")


class Control(Protocol):
    """What a work is handed: to tell how far it is, and to ask whether it is to end."""

    def progress(self, done: int, total: int) -> None:
        """So much of so much is done, in whatever unit."""

    def is_cancelled(self) -> bool:
        """Whether to end with `WorkStoppedError`."""


class Works:
    """Runs works; what comes of them is handed to `enqueue`, so that one thread alone touches the state.

    All methods are called on that thread.
    """

    def __init__(
        self, enqueue: Callable[[Callable[[], None]], None], say: Callable[[LibraryEvent], None]
    ) -> None:
        self._enqueue = enqueue
        self._say = say
        self._running: dict[tuple[Work, str], _Running[object]] = {}
        self._threads: list[threading.Thread] = []

    def begin(
        self, work: Work, about: str, run: Callable[[Control], Result], then: Callable[[Result], None]
    ) -> None:
        """Run it, and then `then` on the thread of the orders. The same work about the same is run once."""
        if (work, about) in self._running:
            return
        running: _Running[Result] = _Running(work, about, run, then, self)
        self._running[work, about] = running  # type: ignore[assignment]  # a dict of several result types
        self._say(WorkProgressed(about, work, 0.0))
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=running.run, name=f"library-{work}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self, about: str) -> None:
        """End the works about this. A work that cannot be interrupted comes to nothing."""
        for key, running in list(self._running.items()):
            if running.about == about:
                running.stopped.set()
                del self._running[key]
                self._say(WorkEnded(about, running.work, done=False))

    def close(self, timeout_s: float) -> None:
        """End all works; waits `timeout_s` at most."""
        for running in self._running.values():
            running.stopped.set()
        self._running.clear()
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def deliver(self, running: _Running[Result], order: Callable[[], None]) -> None:
        """From a work's thread: do something on the thread of the orders, unless the work was stopped."""

        def unless_stopped() -> None:
            if not running.stopped.is_set():
                order()

        self._enqueue(unless_stopped)

    def progressed(self, running: _Running[Result], fraction: float) -> None:
        """From a work's thread: so much is done."""
        self.deliver(running, lambda: self._say(WorkProgressed(running.about, running.work, fraction)))

    def end(self, running: _Running[Result], error: AppError | None, *, done: bool) -> None:
        """From a work's thread: it is over."""

        def say() -> None:
            self._running.pop((running.work, running.about), None)
            if error is not None:
                self._say(LibraryProblem(error, running.about))
            self._say(WorkEnded(running.about, running.work, done))

        self.deliver(running, say)


class _Running(Generic[Result]):
    """One work on its thread."""

    def __init__(
        self,
        work: Work,
        about: str,
        run: Callable[[Control], Result],
        then: Callable[[Result], None],
        works: Works,
    ) -> None:
        self.work = work
        self.about = about
        self.stopped = threading.Event()
        self._run = run
        self._then = then
        self._works = works
        self._said_at = time.monotonic()

    def run(self) -> None:
        done, problem = False, None
        try:
            result = self._run(self)
            self._works.deliver(self, lambda: self._then(result))
            done = True
        except WorkStoppedError:
            pass
        except AppError as error:
            problem = error
        finally:  # also after a bug, which goes to the crash dialog
            self._works.end(self, problem, done=done)

    def is_cancelled(self) -> bool:
        return self.stopped.is_set()

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= _SAY_EVERY_S:
            self._said_at = now
            self._works.progressed(self, done / total if total else 0.0)
