"""A screen reader hears how a reply goes, not what is written."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.engine.protocol import PauseReason
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from ui.theme import Theme
from ui.transcript.announcer import Announcer
from ui.transcript.live_reply import LiveReply
from ui.transcript.thought_words import Phase
from ui.transcript.view import TranscriptView


class Listener:
    """A view with a reply in it, and what is said of that."""

    def __init__(self, qtbot: QtBot) -> None:
        self.clock = Clock()
        self.view = TranscriptView(Theme.light(), clock=self.clock)
        qtbot.addWidget(self.view)
        self.view.resize(800, 600)
        self.view.show()
        self.said: list[str] = []
        self.view.findChildren(LiveReply)[0].announcer.said.connect(self.said.append)

    def hear(self, kind: PieceKind, text: str) -> None:
        self.view.append(1, kind, text, 1)
        self.view.findChildren(LiveReply)[0].flush()


@pytest.fixture
def listener(qtbot: QtBot) -> Listener:
    return Listener(qtbot)


def test_a_reply_of_many_tokens_is_told_in_four_sentences(listener: Listener) -> None:
    listener.view.begin_turn(make_turn())
    for _ in range(500):
        listener.hear(PieceKind.REASONING, "secret ")
        listener.clock.now_s += 0.1
    for _ in range(300):
        listener.hear(PieceKind.ANSWER, "word ")
        listener.clock.now_s += 0.1
    done = make_turn(answer="word " * 300, state=TurnState.FINISHED, usage=USAGE)
    listener.view.end_turn(done, None)
    assert listener.said == [
        "Thinking",
        "Thinking, 20 seconds",
        "Thinking, 40 seconds",
        "Writing the answer",
        "Answer ready",
    ]


def test_a_thought_without_a_token_for_long_is_counted_all_the_same(listener: Listener, qtbot: QtBot) -> None:
    listener.view.begin_turn(make_turn())
    listener.hear(PieceKind.REASONING, "Let me see.")
    listener.clock.now_s += 41
    qtbot.waitUntil(lambda: len(listener.said) == 2)
    assert listener.said == ["Thinking", "Thinking, 40 seconds"]


def test_a_pause_and_a_failure_are_told(listener: Listener) -> None:
    listener.view.begin_turn(make_turn())
    listener.hear(PieceKind.REASONING, "Again and again.")
    listener.view.pause_turn(1, PauseReason.LOOP, "Four times the same.")
    error = engine_error("engine_stopped", {})
    listener.view.end_turn(make_turn(state=TurnState.FAILED), error)
    assert listener.said[:2] == ["Thinking", "The thinking goes in circles"]
    assert listener.said[2] == f"The reply failed. {error}"


def test_long_thoughts_are_counted_by_the_minute(qapp: QObject) -> None:
    speaker = QObject()
    announcer = Announcer(speaker)
    said: list[str] = []
    announcer.said.connect(said.append)
    for tenth in range(6_000):
        announcer.follow(Phase.THINKING, tenth / 10)
    minutes = ["Thinking, 1 minute", "Thinking, 2 minutes", "Thinking, 9 minutes"]
    assert [words for words in minutes if words in said] == minutes
    assert len(said) == 1 + 6 + 7
    announcer.begin()
    announcer.follow(Phase.THINKING, 0)
    assert said[-1] == "Thinking"
