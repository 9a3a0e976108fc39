"""The first page: what this computer can do, the model for it, and a way to begin at once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.library.events import AvailableModel, InstalledModel, MachineMeasured, ShelfChanged
from models.download_status import DownloadStatus
from models.errors import AppError
from ui.first_start.best_card import BestCard
from ui.kinds import of_kind
from ui.library.card import plain_label, show_words

_WIDTH_PX = 640
_NARROW_BELOW_PX = 560


class FirstStartPage(QScrollArea):
    """Stands in place of the chat until a way to begin was chosen.

    Signals:
        download_requested(model): an `AvailableModel`.
        use_requested(path): a model that is here already.
        start_requested: Ponder Mini, at once.
        choose_requested, add_requested, measured_requested: the links at the foot.
        pause_requested(id), resume_requested(id), cancel_requested(id): for the download that was begun.
    """

    download_requested = Signal(AvailableModel)
    use_requested = Signal(Path)
    start_requested = Signal()
    choose_requested = Signal()
    add_requested = Signal()
    measured_requested = Signal()
    pause_requested = Signal(str)
    resume_requested = Signal(str)
    cancel_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("First steps")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._measured: MachineMeasured | None = None
        self._shelf: ShelfChanged | None = None
        self.best_card = BestCard()
        self.try_title = plain_label("Try it at once", "heading")
        self.start_button = QPushButton("Start")
        self.start_button.setAccessibleName("Start with Ponder Mini")
        self.choose_button = _link("Choose another model")
        self.add_button = _link("Add a file I have")
        self.measured_button = _link("How this was measured")
        self.measured_button.setEnabled(False)
        self.gpu_label = plain_label("", "warning")
        self.error_label = plain_label("", "")
        self.error_box = of_kind(QFrame(), "red")
        self._links = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._dots: list[QLabel] = []
        self._lay_out()
        self._connect()

    # Construction

    def _lay_out(self) -> None:
        error_layout = QVBoxLayout(self.error_box)
        error_layout.setContentsMargins(14, 10, 14, 10)
        error_layout.addWidget(self.error_label)
        self._lay_out_links()
        column = QWidget()
        column.setMaximumWidth(_WIDTH_PX + 40)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(20, 28, 20, 28)
        layout.setSpacing(10)
        layout.addStretch(4)
        layout.addWidget(plain_label("A place to think, on this computer only", "title"))
        layout.addWidget(
            plain_label(
                "Ponder runs a reasoning model here. Questions, thoughts and answers stay here. The only "
                "thing it ever fetches is the model you choose.",
                "reading",
            )
        )
        layout.addSpacing(14)
        for widget in (self.error_box, self.gpu_label):
            widget.hide()
        layout.addWidget(self.error_box)
        layout.addWidget(self.best_card)
        layout.addWidget(self.gpu_label)
        layout.addWidget(self._make_try_card())
        layout.addSpacing(4)
        layout.addLayout(self._links)
        layout.addStretch(5)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(column, 1000)
        row.addStretch(1)
        self.setWidget(page)

    def _make_try_card(self) -> QFrame:
        card = of_kind(QFrame(), "card")
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.try_title)
        words.addWidget(
            plain_label(
                "Ponder Mini is built in. It only does arithmetic, but it thinks like the large ones.",
                "fact",
            )
        )
        layout = QHBoxLayout(card)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(14)
        layout.addLayout(words, 1)
        layout.addWidget(self.start_button)
        return card

    def _lay_out_links(self) -> None:
        self._links.setSpacing(2)
        for button in (self.choose_button, self.add_button, self.measured_button):
            if self._links.count():
                dot = plain_label("·", "third")
                self._dots.append(dot)
                self._links.addWidget(dot)
            self._links.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._links.addStretch(1)

    def _connect(self) -> None:
        card = self.best_card
        card.download_requested.connect(self.download_requested)
        card.use_requested.connect(self.use_requested)
        card.pause_requested.connect(self.pause_requested)
        card.resume_requested.connect(self.resume_requested)
        card.cancel_requested.connect(self.cancel_requested)
        self.start_button.clicked.connect(self.start_requested)
        self.choose_button.clicked.connect(self.choose_requested)
        self.add_button.clicked.connect(self.add_requested)
        self.measured_button.clicked.connect(self.measured_requested)

    # Public methods

    def show_machine(self, measured: MachineMeasured) -> None:
        """Say what this computer has."""
        self._measured = measured
        self.measured_button.setEnabled(True)
        gpus = measured.machine.unusable_gpus
        show_words(self.gpu_label, f"{gpus[0].title}: {gpus[0].why} {gpus[0].advice}".strip() if gpus else "")
        self._show_best()

    def show_shelf(self, shelf: ShelfChanged) -> None:
        """Follow what is here and what can be had."""
        self._shelf = shelf
        self._show_best()

    def show_download(self, status: DownloadStatus) -> None:
        """The download that was begun here moved on."""
        self.best_card.show_download(status)
        self._name_try()

    def show_error(self, error: AppError) -> None:
        """Say what could not be done."""
        show_words(self.error_label, str(error))
        self.error_box.show()

    def clear_error(self) -> None:
        """What was wrong is not any more."""
        self.error_box.hide()

    # Inside

    def _show_best(self) -> None:
        if self._measured is None or self._shelf is None:
            return
        best = self._measured.best
        available: AvailableModel | None = None
        installed: InstalledModel | None = None
        if best is not None:
            available = next((a for a in self._shelf.available if a.model.id == best.model_id), None)
            installed = next((m for m in self._shelf.installed if m.catalog_id == best.model_id), None)
        self.best_card.show_best(self._measured, available, installed)
        self._name_try()

    def _name_try(self) -> None:
        self.try_title.setText("Try it meanwhile" if self.best_card.is_downloading else "Try it at once")

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The links stand one under the other where it is narrow."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW_BELOW_PX
        self._links.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )
        for dot in self._dots:
            dot.setVisible(not narrow)


def _link(text: str) -> QPushButton:
    button = of_kind(QPushButton(text), "link")
    button.setAutoDefault(False)
    return button
