"""A wish to stop, and work that gives way to it at once, even where it waits for a server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

POLL_S = 0.05
"""How long a wish to stop may go unnoticed."""

Result = TypeVar("Result")


class StoppedError(Exception):
    """Somebody wishes that this ends. Not an error to be shown."""


class StopSignal:
    """Set by any thread; everything else is for the one that works."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._left_behind: list[threading.Thread] = []

    def set(self) -> None:
        """Wish that the work ends."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it is to end."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `StoppedError` where it is to end."""
        if self._event.is_set():
            raise StoppedError

    def sleep(self, seconds: float) -> None:
        """Wait; raises `StoppedError` as soon as it is to end."""
        if self._event.wait(seconds):
            raise StoppedError

    def call(
        self,
        work: Callable[[], Result],
        *,
        interrupt: Callable[[], None] = lambda: None,
        throw_away: Callable[[Result], None] = lambda result: None,
        tick: Callable[[], None] = lambda: None,
    ) -> Result:
        """Do blocking work in a thread and wait for it, or raise `StoppedError` and leave it behind.

        `interrupt` is to make work that was left behind end soon; what it then still gives is given to
        `throw_away`, in its own thread. `tick` is called every `POLL_S` of the wait. What the work raises is
        raised.
        """
        self.check()
        task = _Task(work, throw_away)
        task.start()
        while not task.finished.wait(POLL_S):
            tick()
            if self._event.is_set() and task.abandon():
                interrupt()
                self._left_behind.append(task)
                raise StoppedError
        return task.result()

    def join(self, timeout_s: float) -> None:
        """Wait for work that was left behind, so long at most for each; no thread outlives the process."""
        for thread in self._left_behind:
            thread.join(timeout_s)
        self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]


class _Task(threading.Thread, Generic[Result]):
    """One piece of blocking work."""

    def __init__(self, work: Callable[[], Result], throw_away: Callable[[Result], None]) -> None:
        super().__init__(name="download-wait", daemon=True)
        self._work = work
        self._throw_away = throw_away
        self._lock = threading.Lock()
        self._is_abandoned = False
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self.finished = threading.Event()

    def run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001  it is raised again where the work was asked for
            self._error = error
        else:
            with self._lock:
                if not self._is_abandoned:
                    self._results.append(result)
            if not self._results:
                self._throw_away(result)
        self.finished.set()

    def abandon(self) -> bool:
        """Nobody waits any longer. False where the work has come to its end in this moment."""
        with self._lock:
            self._is_abandoned = not self._results and self._error is None
            return self._is_abandoned

    def result(self) -> Result:
        """What came of it."""
        if self._error is not None:
            raise self._error
        return self._results[0]
