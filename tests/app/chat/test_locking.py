"""Locking: nothing of any chat is left in reach, the engine is gone, the right words open it again."""

from __future__ import annotations

import gc
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.chat.controller import ChatController
from app.chat.events import (
    ConversationOpened,
    ConversationsFound,
    ConversationsListed,
    Deleted,
    DeletionForgotten,
    EngineState,
    Locked,
    Noticed,
    QuestionRejected,
    ReplyDelta,
    TurnEnded,
    Unlocked,
    UnlockRefused,
)
from app.errors import HistoryDamagedError, HistoryError, HistoryLockedError
from app.history.memory import History
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from models.reasoning import PieceKind
from tests.app.chat.conftest import StartController
from tests.app.chat.listener import Listener
from tests.app.history.filled import holds

CANARY = "PLATYPUS"
THOUGHT = f"{CANARY} in a thought"
LONG = ("--tokens-per-s", "20", "--thought", "Hm.", "--answer", f"{CANARY} one two three " * 200)
TAKES_IT = (
    "import sqlcipher3.dbapi2 as driver, sys\n"
    "connection = driver.connect(sys.argv[1], timeout=0)\n"
    "connection.execute('PRAGMA locking_mode = EXCLUSIVE')\n"
    "connection.execute('BEGIN EXCLUSIVE')\n"
    "print(connection.execute('SELECT count(*) FROM turns').fetchone()[0])\n"
)


class Door:
    """Opens the history unless it is told not to; counts how often."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened = 0
        self.error: HistoryError | None = None
        self.keys = ["a key"]

    def open_history(self) -> History:
        if self.error is not None:
            raise self.error
        self.opened += 1
        return HistoryStore(self.path)

    def forget_keys(self) -> None:
        self.keys.clear()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "history.db")


@pytest.fixture
def start(door: Door, start_controller: StartController) -> Callable[..., tuple[ChatController, Listener]]:
    def start_one(*options: str) -> tuple[ChatController, Listener]:
        answers = ("--thought", THOUGHT, "--answer", "To {question}")
        return start_controller(*answers, *options, open_history=door.open_history)

    return start_one


Start = Callable[..., tuple[ChatController, Listener]]


def ask(controller: ChatController, listener: Listener, text: str) -> Turn:
    listener.forget()
    controller.ask(text)
    return listener.wait_for(TurnEnded).turn


def lock(controller: ChatController, listener: Listener, door: Door) -> None:
    listener.forget()
    controller.lock(door.forget_keys)
    listener.wait_for(Locked)


def admit() -> None:
    """Anybody may."""


def unlock(controller: ChatController, listener: Listener) -> None:
    listener.forget()
    controller.unlock(admit)
    listener.wait_for(ConversationOpened)
    assert listener.of(Unlocked)


def words_in_reach(controller: ChatController, listener: Listener) -> list[str]:
    """All texts that hold the canary and can be reached from the controller, or from its thread."""
    frame: types.FrameType | None = sys._current_frames()[controller._thread.ident or 0]
    roots: list[object] = [controller]
    while frame is not None:
        roots += frame.f_locals.values()
        frame = frame.f_back
    seen = {id(listener), id(listener.events), id(controller._engine._command)}  # the script has the words
    return [text for text in texts_from(roots, seen) if CANARY in text]


def texts_from(roots: list[object], seen: set[int]) -> Iterator[str]:
    waiting = list(roots)
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, types.ModuleType | type):
            continue
        seen.add(id(each))
        if isinstance(each, str):
            yield each
        elif isinstance(each, bytes):
            yield each.decode("utf-8", "replace")
        elif isinstance(each, types.FunctionType):
            waiting += [each.__closure__, each.__defaults__, each.__kwdefaults__]
        else:
            waiting += gc.get_referents(each)


def engine_processes() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [each for each in children if "fake_worker" in " ".join(each.cmdline())]


def test_after_the_lock_no_word_is_in_reach(start: Start, door: Door) -> None:
    controller, listener = start()
    kept = ask(controller, listener, f"Who is {CANARY}?")
    controller.new_temporary_conversation()
    ask(controller, listener, f"And between us, {CANARY}?")
    controller.open_conversation(kept.conversation_id)
    listener.wait_for(ConversationOpened, lambda opened: opened.conversation is not None)
    controller.search(CANARY)
    listener.wait_for(ConversationsFound)
    found = words_in_reach(controller, listener)
    assert any(THOUGHT in text for text in found)
    assert any("between us" in text for text in found)
    lock(controller, listener, door)
    assert words_in_reach(controller, listener) == []
    assert door.keys == []
    listed = listener.of(ConversationsListed)[-1]
    assert not listed.conversations
    assert not listed.folders


def test_the_engine_is_gone_and_another_process_can_have_the_history(start: Start, door: Door) -> None:
    controller, listener = start()
    ask(controller, listener, "Who?")
    assert len(engine_processes()) == 1
    lock(controller, listener, door)
    assert listener.wait_for_engine(EngineState.ASLEEP)
    assert engine_processes() == []
    taken = subprocess.run(
        [sys.executable, "-c", TAKES_IT, str(door.path)], capture_output=True, text=True, check=False
    )
    assert taken.stdout == "1\n", taken.stderr


def test_what_stands_of_a_running_answer_is_kept(start: Start, door: Door) -> None:
    controller, listener = start(*LONG)
    listener.forget()
    controller.ask("Count")
    listener.wait_for(ReplyDelta, lambda delta: delta.kind is PieceKind.ANSWER and CANARY in delta.text)
    controller.lock(door.forget_keys)
    listener.wait_for(Locked)
    ended = listener.wait_for(TurnEnded).turn
    assert ended.state is TurnState.STOPPED
    assert CANARY in ended.answer
    assert words_in_reach(controller, listener) == []
    with HistoryStore(door.path) as history:
        assert history.conversation(ended.conversation_id).turns == (ended,)


def test_unlocked_the_same_chat_is_in_front_and_the_next_question_wakes_the_engine(
    start: Start, door: Door
) -> None:
    controller, listener = start()
    turn = ask(controller, listener, "Who came first?")
    lock(controller, listener, door)
    unlock(controller, listener)
    opened = listener.of(ConversationOpened)[-1]
    assert opened.conversation is not None
    assert opened.conversation.turns == (turn,)
    assert not opened.thoughts
    assert [each.id for each in listener.of(ConversationsListed)[-1].conversations] == [turn.conversation_id]
    assert engine_processes() == []
    second = ask(controller, listener, "And then?")
    assert second.conversation_id == turn.conversation_id
    assert second.parent_id == turn.id


def test_a_temporary_chat_is_gone_and_a_new_one_is_in_front(start: Start, door: Door) -> None:
    controller, listener = start()
    controller.new_temporary_conversation()
    ask(controller, listener, f"Between us, {CANARY}?")
    lock(controller, listener, door)
    unlock(controller, listener)
    assert listener.of(ConversationOpened)[-1].conversation is None
    assert listener.of(ConversationOpened)[-1].is_temporary
    assert not listener.of(ConversationsListed)[-1].conversations
    assert holds(door.path.parent, CANARY) == []


def test_while_it_is_locked_nothing_is_said_and_nothing_is_started(
    start: Start, door: Door, mini_model: Path
) -> None:
    controller, listener = start()
    turn = ask(controller, listener, "Who came first?")
    lock(controller, listener, door)
    listener.forget()
    controller.ask("And now?")
    controller.ask_version(turn.id, "And now?")
    controller.go_on(turn.id)
    controller.open_conversation(turn.conversation_id)
    controller.new_conversation()
    controller.search("first")
    controller.list_again()
    controller.list_more()
    controller.delete_conversation(turn.conversation_id)
    controller.undo_delete()
    controller.restart_engine()
    controller.repair_history(lambda: pytest.fail("repaired"))
    controller.unlock_history(lambda: True)
    controller.lock(door.forget_keys)
    controller.use_model(mini_model)
    listener.wait_for_engine(EngineState.ASLEEP)
    assert [type(event).__name__ for event in listener.events] == ["EngineStateChanged"]
    assert engine_processes() == []
    assert door.opened == 1
    unlock(controller, listener)
    assert listener.of(ConversationOpened)[-1].conversation is not None


def test_with_the_wrong_words_it_stays_as_it_is(start: Start, door: Door) -> None:
    controller, listener = start()
    ask(controller, listener, "Who came first?")
    lock(controller, listener, door)
    listener.forget()

    def refuse() -> None:
        raise HistoryLockedError("This is not the passphrase.")

    controller.unlock(refuse)
    assert "not the passphrase" in listener.wait_for(UnlockRefused).error.message
    door.error = HistoryLockedError("The keyring does not have it.")
    listener.forget()
    controller.unlock(admit)
    assert listener.wait_for(UnlockRefused).error is door.error
    assert len(listener.events) == 1
    door.error = None
    unlock(controller, listener)


def test_a_history_that_was_damaged_meanwhile_is_said_as_ever(start: Start, door: Door) -> None:
    controller, listener = start()
    ask(controller, listener, "Who came first?")
    lock(controller, listener, door)
    door.error = HistoryDamagedError("It is damaged.")
    unlock(controller, listener)
    assert listener.wait_for(Noticed).error is door.error
    assert listener.of(ConversationOpened)[-1].conversation is None


def test_chats_that_could_not_be_stored_are_not_lost(start: Start, door: Door) -> None:
    door.error = HistoryLockedError("Its key is not there.")
    controller, listener = start()
    ask(controller, listener, "Is this kept?")
    lock(controller, listener, door)
    listener.forget()
    controller.unlock(admit)
    listener.wait_for(UnlockRefused)
    door.error = None
    unlock(controller, listener)
    controller.close()
    with HistoryStore(door.path) as history:
        assert [summary.title for summary in history.conversations()] == ["Is this kept?"]


def test_what_was_deleted_cannot_be_brought_back_after_the_lock(start: Start, door: Door) -> None:
    controller, listener = start()
    turn = ask(controller, listener, f"Who is {CANARY}?")
    controller.delete_conversation(turn.conversation_id)
    listener.wait_for(Deleted)
    lock(controller, listener, door)
    assert listener.of(DeletionForgotten)
    assert holds(door.path.parent, CANARY) == []
    unlock(controller, listener)
    assert not listener.of(ConversationsListed)[-1].conversations


def test_a_question_that_waits_for_the_engine_comes_back(start: Start, door: Door) -> None:
    controller, listener = start()
    controller._engine._command = [*(controller._engine._command or ()), "--load-s", "600"]
    listener.forget()
    controller.restart_engine()
    listener.wait_for_engine(EngineState.LOADING)
    controller.ask(f"Who is {CANARY}?")
    controller.lock(door.forget_keys)
    rejected = listener.wait_for(QuestionRejected)
    assert rejected.text == f"Who is {CANARY}?"
    listener.wait_for(Locked)
    assert words_in_reach(controller, listener) == []


def test_a_locked_chat_closes(start: Start, door: Door) -> None:
    controller, listener = start()
    lock(controller, listener, door)
    controller.close()
    assert not controller._thread.is_alive()
