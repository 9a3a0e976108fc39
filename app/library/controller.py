"""The models as a whole: one thread that owns the machine's figures, the library and the downloads.

Every public method only puts an order into a queue, and what works and downloads say goes into the same
queue, so that all state is touched by one thread and whoever shows the models never waits. Long works run on
threads of their own (`app/library/works.py`). Nothing goes to the network unless the user asked for it: a
download, a repository.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import InputError
from app.library import assembly, events
from app.library.events import LibraryEvent, LibraryProblem, Work
from app.library.own_memory import as_if_unloaded
from app.library.reckoning import Reckoning
from app.library.repository import all_shapes, known_shapes
from app.library.shapes import ShapeReader
from app.library.shelf import put_together
from app.library.works import Control, Works
from app.paths import Paths
from models.catalog import Catalog, load_catalog
from models.download_status import DownloadState, DownloadStatus
from models.engine.kv_type import KvType
from models.engine.protocol import ModelFacts, Usage
from models.errors import AppError
from models.fit import Fit
from models.fit_corrections import FitCorrections
from models.hub_settings import NetworkSettings
from models.library import Deletion, Library, LibraryModel
from models.machine import Machine
from models.model_shape import ModelShape
from models.other_apps import FoundFile, find_files_of_other_apps
from models.recommendation import Role, Suggestion

if TYPE_CHECKING:
    from models.downloads import DownloadQueue
    from models.hub import HubFile


class LibraryController:
    """Does what `LibraryOrders` promises on a thread of its own; `listener` gets every `LibraryEvent`, there.

    `measure` and `catalog` put others in the place of the real ones, for tests. `environ` and `home` say
    where other apps keep their files.
    """

    def __init__(
        self,
        *,
        listener: Callable[[LibraryEvent], None],
        paths: Paths,
        built_in_model: Path,
        environ: Mapping[str, str],
        home: Path,
        network: NetworkSettings | None = None,
        kv_type: KvType = KvType.F16,
        measure: Callable[[Paths], Machine] = assembly.measure,
        catalog: Catalog | None = None,
    ) -> None:
        self._say = listener
        self._paths = paths
        self._environ = environ
        self._home = home
        self._network = network or NetworkSettings()
        self._kv_type = kv_type
        self._measure_machine = measure
        self._catalog = catalog or load_catalog()
        self._library: Library = assembly.library(paths, built_in_model, self._catalog)
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="library", daemon=True)
        self._works = Works(self._orders.put, listener)
        self._downloads: DownloadQueue | None = None
        self._machine: Machine | None = None
        self._corrections = FitCorrections(paths.corrections_file)
        self._suggestions: Sequence[Suggestion] = ()
        self._models: Sequence[LibraryModel] = ()
        self._shapes = ShapeReader()
        self._states: dict[str, DownloadState] = {}
        self._deletions: list[Deletion] = []
        self._loaded: tuple[Path, int] | None = None
        self._said_problem: AppError | None = None

    # Orders, from any thread.

    def start(self) -> None:
        """Start the thread: it lists the models and measures the computer."""
        self._order(self._begin)
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """End all works and downloads (they can be resumed), and the thread; waits `timeout_s` at most."""
        self._orders.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def refresh(self) -> None:
        """Read the model files again; `ShelfChanged` follows."""
        self._order(self._refresh)

    def measure(self) -> None:
        """Measure the computer again; `MachineMeasured` and `ShelfChanged` follow."""
        self._order(self._measure)

    def download(self, model_id: str) -> None:
        """Download a model of the catalogue, or go on with it. Whoever calls has its licence accepted."""
        self._order(lambda: self._download(model_id), model_id)

    def download_file(self, file: HubFile) -> None:
        """Download a model of a repository that was opened, all its parts."""
        self._order(lambda: self._download_file(file), file.path)

    def pause(self, download_id: str) -> None:
        """Let a download rest; what was fetched is kept."""
        self._order(lambda: self._queue().pause(download_id), download_id)

    def resume(self, download_id: str) -> None:
        """Go on with a download that rests or failed."""
        self._order(lambda: self._queue().resume(download_id), download_id)

    def cancel(self, download_id: str) -> None:
        """Give a download up, and delete what was fetched."""
        self._order(lambda: self._cancel(download_id), download_id)

    def add_file(self, path: Path, *, copy: bool, title: str = "") -> None:
        """Put a model file into the list, used where it is or copied; `FileAdded` follows."""
        self._order(lambda: self._add_file(path, copy, title), str(path))

    def verify(self, path: Path) -> None:
        """Compute the hash of a model again and compare it; `ShelfChanged` follows."""
        self._order(lambda: self._verify(path), str(path))

    def stop_work(self, about: str) -> None:
        """End a copy, a check, a listing: what `WorkProgressed.about` names. `WorkEnded` follows."""
        self._order(lambda: self._works.stop(about), about)

    def delete(self, path: Path) -> None:
        """Delete a model of the models folder, or take one elsewhere off the list; `ModelRemoved` follows."""
        self._order(lambda: self._delete(path), str(path))

    def undo_delete(self) -> None:
        """Bring the model back that was deleted last."""
        self._order(self._undo_delete)

    def rename(self, path: Path, title: str) -> None:
        """Call a model something else in the list; "": its own name again."""
        self._order(lambda: self._changed(lambda: self._library.rename(path, title)), str(path))

    def set_note(self, path: Path, note: str) -> None:
        """Keep a note with a model; "" takes it away."""
        self._order(lambda: self._changed(lambda: self._library.set_note(path, note)), str(path))

    def note_used(self, path: Path) -> None:
        """A model was loaded just now."""
        self._order(lambda: self._changed(lambda: self._library.note_used(path)), str(path))

    def note_loaded(self, path: Path | None, model: ModelFacts | None = None) -> None:
        """The engine has this model in memory now, None: none. What it takes counts as free.

        What it really took corrects the sums for this computer.
        """
        self._order(lambda: self._note_loaded(path, model))

    def note_reply(self, path: Path, usage: Usage) -> None:
        """A reply was written with this model: its speed corrects what is expected here."""
        self._order(lambda: self._learn(path, usage=usage))

    def find_files(self) -> None:
        """Look for model files of other apps; `FilesFound` follows."""
        self._order(self._find_files)

    def browse(self, repo: str) -> None:
        """List the models of a repository of the hub, OWNER/NAME; `RepositoryOpened` follows."""
        self._order(lambda: self._browse(repo), repo)

    def set_network(self, settings: NetworkSettings) -> None:
        """Use this mirror, proxy, token and offline switch from now on."""
        self._order(lambda: self._set_network(settings))

    def set_kv_type(self, kv_type: KvType) -> None:
        """Reckon with this kind of cache from now on; `ShelfChanged` follows."""
        self._order(lambda: self._set_kv_type(kv_type))

    # The thread.

    def _order(self, action: Callable[[], None], about: str = "") -> None:
        """Queue something; what goes wrong with it is said."""

        def guarded() -> None:
            try:
                action()
            except AppError as error:
                self._say(LibraryProblem(error, about))

        self._orders.put(guarded)

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                order()
            except Exception:  # noqa: BLE001 - a bug goes to the crash dialog, the library goes on
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        self._works.close(2.0)
        if self._downloads is not None:
            self._downloads.close()
        self._library.empty_trash()

    def _begin(self) -> None:
        self._measure()
        try:
            self._paths.make_folders()
            self._library.empty_trash()  # what a crash left behind
            self._downloads = assembly.download_queue(
                self._paths,
                lambda: assembly.hub(self._network),
                lambda status: self._order(lambda: self._on_download(status), status.id),
            )
            self._states = {status.id: status.state for status in self._downloads.statuses()}
        finally:
            self._refresh()

    def _queue(self) -> DownloadQueue:
        if self._downloads is None:
            raise InputError("The downloads could not be opened.", advice="Start Ponder again.")
        return self._downloads

    # What is shown.

    def _refresh(self) -> None:
        self._models = tuple(self._library.models())
        problem = self._library.records_problem
        if problem is not None and problem is not self._said_problem:
            self._said_problem = problem
            self._say(LibraryProblem(problem, ""))
        self._show()

    def _changed(self, change: Callable[[], None]) -> None:
        change()
        self._refresh()

    def _show(self) -> None:
        self._say(
            put_together(
                catalog=self._catalog,
                suggestions=self._suggestions,
                models=self._models,
                fits=self._fits(),
                downloads=self._downloads.statuses() if self._downloads else (),
            )
        )

    def _fits(self) -> dict[Path, Fit]:
        shapes = {model.path: self._shapes.shape(model) for model in self._models} if self._machine else {}
        fits = {path: self._fit(shape) for path, shape in shapes.items() if shape is not None}
        return {path: found for path, found in fits.items() if found is not None}

    @property
    def _reckoning(self) -> Reckoning | None:
        """None before the measurement."""
        return Reckoning(self._machine, self._kv_type, self._corrections) if self._machine else None

    def _fit(self, shape: ModelShape, context_tokens: int = 0) -> Fit | None:
        """`context_tokens` 0: the best. None before the measurement."""
        return self._reckoning.fit(shape, context_tokens) if self._reckoning else None

    def _note_loaded(self, path: Path | None, model: ModelFacts | None) -> None:
        self._loaded = (path, model.context_tokens) if path and model else None
        if path and model and model.allocated_bytes:
            self._learn(path, allocated_bytes=model.allocated_bytes)

    def _learn(self, path: Path, *, usage: Usage | None = None, allocated_bytes: int = 0) -> None:
        reckoning = self._reckoning
        context_tokens = self._loaded[1] if self._loaded and self._loaded[0] == path else 0
        model = next((model for model in self._models if model.path == path), None)
        shape = self._shapes.shape(model) if model is not None else None
        if reckoning is None or shape is None:
            return
        reckoning.learn(shape, context_tokens, usage=usage, allocated_bytes=allocated_bytes)
        self._recommend()

    def _measure(self) -> None:
        self._works.begin(Work.MEASURING, "", lambda _: self._measure_machine(self._paths), self._on_measured)

    def _on_measured(self, machine: Machine) -> None:
        """Where a model of ours is loaded, what it takes is known from the measurement before."""
        if self._loaded is not None and self._machine is not None:
            path, context_tokens = self._loaded
            shape = self._shapes.shape(self._library.model(path))
            if shape is not None:
                placed = self._fit(shape, context_tokens)
                machine = as_if_unloaded(machine, placed) if placed else machine
        self._machine = machine
        self._recommend()

    def _recommend(self) -> None:
        if self._machine is None or self._reckoning is None:
            return
        self._suggestions = self._reckoning.suggestions(self._catalog)
        best = next((each for each in self._suggestions if each.role is Role.BEST), None)
        self._say(events.MachineMeasured(self._machine, best))
        self._show()

    def _set_kv_type(self, kv_type: KvType) -> None:
        self._kv_type = kv_type
        self._recommend()

    # Downloads.

    def _download(self, model_id: str) -> None:
        model = self._catalog.by_id(model_id)
        if model is None:
            raise InputError(f"There is no model called {model_id} in the catalogue.")
        self._queue().add(assembly.catalog_request(model))

    def _download_file(self, file: HubFile) -> None:
        self._queue().add(assembly.hub_request(file))

    def _cancel(self, download_id: str) -> None:
        self._queue().cancel(download_id)
        self._show()

    def _on_download(self, status: DownloadStatus) -> None:
        before = self._states.get(status.id)
        self._states[status.id] = status.state
        self._say(events.DownloadChanged(status))
        if status.state is before:
            return
        if status.state is DownloadState.DONE:
            try:
                assembly.note_downloaded(status, self._library, self._catalog)
            finally:
                self._refresh()
        else:
            self._show()

    def _set_network(self, settings: NetworkSettings) -> None:
        self._network = settings
        if settings.offline and self._downloads is not None:
            for status in self._downloads.statuses():
                if status.state.is_active or status.state is DownloadState.WAITING:
                    self._downloads.pause(status.id)

    # Works.

    def _add_file(self, path: Path, copy: bool, title: str) -> None:
        def added(in_list: Path) -> None:
            self._say(events.FileAdded(in_list))
            self._refresh()

        self._works.begin(
            Work.ADDING,
            str(path),
            lambda control: self._library.add(
                path,
                copy=copy,
                title=title,
                progress=control.progress,
                is_cancelled=control.is_cancelled,
            ),
            added,
        )

    def _verify(self, path: Path) -> None:
        def check(control: Control) -> None:
            try:
                self._library.verify(path, control.progress, control.is_cancelled)
            finally:  # where it differs that is to be seen as well
                self._order(self._refresh)

        self._works.begin(Work.VERIFYING, str(path), check, lambda _: None)

    def _find_files(self) -> None:
        def found(files: Sequence[FoundFile]) -> None:
            known = {path.resolve() for model in self._models for path in model.paths}
            self._say(events.FilesFound(tuple(each for each in files if each.path.resolve() not in known)))

        self._works.begin(
            Work.FINDING, "", lambda _: find_files_of_other_apps(self._environ, self._home), found
        )

    def _browse(self, repo: str) -> None:
        """Tell of the files at once, and of their fits as soon as one header was read."""
        network = self._network

        def look(control: Control) -> None:
            hub = assembly.hub(network)
            files = hub.list_gguf_files(repo)
            known = known_shapes(files, self._catalog)
            self._order(lambda: self._say_files(control, repo, files, known))
            if files and not control.is_cancelled():
                shapes = all_shapes(files, known, hub.remote_shape)
                self._order(lambda: self._say_files(control, repo, files, shapes))

        self._works.begin(Work.BROWSING, repo, look, lambda _: None)

    def _say_files(
        self, control: Control, repo: str, files: Sequence[HubFile], shapes: Mapping[str, ModelShape]
    ) -> None:
        if control.is_cancelled():
            return
        here = {status.id: status for status in self._queue().statuses() if not status.state.is_over}
        told = (
            events.RepositoryFile(
                file,
                self._fit(shapes[file.path]) if file.path in shapes else None,
                here.get(assembly.hub_request(file).id),
            )
            for file in files
        )
        self._say(events.RepositoryOpened(repo, tuple(told)))

    # Removing.

    def _delete(self, path: Path) -> None:
        self._works.stop(str(path))
        deletion = self._library.delete(path)
        self._deletions.append(deletion)
        self._say(events.ModelRemoved(deletion.path, deletion.title))
        self._refresh()

    def _undo_delete(self) -> None:
        if not self._deletions:
            raise InputError("There is nothing to bring back.")
        self._library.undo_delete(self._deletions.pop())
        self._refresh()
