"""What can be done with a message: buttons that keep their room, and are seen when mouse or keys are near."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from ui.theme import GUTTER_PX
from ui.transcript.versions import VersionSwitch
from ui.widgets.copy_button import CopyButton
from ui.widgets.text_button import TextButton

EDIT = "Edit and ask again"
EDIT_SHORT = "Edit"
EDIT_TIP = "Put the question into the field below, to change it and ask again (F2)"
AGAIN_TIP = "Ask the same question again; this answer stays as a version (F5)"
BRANCH = "Continue in a new chat"
DELETE = "Delete question and answer"


class QuietRow:
    """Buttons that are seen while the mouse is over their message, or the keyboard on one of them.

    They keep their room and stay in the tab order: nothing moves, and nothing needs a mouse.
    """

    def __init__(self) -> None:
        self._buttons: list[QuietButton | QuietCopy] = []

    def add(self, *buttons: QuietButton | QuietCopy) -> None:
        """Have these appear together."""
        self._buttons += buttons

    def leave_out(self, part: QWidget) -> None:
        """Those in this part of the message are about to go."""
        self._buttons = [button for button in self._buttons if not part.isAncestorOf(button)]

    def show_all(self, is_near: bool) -> None:
        """Whether the mouse is over the message."""
        for button in self._buttons:
            button.is_near = is_near
            button.update()


class QuietButton(TextButton):
    """Words that are painted only when they are near."""

    is_near = False

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint for who is here."""
        if is_seen(self, self.is_near):
            super().paintEvent(event)


class QuietCopy(CopyButton):
    """Copies, and is painted only when it is near."""

    is_near = False

    def __init__(
        self,
        words: str,
        text: Callable[[], str],
        name: str,
        parent: QWidget | None = None,
        *,
        at_right: bool = False,
    ) -> None:
        """`words` stand on the button."""
        super().__init__(text, name, parent, words=words, at_right=at_right)

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint for who is here."""
        if is_seen(self, self.is_near):
            super().paintEvent(event)


def is_seen(button: QPushButton, is_near: bool) -> bool:
    """Whether a quiet button is to be painted now."""
    return is_near or button.hasFocus() or button.underMouse()


class QuestionActions(QWidget):
    """Under a question: its versions, copy it, write it anew, and what else can be done with the turn.

    Signals:
        edit_requested: the question is to stand in the composer, to be changed and asked again.
        version_requested: turn id. This version is to be shown.
        branch_requested: the chat up to here is to go on in a chat of its own.
        delete_requested: the question and its answer are to be deleted.
    """

    edit_requested = Signal()
    version_requested = Signal(int)
    branch_requested = Signal()
    delete_requested = Signal()

    def __init__(self, question: str, row: QuietRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copy_button = QuietCopy("Copy", lambda: question, "Copy the question", self, at_right=True)
        self.edit_button = QuietButton(EDIT, self)
        self.edit_button.setAccessibleName(EDIT)
        self.more_button = QuietButton("More", self)
        self.more_button.setAccessibleName("More that can be done with this question and its answer")
        self.versions = VersionSwitch(self)
        self._busy_reason = ""
        self.versions.version_requested.connect(self.version_requested)
        self.edit_button.clicked.connect(self.edit_requested)
        self.more_button.clicked.connect(self._open_menu)
        row.add(self.copy_button, self.edit_button, self.more_button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(1)  # else the row would keep the page from getting narrow
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(GUTTER_PX, 0, GUTTER_PX, 0)
        layout.setSpacing(4)
        layout.addStretch()
        for part in (self.copy_button, self.edit_button, self.more_button, self.versions):
            layout.addWidget(part)
        self.set_busy("")

    def set_busy(self, reason: str) -> None:
        """Why nothing can be changed now; "" where it can."""
        self._busy_reason = reason
        self.versions.set_busy(reason)
        self.edit_button.setEnabled(not reason)
        self.edit_button.setToolTip(reason or EDIT_TIP)

    def _edit_words(self) -> str:
        """Fewer where the text is large and the page narrow."""
        button, width_px = self.edit_button, self.edit_button.fontMetrics().horizontalAdvance
        parts = [part for part in (self.copy_button, self.more_button, self.versions) if not part.isHidden()]
        others_px = sum(part.sizeHint().width() + self._row.spacing() for part in parts)
        needed_px = others_px + button.sizeHint().width() - width_px(button.text()) + width_px(EDIT)
        return EDIT if needed_px <= self.width() - 2 * GUTTER_PX else EDIT_SHORT

    @Slot()
    def _open_menu(self) -> None:
        menu = QMenu(self.more_button)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for words, signal in ((BRANCH, self.branch_requested), (DELETE, self.delete_requested)):
            action = menu.addAction(words)
            action.triggered.connect(signal)
            action.setEnabled(not self._busy_reason)
            action.setToolTip(self._busy_reason)
        menu.popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many words as there is room for."""
        super().resizeEvent(event)
        self.edit_button.setText(self._edit_words())
