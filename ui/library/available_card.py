"""A model of the catalogue that could be downloaded: what it needs, what it can, and the button."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app import numbers_in_words as words
from app.library import fit_words
from app.library.events import AvailableModel
from models.fit import Verdict
from models.recommendation import Role
from ui.library import model_words
from ui.library.card import Card, show_words


class AvailableCard(Card):
    """Shows one model that is not here yet.

    Signals:
        download_requested(model), sum_requested(model): an `AvailableModel`.
    """

    download_requested = Signal(AvailableModel)
    sum_requested = Signal(AvailableModel)

    def __init__(self, available: AvailableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._available = available
        self.details_button = self.add_button("Details")
        self.download_button = self.add_button("Download")
        self.sum_label.setToolTip(fit_words.UNITS)
        self.details_button.clicked.connect(self._ask_for_sum)
        self.download_button.clicked.connect(self._download)
        self.show_model(available)

    @property
    def available(self) -> AvailableModel:
        """What is shown."""
        return self._available

    def show_model(self, available: AvailableModel) -> None:
        """Show this state of it."""
        self._available = available
        model, suggestion, fit = available.model, available.suggestion, available.fit
        role = suggestion.role if suggestion is not None else None
        self.show_title(model.title)
        self.show_chip(model_words.chip(suggestion), is_best=role is Role.BEST)
        show_words(self.facts_label, model_words.available_facts(model))
        fits = fit is not None and fit.verdict is not Verdict.TOO_LARGE and not model.needs_server
        show_words(self.sum_label, fit_words.short_sum(fit) if fits and fit is not None else "")
        reason = model.about or (
            suggestion.reason if suggestion is not None and self.chip_label.text() else ""
        )
        show_words(self.reason_label, reason)
        self.show_fit(None if model.needs_server else fit)
        size = words.size(model.size_bytes)
        self.download_button.setText(f"Download {size}")
        self.download_button.setAccessibleName(f"Download {model.title}, {size}")
        self.download_button.setVisible(fits or (fit is None and not model.needs_server))
        self.details_button.setAccessibleName(f"Details of {model.title}")
        self.details_button.setVisible(not model.needs_server and fit is not None and not fits)

    @Slot()
    def _download(self) -> None:
        self.download_requested.emit(self._available)

    @Slot()
    def _ask_for_sum(self) -> None:
        self.sum_requested.emit(self._available)
