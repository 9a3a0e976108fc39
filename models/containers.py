"""What containers leave this process of memory and processor: Linux control groups, both versions.

Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. A limit anywhere on
the path of the process's group holds, so each level up to the root of the mount is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

GROUPS_FILE: Final = "/proc/self/cgroup"
MOUNTS_FILE: Final = "/proc/self/mountinfo"

_V2_MEMORY: Final = ("memory.max", "memory.high")
_V1_MEMORY: Final = ("memory.limit_in_bytes",)
_FILES: Final = {
    "cgroup2": (*_V2_MEMORY, "memory.current", "memory.stat", "cpu.max"),
    "memory": (*_V1_MEMORY, "memory.usage_in_bytes", "memory.stat"),
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us"),
}
"""What is read of each level, by the kind of the hierarchy."""

_NO_LIMIT_BYTES = 2**60
"""Version 1 says 2^63 less a page for "none"; nothing near this is a real limit."""

_RECLAIMABLE = re.compile(r"^(total_)?(active_file|inactive_file|slab_reclaimable) (\d+)$", re.MULTILINE)
_MOUNT = re.compile(r"^\S+ \S+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$", re.MULTILINE)


class ContainerLimits(msgspec.Struct, frozen=True):
    """The narrowest limits; None where there is none.

    `memory_left_bytes`: the limit less what is in use. Page cache does not count as used: the kernel gives it
    up. `processors`: how many logical processors' time there is ("2.5").
    """

    memory_bytes: int | None = None
    memory_left_bytes: int | None = None
    processors: float | None = None


def read_group_files() -> dict[str, str]:
    """Read all that `limits_of` looks at. Empty where the system has no control groups."""
    files = {path: _read(path) for path in (GROUPS_FILE, MOUNTS_FILE)}
    files[MOUNTS_FILE] = "".join(
        line for line in files[MOUNTS_FILE].splitlines(keepends=True) if " - cgroup" in line
    )
    for kind, folder in _levels(files):
        files |= {f"{folder}/{name}": _read(f"{folder}/{name}") for name in _FILES[kind]}
    return {path: text for path, text in files.items() if text}


def limits_of(files: Mapping[str, str]) -> ContainerLimits:
    """The narrowest limits along the path of the process's group."""
    limits: list[int] = []
    left: list[int] = []
    processors: list[float] = []
    for kind, folder in _levels(files):
        is_v2 = kind == "cgroup2"
        memory_bytes = _smallest(files, folder, _V2_MEMORY if is_v2 else _V1_MEMORY)
        if memory_bytes is not None:
            limits.append(memory_bytes)
            used = _number(files.get(f"{folder}/memory.{'current' if is_v2 else 'usage_in_bytes'}", ""))
            left.append(max(0, memory_bytes - max(0, (used or 0) - _reclaimable_bytes(files, folder))))
        share = _processors(files, folder)
        processors += [share] if share is not None else []
    return ContainerLimits(min(limits, default=None), min(left, default=None), min(processors, default=None))


def _levels(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each level of each hierarchy that matters, as kind (a key of `_FILES`) and folder."""
    paths = {}
    for line in files.get(GROUPS_FILE, "").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        for controller in ["cgroup2"] if number == "0" and not controllers else controllers.split(","):
            paths[controller] = path
    for root, mount, file_system, options in _MOUNT.findall(files.get(MOUNTS_FILE, "")):
        for kind in ["cgroup2"] if file_system == "cgroup2" else options.split(","):
            if kind in _FILES and kind in paths:
                for folder in _folders(_plain(mount), _plain(root), paths[kind]):
                    yield kind, folder


def _folders(mount: str, root: str, path: str) -> list[str]:
    """The group's folder and all above it, up to the mount. `root`: the group that is mounted there."""
    try:
        below = PurePosixPath(path).relative_to(root)
    except ValueError:  # the group lies outside of what is mounted: what is mounted is all there is to see
        below = PurePosixPath()
    if ".." in below.parts:
        below = PurePosixPath()
    whole = PurePosixPath(mount) / below
    return [str(folder) for folder in (whole, *whole.parents) if folder.is_relative_to(mount)]


def _plain(escaped: str) -> str:
    """A path of mountinfo, with its octal escapes (of spaces, mostly) undone."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), escaped)


def _smallest(files: Mapping[str, str], folder: str, names: tuple[str, ...]) -> int | None:
    found = [_number(files.get(f"{folder}/{name}", "")) for name in names]
    return min((each for each in found if each is not None and each < _NO_LIMIT_BYTES), default=None)


def _reclaimable_bytes(files: Mapping[str, str], folder: str) -> int:
    """Page cache and the like. Version 1 has the sums with the groups below under `total_…`."""
    found = _RECLAIMABLE.findall(files.get(f"{folder}/memory.stat", ""))
    with_groups_below = [each for each in found if each[0]]
    return sum(int(size) for _, _, size in with_groups_below or found)


def _processors(files: Mapping[str, str], folder: str) -> float | None:
    quota, period = [*files.get(f"{folder}/cpu.max", "").split(), "", ""][:2]
    quota_us = _number(quota or files.get(f"{folder}/cpu.cfs_quota_us", ""))
    period_us = _number(period or files.get(f"{folder}/cpu.cfs_period_us", ""))
    return quota_us / period_us if quota_us and period_us else None


def _number(text: str) -> int | None:
    """A whole number; None for "max", "-1" and what is not there."""
    return int(text) if text.strip().isdecimal() else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux, or this level does not have it
        return ""
