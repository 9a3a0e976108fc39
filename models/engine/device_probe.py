"""Asks llama.cpp and NVIDIA's driver which devices there are: a throw-away process, since a driver may crash.

`python -m models.engine.device_probe` prints one JSON line with an `EngineReport`, then one with a list of
`DriverCard`. Should a driver crash after the first, that one still stands.

`python -m models.engine.device_probe --bandwidth THREADS AVAILABLE_BYTES` prints how fast the memory is read,
in bytes/s: in a process of its own no other thread holds the interpreter's lock while it is measured.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from models.bandwidth import probe_bandwidth
from models.engine.loop import guard_process
from models.machine import CPU_DEVICE
from models.machine_recording import DriverCard, EngineDevice, EngineReport

_KINDS: Final = ("cpu", "gpu", "igpu", "accel", "meta")
"""enum ggml_backend_dev_type of ggml/include/ggml-backend.h, in its order."""

_NVML_NAME_BYTES = 96  # NVML_DEVICE_NAME_V2_BUFFER_SIZE of nvml.h


class _Properties(ctypes.Structure):
    """struct ggml_backend_dev_props of ggml/include/ggml-backend.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        ("capabilities", ctypes.c_bool * 16),  # five of them; room for those to come
    )


class _Feature(ctypes.Structure):
    """struct ggml_backend_feature of ggml/include/ggml-backend.h."""

    _fields_ = (("name", ctypes.c_char_p), ("value", ctypes.c_char_p))


class _NvmlMemory(ctypes.Structure):
    """nvmlMemory_t of nvml.h."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _NvmlPciInfo(ctypes.Structure):
    """nvmlPciInfo_t (version 3) of nvml.h."""

    _fields_ = (
        ("legacy_bus_id", ctypes.c_char * 16),
        ("domain", ctypes.c_uint),
        ("bus", ctypes.c_uint),
        ("device", ctypes.c_uint),
        ("pci_device_id", ctypes.c_uint),
        ("pci_subsystem_id", ctypes.c_uint),
        ("bus_id", ctypes.c_char * 32),
    )


_FUNCTIONS: Final = (
    ("ggml_backend_reg_count", ctypes.c_size_t, ()),
    ("ggml_backend_reg_get", ctypes.c_void_p, (ctypes.c_size_t,)),
    ("ggml_backend_reg_name", ctypes.c_char_p, (ctypes.c_void_p,)),
    ("ggml_backend_reg_get_proc_address", ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)),
    ("ggml_backend_dev_count", ctypes.c_size_t, ()),
    ("ggml_backend_dev_get", ctypes.c_void_p, (ctypes.c_size_t,)),
    ("ggml_backend_dev_backend_reg", ctypes.c_void_p, (ctypes.c_void_p,)),
    ("ggml_backend_dev_get_props", None, (ctypes.c_void_p, ctypes.POINTER(_Properties))),
)
"""Name, result and arguments, from ggml/include/ggml-backend.h."""


class _Registry:
    """llama.cpp's registry of backends and devices."""

    def __init__(self, libraries: Sequence[ctypes.CDLL]) -> None:
        self._functions: dict[str, Any] = {}
        for name, result, arguments in _FUNCTIONS:
            library = next((each for each in libraries if hasattr(each, name)), libraries[0])
            function = library[name]
            function.restype, function.argtypes = result, arguments
            self._functions[name.removeprefix("ggml_backend_")] = function

    def report(self) -> EngineReport:
        """Everything that is in it."""
        call = self._functions
        registries = [call["reg_get"](index) for index in range(call["reg_count"]())]
        names = tuple(_text(call["reg_name"](registry)) for registry in registries)
        features: dict[str, None] = {}
        for name, registry in zip(names, registries, strict=True):
            if name == CPU_DEVICE:
                features.update(dict.fromkeys(self._features(registry)))
        return EngineReport(names, tuple(self._devices()), tuple(features))

    def _devices(self) -> Iterator[EngineDevice]:
        call = self._functions
        for index in range(call["dev_count"]()):
            device, found = call["dev_get"](index), _Properties()
            call["dev_get_props"](device, ctypes.byref(found))
            yield EngineDevice(
                name=_text(found.name),
                title=_text(found.description).strip(),
                backend=_text(call["reg_name"](call["dev_backend_reg"](device))),
                kind=_KINDS[found.type] if 0 <= found.type < len(_KINDS) else "unknown",
                total_bytes=found.memory_total,
                free_bytes=found.memory_free,
                id=_text(found.device_id).lower(),
            )

    def _features(self, registry: int) -> Iterator[str]:
        address = self._functions["reg_get_proc_address"](registry, b"ggml_backend_get_features")
        if not address:
            return
        get_features = ctypes.CFUNCTYPE(ctypes.POINTER(_Feature), ctypes.c_void_p)(address)
        features, index = get_features(registry), 0
        while features[index].name is not None:
            if features[index].value == b"1":
                yield _text(features[index].name).lower()
            index += 1


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def ask_llama_cpp() -> EngineReport:
    """Read the registry. It starts the drivers of every backend that this build has."""
    from models.engine import bindings

    bindings.start_backend()
    return _Registry(_libraries(bindings.shared_library())).report()


def _libraries(llama_library: ctypes.CDLL) -> list[ctypes.CDLL]:
    """The libraries that have the registry.

    What libllama loads is found through it, but on Windows each library gives out its own functions only:
    there the registry is in ggml, the devices are in ggml-base.
    """
    if sys.platform == "win32":
        folder = Path(llama_library._name).parent
        return [ctypes.CDLL(str(folder / name)) for name in ("ggml.dll", "ggml-base.dll")]
    return [llama_library]


def ask_nvidia_driver() -> list[DriverCard]:
    """The cards that NVIDIA's driver knows; none where the driver is not there.

    Source: NVML API reference, https://docs.nvidia.com/deploy/nvml-api/.
    """
    try:
        nvml = ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    except OSError:
        return []
    count = ctypes.c_uint()
    if nvml.nvmlInit_v2() != 0:
        return []
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return []
    return [card for index in range(count.value) if (card := _nvidia_card(nvml, index)) is not None]


def _nvidia_card(nvml: Any, index: int) -> DriverCard | None:
    handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(_NVML_NAME_BYTES)
    memory, bus = _NvmlMemory(), _NvmlPciInfo()
    if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) != 0:
        return None
    if nvml.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NVML_NAME_BYTES)) != 0:
        return None
    has_memory = nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
    has_bus = nvml.nvmlDeviceGetPciInfo_v3(handle, ctypes.byref(bus)) == 0
    return DriverCard(
        title=_text(name.value),
        total_bytes=memory.total if has_memory else 0,
        id=f"{bus.domain:04x}:{bus.bus:02x}:{bus.device:02x}.0" if has_bus else "",
    )


def main() -> None:
    """Print both answers, or the bandwidth alone."""
    guard_process()
    match sys.argv[1:]:
        case ["--bandwidth", threads, available_bytes]:
            sys.stdout.write(f"{probe_bandwidth(int(threads), int(available_bytes))}\n")
            return
    for ask in (ask_llama_cpp, ask_nvidia_driver):
        sys.stdout.buffer.write(msgspec.json.encode(ask()) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
