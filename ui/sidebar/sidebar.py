"""The sidebar: a new chat, search, the conversations, the model, and the way to the other pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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

from app.chat.events import ConversationsFound
from app.history.records import ConversationSummary
from ui.kinds import of_kind
from ui.library.download_line import DownloadLine
from ui.sidebar.conversation_list_model import conversation_rows, hit_rows
from ui.sidebar.conversation_view import ConversationView
from ui.theme import SIDEBAR_WIDTH_PX, Theme

_SEARCH_PAUSE_MS = 150


class Sidebar(QFrame):
    """What stands beside every page.

    Signals:
        new_chat_requested, models_requested, settings_requested: the buttons.
        turn_requested(conversation_id, turn_id): the conversation to be opened next is to show this turn.
        open_requested(conversation_id): a conversation, or a place the search found, was chosen.
        rename_requested(conversation_id, title), delete_requested(conversation_id).
        search_requested(text): something was typed into the search field; never empty.
    """

    new_chat_requested = Signal()
    models_requested = Signal()
    settings_requested = Signal()
    turn_requested = Signal(int, int)
    open_requested = Signal(int)
    rename_requested = Signal(int, str)
    delete_requested = Signal(int)
    search_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "sidebar")
        self.setFixedWidth(SIDEBAR_WIDTH_PX)
        self._conversations: Sequence[ConversationSummary] = ()
        self.new_chat_button = QPushButton("+ New chat")
        self.new_chat_button.setAccessibleName("New chat")
        self.new_chat_button.setToolTip("Begin a new chat (Ctrl+N)")
        self.search_field = _SearchField()
        self.conversation_view = ConversationView(theme)
        self.conversation_view.setAccessibleName("Chats")
        self.hit_view = ConversationView(theme)
        self.hit_view.setAccessibleName("Found")
        self.lists = QStackedWidget()
        self.lists.addWidget(self.conversation_view)
        self.lists.addWidget(self.hit_view)
        self.model_label = of_kind(QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True), "third")
        self.download_line = DownloadLine()
        self.models_button = of_kind(QPushButton("Models"), "text")
        self.settings_button = of_kind(QPushButton("Settings"), "text")
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
        links.addStretch(1)
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
        layout.addWidget(self.new_chat_button)
        layout.addSpacing(10)
        layout.addWidget(self.search_field)
        layout.addSpacing(4)
        layout.addWidget(self.lists, 1)
        layout.addSpacing(8)
        layout.addWidget(line)
        layout.addLayout(footer)

    def _connect(self) -> None:
        self.new_chat_button.clicked.connect(self.new_chat_requested)
        self.models_button.clicked.connect(self.models_requested)
        self.settings_button.clicked.connect(self.settings_requested)
        for view in (self.conversation_view, self.hit_view):
            view.turn_requested.connect(self.turn_requested)
            view.open_requested.connect(self.open_requested)
            view.delete_requested.connect(self.delete_requested)
        self.conversation_view.rename_requested.connect(self.rename_requested)
        self.search_field.textChanged.connect(self._on_search_text_changed)
        self.search_field.left_downwards.connect(self.enter_list)
        self._search_pause.timeout.connect(self._search)

    # Public methods

    def show_conversations(self, conversations: Sequence[ConversationSummary]) -> None:
        """Show all conversations, the last used first; a search that is open looks again."""
        self._conversations = conversations
        self.regroup()
        if self.search_field.text().strip():
            self._search_pause.start()

    def regroup(self) -> None:
        """Put the conversations under the headings of today: a day may have passed."""
        rows = conversation_rows(self._conversations, datetime.now().astimezone())
        self.conversation_view.set_rows(rows)

    def show_hits(self, found: ConversationsFound) -> None:
        """Show what a search found, unless something else is looked for by now."""
        if found.text == self.search_field.text().strip():
            self.hit_view.set_rows(hit_rows(found.hits))
            self.lists.setCurrentWidget(self.hit_view)

    def select_conversation(self, conversation_id: int | None) -> None:
        """Mark the conversation in front; None marks none."""
        self.conversation_view.select_conversation(conversation_id)

    def show_model(self, title: str, is_built_in: bool) -> None:
        """Name the model at the foot, and say so if it is the demonstration model."""
        self.model_label.setText(f"{title}\nBuilt-in demonstration model" if is_built_in else title)

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours."""
        self.conversation_view.set_theme(theme)
        self.hit_view.set_theme(theme)

    # Slots

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
            self.lists.setCurrentWidget(self.conversation_view)

    @Slot()
    def _search(self) -> None:
        self.search_requested.emit(self.search_field.text().strip())

    @Slot()
    def enter_list(self) -> None:
        """Go on with the keys in the list."""
        self._list_in_front().setFocus(Qt.FocusReason.TabFocusReason)

    def _list_in_front(self) -> ConversationView:
        in_front = self.lists.currentWidget() is self.hit_view
        return self.hit_view if in_front else self.conversation_view


class _SearchField(QLineEdit):
    """Where a search is typed.

    Signals:
        left_downwards: Down or Enter was pressed, to go on in the list.
    """

    left_downwards = Signal()

    def __init__(self) -> None:
        super().__init__(placeholderText="Search chats and messages")
        self.setAccessibleName("Search chats and messages")
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
