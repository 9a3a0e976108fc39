"""A model that is on this computer: use it, and a menu for all else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.library import fit_words
from app.library.events import InstalledModel, Work
from models.library import Verification
from ui.library import model_words
from ui.library.card import Card, show_words

_WORKING = {Work.VERIFYING: "Verifying", Work.ADDING: "Copying"}


class InstalledCard(Card):
    """Shows one model.

    Signals:
        use_requested(path), verify_requested(path), reveal_requested(path), delete_requested(path).
        stop_requested(about): end the check that runs.
        rename_requested(model), note_requested(model), sum_requested(model): an `InstalledModel`.
    """

    use_requested = Signal(Path)
    verify_requested = Signal(Path)
    reveal_requested = Signal(Path)
    delete_requested = Signal(Path)
    stop_requested = Signal(str)
    rename_requested = Signal(InstalledModel)
    note_requested = Signal(InstalledModel)
    sum_requested = Signal(InstalledModel)

    def __init__(self, model: InstalledModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._in_use = False
        self.stop_button = self.add_button("Stop", "text")
        self.stop_button.hide()
        self.use_button = self.add_button("Use")
        self.more_button = self.add_button("More", "text")
        self.menu = QMenu(self)
        self.more_button.setMenu(self.menu)
        self._tell_how_buttons_go()
        self.show_model(model)

    def _tell_how_buttons_go(self) -> None:
        self.use_button.clicked.connect(self._use)
        self.stop_button.clicked.connect(self._stop)
        self.menu.aboutToShow.connect(self.fill_menu)

    # Public methods

    @property
    def model(self) -> InstalledModel:
        """What is shown."""
        return self._model

    def show_model(self, model: InstalledModel) -> None:
        """Show this state of it."""
        self._model = model
        self.show_title(model.title)
        self.show_chip(model_words.chip(model.suggestion), is_best=True)
        show_words(self.facts_label, model_words.installed_facts(model, datetime.now().astimezone()))
        show_words(self.note_label, model.note)
        show_words(self.error_label, model.problem)
        changed = model.verification is Verification.CHANGED
        show_words(
            self.warning_label,
            "The file has changed since it was checked. Verify it again before you trust it."
            if changed
            else "",
        )
        self.show_fit(None if model.is_built_in or model.problem else model.fit)
        self._name(self.use_button, "Use")
        self._name(self.more_button, "More about")
        self.show_in_use(self._in_use)

    def show_in_use(self, in_use: bool) -> None:
        """Whether this model answers now."""
        self._in_use = in_use
        self.use_button.setText("In use" if in_use else "Use")
        self.use_button.setEnabled(not in_use and not self._model.problem)
        self._name(self.use_button, "In use:" if in_use else "Use")

    def show_work(self, work: Work, fraction: float) -> None:
        """A check goes on."""
        show_words(self.facts_label, f"{_WORKING.get(work, 'Working')}… {int(fraction * 100)} %")
        self.show_progress(fraction)
        self.stop_button.show()
        self._name(self.stop_button, "Stop verifying")

    def end_work(self) -> None:
        """The check is over."""
        self.show_progress(None)
        self.stop_button.hide()
        self.show_model(self._model)

    # Slots

    @Slot()
    def fill_menu(self) -> None:
        """What can be done with it now."""
        self.menu.clear()
        model = self._model
        if not self._in_use and not model.problem:
            self.menu.addAction("Use", self._use)
        if model.fit is not None:
            self.menu.addAction("How it fits…", self._ask_for_sum)
        if not model.is_built_in:
            self.menu.addAction("Verify again", self._verify)
            self.menu.addSeparator()
            self.menu.addAction("Rename…", self._rename)
            self.menu.addAction("Change the note…" if model.note else "Add a note…", self._note)
            self.menu.addAction("Show in the file manager", self._reveal)
            self.menu.addSeparator()
            words = fit_words.disk(model.size_bytes)
            remove = self.menu.addAction(
                f"Delete ({words})" if model.is_in_folder else "Remove from the list", self._delete
            )
            remove.setEnabled(not self._in_use)

    @Slot()
    def _use(self) -> None:
        self.use_requested.emit(self._model.path)

    @Slot()
    def _stop(self) -> None:
        self.stop_requested.emit(str(self._model.path))

    @Slot()
    def _verify(self) -> None:
        self.verify_requested.emit(self._model.path)

    @Slot()
    def _reveal(self) -> None:
        self.reveal_requested.emit(self._model.path)

    @Slot()
    def _delete(self) -> None:
        self.delete_requested.emit(self._model.path)

    @Slot()
    def _rename(self) -> None:
        self.rename_requested.emit(self._model)

    @Slot()
    def _note(self) -> None:
        self.note_requested.emit(self._model)

    @Slot()
    def _ask_for_sum(self) -> None:
        self.sum_requested.emit(self._model)

    def _name(self, button: QPushButton, verb: str) -> None:
        button.setAccessibleName(f"{verb} {self._model.title}")
