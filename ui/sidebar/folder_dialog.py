"""Asks for the name of a new folder."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from ui.elided_label import one_line
from ui.library.dialog import Dialog

WIDTH_PX = 360
MOST_NAME_CHARS = 200


class FolderDialog(Dialog):
    """For one folder; `conversation_id` is the chat that goes into it, None for none.

    Signals:
        named(name, conversation_id): the folder is to be made.
    """

    named = Signal(str, object)

    def __init__(self, conversation_id: int | None, parent: QWidget) -> None:
        super().__init__("New folder", parent, width_px=WIDTH_PX)
        self._conversation_id = conversation_id
        self.name_field = QLineEdit(placeholderText="Name")
        self.name_field.setAccessibleName("Name of the folder")
        self.name_field.setMaxLength(MOST_NAME_CHARS)
        self.body.addWidget(self.name_field)
        self.make_button = self.add_action("Make folder", is_main=True)
        self.add_close("Cancel")
        self.name_field.textChanged.connect(self._show_whether_named)
        self.make_button.clicked.connect(self._make)
        self._show_whether_named()
        self.name_field.setFocus()

    @Slot()
    def _show_whether_named(self) -> None:
        self.make_button.setEnabled(bool(one_line(self.name_field.text())))

    @Slot()
    def _make(self) -> None:
        self.named.emit(one_line(self.name_field.text()), self._conversation_id)
        self.accept()
