"""Shows all that was measured of this computer, and how the recommendation follows from it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app.library import fit_words
from models.machine import Device, DeviceKind, Machine
from models.recommendation import Suggestion
from ui.library.dialog import Dialog
from ui.library.facts_list import FactsList, fit_height

_WIDTH_PX = 600
_MOST_PX = 480


class MeasuredDialog(Dialog):
    """What was measured.

    Signals:
        measure_requested: measure once more.
    """

    measure_requested = Signal()

    def __init__(self, machine: Machine, best: Suggestion | None, best_title: str, parent: QWidget) -> None:
        super().__init__("How this was measured", parent, width_px=_WIDTH_PX)
        self.facts = FactsList("What was measured")
        self.body.addWidget(self.facts, 1)
        self._add_devices(machine)
        self._add_rest(machine)
        if best is not None:
            self.facts.add_heading(f"Why {best_title}")
            self.facts.add_words(best.reason)
            self.facts.add_facts(fit_words.share_lines(best.fit))
            self.facts.add_words(fit_words.sum_explained(best.fit), "third")
        self.again_button = self.add_action("Measure again")
        self.again_button.clicked.connect(self._measure_again)
        self.add_close()

    def fit_to_content(self) -> None:
        """All that was measured, where the window is high enough."""
        fit_height(self.facts, self.content_width_px, _MOST_PX)
        super().fit_to_content()

    def _add_devices(self, machine: Machine) -> None:
        facts = self.facts
        facts.add_heading("Graphics cards")
        facts.add_words("Asked of llama.cpp, which runs the model, in a process of its own.", "third")
        if machine.engine_problem:
            facts.add_warning(machine.engine_problem)
        elif not machine.devices:
            facts.add_words("None that Ponder can use.", "")
        facts.add_facts(
            [(f"{device.title} ({device.name})", _of_device(device)) for device in machine.devices]
        )
        for gpu in machine.unusable_gpus:
            size = f", {fit_words.round_memory(gpu.total_bytes)}" if gpu.total_bytes else ""
            facts.add_warning(f"{gpu.title}{size}: {gpu.why} {gpu.advice}".strip())

    def _add_rest(self, machine: Machine) -> None:
        cpu = machine.cpu
        self.facts.add_heading("Memory, processor, disk")
        limited = ", as the container allows" if machine.is_limited_by_container else ""
        self.facts.add_facts(
            [
                (
                    "Memory",
                    f"{fit_words.memory(machine.ram_total_bytes)}, "
                    f"{fit_words.memory(machine.ram_available_bytes)} of it free{limited}",
                ),
                (
                    "Speed of the memory",
                    f"{machine.bandwidth_bytes_per_s / 1e9:.0f} GB/s, from a short test"
                    if machine.bandwidth_bytes_per_s
                    else "",
                ),
                ("Processor", f"{cpu.title or 'Unknown'}, {_cores(machine)}"),
                ("What it can do", ", ".join(cpu.features).upper()),
                ("Free disk", fit_words.disk(machine.disk_free_bytes) if machine.disk_free_bytes else ""),
            ]
        )

    @Slot()
    def _measure_again(self) -> None:
        self.measure_requested.emit()
        self.accept()


def _of_device(device: Device) -> str:
    parts = [f"{fit_words.memory(device.total_bytes)}, {fit_words.memory(device.free_bytes)} of it free"]
    if device.kind is DeviceKind.INTEGRATED:
        parts.append("shared with the processor")
    if device.bandwidth_bytes_per_s:
        parts.append(f"{device.bandwidth_bytes_per_s / 1e9:,.0f} GB/s")
    parts.append(device.backend)
    return ", ".join(part for part in parts if part)


def _cores(machine: Machine) -> str:
    cpu = machine.cpu
    of_all = f" of {cpu.physical_cores}" if cpu.usable_cores != cpu.physical_cores else ""
    return f"{cpu.usable_cores}{of_all} core{'' if cpu.physical_cores == 1 else 's'}"
