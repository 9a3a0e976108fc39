"""Tells a screen reader how a reply goes: seldom, in a few words, and never what is written."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from app import numbers_in_words as words
from ui.transcript.thought_words import Phase

OFTEN_S = 20
OFTEN_UNTIL_S = 120
SELDOM_S = 60
"""A thought of up to two minutes is counted every twenty seconds, a longer one every minute."""


class Announcer(QObject):
    """Speaks for one widget. `follow` may be called as often as one likes.

    Signals:
        said: str. What a screen reader was told, or would have been.
    """

    said = Signal(str)

    def __init__(self, speaker: QObject) -> None:
        """A screen reader hears `speaker`, which owns this."""
        super().__init__(speaker)
        self._speaker = speaker
        self._phase = Phase.READING
        self._next_s = 0

    def begin(self) -> None:
        """Another reply is on its way."""
        self._phase = Phase.READING
        self._next_s = 0

    def follow(self, phase: Phase, thought_s: float) -> None:
        """The thought is in this phase, after so many seconds of thinking."""
        before, self._phase = self._phase, phase
        if phase is Phase.THINKING and before is Phase.READING:
            self._next_s = _after(thought_s)
            self.say("Thinking")
        elif phase is Phase.THINKING and thought_s >= self._next_s:
            spoken_s = int(thought_s) // OFTEN_S * OFTEN_S
            self._next_s = _after(thought_s)
            self.say(f"Thinking, {words.spoken_duration(spoken_s)}")
        elif phase is Phase.DONE and before is not Phase.DONE:
            self.say("Writing the answer")

    def say(self, said: str, *, at_once: bool = False) -> None:
        """Say this; `at_once` interrupts what is being read."""
        self.said.emit(said)
        if QAccessible.isActive():
            event = QAccessibleAnnouncementEvent(self._speaker, said)
            if at_once:
                event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(event)


def _after(thought_s: float) -> int:
    """When the clock is said the next time."""
    step_s = OFTEN_S if thought_s < OFTEN_UNTIL_S else SELDOM_S
    return (int(thought_s) // step_s + 1) * step_s
