"""Small questions of the Models page: yes or no, a name, a note."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QMessageBox, QWidget

from ui.library.dialog import Dialog

MAX_TITLE_CHARACTERS = 200
MAX_NOTE_CHARACTERS = 500


class Question(QMessageBox):
    """Asks before something is done that cannot be taken back.

    Signals:
        confirmed: yes.
    """

    confirmed = Signal()

    def __init__(
        self, window_title: str, text: str, more: str, *, yes: str, no: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setIcon(QMessageBox.Icon.NoIcon)
        self.setWindowTitle(window_title)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setInformativeText(more)
        for label in self.findChildren(QLabel):  # the informative text has a format of its own
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.yes_button = self.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
        self.no_button = self.addButton(no, QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.no_button)
        self.setEscapeButton(self.no_button)
        self.yes_button.clicked.connect(self.confirmed)


class LineQuestion(Dialog):
    """Asks for one line of text.

    Signals:
        answered(text): what was typed, without spaces at its ends; it may be empty.
    """

    answered = Signal(str)

    def __init__(
        self, title: str, words: str, text: str, *, max_characters: int, action: str, parent: QWidget
    ) -> None:
        super().__init__(title, parent)
        self.add_words(words)
        self.field = QLineEdit(text, maxLength=max_characters)
        self.field.setAccessibleName(title)
        self.body.addWidget(self.field)
        self.action_button = self.add_action(action, is_main=True)
        self.add_close("Cancel")
        self.action_button.clicked.connect(self._answer)
        self.field.returnPressed.connect(self._answer)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    @Slot()
    def _answer(self) -> None:
        self.answered.emit(self.field.text().strip())
        self.accept()
