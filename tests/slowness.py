"""Limits of CPU time that mean the same on a slow or busy computer as on the one on which they were set."""

from __future__ import annotations

import time

_REFERENCE_S = 0.008
"""CPU time of `_work` where the limits were set: on an AMD EPYC with nothing beside it."""
_MOST = 8.0
"""A limit grows no further: then it would say nothing any more."""


def is_within(took_s: float, limit_s: float) -> bool:
    """Whether so much CPU time is within a limit; it is larger by as much as this computer is slower now.

    Two threads that share a core, and its caches with others, are slower too, and CPU time does not say so.
    """
    return took_s < limit_s or took_s < limit_s * _slowness()


def _slowness() -> float:
    return min(max(_seconds_of_work() / _REFERENCE_S, 1.0), _MOST)


def _seconds_of_work() -> float:
    """CPU time of work like that which is measured; the least of a few, for a start is always slow."""
    took_s = []
    for _ in range(5):
        began_s = time.thread_time()
        _work()
        took_s.append(time.thread_time() - began_s)
    return min(took_s)


def _work() -> int:
    lines = [f"{number % 97} of {number}" for number in range(12_000)]
    counted: dict[str, int] = {}
    for line in lines:
        for word in line.split():
            counted[word] = counted.get(word, 0) + len(word)
    return sum(len(part) for part in "\n".join(sorted(counted)).partition("9"))
