"""How fast a download is and how long it will still take, in figures that do not jump."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

SPEED_SMOOTHING_S = 3.0
"""The shown speed is about the average of so many seconds."""
LEFT_SMOOTHING_S = 15.0
"""The time left goes by the average of so many seconds, and follows changes of it only slowly."""
LEFT_FOLLOWS_IN_S = 4.0
SILENT_S = 1.5
"""So long nothing is said of the time left: the first moments tell little."""
LONGEST_LEFT_S = 7 * 24 * 3600.0
"""Beyond this the time left is not worth a number."""
_SHORTEST_STEP_S = 0.02


class SpeedMeter:
    """Told how many bytes are there, says bytes/s and seconds left.

    It needs to be told while nothing comes, too.

    `clock` counts seconds and never goes back; the time of day is of no use here.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begin(0)

    def begin(self, done_bytes: int) -> None:
        """Forget what was; these bytes are there already."""
        self._done_bytes = done_bytes
        self._began_s = self._told_s = self._clock()
        self._fast_bytes_per_s = self._slow_bytes_per_s = 0.0
        self._left_s: float | None = None

    def note(self, done_bytes: int, total_bytes: int) -> None:
        """So many bytes are there now, of so many (0: not known)."""
        now_s = self._clock()
        step_s = now_s - self._told_s
        if step_s < _SHORTEST_STEP_S:
            return
        bytes_per_s = max(done_bytes - self._done_bytes, 0) / step_s
        self._fast_bytes_per_s += (bytes_per_s - self._fast_bytes_per_s) * _share(step_s, SPEED_SMOOTHING_S)
        self._slow_bytes_per_s += (bytes_per_s - self._slow_bytes_per_s) * _share(step_s, LEFT_SMOOTHING_S)
        self._done_bytes, self._told_s = done_bytes, now_s
        self._follow(max(total_bytes - done_bytes, 0), step_s)

    @property
    def bytes_per_s(self) -> float:
        """The speed of the last few seconds."""
        return self._fast_bytes_per_s / self._weight(SPEED_SMOOTHING_S)

    @property
    def left_s(self) -> float | None:
        """Seconds until the last byte is there; None where that cannot be told."""
        return self._left_s if self._left_s is None or self._left_s <= LONGEST_LEFT_S else None

    def _follow(self, remaining_bytes: int, step_s: float) -> None:
        """Let the time left run down as a clock does, and bend it towards what the speed says."""
        bytes_per_s = self._slow_bytes_per_s / self._weight(LEFT_SMOOTHING_S)
        if self._told_s - self._began_s < SILENT_S or bytes_per_s < 1:
            self._left_s = None
            return
        expected_s = remaining_bytes / bytes_per_s
        if self._left_s is None:
            self._left_s = expected_s
        else:
            running_down_s = max(self._left_s - step_s, 0.0)
            self._left_s = running_down_s + (expected_s - running_down_s) * _share(step_s, LEFT_FOLLOWS_IN_S)

    def _weight(self, smoothing_s: float) -> float:
        """How much of the average the time since `begin` makes up: it corrects the beginning at zero."""
        return _share(max(self._told_s - self._began_s, _SHORTEST_STEP_S), smoothing_s)


def _share(step_s: float, smoothing_s: float) -> float:
    return 1 - math.exp(-step_s / smoothing_s)
