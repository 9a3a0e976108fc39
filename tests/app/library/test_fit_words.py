"""The sum as people read it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library import fit_words
from models.engine.kv_type import KvType
from models.fit import DeviceShare, Fit, Verdict
from models.machine import CPU_DEVICE

GIB = 2**30
SIZES = st.integers(min_value=0, max_value=200 * GIB)


def share(weights: int, repacked: int, cache: int, work: int, device: str = CPU_DEVICE) -> DeviceShare:
    return DeviceShare(device, "NVIDIA GeForce RTX 3060", 22 * GIB, weights, repacked, cache, work)


def a_fit(verdict: Verdict, *shares: DeviceShare) -> Fit:
    return Fit(8192, KvType.F16, 28, 12, shares, verdict, 3 * GIB, 16_384, 50.0, 12.0)


@given(SIZES, SIZES, SIZES, SIZES)
def test_the_parts_that_are_shown_add_up(weights: int, repacked: int, cache: int, work: int) -> None:
    line = fit_words.share_sum(share(weights, min(repacked, weights), cache, work))
    parts, _, total = line.rpartition(" = ")
    numbers = re.findall(r"[a-z] ([0-9]+\.[0-9])", parts)
    if numbers:
        assert sum(float(number) for number in numbers) == pytest.approx(float(total.split(" ")[0]), abs=1e-6)
    shown = float(total.split(" ")[0])
    assert shown == pytest.approx((weights + cache + work) / GIB, abs=0.051)


def test_a_second_copy_counts_once() -> None:
    twice = share(5 * GIB, 3 * GIB, 1 * GIB, GIB // 2)
    assert fit_words.share_sum(twice) == "weights 5.0 + cache 1.0 + work 0.5 = 6.5 of 22.0 GB"
    assert "3.0 GB of them in an order" in fit_words.sum_explained(a_fit(Verdict.CPU_ONLY, twice))


def test_why_a_file_has_other_gigabytes_than_its_weights_is_said() -> None:
    once = share(5 * GIB, 0, 1 * GIB, GIB // 2)
    assert fit_words.short_sum(a_fit(Verdict.CPU_ONLY, once)).startswith("Memory: weights 5.0 + ")
    explained = fit_words.sum_explained(a_fit(Verdict.CPU_ONLY, once))
    assert "Memory is counted in GB of 1,024 × 1,024 × 1,024 bytes" in explained
    assert "of them" not in explained


def test_on_a_card_only_the_card_counts_and_in_part_both() -> None:
    card, rest = share(4 * GIB, 0, GIB, GIB, "CUDA0"), share(GIB, GIB, 0, 0)
    assert fit_words.short_sum(a_fit(Verdict.FITS, rest, card)).endswith("= 6.0 of 22.0 GB")
    assert fit_words.short_sum(a_fit(Verdict.PARTLY, rest, card)) == (
        "1.0 of 22.0 GB in main memory, 6.0 of 22.0 GB on RTX 3060"
    )
    assert [name for name, _ in fit_words.share_lines(a_fit(Verdict.FITS, rest, card))] == [
        "Main memory",
        "RTX 3060",
    ]


@pytest.mark.parametrize(
    ("verdict", "said", "speed"),
    [
        (Verdict.FITS, "Fits, 8,192 tokens", "about 12 tokens/s"),
        (Verdict.PARTLY, "Fits in part: 12 of 28 layers", "about 12 tokens/s"),
        (Verdict.CPU_ONLY, "CPU only, 8,192 tokens", "about 12 tokens/s"),
        (Verdict.TOO_LARGE, "Too large by 3.0 GB", ""),
    ],
)
def test_badges(verdict: Verdict, said: str, speed: str) -> None:
    assert fit_words.badge(a_fit(verdict)) == said
    assert fit_words.speed(a_fit(verdict)) == speed
