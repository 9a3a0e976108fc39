"""Which machine each recording is: the rules of `models.hardware`, `devices` and `graphics_cards`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.devices import load_known_gpus
from models.hardware import machine_of
from models.machine import DeviceKind, Machine
from models.machine_recording import DisplayAdapter, EngineDevice, EngineReport, RawMachine
from tests.models.recorded_machines import NAMES, recorded_machine

GIBIBYTE = 2**30
CARD, SHARED = DeviceKind.DISCRETE, DeviceKind.INTEGRATED

ONLY_PROCESSOR = "This build of Ponder computes on the processor only."


@dataclass(frozen=True)
class Expected:
    """`ram_gib`: total and available. Devices: name, kind, total and free GiB, GB/s of its memory."""

    cores: int
    ram_gib: tuple[float, float]
    devices: Sequence[tuple[str, DeviceKind, float, float, float]] = ()
    unusable: Sequence[str] = ()
    limited: bool = False


EXPECTED = {
    # The processor alone.
    "two_core_server": Expected(2, (23.5, 21.8)),
    "raspberry_pi_5_8gb": Expected(4, (7.9, 6.8)),
    "virtual_machine": Expected(4, (7.8, 6.9)),
    "laptop_4gb_no_avx2": Expected(2, (3.7, 1.6), unusable=["Intel UHD Graphics 600"]),
    "laptop_8gb_sigill": Expected(
        2, (7.6, 5.0), unusable=["Intel 3rd Gen Core processor Graphics Controller"]
    ),
    "laptop_16gb_processor_only": Expected(4, (15.5, 11.2), unusable=["Intel UHD Graphics 620"]),
    # Cards.
    "laptop_mx150_2gb": Expected(4, (7.7, 4.9), [("Vulkan0", CARD, 2.0, 1.9, 48)]),
    "laptop_iris_xe_rtx_4050": Expected(10, (15.7, 8.8), [("Vulkan0", CARD, 5.8, 5.3, 192)]),
    "desktop_rtx_3060_12gb": Expected(6, (31.2, 26.5), [("CUDA0", CARD, 11.6, 11.1, 360)]),
    "desktop_rtx_4060_8gb": Expected(6, (15.8, 9.6), [("CUDA0", CARD, 8.0, 6.9, 272)]),
    "desktop_rtx_4070_12gb": Expected(8, (31.1, 25.8), [("Vulkan0", CARD, 12.0, 11.0, 504)]),
    "desktop_rtx_4070_ti_super_16gb": Expected(14, (31.1, 26.0), [("CUDA0", CARD, 15.6, 14.9, 672)]),
    "desktop_rtx_4090_24gb": Expected(16, (62.6, 55.0), [("CUDA0", CARD, 23.5, 22.6, 1008)]),
    "desktop_arc_a770_16gb": Expected(8, (31.2, 26.9), [("Vulkan0", CARD, 15.9, 14.3, 560)]),
    "desktop_rx_7900_xtx_24gb": Expected(8, (31.0, 26.0), [("Vulkan0", CARD, 24.0, 22.8, 960)]),
    "mac_intel_radeon_pro": Expected(8, (32.0, 20.3), [("MTL0", CARD, 8.0, 8.0, 192)]),
    "server_a100_80gb": Expected(16, (120.0, 117.0), [("CUDA0", CARD, 79.1, 78.7, 1935)], limited=True),
    # Several cards.
    "workstation_2x_rtx_3090": Expected(
        12, (62.7, 57.2), [("CUDA0", CARD, 23.7, 23.1, 936), ("CUDA1", CARD, 23.7, 23.4, 936)]
    ),
    "workstation_two_backends": Expected(
        8, (31.2, 27.0), [("CUDA0", CARD, 23.5, 22.6, 1008), ("CUDA1", CARD, 11.6, 11.5, 360)]
    ),
    # Memory that is shared with the processor.
    "mac_m1_8gb": Expected(8, (8.0, 2.9), [("MTL0", SHARED, 5.3, 2.9, 68.25)]),
    "mac_m1_8gb_quiet": Expected(8, (8.0, 5.9), [("MTL0", SHARED, 5.3, 5.3, 68.25)]),
    "mac_m3_max_64gb": Expected(16, (64.0, 49.5), [("MTL0", SHARED, 48.0, 48.0, 300)]),
    "laptop_amd_780m": Expected(8, (29.1, 22.4), [("Vulkan0", SHARED, 18.5, 18.1, 62)]),
    "laptop_intel_iris_xe": Expected(4, (15.4, 10.9), [("Vulkan0", SHARED, 11.6, 10.9, 42)]),
    "dgx_spark_128gb": Expected(20, (119.7, 112.0), [("CUDA0", SHARED, 119.7, 112.0, 273)]),
    "lavapipe": Expected(2, (23.5, 21.8), [("Vulkan0", SHARED, 2.0, 2.0, 28)]),
    # A card that is there and cannot be used.
    "mac_m2_without_metal": Expected(8, (16.0, 9.7), unusable=["Apple M2"]),
    "laptop_amd_780m_processor_only": Expected(8, (29.1, 22.4), unusable=["AMD Phoenix1"]),
    "desktop_rtx_4060_processor_only": Expected(
        10, (15.8, 9.6), unusable=["Intel(R) UHD Graphics 730", "NVIDIA GeForce RTX 4060"]
    ),
    "desktop_rx_7600_processor_only": Expected(
        6, (15.5, 12.0), unusable=["AMD Radeon RX 7600/7600 XT/7600M XT/7600S/7700S / PRO W7600"]
    ),
    "desktop_gtx_1660_nouveau": Expected(6, (15.6, 12.6), unusable=["NVIDIA GeForce GTX 1660"]),
    "desktop_no_driver": Expected(6, (15.6, 12.6), unusable=["A graphics card of NVIDIA"]),
    "desktop_driver_crashes": Expected(8, (15.6, 11.8), unusable=["NVIDIA GeForce RTX 2070 SUPER"]),
    "cuda_build_amd_card": Expected(
        6, (15.5, 12.0), unusable=["AMD Radeon RX 6700/6700 XT/6750 XT / 6800M/6850M XT"]
    ),
    "cuda_memory_unknown": Expected(6, (15.5, 12.0), unusable=["NVIDIA GeForce GTX 1070"]),
    "wsl_rtx_3080": Expected(8, (15.5, 13.9), unusable=["NVIDIA GeForce RTX 3080"]),
    "wsl_other_card": Expected(8, (15.5, 13.9), unusable=["The graphics card of Windows"]),
    # Containers: 8 GiB less 2 used, 1.2 of them page cache; 16 less 5, 3 of them; 20 less 9, 4 of them.
    "container_8gb_of_64gb": Expected(4, (8.0, 7.2), limited=True),
    "container_v1_16gb": Expected(2, (16.0, 14.0), limited=True),
    "slice_with_memory_high": Expected(8, (20.0, 15.0), limited=True),
}


def machine(name: str) -> Machine:
    return machine_of(recorded_machine(name))


def test_every_recording_is_expected() -> None:
    assert set(NAMES) == set(EXPECTED)
    assert len(NAMES) >= 16


@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_machine(name: str) -> None:
    found, expected = machine(name), EXPECTED[name]
    assert found.cpu.usable_cores == expected.cores
    assert round(found.ram_total_bytes / GIBIBYTE, 1) == expected.ram_gib[0]
    assert round(found.ram_available_bytes / GIBIBYTE, 1) == expected.ram_gib[1]
    assert found.is_limited_by_container is expected.limited
    assert [
        (
            each.name,
            each.kind,
            round(each.total_bytes / GIBIBYTE, 1),
            round(each.free_bytes / GIBIBYTE, 1),
            each.bandwidth_bytes_per_s / 1e9,
        )
        for each in found.devices
    ] == list(expected.devices)
    assert [each.title for each in found.unusable_gpus] == list(expected.unusable)
    assert all(each.why.endswith(".") and each.advice.endswith(".") for each in found.unusable_gpus)


def test_features_are_those_that_llama_cpp_uses() -> None:
    assert machine("laptop_4gb_no_avx2").cpu.features == ("sse3", "ssse3")
    assert "avx512f" in machine("two_core_server").cpu.features
    assert "openmp" not in machine("two_core_server").cpu.features
    assert "neon" in machine("mac_m1_8gb").cpu.features


def test_without_the_engine_the_system_tells_of_the_processor() -> None:
    found = machine("laptop_8gb_sigill")
    assert found.engine_problem == "The engine was built for a newer processor than this one."
    assert found.cpu.title == "Intel(R) Core(TM) i5-3320M CPU @ 2.60GHz"
    assert found.cpu.features == ("sse3", "ssse3", "avx", "f16c")
    assert found.unusable_gpus[0].advice == "First a build of Ponder for this processor is needed."
    assert machine("raspberry_pi_5_8gb").cpu.title == "Raspberry Pi 5 Model B Rev 1.0"


@pytest.mark.parametrize(
    ("name", "why", "advice"),
    [
        ("desktop_rx_7600_processor_only", ONLY_PROCESSOR, "with Vulkan would use it"),
        ("laptop_16gb_processor_only", ONLY_PROCESSOR, "shares the processor's memory"),
        ("laptop_amd_780m_processor_only", ONLY_PROCESSOR, "shares the processor's memory"),
        ("mac_m2_without_metal", ONLY_PROCESSOR, "with Metal would use it"),
        ("desktop_gtx_1660_nouveau", "Its driver, nouveau,", "NVIDIA's own driver"),
        ("desktop_no_driver", "No driver is loaded", "Install or update"),
        ("desktop_driver_crashes", "could not be asked", "Install or update"),
        ("cuda_build_amd_card", "on NVIDIA's cards only", "with Vulkan"),
        ("cuda_memory_unknown", "does not say how much memory", "Install or update"),
        ("wsl_other_card", "Linux inside Windows (WSL)", "Ponder for Windows"),
    ],
)
def test_what_would_help(name: str, why: str, advice: str) -> None:
    told = machine(name).unusable_gpus[0]
    assert why in told.why
    assert advice in told.advice


def test_the_size_of_a_card_that_cannot_be_used() -> None:
    sizes = {
        each.title: each.total_bytes for each in machine("desktop_rtx_4060_processor_only").unusable_gpus
    }
    assert sizes == {"Intel(R) UHD Graphics 730": 0, "NVIDIA GeForce RTX 4060": 8188 * 2**20}
    assert machine("wsl_rtx_3080").unusable_gpus[0].total_bytes == 10 * GIBIBYTE


def raw_of_windows(listed: Sequence[str], adapters: Sequence[str]) -> RawMachine:
    devices = tuple(
        EngineDevice(f"Vulkan{number}", title, "Vulkan", "gpu", GIBIBYTE, GIBIBYTE)
        for number, title in enumerate(listed)
    )
    found = tuple(DisplayAdapter(title, "PCI\\VEN_1002&DEV_7480") for title in adapters)
    return msgspec.structs.replace(
        recorded_machine("desktop_rtx_4060_processor_only"),
        engine=EngineReport(("Vulkan", "CPU"), devices),
        adapters=found,
        driver_cards=(),
    )


def test_cards_without_an_address_are_told_apart_by_title() -> None:
    two = raw_of_windows(["AMD Radeon RX 7600"] * 2, ["AMD Radeon RX 7600"] * 2)
    assert machine_of(two).unusable_gpus == ()
    one = raw_of_windows(["AMD Radeon RX 7600"], ["AMD Radeon RX 7600"] * 2)
    assert len(machine_of(one).unusable_gpus) == 1
    beside = raw_of_windows(["AMD Radeon RX 7600"], ["AMD Radeon(TM) Graphics", "AMD Radeon RX 7600"])
    assert machine_of(beside).unusable_gpus == (), "graphics of the processor beside a card are left out"
    other = raw_of_windows(["AMD Radeon RX 7600"], ["AMD Radeon RX 6500 XT", "AMD Radeon RX 7600"])
    assert [gpu.title for gpu in machine_of(other).unusable_gpus] == ["AMD Radeon RX 6500 XT"]


def test_free_memory_counts_not_what_is_printed_on_the_card() -> None:
    raw = recorded_machine("desktop_rtx_4060_8gb")
    card = msgspec.structs.replace(raw.engine.devices[0], free_bytes=3 * GIBIBYTE)
    busy = msgspec.structs.replace(raw, engine=msgspec.structs.replace(raw.engine, devices=(card,)))
    assert machine_of(busy).devices[0].free_bytes == 3 * GIBIBYTE
    assert machine_of(busy).devices[0].total_bytes > 7 * GIBIBYTE


@pytest.mark.parametrize(
    ("title", "gibibytes", "gigabytes_per_s"),
    [
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 15.6, 672),
        ("NVIDIA GeForce RTX 4070 Ti", 11.7, 504),
        ("NVIDIA GeForce RTX 3060", 11.6, 360),
        ("NVIDIA GeForce RTX 3060", 7.8, 240),
        ("NVIDIA GeForce RTX 3080", 9.8, 760),
        ("NVIDIA GeForce RTX 3080 Laptop GPU", 15.6, 448),
        ("NVIDIA A100-SXM4-80GB", 79.2, 2039),
        ("AMD Radeon RX 6900 XT (RADV NAVI21)", 16, 512),
        ("Intel(R) Arc(TM) B580 Graphics", 11.6, 456),
        ("Some Card 9000", 8, 0),
        ("NVIDIA GeForce RTX 40700", 8, 0),
    ],
)
def test_bandwidth_by_name(title: str, gibibytes: float, gigabytes_per_s: float) -> None:
    size = round(gibibytes * GIBIBYTE)
    raw = recorded_machine("desktop_rtx_4090_24gb")
    report = EngineReport(("CUDA", "CPU"), (EngineDevice("CUDA0", title, "CUDA", "gpu", size, size),))
    found = machine_of(msgspec.structs.replace(raw, engine=report))
    assert found.devices[0].bandwidth_bytes_per_s == gigabytes_per_s * 1e9


def test_the_table_of_bandwidths_names_each_card_once() -> None:
    known = load_known_gpus()
    assert len({(gpu.name.casefold(), gpu.memory_gib) for gpu in known}) == len(known)
    assert all(40 <= gpu.gigabytes_per_s <= 10_000 for gpu in known)


TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "max", "-1", "0", "0 0", "9" * 30, "0::/../..", "\x00", "max max max", "²", "٣"]),
)


@given(name=st.sampled_from(NAMES), data=st.data())
def test_odd_texts_of_the_system_never_raise(name: str, data: st.DataObject) -> None:
    raw = recorded_machine(name)
    if raw.files:
        path = data.draw(st.sampled_from(sorted(raw.files)))
        raw = msgspec.structs.replace(raw, files={**raw.files, path: data.draw(TEXTS)})
    raw = msgspec.structs.replace(raw, displays=data.draw(TEXTS), cpu_title=data.draw(TEXTS))
    found = machine_of(raw)
    assert 0 <= found.ram_available_bytes <= found.ram_total_bytes <= raw.ram_total_bytes
    assert 1 <= found.cpu.usable_cores <= max(1, raw.logical_cores)
    assert found.cpu.title
    assert all(0 <= device.free_bytes <= device.total_bytes for device in found.devices)
