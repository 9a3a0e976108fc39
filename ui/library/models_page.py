"""The Models page: what is on this computer, what is on its way, and what could be downloaded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.library import fit_words
from app.library.events import AvailableModel, InstalledModel, ShelfChanged, Work
from models.download_status import DownloadState, DownloadStatus
from models.errors import AppError
from models.machine import Machine
from ui.header import NOTE_FROM_PX
from ui.kinds import of_kind
from ui.library import model_words
from ui.library.available_card import AvailableCard
from ui.library.card import plain_label
from ui.library.card_column import CardColumn
from ui.library.download_card import DownloadCard
from ui.library.fold import Fold
from ui.library.installed_card import InstalledCard
from ui.library.undo_bar import UndoBar
from ui.library.work_bar import WorkBar

_MAX_WIDTH_PX = 940
_BUTTONS_IN_A_ROW_FROM_PX = 540
_WORKS_ON_A_CARD = (Work.VERIFYING,)


class ModelsPage(QScrollArea):
    """Follows the library; `ui.library_wiring` connects it.

    Signals:
        use_requested(path), verify_requested(path), reveal_requested(path), delete_requested(path),
        undo_requested, stop_requested(about): for models that are here.
        rename_requested(model), note_requested(model), sum_requested(model): an `InstalledModel`.
        download_requested(model), details_requested(model): an `AvailableModel`.
        pause_requested(id), resume_requested(id), cancel_requested(id): for downloads.
        add_requested, browse_requested, find_requested, measured_requested: the buttons.
    """

    use_requested = Signal(Path)
    verify_requested = Signal(Path)
    reveal_requested = Signal(Path)
    delete_requested = Signal(Path)
    undo_requested = Signal()
    stop_requested = Signal(str)
    rename_requested = Signal(InstalledModel)
    note_requested = Signal(InstalledModel)
    sum_requested = Signal(InstalledModel)
    download_requested = Signal(AvailableModel)
    details_requested = Signal(AvailableModel)
    pause_requested = Signal(str)
    resume_requested = Signal(str)
    cancel_requested = Signal(str)
    add_requested = Signal()
    browse_requested = Signal()
    find_requested = Signal()
    measured_requested = Signal()

    def __init__(self, built_in_model: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Models")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._in_use = built_in_model
        self.machine_label = plain_label("Measuring this computer…", "third")
        self.measured_button = _link("How this was measured")
        self.error_label = plain_label("", "")
        self.error_box = of_kind(QFrame(), "red")
        self.undo_bar = UndoBar()
        self.work_bar = WorkBar()
        self.add_button = QPushButton("Add a file…")
        self.browse_button = QPushButton("Open a repository…")
        self.find_button = _link("Find files of other apps")
        self._button_rows = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self.drop_box = of_kind(QFrame(), "drop")
        self.available_heading = plain_label("To download", "section")
        self.server_fold = Fold("For a server")
        installed, downloads, available = QVBoxLayout(), QVBoxLayout(), QVBoxLayout()
        self._columns = (installed, downloads, available)
        self.installed = CardColumn(installed, self._make_installed, InstalledCard.show_model)
        self.downloads = CardColumn(downloads, self._make_download, DownloadCard.show_status)
        self.available = CardColumn(available, self._make_available, AvailableCard.show_model)
        self.servers = CardColumn(self.server_fold.column, self._make_available, AvailableCard.show_model)
        self._lay_out()
        self._connect()

    # Construction

    def _lay_out(self) -> None:
        error_layout = QHBoxLayout(self.error_box)
        error_layout.setContentsMargins(14, 10, 14, 10)
        error_layout.addWidget(self.error_label, 1)
        self.close_error_button = of_kind(QPushButton("Dismiss"), "text")
        error_layout.addWidget(self.close_error_button)
        drop_layout = QVBoxLayout(self.drop_box)
        drop_layout.setContentsMargins(16, 20, 16, 20)
        drop_layout.addWidget(plain_label("Drop GGUF files here to add them", "heading"))
        heading_row = QHBoxLayout()
        heading_row.addWidget(plain_label("On this computer", "section"), 1)
        heading_row.addWidget(self.measured_button)
        column = QWidget()
        column.setMaximumWidth(_MAX_WIDTH_PX)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(20, 20, 20, 28)
        layout.setSpacing(10)
        layout.addWidget(self.machine_label)
        for widget in (self.error_box, self.undo_bar, self.drop_box, self.work_bar):
            widget.hide()
            layout.addWidget(widget)
        installed, downloads, available = self._columns
        for cards in self._columns:
            cards.setSpacing(10)
        layout.addLayout(heading_row)
        layout.addLayout(downloads)
        layout.addLayout(installed)
        layout.addSpacing(10)
        layout.addWidget(self.available_heading)
        layout.addLayout(available)
        layout.addWidget(self.server_fold)
        self.server_fold.hide()
        self.available_heading.hide()
        layout.addSpacing(6)
        layout.addWidget(self._make_buttons())
        layout.addStretch(1)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(column, 1000)
        row.addStretch(1)
        self.setWidget(page)

    def _make_buttons(self) -> QWidget:
        part = QWidget()
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.add_button)
        row.addWidget(self.browse_button)
        row.addStretch(1)
        self._button_rows.setContentsMargins(0, 0, 0, 0)
        self._button_rows.setSpacing(6)
        self._button_rows.addLayout(row)
        self._button_rows.addWidget(self.find_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._button_rows.addStretch(1)
        part.setLayout(self._button_rows)
        return part

    def _connect(self) -> None:
        self.add_button.clicked.connect(self.add_requested)
        self.browse_button.clicked.connect(self.browse_requested)
        self.find_button.clicked.connect(self.find_requested)
        self.measured_button.clicked.connect(self.measured_requested)
        self.close_error_button.clicked.connect(self.clear_error)
        self.undo_bar.undo_requested.connect(self.undo_requested)
        self.work_bar.stop_requested.connect(self.stop_requested)

    # Public methods

    def cards(self) -> Sequence[InstalledCard]:
        """The cards of the models that are here."""
        return self.installed.cards()

    def show_machine(self, machine: Machine) -> None:
        """Say what this computer has."""
        self.machine_label.setText(fit_words.machine_line(machine))

    def show_shelf(self, shelf: ShelfChanged) -> None:
        """Show all models as they stand now."""
        coming = {a.download.id: a.download for a in shelf.available if a.download is not None}
        coming |= {status.id: status for status in shelf.other_downloads}
        under_way = {key: status for key, status in coming.items() if not status.state.is_over}
        self.downloads.show(under_way.items())
        self.installed.show((str(model.path), model) for model in shelf.installed)
        offered = [a for a in shelf.available if a.download is None or a.download.id not in under_way]
        self.available.show((a.model.id, a) for a in offered if not a.model.needs_server)
        self.servers.show((a.model.id, a) for a in offered if a.model.needs_server)
        self.available_heading.setVisible(bool(self.available.cards()))
        self.server_fold.setVisible(bool(self.servers.cards()))
        self._mark_best(shelf)
        self._order_tabs()
        self.show_in_use(self._in_use)

    def show_download(self, status: DownloadStatus) -> None:
        """A download moved on; the shelf follows where its state changed."""
        card = self.downloads.card(status.id)
        if card is not None and status.state is not DownloadState.CANCELLED:
            card.show_status(status)

    def show_in_use(self, path: Path) -> None:
        """Mark the model that answers now."""
        self._in_use = path
        for card in self.installed.cards():
            card.show_in_use(card.model.path == path)

    def show_work(self, about: str, work: Work, fraction: float) -> None:
        """A check goes on in its card; a copy and a search are said above the cards."""
        card = self.installed.card(about)
        if card is not None and work in _WORKS_ON_A_CARD:
            card.show_work(work, fraction)
        elif work is Work.ADDING:
            self.work_bar.show_work(about, fraction)

    def end_work(self, about: str, work: Work) -> None:
        """It is over."""
        card = self.installed.card(about)
        if card is not None and work in _WORKS_ON_A_CARD:
            card.end_work()
        if work is Work.ADDING:
            self.work_bar.end_work(about)

    def show_removed(self, title: str, *, was_deleted: bool) -> None:
        """Offer to take a deletion back."""
        self.undo_bar.show_removed(title, was_deleted=was_deleted)
        self.ensureVisible(0, 0)

    def show_error(self, error: AppError) -> None:
        """Say what could not be done."""
        self.error_label.setText(str(error))
        self.error_box.show()
        self.ensureVisible(0, 0)

    def show_drop_hint(self, is_shown: bool) -> None:
        """While model files are dragged over the window."""
        self.drop_box.setVisible(is_shown)
        if is_shown:
            self.ensureVisible(0, 0)

    @Slot()
    def clear_error(self) -> None:
        """What was wrong is not any more."""
        self.error_box.hide()

    # Inside

    def _make_installed(self, model: InstalledModel) -> InstalledCard:
        card = InstalledCard(model)
        for name in ("use", "verify", "reveal", "delete", "stop", "rename", "note", "sum"):
            getattr(card, f"{name}_requested").connect(getattr(self, f"{name}_requested"))
        return card

    def _make_download(self, status: DownloadStatus) -> DownloadCard:
        card = DownloadCard(status)
        for name in ("pause", "resume", "cancel"):
            getattr(card, f"{name}_requested").connect(getattr(self, f"{name}_requested"))
        return card

    def _make_available(self, available: AvailableModel) -> AvailableCard:
        card = AvailableCard(available)
        card.download_requested.connect(self.download_requested)
        card.sum_requested.connect(self.details_requested)
        return card

    def _order_tabs(self) -> None:
        """Tab goes down the page, whatever was made last."""
        columns = (self.downloads, self.installed, self.available)
        chain: list[QWidget] = [self.close_error_button, *self.undo_bar.buttons(), self.work_bar.stop_button]
        chain.append(self.measured_button)
        chain += [button for column in columns for card in column.cards() for button in card.buttons()]
        chain += [self.server_fold.button, self.add_button, self.browse_button, self.find_button]
        for first, second in itertools.pairwise(chain):
            self.setTabOrder(first, second)

    def _mark_best(self, shelf: ShelfChanged) -> None:
        """A model on its way keeps its chip."""
        for available in shelf.available:
            card = self.downloads.card(available.download.id) if available.download is not None else None
            if card is not None:
                card.show_chip(model_words.chip(available.suggestion), is_best=True)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What stands in the header where it is wide stands here where it is not."""
        super().resizeEvent(event)
        self.machine_label.setVisible(self.width() < NOTE_FROM_PX)
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._button_rows.setDirection(down if self.width() < _BUTTONS_IN_A_ROW_FROM_PX else across)


def _link(text: str) -> QPushButton:
    button = of_kind(QPushButton(text), "link")
    button.setAutoDefault(False)
    return button
