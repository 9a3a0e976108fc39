"""The display adapters of Windows, by its own calls: no other program is started, and nothing old is listed.

Untried on a real Windows in this version: its results are tested from recordings. Sources:
EnumDisplayDevicesW and DISPLAY_DEVICEW (winuser.h); `HardwareInformation.qwMemorySize` in the adapter's
registry key (the memory of the card in bytes, written by its driver).
"""

from __future__ import annotations

import ctypes
import sys

from models.machine_recording import DisplayAdapter

_MIRRORING_DRIVER = 0x8
_MEMORY_VALUE = "HardwareInformation.qwMemorySize"
_REGISTRY_ROOT = "\\Registry\\Machine\\"


class _DisplayDevice(ctypes.Structure):
    """DISPLAY_DEVICEW."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("device_name", ctypes.c_wchar * 32),
        ("device_string", ctypes.c_wchar * 128),
        ("state_flags", ctypes.c_uint32),
        ("device_id", ctypes.c_wchar * 128),
        ("device_key", ctypes.c_wchar * 128),
    )


def read_adapters() -> tuple[DisplayAdapter, ...]:
    """The adapters that are there now, each once; none on other systems."""
    if sys.platform == "win32":
        user32 = ctypes.WinDLL("user32")
        adapters: dict[str, DisplayAdapter] = {}
        found, index = _DisplayDevice(), 0
        found.cb = ctypes.sizeof(_DisplayDevice)
        while user32.EnumDisplayDevicesW(None, index, ctypes.byref(found), 0):
            index += 1
            # An adapter is listed once for each of its outputs: "…\Video\{GUID}\0000", "…\0001".
            card = found.device_key.rpartition("\\")[0]
            if card not in adapters and not found.state_flags & _MIRRORING_DRIVER:
                adapters[card] = DisplayAdapter(
                    found.device_string.strip(), found.device_id, _memory_bytes(found.device_key)
                )
        return tuple(adapters.values())
    return ()


def _memory_bytes(key: str) -> int:
    """What the driver wrote of the card's memory; 0 where it wrote nothing."""
    if sys.platform == "win32":
        import winreg

        path = key[len(_REGISTRY_ROOT) :]
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as opened:
                value, _ = winreg.QueryValueEx(opened, _MEMORY_VALUE)
        except OSError:
            return 0
        return int.from_bytes(value[:8], "little") if isinstance(value, bytes) else int(value)
    return 0
