"""Connects the window to the library: first start, Models page, downloads, and the model of the chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from app.chat.events import EngineState, EngineStateChanged, TurnEnded, TurnStarted
from app.library import fit_words
from app.library.events import (
    DownloadChanged,
    FileAdded,
    LibraryProblem,
    MachineMeasured,
    ModelRemoved,
    ShelfChanged,
    Work,
    WorkEnded,
    WorkProgressed,
)
from app.settings import MAX_LICENCES, Settings
from models.download_status import DownloadState, DownloadStatus
from models.errors import AppError
from models.fit import Fit
from ui.bridges.chat_bridge import ChatBridge
from ui.bridges.library_bridge import LibraryBridge
from ui.library.model_chooser import ModelChooser
from ui.library_dialogs import LibraryDialogs
from ui.model_pill import PillChoice
from ui.settings.settings_keeper import SettingsKeeper
from ui.transcript.untrusted_text import shown
from ui.window import Window

if TYPE_CHECKING:
    from ui.first_start.first_start_page import FirstStartPage
    from ui.library.models_page import ModelsPage


class LibraryWiring(QObject):
    """Owns the connections, and knows what the parts need of each other: shelf, machine, downloads."""

    def __init__(
        self,
        *,
        window: Window,
        bridge: LibraryBridge,
        chat_bridge: ChatBridge,
        keeper: SettingsKeeper,
        chooser: ModelChooser,
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._library = bridge.library
        self._keeper = keeper
        self._chooser = chooser
        self._open_url = open_url
        self._shelf = ShelfChanged((), ())
        self._has_shelf = False
        self._downloads: dict[str, DownloadStatus] = {}
        self._works: dict[tuple[str, Work], WorkProgressed] = {}
        self._is_browsing = False
        self._use_when_here = ""
        self._running_turns: set[int] = set()
        self._path_in_use: Path | None = None
        self._kv_type = keeper.settings.kv_type
        self._token = ""
        self._network = self._network_values()
        self.dialogs = LibraryDialogs(window, self._library, open_url, keeper.settings.accepted_licences)
        self.dialogs.hub = keeper.settings.hub_endpoint or self.dialogs.hub
        self._connect_events(bridge)
        self._connect_window()
        window.later_models_page.when_built(self._connect_models_page)
        window.later_first_start_page.when_built(self._connect_first_start)
        self._connect_chat(chat_bridge)
        self._connect_settings()

    # Construction

    def _connect_events(self, bridge: LibraryBridge) -> None:
        bridge.machine_measured.connect(self._show_machine)
        bridge.shelf_changed.connect(self._show_shelf)
        bridge.download_changed.connect(self._show_download)
        bridge.work_progressed.connect(self._show_work)
        bridge.work_ended.connect(self._end_work)
        bridge.file_added.connect(self._show_added)
        bridge.model_removed.connect(self._show_removed)
        bridge.problem_met.connect(self._show_problem)
        bridge.repository_opened.connect(self.dialogs.show_repository)
        bridge.files_found.connect(self.dialogs.show_found)

    def _connect_window(self) -> None:
        self._window.files_dropped.connect(self.dialogs.ask_how_to_add)
        self._window.models_page_opened.connect(self._library.refresh)
        self._window.header.downloads_requested.connect(self._window.show_models)
        self._window.sidebar.download_line.clicked.connect(self._window.show_models)
        self._window.chat_page.notice_bars.offer_taken.connect(self._use_offered)

    def _connect_models_page(self, page: ModelsPage) -> None:
        """When it is there: its buttons, and what was said before."""
        library, dialogs = self._library, self.dialogs
        page.verify_requested.connect(library.verify)
        page.delete_requested.connect(library.delete)
        page.undo_requested.connect(library.undo_delete)
        page.stop_requested.connect(library.stop_work)
        page.reveal_requested.connect(self._reveal)
        page.rename_requested.connect(dialogs.ask_for_title)
        page.note_requested.connect(dialogs.ask_for_note)
        page.sum_requested.connect(dialogs.show_sum)
        page.download_requested.connect(dialogs.download)
        page.details_requested.connect(dialogs.show_details)
        page.pause_requested.connect(library.pause)
        page.resume_requested.connect(library.resume)
        page.cancel_requested.connect(library.cancel)
        page.add_requested.connect(dialogs.ask_for_files)
        page.browse_requested.connect(dialogs.open_repository)
        page.find_requested.connect(dialogs.find_files)
        page.measured_requested.connect(dialogs.show_measured)
        page.show_in_use(self._chooser.current)
        if dialogs.machine is not None:
            page.show_machine(dialogs.machine.machine)
        if self._has_shelf:
            page.show_shelf(self._shelf)
        for status in self._downloads.values():
            page.show_download(status)
        for going_on in self._works.values():
            page.show_work(going_on.about, going_on.work, going_on.fraction)

    def _connect_first_start(self, page: FirstStartPage) -> None:
        """When it is there: its buttons, and what was said before."""
        page.download_requested.connect(self.dialogs.download)
        self.dialogs.download_begun.connect(self._note_begun)
        page.use_requested.connect(self._use_from_first_start)
        page.start_requested.connect(self._leave_first_start)
        page.choose_requested.connect(self._choose_another)
        page.add_requested.connect(self._add_own_file)
        page.measured_requested.connect(self.dialogs.show_measured)
        page.pause_requested.connect(self._library.pause)
        page.resume_requested.connect(self._library.resume)
        page.cancel_requested.connect(self._library.cancel)
        if self.dialogs.machine is not None:
            page.show_machine(self.dialogs.machine)
        if self._has_shelf:
            page.show_shelf(self._shelf)
        for status in self._downloads.values():
            page.show_download(status)

    def _connect_chat(self, bridge: ChatBridge) -> None:
        bridge.turn_started.connect(self._on_turn_started)
        bridge.turn_ended.connect(self._on_turn_ended)
        bridge.engine_changed.connect(self._on_engine_changed)
        self._chooser.chosen.connect(self._on_chosen)

    def _connect_settings(self) -> None:
        self._keeper.changed.connect(self._follow_settings)
        self.dialogs.licence_accepted.connect(self._keep_licence)
        self._window.later_settings_page.when_built(
            lambda page: page.downloads_card.token_changed.connect(self._use_token)
        )

    # Slots for what the library says

    @Slot(MachineMeasured)
    def _show_machine(self, measured: MachineMeasured) -> None:
        self.dialogs.machine = measured
        self._window.later_first_start_page.tell(lambda page: page.show_machine(measured))
        self._window.later_models_page.tell(lambda page: page.show_machine(measured.machine))
        self._window.show_models_note(fit_words.machine_line(measured.machine))

    @Slot(ShelfChanged)
    def _show_shelf(self, shelf: ShelfChanged) -> None:
        self._shelf, self._has_shelf = shelf, True
        self.dialogs.shelf = shelf
        self._downloads = {a.download.id: a.download for a in shelf.available if a.download is not None}
        self._downloads |= {status.id: status for status in shelf.other_downloads}
        self._window.later_models_page.tell(lambda page: page.show_shelf(shelf))
        self._window.later_first_start_page.tell(lambda page: page.show_shelf(shelf))
        self._show_downloads()
        self._show_choices()

    @Slot(DownloadChanged)
    def _show_download(self, changed: DownloadChanged) -> None:
        status = changed.status
        before = self._downloads.get(status.id)
        self._downloads[status.id] = status
        self._window.later_models_page.tell(lambda page: page.show_download(status))
        self._window.later_first_start_page.tell(lambda page: page.show_download(status))
        self._show_downloads()
        if status.state is DownloadState.DONE and (before is None or not before.state.is_over):
            self._welcome(status)
        elif status.state is DownloadState.CANCELLED and status.id == self._use_when_here:
            self._use_when_here = ""

    @Slot(WorkProgressed)
    def _show_work(self, progressed: WorkProgressed) -> None:
        self._works[progressed.about, progressed.work] = progressed
        self._window.later_models_page.tell(
            lambda page: page.show_work(progressed.about, progressed.work, progressed.fraction)
        )
        if progressed.work is Work.BROWSING:
            self._is_browsing = True
            self._show_connection()

    @Slot(WorkEnded)
    def _end_work(self, ended: WorkEnded) -> None:
        self._works.pop((ended.about, ended.work), None)
        self._window.later_models_page.tell(lambda page: page.end_work(ended.about, ended.work))
        if ended.work is Work.BROWSING:
            self._is_browsing = False
            self._show_connection()
        self.dialogs.end_work(ended)

    @Slot(FileAdded)
    def _show_added(self, added: FileAdded) -> None:
        """On the Models page its card is the answer; elsewhere it is said."""
        on_page = self._window.is_models_page_in_front
        if not on_page and added.path != self._chooser.current:
            self._offer(added.path, added.path.stem)

    @Slot(ModelRemoved)
    def _show_removed(self, removed: ModelRemoved) -> None:
        was_deleted = any(
            model.path == removed.path and model.is_in_folder for model in self._shelf.installed
        )
        self._window.models_page.show_removed(removed.title, was_deleted=was_deleted)
        self._window.chat_page.notice_bars.withdraw(str(removed.path))

    @Slot(LibraryProblem)
    def _show_problem(self, problem: LibraryProblem) -> None:
        """Where the user is."""
        if self.dialogs.show_problem(problem):
            return
        if self._window.is_first_start:
            self._window.first_start_page.show_error(problem.error)
        elif self._window.is_models_page_in_front:
            self._window.models_page.show_error(problem.error)
        else:
            self._show_notice(problem.error)

    # Slots for the first start

    @Slot(str)
    def _note_begun(self, model_id: str) -> None:
        """What was begun on the first page is used as soon as it is here, if no chat runs then."""
        if self._window.is_first_start:
            self._use_when_here = model_id
            self._window.first_start_page.clear_error()
            self._keeper.change(first_start_done=True)

    @Slot()
    def _leave_first_start(self) -> None:
        self._keeper.change(first_start_done=True)
        self._window.leave_first_start()

    @Slot(Path)
    def _use_from_first_start(self, path: Path) -> None:
        self._leave_first_start()
        self._chooser.use(path)

    @Slot()
    def _choose_another(self) -> None:
        self._leave_first_start()
        self._window.show_models()

    @Slot()
    def _add_own_file(self) -> None:
        self._choose_another()
        self.dialogs.ask_for_files()

    # Slots for the model of the chat

    @Slot(TurnStarted)
    def _on_turn_started(self, started: TurnStarted) -> None:
        self._running_turns.add(started.turn.id)

    @Slot(TurnEnded)
    def _on_turn_ended(self, ended: TurnEnded) -> None:
        self._running_turns.discard(ended.turn.id)
        is_temporary = ended.turn.id < 0  # not even its speed is written
        if self._path_in_use is not None and ended.error is None and not is_temporary:
            self._library.note_reply(self._path_in_use, ended.turn.usage)

    @Slot(EngineStateChanged)
    def _on_engine_changed(self, change: EngineStateChanged) -> None:
        """Note when a model was used last, once for each load, and what stands in memory."""
        path = change.model_path
        if change.state is not EngineState.READY:
            if self._path_in_use is not None:
                self._path_in_use = None
                self._library.note_loaded(None)
        elif path is not None:
            if path != self._path_in_use:
                self._path_in_use = path
                self._library.note_used(path)
            self._library.note_loaded(path, change.model)

    @Slot(Path)
    def _on_chosen(self, path: Path) -> None:
        """A file opened from anywhere joins the list."""
        self._window.chat_page.notice_bars.withdraw(str(path))
        known = any(model.path == path for model in self._shelf.installed)
        if not known and path != self._chooser.built_in_model:
            self._library.add_file(path, copy=False)
        self._show_choices()

    @Slot(str)
    def _use_offered(self, path: str) -> None:
        self._chooser.use(Path(path))

    @Slot(Path)
    def _reveal(self, path: Path) -> None:
        self._open_url(QUrl.fromLocalFile(str(path.parent)))

    # Slots for the settings

    @Slot(str)
    def _keep_licence(self, name: str) -> None:
        names = dict.fromkeys((*self._keeper.settings.accepted_licences, name))
        self._keeper.change(accepted_licences=tuple(names)[-MAX_LICENCES:])

    @Slot(Settings)
    def _follow_settings(self, settings: Settings) -> None:
        if settings.kv_type != self._kv_type:
            self._kv_type = settings.kv_type
            self._library.set_kv_type(settings.kv_type)
        self._follow_network()

    @Slot(str)
    def _use_token(self, token: str) -> None:
        self._token = token
        self._follow_network()

    # Inside

    def _follow_network(self) -> None:
        """The hub's module is imported where it is needed, not at the start of the window."""
        if self._network_values() == self._network:
            return
        from app.library.assembly import network_settings

        self._network = self._network_values()
        network = network_settings(self._keeper.settings, token=self._token)
        self.dialogs.hub = network.endpoint
        self._library.set_network(network)

    def _network_values(self) -> tuple[str, str, bool, str]:
        settings = self._keeper.settings
        return settings.hub_endpoint, settings.hub_proxy, settings.works_offline, self._token

    def _welcome(self, status: DownloadStatus) -> None:
        """A model is here: use it where that was the wish and no chat runs, offer it elsewhere."""
        path = Path(status.destination)
        was_wished, self._use_when_here = status.id == self._use_when_here, ""
        if was_wished and self._may_switch():
            self._window.leave_first_start()
            self._chooser.use(path)
        else:
            self._offer(path, status.title)

    def _offer(self, path: Path, untrusted_title: str) -> None:
        words = f"{shown(untrusted_title)} is here."
        self._window.chat_page.notice_bars.offer(str(path), words, "Use it now")

    def _may_switch(self) -> bool:
        return not self._running_turns and self._window.chat_page.conversation_id is None

    def _show_downloads(self) -> None:
        line = self._window.sidebar.download_line
        line.show_downloads(self._downloads.values())
        short = line.words.partition(" · ")[0]
        if line.words:
            self._window.header.show_download(f"Download {line.words}", f"Download {short}")
        else:
            self._window.header.show_download("")
        self._show_connection()

    def _show_connection(self) -> None:
        """What the composer promises has to be true."""
        runs = any(status.state is DownloadState.RUNNING for status in self._downloads.values())
        self._window.chat_page.composer.show_connection(runs or self._is_browsing)

    def _show_choices(self) -> None:
        current = self._chooser.current
        self._window.later_models_page.tell(lambda page: page.show_in_use(current))
        choices: Sequence[PillChoice] = [
            PillChoice(model.title, _detail(model.fit), model.path)
            for model in self._shelf.installed
            if not model.problem and not model.is_built_in
        ]
        self._window.header.pill.set_choices(current, choices)

    def _show_notice(self, error: AppError) -> None:
        self._window.chat_page.notice_bars.add(error)


def _detail(fit: Fit | None) -> str:
    """How it fits and how fast it is, for the menu."""
    return " · ".join(part for part in (fit_words.badge(fit), fit_words.speed(fit)) if part) if fit else ""
