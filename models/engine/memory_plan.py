"""Where a model and its context go in this computer's memory, decided before anything is allocated."""

from __future__ import annotations

from pathlib import Path

import psutil

from models.containers import limits_of, read_group_files
from models.devices import load_known_gpus, usable_devices
from models.engine.cores import usable_cores
from models.engine.device_probe import ask_llama_cpp
from models.engine.kv_type import KvType
from models.engine.protocol import EngineFault
from models.fit import Fit, Verdict, best_fit, fit
from models.machine import Cpu, Machine
from models.model_shape import ModelShape, read_shape


class MemoryPlan:
    """What one model may take of the memory that was free before it was loaded."""

    def __init__(self, shape: ModelShape, machine: Machine, kv_type: KvType) -> None:
        self._shape, self._machine, self._kv_type = shape, machine, kv_type

    @classmethod
    def read(cls, model_path: Path, kv_type: KvType) -> MemoryPlan:
        """For a model file on this computer as it is now. Raises `ModelFileError`."""
        return cls(read_shape(model_path), machine_as_seen_here(), kv_type)

    @property
    def cores(self) -> int:
        """How many cores this process may use."""
        return self._machine.cpu.usable_cores

    def place(self, context_tokens: int) -> Fit:
        """Place the model with a context of so many tokens; 0: as many as fit well.

        Raises `EngineFault` with the code "memory", and the numbers, where it does not fit, "request" where
        the model was not trained for it.
        """
        require_trained_for(context_tokens, self._shape.trained_context_tokens)
        if context_tokens:
            placed = fit(self._shape, self._machine, context_tokens=context_tokens, kv_type=self._kv_type)
        else:
            placed = best_fit(self._shape, self._machine, kv_type=self._kv_type)
        if placed.verdict is Verdict.TOO_LARGE:
            shares = [share for share in placed.shares if share.total_bytes]
            raise EngineFault(
                "memory",
                needed_bytes=sum(share.needed_bytes for share in shares),
                available_bytes=sum(max(share.available_bytes - share.reserved_bytes, 0) for share in shares),
                context_tokens=placed.context_tokens,
                fitting_tokens=placed.largest_context_tokens,
            )
        return placed


def require_trained_for(context_tokens: int, trained_tokens: int) -> None:
    """Raise `EngineFault` where a model was trained for less context than is asked for."""
    if context_tokens > trained_tokens:
        raise EngineFault(
            "request",
            detail=f"This model was trained for a context of {trained_tokens:,} tokens, "
            f"and {context_tokens:,} were asked for.",
        )


def machine_as_seen_here() -> Machine:
    """The computer as far as memory goes, asked within the engine's own process."""
    report = ask_llama_cpp()
    limits, memory = limits_of(read_group_files()), psutil.virtual_memory()
    total = min(memory.total, limits.memory_bytes or memory.total)
    left = memory.available if limits.memory_left_bytes is None else limits.memory_left_bytes
    available = min(memory.available, left, total)
    devices = [each for each in report.devices if each.kind != "cpu"]
    return Machine(
        cpu=Cpu(
            title="",
            physical_cores=psutil.cpu_count(logical=False) or 1,
            logical_cores=psutil.cpu_count() or 1,
            usable_cores=usable_cores(limits),
            features=report.cpu_features,
        ),
        ram_total_bytes=total,
        ram_available_bytes=available,
        devices=usable_devices(
            devices,
            load_known_gpus() if devices else (),
            ram_available_bytes=available,
            ram_bandwidth_bytes_per_s=0.0,
        ),
    )
