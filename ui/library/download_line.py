"""The slim line at the foot of the sidebar: which model is on its way, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from ui.elided_label import ElidedLabel
from ui.kinds import of_kind
from ui.theme import small_font, tabular
from ui.transcript.untrusted_text import shown

if TYPE_CHECKING:
    from models.download_status import DownloadStatus

_STEPS = 1_000
_ORDER = ("running", "verifying", "failed", "waiting", "paused")
"""The values of `DownloadState`, the most urgent first."""


class DownloadLine(QPushButton):
    """One line for all downloads: the one that runs, and how many more there are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "line")
        self.setAutoDefault(False)
        self.title_label = of_kind(ElidedLabel(), "small")
        self.state_label = of_kind(ElidedLabel(), "third")
        self.state_label.setFont(tabular(small_font()))
        self.progress = QProgressBar(textVisible=False, maximum=_STEPS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        for part in (self.title_label, self.progress, self.state_label):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(part)
        self.words = ""
        self.hide()

    def show_downloads(self, statuses: Iterable[DownloadStatus]) -> None:
        """Show how they stand; without any there is no line."""
        from ui.library import model_words  # here: the window need not wait for it

        under_way = sorted(
            (status for status in statuses if not status.state.is_over),
            key=lambda status: _ORDER.index(status.state.value),
        )
        self.setVisible(bool(under_way))
        self.words = ""
        if not under_way:
            return
        first, more = under_way[0], len(under_way) - 1
        self.words = model_words.short_download(first)
        title = shown(first.title)
        self.title_label.setText(title)
        self.state_label.setText(self.words + (f" · {more} more" if more else ""))
        self.progress.setValue(first.done_bytes * _STEPS // first.total_bytes if first.total_bytes else 0)
        self.setAccessibleName(f"Download of {title}, {self.words}")

    # Qt overrides

    def sizeHint(self) -> QSize:
        """Room for the three parts; a button would reckon with its own text."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        """The same height, and any width."""
        return QSize(80, self.sizeHint().height())
