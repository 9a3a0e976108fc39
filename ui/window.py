"""The window: sidebar, header, and the pages chat, models and settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.chat.events import ConversationOpened, ConversationsListed, EngineStateChanged
from app.settings import Settings
from ui.chat_page import ChatPage
from ui.context_meter import ContextUse
from ui.first_start.first_start_page import FirstStartPage
from ui.header import Header
from ui.library.add_file_dialog import dropped_files
from ui.library.models_page import ModelsPage
from ui.settings.settings_page import SettingsPage
from ui.shell import Shell
from ui.sidebar.conversation_list_model import one_line
from ui.sidebar.sidebar import Sidebar
from ui.theme import Theme

MIN_WIDTH_PX = 400
MIN_HEIGHT_PX = 360


@dataclass(frozen=True, slots=True)
class Places:
    """The files and folders that the window names or offers."""

    built_in_model: Path
    data_dir: Path
    config_dir: Path


class Window(QMainWindow):
    """Puts the parts side by side and switches the pages; `ui.wiring` connects them to the chat.

    Signals:
        closing: the window is being closed.
        models_page_opened: the Models page came to the front.
        files_dropped(paths): model files were dropped on the window, a list of `Path`.
    """

    closing = Signal()
    models_page_opened = Signal()
    files_dropped = Signal(list)

    def __init__(
        self, settings: Settings, theme: Theme, places: Places, *, is_first_start: bool = False
    ) -> None:
        super().__init__()
        self.setWindowTitle("Ponder")
        self.setMinimumSize(MIN_WIDTH_PX, MIN_HEIGHT_PX)
        self.setAcceptDrops(True)
        self._models_note = ""
        self.resize(settings.window_width, settings.window_height)
        self._titles: dict[int, str] = {}
        self._context_use = ContextUse()
        self.sidebar = Sidebar(theme)
        self.header = Header(theme, places.built_in_model)
        self.chat_page = ChatPage(theme, thoughts_open=settings.show_thinking)
        self.show_thinking(settings)
        self.chat_page.set_zoom(settings.zoom_percent)
        self.models_page = ModelsPage(places.built_in_model)
        self.settings_page = SettingsPage(settings, places.data_dir, places.config_dir)
        self.pages = QStackedWidget()
        self.shell = self._make_shell(settings)
        self.first_start_page = FirstStartPage()
        self._whole = QStackedWidget()
        for part in (self.shell, self.first_start_page):
            self._whole.addWidget(part)
        self.setCentralWidget(self._whole)
        self._connect()
        self._add_shortcuts()
        if is_first_start:
            self._whole.setCurrentWidget(self.first_start_page)
        else:
            self.chat_page.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    # Construction

    def _make_shell(self, settings: Settings) -> Shell:
        for page in (self.chat_page, self.models_page, self.settings_page):
            self.pages.addWidget(page)
        main = QWidget()
        layout = QVBoxLayout(main)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.pages, 1)
        return Shell(self.sidebar, main, sidebar_open=settings.sidebar_open)

    def _connect(self) -> None:
        self.shell.folding_changed.connect(self.header.follow_folding)
        self.header.follow_folding(self.shell.is_narrow or not self.shell.is_sidebar_open)
        self.header.chats_requested.connect(self.toggle_sidebar)
        self.header.back_requested.connect(self.show_chat)
        self.header.pill.models_page_requested.connect(self.show_models)
        self.sidebar.models_requested.connect(self.show_models)
        self.sidebar.settings_requested.connect(self.show_settings)

    def _add_shortcuts(self) -> None:
        for keys, slot in (
            ("Ctrl+N", self.sidebar.new_chat_requested.emit),
            ("Ctrl+K", self.search),
            ("Ctrl+F", self.find_in_chat),
            ("Ctrl++", self.chat_page.zoom_in),
            ("Ctrl+=", self.chat_page.zoom_in),  # plus without Shift
            ("Ctrl+-", self.chat_page.zoom_out),
            ("Ctrl+0", self.chat_page.zoom_back),
            ("F3", self.chat_page.find_next),
            ("Shift+F3", self.chat_page.find_previous),
            ("Ctrl+L", self.focus_composer),
            ("Ctrl+B", self.toggle_sidebar),
            ("Ctrl+Return", self.chat_page.answer_now),
            ("Ctrl+Enter", self.chat_page.answer_now),  # the one on the keypad
        ):  # they belong to the shell, so that none works unseen behind the first page
            QShortcut(QKeySequence(keys), self.shell).activated.connect(slot)
        QShortcut(QKeySequence("Ctrl+Q"), self).activated.connect(self.close)

    # Public methods

    @property
    def is_first_start(self) -> bool:
        """Whether the first page is in front."""
        return self._whole.currentWidget() is self.first_start_page

    @Slot()
    def leave_first_start(self) -> None:
        """The chat comes in place of the first page, for good."""
        if self.is_first_start:
            self._whole.setCurrentWidget(self.shell)
            self.show_chat()

    def show_models_note(self, note: str) -> None:
        """What stands beside the title of the Models page."""
        self._models_note = note
        if self.pages.currentWidget() is self.models_page:
            self.header.show_page_title("Models", note)

    def set_theme(self, theme: Theme) -> None:
        """Repaint what the stylesheet does not reach."""
        self.sidebar.set_theme(theme)
        self.header.meter.set_theme(theme)
        self.chat_page.set_theme(theme)

    # Slots for the pages

    @Slot()
    def show_chat(self) -> None:
        """The chat comes to the front, ready to type in."""
        self.shell.close_overlay()
        self.pages.setCurrentWidget(self.chat_page)
        self._show_chat_in_header()
        self.focus_composer()

    @Slot()
    def show_models(self) -> None:
        """The Models page comes to the front."""
        self._show_page(self.models_page, "Models", self._models_note)
        self.models_page_opened.emit()

    @Slot()
    def show_settings(self) -> None:
        """The settings come to the front."""
        self._show_page(self.settings_page, "Settings")

    @Slot()
    def toggle_sidebar(self) -> None:
        """Fold the sidebar away, or bring it back; over the page it takes the keys."""
        self.shell.toggle_sidebar()
        if self.shell.is_narrow and self.shell.is_sidebar_open:
            self.sidebar.enter_list()
        elif self.pages.currentWidget() is self.chat_page:
            self.focus_composer()

    @Slot()
    def search(self) -> None:
        """Begin to search in the sidebar."""
        self.shell.open_sidebar()
        self.sidebar.focus_search()

    @Slot()
    def find_in_chat(self) -> None:
        """Find in the chat in front; where there is none, in all chats."""
        if self.pages.currentWidget() is not self.chat_page or not self.chat_page.find_in_chat():
            self.search()

    @Slot()
    def focus_composer(self) -> None:
        """Type a question."""
        if self.pages.currentWidget() is not self.chat_page:
            self.show_chat()
        self.chat_page.composer.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def come_to_front(self) -> None:
        """Show the window above the others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # Slots for what the chat says

    @Slot(EngineStateChanged)
    def show_engine(self, change: EngineStateChanged) -> None:
        """Name the model in header and sidebar."""
        self.header.pill.show_model(change.model_title, change.built_in)
        self.sidebar.show_model(change.model_title, change.built_in)
        self.settings_page.sampling.show_model(change.model)
        self._show_chat_in_header()

    @Slot(ConversationsListed)
    def show_conversations(self, listed: ConversationsListed) -> None:
        """Show all conversations in the sidebar; the title in front may have changed."""
        self._titles = {summary.id: one_line(summary.title) for summary in listed.conversations}
        self.sidebar.show_conversations(listed.conversations)
        self.sidebar.select_conversation(self.chat_page.conversation_id)
        self._show_chat_in_header()

    @Slot(ConversationOpened)
    def show_conversation(self, opened: ConversationOpened) -> None:
        """A conversation came to the front, and the chat page with it."""
        if opened.conversation is not None:
            summary = opened.conversation.summary
            self._titles[summary.id] = one_line(summary.title)
        self.sidebar.select_conversation(self.chat_page.conversation_id)
        self.show_chat()

    @Slot(ContextUse)
    def show_context(self, use: ContextUse) -> None:
        """What is in the context of the chat in front."""
        self._context_use = use
        self._show_context()

    def show_thinking(self, settings: Settings) -> None:
        """How the model is to think."""
        self.chat_page.composer.thinking_button.show_budget(
            settings.thinking_budget_tokens,
            settings.thinking_at_least_tokens,
            skips=settings.skips_thinking,
        )

    # Inside

    def _show_page(self, page: QWidget, title: str, note: str = "") -> None:
        self.shell.close_overlay()
        self.pages.setCurrentWidget(page)
        self.header.show_page_title(title, note)

    def _show_chat_in_header(self) -> None:
        if self.pages.currentWidget() is not self.chat_page:
            return
        conversation_id = self.chat_page.conversation_id
        self.header.show_has_chat(bool(self.chat_page.transcript.turns()))
        self.header.show_chat_title(self._titles.get(conversation_id, "") if conversation_id else "")
        self._show_context()

    def _show_context(self) -> None:
        if self.pages.currentWidget() is self.chat_page:
            self.header.meter.show_use(self._context_use)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape: closes the sidebar over the page, leaves a page, or stops the reply."""
        if event.key() != Qt.Key.Key_Escape or self.is_first_start:
            super().keyPressEvent(event)
        elif self.shell.close_overlay():
            return
        elif self.pages.currentWidget() is not self.chat_page:
            self.show_chat()
        else:
            self.chat_page.composer.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Coming back to the window, the headings of the sidebar may be of yesterday."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self.sidebar.regroup()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model files, nothing else."""
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()
            self.models_page.show_drop_hint(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away again."""
        self.models_page.show_drop_hint(False)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """They are to be added."""
        self.models_page.show_drop_hint(False)
        paths = dropped_files(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Say so before the window goes."""
        self.closing.emit()
        super().closeEvent(event)
