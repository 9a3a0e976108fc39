"""Speed and time left: right, smooth, and without a look at the time of day."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.download_speed import LONGEST_LEFT_S, SILENT_S, SpeedMeter

MB = 1_000_000
STEP_S = 0.2


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def run(speeds: Sequence[float], total_bytes: int) -> list[tuple[float, float | None]]:
    """Let a download run, one step for each speed in bytes/s."""
    clock = Clock()
    meter = SpeedMeter(clock)
    meter.begin(0)
    done, seen = 0.0, []
    for speed in speeds:
        clock.now_s += STEP_S
        done += speed * STEP_S
        meter.note(int(done), total_bytes)
        seen.append((meter.bytes_per_s, meter.left_s))
    return seen


def test_a_steady_download_is_told_exactly_from_the_first_moment() -> None:
    seen = run([10 * MB] * 50, 1000 * MB)
    assert all(speed == pytest.approx(10 * MB, rel=1e-3) for speed, _ in seen)
    for step, (_, left_s) in enumerate(seen, 1):
        if step * STEP_S >= SILENT_S + STEP_S:
            assert left_s == pytest.approx(100 - step * STEP_S, rel=1e-2)


def test_the_first_moments_say_nothing_of_the_time_left() -> None:
    assert [left for _, left in run([10 * MB] * 7, 1000 * MB)] == [None] * 7


def test_the_time_left_does_not_jump_when_the_speed_does() -> None:
    seen = run([10 * MB] * 50 + [30 * MB, 2 * MB] * 100, 10_000 * MB)
    left = [left_s for _, left_s in seen if left_s is not None]
    steps = [abs(after - (before - STEP_S)) / before for before, after in pairwise(left)]
    assert max(steps) < 0.05


def test_a_slower_line_is_believed_after_a_while() -> None:
    seen = run([20 * MB] * 100 + [5 * MB] * 300, 10_000 * MB)
    speed, left_s = seen[-1]
    assert speed == pytest.approx(5 * MB, rel=0.01)
    remaining = 10_000 * MB - 100 * STEP_S * 20 * MB - 300 * STEP_S * 5 * MB
    assert left_s == pytest.approx(remaining / (5 * MB), rel=0.1)


def test_a_stall_brings_the_speed_down_and_ends_the_promise() -> None:
    seen = run([10 * MB] * 50 + [0.0] * 2000, 1000 * MB)
    assert seen[-1][0] < 1
    assert seen[-1][1] is None


def test_beginning_again_forgets() -> None:
    clock = Clock()
    meter = SpeedMeter(clock)
    clock.now_s += 5
    meter.note(50 * MB, 100 * MB)
    meter.begin(50 * MB)
    assert (meter.bytes_per_s, meter.left_s) == (0, None)


def test_unknown_size_and_a_file_that_begins_anew_give_no_nonsense() -> None:
    clock = Clock()
    meter = SpeedMeter(clock)
    for done in (MB, 2 * MB, 0, MB):
        clock.now_s += 1
        meter.note(done, 0)
        assert meter.bytes_per_s >= 0
        assert meter.left_s in (None, 0)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=200), st.integers(0, 10**12))
def test_whatever_comes_the_figures_are_sane(speeds: list[float], total: int) -> None:
    for speed, left_s in run(speeds, total):
        assert 0 <= speed <= max(speeds) * 1.001 + 10
        assert left_s is None or 0 <= left_s <= LONGEST_LEFT_S
