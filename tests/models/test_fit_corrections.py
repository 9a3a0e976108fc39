"""What this machine taught of itself, kept in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.fit import Fit, Verdict, fit
from models.fit_corrections import MOST_KEPT, Correction, FitCorrections, machine_key
from tests.models.fit_machines import GIB, card, machine, shape

HERE = machine(32 * GIB)


def _estimate() -> Fit:
    return fit(shape(), HERE, context_tokens=4096)


def test_a_measured_reply_corrects_the_next_estimate(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "corrections.json"
    estimate = _estimate()
    corrections = FitCorrections(file)
    assert corrections.corrected(estimate, HERE) == estimate
    corrections.learn_speed(HERE, estimate, estimate.decode_tokens_per_s / 2)
    for known in (corrections, FitCorrections(file)):
        corrected = known.corrected(estimate, HERE)
        assert corrected.decode_tokens_per_s == pytest.approx(estimate.decode_tokens_per_s / 2)
        assert corrected.shares == estimate.shares


def test_one_slow_reply_does_not_count_for_all() -> None:
    estimate, correction = _estimate(), Correction()
    for _ in range(10):
        correction = correction.with_decode_speed(estimate, estimate.decode_tokens_per_s)
    slow = correction.with_decode_speed(estimate, estimate.decode_tokens_per_s / 2)
    assert slow.decode_ratio == pytest.approx(0.85)


@pytest.mark.parametrize("factor", [0, 0.01, 100])
def test_what_cannot_be_is_not_learned(factor: float) -> None:
    estimate = _estimate()
    assert Correction().with_decode_speed(estimate, estimate.decode_tokens_per_s * factor) == Correction()
    assert Correction().with_memory(estimate, int(estimate.total_bytes * factor)) == Correction()


def test_memory_that_was_needed_beyond_the_estimate_counts() -> None:
    estimate = _estimate()
    more = Correction().with_memory(estimate, int(estimate.total_bytes * 1.1)).applied_to(estimate)
    assert more.total_bytes == pytest.approx(estimate.total_bytes * 1.1, rel=0.001)
    assert more.verdict is Verdict.CPU_ONLY
    tight = fit(shape(), machine(6 * GIB), context_tokens=4096)
    assert tight.verdict is Verdict.CPU_ONLY
    over = Correction(memory_ratio=1.3).applied_to(tight)
    assert over.verdict is Verdict.TOO_LARGE
    assert over.short_of_bytes > 0
    assert Correction(memory_ratio=0.95).applied_to(estimate) == estimate


def test_each_machine_and_place_has_its_own(tmp_path: Path) -> None:
    corrections = FitCorrections(tmp_path / "corrections.json")
    estimate = _estimate()
    corrections.learn_speed(HERE, estimate, estimate.decode_tokens_per_s / 2)
    other = machine(32 * GIB, card(16 * GIB))
    assert machine_key(HERE, Verdict.CPU_ONLY) != machine_key(other, Verdict.CPU_ONLY)
    assert corrections.correction(other, Verdict.CPU_ONLY) == Correction()
    assert corrections.correction(HERE, Verdict.FITS) == Correction()


def test_a_spoilt_file_is_learned_again_and_old_machines_are_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "corrections.json"
    file.write_text("{nothing")
    corrections = FitCorrections(file)
    estimate = _estimate()
    for gigabytes in range(MOST_KEPT + 5):
        corrections.learn_speed(machine((gigabytes + 1) * GIB), estimate, 5.0)
    assert FitCorrections(file).correction(machine(GIB), Verdict.CPU_ONLY) == Correction()
    assert FitCorrections(file).correction(machine((MOST_KEPT + 5) * GIB), Verdict.CPU_ONLY) != Correction()


def test_where_nothing_can_be_written_nothing_breaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    corrections = FitCorrections(tmp_path / "file" / "corrections.json")
    estimate = _estimate()
    corrections.learn_speed(HERE, estimate, estimate.decode_tokens_per_s / 2)
    assert corrections.corrected(estimate, HERE) != estimate
    assert "could not be kept" in caplog.text
