"""A thought on the page: views under each other, filled a little at a time while the window stays free.

A text document is laid out whole when its width changes. So a long thought goes on in a new view at the end
of a paragraph, and each view costs what a short thought costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.theme import Theme
from ui.transcript.slices import Slices
from ui.transcript.thought import ThoughtText
from ui.transcript.thought_lines import Change, ThoughtLines
from ui.widgets.safe_browser import Selecting

AT_ONCE_CHARS = 4_000
"""More than a screen shows; written in about 2 ms."""
SLICE_CHARS = 4_000
_STEP_CHARS = 2_000
LATE_MS = 20
"""So long the window is free before another view out of sight takes a new width."""


class ThoughtParts(QWidget):
    """Grows with `append_text`, ends with `finish`; however it is cut, the same stands there in the end.

    Signals:
        grown: it got higher or lower by itself: more of what had come stands there, or it took a new width.
    """

    grown = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._selecting: Selecting | None = None
        self._source = ThoughtLines()
        self._waiting = ""
        self._has_ended = False
        self._put_in_chars = 0
        self._slices = Slices(self, at_once_chars=AT_ONCE_CHARS, slice_chars=SLICE_CHARS)
        self._slices.went_on.connect(self.grown)
        self._late = QTimer(self, singleShot=True, interval=LATE_MS)
        self._late.timeout.connect(self._catch_up_one)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._views: list[ThoughtText] = []

    @property
    def views(self) -> Sequence[ThoughtText]:
        """The views of the thought, from its beginning; none before there is a word, as in most turns."""
        return self._views

    @property
    def put_in_chars(self) -> int:
        """So many characters of what came stand there."""
        return self._put_in_chars

    @property
    def is_all_in(self) -> bool:
        """Whether all that came stands there."""
        return not self._waiting

    def append_text(self, untrusted_text: str) -> None:
        """Go on with the thought, behind what waits; the end of a long text is there a little later."""
        if untrusted_text:
            self._waiting += untrusted_text
            self._has_ended = False
        self._go_on()

    def finish(self) -> None:
        """The thought has ended. It may go on all the same."""
        self._has_ended = True
        self._go_on()

    def pause(self) -> None:
        """Do nothing more until something is appended, "" for nothing new."""
        self._slices.stop()

    def catch_up(self) -> None:
        """Have all stand there now, however long it takes."""
        self._go_on()
        self._slices.finish()

    def select_with_others(self, selecting: Selecting) -> None:
        """Be part of what `selecting` selects."""
        self._selecting = selecting
        for view in self._views:
            view.select_with_others(selecting)

    def copied_text(self) -> str:
        """All of the thought as it is copied."""
        self.catch_up()
        return "\n".join(view.copied_text() for view in self._views)

    def set_theme(self, theme: Theme) -> None:
        """Views to come look so; those that are there are restyled one by one, with all texts of the chat."""
        self._theme = theme

    def _go_on(self) -> None:
        if not self._slices.is_busy:
            self._slices.run(self._putting_in())

    def _putting_in(self) -> Iterator[int]:
        """What is left in `_waiting` at each step is all that this has to know: it may be begun anew."""
        while self._waiting:
            text, self._waiting = self._waiting[:_STEP_CHARS], self._waiting[_STEP_CHARS:]
            self._put_in_chars += len(text)
            self._write(self._source.feed(text))
            yield len(text)
        if self._has_ended and self._views:
            self._write(self._source.finish())

    def _write(self, changes: Iterator[Change]) -> None:
        if not self._views:
            self._add_view()
        while self._views[-1].write(changes):
            self._add_view()

    def _add_view(self) -> None:
        view = ThoughtText(self._theme, self, goes_on=bool(self._views))
        view.put_off.connect(self._late.start)
        self._views.append(view)
        view.resize(self.width(), view.height())  # else its words are laid out twice
        self._column.addWidget(view)
        view.show()
        if self._selecting is not None:
            view.select_with_others(self._selecting)

    # Slots

    @Slot()
    def _catch_up_one(self) -> None:
        late = [view for view in self._views if view.is_late]
        if late:
            late[0].catch_up()
            self.grown.emit()
        if late[1:]:
            self._late.start()
