"""A thought that goes in circles is closed, or waits for a word."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from models.engine.loop import EventSender, TurnOutput
from models.engine.protocol import OnLoop, Thinking, ThoughtEnd, decode_event
from models.engine.reply import Reading, Reply
from models.engine.steering import Steering
from models.engine.thought_watch import ThoughtWatch
from models.reasoning import ReasoningSplitter

CIRCLE = list(range(100, 117))
TOKENS_TO_FIND_IT = 400
HINT = [7, 8]


class _NoLogits:
    def add_to_logit(self, token: int, bias: float) -> None:
        """Nothing is drawn here."""


class Thought:
    """A reply that thinks whatever tokens it is given; its events go into a file."""

    def __init__(self, events: Path, on_loop: OnLoop) -> None:
        self.events = events
        self._descriptor = os.open(events, os.O_WRONLY | os.O_CREAT)
        self.output = TurnOutput(1, EventSender(self._descriptor), threading.Event())
        splitter = ReasoningSplitter(starts_inside=True)
        reading = Reading(splitter, {}, splitter.feed, splitter.finish, list)
        self.reply = Reply(self.output, lambda token: b" word", reading)
        steering = Steering(Thinking(), 100_000, closing=[1], closing_token=1, bridge=[2, 3], wait=[4])
        self.watch = ThoughtWatch(self.reply, steering, on_loop, lambda _hint: HINT)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def think_in_circles(self, tokens: int) -> object:
        """Think round and round; gives what is to be written instead, if anything."""
        for count in range(tokens):
            forced = self.watch.before_token(_NoLogits())
            if forced is not None:
                return forced
            token = CIRCLE[count % len(CIRCLE)]
            self.reply.take(token)
            self.watch.after_token(token)
        return None


@pytest.mark.parametrize("on_loop", list(OnLoop))
def test_a_circle(on_loop: OnLoop, tmp_path: Path) -> None:
    thought = Thought(tmp_path / "events", on_loop)
    thought.output.hints.put("look elsewhere")
    forced = thought.think_in_circles(TOKENS_TO_FIND_IT)
    thought.close()
    events = [decode_event(line) for line in thought.events.read_bytes().splitlines(keepends=True)]
    said = [event for event in events if type(event).__name__ == "Paused"]
    match on_loop:
        case OnLoop.ANSWER:
            assert getattr(forced, "reason", None) is ThoughtEnd.LOOP
        case OnLoop.PAUSE:
            assert getattr(forced, "tokens", None) == HINT
            assert len(said) == 1
        case OnLoop.IGNORE:
            assert forced is None
            assert not said
