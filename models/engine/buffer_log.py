"""What llama.cpp allocates for a model, read from what it says while it loads one."""

from __future__ import annotations

import ctypes
import os
import re
from typing import Any

from models.engine import bindings
from models.machine import CPU_DEVICE

llama: Any = bindings.llama  # type: ignore[attr-defined]  # which alone may import llama_cpp

KINDS = ("weights", "repacked", "kv", "compute", "output")

_LOG_LEVEL_INFO = 2
_BUFFER_LINE = re.compile(r"(\S+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([\d.]+) MiB")
_REPACKED_BUFFERS = ("CPU_REPACK", "CPU_AARCH64", "AMX", "CPU_KLEIDIAI")
_HOST_BUFFER = re.compile(r"CPU.*|AMX|.*_Host.*")
_MEBIBYTE = 2**20

Sums = dict[str, dict[str, int]]
"""Device -> kind (one of `KINDS`) -> bytes."""


class BufferLog:
    """Adds up the sizes of the buffers that llama.cpp's log tells of."""

    def __init__(self) -> None:
        self.sums: Sums = {}
        self._kept = llama.llama_log_callback(self._take)

    def start(self) -> None:
        """Read the log from now on."""
        llama.llama_log_set(self._kept, ctypes.c_void_p(0))

    def stop(self) -> None:
        """Read no further."""
        bindings.quiet_log()

    @property
    def total_bytes(self) -> int:
        """All of it, on all devices."""
        return sum(sum(kinds.values()) for kinds in self.sums.values())

    def _take(self, level: int, text: bytes, _data: ctypes.c_void_p) -> None:
        if level > _LOG_LEVEL_INFO:
            os.write(2, text)
        if b" buffer size" not in text:  # thousands of other lines come while a model is loaded
            return
        for buffer, what, mebibytes in _BUFFER_LINE.findall(text.decode("utf-8", "replace")):
            add(self.sums, buffer, {"model": "weights", "RS": "kv"}.get(what, what.lower()), mebibytes)


def add(sums: Sums, buffer: str, kind: str, mebibytes: str | float) -> None:
    """Add a buffer to its device's sum, by its name."""
    if kind == "weights" and buffer.startswith(_REPACKED_BUFFERS):
        kind = "repacked"
    device = CPU_DEVICE if _HOST_BUFFER.fullmatch(buffer) else buffer.removesuffix("_Mapped")
    of_device = sums.setdefault(device, dict.fromkeys(KINDS, 0))
    of_device[kind] += round(float(mebibytes) * _MEBIBYTE)
