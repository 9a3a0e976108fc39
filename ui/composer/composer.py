"""The composer: the question being written, Send or Stop, and why it cannot be sent right now."""

from __future__ import annotations

import enum

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from models.errors import AppError
from ui.composer.drafts import Unsent
from ui.composer.editing_note import EditingNote
from ui.composer.question_edit import QuestionEdit
from ui.composer.temporary_note import TemporaryNote
from ui.composer.thinking_button import ThinkingButton
from ui.elided_label import ElidedLabel
from ui.kinds import of_kind
from ui.theme import COLUMN_WIDTH_PX
from ui.transcript.clipboard import SelectableLabel

MAX_WIDTH_PX = COLUMN_WIDTH_PX + 40
"""The reading column with 20 more on each side, so that the texts stand in one line."""
_BUTTON_WIDTH_PX = 76
"""Wide enough for both words, so that nothing moves when Send becomes Stop."""
_ALL_WORDS_FROM_PX = 560
"""Where the composer is narrower, the thinking button says less."""
LONG_DRAFT_CHARS = 800
"""From here on reading a draft ahead is worth it: some 200 tokens."""
DRAFT_REST_MS = 1000
_NO_CONNECTION = "Runs on this computer. No connection is open."
_CONNECTION = "Runs on this computer. A connection is open, to fetch a model."


class ComposerState(enum.Enum):
    """What the button does. Typing is possible in every state."""

    READY = enum.auto()
    WAITING = enum.auto()
    RUNNING = enum.auto()


class Composer(QWidget):
    """Where a question is written and sent.

    Signals:
        ask_requested(text): the question is to be sent; the field is empty then.
        version_requested(turn_id, text): an edited question is to be sent, as another version of that one.
        stop_requested: the running reply is to end.
        draft_rested(text): a long draft has not changed for a while and can be read ahead.
        thinking_chosen(values): how the model is to think from now on, fields of `Settings`.
    """

    ask_requested = Signal(str)
    version_requested = Signal(int, str)
    stop_requested = Signal()
    draft_rested = Signal(str)
    thinking_chosen = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaximumWidth(MAX_WIDTH_PX)
        self._state = ComposerState.WAITING
        self._running_for = QElapsedTimer()
        self.error_label = self._make_error_label()
        self.error_box = self._boxed(self.error_label)
        self.editing_note = EditingNote()
        self.temporary_note = TemporaryNote()
        self._draft = ""
        self._edited_from = ""
        self.edit = QuestionEdit()
        self.thinking_button = ThinkingButton()
        self.reason_label = of_kind(ElidedLabel(), "third")
        self.button = of_kind(QPushButton("Send"), "primary")
        self.button.setMinimumWidth(_BUTTON_WIDTH_PX)
        self.promise_label = self._make_promise_label()
        self._draft_rest = QTimer(self, singleShot=True, interval=DRAFT_REST_MS)
        self._lay_out()
        self.editing_note.cancelled.connect(self.cancel_edit)
        self.edit.send_requested.connect(self.send)
        self.edit.textChanged.connect(self._on_text_changed)
        self.button.clicked.connect(self._on_button_clicked)
        self.thinking_button.thinking_chosen.connect(self.thinking_chosen)
        self._draft_rest.timeout.connect(self._on_draft_rested)
        self.set_follow_up(False)
        self.set_waiting("")

    # Construction

    def _make_error_label(self) -> QLabel:
        label = SelectableLabel()
        label.setAccessibleName("Why the question was not sent")
        return label

    def _boxed(self, label: QLabel) -> QFrame:
        box = of_kind(QFrame(), "red")
        layout = QVBoxLayout(box)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.addWidget(label)
        box.hide()
        return box

    def _make_promise_label(self) -> QLabel:
        """It stands there only while it is true: see `show_connection`."""
        label = of_kind(QLabel(_NO_CONNECTION), "third")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        return label

    def _lay_out(self) -> None:
        box = of_kind(QFrame(), "composer")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.thinking_button)
        row.addWidget(self.reason_label, 1)
        row.addWidget(self.button)
        inside = QVBoxLayout(box)
        inside.setContentsMargins(14, 14, 14, 12)
        inside.setSpacing(8)
        inside.addWidget(self.temporary_note)
        inside.addWidget(self.editing_note)
        inside.addWidget(self.edit)
        inside.addLayout(row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.error_box)
        layout.addWidget(box)
        layout.addWidget(self.promise_label)

    # Public methods

    def set_ready(self) -> None:
        """The model is there: a question can be sent."""
        self._set_state(ComposerState.READY)

    def set_waiting(self, reason: str) -> None:
        """Nothing can be sent now; `reason` says why, beside the button."""
        self._set_state(ComposerState.WAITING, reason)

    def set_running(self, where: str = "") -> None:
        """A reply is being written: the button stops it. `where` stands beside it."""
        if self._state is not ComposerState.RUNNING:
            self._running_for.start()
        self._set_state(ComposerState.RUNNING, where)

    def show_connection(self, is_open: bool) -> None:
        """Whether something is being fetched now, a model or a list of models; chats never leave."""
        self.promise_label.setText(_CONNECTION if is_open else _NO_CONNECTION)

    def set_follow_up(self, is_follow_up: bool) -> None:
        """Whether the next question is the first one of its chat."""
        words = "Ask a follow-up…" if is_follow_up else "Ask anything…"
        if words != self.edit.placeholderText():
            self.edit.setPlaceholderText(words)
            if self.edit.isVisible():
                self.edit.viewport().update()  # Qt repaints it only with the next change of the text

    def text(self) -> str:
        """What is being written."""
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Put a draft into the field, the cursor at its end."""
        self.edit.setPlainText(text)
        cursor = self.edit.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        self.edit.setTextCursor(cursor)
        self.error_box.hide()

    def put_back(self, text: str, error: AppError) -> None:
        """A question was not taken: its text stands in the field again, before what came since."""
        self._join_draft(text)
        self.show_error(error)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_ready(self) -> bool:
        """Whether a question can be sent now."""
        return self._state is ComposerState.READY

    @property
    def edited_turn(self) -> int | None:
        """The question that is being edited, None while a new one is written."""
        return self.editing_note.turn_id

    def begin_edit(self, turn_id: int, text: str, *, is_typed: bool = False) -> None:
        """Put an earlier question into the field, to be sent as another version. The draft comes back.

        `is_typed`: the user has changed it already.
        """
        if self.edited_turn is None:
            self._draft = self.text()
        self._edited_from = "" if is_typed else text
        self.editing_note.show_turn(turn_id)
        self.set_text(text)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def unsent(self) -> Unsent:
        """What was typed and not sent. An earlier question that was not changed is none of it."""
        if self.edited_turn is None:
            return Unsent(self.text())
        if self.text() == self._edited_from:
            return Unsent(self._draft)
        return Unsent(self._draft, self.edited_turn, self.text())

    def show_unsent(self, unsent: Unsent) -> None:
        """In place of what is typed now, put this into the field."""
        self.cancel_edit()
        self.set_text(unsent.draft)
        if unsent.edited_turn is not None:
            self.begin_edit(unsent.edited_turn, unsent.edit, is_typed=True)

    def show_error(self, error: AppError) -> None:
        """Why what stands in the field was not taken."""
        self.error_label.setText(str(error))
        self.error_box.show()

    # Slots

    @Slot()
    def send(self) -> None:
        """Send what is written, if it can be sent now; else nothing changes."""
        text = self.text()
        if self._state is not ComposerState.READY:
            return
        if not text.strip():
            self.reason_label.setText("Write a question first.")
            return
        self.set_waiting("")
        turn_id = self.edited_turn
        if turn_id is None:
            self.edit.clear()
            self.ask_requested.emit(text)
        else:
            self.cancel_edit()
            self.version_requested.emit(turn_id, text)

    @Slot()
    def cancel_edit(self) -> None:
        """Leave the earlier question as it was; the draft stands in the field again."""
        if self.edited_turn is not None:
            self.editing_note.leave()
            self.set_text(self._draft)
            self._draft = self._edited_from = ""

    def ask_now(self, text: str) -> None:
        """Send `text` and leave the draft alone; where nothing can be sent now, it joins the draft."""
        if self._state is ComposerState.READY:
            self.set_waiting("")
            self.ask_requested.emit(text)
        else:
            self._join_draft(text)
            self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def stop(self) -> None:
        """End the running reply."""
        if self._state is ComposerState.RUNNING:
            self.stop_requested.emit()

    @Slot()
    def _on_button_clicked(self) -> None:
        if self._state is not ComposerState.RUNNING:
            self.send()
        elif self._running_for.hasExpired(QApplication.doubleClickInterval()):
            self.stop()  # the second half of a double click on Send is no wish to stop

    @Slot()
    def _on_draft_rested(self) -> None:
        if self._state is ComposerState.READY and self.edited_turn is None and self._is_draft_long():
            self.draft_rested.emit(self.text())

    @Slot()
    def _on_text_changed(self) -> None:
        self.error_box.hide()
        self._await_rest()
        if self._state is ComposerState.READY:
            self.reason_label.clear()
        self._show_button()

    # Inside

    def _join_draft(self, text: str) -> None:
        """Put a text before the draft, which waits while an earlier question is edited."""
        draft = self.text() if self.edited_turn is None else self._draft
        joined = f"{text}\n{draft}" if draft.strip() and draft != text else text
        if self.edited_turn is None:
            self.set_text(joined)
        else:
            self._draft = joined

    def _set_state(self, state: ComposerState, reason: str = "") -> None:
        if state is ComposerState.READY and self._state is not state:
            self._await_rest()  # what was written in the meantime can be read now
        self._state = state
        self.reason_label.setText(reason)
        self._show_button()

    def _await_rest(self) -> None:
        if self._is_draft_long():
            self._draft_rest.start()
        else:
            self._draft_rest.stop()

    def _is_draft_long(self) -> bool:
        return self.edit.document().characterCount() > LONG_DRAFT_CHARS

    def _show_button(self) -> None:
        running = self._state is ComposerState.RUNNING
        has_text = not self.edit.document().isEmpty()
        self.button.setText("Stop" if running else "Send")
        self.button.setToolTip("Stop the reply (Esc)" if running else "Send the question (Enter)")
        self.button.setEnabled(running or (self._state is ComposerState.READY and has_text))

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves an earlier question that is being edited."""
        if event.key() == Qt.Key.Key_Escape and self.edited_turn is not None:
            self.cancel_edit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer words where it is narrow."""
        super().resizeEvent(event)
        self.thinking_button.set_short(self.width() < _ALL_WORDS_FROM_PX)
