"""The model for this computer: measured, recommended, then on its way, in one card."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import numbers_in_words as words
from app.library import fit_words
from app.library.events import AvailableModel, InstalledModel, MachineMeasured
from models.download_status import DownloadState, DownloadStatus
from models.fit import Fit
from ui.elided_label import ElidedLabel
from ui.kinds import of_kind
from ui.library import model_words
from ui.library.card import plain_label, show_words
from ui.theme import tabular, thought_font

_STEPS = 1_000
_NARROW_BELOW_PX = 520


class BestCard(QFrame):
    """Shows the one model that is recommended.

    Signals:
        download_requested(model): an `AvailableModel`.
        use_requested(path): it is here already.
        pause_requested(id), resume_requested(id), cancel_requested(id).
    """

    download_requested = Signal(AvailableModel)
    use_requested = Signal(Path)
    pause_requested = Signal(str)
    resume_requested = Signal(str)
    cancel_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "best")
        self._available: AvailableModel | None = None
        self._installed: InstalledModel | None = None
        self._status: DownloadStatus | None = None
        self.machine_label = plain_label("Measuring this computer…", "fact")
        self.title_label = of_kind(ElidedLabel(), "heading")
        self.facts_label = plain_label("", "fact")
        self.facts_label.setFont(tabular(thought_font()))
        self.sum_label = plain_label("", "third")
        self.sum_label.setToolTip(fit_words.UNITS)
        self.error_label = plain_label("", "error")
        self.progress = QProgressBar(textVisible=False, maximum=_STEPS)
        self.main_button = of_kind(QPushButton(), "primary")
        self.pause_button = QPushButton("Pause")
        self.cancel_button = of_kind(QPushButton("Cancel"), "text")
        self._whole = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons = QHBoxLayout()
        self._lay_out()
        self.main_button.clicked.connect(self._act)
        self.pause_button.clicked.connect(self._pause)
        self.cancel_button.clicked.connect(self._cancel)

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(6)
        for widget in (
            self.machine_label,
            self.title_label,
            self.facts_label,
            self.sum_label,
            self.error_label,
            self.progress,
        ):
            column.addWidget(widget)
            widget.setVisible(widget is self.machine_label)
        for button in (self.pause_button, self.cancel_button, self.main_button):
            button.hide()
            self._buttons.addWidget(button)
        self._buttons.setSpacing(8)
        self._whole.setContentsMargins(16, 16, 16, 16)
        self._whole.setSpacing(16)
        self._whole.addLayout(column, 1)
        self._whole.addLayout(self._buttons)
        self.setLayout(self._whole)

    # Public methods

    @property
    def is_downloading(self) -> bool:
        """Whether the model is on its way."""
        return self._status is not None and not self._status.state.is_over

    def show_best(
        self, measured: MachineMeasured, available: AvailableModel | None, installed: InstalledModel | None
    ) -> None:
        """Say what this computer has, and the model for it."""
        self._available, self._installed = available, installed
        sentence = fit_words.machine_sentence(measured.machine)
        title = installed.title if installed is not None else available.model.title if available else ""
        self.machine_label.setText(f"{sentence} Best for it:" if title else f"{sentence} {_NOTHING_FITS}")
        self.title_label.setText(title)
        self.title_label.setVisible(bool(title))
        fit = measured.best.fit if measured.best is not None else None
        size_bytes = available.model.size_bytes if available else installed.size_bytes if installed else 0
        show_words(self.facts_label, _facts(size_bytes, fit) if fit is not None and title else "")
        show_words(self.sum_label, fit_words.short_sum(fit) if fit is not None and title else "")
        self._show_state(available.download if available is not None else None)

    def show_download(self, status: DownloadStatus) -> None:
        """It moved on. Other downloads are none of this card's."""
        if self._available is not None and status.id == _download_id(self._available):
            self._show_state(status)

    # Slots

    @Slot()
    def _act(self) -> None:
        if self._installed is not None:
            self.use_requested.emit(self._installed.path)
        elif self._status is not None and not self._status.state.is_over:
            self.resume_requested.emit(self._status.id)
        elif self._available is not None:
            self.download_requested.emit(self._available)

    @Slot()
    def _pause(self) -> None:
        if self._status is not None:
            self.pause_requested.emit(self._status.id)

    @Slot()
    def _cancel(self) -> None:
        if self._status is not None:
            self.cancel_requested.emit(self._status.id)

    # Inside

    def _show_state(self, status: DownloadStatus | None) -> None:
        self._status = status
        is_on_its_way = self.is_downloading
        state = status.state if status is not None and is_on_its_way else None
        self.progress.setVisible(is_on_its_way)
        self.sum_label.setVisible(not is_on_its_way and bool(self.sum_label.text()))
        show_words(self.error_label, "")
        if status is not None and is_on_its_way:
            self.progress.setValue(
                status.done_bytes * _STEPS // status.total_bytes if status.total_bytes else 0
            )
            self.progress.setAccessibleName(f"Download of {status.title}")
            show_words(self.facts_label, model_words.download_facts(status))
            show_words(self.error_label, model_words.download_problem(status))
        rests = state in (DownloadState.PAUSED, DownloadState.FAILED)
        self.pause_button.setVisible(state in (DownloadState.RUNNING, DownloadState.WAITING))
        self.cancel_button.setVisible(is_on_its_way)
        self.main_button.setVisible(rests or (not is_on_its_way and self._can_begin))
        self.main_button.setText(self._action(state))

    @property
    def _can_begin(self) -> bool:
        return self._available is not None or self._installed is not None

    def _action(self, state: DownloadState | None) -> str:
        if state is DownloadState.FAILED:
            return "Try again"
        if state is not None:
            return "Resume"
        if self._installed is not None:
            return "Use it"
        size_bytes = self._available.model.size_bytes if self._available is not None else 0
        return f"Download {words.size(size_bytes)}"

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stands under the words where it is narrow."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW_BELOW_PX
        self._whole.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )
        self._whole.setAlignment(self._buttons, Qt.AlignmentFlag.AlignLeft if narrow else Qt.AlignmentFlag(0))


_NOTHING_FITS = "No model that is offered fits into its free memory. Close other programs and measure again."


def _download_id(available: AvailableModel) -> str:
    return available.download.id if available.download is not None else available.model.id


def _facts(size_bytes: int, fit: Fit) -> str:
    parts = [words.size(size_bytes), f"room for {fit.context_tokens:,} tokens", fit_words.spoken_speed(fit)]
    return " · ".join(part for part in parts if part)
