"""Shows how a model fits into this computer, device by device, and lets it be downloaded anyway."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from app.library import fit_words
from models.fit import Fit, Verdict
from models.machine import Machine
from ui.library.dialog import Dialog
from ui.library.facts_list import FactsList, fit_height

_MOST_PX = 420


class SumDialog(Dialog):
    """The sum for one model.

    Signals:
        download_requested(model_id): although it does not fit.
    """

    download_requested = Signal(str)

    def __init__(
        self,
        title: str,
        fit: Fit,
        *,
        machine: Machine | None,
        reason: str = "",
        downloadable_id: str = "",
        size_words: str = "",
        parent: QWidget,
    ) -> None:
        super().__init__(title, parent)
        self._model_id = downloadable_id
        self.facts = FactsList("How it fits")
        self.body.addWidget(self.facts, 1)
        if reason:
            self.facts.add_words(reason)
        self.facts.add_facts([("On this computer", fit_words.badge(fit)), *_speeds(fit)])
        self.facts.add_heading(f"Memory with {fit.context_tokens:,} tokens of context")
        self.facts.add_facts(fit_words.share_lines(fit))
        self.facts.add_words(fit_words.sum_explained(fit), "third")
        if machine is not None and machine.devices and fit.verdict is Verdict.TOO_LARGE:
            free = sum(device.free_bytes for device in machine.devices)
            self.facts.add_words(
                f"Free now: {fit_words.memory(free)} on graphics cards and "
                f"{fit_words.memory(machine.ram_available_bytes)} of main memory.",
                "third",
            )
        self.download_button: QPushButton | None = None
        if downloadable_id:
            self.facts.add_words(
                "You may download it anyway, for another day or computer. It will not load here as it is.",
                "third",
            )
            self.download_button = self.add_action(f"Download anyway ({size_words})")
            self.download_button.clicked.connect(self._download)
        self.close_button = self.add_close()

    def fit_to_content(self) -> None:
        """All of the sum, where the window is high enough."""
        fit_height(self.facts, self.content_width_px, _MOST_PX)
        super().fit_to_content()

    @Slot()
    def _download(self) -> None:
        self.download_requested.emit(self._model_id)
        self.accept()


def _speeds(fit: Fit) -> list[tuple[str, str]]:
    if fit.verdict is Verdict.TOO_LARGE:
        return []
    reading = f"{fit.prompt_tokens_per_s:,.0f} tokens a second" if fit.prompt_tokens_per_s else ""
    return [
        ("Writes", fit_words.spoken_speed(fit)),
        ("Reads", f"about {reading}" if reading else ""),
        (
            "Largest context",
            f"{fit.largest_context_tokens:,} tokens" if fit.largest_context_tokens else "",
        ),
    ]
