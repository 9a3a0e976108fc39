"""Where the offer to undo stands: over the composer, or in the sidebar where that alone is to be seen."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QStackedWidget

from ui.chat_page import ChatPage
from ui.shell import Shell
from ui.sidebar.sidebar import Sidebar


class UndoPlace(QObject):
    """Moves the bar of the chat page to and fro: chats can be deleted while another page is in front."""

    def __init__(self, page: ChatPage, sidebar: Sidebar, shell: Shell, pages: QStackedWidget) -> None:
        super().__init__(shell)
        self._page, self._sidebar, self._shell, self._pages = page, sidebar, shell, pages
        self._is_in_sidebar = False
        shell.folding_changed.connect(self._place)
        pages.currentChanged.connect(self._place)

    @Slot()
    def _place(self) -> None:
        is_covered = self._shell.is_narrow or self._pages.currentWidget() is not self._page
        is_in_sidebar = self._shell.is_sidebar_open and is_covered
        if is_in_sidebar == self._is_in_sidebar:
            return
        self._is_in_sidebar = is_in_sidebar
        bar = self._page.deleted_bar
        is_standing = bar.offers_undo
        place = self._sidebar.undo_place if is_in_sidebar else self._page.undo_place
        place.insertWidget(place.count() // 2, bar, 1000)
        bar.set_narrow(is_in_sidebar)
        bar.setVisible(is_standing)
