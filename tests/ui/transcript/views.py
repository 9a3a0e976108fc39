"""A transcript in tests: filled with turns, at rest, and what is seen of it."""

from __future__ import annotations

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.history.records import TurnState
from tests.ui.transcript.turns import USAGE, make_turn
from ui.theme import Theme
from ui.transcript.thought_lines import PlainThought
from ui.transcript.thought_parts import ThoughtParts
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView

ANSWER = "A paragraph of some length. " * 20
RGB = QImage.Format.Format_RGB32


def settle(view: TranscriptView) -> None:
    """Let all waiting layouts happen, and the neighbours of what is in sight be built."""
    for _ in range(6):
        QApplication.processEvents()
    while view._near.timer.isActive():
        QApplication.processEvents()
    QApplication.processEvents()


def fill(view: TranscriptView, count: int = 12) -> None:
    view.show_turns(
        [make_turn(n + 1, f"Question {n + 1}", ANSWER, TurnState.FINISHED, USAGE) for n in range(count)]
    )
    settle(view)


def last(view: TranscriptView) -> TurnWidget:
    return view.built_turns()[-1]


def screen_of(view: TranscriptView) -> QImage:
    """What was painted, piece by piece, as it stands there now."""
    return view.screen().grabWindow(view.winId()).toImage().convertToFormat(RGB)


def end(view: TranscriptView, turn_id: int, answer: str) -> None:
    view.end_turn(make_turn(turn_id, answer=answer, state=TurnState.FINISHED, usage=USAGE), None)


def plain_thought(thought: str, *, ended: bool) -> str:
    """A thought as it is shown."""
    plain = PlainThought()
    for _ in plain.read(thought, ended=ended):
        pass
    return plain.text


def finish_restyling(view: TranscriptView) -> None:
    """Let what is out of sight take the theme, too."""
    while view._restyling.is_busy:
        QApplication.processEvents()


def restyle(parts: ThoughtParts, theme: Theme) -> None:
    """Show a thought in another theme, all of it at once."""
    parts.set_theme(theme)
    for view in parts.views:
        view.set_theme(theme)
