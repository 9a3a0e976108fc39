"""A bar for a model file that is being copied, with a way to stop it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ui.kinds import of_kind
from ui.library.card import plain_label
from ui.transcript.untrusted_text import shown

_STEPS = 1_000


class WorkBar(QFrame):
    """Hidden while nothing is copied.

    Signals:
        stop_requested(about): end the copy.
    """

    stop_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self._about = ""
        self.label = plain_label("", "second")
        self.progress = QProgressBar(textVisible=False, maximum=_STEPS)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setAccessibleName("Stop copying")
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addWidget(self.label)
        words.addWidget(self.progress)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 12, 10)
        layout.setSpacing(14)
        layout.addLayout(words, 1)
        layout.addWidget(self.stop_button)
        self.stop_button.clicked.connect(self._stop)
        self.hide()

    def show_work(self, about: str, fraction: float) -> None:
        """So much of the file is copied."""
        self._about = about
        name = shown(Path(about).name)
        self.label.setText(f"Adding {name}… {int(fraction * 100)} %")
        self.progress.setValue(round(fraction * _STEPS))
        self.progress.setAccessibleName(f"Copy of {name}")
        self.show()

    def end_work(self, about: str) -> None:
        """It is over, well or not."""
        if about == self._about:
            self.hide()

    @Slot()
    def _stop(self) -> None:
        self.stop_requested.emit(self._about)
