"""The estimate of `models.fit` against llama.cpp: memory of all seven twins, speed of those that run here."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from models.engine.kv_type import KvType
from models.fit import fit
from models.hardware import measure_machine
from models.machine import CPU_DEVICE, Machine
from models.model_shape import ModelShape, read_shape
from tests.gguf_twins import TWINS, write_twin

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CONTEXTS = (2048, 8192, 16_384, 32_768)
REAL_LOAD_CONTEXT = 8192
SPEED_CONTEXT = 2048
MOST_SHARE_OF_MEMORY = 0.8
"""A larger model is not loaded for these measurements: others use the computer too."""

Report = Callable[[str, float, str], None]


def measure_memory(report: Report) -> None:
    """Estimate / real of every twin, context and cache. Real is what llama.cpp would allocate, to the byte.

    Of the twins that fit in the memory one load each is made for real, to prove that the simulated ones are
    true.
    """
    ratios = []
    for model_id, path, shape, machine in _twins():
        for kv_type in KvType:
            for context_tokens in CONTEXTS:
                real = allocated(path, context_tokens, kv_type, simulate=True)
                # A simulated load maps no file, so of what is repacked it holds the second copy only.
                real_bytes = sum(real.values()) + real["repacked"]
                ratio = _estimate(shape, machine, context_tokens, kv_type) / real_bytes
                report(f"fit_{model_id}_{context_tokens}_{kv_type}", ratio, "estimate/real")
                ratios.append(ratio)
        if _may_be_loaded(shape, machine, REAL_LOAD_CONTEXT):
            real = allocated(path, REAL_LOAD_CONTEXT, KvType.F16, simulate=False)
            ratio = _estimate(shape, machine, REAL_LOAD_CONTEXT, KvType.F16) / sum(real.values())
            report(f"fit_{model_id}_{REAL_LOAD_CONTEXT}_f16_loaded", ratio, "estimate/real")
            ratios.append(ratio)
    report("fit_worst_over", 100 * (max(ratios) - 1), "%")
    report("fit_worst_under", 100 * (1 - min(ratios)), "%")


def measure_speed(report: Report) -> None:
    """Expected / measured tokens per second of the twins that fit in the memory, with all cores.

    The bandwidth is one for all, as the app keeps one for the machine: the best that was seen.
    """
    measured, found = [], []
    for model_id, path, shape, machine in _twins():
        if _may_be_loaded(shape, machine, SPEED_CONTEXT):
            measured.append(_run("tests.bench.decode_speed", str(path), str(machine.cpu.usable_cores)))
            found.append((model_id, shape, machine))
    bandwidth = max(each["bandwidth_bytes_per_s"] for each in measured)
    report("fit_speed_bandwidth", bandwidth, "bytes/s")
    for (model_id, shape, machine), real in zip(found, measured, strict=True):
        now = msgspec.structs.replace(machine, bandwidth_bytes_per_s=bandwidth)
        expected = fit(shape, now, context_tokens=SPEED_CONTEXT)
        for name, tokens_per_s, real_tokens_per_s in (
            ("speed", expected.decode_tokens_per_s, real["decode_tokens_per_s"]),
            ("prompt_speed", expected.prompt_tokens_per_s, real["prompt_tokens_per_s"]),
        ):
            report(f"fit_{name}_{model_id}_measured", real_tokens_per_s, "tokens/s")
            report(f"fit_{name}_{model_id}", tokens_per_s / real_tokens_per_s, "expected/measured")


def allocated(path: Path, context_tokens: int, kv_type: KvType, *, simulate: bool) -> dict[str, int]:
    """Kind of buffer -> bytes in main memory, as llama.cpp tells in a process of its own."""
    options = ["--context", str(context_tokens), "--kv-type", kv_type.value, "--gpu-layers", "0"]
    if simulate:
        options.append("--simulate")
    devices: dict[str, dict[str, int]] = _run("models.engine.memory_probe", str(path), *options)["devices"]
    return devices[CPU_DEVICE]


def this_computer(folder: Path, *, probes_bandwidth: bool = True) -> Machine:
    """Measure this computer, without its graphics cards. `folder`: whose disk is looked at."""
    found = measure_machine(disk_folder=folder, probes_bandwidth=probes_bandwidth)
    return msgspec.structs.replace(found, devices=())


def _twins() -> Iterator[tuple[str, Path, ModelShape, Machine]]:
    """Each twin with its shape, and this computer."""
    with tempfile.TemporaryDirectory() as folder:
        machine = this_computer(Path(folder))
        for model_id, twin in TWINS.items():
            path = write_twin(twin, Path(folder) / f"{model_id}.gguf")
            yield model_id, path, read_shape(path), machine
            path.unlink()


def _estimate(shape: ModelShape, machine: Machine, context_tokens: int, kv_type: KvType) -> int:
    return fit(shape, machine, context_tokens=context_tokens, kv_type=kv_type).total_bytes


def _may_be_loaded(shape: ModelShape, machine: Machine, context_tokens: int) -> bool:
    found = fit(shape, machine, context_tokens=context_tokens)
    return found.total_bytes <= MOST_SHARE_OF_MEMORY * machine.ram_available_bytes


def _run(module: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=REPOSITORY, check=True, capture_output=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
