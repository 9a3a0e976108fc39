"""The border between the library's threads and the window: events come in, signals go out."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.library.events import (
    DownloadChanged,
    FileAdded,
    FilesFound,
    LibraryEvent,
    LibraryProblem,
    MachineMeasured,
    ModelRemoved,
    RepositoryOpened,
    ShelfChanged,
    WorkEnded,
    WorkProgressed,
)
from app.library.orders import LibraryOrders
from ui.bridges.arrivals import Arrivals

LibraryListener = Callable[[LibraryEvent], None]


class LibraryBridge(QObject):
    """Holds the library and turns its events into signals on the thread this object lives on.

    Signals: one for each event class of `app.library.events`, emitted in the order the events happened.
    """

    machine_measured = Signal(MachineMeasured)
    shelf_changed = Signal(ShelfChanged)
    download_changed = Signal(DownloadChanged)
    repository_opened = Signal(RepositoryOpened)
    files_found = Signal(FilesFound)
    work_progressed = Signal(WorkProgressed)
    work_ended = Signal(WorkEnded)
    file_added = Signal(FileAdded)
    model_removed = Signal(ModelRemoved)
    problem_met = Signal(LibraryProblem)

    _arrived = Signal(object)

    def __init__(
        self, make_library: Callable[[LibraryListener], LibraryOrders], parent: QObject | None = None
    ) -> None:
        """`make_library` gets the listener, which may be called on any thread, and gives the library."""
        super().__init__(parent)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._arrivals = Arrivals[LibraryEvent](self._arrived.emit)
        self.library = make_library(self._arrivals)

    def close(self) -> None:
        """End its threads. Takes a few seconds at most; what is said later is not heard."""
        self.library.close()
        self._arrivals.close()

    @Slot(object)
    def _deliver(self, event: LibraryEvent) -> None:
        match event:
            case DownloadChanged():
                self.download_changed.emit(event)
            case WorkProgressed():
                self.work_progressed.emit(event)
            case WorkEnded():
                self.work_ended.emit(event)
            case ShelfChanged():
                self.shelf_changed.emit(event)
            case MachineMeasured():
                self.machine_measured.emit(event)
            case RepositoryOpened():
                self.repository_opened.emit(event)
            case FilesFound():
                self.files_found.emit(event)
            case FileAdded():
                self.file_added.emit(event)
            case ModelRemoved():
                self.model_removed.emit(event)
            case LibraryProblem():
                self.problem_met.emit(event)
            case _:
                assert_never(event)
