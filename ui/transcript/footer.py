"""What stands under a finished answer: copy it, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import numbers_in_words as words
from app.history.records import Turn, TurnState
from models.engine.protocol import Usage
from ui import theme as look
from ui.theme import GUTTER_PX
from ui.transcript.message_actions import AGAIN_TIP, QuietButton, QuietCopy, QuietRow
from ui.widgets.copy_button import CopyButton
from ui.widgets.text_button import TextButton

ONE_LINE_FROM_PX = 460

_ENDED = {
    TurnState.RUNNING: "not yet",
    TurnState.FINISHED: "by the model",
    TurnState.LENGTH: "the room was used up",
    TurnState.STOPPED: "you stopped it",
    TurnState.FAILED: "by an error",
    TurnState.INTERRUPTED: "Ponder was closed",
}


class Footer(QWidget):
    """Copying and another answer on the left, the speed and the details on the right.

    Signals:
        another_requested: the same question is to be asked again.
    """

    another_requested = Signal()

    def __init__(
        self,
        turn: Turn,
        copied: Callable[[], str],
        parent: QWidget | None = None,
        *,
        copied_text: Callable[[], str],
        quiet_row: QuietRow,
    ) -> None:
        """`copied` gives the Markdown of the answer, `copied_text` what is shown of it."""
        super().__init__(parent)
        self._speed = turn.usage.tokens_per_s
        copy = CopyButton(copied, "Copy the answer", self)
        as_text = QuietCopy("Copy as text", copied_text, "Copy the answer as text", self)
        for button in (copy, as_text):
            button.setVisible(bool(turn.answer.strip()))
        self._another = another = QuietButton("Another answer", self)
        another.clicked.connect(self.another_requested)
        self.set_busy("")
        quiet_row.add(as_text, another)
        self._quiet = QWidget(self)
        quiet = QHBoxLayout(self._quiet)
        quiet.setContentsMargins(0, 0, 0, 0)
        quiet.addWidget(as_text)
        quiet.addWidget(another)
        quiet.addStretch()
        self._details = TextButton("", self)
        self._details.setFont(look.tabular(look.small_font()))
        self._details.setVisible(turn.usage != Usage())
        self._details.clicked.connect(self._toggle)
        self._turn = turn
        self._numbers: QWidget | None = None
        self._copy = copy
        self._row = row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(copy)
        row.addWidget(self._quiet)
        row.addStretch()
        row.addWidget(self._details)
        self.setMinimumWidth(1)  # else the row would keep the page from getting narrow
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        self._say()

    @property
    def details(self) -> TextButton:
        """The button that unfolds the numbers."""
        return self._details

    @property
    def is_open(self) -> bool:
        """Whether the numbers are unfolded."""
        return self._numbers is not None and not self._numbers.isHidden()

    def set_busy(self, reason: str) -> None:
        """Why nothing can be asked now; "" where it can."""
        self._another.setEnabled(not reason)
        self._another.setToolTip(reason or AGAIN_TIP)

    def _say(self) -> None:
        opened = self.is_open
        what = "less" if opened else "details"
        speed = f"{words.speed(self._speed)} tokens/s · " if self._speed else ""
        self._details.setText(speed + what)
        spoken = f"{words.speed(self._speed)} tokens a second, " if self._speed else ""
        self._details.setAccessibleName(f"{spoken}details, {'opened' if opened else 'folded'}")

    @Slot()
    def _toggle(self) -> None:
        opens = not self.is_open
        if self._numbers is None:
            self._numbers = _numbers(self._turn, self)
            self._column.addWidget(self._numbers)
        self._numbers.setVisible(opens)
        self._say()

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow, the quiet buttons stand in a line of their own."""
        super().resizeEvent(event)
        parts = (self._copy, self._quiet, self._details)
        needed_px = sum(part.sizeHint().width() + self._row.spacing() for part in parts)
        narrow = event.size().width() < max(ONE_LINE_FROM_PX, needed_px)
        if narrow == (self._row.indexOf(self._quiet) >= 0):
            if narrow:
                self._row.removeWidget(self._quiet)
                self._column.insertWidget(1, self._quiet)
            else:
                self._column.removeWidget(self._quiet)
                self._row.insertWidget(1, self._quiet)


def _numbers(turn: Turn, parent: QWidget) -> QWidget:
    """A small grid: what, and how much."""
    panel = QWidget(parent)
    grid = QGridLayout(panel)
    grid.setContentsMargins(GUTTER_PX, 0, GUTTER_PX, 4)
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    font = look.tabular(look.small_font())
    for row, (what, how_much) in enumerate(_facts(turn)):
        for column, (text, kind) in enumerate(((what, "third"), (how_much, "small"))):
            label = QLabel(panel)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setText(text)
            label.setProperty("kind", kind)
            label.setFont(font)
            label.setWordWrap(column == 1)
            grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop)
    return panel


def _facts(turn: Turn) -> Iterator[tuple[str, str]]:
    usage = turn.usage
    if usage.prompt_tokens:
        cached = f", {usage.cached_tokens:,} of them still in memory" if usage.cached_tokens else ""
        yield "Prompt", words.tokens(usage.prompt_tokens) + cached + _at(usage.prompt_tokens_per_s)
    if usage.reasoning_tokens:
        thought = f"{words.tokens(usage.reasoning_tokens)} in {words.duration(usage.reasoning_s)}"
        yield "Thinking", thought + _at(usage.reasoning_tokens_per_s)
    yield "Answer", words.tokens(usage.answer_tokens) + _at(usage.answer_tokens_per_s)
    if usage.time_to_first_token_s:
        yield "First token", f"after {words.duration(usage.time_to_first_token_s)}"
    if usage.tokens_per_s:
        yield "Speed", f"{words.speed(usage.tokens_per_s)} tokens/s"
    yield "Ended", _ENDED[turn.state]
    if turn.model_name:
        yield "Model", turn.model_name


def _at(tokens_per_s: float) -> str:
    return f" · {words.speed(tokens_per_s)} tokens/s" if tokens_per_s else ""
