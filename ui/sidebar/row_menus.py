"""What can be done with a chat, a folder, or the list itself, as menus."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.history.records import ConversationSummary, Folder
from ui.elided_label import one_line
from ui.sidebar.orders import SidebarOrders

MOST_NAME_CHARS = 40


class _Menu(QMenu):
    """Gone once it is closed."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(name)


class ChatMenu(_Menu):
    """For one chat, or for a place in one that a search found.

    Signals:
        open_requested(index): it is to be opened.
        rename_requested(index): its title is to be typed over.
    """

    open_requested = Signal(object)
    rename_requested = Signal(object)

    def __init__(
        self,
        conversation_id: int,
        summary: ConversationSummary | None,
        folders: Sequence[Folder],
        orders: SidebarOrders,
        index: QPersistentModelIndex,
        parent: QWidget,
    ) -> None:
        """`summary` None: a search found it, and it was used too long ago to be in the list."""
        super().__init__("Chat", parent)
        self._id, self._summary, self._orders, self._index = conversation_id, summary, orders, index
        self.addAction("Open", self._open)
        if index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.addAction("Rename\tF2", self._rename)
        if summary is not None and not summary.is_temporary:
            self.addAction("Unpin" if summary.is_pinned else "Pin", self._pin)
            self.addMenu(self._make_folders_menu(folders, summary.folder_id))
            self.addAction("Bring back" if summary.is_archived else "Archive", self._archive)
        if conversation_id > 0:  # others are temporary, and nowhere written
            self.addAction("Export…", self._export)
        self.addSeparator()
        self.addAction("Delete\tDel", self._delete)

    def _make_folders_menu(self, folders: Sequence[Folder], now_in: int | None) -> QMenu:
        menu = QMenu("Move to folder", self)
        for folder in folders:
            action = self._add_place(menu, in_a_menu(folder.name), folder.id)
            action.setCheckable(True)
            action.setChecked(folder.id == now_in)
        if folders:
            menu.addSeparator()
        if now_in is not None:
            self._add_place(menu, "No folder", None)
        menu.addAction("New folder…", self._ask_for_folder)
        return menu

    def _add_place(self, menu: QMenu, name: str, folder_id: int | None) -> QAction:
        action = menu.addAction(name)
        action.setData(folder_id)
        action.triggered.connect(self._move)
        return action

    @Slot()
    def _open(self) -> None:
        self.open_requested.emit(self._index)

    @Slot()
    def _rename(self) -> None:
        self.rename_requested.emit(self._index)

    @Slot()
    def _pin(self) -> None:
        self._orders.pin_requested.emit(self._id, self._summary is None or not self._summary.is_pinned)

    @Slot()
    def _archive(self) -> None:
        self._orders.archive_requested.emit(self._id, self._summary is None or not self._summary.is_archived)

    @Slot()
    def _export(self) -> None:
        self._orders.export_requested.emit(self._id)

    @Slot()
    def _delete(self) -> None:
        self._orders.delete_requested.emit(self._id)

    @Slot()
    def _ask_for_folder(self) -> None:
        self._orders.new_folder_requested.emit(self._id)

    @Slot()
    def _move(self) -> None:
        action = self.sender()
        now_in = self._summary.folder_id if self._summary is not None else None
        if isinstance(action, QAction) and action.data() != now_in:
            self._orders.move_requested.emit(self._id, action.data())


class FolderMenu(_Menu):
    """For one folder.

    Signals:
        rename_requested(index): its name is to be typed over.
    """

    rename_requested = Signal(object)

    def __init__(
        self,
        folder_id: int,
        is_empty: bool,
        orders: SidebarOrders,
        index: QPersistentModelIndex,
        parent: QWidget,
    ) -> None:
        super().__init__("Folder", parent)
        self._folder_id, self._orders, self._index = folder_id, orders, index
        self.addAction("Rename\tF2", self._rename)
        self.addAction("Export folder…", self._export).setEnabled(not is_empty)
        self.addAction("New folder…", self._ask_for_folder)
        self.addSeparator()
        words = "Delete folder" if is_empty else "Delete folder, keep its chats"
        self.addAction(f"{words}\tDel", self._delete)

    @Slot()
    def _rename(self) -> None:
        self.rename_requested.emit(self._index)

    @Slot()
    def _export(self) -> None:
        self._orders.folder_export_requested.emit(self._folder_id)

    @Slot()
    def _ask_for_folder(self) -> None:
        self._orders.new_folder_requested.emit(None)

    @Slot()
    def _delete(self) -> None:
        self._orders.folder_delete_requested.emit(self._folder_id)


class ListMenu(_Menu):
    """Where there is no row."""

    def __init__(self, orders: SidebarOrders, parent: QWidget) -> None:
        super().__init__("Chats", parent)
        self._orders = orders
        self.addAction("New folder…", self._ask_for_folder)

    @Slot()
    def _ask_for_folder(self) -> None:
        self._orders.new_folder_requested.emit(None)


def in_a_menu(untrusted_name: str) -> str:
    """Not too long, and without a letter underlined for what is only an ampersand."""
    name = one_line(untrusted_name)
    name = name if len(name) <= MOST_NAME_CHARS else name[: MOST_NAME_CHARS - 1] + "…"
    return name.replace("&", "&&")
