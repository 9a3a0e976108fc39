"""The outline of a thought beside the chat: its steps and turning points, a press goes there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHBoxLayout, QLabel, QListView, QVBoxLayout, QWidget

from models.thought_outline import OutlineReader, Step, Turning
from ui.kinds import of_kind
from ui.theme import Theme
from ui.transcript.outline_list import StepDelegate, StepModel
from ui.widgets.text_button import TextButton

WHAT_IT_DOES = "Marks words like “wait”; it does not understand the thought."
WIDTH_PX = 280
HEIGHT_PX = 200
"""Where there is no room beside the chat, it stands above it."""
REFRESH_MS = 500
_NO_LIMIT_PX = 16_777_215
"""QWIDGETSIZE_MAX, which PySide6 does not have."""


class OutlinePanel(QFrame):
    """Follows one thought, also while it grows.

    Signals:
        place_requested: turn id, character of the thought. The user wants to read there.
        left: it was closed by the user.
    """

    place_requested = Signal(int, int)
    left = Signal()

    def __init__(
        self, theme: Theme, thought: Callable[[int], tuple[str, bool]], parent: QWidget | None = None
    ) -> None:
        """`thought` gives the thought of a turn, and whether it grows; "" where it has gone."""
        super().__init__(parent)
        of_kind(self, "outline")
        self._thought = thought
        self._turn_id = 0
        self._reader = OutlineReader()
        self._only_turns = False
        self.title = of_kind(QLabel("Outline of the thought"), "section")
        self.filter_button = TextButton("", self)
        self.filter_button.setCheckable(True)
        self.close_button = TextButton("Close", self)
        self.close_button.setAccessibleName("Close the outline")
        self.close_button.setToolTip("Close the outline (Esc)")
        self.steps = _StepList()
        self._model = StepModel(self)
        self._delegate = StepDelegate(theme, self)
        self.steps.setModel(self._model)
        self.steps.setItemDelegate(self._delegate)
        self.note = of_kind(QLabel(WHAT_IT_DOES), "third")
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._lay_out()
        self._connect()
        self.stand_beside(True)
        self.hide()

    # Construction

    def _lay_out(self) -> None:
        for label in (self.title, self.note):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.filter_button)
        layout.addWidget(self.steps, 1)
        layout.addWidget(self.note)

    def _connect(self) -> None:
        self.filter_button.toggled.connect(self._show_only_turns)
        self.close_button.clicked.connect(self.leave)
        self.steps.clicked.connect(self._go)
        self._timer.timeout.connect(self.refresh)

    # Public methods

    @property
    def shown_steps(self) -> list[Step]:
        """The steps in the list."""
        return list(self._model.steps)

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours."""
        self._delegate.set_theme(theme)
        self.steps.viewport().update()

    def stand_beside(self, is_beside: bool) -> None:
        """Beside the chat, or above it where that is narrow."""
        self.setMinimumWidth(WIDTH_PX if is_beside else 0)
        self.setMaximumSize(WIDTH_PX if is_beside else _NO_LIMIT_PX, _NO_LIMIT_PX if is_beside else HEIGHT_PX)

    def open_thought(self, turn_id: int) -> None:
        """Show the outline of this turn's thought, ready for the keys; once more: close it."""
        if turn_id == self._turn_id and self.isVisible():
            self.leave()
            return
        self._begin(turn_id)
        self.show()
        self.refresh()
        self.steps.setFocus(Qt.FocusReason.OtherFocusReason)

    def forget(self) -> None:
        """The chat has gone from the page, and its thoughts with it."""
        self._begin(0)
        self.hide()

    # Slots

    @Slot()
    def refresh(self) -> None:
        """Read on where the thought has grown."""
        thought, grows = self._thought(self._turn_id)
        if not thought:
            self.forget()
            return
        if len(thought) < self._reader.read_chars:  # another try at the same question
            self._reader = OutlineReader()
        self._reader.feed(thought[self._reader.read_chars :])
        self._show_steps()
        if grows and not self._timer.isActive():
            self._timer.start()
        elif not grows:
            self._timer.stop()

    @Slot()
    def leave(self) -> None:
        """The user has seen enough."""
        self.forget()
        self.left.emit()

    @Slot(bool)
    def _show_only_turns(self, only_turns: bool) -> None:
        self._only_turns = only_turns
        self._show_steps()

    @Slot(QModelIndex)
    def _go(self, index: QModelIndex) -> None:
        self.place_requested.emit(self._turn_id, self._model.steps[index.row()].start)

    # Inside

    def _begin(self, turn_id: int) -> None:
        self._timer.stop()
        self._turn_id = turn_id
        self._reader = OutlineReader()
        self._model.show_steps(())

    def _show_steps(self) -> None:
        turns = [step for step in self._reader.steps if step.turning is not Turning.NONE]
        count = f"{len(turns):,} turning point{'' if len(turns) == 1 else 's'}"
        everything = f"Show all {len(self._reader.steps):,} steps"
        self.filter_button.setText(everything if self._only_turns else f"Only the {count}")
        self.filter_button.setVisible(bool(turns) or self._only_turns)
        self._model.show_steps(turns if self._only_turns else self._reader.steps)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes it."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)


class _StepList(QListView):
    """One line for each step; Up and Down move, Enter and Space go there."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Steps of the thought")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space go to the step, on every platform."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.currentIndex().isValid():
                self.clicked.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)
