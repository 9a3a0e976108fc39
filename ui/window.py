"""The window: sidebar, header, and the pages chat, models and settings.

What the first picture does not show is built later, and its modules are imported then. So the slots for what
the chat says take an `object`: naming the event in `Slot` would import its module here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QPaintEvent,
    QShortcut,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.settings import Settings
from ui.chat_page import ChatPage
from ui.context_meter import ContextUse
from ui.elided_label import one_line
from ui.header import Header
from ui.later import Later
from ui.shell import Shell
from ui.sidebar.sidebar import Sidebar
from ui.tab_order import go_on, in_lines
from ui.theme import Theme
from ui.undo_place import UndoPlace

if TYPE_CHECKING:
    from app.chat.events import ConversationOpened, ConversationsListed, EngineStateChanged
    from models.engine.protocol import ModelFacts
    from ui.first_start.first_start_page import FirstStartPage
    from ui.library.models_page import ModelsPage
    from ui.lock.lock_page import LockPage
    from ui.settings.settings_page import SettingsPage

MIN_WIDTH_PX = 400
MIN_HEIGHT_PX = 360


class Places(NamedTuple):
    """The files and folders that the window names or offers."""

    built_in_model: Path
    data_dir: Path
    config_dir: Path


class Window(QMainWindow):
    """Puts the parts side by side and switches the pages; `ui.wiring` connects them to the chat.

    Signals:
        closing: the window is being closed.
        models_page_opened: the Models page came to the front.
        lock_requested: all chats are to be closed and covered.
        files_dropped(paths): model files were dropped on the window, a list of `Path`.
        first_painted: the window is on the screen and takes typing.
    """

    closing = Signal()
    first_painted = Signal()
    models_page_opened = Signal()
    lock_requested = Signal()
    files_dropped = Signal(list)

    def __init__(
        self, settings: Settings, theme: Theme, places: Places, *, is_first_start: bool = False
    ) -> None:
        super().__init__()
        self.setWindowTitle("Ponder")
        self.setMinimumSize(MIN_WIDTH_PX, MIN_HEIGHT_PX)
        self.setAcceptDrops(True)
        self._models_note = ""
        self._settings = settings
        self._places = places
        self._model: ModelFacts | None = None
        self._is_painted = False
        self.resize(settings.window_width, settings.window_height)
        self._titles: dict[int, str] = {}
        self._context_use = ContextUse()
        # From the outside in: a widget that gets another parent is styled again, with all that is in it.
        self._whole = QStackedWidget()
        self.setCentralWidget(self._whole)
        self.shell = Shell(sidebar_open=settings.sidebar_open)
        self._whole.addWidget(self.shell)
        self.header = Header(theme, places.built_in_model, self.shell.page)
        self.pages = QStackedWidget(self.shell.page)
        self.chat_page = ChatPage(theme, thoughts_open=settings.show_thinking, parent=self.pages)
        self.sidebar = Sidebar(theme, self.shell)
        self._lay_out()
        self.show_thinking(settings)
        self.chat_page.middle.set_zoom(settings.zoom_percent)
        self.later_models_page = Later(self._build_models_page)
        self.later_settings_page = Later(self._build_settings_page)
        self.later_first_start_page = Later(self._build_first_start_page)
        self.later_lock_page = Later(self._build_lock_page)
        self._undo_place = UndoPlace(self.chat_page, self.sidebar, self.shell, self.pages)
        self._connect()
        self._add_shortcuts()
        if is_first_start:
            self._whole.setCurrentWidget(self.first_start_page)
        else:
            self.chat_page.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    # Construction

    def _lay_out(self) -> None:
        self.pages.addWidget(self.chat_page)
        layout = QVBoxLayout(self.shell.page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.pages, 1)
        self.shell.take_sidebar(self.sidebar)

    def _build_models_page(self) -> ModelsPage:
        from ui.library.models_page import ModelsPage

        page = ModelsPage(self._places.built_in_model)
        self.pages.addWidget(page)
        return page

    def _build_settings_page(self) -> SettingsPage:
        from ui.settings.settings_page import SettingsPage

        page = SettingsPage(self._settings, self._places.data_dir, self._places.config_dir)
        page.sampling.show_model(self._model)
        self.pages.addWidget(page)
        return page

    def _build_first_start_page(self) -> FirstStartPage:
        from ui.first_start.first_start_page import FirstStartPage

        page = FirstStartPage()
        self._whole.addWidget(page)
        return page

    def _build_lock_page(self) -> LockPage:
        from ui.lock.lock_page import LockPage

        page = LockPage()
        self._whole.addWidget(page)
        return page

    def _connect(self) -> None:
        self.shell.folding_changed.connect(self.header.follow_folding)
        self.header.follow_folding(self.shell.is_narrow or not self.shell.is_sidebar_open)
        self.header.chats_requested.connect(self.toggle_sidebar)
        self.header.back_requested.connect(self.show_chat)
        self.header.pill.models_page_requested.connect(self.show_models)
        self.sidebar.models_requested.connect(self.show_models)
        self.sidebar.settings_requested.connect(self.show_settings)
        self.sidebar.lock_button.clicked.connect(self.lock_requested)

    def _add_shortcuts(self) -> None:
        for keys, slot in (
            ("Ctrl+N", self.sidebar.new_chat_requested.emit),
            ("Ctrl+Shift+N", self.sidebar.temporary_chat_requested.emit),
            ("Ctrl+K", self.search),
            ("Ctrl+F", self.find_in_chat),
            ("Ctrl++", self.chat_page.middle.zoom_in),
            ("Ctrl+=", self.chat_page.middle.zoom_in),  # plus without Shift
            ("Ctrl+-", self.chat_page.middle.zoom_out),
            ("Ctrl+0", self.chat_page.middle.zoom_back),
            ("F3", self.chat_page.middle.find_next),
            ("Shift+F3", self.chat_page.middle.find_previous),
            ("Ctrl+L", self.focus_composer),
            ("Ctrl+B", self.toggle_sidebar),
            ("Ctrl+Shift+L", self.lock_requested.emit),
            ("Ctrl+,", self.show_settings),
            ("F1", self._show_keys),
            ("Ctrl+Return", self.chat_page.answer_now),
            ("Ctrl+Enter", self.chat_page.answer_now),  # the one on the keypad
        ):  # they belong to the shell, so that none works unseen behind the first page
            shortcut = QShortcut(QKeySequence(keys), self.shell)
            shortcut.activated.connect(slot)
            # Held down, this one would send the question and then end its thought.
            shortcut.setAutoRepeat(slot != self.chat_page.answer_now)
        QShortcut(QKeySequence("Ctrl+Q"), self).activated.connect(self.close)

    # Public methods

    @property
    def models_page(self) -> ModelsPage:
        """The Models page; built at the first visit."""
        return self.later_models_page.get()

    @property
    def settings_page(self) -> SettingsPage:
        """The settings; built at the first visit."""
        return self.later_settings_page.get()

    @property
    def first_start_page(self) -> FirstStartPage:
        """The page of the very first start; built for that alone."""
        return self.later_first_start_page.get()

    @property
    def is_first_start(self) -> bool:
        """Whether the first page is in front."""
        page = self.later_first_start_page.built
        return page is not None and self._whole.currentWidget() is page

    @property
    def is_locked(self) -> bool:
        """Whether the lock page is in front."""
        page = self.later_lock_page.built
        return page is not None and self._whole.currentWidget() is page

    @property
    def is_models_page_in_front(self) -> bool:
        """Whether the Models page is in front."""
        page = self.later_models_page.built
        return page is not None and self.pages.currentWidget() is page

    @Slot()
    def leave_first_start(self) -> None:
        """The chat comes in place of the first page, for good."""
        if self.is_first_start:
            self._whole.setCurrentWidget(self.shell)
            self.show_chat()

    def show_lock(self) -> None:
        """The lock page covers everything."""
        page = self.later_lock_page.get()
        self._whole.setCurrentWidget(page)
        page.take_focus()

    def leave_lock(self) -> None:
        """The lock page goes."""
        if self.is_locked:
            self._whole.setCurrentWidget(self.shell)
            self.show_chat()

    def forget_chats(self) -> None:
        """Show no title, nothing that was looked for, and no transcript. What is being written stays."""
        self._titles = {}
        self._context_use = ContextUse()
        self.sidebar.forget_chats()
        self.chat_page.middle.later_aids.tell(lambda aids: aids.forget_all())
        self.chat_page.expect_words("")
        self._show_chat_in_header()

    def show_models_note(self, note: str) -> None:
        """What stands beside the title of the Models page."""
        self._models_note = note
        if self.is_models_page_in_front:
            self.header.show_page_title("Models", note)

    def set_theme(self, theme: Theme) -> None:
        """Repaint what the stylesheet does not reach."""
        self.sidebar.set_theme(theme)
        self.header.meter.set_theme(theme)
        self.chat_page.middle.set_theme(theme)

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
        if self.pages.currentWidget() is not self.chat_page or not self.chat_page.middle.find_in_chat():
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

    @Slot(object)
    def show_engine(self, change: EngineStateChanged) -> None:
        """Name the model in header and sidebar."""
        self.header.pill.show_model(change.model_title, change.built_in)
        self.sidebar.show_model(change.model_title, change.built_in)
        self._model = change.model
        self.later_settings_page.tell(lambda page: page.sampling.show_model(change.model))
        self._show_chat_in_header()

    @Slot(object)
    def show_conversations(self, listed: ConversationsListed) -> None:
        """Show all conversations in the sidebar; the title in front may have changed."""
        in_front = self.chat_page.conversation_id  # it may have been used too long ago to be listed
        self._titles = {key: title for key, title in self._titles.items() if key == in_front}
        self._titles |= {summary.id: one_line(summary.title) for summary in listed.conversations}
        self.sidebar.show_conversations(listed.conversations, listed.folders, has_more=listed.has_more)
        self.sidebar.select_conversation(self.chat_page.conversation_id)
        self._show_chat_in_header()

    @Slot(object)
    def show_conversation(self, opened: ConversationOpened) -> None:
        """A conversation came to the front, and the chat page with it."""
        if opened.conversation is not None:
            summary = opened.conversation.summary
            self._titles[summary.id] = one_line(summary.title)
        self.sidebar.select_conversation(self.chat_page.conversation_id)
        self._show_temporary(opened.is_temporary)
        if self.chat_page.keeps_keys:
            self._show_chat_in_header()
        else:
            self.show_chat()

    @Slot(ContextUse)
    def show_context(self, use: ContextUse) -> None:
        """What is in the context of the chat in front."""
        self._context_use = use
        self._show_context()

    def show_thinking(self, settings: Settings) -> None:
        """How the model is to think; the settings page is built from these settings when it is asked for."""
        self._settings = settings
        self.chat_page.composer.thinking_button.show_budget(
            settings.thinking_budget_tokens,
            settings.thinking_at_least_tokens,
            skips=settings.skips_thinking,
        )

    # Inside

    def _show_temporary(self, is_temporary: bool) -> None:
        self.header.show_temporary(is_temporary)
        self.chat_page.middle.empty_state.show_temporary(is_temporary)
        self.chat_page.composer.temporary_note.setVisible(is_temporary)

    def _show_page(self, page: QWidget, title: str, note: str = "") -> None:
        self.shell.close_overlay()
        self.pages.setCurrentWidget(page)
        self.header.show_page_title(title, note)

    def _show_chat_in_header(self) -> None:
        if self.pages.currentWidget() is not self.chat_page:
            return
        conversation_id = self.chat_page.conversation_id
        self.header.show_has_chat(self.chat_page.middle.has_turns)
        self.header.show_chat_title(self._titles.get(conversation_id, "") if conversation_id else "")
        self._show_context()

    def _show_context(self) -> None:
        if self.pages.currentWidget() is self.chat_page:
            self.header.meter.show_use(self._context_use)

    def _show_keys(self) -> None:
        from ui.keys_dialog import KeysDialog

        KeysDialog(self).open()

    def _open_menu_by_key(self) -> None:
        """The menu of what has the keys. On X11 and Wayland Qt itself knows only the Menu key for it."""
        part = self.focusWidget() or self
        place = part.visibleRegion().boundingRect().center()
        reason = QContextMenuEvent.Reason.Keyboard
        QApplication.sendEvent(part, QContextMenuEvent(reason, place, part.mapToGlobal(place)))

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape: closes the sidebar over the page, leaves it or a page, or stops the reply. Ctrl+Z: undo.

        Enter presses the button that has the keys, Shift+F10 opens the menu of what has them.
        """
        if event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
            self._open_menu_by_key()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button = self.focusWidget()  # of Qt's platforms only some desktops of Linux press it so
            if isinstance(button, QAbstractButton) and not event.isAutoRepeat():
                button.click()
        elif self._whole.currentWidget() is not self.shell:
            super().keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.chat_page.deleted_bar.undo()
        elif event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.shell.close_overlay():
            return
        elif self.pages.currentWidget() is not self.chat_page:
            self.show_chat()
        elif self.sidebar.isAncestorOf(self.focusWidget() or self):
            self.focus_composer()  # who leaves a search does not mean the reply
        else:
            self.chat_page.composer.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Coming back to the window, the headings of the sidebar may be of yesterday."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self.sidebar.regroup()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model files, nothing else."""
        from ui.library.add_file_dialog import dropped_files

        if dropped_files(event.mimeData()) and not self.is_locked:
            event.acceptProposedAction()
            self.models_page.show_drop_hint(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away again."""
        self.later_models_page.tell(lambda page: page.show_drop_hint(False))
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """They are to be added."""
        from ui.library.add_file_dialog import dropped_files

        self.models_page.show_drop_hint(False)
        paths = dropped_files(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab goes down the window, whichever part of it was made first."""
        focused = self.focusWidget()
        has_moved = False
        if focused is not None and focused.isVisible():  # Qt also asks while it hides what has the keys
            page = self.pages.currentWidget()
            is_chat = page is self.chat_page
            on_page = self.chat_page.tab_stops() if is_chat else in_lines(page) if page is not None else []
            stops = [*in_lines(self.sidebar), *in_lines(self.header), *on_page]
            has_moved = go_on(stops, focused, forwards=forwards)
        has_moved = has_moved or super().focusNextPrevChild(forwards)
        self.chat_page.middle.show_what_has_keys()
        return has_moved

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say once that there is something to be seen."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            self.first_painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Say so before the window goes."""
        self.closing.emit()
        super().closeEvent(event)
