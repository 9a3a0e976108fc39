"""What can be wanted of the chats and folders in the sidebar, by menu, key or mouse."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class SidebarOrders(QObject):
    """The same for the list of chats and for what a search found.

    Signals:
        words_requested(text): it was found in the turn that is opened next, and is to be marked there.
        turn_requested(conversation_id, turn_id): the chat to be opened next is to show this turn.
        open_requested, delete_requested, export_requested(conversation_id).
        rename_requested(conversation_id, title).
        pin_requested, archive_requested(conversation_id, bool): keep it at the top, put it out of the way.
        move_requested(conversation_id, folder_id): into a folder; None: into none.
        new_folder_requested(conversation_id): ask for the name of a folder, for this chat; None: for none.
        folder_rename_requested(folder_id, name), folder_delete_requested(folder_id),
        folder_export_requested(folder_id).
        more_requested: list also chats that were used longer ago.
        fold_requested(section): show what is under this heading, or no longer.
    """

    words_requested = Signal(str)
    turn_requested = Signal(int, int)
    open_requested = Signal(int)
    rename_requested = Signal(int, str)
    delete_requested = Signal(int)
    export_requested = Signal(int)
    pin_requested = Signal(int, bool)
    archive_requested = Signal(int, bool)
    move_requested = Signal(int, object)
    new_folder_requested = Signal(object)
    folder_rename_requested = Signal(int, str)
    folder_delete_requested = Signal(int)
    folder_export_requested = Signal(int)
    more_requested = Signal()
    fold_requested = Signal(object)
