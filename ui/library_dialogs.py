"""Opens the dialogs of the library over the window, and hands what comes of them to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtWidgets import QDialog

from app import numbers_in_words as words
from app.library.events import (
    AvailableModel,
    FilesFound,
    InstalledModel,
    LibraryProblem,
    MachineMeasured,
    RepositoryOpened,
    ShelfChanged,
    Work,
    WorkEnded,
)
from app.library.orders import LibraryOrders
from models.fit import Verdict
from ui.library.add_file_dialog import AddFileDialog, ChooseFilesDialog
from ui.library.found_files_dialog import FoundFilesDialog
from ui.library.licence_dialog import LicenceDialog
from ui.library.measured_dialog import MeasuredDialog
from ui.library.questions import MAX_NOTE_CHARACTERS, MAX_TITLE_CHARACTERS, LineQuestion
from ui.library.repository_dialog import RepositoryDialog
from ui.library.sum_dialog import SumDialog
from ui.link_question import ask_to_open

if TYPE_CHECKING:
    from ui.window import Window

AnyDialog = TypeVar("AnyDialog", bound=QDialog)


class LibraryDialogs(QObject):
    """At most one dialog of each kind is open. `shelf` and `machine` are what the library said last.

    Signals:
        download_begun(model_id): a model of the catalogue was asked for; its licence was accepted.
        licence_accepted(name): the user accepted a licence, for all models that have it.
    """

    download_begun = Signal(str)
    licence_accepted = Signal(str)

    def __init__(
        self,
        window: Window,
        library: LibraryOrders,
        open_url: Callable[[QUrl], bool],
        accepted_licences: Iterable[str] = (),
    ) -> None:
        super().__init__(window)
        self._window = window
        self._library = library
        self._open_url = open_url
        self._accepted_licences = set(accepted_licences)
        self._waiting_for_licence: AvailableModel | None = None
        self._about: Path | None = None
        self.shelf = ShelfChanged((), ())
        self.machine: MachineMeasured | None = None
        self.hub = "https://huggingface.co"

    # Downloads

    @Slot(AvailableModel)
    def download(self, available: AvailableModel) -> None:
        """Download it; a licence that has to be accepted comes first."""
        name = available.model.license_name_to_accept
        if name and name not in self._accepted_licences:
            self._waiting_for_licence = available
            dialog = LicenceDialog(available.model, self._window)
            dialog.link_requested.connect(self._ask_to_open)
            dialog.accepted_licence.connect(self._on_licence_accepted)
            dialog.open()
            return
        self._library.download(available.model.id)
        self.download_begun.emit(available.model.id)

    @Slot(str)
    def _on_licence_accepted(self, name: str) -> None:
        self._accepted_licences.add(name)
        self.licence_accepted.emit(name)
        if self._waiting_for_licence is not None:
            self.download(self._waiting_for_licence)

    @Slot(str)
    def _ask_to_open(self, address: str) -> None:
        ask_to_open(address, self._open_url, self._window)

    # How it fits

    @Slot(AvailableModel)
    def show_details(self, available: AvailableModel) -> None:
        """The sum of a model that could be downloaded."""
        if available.fit is None or available.suggestion is None:
            return
        dialog = SumDialog(
            available.model.title,
            available.fit,
            machine=self.machine.machine if self.machine else None,
            reason=available.suggestion.reason,
            downloadable_id=available.model.id if available.fit.verdict is Verdict.TOO_LARGE else "",
            size_words=words.size(available.model.size_bytes),
            parent=self._window,
        )
        dialog.download_requested.connect(self._download_by_id)
        dialog.open()

    @Slot(InstalledModel)
    def show_sum(self, model: InstalledModel) -> None:
        """The sum of a model that is here."""
        if model.fit is not None:
            machine = self.machine.machine if self.machine else None
            reason = model.suggestion.reason if model.suggestion is not None else ""
            SumDialog(model.title, model.fit, machine=machine, reason=reason, parent=self._window).open()

    @Slot(str)
    def _download_by_id(self, model_id: str) -> None:
        for available in self.shelf.available:
            if available.model.id == model_id:
                self.download(available)

    @Slot()
    def show_measured(self) -> None:
        """Everything that was measured."""
        if self.machine is None:
            return
        best = self.machine.best
        titles = {a.model.id: a.model.title for a in self.shelf.available}
        titles |= {model.catalog_id: model.title for model in self.shelf.installed if model.catalog_id}
        title = titles.get(best.model_id, "this model") if best is not None else ""
        dialog = MeasuredDialog(self.machine.machine, best, title, self._window)
        dialog.measure_requested.connect(self._library.measure)
        dialog.open()

    # Files

    @Slot()
    def ask_for_files(self) -> None:
        """Which files are to be added."""
        dialog = ChooseFilesDialog(self._window)
        dialog.chosen.connect(self.ask_how_to_add)
        dialog.open()

    @Slot(list)
    def ask_how_to_add(self, paths: list[Path]) -> None:
        """In place or copied."""
        dialog = AddFileDialog(paths, self._window)
        dialog.add_requested.connect(self._add)
        dialog.open()

    @Slot(Path, bool)
    def _add(self, path: Path, copy: bool) -> None:
        self._library.add_file(path, copy=copy)

    @Slot()
    def find_files(self) -> None:
        """Look for the files of other apps."""
        dialog = FoundFilesDialog(self._window)
        dialog.add_requested.connect(self._add_in_place)
        dialog.open()
        self._library.find_files()

    @Slot(Path, str)
    def _add_in_place(self, path: Path, title: str) -> None:
        self._library.add_file(path, copy=False, title=title)

    @Slot(FilesFound)
    def show_found(self, found: FilesFound) -> None:
        """They were found."""
        dialog = self._open_one(FoundFilesDialog)
        if dialog is not None:
            dialog.show_files(found.files)

    # A repository

    @Slot()
    def open_repository(self) -> None:
        """Ask for its id."""
        dialog = RepositoryDialog(QUrl(self.hub).host(), self._window)
        dialog.browse_requested.connect(self._library.browse)
        dialog.download_requested.connect(self._library.download_file)
        dialog.open()

    @Slot(RepositoryOpened)
    def show_repository(self, opened: RepositoryOpened) -> None:
        """Its files are known."""
        dialog = self._open_one(RepositoryDialog)
        if dialog is not None:
            dialog.show_files(opened)

    # Names and notes

    @Slot(InstalledModel)
    def ask_for_title(self, model: InstalledModel) -> None:
        """What it is to be called."""
        self._about = model.path
        dialog = LineQuestion(
            "Rename",
            "The name in Ponder's list; the file keeps its own. Leave it empty for the model's own name.",
            model.title,
            max_characters=MAX_TITLE_CHARACTERS,
            action="Rename",
            parent=self._window,
        )
        dialog.answered.connect(self._rename)
        dialog.open()

    @Slot(InstalledModel)
    def ask_for_note(self, model: InstalledModel) -> None:
        """What is to be remembered of it."""
        self._about = model.path
        dialog = LineQuestion(
            "Note",
            f"A note for {model.title}.",
            model.note,
            max_characters=MAX_NOTE_CHARACTERS,
            action="Save",
            parent=self._window,
        )
        dialog.answered.connect(self._set_note)
        dialog.open()

    @Slot(str)
    def _rename(self, title: str) -> None:
        if self._about is not None:
            self._library.rename(self._about, title)

    @Slot(str)
    def _set_note(self, note: str) -> None:
        if self._about is not None:
            self._library.set_note(self._about, note)

    # What the library says

    def show_problem(self, problem: LibraryProblem) -> bool:
        """Say it in the dialog that it belongs to. Says whether there is one."""
        dialog = self._open_one(RepositoryDialog)
        return dialog is not None and dialog.show_error(problem.error, problem.about)

    def end_work(self, ended: WorkEnded) -> None:
        """A search that ended without a word found nothing that it could read."""
        dialog = self._open_one(FoundFilesDialog)
        if ended.work is Work.FINDING and not ended.done and dialog is not None:
            dialog.show_files(())

    def _open_one(self, kind: type[AnyDialog]) -> AnyDialog | None:
        dialogs = [dialog for dialog in self._window.findChildren(kind) if dialog.isVisible()]
        return dialogs[-1] if dialogs else None
