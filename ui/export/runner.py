"""Runs an export or an import on a thread of its own: the window never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.errors import AppError
from app.history.transfer.exporting import Form, PageRenderer, export_to_file, export_to_folder
from app.history.transfer.importing import import_files
from ui.bridges.background import Background, Result
from ui.export.orders import ExportOrder

if TYPE_CHECKING:
    from app.history.transfer.exporting import ExportReport
    from app.history.transfer.importing import ImportReport
    from app.history.transfer.store import TransferStore

CLOSE_TIMEOUT_S = 2.0


class TransferRunner(QObject):
    """For the jobs of one dialog, one at a time; `open_store` and `make_renderer` are called on its thread.

    Signals:
        progressed: int, so many chats are done.
        exported: an `ExportReport`. imported: an `ImportReport`. failed: an `AppError`.
    """

    progressed = Signal(int)
    exported = Signal(object)
    imported = Signal(object)
    failed = Signal(AppError)

    def __init__(
        self,
        open_store: Callable[[], TransferStore],
        make_renderer: Callable[[], PageRenderer],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_store = open_store
        self._make_renderer = make_renderer
        self._background = Background(self)
        self._stop = threading.Event()
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Whether a job runs, or its end was not told yet."""
        return self._is_busy

    def export(self, order: ExportOrder) -> None:
        """Write the files; `exported` or `failed` follows."""
        work = partial(
            _export, order, self._open_store, self._make_renderer, self.progressed.emit, self._stop
        )
        self._run(work, self.exported.emit)

    def import_files(self, paths: Sequence[Path]) -> None:
        """Read the files; `imported` or `failed` follows."""
        work = partial(_import, paths, self._open_store, self.progressed.emit, self._stop)
        self._run(work, self.imported.emit)

    def stop(self) -> None:
        """Stop behind the chat that is worked on; what is done is told as usual."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and end the thread."""
        self.stop()
        self._background.close(CLOSE_TIMEOUT_S)

    def _run(self, work: Callable[[], Result], tell: Callable[[Result], None]) -> None:
        self._stop.clear()
        self._is_busy = True

        def done(result: Result) -> None:
            self._is_busy = False
            tell(result)

        def failed(error: AppError) -> None:
            self._is_busy = False
            self.failed.emit(error)

        self._background.run(work, done=done, failed=failed)


def _export(
    order: ExportOrder,
    open_store: Callable[[], TransferStore],
    make_renderer: Callable[[], PageRenderer],
    on_progress: Callable[[int], None],
    stop: threading.Event,
) -> ExportReport:
    renderer = make_renderer() if order.form in (Form.HTML, Form.PDF) else None
    try:
        with open_store() as store:
            ids = _ids(order, store)
            if order.into_folder:
                return export_to_folder(
                    store,
                    ids,
                    order.path,
                    order.form,
                    renderer=renderer,
                    on_progress=on_progress,
                    is_stopped=stop.is_set,
                )
            return export_to_file(
                store,
                ids,
                order.path,
                order.form,
                with_folders=order.with_folders,
                may_replace=True,  # the file dialog has asked
                renderer=renderer,
                on_progress=on_progress,
                is_stopped=stop.is_set,
            )
    finally:
        if renderer is not None:
            renderer.close()


def _import(
    paths: Sequence[Path],
    open_store: Callable[[], TransferStore],
    on_progress: Callable[[int], None],
    stop: threading.Event,
) -> ImportReport:
    with open_store() as store:
        return import_files(paths, store, on_progress=on_progress, is_stopped=stop.is_set)


def _ids(order: ExportOrder, store: TransferStore) -> Sequence[int]:
    """The chats of an order, as they are now."""
    if order.with_folders:
        return [summary.id for summary in store.conversations()]
    if order.folder_id is not None:
        return [each.id for each in store.conversations() if each.folder_id == order.folder_id]
    return order.ids
