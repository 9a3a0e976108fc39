"""Notices an engine process that fell silent, or that is alive but gets nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable

HANG_TIMEOUT_S = 20.0
"""A process that loads or writes says something every second; after so long a silence it is killed."""
STUCK_TIMEOUT_S = 1800.0
"""A process may be alive and compute without an end. The slowest honest step is to read 512 tokens with a 70B
model on an old processor: at one token a second it takes nine minutes."""
_WATCH_STEPS = 20


class HangWatch:
    """Calls `kill` with the reason, once the process was silent, or got nowhere, for too long.

    Short waits are counted, and the clock is not read: the time in which the whole computer sleeps, or
    Ponder itself is stopped, is not the engine's silence.
    """

    def __init__(
        self,
        kill: Callable[[str], None],
        *,
        hang_timeout_s: float = HANG_TIMEOUT_S,
        stuck_timeout_s: float = STUCK_TIMEOUT_S,
    ) -> None:
        self._kill = kill
        self._hang_timeout_s = hang_timeout_s
        self._stuck_timeout_s = stuck_timeout_s
        self._lines = 0
        self._steps_made = 0
        self._is_passing_on = False
        self._has_ended = threading.Event()
        self._wakes = threading.Event()
        self.thread = threading.Thread(target=self._run, name="engine-watch", daemon=True)

    def begin_work(self) -> None:
        """The process has something to do: watch it."""
        self._steps_made += 1
        self._wakes.set()

    def begin_line(self, *, is_progress: bool) -> None:
        """It said something; until `end_line` it is Ponder that takes its time."""
        self._lines += 1
        self._steps_made += is_progress
        self._is_passing_on = True

    def end_line(self, *, is_idle: bool) -> None:
        """What it said was passed on. `is_idle`: it has nothing to do now, and may be silent."""
        self._is_passing_on = False
        if is_idle:
            self._wakes.clear()

    def end(self) -> None:
        """The process has gone."""
        self._has_ended.set()
        self._wakes.set()

    def _run(self) -> None:
        step_s = self._hang_timeout_s / _WATCH_STEPS
        most_stuck = max(int(self._stuck_timeout_s / step_s), 1)
        while not self._has_ended.is_set():
            self._wakes.wait()
            lines, made, silent, stuck = self._lines, self._steps_made, 0, 0
            while self._wakes.is_set() and not self._has_ended.wait(step_s):
                silent, stuck = silent + 1, stuck + 1
                if self._is_passing_on or self._lines != lines:
                    lines, silent = self._lines, 0
                if self._is_passing_on or self._steps_made != made:
                    made, stuck = self._steps_made, 0
                if silent == _WATCH_STEPS:
                    self._kill(f"it did not answer for {self._hang_timeout_s:g} seconds")
                if stuck == most_stuck:
                    self._kill(f"it got nowhere for {self._stuck_timeout_s / 60:g} minutes")
