"""Another path through the same chat: the reader and the keyboard stay where they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.history.records import Turn
from ui.transcript.reading_place import ReadingPlace
from ui.transcript.rows import TurnRows
from ui.transcript.turn import TurnWidget


class PathChange:
    """Made before the turns change; `restore` afterwards."""

    def __init__(self, column: TurnRows, place: ReadingPlace, turns: Sequence[Turn]) -> None:
        self._column = column
        self._place = place
        ids = [row.turn.id for row in column.rows]
        new_ids = [turn.id for turn in turns]
        pairs = zip(ids, new_ids, strict=False)
        self._number = next(
            (n for n, (old, new) in enumerate(pairs) if old != new), min(len(ids), len(new_ids))
        )
        kept = {row for row in column.rows if row.turn.id in new_ids} if not place.following else set()
        self._stays = place.row in kept
        self._y_px = self._y_of(self._number) if self._number < len(ids) else None
        self._focus = self._focused_part()

    def restore(self) -> None:
        """The first turn that is another one stands where its predecessor stood."""
        if self._stays or self._y_px is None or not self._column.rows:
            return
        number = min(self._number, len(self._column.rows) - 1)
        if number == self._number:
            self._place.read_at(self._column.rows[number], self._y_px)
        else:
            self._place.following = True  # the last one has gone

    def restore_focus(self, build: Callable[[int], TurnWidget | None]) -> None:
        """The keys go on where they were: on the same arrow, or on the question."""
        if self._focus is None or not self._column.rows:
            return
        turn = build(self._column.rows[min(self._number, len(self._column.rows) - 1)].turn.id)
        if turn is None:
            return
        able: list[QWidget] = []
        if self._focus and not turn.versions.isHidden():
            arrows = [turn.versions.earlier, turn.versions.later]
            able = [arrow for arrow in arrows[:: 1 if self._focus == "earlier" else -1] if arrow.isEnabled()]
        goal: QWidget = able[0] if able else turn.question
        goal.setFocus(Qt.FocusReason.TabFocusReason)

    def _y_of(self, number: int) -> int:
        return self._column.top_of(self._column.rows[number]) - self._place.value

    def _focused_part(self) -> str | None:
        """What in the turn that goes has the keyboard: an arrow, something else (""), or nothing."""
        focused = QApplication.focusWidget()
        widget = self._column.rows[self._number].widget if self._number < len(self._column.rows) else None
        if focused is None or widget is None or not widget.isAncestorOf(focused):
            return None
        if not widget.versions.owns(focused):
            return ""
        return "earlier" if focused is widget.versions.earlier else "later"
