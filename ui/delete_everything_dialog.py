"""Asks whether really everything is to be deleted, and says what that is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QWidget

from ui.kinds import of_kind
from ui.library.dialog import Dialog
from ui.settings import parts

_WHAT = (
    "All chats and their backups, the key that opens them, the settings and the logs are deleted from this "
    "computer, and Ponder closes. This cannot be undone."
)
_MODELS = ("Keep them", "Delete them too")
_KEPT = "What you exported or saved elsewhere stays. So does Ponder itself."


class DeleteEverythingDialog(Dialog):
    """Cancel is what Enter does.

    Signals:
        confirmed(with_models): yes; whether the downloaded models go too.
    """

    confirmed = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Delete everything?", parent)
        self.add_words(_WHAT, "")
        self.add_words(_KEPT)
        self.models_buttons = QButtonGroup(self)
        self.body.addWidget(parts.words("The downloaded models", ""))
        self.body.addLayout(parts.choice("The downloaded models", _MODELS, self.models_buttons))
        for button in self.models_buttons.buttons():
            button.setAutoDefault(False)  # type: ignore[attr-defined]  # they are push buttons
        self.models_buttons.button(0).setChecked(True)
        self.delete_button = of_kind(self.add_action("Delete everything"), "danger")
        self.cancel_button = self.add_close("Cancel")
        self.cancel_button.setAutoDefault(True)
        self.cancel_button.setDefault(True)
        self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.delete_button.clicked.connect(self._delete)

    @Slot()
    def _delete(self) -> None:
        self.confirmed.emit(self.models_buttons.checkedId() == 1)
        self.accept()
