"""Measures this computer: asks llama.cpp (in a throw-away process), the system, and the memory itself."""

from __future__ import annotations

import functools
import logging
import math
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import psutil

from models.bandwidth import Fingerprint, kept_bandwidth, known_bandwidth
from models.containers import ContainerLimits, limits_of, read_group_files
from models.devices import KnownGpu, load_known_gpus, usable_devices
from models.engine.client import worker_environment, worker_folder
from models.graphics_cards import read_mac_displays, read_pci_files, read_pci_names, unusable_gpus
from models.machine import CPU_DEVICE, Cpu, Machine
from models.machine_recording import WRONG_PROCESSOR, DriverCard, EngineReport, RawMachine
from models.own_programs import own_command
from models.windows_adapters import read_adapters

_log = logging.getLogger(__name__)

PROBE_COMMAND: Final = own_command("models.engine.device_probe")
PROBE_TIMEOUT_S: Final = 10.0

_CPU_INFO: Final = "/proc/cpuinfo"
_TOPOLOGY: Final = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_WSL_GPU: Final = Path("/dev/dxg")
_NOT_INSTRUCTIONS: Final = frozenset({"llamafile", "openmp", "repack", "accelerate", "cpu_hbm", "kleidiai"})
"""What llama.cpp lists among the processor's features, but is how it was built."""

_NO_ANSWER: Final = (
    f"The engine looked for graphics cards for {PROBE_TIMEOUT_S:.0f} seconds and gave no answer. "
    "A driver may be to blame."
)
_OTHER_NAMES: Final = {"avx512": "avx512f", "asimd": "neon", "pni": "sse3", "asimddp": "dotprod"}
"""Ours for what llama.cpp and Linux call otherwise."""

_FEATURES: Final = frozenset(
    {
        *("sse3", "ssse3", "avx", "avx2", "avx_vnni", "f16c", "fma", "bmi2"),
        *(
            "avx512f",
            "avx512_vbmi",
            "avx512_vnni",
            "avx512_bf16",
            "amx_int8",
            "neon",
            "dotprod",
            "sve",
            "sme",
        ),
    }
)


def measure_machine(
    *,
    disk_folder: Path,
    bandwidth_file: Path | None = None,
    probes_bandwidth: bool = True,
    probe_command: Sequence[str] = PROBE_COMMAND,
) -> Machine:
    """Measure everything. Blocks for about half a second, and up to `PROBE_TIMEOUT_S` where a driver hangs.

    `disk_folder`: where models are kept, whose disk's free space counts; it need not exist yet.
    `bandwidth_file`: keeps the measured memory bandwidth, so that later calls take a fifth of the time.
    """
    raw = read_machine(disk_folder=disk_folder, probe_command=probe_command)
    machine = machine_of(raw)
    cpu = machine.cpu
    fingerprint = Fingerprint(cpu.title, cpu.usable_cores, machine.ram_total_bytes)
    if probes_bandwidth:
        probe = functools.partial(
            _probe_bandwidth, probe_command, cpu.usable_cores, machine.ram_available_bytes
        )
        bandwidth = known_bandwidth(fingerprint, bandwidth_file, probe)
    else:
        bandwidth = kept_bandwidth(fingerprint, bandwidth_file)
    return machine_of(msgspec.structs.replace(raw, bandwidth_bytes_per_s=bandwidth))


def read_machine(
    *,
    disk_folder: Path,
    probe_command: Sequence[str] = PROBE_COMMAND,
    more_environment: Mapping[str, str] | None = None,
) -> RawMachine:
    """Read what `machine_of` concludes from, all but the memory's bandwidth.

    `more_environment`: for the process that asks llama.cpp, beside what the engine gets.
    """
    engine, driver_cards, problem = _ask_engine(
        probe_command, worker_environment() | dict(more_environment or {})
    )
    threads = _usable_threads()
    pci_files, links = read_pci_files()
    is_metal_used = any(device.backend in ("MTL", "Metal") for device in engine.devices)
    memory = psutil.virtual_memory()
    return RawMachine(
        system=platform.system(),
        release=platform.release(),
        architecture=platform.machine(),
        physical_cores=psutil.cpu_count(logical=False) or 0,
        logical_cores=psutil.cpu_count() or 1,
        usable_threads=len(threads) or psutil.cpu_count() or 1,
        ram_total_bytes=memory.total,
        ram_available_bytes=memory.available,
        engine=engine,
        engine_problem=problem,
        cpu_title=os.environ.get("PROCESSOR_IDENTIFIER", ""),  # of Windows; `platform` asks "uname" elsewhere
        driver_cards=driver_cards,
        adapters=read_adapters(),
        displays="" if is_metal_used else read_mac_displays(),
        files=_processor_files(threads) | read_group_files() | pci_files,
        links=links,
        pci_names=read_pci_names(pci_files),
        has_wsl_gpu=_WSL_GPU.exists(),
        disk_free_bytes=_disk_free_bytes(disk_folder),
    )


def machine_of(raw: RawMachine, known_gpus: Sequence[KnownGpu] | None = None) -> Machine:
    """Conclude what this computer is from what was read of it; the table of GPUs is ours by default."""
    limits = limits_of(raw.files)
    ram_total = min(raw.ram_total_bytes, limits.memory_bytes or raw.ram_total_bytes)
    left = raw.ram_available_bytes if limits.memory_left_bytes is None else limits.memory_left_bytes
    ram_available = min(raw.ram_available_bytes, left, ram_total)
    cpu = _cpu(raw, limits)
    return Machine(
        cpu=cpu,
        ram_total_bytes=ram_total,
        ram_available_bytes=ram_available,
        devices=usable_devices(
            raw.engine.devices,
            load_known_gpus() if known_gpus is None else known_gpus,
            ram_available_bytes=ram_available,
            ram_bandwidth_bytes_per_s=raw.bandwidth_bytes_per_s,
        ),
        unusable_gpus=unusable_gpus(msgspec.structs.replace(raw, cpu_title=cpu.title)),
        is_limited_by_container=ram_total < raw.ram_total_bytes
        or (limits.processors is not None and limits.processors < raw.usable_threads),
        disk_free_bytes=raw.disk_free_bytes,
        bandwidth_bytes_per_s=raw.bandwidth_bytes_per_s,
        engine_problem=raw.engine_problem,
    )


def _cpu(raw: RawMachine, limits: ContainerLimits) -> Cpu:
    """Two threads of a core share its arithmetic, so cores count: llama.cpp gains nothing from the second."""
    info = raw.files.get(_CPU_INFO, "")
    listed = next((device.title for device in raw.engine.devices if device.kind == "cpu"), "")
    name = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", info, re.MULTILINE)
    titles = (
        listed if listed != CPU_DEVICE else "",
        name[1] if name else "",
        raw.cpu_title,
        raw.architecture,
    )
    physical = raw.physical_cores or raw.logical_cores
    siblings = {text.strip() for path, text in raw.files.items() if path.endswith("/thread_siblings_list")}
    usable = len(siblings) or math.ceil(raw.usable_threads * physical / raw.logical_cores)
    if limits.processors is not None:
        usable = min(usable, math.floor(limits.processors))
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", info, re.MULTILINE)
    return Cpu(
        title=next((" ".join(title.split()) for title in titles if title.strip()), "unknown"),
        physical_cores=physical,
        logical_cores=raw.logical_cores,
        usable_cores=max(1, usable),
        features=_features(raw.engine.cpu_features, flags[1].split() if flags else ()),
    )


def _features(of_engine: Sequence[str], of_system: Sequence[str]) -> tuple[str, ...]:
    """llama.cpp's word where there is one: what it was not built for is of no use. Else the system's."""
    if of_engine:
        return tuple(_OTHER_NAMES.get(each, each) for each in of_engine if each not in _NOT_INSTRUCTIONS)
    return tuple(name for each in of_system if (name := _OTHER_NAMES.get(each, each)) in _FEATURES)


def _ask_engine(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[EngineReport, tuple[DriverCard, ...], str]:
    """Run the probe. Gives its two answers, and what went wrong, fit to show."""
    try:
        done = _run_probe(command, environment)
    except subprocess.TimeoutExpired:
        return EngineReport(), (), _NO_ANSWER
    except OSError as error:
        return EngineReport(), (), f"The engine could not be started: {error.strerror}."
    lines = [*done.stdout.splitlines(), b"", b""]
    try:
        report = msgspec.json.decode(lines[0], type=EngineReport)
    except msgspec.MsgspecError:
        return EngineReport(), (), _problem_of_exit(done.returncode)
    try:
        return report, msgspec.json.decode(lines[1], type=tuple[DriverCard, ...]), ""
    except msgspec.MsgspecError:  # NVIDIA's library crashed; llama.cpp's own answer stands
        return report, (), ""


def _probe_bandwidth(command: Sequence[str], threads: int, ram_available_bytes: int) -> float:
    """Bytes/s of the main memory, measured in a process of its own; 0 where that cannot be."""
    arguments = ("--bandwidth", str(threads), str(ram_available_bytes))
    try:
        return float(_run_probe((*command, *arguments), worker_environment()).stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        _log.info("The memory bandwidth could not be measured: %s", type(error).__name__)
        return 0.0


def _run_probe(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Raises `subprocess.TimeoutExpired`, `OSError`."""
    return subprocess.run(
        list(command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PROBE_TIMEOUT_S,
        check=False,
        env=dict(environment),
        cwd=worker_folder(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _problem_of_exit(code: int) -> str:
    """Why the probe gave no answer, in words. Codes below 0 are signals; Windows has its own (NTSTATUS)."""
    illegal_instruction = 0xC000_001D
    if code in (-signal.Signals.SIGILL, illegal_instruction):
        return WRONG_PROCESSOR
    if code < 0 or code >= 0x8000_0000:
        return "The engine crashed when it looked for graphics cards. A driver may be to blame."
    return f"The engine could not tell what this computer has (exit code {code})."


def _usable_threads() -> tuple[int, ...]:
    """Numbers of the logical processors that this process may run on; none where the system does not tell."""
    if sys.platform == "darwin":
        return ()
    return tuple(psutil.Process().cpu_affinity())


def _processor_files(threads: Sequence[int]) -> dict[str, str]:
    files = {path: _read(path) for path in map(_TOPOLOGY.format, threads)}
    blocks = _read(_CPU_INFO).strip().split("\n\n")
    board = [] if re.match(r"processor\s*:", blocks[-1]) else blocks[-1:]  # ARM names it behind the last one
    files[_CPU_INFO] = "\n\n".join([blocks[0], *board])  # the first processor stands for all
    return {path: text for path, text in files.items() if text}


def _disk_free_bytes(folder: Path) -> int:
    nearest = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        return shutil.disk_usage(nearest).free
    except OSError:
        return 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return ""
