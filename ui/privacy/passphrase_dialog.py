"""Asks for a new passphrase, twice."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui.library.dialog import Dialog
from ui.privacy.parts import secret_field

LEAST_CHARACTERS = 8
"""As `app.history.passphrase` has it, which is not for the GUI thread to import."""
_WORDS = (
    "Ponder will ask for it at each start. Five or six words that do not belong together are easy to "
    "remember and hard to guess. Nobody can find it out for you: save the recovery key too."
)


class PassphraseDialog(Dialog):
    """Closes once both fields hold the same passphrase and it was confirmed.

    Signals:
        chosen(passphrase): this is to be it.
    """

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.add_words(_WORDS)
        self.field = secret_field("New passphrase")
        self.again_field = secret_field("Once more")
        self.body.addWidget(self.field)
        self.body.addWidget(self.again_field)
        self.problem_label = self.add_words("", "error")
        self.problem_label.hide()
        self.choose_button = self.add_action("Use this passphrase", is_main=True)
        self.choose_button.clicked.connect(self._choose)
        self.add_close("Cancel")
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _choose(self) -> None:
        passphrase = self.field.text()
        if len(passphrase) < LEAST_CHARACTERS:
            self._say(f"It needs at least {LEAST_CHARACTERS} characters.")
        elif passphrase != self.again_field.text():
            self._say("The two are not the same.")
        else:
            self.accept()
            self.chosen.emit(passphrase)

    def _say(self, problem: str) -> None:
        self.problem_label.setText(problem)
        self.problem_label.show()
        self.fit_to_content()
