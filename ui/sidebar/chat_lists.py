"""The lists of the sidebar: the chats under their headings, and what a search found in their place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QStackedWidget

from ui.sidebar.conversation_list_model import SectionKey, hit_rows
from ui.sidebar.conversation_view import ConversationView
from ui.sidebar.orders import SidebarOrders
from ui.sidebar.sections import ARCHIVED, conversation_rows, section_of
from ui.theme import Theme

if TYPE_CHECKING:
    from app.chat.events import ConversationsFound
    from app.history.records import ConversationSummary, Folder


class ChatLists(QObject):
    """Fills a stack with both lists and knows what stands in them."""

    def __init__(self, theme: Theme, orders: SidebarOrders, stack: QStackedWidget) -> None:
        super().__init__(stack)
        self._stack = stack
        self._conversations: Sequence[ConversationSummary] = ()
        self._folders: Sequence[Folder] = ()
        self._has_more = False
        self._folded: set[SectionKey] = {ARCHIVED}
        self._shown_id: int | None = None
        self.conversation_view = ConversationView(theme, orders, stack)
        self.conversation_view.setAccessibleName("Chats")
        self.conversation_view.setUniformItemSizes(True)  # else Qt asks for the height of every row
        self.hit_view = ConversationView(theme, orders, stack)
        self.hit_view.setAccessibleName("Found")
        stack.addWidget(self.conversation_view)
        stack.addWidget(self.hit_view)
        orders.fold_requested.connect(self._fold_or_unfold)

    # Public methods

    def show_conversations(
        self, conversations: Sequence[ConversationSummary], folders: Sequence[Folder], *, has_more: bool
    ) -> None:
        """Show these conversations, the last used first, and whether there are more."""
        self._conversations, self._folders, self._has_more = conversations, folders, has_more
        for view in (self.conversation_view, self.hit_view):
            view.follow(conversations, folders)
        self.regroup()

    def regroup(self) -> None:
        """Put the conversations under the headings of today."""
        now = datetime.now().astimezone()
        folders, folded, has_more = self._folders, self._folded, self._has_more
        rows = conversation_rows(self._conversations, now, folders, folded, has_more=has_more)
        self.conversation_view.set_rows(rows)

    def select_conversation(self, conversation_id: int | None) -> None:
        """Mark the conversation in front; None marks none. Another one than before is unfolded."""
        if conversation_id == self._shown_id:
            return
        self._shown_id = conversation_id
        summary = next((each for each in self._conversations if each.id == conversation_id), None)
        section = section_of(summary) if summary is not None else None
        if section in self._folded and section is not None:
            self._folded.discard(section)
            self.regroup()
        self.conversation_view.select_conversation(conversation_id)

    def show_hits(self, found: ConversationsFound) -> None:
        """What a search found comes to the front."""
        self.hit_view.set_rows(hit_rows(found.hits, found.turns_not_searched))
        self._stack.setCurrentWidget(self.hit_view)

    def show_chats(self) -> None:
        """The chats come to the front."""
        self._stack.setCurrentWidget(self.conversation_view)

    def in_front(self) -> ConversationView:
        """The list that is seen."""
        is_found = self._stack.currentWidget() is self.hit_view
        return self.hit_view if is_found else self.conversation_view

    def forget(self) -> None:
        """Show no chat, and nothing that was found."""
        self.conversation_view.leave_editing()
        self.hit_view.set_rows([])
        self.show_conversations((), (), has_more=False)

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours."""
        self.conversation_view.set_theme(theme)
        self.hit_view.set_theme(theme)

    # Slots

    @Slot(object)
    def _fold_or_unfold(self, section: SectionKey) -> None:
        self._folded ^= {section}
        self.regroup()
