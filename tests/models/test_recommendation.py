"""What is recommended for which computer: the reference's table, each rule, and what always holds."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalog import Catalog, load_catalog
from models.engine.kv_type import KvType
from models.fit import Verdict
from models.fit_corrections import FitCorrections
from models.hardware import machine_of
from models.machine import Cpu, Device, DeviceKind, Machine, UnusableGpu
from models.machine_recording import RawMachine
from models.recommendation import (
    LEAST_CONTEXT_TOKENS,
    LEAST_TOKENS_PER_S,
    SMALLER_AND_FASTER_ID,
    Role,
    Suggestion,
    recommend,
)

MIB, GIB = 2**20, 2**30
RECORDED = sorted((Path(__file__).parent / "machines").glob("*.json"))
RECORDED_BEST = {
    "laptop_4gb_no_avx2": "r1-distill-qwen-1.5b",
    "raspberry_pi_5_8gb": "r1-distill-qwen-1.5b",
    "mac_m1_8gb": "r1-distill-qwen-1.5b",
    "mac_m1_8gb_quiet": "r1-distill-qwen-7b",
    "desktop_rtx_4060_8gb": "r1-0528-qwen3-8b",
    "desktop_rtx_3060_12gb": "r1-distill-qwen-14b",
    "desktop_rtx_4070_12gb": "r1-distill-qwen-14b",
    "desktop_rtx_4070_ti_super_16gb": "r1-distill-qwen-14b",
    "desktop_arc_a770_16gb": "r1-distill-qwen-14b",
    "desktop_rtx_4090_24gb": "r1-distill-qwen-32b",
    "desktop_rx_7900_xtx_24gb": "r1-distill-qwen-32b",
    "workstation_2x_rtx_3090": "r1-distill-llama-70b",
    "server_a100_80gb": "r1-distill-llama-70b",
}
"""Those of the recorded machines on which the answer does not hang on a speed."""

FEWER = settings(max_examples=settings().max_examples // 3)
"""An example asks for up to twenty fits, some of which try every layer on two cards."""

CATALOG = load_catalog()
ORDER = [model.id for model in CATALOG.models]


def card(title: str, total_mib: int, free_mib: int, bandwidth_gb_per_s: float, number: int = 0) -> Device:
    """A card as llama.cpp reports it; the desktop and the driver have what is not free."""
    return Device(
        name=f"CUDA{number}",
        title=title,
        backend="CUDA",
        kind=DeviceKind.DISCRETE,
        total_bytes=total_mib * MIB,
        free_bytes=free_mib * MIB,
        bandwidth_bytes_per_s=bandwidth_gb_per_s * 1e9,
    )


def machine(
    *devices: Device,
    ram_gib: float = 32,
    available_gib: float | None = None,
    bandwidth_gb_per_s: float = 45,
    cores: int = 8,
) -> Machine:
    """A computer with a usual processor, whose desktop and browser take 4 GiB unless told otherwise."""
    if available_gib is None:
        available_gib = max(ram_gib - 4, ram_gib / 2)
    return Machine(
        cpu=Cpu("A processor", cores, 2 * cores, cores, ("avx", "avx2", "f16c", "fma")),
        ram_total_bytes=int(ram_gib * GIB),
        ram_available_bytes=int(available_gib * GIB),
        devices=devices,
        disk_free_bytes=500 * GIB,
        bandwidth_bytes_per_s=bandwidth_gb_per_s * 1e9,
    )


GTX_1650 = card("NVIDIA GeForce GTX 1650", 3_910, 3_660, 128)
RTX_3060_TI = card("NVIDIA GeForce RTX 3060 Ti", 7_970, 7_540, 448)
RTX_3060 = card("NVIDIA GeForce RTX 3060", 12_040, 11_640, 360)
RTX_4070_TI_SUPER = card("NVIDIA GeForce RTX 4070 Ti SUPER", 16_070, 15_480, 672)
RTX_3090 = card("NVIDIA GeForce RTX 3090", 24_250, 23_700, 936)
RTX_4090 = card("NVIDIA GeForce RTX 4090", 24_210, 23_560, 1_008)
A100 = card("NVIDIA A100-SXM4-80GB", 81_150, 80_700, 2_039)


def by_role(suggestions: list[Suggestion], role: Role) -> list[Suggestion]:
    """Those of this role, in their order."""
    return [suggestion for suggestion in suggestions if suggestion.role is role]


def best_of(a_machine: Machine, kv_type: KvType = KvType.F16) -> Suggestion:
    """The recommendation, of which there must be exactly one, at the front."""
    suggestions = recommend(CATALOG, a_machine, kv_type=kv_type)
    (best,) = by_role(suggestions, Role.BEST)
    assert suggestions[0] is best
    return best


@pytest.mark.parametrize(
    ("computer", "model_id"),
    [
        (machine(GTX_1650, ram_gib=16), "r1-distill-qwen-1.5b"),
        (machine(RTX_3060_TI), "r1-0528-qwen3-8b"),
        (machine(RTX_3060), "r1-distill-qwen-14b"),
        (machine(RTX_4070_TI_SUPER), "r1-distill-qwen-14b"),
        (machine(RTX_3090), "r1-distill-qwen-32b"),
        (machine(RTX_4090), "r1-distill-qwen-32b"),
        (
            machine(RTX_3090, msgspec.structs.replace(RTX_3090, name="CUDA1"), ram_gib=64),
            "r1-distill-llama-70b",
        ),
        (machine(A100, ram_gib=256), "r1-distill-llama-70b"),
    ],
    ids=["4 GB", "8 GB", "12 GB", "16 GB", "24 GB (3090)", "24 GB (4090)", "2 x 24 GB", "80 GB"],
)
def test_the_references_table(computer: Machine, model_id: str) -> None:
    best = best_of(computer)

    assert best.model_id == model_id
    assert best.fit.verdict is Verdict.FITS
    assert best.fit.context_tokens >= LEAST_CONTEXT_TOKENS


def test_free_memory_counts_and_not_what_is_printed_on_the_card() -> None:
    """A game or a browser holds 2 GB of a card of 12 GB."""
    busy = card("NVIDIA GeForce RTX 3060", 12_040, 9_500, 360)

    assert best_of(machine(busy)).model_id == "r1-0528-qwen3-8b"


def test_the_7b_where_the_8bs_cache_does_not_fit_and_never_the_llama_8b() -> None:
    """Between the two the Llama 8B would fit, which is below the 7B in every score."""
    by_free = {
        free_mib: best_of(machine(card("A card", 7_970, free_mib, 448))).model_id
        for free_mib in range(5_000, 7_400, 200)
    }

    assert list(dict.fromkeys(by_free.values())) == [
        "r1-distill-qwen-1.5b",
        "r1-distill-qwen-7b",
        "r1-0528-qwen3-8b",
    ]
    sevens = [free for free, model_id in by_free.items() if model_id == "r1-distill-qwen-7b"]
    assert max(sevens) - min(sevens) >= 400


def test_a_cache_of_half_the_size_lets_a_larger_model_in() -> None:
    tight = machine(card("A card", 7_970, 6_700, 448))

    assert best_of(tight).model_id == "r1-distill-qwen-7b"
    assert best_of(tight, KvType.Q8_0).model_id == "r1-0528-qwen3-8b"


def test_beside_a_larger_best_stands_the_8b_for_its_mathematics() -> None:
    suggestions = recommend(CATALOG, machine(RTX_3060))

    assert [suggestion.role for suggestion in suggestions[:2]] == [Role.BEST, Role.SMALLER_AND_FASTER]
    faster = suggestions[1]
    assert faster.model_id == SMALLER_AND_FASTER_ID
    assert faster.fit.decode_tokens_per_s > suggestions[0].fit.decode_tokens_per_s
    assert "86.0 % of AIME 2024, the other 69.7 %" in faster.reason


def test_where_the_8b_is_the_best_nothing_is_smaller_and_faster() -> None:
    suggestions = recommend(CATALOG, machine(RTX_3060_TI))

    assert suggestions[0].model_id == SMALLER_AND_FASTER_ID
    assert not by_role(suggestions, Role.SMALLER_AND_FASTER)


def test_then_what_fits_in_part_then_the_others_then_what_is_too_large_then_those_for_a_server() -> None:
    suggestions = recommend(CATALOG, machine(RTX_3060, ram_gib=24))

    assert [(suggestion.role, suggestion.model_id) for suggestion in suggestions] == [
        (Role.BEST, "r1-distill-qwen-14b"),
        (Role.SMALLER_AND_FASTER, "r1-0528-qwen3-8b"),
        (Role.IN_PART, "r1-distill-qwen-32b"),
        (Role.OTHER, "r1-distill-qwen-7b"),
        (Role.OTHER, "r1-distill-llama-8b"),
        (Role.OTHER, "r1-distill-qwen-1.5b"),
        (Role.TOO_LARGE, "r1-distill-llama-70b"),
        (Role.SERVER, "r1-0528"),
        (Role.SERVER, "r1"),
        (Role.SERVER, "r1-zero"),
    ]


def test_without_a_card_the_largest_that_is_fast_enough() -> None:
    suggestions = recommend(CATALOG, machine(ram_gib=32, bandwidth_gb_per_s=60, cores=8))
    best = suggestions[0]

    assert best.role is Role.BEST
    assert best.fit.verdict is Verdict.CPU_ONLY
    assert best.fit.decode_tokens_per_s > LEAST_TOKENS_PER_S
    larger = [s for s in suggestions if s.model_id in ORDER[: ORDER.index(best.model_id)]]
    assert larger
    assert all(s.fit.decode_tokens_per_s <= LEAST_TOKENS_PER_S for s in larger)


def test_without_a_card_the_smallest_where_nothing_is_fast_enough() -> None:
    slow = machine(ram_gib=16, bandwidth_gb_per_s=4, cores=2)

    best = best_of(slow)

    assert best.model_id == "r1-distill-qwen-1.5b"
    assert best.reason.startswith("The smallest of R1's distills, since larger ones would be slower still: ")


def test_without_a_card_the_smallest_while_the_speed_of_the_memory_is_not_known() -> None:
    best = best_of(machine(ram_gib=64, bandwidth_gb_per_s=0, cores=32))

    assert best.model_id == "r1-distill-qwen-1.5b"
    assert "while the speed of the memory is not known" in best.reason


def test_replies_that_were_slower_than_expected_change_the_recommendation(tmp_path: Path) -> None:
    computer = machine(ram_gib=32, bandwidth_gb_per_s=60)
    expected = best_of(computer)
    corrections = FitCorrections(tmp_path / "corrections.json")
    corrections.learn_speed(computer, expected.fit, 0.7 * expected.fit.decode_tokens_per_s)

    best = recommend(CATALOG, computer, corrections=corrections)[0]

    assert (expected.model_id, best.model_id) == ("r1-distill-qwen-14b", "r1-0528-qwen3-8b")
    assert best.fit.decode_tokens_per_s > LEAST_TOKENS_PER_S


def test_loads_that_took_more_than_expected_change_the_context_then_the_recommendation(
    tmp_path: Path,
) -> None:
    computer = machine(RTX_4070_TI_SUPER)
    expected = best_of(computer)
    corrections = FitCorrections(tmp_path / "corrections.json")

    def after_a_load_of(share: float) -> Suggestion:
        corrections.learn_memory(computer, expected.fit, int(share * expected.fit.total_bytes))
        return recommend(CATALOG, computer, corrections=corrections)[0]

    assert expected.model_id == "r1-distill-qwen-14b"
    assert expected.fit.context_tokens > LEAST_CONTEXT_TOKENS
    a_little_more = after_a_load_of(1.05)
    assert (a_little_more.model_id, a_little_more.fit.context_tokens) == (
        expected.model_id,
        LEAST_CONTEXT_TOKENS,
    )
    for _ in range(30):
        much_more = after_a_load_of(1.49)
    assert much_more.model_id == "r1-0528-qwen3-8b"


def test_a_card_that_cannot_be_used_is_no_card() -> None:
    plain = machine()
    with_card = msgspec.structs.replace(
        plain, unusable_gpus=(UnusableGpu("NVIDIA GeForce RTX 4090", "No driver.", "Install it.", 24 * GIB),)
    )

    assert recommend(CATALOG, with_card) == recommend(CATALOG, plain)


def apple(title: str, ram_gib: int, usable_gib: float, bandwidth_gb_per_s: float) -> Machine:
    """A Mac: Metal may have about two thirds of its memory, three quarters from 48 GB on."""
    gpu = Device("Metal", title, "Metal", DeviceKind.INTEGRATED, *(int(usable_gib * GIB),) * 2)
    gpu = msgspec.structs.replace(gpu, bandwidth_bytes_per_s=bandwidth_gb_per_s * 1e9)
    return machine(gpu, ram_gib=ram_gib, bandwidth_gb_per_s=bandwidth_gb_per_s)


@pytest.mark.parametrize(
    ("computer", "model_id"),
    [
        (apple("Apple M2", 8, 5.3, 100), "r1-distill-qwen-1.5b"),
        (apple("Apple M4 Pro", 24, 16, 273), "r1-distill-qwen-14b"),
        (apple("Apple M4 Max", 64, 48, 546), "r1-distill-llama-70b"),
    ],
    ids=["8 GB", "24 GB", "64 GB"],
)
def test_unified_memory_counts_as_a_card(computer: Machine, model_id: str) -> None:
    best = best_of(computer)

    assert best.model_id == model_id
    assert best.fit.verdict is Verdict.FITS


def test_integrated_graphics_that_are_slow_do_not_get_what_crawls() -> None:
    """Much memory behind a slow bus: the 32B would fit, and write a token in half a second."""
    gpu = Device(
        "Vulkan0",
        "Intel(R) Arc(TM) Graphics",
        "Vulkan",
        DeviceKind.INTEGRATED,
        28 * GIB,
        27 * GIB,
        bandwidth_bytes_per_s=40e9,
    )
    suggestions = recommend(CATALOG, machine(gpu, ram_gib=32, available_gib=28, bandwidth_gb_per_s=40))
    best = suggestions[0]

    assert best.role is Role.BEST
    assert ORDER.index(best.model_id) > ORDER.index("r1-distill-qwen-32b")
    assert best.fit.decode_tokens_per_s > LEAST_TOKENS_PER_S


def test_a_computer_too_small_for_any_gets_no_recommendation() -> None:
    suggestions = recommend(CATALOG, machine(ram_gib=1, available_gib=0.5))

    assert not by_role(suggestions, Role.BEST)
    assert {s.role for s in suggestions} == {Role.TOO_LARGE, Role.SERVER}
    assert all("too large for the free memory by" in s.reason for s in by_role(suggestions, Role.TOO_LARGE))


def test_the_reasons_say_their_numbers() -> None:
    suggestions = recommend(CATALOG, machine(RTX_3060))
    best = suggestions[0]
    cards = [share for share in best.fit.shares if share.device == "CUDA0"]

    assert best.reason.startswith(
        "The largest of R1's distills that fits wholly on the NVIDIA GeForce RTX 3060: "
        f"{sum(share.total_bytes for share in cards) / GIB:.1f} of "
    )
    assert f"with a context of {best.fit.context_tokens:,} tokens, about " in best.reason
    assert best.reason.endswith(" tokens/s.")
    server = by_role(suggestions, Role.SERVER)[0]
    assert server.reason == (
        "For a server: a file of it has about 404 GB, and this computer has 43.8 GB of memory in all."
    )
    for suggestion in suggestions:
        assert re.fullmatch(r"[A-Z0-9].*\d.*[^.]\.", suggestion.reason), suggestion.reason


def check_what_always_holds(catalog: Catalog, a_machine: Machine) -> list[Suggestion]:
    """Every model once, in the order of the roles, one best where any runs; the best runs."""
    suggestions = recommend(catalog, a_machine)
    every = [model.id for model in (*catalog.models, *catalog.server_models)]
    assert sorted(suggestion.model_id for suggestion in suggestions) == sorted(every)
    roles = [suggestion.role for suggestion in suggestions]
    assert roles == sorted(roles, key=list(Role).index)
    assert roles.count(Role.BEST) <= 1
    assert roles.count(Role.SMALLER_AND_FASTER) <= 1
    loads = [s for s in suggestions if s.fit.verdict is not Verdict.TOO_LARGE and s.role is not Role.SERVER]
    assert bool(loads) == (Role.BEST in roles)
    assert all(
        (s.role is Role.TOO_LARGE) == (s not in loads) for s in suggestions if s.role is not Role.SERVER
    )
    for suggestion in suggestions:
        assert suggestion.reason.endswith(".")
        assert "\n" not in suggestion.reason
    return suggestions


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: str(file.stem))
def test_recorded_machines(file: Path) -> None:
    recorded = msgspec.json.decode(file.read_bytes(), type=RawMachine)

    suggestions = check_what_always_holds(CATALOG, machine_of(recorded))

    best = by_role(suggestions, Role.BEST)
    assert len(best) == 1
    assert best[0].model_id == RECORDED_BEST.get(file.stem, best[0].model_id)


def test_the_machines_that_are_named_here_are_recorded() -> None:
    assert RECORDED_BEST.keys() <= {file.stem for file in RECORDED}


devices = st.lists(
    st.tuples(
        st.sampled_from(["CUDA", "Vulkan"]),
        st.integers(256, 90_000),
        st.integers(30, 3_000),
        st.sampled_from(list(DeviceKind)),
    ),
    max_size=3,
)


@FEWER
@given(
    devices=devices,
    ram_mib=st.integers(512, 600_000),
    bandwidth=st.integers(0, 400),
    cores=st.integers(1, 64),
)
def test_what_always_holds(
    devices: list[tuple[str, int, int, DeviceKind]], ram_mib: int, bandwidth: int, cores: int
) -> None:
    made = [
        msgspec.structs.replace(
            card("A card", free_mib + 300, free_mib, speed, number), backend=backend, kind=kind
        )
        for number, (backend, free_mib, speed, kind) in enumerate(devices)
    ]

    check_what_always_holds(
        CATALOG, machine(*made, ram_gib=ram_mib / 1024, bandwidth_gb_per_s=bandwidth, cores=cores)
    )


def rank(a_machine: Machine) -> int:
    """How far from the front of the catalogue the best model is; behind its end where there is none."""
    best = recommend(Catalog(CATALOG.models, ()), a_machine)[0]
    return ORDER.index(best.model_id) if best.role is Role.BEST else len(ORDER)


@FEWER
@given(
    free_mib=st.lists(st.integers(2_700, 50_000), min_size=2, max_size=2),
    cards=st.integers(1, 2),
    ram_gib=st.integers(4, 128),
)
def test_more_free_memory_on_the_card_never_gives_a_smaller_model(
    free_mib: list[int], cards: int, ram_gib: int
) -> None:
    """From a card on that holds the smallest: below it a fast processor may do more (decision 0010)."""
    ranks = [
        rank(
            machine(
                *(card("A card", free + 300, free, 448, number) for number in range(cards)), ram_gib=ram_gib
            )
        )
        for free in sorted(free_mib)
    ]

    assert ranks == sorted(ranks, reverse=True)


@FEWER
@given(ram_gib=st.lists(st.integers(1, 256), min_size=2, max_size=2), bandwidth=st.integers(5, 300))
def test_more_main_memory_never_gives_a_smaller_model(ram_gib: list[int], bandwidth: int) -> None:
    ranks = [rank(machine(ram_gib=gib, bandwidth_gb_per_s=bandwidth)) for gib in sorted(ram_gib)]

    assert ranks == sorted(ranks, reverse=True)
