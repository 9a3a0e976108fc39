"""Where a model is placed, what it takes there, and how fast it is expected to be."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine.kv_type import KvType
from models.fit import (
    DEVICE_RESERVE_BYTES,
    LARGEST_SENSIBLE_CONTEXT,
    RAM_SHARE,
    Fit,
    Verdict,
    best_fit,
    devices_in_use,
    fit,
)
from models.machine import CPU_DEVICE, Machine
from models.memory_sum import CPU, Placement
from models.model_shape import read_shape
from tests.gguf_twins import TWINS, write_twin
from tests.models.fit_machines import AVX2, AVX512, GIB, MIB, card, integrated, machine, shape

CONTEXTS = st.integers(1, 512).map(lambda steps: steps * 256)
MEMORY = st.integers(0, 64).map(lambda half: half * GIB // 2)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """No card, one, two, or one in the processor."""
    ram_bytes = draw(MEMORY)
    kind = draw(st.sampled_from(["none", "one", "two", "integrated"]))
    if kind == "integrated":
        return machine(ram_bytes, integrated(draw(MEMORY)))
    count = {"none": 0, "one": 1, "two": 2}[kind]
    return machine(ram_bytes, *(card(draw(MEMORY), number) for number in range(count)))


@given(machines(), CONTEXTS, st.sampled_from(KvType))
def test_a_sum_is_whole_and_agrees_with_its_verdict(where: Machine, context: int, kv_type: KvType) -> None:
    model = shape()
    found = fit(model, where, context_tokens=context, kv_type=kv_type)
    assert [share.device for share in found.shares] == [
        CPU_DEVICE,
        *(device.name for device in devices_in_use(where)),
    ]
    weights = sum(share.weights_bytes for share in found.shares)
    assert weights == sum(group.size_bytes for group in model.groups)
    numbers, block_bytes = (1, 2) if kv_type is KvType.F16 else (32, 34)
    kv_bytes = sum(share.kv_bytes for share in found.shares)
    assert kv_bytes == model.layers * 4 * 256 * context * block_bytes // numbers
    assert found.total_bytes == sum(share.total_bytes for share in found.shares)
    assert (found.verdict is Verdict.TOO_LARGE) == (found.short_of_bytes > 0)
    if found.verdict is Verdict.FITS:
        assert found.layers_on_gpu == found.layers
    if found.verdict is Verdict.PARTLY:
        assert 0 < found.layers_on_gpu < found.layers or found.gpu_layers < found.layers + 1
    if found.verdict is Verdict.CPU_ONLY:
        assert found.layers_on_gpu == found.gpu_layers == 0
    if found.verdict is not Verdict.TOO_LARGE:
        for share in found.shares[1:]:
            reserve = DEVICE_RESERVE_BYTES if share.device != "Metal" else 0
            assert share.total_bytes == 0 or share.total_bytes <= share.available_bytes - reserve
        assert found.shares[0].needed_bytes <= RAM_SHARE * where.ram_available_bytes + 1


@given(machines(), CONTEXTS, CONTEXTS)
def test_more_context_never_takes_less(where: Machine, one: int, other: int) -> None:
    less, more = sorted((one, other))
    smaller = fit(shape(), where, context_tokens=less)
    larger = fit(shape(), where, context_tokens=more)
    assert larger.short_of_bytes >= smaller.short_of_bytes
    assert larger.layers_on_gpu <= smaller.layers_on_gpu or larger.verdict is Verdict.TOO_LARGE
    if smaller.layers_on_gpu == larger.layers_on_gpu:
        assert larger.total_bytes >= smaller.total_bytes


@given(machines(), CONTEXTS)
def test_the_largest_context_fits_and_the_next_one_does_not(where: Machine, context: int) -> None:
    found = fit(shape(), where, context_tokens=context)
    largest = found.largest_context_tokens
    assert largest % 256 == 0
    assert largest <= 131_072
    if largest:
        there = fit(shape(), where, context_tokens=largest)
        assert there.verdict is not Verdict.TOO_LARGE
    if found.verdict is not Verdict.TOO_LARGE:
        assert largest >= context
        assert there.layers_on_gpu >= found.layers_on_gpu
    if 0 < largest < 131_072:
        beyond = fit(shape(), where, context_tokens=largest + 256)
        assert beyond.verdict is Verdict.TOO_LARGE or beyond.layers_on_gpu != there.layers_on_gpu


def test_what_would_fit_where_it_is_too_large_may_be_partly_on_the_cards() -> None:
    where = machine(11 * GIB // 2, card(15 * GIB // 2, 0), card(GIB, 1))
    found = fit(shape(), where, context_tokens=40_192)
    assert found.verdict is Verdict.TOO_LARGE
    assert found.largest_context_tokens == 39_936
    assert fit(shape(), where, context_tokens=39_936).verdict is Verdict.PARTLY


@given(MEMORY, MEMORY, st.integers(1, 16 * GIB), st.booleans(), CONTEXTS)
def test_more_memory_is_never_worse(
    ram_bytes: int, card_bytes: int, more_bytes: int, more_on_card: bool, context: int
) -> None:
    before = fit(shape(), machine(ram_bytes, card(card_bytes)), context_tokens=context)
    richer = (ram_bytes, card_bytes + more_bytes) if more_on_card else (ram_bytes + more_bytes, card_bytes)
    after = fit(shape(), machine(richer[0], card(richer[1])), context_tokens=context)
    assert after.short_of_bytes <= before.short_of_bytes
    if before.verdict is Verdict.FITS:
        assert after.verdict is Verdict.FITS
    if before.verdict is Verdict.PARTLY and before.layers_on_gpu >= 7:
        assert after.verdict in (Verdict.FITS, Verdict.PARTLY)
        assert after.layers_on_gpu >= before.layers_on_gpu


@given(machines(), st.sampled_from(KvType))
def test_the_best_fit_is_what_fit_says_of_its_context(where: Machine, kv_type: KvType) -> None:
    best = best_fit(shape(), where, kv_type=kv_type)
    assert best == fit(shape(), where, context_tokens=best.context_tokens, kv_type=kv_type)
    assert 0 < best.context_tokens <= LARGEST_SENSIBLE_CONTEXT
    least = fit(shape(), where, context_tokens=2048, kv_type=kv_type)
    assert (best.verdict is Verdict.TOO_LARGE) == (least.verdict is Verdict.TOO_LARGE)


@pytest.mark.parametrize(
    ("model_id", "added_mib", "tokens_per_s"),
    [("r1-distill-qwen-7b", 6526, 119.77), ("r1-distill-qwen-14b", 14_878, 65.96)],
)
def test_what_was_measured_on_a_3090(
    tmp_path: Path, model_id: str, added_mib: int, tokens_per_s: float
) -> None:
    """Its memory was read from the driver, which counts some 230 MiB that CUDA itself takes."""
    model = read_shape(write_twin(TWINS[model_id], tmp_path / "twin.gguf"))
    found = fit(model, machine(32 * GIB, card(23 * GIB)), context_tokens=32_768)
    assert found.verdict is Verdict.FITS
    assert added_mib - 240 <= found.shares[1].total_bytes / MIB <= added_mib
    assert found.decode_tokens_per_s == pytest.approx(tokens_per_s, rel=0.1)


def test_a_card_with_room_for_a_few_layers_is_left_alone() -> None:
    """28 layers of 140 MiB: 2.6 GB hold six of them beside the output, its work and the reserve."""
    where = machine(32 * GIB, card(2600 * MIB))
    assert fit(shape(), where, context_tokens=4096).verdict is Verdict.CPU_ONLY
    in_need = machine(4300 * MIB, card(2600 * MIB))
    found = fit(shape(), in_need, context_tokens=4096)
    assert found.verdict is Verdict.PARTLY
    assert 0 < found.layers_on_gpu < 7


def test_layers_of_the_processor_are_repacked_only_without_a_card_that_forbids_it() -> None:
    where = machine(32 * GIB, card(4 * GIB))
    in_part = fit(shape(), where, context_tokens=4096)
    assert in_part.verdict is Verdict.PARTLY
    assert in_part.shares[0].repacked_bytes == 0
    alone = fit(shape(), machine(32 * GIB), context_tokens=4096)
    assert alone.shares[0].repacked_bytes == 28 * 105 * MIB  # Q4_K; nothing of the Q6_K of the output
    old = fit(shape(), machine(32 * GIB, features=("avx",)), context_tokens=4096)
    assert old.shares[0].repacked_bytes == 0


def test_a_device_in_the_processor_shares_the_memory() -> None:
    """8 GiB together: what the device may hold and what the processor has are the same bytes."""
    where = machine(8 * GIB, integrated(8 * GIB))
    found = best_fit(shape(), where)
    assert found.verdict is Verdict.FITS
    assert sum(share.needed_bytes for share in found.shares) <= RAM_SHARE * 8 * GIB
    assert (
        fit(shape(), machine(5 * GIB, integrated(5 * GIB)), context_tokens=8192).verdict is Verdict.TOO_LARGE
    )


def test_a_device_in_the_processor_rests_beside_a_card() -> None:
    where = machine(32 * GIB, card(12 * GIB), integrated(16 * GIB))
    assert [share.device for share in fit(shape(), where, context_tokens=4096).shares] == ["CPU", "CUDA0"]


def test_two_cards_hold_what_neither_can() -> None:
    model = shape(64, 290 * MIB)
    assert best_fit(model, machine(32 * GIB, card(12 * GIB))).verdict is Verdict.PARTLY
    both = best_fit(model, machine(32 * GIB, card(12 * GIB), card(12 * GIB, 1)))
    assert both.verdict is Verdict.FITS
    assert all(share.weights_bytes > 8 * GIB for share in both.shares[1:])


def test_layers_go_to_the_cards_by_their_free_memory_the_last_ones_first() -> None:
    places = Placement(7, (card(6 * GIB), card(2 * GIB, 1))).device_of(9)
    assert places == [CPU, CPU, CPU, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("where", "verdict", "context"),
    [
        (machine(32 * GIB), Verdict.CPU_ONLY, 32_768),
        (machine(32 * GIB, card(16 * GIB)), Verdict.FITS, 32_768),
        (machine(32 * GIB, card(5 * GIB)), Verdict.PARTLY, 8192),
        (machine(2 * GIB), Verdict.TOO_LARGE, 2048),
    ],
    ids=["no card", "a card with room", "a card without", "too small"],
)
def test_the_context_that_is_chosen(where: Machine, verdict: Verdict, context: int) -> None:
    found = best_fit(shape(), where)
    assert found.verdict is verdict
    assert found.context_tokens == context or (
        verdict is Verdict.PARTLY and context <= found.context_tokens == found.largest_context_tokens
    )


def test_a_model_trained_for_little_gets_that() -> None:
    assert best_fit(shape(trained=1024), machine(32 * GIB)).context_tokens == 1024
    tiny = best_fit(shape(trained=100), machine(32 * GIB))
    assert tiny.context_tokens == tiny.largest_context_tokens == 100


def test_speed_follows_memory_or_arithmetic() -> None:
    def speed(features: tuple[str, ...], cores: int, bandwidth: float) -> Fit:
        where = machine(32 * GIB, features=features, cores=cores, bandwidth_bytes_per_s=bandwidth)
        return fit(shape(), where, context_tokens=4096)

    usual = speed(AVX2, 8, 50e9).decode_tokens_per_s
    assert 1.5 * usual < speed(AVX2, 8, 100e9).decode_tokens_per_s < 2 * usual
    assert usual < speed(AVX2, 16, 50e9).decode_tokens_per_s < 1.2 * usual
    assert speed(("avx",), 2, 50e9).decode_tokens_per_s < usual / 4
    assert speed(AVX512, 8, 50e9).prompt_tokens_per_s > speed(AVX2, 8, 50e9).prompt_tokens_per_s
    assert speed(AVX2, 8, 0).decode_tokens_per_s == 0, "nothing is promised while the memory was not measured"


def test_no_speed_is_promised_of_a_card_that_nothing_is_known_of() -> None:
    found = fit(shape(), machine(32 * GIB, card(16 * GIB, bandwidth_bytes_per_s=0)), context_tokens=4096)
    assert found.verdict is Verdict.FITS
    assert found.decode_tokens_per_s == found.prompt_tokens_per_s == 0


def test_a_token_reads_only_the_experts_it_uses() -> None:
    plain = shape()
    groups = tuple(
        msgspec.structs.replace(group, expert_bytes=group.size_bytes if 0 <= group.layer < 28 else 0)
        for group in plain.groups
    )
    experts = msgspec.structs.replace(plain, groups=groups, expert_count=8, experts_used=2)
    dense, sparse = (fit(model, machine(32 * GIB), context_tokens=4096) for model in (plain, experts))
    assert sparse.total_bytes == dense.total_bytes
    assert sparse.decode_tokens_per_s > 2.5 * dense.decode_tokens_per_s
