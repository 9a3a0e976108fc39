"""The list of conversations: open, arrange, rename and delete, with the mouse and with the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Slot
from PySide6.QtGui import QContextMenuEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QLineEdit,
    QListView,
    QMenu,
    QWidget,
)

from ui.sidebar.conversation_list_model import ConversationListModel, Role, Row, RowKind
from ui.sidebar.orders import SidebarOrders
from ui.sidebar.row_delegate import RowDelegate
from ui.theme import Theme

if TYPE_CHECKING:
    from app.history.records import ConversationSummary, Folder


class ConversationView(QListView):
    """The conversations under their headings, or what a search found; `orders` hears what is wanted."""

    def __init__(self, theme: Theme, orders: SidebarOrders, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("conversationView")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(False)  # the delegate shows where it would go
        self.setMouseTracking(True)
        self.rows = ConversationListModel(self)
        self.row_delegate = RowDelegate(theme, self)
        self._orders = orders
        self._summaries: Sequence[ConversationSummary] = ()
        self._folders: Sequence[Folder] = ()
        self._rows_to_come: Sequence[Row] | None = None
        self._shown_id: int | None = None
        self.setModel(self.rows)
        self.setItemDelegate(self.row_delegate)
        self.rows.rename_requested.connect(orders.rename_requested)
        self.rows.folder_rename_requested.connect(orders.folder_rename_requested)
        self.rows.move_requested.connect(orders.move_requested)
        self.clicked.connect(self._open)

    # Public methods

    def follow(self, summaries: Sequence[ConversationSummary], folders: Sequence[Folder]) -> None:
        """What the menus offer depends on these."""
        self._summaries, self._folders = summaries, folders

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; while a title is being typed, after that. The keys stay where they are."""
        if self.state() is QAbstractItemView.State.EditingState:
            self._rows_to_come = rows
            return
        before = self.currentIndex()
        chat, section, number = before.data(Role.CONVERSATION_ID), before.data(Role.SECTION), before.row()
        scrolled_px = self.verticalScrollBar().value()
        if not self.rows.set_rows(rows):
            return
        if self.hasFocus() and number >= 0:
            index = self.rows.index_of(chat) if chat is not None else self.rows.index_of_section(section)
            self.setCurrentIndex(index if index.isValid() else self.rows.nearest(number))
        else:
            self.select_conversation(self._shown_id)
        self.executeDelayedItemsLayout()
        self.verticalScrollBar().setValue(scrolled_px)

    def select_conversation(self, conversation_id: int | None) -> None:
        """Mark the conversation that is in front; None marks none."""
        self._shown_id = conversation_id
        self.row_delegate.shown_id = conversation_id
        self.viewport().update()
        index = self.rows.index_of(conversation_id)
        self.setCurrentIndex(index)
        if not index.isValid():
            self.clearSelection()

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours."""
        self.row_delegate.set_theme(theme)
        self.viewport().update()

    @Slot(object)
    def rename(self, index: QModelIndex | QPersistentModelIndex) -> None:
        """Type over the title or the name of this row."""
        if index.isValid() and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(self.rows.index(index.row()))

    def leave_editing(self) -> None:
        """A title that is being typed over stays as it was."""
        editor = self.viewport().findChild(QLineEdit)
        if editor is not None and self.state() is QAbstractItemView.State.EditingState:
            self.closeEditor(editor, QAbstractItemDelegate.EndEditHint.RevertModelCache)

    def delete_row(self, index: QModelIndex) -> None:
        """Delete this chat or this folder; an undo is offered."""
        chat, section = index.data(Role.CONVERSATION_ID), index.data(Role.SECTION)
        if chat is not None:
            self._orders.delete_requested.emit(chat)
        elif isinstance(section, int):
            self._orders.folder_delete_requested.emit(section)

    def menu_of(self, index: QModelIndex) -> QMenu:
        """What can be done with this row; with none, what can be done with the list."""
        from ui.sidebar.row_menus import ChatMenu, FolderMenu, ListMenu

        chat, section = index.data(Role.CONVERSATION_ID), index.data(Role.SECTION)
        if chat is not None:
            summary = next((each for each in self._summaries if each.id == chat), None)
            menu = ChatMenu(chat, summary, self._folders, self._orders, QPersistentModelIndex(index), self)
            menu.open_requested.connect(self._open)
            menu.rename_requested.connect(self.rename)
            return menu
        if isinstance(section, int):
            is_empty = not index.data(Role.CHATS) and not index.data(Role.HAS_MORE)
            of_folder = FolderMenu(section, is_empty, self._orders, QPersistentModelIndex(index), self)
            of_folder.rename_requested.connect(self.rename)
            return of_folder
        return ListMenu(self._orders, self)

    # Slots

    @Slot(QModelIndex)
    @Slot(object)
    def _open(self, index: QModelIndex | QPersistentModelIndex) -> None:
        """Open a chat; fold a section or unfold it."""
        chat, section = index.data(Role.CONVERSATION_ID), index.data(Role.SECTION)
        turn = index.data(Role.TURN_ID)
        if turn is not None:
            words = _longest_found(index.data(Role.EXCERPT), index.data(Role.RANGES))
            self._orders.words_requested.emit(words)
            self._orders.turn_requested.emit(chat, turn)
        if chat is not None:
            self._orders.open_requested.emit(chat)
        elif section is not None:
            self._orders.fold_requested.emit(section)
        elif index.data(Role.KIND) is RowKind.MORE:
            self._orders.more_requested.emit()

    # Inside

    def _mark_drop(self, folder_id: int | None) -> None:
        self.row_delegate.dropped_on = folder_id
        self.viewport().update()

    def _step_out_or_fold(self, index: QModelIndex) -> None:
        """Left: an open section folds; from a chat in one to its heading."""
        heading = self.rows.heading_of(index)
        if heading.isValid():
            self.setCurrentIndex(heading)
        elif index.data(Role.SECTION) is not None and not index.data(Role.IS_FOLDED):
            self._open(index)

    # Qt overrides

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the row under the mouse; by key, of the current one."""
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        self._open_menu(self.currentIndex() if by_key else self.indexAt(event.pos()), event.pos(), by_key)

    def _open_menu(self, index: QModelIndex, position: QPoint, by_key: bool) -> None:
        menu = self.menu_of(index)
        if by_key and index.isValid():
            self.scrollTo(index)
            box = self.visualRect(index)
            position = QPoint(box.left() + 12, box.bottom())
        menu.popup(self.viewport().mapToGlobal(position))
        if by_key and menu.actions():
            menu.setActiveAction(menu.actions()[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens or folds, F2 renames, Delete deletes, Left and Right fold and unfold."""
        index = self.currentIndex()
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._open(index)
            case Qt.Key.Key_Space if index.data(Role.SECTION) is not None:
                self._open(index)
            case Qt.Key.Key_Left:
                self._step_out_or_fold(index)
            case Qt.Key.Key_Right if index.data(Role.IS_FOLDED):
                self._open(index)
            case Qt.Key.Key_F2:
                self.rename(index)
            case Qt.Key.Key_F10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._open_menu(index, self.rect().center(), by_key=True)
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                if not event.isAutoRepeat():  # held down it would delete one chat after the other
                    self.delete_row(index)
            case _:
                super().keyPressEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Mark the folder that the chat would go into."""
        super().dragMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        folder = index.data(Role.SECTION) if Qt.ItemFlag.ItemIsDropEnabled in index.flags() else None
        self._mark_drop(folder)
        event.setAccepted(folder is not None)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It went elsewhere."""
        super().dragLeaveEvent(event)
        self._mark_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask for the chat to be moved."""
        self._mark_drop(None)
        index = self.indexAt(event.position().toPoint())
        event.acceptProposedAction()
        self.rows.dropMimeData(event.mimeData(), Qt.DropAction.MoveAction, -1, -1, index)
        self.setState(QAbstractItemView.State.NoState)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Show the rows that came while a title was being typed."""
        super().closeEditor(editor, hint)
        if self._rows_to_come is not None:
            rows, self._rows_to_come = self._rows_to_come, None
            self.set_rows(rows)


def _longest_found(excerpt: str, ranges: Sequence[tuple[int, int]]) -> str:
    return max((excerpt[start:end] for start, end in ranges), key=len, default="")
