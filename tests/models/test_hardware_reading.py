"""Reading this computer: the process that asks llama.cpp, its faults, and the speed of the memory."""

from __future__ import annotations

import ctypes
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from models import bandwidth, graphics_cards, hardware
from models.bandwidth import Fingerprint, kept_bandwidth, known_bandwidth, probe_bandwidth
from models.containers import limits_of, read_group_files
from models.graphics_cards import read_mac_displays, read_pci_files, read_pci_names
from models.hardware import machine_of, measure_machine, read_machine
from models.machine_recording import RawMachine
from models.windows_adapters import read_adapters
from tests.models.recorded_machines import recorded_machine

GIBIBYTE = 2**30
COMPUTER = Fingerprint("A processor", 4, 16 * GIBIBYTE)


def probe(code: str) -> tuple[str, ...]:
    """A process in the place of the one that asks llama.cpp."""
    return (sys.executable, "-c", code)


def report_of(name: str) -> str:
    return msgspec.json.encode(recorded_machine(name).engine).decode()


def test_this_computer(tmp_path: Path) -> None:
    began = time.monotonic()
    found = measure_machine(disk_folder=tmp_path / "not" / "there", bandwidth_file=tmp_path / "kept.json")
    assert time.monotonic() - began < 10
    assert found.engine_problem == ""
    assert found.cpu.title
    assert 1 <= found.cpu.usable_cores <= found.cpu.physical_cores <= found.cpu.logical_cores
    assert found.cpu.features
    assert 0 < found.ram_available_bytes < found.ram_total_bytes
    assert found.disk_free_bytes > 0
    assert 1e9 < found.bandwidth_bytes_per_s < 2e12
    assert json.loads((tmp_path / "kept.json").read_text())["bandwidth_bytes_per_s"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are asked through programs of theirs")
def test_only_the_engine_is_asked_in_a_process(tmp_path: Path, repository: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from models.hardware import read_machine; started = []\n"
        "note = lambda event, args: started.append(args[1]) if event == 'subprocess.Popen' else None\n"
        "sys.addaudithook(note)\n"
        "read_machine(disk_folder=Path('.'), probe_command=(sys.executable, '-c', ''))\n"
        "print([command[1:] for command in started])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[['-c', '']]\n"


def test_a_recording_can_be_written_and_read_again(tmp_path: Path) -> None:
    raw = read_machine(disk_folder=tmp_path)
    again = msgspec.json.decode(msgspec.json.encode(raw), type=RawMachine)
    assert again == raw
    assert machine_of(again) == machine_of(raw)


def test_the_answer_of_the_engine_is_taken(tmp_path: Path) -> None:
    code = f"print({report_of('desktop_rtx_4060_8gb')!r}); print('[]')"
    found = measure_machine(disk_folder=tmp_path, probes_bandwidth=False, probe_command=probe(code))
    assert [device.title for device in found.devices] == ["NVIDIA GeForce RTX 4060"]
    assert found.engine_problem == ""
    assert found.bandwidth_bytes_per_s == 0


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os.abort()", "crashed when it looked for graphics cards"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "built for a newer processor"),
        ("raise SystemExit(3)", "exit code 3"),
        ("print('nonsense')", "exit code 0"),
        ("", "exit code 0"),
    ],
)
def test_a_driver_that_crashes_ends_only_that_process(tmp_path: Path, code: str, problem: str) -> None:
    found = measure_machine(disk_folder=tmp_path, probes_bandwidth=False, probe_command=probe(code))
    assert problem in found.engine_problem
    assert found.devices == ()
    assert found.ram_total_bytes > 0


def test_a_driver_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "PROBE_TIMEOUT_S", 0.3)
    hangs = probe("import time; time.sleep(60)")
    found = measure_machine(disk_folder=tmp_path, probes_bandwidth=False, probe_command=hangs)
    assert "gave no answer" in found.engine_problem


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    found = measure_machine(
        disk_folder=tmp_path, probes_bandwidth=False, probe_command=[str(tmp_path / "none")]
    )
    assert found.engine_problem == "The engine could not be started: No such file or directory."


def test_what_llama_cpp_said_stands_where_nvidias_driver_crashes(tmp_path: Path) -> None:
    code = f"import os; print({report_of('desktop_rtx_4060_8gb')!r}, flush=True); os.abort()"
    found = measure_machine(disk_folder=tmp_path, probes_bandwidth=False, probe_command=probe(code))
    assert [device.name for device in found.devices] == ["CUDA0"]


@pytest.mark.skipif(sys.platform != "linux", reason="builds a shared library")
def test_nvidias_driver_is_asked(tmp_path: Path) -> None:
    """A library in the place of NVIDIA's, with one card: the probe calls it as it would the real one."""
    source = tmp_path / "nvml.c"
    source.write_text(FAKE_NVML)
    library = tmp_path / "libnvidia-ml.so.1"
    compiler = subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=False)
    if compiler.returncode != 0:
        pytest.skip("no C compiler")
    raw = read_machine(disk_folder=tmp_path, more_environment={"LD_LIBRARY_PATH": str(tmp_path)})
    (card,) = raw.driver_cards
    assert (card.title, card.total_bytes, card.id) == (
        "NVIDIA GeForce RTX 4070",
        12282 * 2**20,
        "0000:01:00.0",
    )
    (gpu,) = machine_of(raw).unusable_gpus
    assert gpu.title == "NVIDIA GeForce RTX 4070"


FAKE_NVML = """
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; } pci_t;
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)0x7f1234567890;
    return index;
}
int nvmlDeviceGetName(void *device, char *name, unsigned size) {
    if (device != (void *)0x7f1234567890) return 1;
    strncpy(name, "NVIDIA GeForce RTX 4070", size);
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory) { memory->total = 12282ull << 20; return 0; }
int nvmlDeviceGetPciInfo_v3(void *device, pci_t *pci) {
    pci->domain = 0;
    pci->bus = 1;
    pci->device = 0;
    return 0;
}
"""


def test_bandwidth_is_measured_in_under_half_a_second() -> None:
    began = time.process_time()
    found = probe_bandwidth(2, 8 * GIBIBYTE)
    # The time of both threads: that of the wall depends on what else runs beside the tests.
    assert time.process_time() - began < 2 * 0.5
    assert 1e9 < found < 1e12


def test_bandwidth_is_not_told_with_hardly_any_memory() -> None:
    assert probe_bandwidth(4, 2**20) == 0


def test_bandwidth_is_kept_for_this_computer_only(tmp_path: Path) -> None:
    measured = iter([10e9, 12e9, 11e9, 20e9, 30e9])

    def measure() -> float:
        return next(measured)

    kept = tmp_path / "folder" / "bandwidth.json"
    assert [known_bandwidth(COMPUTER, kept, measure) for _ in range(5)] == [10e9, *[12e9] * 4]
    assert kept_bandwidth(COMPUTER, kept) == 12e9
    other = Fingerprint("A processor", 4, 32 * GIBIBYTE)
    assert kept_bandwidth(other, kept) == 0
    assert known_bandwidth(other, kept, measure) == 20e9
    kept.write_text("{")
    assert known_bandwidth(other, kept, measure) == 30e9
    assert [path.name for path in kept.parent.iterdir()] == ["bandwidth.json"]


def test_bandwidth_that_cannot_be_kept_is_still_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert known_bandwidth(COMPUTER, in_the_way / "bandwidth.json", lambda: 10e9) == 10e9
    assert "could not be kept" in caplog.text


def test_groups_of_this_process_are_read() -> None:
    files = read_group_files()
    if sys.platform == "linux":
        assert "/proc/self/cgroup" in files
    limits = limits_of(files)
    assert limits.memory_bytes is None or limits.memory_bytes > 0


def test_no_limit_is_no_container() -> None:
    limits = limits_of(recorded_machine("two_core_server").files)
    assert (limits.memory_bytes, limits.memory_left_bytes, limits.processors) == (None, None, None)


PCI_IDS = """# a comment
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t2786  not this one
10de  NVIDIA Corporation
\t2704  AD103 [GeForce RTX 4080]
\t2786  AD104 [GeForce RTX 4070]
\t\t1043 88e1  a board with that chip
"""


def test_names_of_cards_on_the_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus, drivers = tmp_path / "devices", tmp_path / "drivers" / "nouveau"
    drivers.mkdir(parents=True)
    for address, numbers in {
        "0000:01:00.0": ("0x030000", "0x10de", "0x2786"),
        "0000:00:1f.0": ("0x060100",),
    }.items():
        (bus / address).mkdir(parents=True)
        for name, text in zip(("class", "vendor", "device"), numbers, strict=False):
            (bus / address / name).write_text(f"{text}\n")
    (bus / "0000:01:00.0" / "driver").symlink_to(drivers)
    names = tmp_path / "pci.ids"
    names.write_text(PCI_IDS)
    monkeypatch.setattr(graphics_cards, "_PCI_FOLDER", str(bus))
    monkeypatch.setattr(graphics_cards, "_PCI_NAMES", (str(tmp_path / "none"), str(names)))
    files, links = read_pci_files()
    assert len(files) == 3
    assert links == {f"{bus}/0000:01:00.0/driver": "nouveau"}
    assert read_pci_names(files) == {"10de:2786": "AD104 [GeForce RTX 4070]"}
    raw = msgspec.structs.replace(
        recorded_machine("two_core_server"), files=files, links=links, pci_names=read_pci_names(files)
    )
    assert [gpu.title for gpu in machine_of(raw).unusable_gpus] == ["NVIDIA GeForce RTX 4070"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have these")
def test_ways_of_other_systems_find_nothing_here() -> None:
    assert read_adapters() == ()
    assert read_mac_displays() == ""


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (0.6, 1.0), (0.25, 0.5)])
def test_what_else_takes_the_processors_is_counted_out(share: float, expected: float) -> None:
    reader = bandwidth._Reader(ctypes.CDLL(None), 0, 64 * 2**20)
    call_s = 0.001 / share  # a call takes a millisecond of its thread
    reader.ended = [(number * call_s, number * 0.001) for number in range(int(0.2 / call_s))]
    expected_rate = expected * reader.call_bytes / 0.001
    assert bandwidth._fastest_window([reader]) == pytest.approx(expected_rate, rel=0.01)


def test_a_probe_that_says_no_number_leaves_the_bandwidth_unknown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    silent = probe("print(1, 2)")
    assert hardware._probe_bandwidth(silent, 2, GIBIBYTE) == 0
    assert "could not be measured" in caplog.text
