"""What helps to read a chat: the outline of a thought beside the transcript, the find bar above it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from ui.tab_order import in_lines
from ui.theme import Theme
from ui.transcript.find_bar import FindBar
from ui.transcript.finder import Finder
from ui.transcript.outline_panel import WIDTH_PX, OutlinePanel
from ui.transcript.places import place_in_thought, y_of
from ui.transcript.thought_words import UNDER_WAY
from ui.transcript.view import TranscriptView
from ui.transcript.zoom_wheel import ZoomWheel

BESIDE_FROM_PX = WIDTH_PX + 480
"""From this width on the outline stands beside the chat."""
LANDING_MS = 10
"""A long thought that unfolds comes in slices: so often it is looked whether the place is there."""


class ReadingAids(QWidget):
    """The transcript with what helps to read it. Nothing of it is there until it is asked for.

    Signals:
        left: the user closed the find bar; the keys are to go elsewhere.
        zoom_requested: int, steps to larger text; the wheel was turned with Ctrl.
    """

    left = Signal()
    zoom_requested = Signal(int)

    def __init__(self, theme: Theme, transcript: TranscriptView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._transcript = transcript
        self._finder = Finder(theme, transcript, self)
        # With their parent, in the order of Tab: to be given one later would style them anew.
        self.find_bar = FindBar(self._finder, self)
        transcript.setParent(self)
        self.outline = OutlinePanel(theme, self._thought, self)
        self._outlined_turn = 0
        self._goal = (0, 0)
        self._landing_timer = QTimer(self, singleShot=True, interval=LANDING_MS)
        self._landing_timer.timeout.connect(self._land)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(0)
        self._sides.addWidget(transcript, 1)
        self._sides.addWidget(self.outline)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.find_bar)
        layout.addLayout(self._sides, 1)
        transcript.outline_requested.connect(self._open_outline)
        self.outline.place_requested.connect(self.go_to_thought)
        self.outline.left.connect(self._leave_outline)
        self.find_bar.left.connect(self.left)
        ZoomWheel(transcript.viewport()).turned.connect(self.zoom_requested)

    # Public methods

    def set_theme(self, theme: Theme) -> None:
        """Paint in these colours."""
        self.outline.set_theme(theme)
        self._finder.set_theme(theme)

    def tab_stops(self) -> list[QWidget]:
        """Where Tab stops, down the page."""
        return [*in_lines(self.find_bar), *self._transcript.tab_stops(), *in_lines(self.outline)]

    def forget(self) -> None:
        """Another chat comes: nothing of this one may stay."""
        self._landing_timer.stop()
        self.outline.forget()
        self.find_bar.forget()

    def forget_all(self) -> None:
        """Show nothing, and keep no word of any chat."""
        self.forget()
        self.find_bar.field.setText("")
        self._transcript.forget_all()

    def find_again(self, *, back: bool = False) -> None:
        """To the next match, or the one before; where nothing is looked for yet, begin."""
        if not self.find_bar.isVisible():
            self.find_bar.open()
        elif back:
            self.find_bar.go_back()
        else:
            self.find_bar.go_on()

    def _thought(self, turn_id: int) -> tuple[str, bool]:
        """The thought of a turn, "" where there is none, and whether it still grows."""
        for turn in self._transcript.built_turns():
            if turn.turn.id == turn_id:
                return turn.thinking.thought(), turn.thinking.phase in UNDER_WAY
        return "", False

    # Slots

    @Slot(int, int)
    def go_to_thought(self, turn_id: int, start: int) -> None:
        """Show the thought of a turn from character `start` on; one that is folded unfolds.

        Where the place is not on the page yet, a moment later: the window is not held for it.
        """
        turn = self._transcript.turn_widget(turn_id)
        if turn is not None:
            self._goal = turn_id, start
            turn.thinking.unfold()
            self._land()

    @Slot()
    def _land(self) -> None:
        turn_id, start = self._goal
        thinking = next((t.thinking for t in self._transcript.built_turns() if t.turn.id == turn_id), None)
        if thinking is None or not thinking.opened:
            return
        if not thinking.is_all_shown and not thinking.has_shown(start + 1):
            self._landing_timer.start()
            return
        place = place_in_thought(thinking.text_views(), thinking.thought()[:start])
        if place is not None:
            self._transcript.scroll_to_place(turn_id, place[0], partial(y_of, *place))

    @Slot(int)
    def _open_outline(self, turn_id: int) -> None:
        self._outlined_turn = turn_id
        self.outline.open_thought(turn_id)

    @Slot()
    def _leave_outline(self) -> None:
        """The keys go back to where the outline was asked for."""
        turn = self._transcript.turn_widget(self._outlined_turn)
        if turn is not None:
            turn.thinking.outline_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape in the transcript closes the find bar first."""
        if event.key() == Qt.Key.Key_Escape and self.find_bar.isVisible():
            self.find_bar.leave()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The outline stands beside the chat where there is room, above it elsewhere."""
        super().resizeEvent(event)
        is_beside = event.size().width() >= BESIDE_FROM_PX
        direction = QBoxLayout.Direction.LeftToRight if is_beside else QBoxLayout.Direction.BottomToTop
        if direction != self._sides.direction():
            self._sides.setDirection(direction)
        self.outline.stand_beside(is_beside)
