"""Finds words in the chat in front, a little at a time, and shows where they stand."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QTextCursor

from app.history.records import Turn
from ui.theme import Theme
from ui.transcript import found_text
from ui.transcript.answer import AnswerView
from ui.transcript.found_marks import Found, FoundMarks, cursors_at
from ui.transcript.found_text import folded
from ui.transcript.markdown import MarkdownReader
from ui.transcript.places import y_of
from ui.transcript.thought_lines import PlainThought
from ui.transcript.thought_words import UNDER_WAY
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView
from ui.widgets.safe_browser import SafeBrowser

SLICE_S = 0.008
"""How long the window may be held up at once."""
PAUSE_MS = 150
"""Typing goes on for so long before it is looked."""
NEAR_MS = 200
RECOUNT_MS = 500
RECOUNT_SHARE = 20
"""While a reply is written it is counted again so often; after a long count, so many times as long later."""
LANDING_MS = 50
MAX_LANDINGS = 60
"""Long answers and thoughts that were not on the page come in parts: so often it is looked for the place."""


class Part(enum.Enum):
    """Where in a turn words were found, in the order of the page."""

    QUESTION = enum.auto()
    THOUGHT = enum.auto()
    ANSWER = enum.auto()


@dataclass(frozen=True, slots=True)
class Place:
    """One match: the how many-th of its part, from 0."""

    turn_id: int
    part: Part
    number: int


class Finder(QObject):
    """Counts at once, in small slices of time, and marks what is on the page.

    Signals:
        counted: the numbers have changed.
    """

    counted = Signal()

    def __init__(self, theme: Theme, view: TranscriptView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marks = FoundMarks(theme, self)
        self._view = view
        self._reader = MarkdownReader()
        self._words = ""
        self._with_thoughts = False
        self._texts: dict[tuple[int, Part], tuple[str, str]] = {}
        self._thoughts: dict[int, PlainThought] = {}
        self._counts: dict[tuple[int, Part], int] = {}
        self._current: Place | None = None
        self._from_turn: int | None = None
        self._work: Iterator[None] = iter(())
        self._landings = 0
        self._recount_ms = RECOUNT_MS
        self._slice_timer = self._timer(0, self._go_on)
        self._near_timer = self._timer(NEAR_MS, self._mark_all)
        self._landing_timer = self._timer(LANDING_MS, self._land)
        self._recount_timer = self._timer(RECOUNT_MS, self._recount)
        view.verticalScrollBar().valueChanged.connect(self._mark_soon)
        view.verticalScrollBar().rangeChanged.connect(self._mark_soon)
        view.verticalScrollBar().rangeChanged.connect(self._recount_soon)
        view.formulas_made.connect(self._mark_soon)

    def _timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        return timer

    # Public methods

    @property
    def is_looking(self) -> bool:
        """Whether a part of the chat was not looked through yet."""
        return self._slice_timer.isActive()

    @property
    def total(self) -> int:
        """How many matches one can go to."""
        return sum(count for (_, part), count in self._counts.items() if self._counts_part(part))

    @property
    def in_thoughts(self) -> int:
        """How many matches are in thoughts."""
        return sum(count for (_, part), count in self._counts.items() if part is Part.THOUGHT)

    @property
    def number(self) -> int:
        """Which match is the current one, from 1; 0: none."""
        if self._current is None:
            return 0
        before = 0
        for turn_id, part in self._parts():
            if (turn_id, part) == (self._current.turn_id, self._current.part):
                return before + self._current.number + 1
            before += self._counts.get((turn_id, part), 0)
        return 0

    def set_theme(self, theme: Theme) -> None:
        """Mark in other colours."""
        self._marks.set_theme(theme)
        self._mark_all()

    def look_for(self, words: str, from_turn: int | None = None) -> None:
        """Count these words anew, "" for none; go to the first from that turn on, None: the one in sight."""
        self._from_turn = from_turn
        self._words = found_text.words_to_find(words)
        self._begin()

    def include_thoughts(self, with_thoughts: bool) -> None:
        """Whether one goes to matches in thoughts too."""
        self._with_thoughts = with_thoughts
        if self._current is not None and not self._counts_part(self._current.part):
            self._current = None
        self._mark_all()
        self.counted.emit()

    def go(self, steps: int) -> None:
        """To the match so many further, round at the ends."""
        self._recount()
        total = self.total
        if not total:
            return
        number = (self.number + steps - 1) % total if self.number else self._first_in_sight(total, steps)
        self._go_to(number)

    def stop(self) -> None:
        """Mark nothing and keep nothing."""
        self._words = ""
        self._begin()
        self._texts.clear()
        self._thoughts.clear()

    # Counting

    def _begin(self) -> None:
        self._slice_timer.stop()
        self._landing_timer.stop()
        self._recount_timer.stop()
        self._counts = {}
        self._current = None
        self._mark_all()
        self.counted.emit()
        if self._words:
            self._work = self._look_through()
            self._go_on()

    @Slot()
    def _go_on(self) -> None:
        self._work_on()
        self.counted.emit()

    def _work_on(self) -> None:
        until = time.perf_counter() + SLICE_S
        for _ in self._work:
            if time.perf_counter() > until:
                self._slice_timer.start()
                return
        if self._is_last_growing():
            self._recount_timer.start(self._recount_ms)

    def _look_through(self) -> Iterator[None]:
        """Count from the turn in sight to the end, then from the beginning; go to the first match."""
        thoughts = {turn.turn.id: _thought_of(turn) for turn in self._view.built_turns()}
        turns, in_sight = self._view.turns(), self._begin_at()
        first = next((number for number, turn in enumerate(turns) if turn.id == in_sight), 0)
        for turn in turns[first:] + turns[:first]:
            self._count_question(turn)
            yield from self._count_thought(turn.id, *thoughts.get(turn.id, ("", True)))
            yield from self._count_answer(turn)
            if any(self._counts.get((turn.id, part)) for part in Part):
                self._go_to_first()
            yield
        yield from self._count_last()
        self._go_to_first()

    def _count_question(self, turn: Turn) -> None:
        key, source = (turn.id, Part.QUESTION), turn.question
        if key not in self._texts or self._texts[key][0] != source:
            self._texts[key] = source, folded(found_text.plain_question(source))
        self._counts[key] = self._texts[key][1].count(self._words)

    def _count_thought(self, turn_id: int, untrusted_thought: str, has_ended: bool) -> Iterator[None]:
        if untrusted_thought:
            plain = self._thoughts.setdefault(turn_id, PlainThought())
            yield from plain.read(untrusted_thought, ended=has_ended)
            self._counts[turn_id, Part.THOUGHT] = folded(plain.text).count(self._words)

    def _count_answer(self, turn: Turn) -> Iterator[None]:
        key, source = (turn.id, Part.ANSWER), turn.answer
        known = self._texts.get(key)
        if known is None or known[0] != source:
            if not found_text.may_hold(source, self._words):
                self._counts.pop(key, None)
                return
            pieces = []
            for piece in found_text.plain_answer(self._reader, source):
                pieces.append(piece)
                if not piece:
                    yield
            self._texts[key] = source, folded("".join(pieces))
        self._counts[key] = self._texts[key][1].count(self._words)

    def _count_last(self) -> Iterator[None]:
        """The reply that is being written has grown since it was looked through, or has ended."""
        turns, built = self._view.turns(), self._view.built_turns()
        if not self._words or not built or built[-1].turn.id != turns[-1].id:
            return
        last, thought = built[-1], _thought_of(built[-1])
        if last.footer is None:  # it is running
            texts = ("\n".join(map(found_text.found_in, view.items)) for view in last.answer_views)
            count = sum(folded(text).count(self._words) for text in texts)
            self._counts[last.turn.id, Part.ANSWER] = count
        else:
            yield from self._count_answer(turns[-1])
        yield from self._count_thought(turns[-1].id, *thought)

    def _is_last_growing(self) -> bool:
        built = self._view.built_turns()
        return bool(built) and built[-1].footer is None

    @Slot()
    def _recount_soon(self) -> None:
        if self._words and not self.is_looking and not self._recount_timer.isActive():
            self._recount_timer.start(RECOUNT_MS)

    @Slot()
    def _recount(self) -> None:
        """Count the last reply again, at once where that takes a moment; the current match stays."""
        if self._words and not self.is_looking:
            self._work, before = self._count_last(), self._counts.copy()
            began = time.perf_counter()
            self._work_on()
            if self.is_looking or self._counts != before:
                self.counted.emit()
            took_ms = int((time.perf_counter() - began) * 1000)
            self._recount_ms = max(RECOUNT_MS, took_ms * RECOUNT_SHARE)
            self._mark_soon()

    def _counts_part(self, part: Part) -> bool:
        return part is not Part.THOUGHT or self._with_thoughts

    def _parts(self) -> Iterator[tuple[int, Part]]:
        for turn in self._view.turns():
            for part in Part:
                if self._counts_part(part):
                    yield turn.id, part

    # Going there

    def _first_in_sight(self, total: int, steps: int) -> int:
        """The number, from 0, of the first match in the turn in sight or behind it."""
        in_sight = self._begin_at()
        before = 0
        for turn_id, part in self._parts():
            if turn_id == in_sight:
                return (before if steps > 0 else before - 1) % total
            before += self._counts.get((turn_id, part), 0)
        return 0

    def _begin_at(self) -> int | None:
        return self._view.turn_in_sight() if self._from_turn is None else self._from_turn

    def _go_to_first(self) -> None:
        """To the first match from what is in sight on, unless one is there; it is counted in that order."""
        if self._current is None and (total := self.total):
            self._go_to(self._first_in_sight(total, 1))

    def _go_to(self, number: int) -> None:
        for turn_id, part in self._parts():
            count = self._counts.get((turn_id, part), 0)
            if number < count:
                self._current = Place(turn_id, part, number)
                break
            number -= count
        self._landings = 0
        self._land()
        self.counted.emit()

    @Slot()
    def _land(self) -> None:
        """Go to the current match; where it is not on the page yet, wait for it."""
        place = self._current
        turn = self._view.turn_widget(place.turn_id) if place else None
        if place is None or turn is None:
            return
        if place.part is Part.THOUGHT:
            turn.thinking.unfold()
        cursor, text = self._cursor_of(place, turn)
        if text is not None and (cursor is not None or place.part is not Part.THOUGHT):
            position = cursor.selectionStart() if cursor else 0
            self._view.scroll_to_place(place.turn_id, text, partial(y_of, text, position))
            if isinstance(text, AnswerView):
                text.show_across(position)
        self._landings += 1
        if cursor is None and self._landings < MAX_LANDINGS:
            self._landing_timer.start()
        self._mark_all()

    def _cursor_of(self, place: Place, turn: TurnWidget) -> tuple[QTextCursor | None, SafeBrowser | None]:
        number, texts = place.number, _texts_of(turn, place.part)
        for text in texts:
            count, cursors = cursors_at(text, self._words, number, number + 1)
            if cursors:
                return cursors[0], text
            number -= count
        return None, texts[-1] if texts else None

    # Marking

    @Slot()
    def _mark_soon(self) -> None:
        if self._words and not self._near_timer.isActive():
            self._near_timer.start()

    @Slot()
    def _mark_all(self) -> None:
        """Mark the matches of all turns that are built."""
        self._marks.show(
            Found(
                _texts_of(turn, part),
                self._words if self._counts_part(part) else "",
                current.number
                if (current := self._current) and (current.turn_id, current.part) == (turn.turn.id, part)
                else -1,
            )
            for turn in self._view.built_turns()
            for part in Part
        )


def _thought_of(turn: TurnWidget) -> tuple[str, bool]:
    """Its thought, as the model wrote it, and whether it has ended."""
    return turn.thinking.thought(), turn.thinking.phase not in UNDER_WAY


def _texts_of(turn: TurnWidget, part: Part) -> list[SafeBrowser]:
    match part:
        case Part.QUESTION:
            return [turn.question]
        case Part.THOUGHT:
            return list(turn.thinking.text_views())
        case Part.ANSWER:
            return list(turn.answer_views)
