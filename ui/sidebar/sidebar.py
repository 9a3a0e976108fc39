"""The sidebar: a new chat, search, the conversations, the model, and the way to the other pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.kinds import of_kind
from ui.later import Later
from ui.library.download_line import DownloadLine
from ui.sidebar.orders import SidebarOrders
from ui.theme import SIDEBAR_WIDTH_PX, Theme

if TYPE_CHECKING:
    from app.chat.events import ConversationsFound
    from app.history.records import ConversationSummary, Folder
    from ui.sidebar.chat_lists import ChatLists
    from ui.sidebar.conversation_view import ConversationView

_SEARCH_PAUSE_MS = 150


class Sidebar(QFrame):
    """What stands beside every page.

    `orders` is what is wanted of the chats and folders. The lists of them are built after the first picture
    of the window, or when the first chats come: what they import takes as long as all else in here.

    Signals:
        new_chat_requested, temporary_chat_requested, models_requested, settings_requested: the buttons.
        folder_named(name, conversation_id): a folder is to be made, and this chat put into it; None: nothing.
        search_requested(text): something was typed into the search field; never empty.
    """

    new_chat_requested = Signal()
    temporary_chat_requested = Signal()
    models_requested = Signal()
    settings_requested = Signal()
    folder_named = Signal(str, object)
    search_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "sidebar")
        self.setFixedWidth(SIDEBAR_WIDTH_PX)
        self.orders = SidebarOrders(self)
        self._theme = theme
        self.new_chat_button = QPushButton("+ New chat")
        self.new_chat_button.setAccessibleName("New chat")
        self.new_chat_button.setToolTip("Begin a new chat (Ctrl+N)")
        self.temporary_button = QPushButton("Temporary")
        self.temporary_button.setAccessibleName("New temporary chat")
        self.temporary_button.setToolTip("Begin a chat of which nothing is written (Ctrl+Shift+N)")
        self.search_field = _SearchField()
        self.undo_place = QVBoxLayout()
        self.undo_place.setContentsMargins(0, 0, 0, 8)
        self.lists = QStackedWidget()
        self.later_lists = Later(self._build_lists)
        self.model_label = of_kind(QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True), "third")
        self.download_line = DownloadLine()
        self.models_button = of_kind(QPushButton("Models"), "text")
        self.settings_button = of_kind(QPushButton("Settings"), "text")
        self.lock_button = of_kind(QPushButton("Lock"), "text")
        self.lock_button.setToolTip("Lock Ponder (Ctrl+Shift+L)")
        self._lock_dot = of_kind(QLabel("·"), "third")
        self._search_pause = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self._lay_out()
        self._connect()

    # Construction

    def _lay_out(self) -> None:
        links = QHBoxLayout()
        links.setSpacing(2)
        links.addWidget(self.models_button)
        links.addWidget(of_kind(QLabel("·"), "third"))
        links.addWidget(self.settings_button)
        links.addWidget(self._lock_dot)
        links.addWidget(self.lock_button)
        links.addStretch(1)
        self.offer_lock(False)
        footer = QVBoxLayout()
        footer.setContentsMargins(0, 8, 8, 0)
        footer.setSpacing(2)
        self.model_label.setContentsMargins(8, 0, 0, 0)
        footer.addWidget(self.download_line)
        footer.addWidget(self.model_label)
        footer.addLayout(links)
        line = of_kind(QFrame(), "line")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(0)
        new_chats = QHBoxLayout()
        new_chats.setSpacing(8)
        new_chats.addWidget(self.new_chat_button, 1)
        new_chats.addWidget(self.temporary_button)
        layout.addLayout(new_chats)
        layout.addSpacing(10)
        layout.addWidget(self.search_field)
        layout.addSpacing(4)
        layout.addWidget(self.lists, 1)
        layout.addSpacing(8)
        layout.addLayout(self.undo_place)
        layout.addWidget(line)
        layout.addLayout(footer)

    def _connect(self) -> None:
        self.new_chat_button.clicked.connect(self.new_chat_requested)
        self.models_button.clicked.connect(self.models_requested)
        self.settings_button.clicked.connect(self.settings_requested)
        self.temporary_button.clicked.connect(self.temporary_chat_requested)
        self.orders.new_folder_requested.connect(self.ask_for_folder)
        self.search_field.textChanged.connect(self._on_search_text_changed)
        self.search_field.left_downwards.connect(self.enter_list)
        self._search_pause.timeout.connect(self._search)

    def _build_lists(self) -> ChatLists:
        from ui.sidebar.chat_lists import ChatLists

        lists = ChatLists(self._theme, self.orders, self.lists)
        self.setTabOrder(self.search_field, lists.conversation_view)
        self.setTabOrder(lists.conversation_view, lists.hit_view)
        return lists

    # Public methods

    @property
    def conversation_view(self) -> ConversationView:
        """The list of chats; built now if it was not."""
        return self.later_lists.get().conversation_view

    @property
    def hit_view(self) -> ConversationView:
        """The list of what a search found; built now if it was not."""
        return self.later_lists.get().hit_view

    def show_conversations(
        self,
        conversations: Sequence[ConversationSummary],
        folders: Sequence[Folder] = (),
        *,
        has_more: bool = False,
    ) -> None:
        """Show these conversations, the last used first, and whether there are more; a search looks again."""
        self.later_lists.get().show_conversations(conversations, folders, has_more=has_more)
        if self.search_field.text().strip():
            self._search_pause.start()

    def regroup(self) -> None:
        """Put the conversations under the headings of today: a day may have passed."""
        self.later_lists.tell(lambda lists: lists.regroup())

    def show_hits(self, found: ConversationsFound) -> None:
        """Show what a search found, unless something else is looked for by now."""
        if found.text == self.search_field.text().strip():
            self.later_lists.get().show_hits(found)

    def offer_lock(self, is_offered: bool) -> None:
        """Whether there is a button that locks Ponder."""
        self._lock_dot.setVisible(is_offered)
        self.lock_button.setVisible(is_offered)

    def forget_chats(self) -> None:
        """Show no chat, and nothing that was looked for or found."""
        self.search_field.setText("")
        self.later_lists.tell(lambda lists: lists.forget())

    def select_conversation(self, conversation_id: int | None) -> None:
        """Mark the conversation in front; None marks none. Another one than before is unfolded."""
        self.later_lists.get().select_conversation(conversation_id)

    def show_model(self, title: str, is_built_in: bool) -> None:
        """Name the model at the foot, and say so if it is the demonstration model."""
        self.model_label.setText(f"{title}\nBuilt-in demonstration model" if is_built_in else title)

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours."""
        self._theme = theme
        self.later_lists.tell(lambda lists: lists.set_theme(theme))

    # Slots

    @Slot(object)
    def ask_for_folder(self, conversation_id: int | None) -> None:
        """Ask for the name of a new folder; the chat goes into it."""
        from ui.sidebar.folder_dialog import FolderDialog

        dialog = FolderDialog(conversation_id, self)
        dialog.named.connect(self.folder_named)
        dialog.open()

    @Slot()
    def focus_search(self) -> None:
        """Begin to search."""
        self.search_field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search_field.selectAll()

    @Slot()
    def _on_search_text_changed(self) -> None:
        if self.search_field.text().strip():
            self._search_pause.start()
        else:
            self._search_pause.stop()
            self.later_lists.tell(lambda lists: lists.show_chats())

    @Slot()
    def _search(self) -> None:
        self.search_requested.emit(self.search_field.text().strip())

    @Slot()
    def enter_list(self) -> None:
        """Go on with the keys in the list."""
        self.later_lists.get().in_front().setFocus(Qt.FocusReason.TabFocusReason)


class _SearchField(QLineEdit):
    """Where a search is typed.

    Signals:
        left_downwards: Down or Enter was pressed, to go on in the list.
    """

    left_downwards = Signal()

    def __init__(self) -> None:
        super().__init__(placeholderText="Search chats and messages")
        self.setAccessibleName("Search chats and messages")
        self.textChanged.connect(self._offer_to_clear)

    @Slot()
    def _offer_to_clear(self) -> None:
        """The button comes with the first text: making it takes as long as a tenth of the sidebar."""
        if self.isClearButtonEnabled():
            return
        self.setClearButtonEnabled(True)
        for clear_button in self.findChildren(QToolButton):
            clear_button.setAccessibleName("Clear the search")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape clears the field first; Down and Enter go on in the list."""
        match event.key():
            case Qt.Key.Key_Escape if self.text():
                self.clear()
            case Qt.Key.Key_Down | Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.left_downwards.emit()
            case _:
                super().keyPressEvent(event)
