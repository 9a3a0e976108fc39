"""What a user wants done with one turn: one place where every message says it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class TurnOrders(QObject):
    """Handed to each turn; whoever shows the chat listens here.

    Signals:
        version_requested: turn id, question. To be asked beside that turn, which stays as a version.
        edit_requested: turn id, question. The user wants to change it and ask again.
        show_requested: turn id. This version is to be shown in place of the one that is.
        continue_requested: turn id. Its answer ended early and is to go on from there.
        branch_requested: turn id. The chat up to this turn is to go on in a chat of its own.
        delete_requested: turn id. The question and its answer are to be deleted.
    """

    version_requested = Signal(int, str)
    edit_requested = Signal(int, str)
    show_requested = Signal(int)
    continue_requested = Signal(int)
    branch_requested = Signal(int)
    delete_requested = Signal(int)
