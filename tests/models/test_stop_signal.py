"""A wish to stop is heeded at once, whatever the work waits for, and nothing it brings later is lost open."""

from __future__ import annotations

import threading

import pytest

from models.stop_signal import StoppedError, StopSignal


def test_work_that_ends_gives_its_result_and_its_error() -> None:
    stop = StopSignal()
    assert stop.call(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        stop.call(lambda: 1 // 0)
    stop.join(60)


def test_work_that_hangs_is_left_behind_at_once() -> None:
    stop, release, interrupted = StopSignal(), threading.Event(), threading.Event()
    thrown_away: list[str] = []

    def work() -> str:
        release.wait(60)
        return "late"

    with pytest.raises(StoppedError):
        stop.call(work, interrupt=interrupted.set, throw_away=thrown_away.append, tick=stop.set)
    assert interrupted.is_set()
    assert thrown_away == []  # it still hangs
    release.set()
    stop.join(60)
    assert thrown_away == ["late"]


def test_nothing_begins_after_the_wish() -> None:
    stop = StopSignal()
    stop.set()
    begun = []
    with pytest.raises(StoppedError):
        stop.call(lambda: begun.append(1))
    with pytest.raises(StoppedError):
        stop.sleep(10)
    assert begun == []
