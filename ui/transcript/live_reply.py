"""The reply that is being written: what came is painted a little later, several pieces together."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from app.history.records import Turn, TurnState
from models.engine.protocol import PauseReason
from models.errors import AppError
from models.reasoning import PieceKind
from ui.transcript.announcer import Announcer
from ui.transcript.reading_place import ReadingPlace
from ui.transcript.thought_words import Phase
from ui.transcript.turn import TurnWidget

FLUSH_MS = 40
FLUSH_SHARE = 4
"""A paint that took long is followed by a pause this many times as long, so that the window stays free."""
TICK_MS = 250

_SPOKEN_ENDS = {
    TurnState.FINISHED: "Answer ready",
    TurnState.LENGTH: "Answer ended, its room was used up",
    TurnState.STOPPED: "Stopped",
    TurnState.FAILED: "The reply failed",
}


class LiveReply(QObject):
    """Feeds the turn that is live, if one is, and tells a screen reader how it goes."""

    def __init__(self, place: ReadingPlace, speaker: QWidget, settle: Callable[[], None]) -> None:
        """A screen reader hears `speaker`. `settle` lays the page out, so that each change is one frame."""
        super().__init__(speaker)
        self.announcer = Announcer(speaker)
        self._place = place
        self._settle = settle
        self._turn: TurnWidget | None = None
        self._waiting: list[tuple[PieceKind, list[str], int]] = []
        self._hint_draft = (0, "")
        self._opened_turn = 0
        self.flush_timer = QTimer(self, singleShot=True, interval=FLUSH_MS)
        self.flush_timer.timeout.connect(self.flush)
        self.tick_timer = QTimer(self, interval=TICK_MS)
        self.tick_timer.timeout.connect(self._tick)

    @property
    def turn(self) -> TurnWidget | None:
        """The turn that is being written."""
        return self._turn

    def begin(self, turn: TurnWidget) -> None:
        """What comes belongs to this turn. A thought that was left open is open again."""
        self._turn = turn
        if turn.turn.id == self._opened_turn and turn.thinking.phase is Phase.READING:
            turn.thinking.unfold()
        self.announcer.begin()
        self.tick_timer.start()

    def drop(self) -> None:
        """Nothing more comes. A hint that was not given stays, in memory."""
        if self._turn is not None:
            self._hint_draft = (self._turn.turn.id, self._turn.thinking.hint_text)
            self._opened_turn = self._turn.turn.id if self._turn.thinking.is_opened_by_user else 0
        self.flush_timer.stop()
        self.tick_timer.stop()
        self._waiting.clear()
        self._turn = None

    def forget_hint(self) -> None:
        """Nor does the hint stay."""
        self._hint_draft = (0, "")

    def live(self, turn_id: int) -> TurnWidget | None:
        """The turn of this id, if it is the one being written."""
        return self._turn if self._turn is not None and self._turn.turn.id == turn_id else None

    def append(self, turn_id: int, kind: PieceKind, text: str, tokens: int) -> None:
        """A few more characters. Pieces for any other turn than the live one are dropped."""
        if self.live(turn_id) is None:
            return
        if self._waiting and self._waiting[-1][0] is kind and kind is not PieceKind.RECLASSIFIED:
            _, texts, count = self._waiting[-1]
            texts.append(text)
            self._waiting[-1] = (kind, texts, count + tokens)
        else:
            self._waiting.append((kind, [text], tokens))
        if not self.flush_timer.isActive():
            self.flush()

    def pause(self, turn_id: int, reason: PauseReason, finding: str) -> None:
        """The thought waits for a word. A hint that was begun before stands there again."""
        turn = self.live(turn_id)
        if turn is None:
            return
        self.flush()
        turn.thinking.pause(reason, finding)
        if self._hint_draft[0] == turn_id:
            turn.thinking.hint.edit.setText(self._hint_draft[1])
        self._hint_draft = (0, "")
        self._announce_phase()
        self.announcer.say("The thinking goes in circles" if reason is PauseReason.LOOP else "Paused")

    def end(self, turn: Turn, error: AppError | None) -> bool:
        """Nothing more comes for this turn. False where it is not the live one."""
        live = self.live(turn.id)
        if live is None:
            return False
        self.flush()
        live.end(turn, error)
        self.drop()
        if turn.state in _SPOKEN_ENDS:
            ended = _SPOKEN_ENDS[turn.state]
            self.announcer.say(f"{ended}. {error}" if error else ended, at_once=error is not None)
        return True

    @Slot()
    def flush(self) -> None:
        """Paint what has come; the next paint waits."""
        if self._turn is None or not self._waiting:
            return
        began = time.perf_counter()
        waiting, self._waiting = self._waiting, []
        for kind, texts, tokens in waiting:
            self._turn.append(kind, "".join(texts), tokens, fold=self._place.following)
        self._settle()
        self._announce_phase()
        took_ms = (time.perf_counter() - began) * 1000
        self.flush_timer.start(max(FLUSH_MS, int(took_ms * FLUSH_SHARE)))

    @Slot()
    def _tick(self) -> None:
        if self._turn is not None:
            self._turn.thinking.tick()
            self._announce_phase()

    def _announce_phase(self) -> None:
        if self._turn is not None:
            self.announcer.follow(self._turn.thinking.phase, self._turn.thinking.seconds)
