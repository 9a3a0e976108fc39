"""What stands under a reply that did not end as it should: one text, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.history.records import Turn, TurnState
from models.errors import ENGINE_GONE, AppError, PromptTooLongError, says_too_long
from ui.theme import GUTTER_PX
from ui.transcript.clipboard import SelectableLabel
from ui.widgets.button_row import ButtonRow
from ui.widgets.text_button import TextButton

LENGTH_NOTE = "The room for this reply was used up."
INTERRUPTED_NOTE = "Ponder ended before this answer was complete."
FAILED_NOTE = "This reply could not be finished."
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
        self._line = QuietLine(text, self)
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, GUTTER_PX, 0)
        layout.setSpacing(0)
        layout.addWidget(self._line)
        layout.addWidget(self._go_on)
        layout.addStretch()
        self._wrap(wraps=not can_go_on)

    def set_busy(self, reason: str) -> None:
        """Why nothing can go on now; "" where it can."""
        self._go_on.setEnabled(not reason)
        self._go_on.setToolTip(reason or GO_ON_TIP)

    def retire(self) -> None:
        """Another question was asked behind it."""
        self._go_on.hide()

    def _wrap(self, *, wraps: bool) -> None:
        """A line that is not wrapped has the button right behind it."""
        self._line.setWordWrap(wraps)
        self._row.setStretchFactor(self._line, 1 if wraps else 0)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In two lines where there is no room for one."""
        super().resizeEvent(event)
        line_px = self._line.fontMetrics().horizontalAdvance(self._line.text()) + 3 * GUTTER_PX
        button_px = 0 if self._go_on.isHidden() else self._go_on.sizeHint().width()
        self._wrap(wraps=line_px + button_px > event.size().width())


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
        """`can_restart`: the engine has gone."""
        super().__init__(parent)
        self.is_about_engine = can_restart
        self._go_on = _go_on_button(self, can_go_on, kind="")
        self._go_on.clicked.connect(self.go_on_requested)
        self._restart = TextButton("Restart engine", self, kind="")
        self._restart.setVisible(can_restart)
        self._restart.clicked.connect(self.restart_requested)
        self._ask_again = ask_again = TextButton("Ask again", self, kind="")
        ask_again.setVisible(can_ask_again)
        ask_again.clicked.connect(self.ask_again_requested)
        buttons = ButtonRow(self._restart, self._go_on, ask_again)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(GUTTER_PX, 0, GUTTER_PX, 0)
        has_buttons = can_restart or can_ask_again or can_go_on
        if not has_buttons:
            buttons.hide()
        outer.addWidget(note_frame(text, kind, buttons, self))

    def retire(self) -> None:
        """Another question was asked: the engine runs again, or another one does."""
        self._restart.hide()
        self._go_on.hide()

    def set_restarting(self, is_restarting: bool) -> None:
        """The engine is on its way: it need not be started once more."""
        self._restart.setEnabled(not is_restarting)

    def set_busy(self, reason: str) -> None:
        """Why nothing can be asked now; "" where it can."""
        for button, tip in ((self._ask_again, ""), (self._go_on, GO_ON_TIP)):
            button.setEnabled(not reason)
            button.setToolTip(reason or tip)


def note_for(
    turn: Turn, error: AppError | None, parent: QWidget, *, can_go_on: bool
) -> Note | EndLine | None:
    """How a turn ended, if it is not finished. `error`: right after it failed; later None."""
    match turn.state:
        case TurnState.STOPPED:
            return EndLine("Stopped.", can_go_on=can_go_on, parent=parent)
        case TurnState.LENGTH:
            return EndLine(LENGTH_NOTE, can_go_on=can_go_on, parent=parent)
        case TurnState.INTERRUPTED:
            return Note(INTERRUPTED_NOTE, "amber", can_restart=False, can_go_on=can_go_on, parent=parent)
        case TurnState.FAILED:
            dead = isinstance(error, ENGINE_GONE)
            too_long = isinstance(error, PromptTooLongError) or says_too_long(turn.failure)
            return Note(
                str(error) if error else turn.failure or FAILED_NOTE,
                "red" if dead else "amber",
                can_restart=dead,
                can_ask_again=not too_long,
                can_go_on=can_go_on and not dead and not too_long,
                parent=parent,
            )
        case _:
            return None


def _go_on_button(parent: QWidget, can_go_on: bool, kind: str = "text") -> TextButton:
    button = TextButton("Go on", parent, kind=kind)
    button.setAccessibleName("Go on with the answer")
    button.setToolTip(GO_ON_TIP)
    button.setVisible(can_go_on)
    return button


def note_frame(text: str, kind: str, buttons: QWidget, parent: QWidget) -> QFrame:
    """A coloured frame around a text, which can be selected, and the row of its buttons."""
    frame = QFrame(parent)
    frame.setProperty("kind", kind)
    inner = QVBoxLayout(frame)
    inner.setContentsMargins(16, 12, 16, 12)
    inner.setSpacing(12)
    inner.addWidget(SelectableLabel(text))
    inner.addWidget(buttons)
    return frame
