"""An answer on the page: one view, or several under each other where it is long.

A text document lays out, paints and finds places in time that grows with its length. So a long answer
goes on in a new view at the end of a finished block, and each costs what a short answer costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.paragraphs import Notes
from ui.transcript.slices import SLICE_CHARS, Slices
from ui.widgets.safe_browser import Selecting

PART_CHARS = 12_000
"""About 3,500 tokens; hardly an answer is longer."""


class AnswerParts(QWidget):
    """Grows with `append`, ends with `finish`.

    Signals:
        link_requested: str, the normalised address of a clicked link.
        text_moved: int. What is in sight stands so many pixels lower: formulas above it were drawn.
    """

    link_requested = Signal(str)
    text_moved = Signal(int)

    def __init__(self, make: Callable[[QWidget, int], AnswerView], parent: QWidget) -> None:
        """`make` gives an empty view with the parent and the number, from 0, that it is told."""
        super().__init__(parent)
        self._make = make
        self._theme: Theme | None = None
        self._selecting: Selecting | None = None
        self._pieces: list[str] = []
        self._has_words = False
        self._slices = Slices(self)
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)  # see `Page`
        self._views: list[AnswerView] = []
        self._is_stacking = False
        self._add_view()

    @property
    def views(self) -> Sequence[AnswerView]:
        """The views of the answer, from its beginning; always one at least."""
        return self._views

    @property
    def markdown_source(self) -> str:
        """The answer as the model wrote it."""
        return "".join(self._pieces)

    @property
    def has_words(self) -> bool:
        """Whether there is anything to see."""
        return self._has_words

    def append(self, untrusted_text: str) -> None:
        """Show more of the answer."""
        self._slices.stop()
        self._append(untrusted_text)
        if any(view.is_outdated for view in self._views):
            self._slices.run(self._catching_up())

    def finish(self, untrusted_source: str) -> None:
        """Show the whole answer as it is kept. The end of a long one is there a little later.

        What stands there already stays, with what is selected in it: an answer is kept without the white
        space at its end.
        """
        streamed, last = self.markdown_source, self._views[-1]
        if streamed != untrusted_source == streamed.rstrip() and not last.is_in_cut_code:
            last.drop_white_end()
            self._pieces = [untrusted_source]
        was_streamed = untrusted_source == self.markdown_source
        if not was_streamed and not (len(self._views) == 1 and 0 < len(untrusted_source) <= PART_CHARS):
            self.take_back()
        self._slices.run(self._finishing("" if was_streamed else untrusted_source))

    def take_back(self) -> str:
        """Show nothing, and give what was shown: it was no answer."""
        self._slices.stop()
        source = self.markdown_source
        self._pieces, self._has_words = [], False
        for view in self._views[1:]:
            view.hide()
            view.height_changed.disconnect(self._stack)
            view.deleteLater()
        del self._views[1:]
        self._views[0].take_back()
        self._stack()
        return source

    def select_with_others(self, selecting: Selecting) -> None:
        """Be part of what `selecting` selects."""
        self._selecting = selecting
        for view in self._views:
            view.select_with_others(selecting)

    def set_theme(self, theme: Theme) -> None:
        """Views to come look so; those that are there are restyled one by one, with all texts of the chat."""
        self._theme = theme

    def _append(self, untrusted_text: str) -> None:
        self._pieces.append(untrusted_text)
        self._has_words = self._has_words or bool(untrusted_text.strip())
        last = self._views[-1]
        last.append(untrusted_text)
        if last.closed_chars > PART_CHARS and not last.is_in_cut_code:
            rest = last.split_off()
            view = self._add_view()
            view.go_on_from(last)
            view.append(rest)

    def _add_view(self) -> AnswerView:
        view = self._make(self, len(self._views))
        if self._theme is not None:
            view.set_theme(self._theme)
        view.link_requested.connect(self.link_requested)
        view.text_moved.connect(self.text_moved)
        view.height_changed.connect(self._stack)
        self._views.append(view)
        self._stack()  # before it is shown: while it takes its first size it takes no other
        view.show()
        if self._selecting is not None:
            view.select_with_others(self._selecting)
        return view

    @Slot()
    def _stack(self) -> None:
        """Put the views under each other. No layout does it: that moves them to and fro while one grows."""
        if self._is_stacking:
            return  # a view took the height of its new width, and is about to be asked for it
        self._is_stacking = True
        height = 0
        for view in self._views:
            view.setGeometry(0, height, self.width(), view.minimumHeight())
            height += view.height() - view.overlap_px
        self.setFixedHeight(height + self._views[-1].room_below_px)
        self._is_stacking = False

    def _catching_up(self) -> Iterator[int]:
        """Links were defined that is referred to further up."""
        for view in reversed(self._views):
            if view.is_outdated:
                yield from view.catch_up()

    def _finishing(self, kept_source: str) -> Iterator[int]:
        if kept_source and len(kept_source) <= PART_CHARS:
            self._pieces, self._has_words = [kept_source], bool(kept_source.strip())
            yield from self._views[0].finishing(kept_source)
            return
        for start in range(0, len(kept_source), SLICE_CHARS):
            self._append(kept_source[start : start + SLICE_CHARS])
            yield SLICE_CHARS
        notes: Notes = {}
        self._views[-1].settle_links()
        yield from self._catching_up()
        for view in tuple(self._views):
            yield from view.finishing(notes=notes)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """All views get the width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._stack()
