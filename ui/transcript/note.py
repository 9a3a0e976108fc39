"""What stands under a reply that did not end as it should: one text, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from ui.theme import GUTTER_PX
from ui.widgets.text_button import TextButton

GO_ON_TIP = "Let the answer go on from here, without thinking again"


class QuietLine(QLabel):
    """A line in third colour: "Stopped."."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setProperty("kind", "third")
        self.setWordWrap(True)
        self.setContentsMargins(GUTTER_PX, 0, GUTTER_PX, 0)


class EndLine(QWidget):
    """How a reply ended, and where it can, "Go on".

    Signals:
        go_on_requested: the answer is to go on from where it ended.
    """

    go_on_requested = Signal()

    def __init__(self, text: str, *, can_go_on: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._go_on = _go_on_button(self, can_go_on)
        self._go_on.clicked.connect(self.go_on_requested)
        line = QuietLine(text, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, GUTTER_PX, 0)
        layout.setSpacing(0)
        line.setWordWrap(not can_go_on)
        layout.addWidget(line, 0 if can_go_on else 1)
        layout.addWidget(self._go_on)
        layout.addStretch()

    def set_busy(self, reason: str) -> None:
        """Why nothing can go on now; "" where it can."""
        self._go_on.setEnabled(not reason)
        self._go_on.setToolTip(reason or GO_ON_TIP)

    def retire(self) -> None:
        """Another question was asked behind it."""
        self._go_on.hide()


class Note(QWidget):
    """A coloured block; `kind` is amber or red.

    Signals:
        go_on_requested: "Go on" was pressed.
        restart_requested: "Restart engine" was pressed.
        ask_again_requested: "Ask again" was pressed.
    """

    go_on_requested = Signal()
    restart_requested = Signal()
    ask_again_requested = Signal()

    def __init__(
        self,
        text: str,
        kind: str,
        *,
        can_restart: bool,
        can_ask_again: bool = True,
        can_go_on: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._go_on = _go_on_button(self, can_go_on, kind="")
        self._go_on.clicked.connect(self.go_on_requested)
        self._restart = TextButton("Restart engine", self, kind="")
        self._restart.setVisible(can_restart)
        self._restart.clicked.connect(self.restart_requested)
        self._ask_again = ask_again = TextButton("Ask again", self, kind="")
        ask_again.setVisible(can_ask_again)
        ask_again.clicked.connect(self.ask_again_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._restart)
        buttons.addWidget(self._go_on)
        buttons.addWidget(ask_again)
        buttons.addStretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(GUTTER_PX, 0, GUTTER_PX, 0)
        has_buttons = can_restart or can_ask_again or can_go_on
        outer.addWidget(note_frame(text, kind, buttons if has_buttons else None, self))

    def retire(self) -> None:
        """Another question was asked: the engine runs again, or another one does."""
        self._restart.hide()
        self._go_on.hide()

    def set_busy(self, reason: str) -> None:
        """Why nothing can be asked now; "" where it can."""
        for button, tip in ((self._ask_again, ""), (self._go_on, GO_ON_TIP)):
            button.setEnabled(not reason)
            button.setToolTip(reason or tip)


def _go_on_button(parent: QWidget, can_go_on: bool, kind: str = "text") -> TextButton:
    button = TextButton("Go on", parent, kind=kind)
    button.setAccessibleName("Go on with the answer")
    button.setToolTip(GO_ON_TIP)
    button.setVisible(can_go_on)
    return button


def note_frame(text: str, kind: str, buttons: QLayout | None, parent: QWidget) -> QFrame:
    """A coloured frame around a text, which can be selected, and the row of its buttons."""
    frame = QFrame(parent)
    frame.setProperty("kind", kind)
    label = QLabel(frame)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    inner = QVBoxLayout(frame)
    inner.setContentsMargins(16, 12, 16, 12)
    inner.setSpacing(12)
    inner.addWidget(label)
    if buttons is not None:
        inner.addLayout(buttons)
    return frame
