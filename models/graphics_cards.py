"""Graphics cards that are there but that this build of Ponder cannot use, with why, and what would help.

llama.cpp lists what it can compute on. The systems themselves know of more: Linux in /sys/bus/pci, Windows by
its display adapters, macOS by system_profiler, NVIDIA's driver by NVML. What only they know of is told here.
Cards of virtual machines and servers, which only show a picture, are none: a card counts where its maker is
one of `_MAKERS`.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from models.machine import UnusableGpu
from models.machine_recording import WRONG_PROCESSOR, DisplayAdapter, EngineDevice, RawMachine

_MAKERS: Final = {
    "10de": "NVIDIA",
    "1002": "AMD",
    "8086": "Intel",
    "5143": "Qualcomm",
    "1ed5": "Moore Threads",
}
"""Makers of cards that llama.cpp can compute on, by their PCI number (https://pci-ids.ucw.cz). Not among
them: virtio 1af4, QXL 1b36, Bochs 1234, VMware 15ad, VirtualBox 80ee, Microsoft 1414, ASPEED 1a03, Matrox
102b."""

_DISPLAY_CLASSES: Final = ("0x0300", "0x0302", "0x0380", "0x1200")
"""VGA, 3D and other display controllers, and processing accelerators, of the PCI code and ID assignment."""

_FILES: Final = ("class", "vendor", "device", "mem_info_vram_total")
_PCI_FOLDER: Final = "/sys/bus/pci/devices"
_PCI_NAMES: Final = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids")
_INTEL_INTEGRATED_ADDRESS: Final = "0000:00:02.0"
"""Where Intel's graphics inside the processor always are (Intel datasheets: "Device 2")."""

_NO_GPU_BACKENDS: Final = frozenset({"CPU", "BLAS", "RPC", "ZenDNN"})
_PROFILER_TIMEOUT_S = 10.0
_INTEL_CARD = re.compile(r"\bArc\b.*\b[AB]\d{2,3}M?\b|\bXe MAX\b", re.IGNORECASE)
_AMD_INTEGRATED = re.compile(r"Radeon(\(TM\))?( R\d| Vega \d+| \d{3,4}[MS])? Graphics", re.IGNORECASE)
_ADAPTER_NUMBERS = re.compile(r"VEN_([0-9A-F]{4})", re.IGNORECASE)

_ONLY_PROCESSOR = "This build of Ponder computes on the processor only."
_WITH_VULKAN = "A build of Ponder with Vulkan would use it."
_WITH_VULKAN_SHARED = (
    "A build of Ponder with Vulkan could use it. It shares the processor's memory, so answers would come "
    "about as fast as now."
)
_OTHER_BUILD = "First a build of Ponder for this processor is needed."
_AFTER_UPDATE = "Install or update its maker's driver, then start Ponder again."


class Card(msgspec.Struct, frozen=True):
    """A card that a system knows of. `driver`: None where that cannot be seen, "" where it has none."""

    title: str
    maker: str
    id: str = ""
    total_bytes: int = 0
    driver: str | None = None
    is_integrated: bool = False


def unusable_gpus(raw: RawMachine) -> tuple[UnusableGpu, ...]:
    """What the system knows of and llama.cpp does not list, and what it lists but says no memory of."""
    listed = [device for device in raw.engine.devices if device.kind in ("gpu", "igpu")]
    cards = _cards_not_listed(list(_cards(raw)), listed)
    if any(device.kind == "gpu" and device.total_bytes for device in listed):
        # llama.cpp leaves integrated GPUs out beside a card: there is nothing to gain.
        cards = [card for card in cards if not card.is_integrated]
    gpus = [
        UnusableGpu(card.title, *_why_and_advice(raw, card), 0 if card.is_integrated else card.total_bytes)
        for card in cards
    ]
    gpus += [
        UnusableGpu(device.title, "Its driver does not say how much memory it has.", _AFTER_UPDATE)
        for device in listed
        if device.total_bytes == 0
    ]
    if raw.has_wsl_gpu and not gpus and not listed:
        why = "Ponder runs in Linux inside Windows (WSL), which does not offer it for computing here."
        gpus.append(UnusableGpu("The graphics card of Windows", why, "Ponder for Windows could use it."))
    return tuple(gpus)


def _cards(raw: RawMachine) -> Iterator[Card]:
    """All that the systems know of, each once."""
    known = {card.id: card for card in raw.driver_cards if card.id}
    for card in _linux_cards(raw):
        by_driver = known.pop(card.id, None)
        if by_driver is not None:
            card = msgspec.structs.replace(card, title=by_driver.title, total_bytes=by_driver.total_bytes)
        yield card
    adapters = list(_windows_cards(raw.adapters))
    yield from adapters
    titles = {_plain(card.title) for card in adapters}
    for by_driver in (*known.values(), *(card for card in raw.driver_cards if not card.id)):
        if _plain(by_driver.title) not in titles:
            yield Card(by_driver.title, "NVIDIA", by_driver.id, by_driver.total_bytes)
    yield from _mac_cards(raw.displays)


def _cards_not_listed(cards: Sequence[Card], listed: Sequence[EngineDevice]) -> list[Card]:
    """Those that no device of llama.cpp stands for: by address, by title, at last by a similar title."""
    ids = {device.id for device in listed if device.id}
    titles = [_plain(device.title) for device in listed if not device.id]
    titles += [
        _plain(device.title) for device in listed if device.id and device.id not in {c.id for c in cards}
    ]
    left = [card for card in cards if not card.id or card.id not in ids]
    for is_same in (str.__eq__, _is_similar):
        still_left = []
        for card in left:
            match = next((title for title in titles if is_same(title, _plain(card.title))), None)
            if match is None:
                still_left.append(card)
            else:
                titles.remove(match)
        left = still_left
    return left


def _is_similar(title: str, other: str) -> bool:
    return bool(title and other) and (title in other or other in title)


def _plain(title: str) -> str:
    """A title without what drivers write differently: marks, brackets, the maker, "Graphics"."""
    words = re.sub(r"\((r|tm|c)\)|[®™]|\(.*?\)", " ", title.casefold())
    left_out = {"nvidia", "amd", "intel", "apple", "graphics", "gpu"}
    return " ".join(word for word in re.findall(r"[\w.+-]+", words) if word not in left_out)


def _why_and_advice(raw: RawMachine, card: Card) -> tuple[str, str]:
    backends = [backend for backend in raw.engine.backends if backend not in _NO_GPU_BACKENDS]
    if raw.engine_problem:
        other_build = raw.engine_problem == WRONG_PROCESSOR
        return "The engine could not be asked about it.", _OTHER_BUILD if other_build else _AFTER_UPDATE
    if not backends and raw.system == "Darwin":
        return _ONLY_PROCESSOR, "A build of Ponder with Metal would use it."
    if not backends:
        return _ONLY_PROCESSOR, _WITH_VULKAN_SHARED if card.is_integrated else _WITH_VULKAN
    if card.driver == "":
        return "No driver is loaded for it.", _AFTER_UPDATE
    if card.driver == "vfio-pci":
        return "It is set aside for a virtual machine.", "Give it back to this system to use it here."
    if backends == ["CUDA"] and card.maker != "NVIDIA":
        return "This build of Ponder computes on NVIDIA's cards only.", _WITH_VULKAN
    if card.driver == "nouveau":
        return (
            "Its driver, nouveau, does not offer it for computing.",
            "Install NVIDIA's own driver, then start Ponder again.",
        )
    names = " or ".join(backends)
    return f"Its driver does not offer it to {names}, or it is too old for that.", _AFTER_UPDATE


def _linux_cards(raw: RawMachine) -> Iterator[Card]:
    """Cards on the PCI bus. `mem_info_vram_total` is of the driver amdgpu (Documentation/gpu/amdgpu)."""
    folders = sorted({path.rpartition("/")[0] for path in raw.files if path.startswith(_PCI_FOLDER)})
    for folder in folders:
        found = {name: raw.files.get(f"{folder}/{name}", "").strip() for name in _FILES}
        vendor, device = found["vendor"].removeprefix("0x"), found["device"].removeprefix("0x")
        maker = _MAKERS.get(vendor, "")
        if not maker or not found["class"].startswith(_DISPLAY_CLASSES):
            continue
        memory, address = found["mem_info_vram_total"], folder.rpartition("/")[2]
        yield Card(
            title=_pci_title(maker, raw.pci_names.get(f"{vendor}:{device}", "")),
            maker=maker,
            id=address,
            total_bytes=int(memory) if memory.isdecimal() else 0,
            driver=raw.links.get(f"{folder}/driver", ""),
            is_integrated=_is_integrated(raw, maker, address),
        )


def _is_integrated(raw: RawMachine, maker: str, address: str) -> bool:
    """Intel's has one place. AMD's processors with graphics are called "… with Radeon Graphics"."""
    if maker == "Intel":
        return address == _INTEL_INTEGRATED_ADDRESS
    amd = [path for path in raw.files if path.endswith("/vendor") and raw.files[path].strip() == "0x1002"]
    return maker == "AMD" and len(amd) == 1 and "radeon" in raw.cpu_title.casefold()


def _has_integrated_title(maker: str, title: str) -> bool:
    """Intel's cards are called Arc and a number; AMD's integrated graphics have no number of a series."""
    if maker == "Intel":
        return not _INTEL_CARD.search(title)
    return maker == "AMD" and bool(_AMD_INTEGRATED.search(title))


def _pci_title(maker: str, name: str) -> str:
    """Of "AD104 [GeForce RTX 4070]" the first is the chip, the second what it is sold as."""
    sold_as = re.search(r"\[(.+)\]", name)
    name = sold_as[1] if sold_as else name
    if not name:
        return f"A graphics card of {maker}"
    return name if name.startswith(maker) else f"{maker} {name}"


def _windows_cards(adapters: Iterable[DisplayAdapter]) -> Iterator[Card]:
    for adapter in adapters:
        numbers = _ADAPTER_NUMBERS.search(adapter.device_id)
        maker = _MAKERS.get(numbers[1].casefold(), "") if numbers else ""
        if maker:
            is_integrated = _has_integrated_title(maker, adapter.title)
            yield Card(adapter.title, maker, total_bytes=adapter.total_bytes, is_integrated=is_integrated)


def _mac_cards(displays: str) -> Iterator[Card]:
    """The GPUs of `system_profiler -json SPDisplaysDataType`; a virtual machine's name no maker."""
    if not displays:
        return
    try:
        found = msgspec.json.decode(displays, type=_Displays)
    except msgspec.MsgspecError:
        return  # not the report that was asked for: it tells of no card
    for each in found.cards:
        maker = next(
            (name for name in ("Apple", *_MAKERS.values()) if name in f"{each.vendor} {each.model}"), ""
        )
        if maker:
            yield Card(each.model, maker, is_integrated=maker in ("Apple", "Intel"))


class _Display(msgspec.Struct, frozen=True):
    model: str = msgspec.field(name="sppci_model", default="")
    vendor: str = msgspec.field(name="spdisplays_vendor", default="")


class _Displays(msgspec.Struct, frozen=True):
    cards: tuple[_Display, ...] = msgspec.field(name="SPDisplaysDataType", default=())


# What follows reads this computer.


def read_pci_files() -> tuple[dict[str, str], dict[str, str]]:
    """Texts and links of the graphics cards on Linux's PCI bus, for `RawMachine.files` and `.links`."""
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    folder = Path(_PCI_FOLDER)
    for card in sorted(folder.iterdir()) if folder.is_dir() else ():
        found = {f"{card}/{name}": _read(card / name) for name in _FILES}
        if not found[f"{card}/class"].startswith(_DISPLAY_CLASSES):
            continue
        files |= {path: text for path, text in found.items() if text}
        driver = card / "driver"
        if driver.is_symlink():
            links[str(driver)] = driver.readlink().name
    return files, links


def read_pci_names(files: dict[str, str]) -> dict[str, str]:
    """Names of the cards in `files`, from the system's list of PCI devices, where it has one."""
    wanted: dict[str, set[str]] = {}
    for path, text in files.items():
        if path.startswith(_PCI_FOLDER) and path.endswith("/vendor"):
            device = files.get(path.removesuffix("vendor") + "device", "")
            wanted.setdefault(text.strip().removeprefix("0x"), set()).add(device.strip().removeprefix("0x"))
    if not wanted:
        return {}
    text = next((text for path in _PCI_NAMES if (text := _read(Path(path)))), "")
    return dict(_names_in(text, wanted))


def _names_in(pci_ids: str, wanted: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Makers begin a line ("10de  NVIDIA"), their devices follow behind a tab ("\\t2786  AD104 […]")."""
    maker = ""
    for line in pci_ids.splitlines():
        if not line.startswith(("\t", "#")):
            maker = line[:4]
        elif maker in wanted and line[:1] == "\t" and line[1:5] in wanted[maker]:
            yield f"{maker}:{line[1:5]}", line[5:].strip()


def read_mac_displays() -> str:
    """What macOS says of its displays; "" elsewhere, and where it does not answer."""
    if platform.system() != "Darwin":
        return ""
    command = ["/usr/sbin/system_profiler", "-json", "SPDisplaysDataType"]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_PROFILER_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError):
        return ""  # the cards then stay unnamed; llama.cpp has said what it can use
    return done.stdout.decode("utf-8", "replace")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # this card does not have it, or this is not Linux
        return ""
