"""What stands over the composer: an empty page, or the transcript with what helps to read it.

The transcript is built after the first picture of the window, or when the first chat comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from ui.empty_state import EmptyState
from ui.later import Later
from ui.tab_order import in_lines
from ui.theme import Theme
from ui.zoom_steps import zoom_by

if TYPE_CHECKING:
    from ui.transcript.reading_aids import ReadingAids
    from ui.transcript.view import TranscriptView


class ReadingStack(QStackedWidget):
    """One of the two is in front.

    Signals:
        zoom_chosen: int, percent. How large the text of the transcript is to be from now on.
    """

    zoom_chosen = Signal(int)

    def __init__(
        self, theme: Theme, *, thoughts_open: bool, connect: Callable[[TranscriptView, ReadingAids], None]
    ) -> None:
        """`connect` is called once, with both parts right after they were built."""
        super().__init__()
        self._theme = theme
        self._thoughts_open = thoughts_open
        self._zoom_percent = 100
        self._connect = connect
        self._transcript: TranscriptView | None = None
        self.empty_state = EmptyState()
        self.later_aids = Later(self._build_aids)
        self.addWidget(self.empty_state)

    def _build_aids(self) -> ReadingAids:
        from ui.transcript.reading_aids import ReadingAids
        from ui.transcript.spoken import speak_transcript

        speak_transcript()
        transcript = self.build_transcript()
        aids = ReadingAids(self._theme, transcript, self)
        aids.zoom_requested.connect(self.zoom_by)
        self._connect(transcript, aids)
        self.addWidget(aids)
        return aids

    # Public methods

    def build_transcript(self) -> TranscriptView:
        """The transcript alone: half of the way to `aids`."""
        from ui.transcript.view import TranscriptView

        if self._transcript is None:
            self._transcript = TranscriptView(self._theme, thoughts_open=self._thoughts_open)
            self._transcript.set_zoom(self._zoom_percent)
        return self._transcript

    @property
    def built_transcript(self) -> TranscriptView | None:
        """The transcript, None where nobody has asked for it yet."""
        return self._transcript

    @property
    def transcript(self) -> TranscriptView:
        """The turns of the chat in front; built now if it was not."""
        self.later_aids.get()
        return self.build_transcript()

    @property
    def is_chat_shown(self) -> bool:
        """Whether a chat is in front, not the empty page."""
        return self.currentWidget() is not self.empty_state

    @property
    def has_turns(self) -> bool:
        """Whether there is something to read."""
        return self._transcript is not None and bool(self._transcript.turns())

    def show_chat(self) -> None:
        """The transcript comes to the front."""
        self.setCurrentWidget(self.later_aids.get())

    def show_empty(self) -> None:
        """The empty page comes to the front."""
        self.setCurrentWidget(self.empty_state)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in these colours."""
        self._theme = theme
        if self._transcript is not None:
            self._transcript.set_theme(theme)
            self.later_aids.get().set_theme(theme)

    def set_thoughts_open(self, thoughts_open: bool) -> None:
        """Whether thoughts of the turns to come stand open while they are thought."""
        self._thoughts_open = thoughts_open
        if self._transcript is not None:
            self._transcript.set_thoughts_open(thoughts_open)

    def set_zoom(self, zoom_percent: int) -> None:
        """How large the text of the transcript is."""
        self._zoom_percent = zoom_percent
        if self._transcript is not None:
            self._transcript.set_zoom(zoom_percent)

    def find_in_chat(self) -> bool:
        """Begin to find in the chat in front. False where there is none."""
        if self.is_chat_shown:
            self.later_aids.get().find_bar.open()
        return self.is_chat_shown

    def tab_stops(self) -> list[QWidget]:
        """Where Tab stops, down the page."""
        return self.later_aids.get().tab_stops() if self.is_chat_shown else in_lines(self.empty_state)

    def show_what_has_keys(self) -> None:
        """What Tab went to comes into sight, also where it came from outside: Qt scrolls only within."""
        focused = QApplication.focusWidget()
        if self._transcript is not None and focused is not None and self._transcript.isAncestorOf(focused):
            self._transcript.show_part(focused)

    # Slots

    @Slot()
    def zoom_in(self) -> None:
        """Larger text."""
        self.zoom_by(1)

    @Slot()
    def zoom_out(self) -> None:
        """Smaller text."""
        self.zoom_by(-1)

    @Slot()
    def zoom_back(self) -> None:
        """Text as large as it comes."""
        self.zoom_chosen.emit(100)

    @Slot(int)
    def zoom_by(self, steps: int) -> None:
        """So many steps larger, or smaller."""
        self.zoom_chosen.emit(zoom_by(self._zoom_percent, steps))

    @Slot()
    def find_next(self) -> None:
        """To the next match in the chat in front."""
        if self.is_chat_shown:
            self.later_aids.get().find_again()

    @Slot()
    def find_previous(self) -> None:
        """To the match before."""
        if self.is_chat_shown:
            self.later_aids.get().find_again(back=True)
