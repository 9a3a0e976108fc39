"""Real chats to be killed in: `python -m` this, a folder, a model; a line of input forks the next one.

Each says at once what the chat has acknowledged: "asked ID QUESTION", "ended ID STATE", "deleting ID",
"deleted ID"; the nursery says "gone" once it is dead.
"""

from __future__ import annotations

import os
import queue
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.chat import controller as controller_module
from app.chat import replies
from app.chat.controller import ChatController
from app.chat.events import (
    ChatEvent,
    ConversationsListed,
    EngineState,
    EngineStateChanged,
    QuestionRejected,
    TurnEnded,
    TurnStarted,
)
from app.history.records import TurnState
from app.history.store import HistoryStore
from tests.app.history.children import say

Event = TypeVar("Event")

THOUGHT = "A secret thought of Theodora, which no file may hold."
ANSWER = "The answer to {question}: " + "it goes on and on, " * 12 + "until it ends."
ENGINE = (sys.executable, "-m", "models.engine.fake_worker", "--tokens-per-s", "300")
SCRIPT = ("--thought", THOUGHT, "--answer", ANSWER)


def answer_to(question: str) -> str:
    """What the fake engine says."""
    return ANSWER.replace("{question}", question)


class ToldChat(ChatController):
    """A chat with the fake engine that says what it acknowledges; `heard` has all its events."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.heard: queue.SimpleQueue[ChatEvent] = queue.SimpleQueue()
        super().__init__(
            listener=self._listen,
            open_history=lambda: HistoryStore(folder / "history.db"),
            model_path=model,
            built_in_model_path=model,
            engine_command=(*ENGINE, *SCRIPT),
        )

    def wait_for(self, kind: type[Event], fits: Callable[[Event], bool] = lambda _: True) -> Event:
        """The next event of that kind."""
        while not (isinstance(event := self.heard.get(), kind) and fits(event)):
            pass
        return event

    def _listen(self, event: ChatEvent) -> None:
        if isinstance(event, TurnStarted):
            say(f"asked {event.turn.id} {event.turn.question}")
        elif isinstance(event, TurnEnded):
            say(f"ended {event.turn.id} {event.turn.state} {len(event.turn.answer)}")
        self.heard.put(event)


def chat_until_killed(folder: Path, model: Path) -> None:
    """Ask, be answered, stop some answers, delete some conversations, for ever."""
    replies.SAVE_INTERVAL_S = 0.02
    controller_module.UPKEEP_DELAY_S = 0.0
    chat = ToldChat(folder, model)
    chat.start()
    chat.wait_for(EngineStateChanged, lambda change: change.state is EngineState.READY)
    while True:
        chat.new_conversation()
        chat.ask(f"canary-{random.getrandbits(60):x}")
        if random.random() < 0.3:
            chat.stop()
        turn = chat.wait_for(TurnEnded).turn
        if random.random() < 0.4:
            say(f"deleting {turn.id}")
            chat.delete_conversation(turn.conversation_id)
            wait_until_gone(chat, turn.conversation_id)
            say(f"deleted {turn.id}")


def wait_until_gone(chat: ToldChat, conversation_id: int) -> None:
    """Until the list has that conversation no more."""
    chat.wait_for(
        ConversationsListed,
        lambda listed: conversation_id not in {each.id for each in listed.conversations},
    )


def chat_until_the_disk_is_full(folder: Path, model: Path) -> None:
    """On a small disk: ask until a question is rejected, make room, ask it again; what was said stands."""
    filler = folder / "filler"
    filler.write_bytes(bytes(450_000))
    chat = ToldChat(folder, model)
    chat.start()
    chat.wait_for(EngineStateChanged, lambda change: change.state is EngineState.READY)
    stored: dict[int, str] = {}
    rejected = None
    while rejected is None:
        chat.new_conversation()
        chat.ask(f"How much fits? {len(stored)} " + "x" * 5000)
        event = chat.heard.get()
        while not isinstance(event, TurnEnded | QuestionRejected):
            event = chat.heard.get()
        if isinstance(event, QuestionRejected):
            rejected = event
        elif event.turn.state is TurnState.FINISHED:
            stored[event.turn.id] = event.turn.question
    say(f"{len(stored) > 3} {rejected.text.startswith(f'How much fits? {len(stored)} x')} {rejected.error}")
    filler.unlink()
    chat.ask(rejected.text)
    last = chat.wait_for(TurnEnded).turn
    stored[last.id] = last.question
    chat.close()
    with HistoryStore(folder / "history.db") as history:
        found = {
            turn.id: turn.question
            for summary in history.conversations()
            for turn in history.conversation(summary.id).turns
        }
    say(f"{last.state} {stored.items() <= found.items()}")


def main(folder: str, model: str) -> None:
    """Fork a chat for each line of input, and say when it is gone."""
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            random.seed()
            say(str(os.getpid()))
            chat_until_killed(Path(folder), Path(model))
        os.waitpid(pid, 0)
        say("gone")


if __name__ == "__main__":
    if sys.argv[3:] == ["full"]:
        chat_until_the_disk_is_full(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main(sys.argv[1], sys.argv[2])
