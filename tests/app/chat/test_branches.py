"""Versions, branches, folders, deletions and temporary chats, as the controller does them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.chat.controller import ChatController
from app.chat.engine_host import EngineHost
from app.chat.events import (
    ConversationOpened,
    ConversationsFound,
    ConversationsListed,
    Deleted,
    DeletionForgotten,
    Noticed,
    QuestionRejected,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
)
from app.errors import HistoryError, InputError
from app.history.records import Conversation, ConversationSummary, Turn, TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Message, Sampling, Thinking
from tests.app.chat.conftest import StartController
from tests.app.chat.listener import Listener
from tests.app.history.filled import holds

Start = Callable[..., tuple[ChatController, Listener]]
LONG = ("--tokens-per-s", "20", "--thought", "abc " * 500)


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    """Where the history of the test lies."""
    return tmp_path / "history.db"


@pytest.fixture
def start(history_file: Path, start_controller: StartController) -> Start:
    """Start a controller on the disk, whose answers repeat the question."""

    def start_one(*options: str) -> tuple[ChatController, Listener]:
        answers = ("--thought", "Hm.", "--answer", "To {question}")
        return start_controller(*answers, *options, open_history=lambda: HistoryStore(history_file))

    return start_one


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the model was given, question by question."""
    given: list[list[str]] = []
    generate = EngineHost.generate

    def note(
        host: EngineHost,
        messages: Sequence[Message],
        sampling: Sampling,
        thinking: Thinking,
        context_tokens: int,
        answer_so_far: str,
    ) -> int:
        given.append([message.content for message in messages])
        return generate(host, messages, sampling, thinking, context_tokens, answer_so_far)

    monkeypatch.setattr(EngineHost, "generate", note)
    return given


def ask(controller: ChatController, listener: Listener, text: str) -> Turn:
    listener.forget()
    controller.ask(text)
    return listener.wait_for(TurnEnded).turn


def ask_version(controller: ChatController, listener: Listener, turn: Turn, text: str) -> Turn:
    listener.forget()
    controller.ask_version(turn.id, text)
    return listener.wait_for(TurnEnded).turn


def opened(listener: Listener) -> Conversation:
    conversation = listener.wait_for(ConversationOpened).conversation
    assert conversation is not None
    return conversation


def questions(conversation: Conversation) -> list[str]:
    return [turn.question for turn in conversation.turns]


def listed(
    listener: Listener, accept: Callable[[tuple[ConversationSummary, ...]], bool] = lambda _: True
) -> tuple[ConversationSummary, ...]:
    return listener.wait_for(ConversationsListed, lambda event: accept(event.conversations)).conversations


# Versions


def test_an_edited_question_stands_beside_the_old_one(start: Start, asked: list[list[str]]) -> None:
    controller, listener = start()
    one = ask(controller, listener, "one")
    two = ask(controller, listener, "two")
    ask(controller, listener, "three")
    other = ask_version(controller, listener, two, "  two, edited ")
    assert asked[-1] == ["one", "To one", "two, edited"], "the path before it, and nothing else"
    assert other.parent_id == one.id
    before = opened(listener)
    assert questions(before) == ["one"]
    assert before.versions == {other.id: (two.id, other.id)}
    said = [type(event) for event in listener.events if isinstance(event, ConversationOpened | TurnStarted)]
    assert said == [ConversationOpened, TurnStarted]

    ask(controller, listener, "and on")
    assert asked[-1] == ["one", "To one", "two, edited", "To two, edited", "and on"]
    listener.forget()
    controller.show_version(two.id)
    shown = opened(listener)
    assert questions(shown) == ["one", "two", "three"]
    assert shown.versions == {two.id: (two.id, other.id)}
    assert listener.wait_for(ConversationOpened).thoughts.keys() == {turn.id for turn in shown.turns}
    ask(controller, listener, "four")
    assert asked[-1][-3:] == ["three", "To three", "four"]


def test_another_answer_to_the_first_question(start: Start, asked: list[list[str]]) -> None:
    controller, listener = start()
    one = ask(controller, listener, "one")
    again = ask_version(controller, listener, one, "one")
    assert asked == [["one"], ["one"]]
    assert opened(listener).turns == ()
    assert opened(listener).versions == {again.id: (one.id, again.id)}
    listener.forget()
    controller.open_conversation(one.conversation_id)
    assert opened(listener).turns == (again,)


def test_a_version_of_what_is_not_in_front_comes_back(start: Start) -> None:
    controller, listener = start()
    one = ask(controller, listener, "one")
    controller.new_conversation()
    controller.ask_version(one.id, "one, edited")
    rejected = listener.wait_for(QuestionRejected)
    assert rejected.text == "one, edited"
    assert isinstance(rejected.error, InputError)
    assert len(listed(listener)) == 1


def test_another_try_is_a_version(start: Start) -> None:
    controller, listener = start("--fault", "loop", "--thought", "hm " * 50)
    controller.ask("round")
    listener.wait_for(TurnPaused)
    first = listener.wait_for(TurnStarted).turn
    controller.try_again()
    assert listener.wait_for(TurnEnded).turn.id == first.id
    again = listener.wait_for(TurnStarted, lambda event: event.turn.id != first.id).turn
    shown = listener.wait_for(ConversationOpened).conversation
    assert shown is not None
    assert shown.versions == {again.id: (first.id, again.id)}
    controller.stop()


def test_what_is_being_written_cannot_be_hidden(start: Start) -> None:
    controller, listener = start(*LONG)
    controller.ask("one")
    listener.wait_for(ReplyDelta)
    controller.stop()
    one = listener.wait_for(TurnEnded).turn
    listener.forget()
    controller.ask_version(one.id, "one, edited")
    running = listener.wait_for(TurnStarted).turn
    listener.wait_for(ReplyDelta)
    listener.forget()
    controller.show_version(one.id)
    assert "being written" in listener.wait_for(Noticed).error.message
    controller.show_version(running.id)
    assert opened(listener).turns == ()
    assert listener.wait_for(TurnStarted).turn.id == running.id
    controller.branch(running.id)
    listener.wait_for(Noticed, lambda noticed: "still being written" in noticed.error.message)


# Branches, folders, pin and archive


def test_a_branch_is_put_in_front_with_its_thoughts(start: Start, asked: list[list[str]]) -> None:
    controller, listener = start()
    one = ask(controller, listener, "one")
    ask(controller, listener, "two")
    listener.forget()
    controller.branch(one.id)
    branch = opened(listener)
    assert questions(branch) == ["one"]
    assert branch.summary.title == "one (branch)"
    assert listener.wait_for(ConversationOpened).thoughts == {branch.turns[0].id: "Hm."}
    listed(listener, lambda those: len(those) == 2)
    turn = ask(controller, listener, "elsewhere")
    assert turn.conversation_id == branch.summary.id
    assert asked[-1] == ["one", "To one", "elsewhere"]


def test_folders_pin_and_archive_are_listed(start: Start) -> None:
    controller, listener = start()
    turn = ask(controller, listener, "one")
    controller.create_folder("Sums")
    (folder,) = listener.wait_for(ConversationsListed, lambda event: bool(event.folders)).folders
    controller.rename_folder(folder.id, "Products")
    listener.wait_for(ConversationsListed, lambda e: [f.name for f in e.folders] == ["Products"])
    controller.move_conversation(turn.conversation_id, folder.id)
    listed(listener, lambda those: those[0].folder_id == folder.id)
    controller.pin_conversation(turn.conversation_id, True)
    listed(listener, lambda those: those[0].is_pinned)
    controller.archive_conversation(turn.conversation_id, True)
    listed(listener, lambda those: those[0].is_archived)
    listener.forget()
    controller.delete_folder(folder.id)
    assert "Products" in listener.wait_for(Deleted).words
    listener.wait_for(ConversationsListed, lambda e: not e.folders and e.conversations[0].folder_id is None)
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    listed(listener, lambda those: those[0].folder_id == folder.id)
    controller.move_conversation(turn.conversation_id, 12345)
    assert isinstance(listener.wait_for(Noticed).error, HistoryError)


# Deletions


def test_a_deleted_chat_comes_back_to_the_front(start: Start) -> None:
    controller, listener = start()
    turn = ask(controller, listener, "one")
    listener.forget()
    controller.delete_conversation(turn.conversation_id)
    assert listener.wait_for(Deleted).words == "“one” was deleted."
    listener.wait_for(ConversationOpened, lambda event: event.conversation is None)
    listed(listener, lambda those: those == ())
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    assert opened(listener).turns == (turn,)
    assert listener.wait_for(ConversationOpened).thoughts == {turn.id: "Hm."}
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    assert not listener.of(Noticed)


def test_a_deleted_turn_is_taken_from_the_front(start: Start, asked: list[list[str]]) -> None:
    controller, listener = start()
    ask(controller, listener, "one")
    two = ask(controller, listener, "two")
    ask(controller, listener, "three")
    listener.forget()
    controller.delete_turn(two.id)
    assert listener.wait_for(Deleted).words == "“two” and its reply were deleted."
    assert questions(opened(listener)) == ["one", "three"]
    ask(controller, listener, "four")
    assert asked[-1] == ["one", "To one", "three", "To three", "four"]
    listener.forget()
    controller.undo_delete()
    assert questions(opened(listener)) == ["one", "two", "three", "four"]


def test_a_hasty_second_deletion_loses_nothing(start: Start, history_file: Path) -> None:
    controller, listener = start()
    ask(controller, listener, "one")
    two = ask(controller, listener, "two")
    three = ask(controller, listener, "canary Theodora")
    controller.delete_turn(three.id)
    controller.delete_turn(two.id)
    listener.wait_for(
        ConversationOpened,
        lambda event: event.conversation is not None and questions(event.conversation) == ["one"],
    )
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    assert "Theodora" in listener.wait_for(Deleted).words, "the one before can be brought back now"
    assert questions(opened(listener)) == ["one", "two"]
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    assert questions(opened(listener)) == ["one", "two", "canary Theodora"]
    assert not listener.of(Deleted)
    for turn in (two, three):
        controller.delete_turn(turn.id)
    controller.forget_deleted()
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    controller.search("Theodora")
    assert listener.wait_for(ConversationsFound).hits == ()
    assert holds(history_file.parent, "Theodora") == []


def test_a_reply_ends_with_its_chat_and_is_there_after_an_undo(start: Start) -> None:
    controller, listener = start(*LONG)
    controller.ask("one")
    turn = listener.wait_for(TurnStarted).turn
    listener.wait_for(ReplyDelta)
    controller.delete_conversation(turn.conversation_id)
    assert listener.wait_for(TurnEnded).turn.state is TurnState.STOPPED
    listener.wait_for(ConversationOpened, lambda event: event.conversation is None)
    listener.forget()
    controller.undo_delete()
    assert [each.state for each in opened(listener).turns] == [TurnState.STOPPED]
    controller.ask("two")
    running = listener.wait_for(TurnStarted).turn
    listener.forget()
    controller.delete_turn(running.id)
    assert listener.wait_for(TurnEnded).turn.id == running.id
    assert questions(opened(listener)) == ["one"]


def test_deleting_before_a_running_reply_lets_it_go_on(start: Start) -> None:
    controller, listener = start(*LONG)
    controller.ask("one")
    listener.wait_for(ReplyDelta)
    controller.stop()
    one = listener.wait_for(TurnEnded).turn
    listener.forget()
    controller.ask("two")
    two = listener.wait_for(TurnStarted).turn
    listener.wait_for(ReplyDelta)
    listener.forget()
    controller.delete_turn(one.id)
    assert opened(listener).turns == ()
    assert listener.wait_for(TurnStarted).turn.id == two.id
    listener.wait_for(ReplyDelta)
    assert not listener.of(TurnEnded)


def test_forgetting_wipes_what_was_deleted(start: Start, history_file: Path) -> None:
    controller, listener = start()
    ask(controller, listener, "one")
    turn = ask(controller, listener, "canary Theodora")
    listener.forget()
    controller.delete_turn(turn.id)
    listener.wait_for(Deleted)
    assert holds(history_file.parent, "Theodora")
    controller.forget_deleted()
    listener.wait_for(DeletionForgotten)
    controller.search("Theodora")
    listener.wait_for(ConversationsFound)
    assert holds(history_file.parent, "Theodora") == []
    listener.forget()
    controller.undo_delete()
    listener.wait_for(DeletionForgotten)
    controller.search("Theodora")
    assert listener.wait_for(ConversationsFound).hits == ()


def test_closing_wipes_what_was_deleted(start: Start, history_file: Path) -> None:
    controller, listener = start()
    turn = ask(controller, listener, "canary Theodora")
    controller.delete_conversation(turn.conversation_id)
    controller.close()
    assert holds(history_file.parent, "Theodora") == []


# Temporary chats


def test_nothing_of_a_temporary_chat_is_written(
    start: Start, history_file: Path, asked: list[list[str]]
) -> None:
    controller, listener = start()
    ask(controller, listener, "kept")
    listener.forget()
    controller.new_temporary_conversation()
    new = listener.wait_for(ConversationOpened)
    assert (new.conversation, new.is_temporary) == (None, True)
    one = ask(controller, listener, "canary Theodora")
    assert one.id < 0
    assert one.conversation_id < 0
    assert one.state is TurnState.FINISHED
    two = ask(controller, listener, "Theodora again")
    assert asked[-1] == ["canary Theodora", "To canary Theodora", "Theodora again"]
    ask_version(controller, listener, two, "Theodora, edited")
    listener.forget()
    controller.branch(one.id)
    branch = listener.wait_for(ConversationOpened)
    assert branch.is_temporary
    assert branch.conversation is not None
    controller.rename_conversation(one.conversation_id, "Theodora's")
    controller.pin_conversation(one.conversation_id, True)
    controller.set_context(2048)
    controller.search("theodora")
    hits = listener.wait_for(ConversationsFound).hits
    assert {hit.conversation_id for hit in hits} == {one.conversation_id, branch.conversation.summary.id}
    summaries = listed(listener, lambda those: len(those) == 3 and any(each.is_pinned for each in those))
    assert [each.is_temporary for each in summaries].count(True) == 2
    controller.delete_turn(two.id)
    listener.wait_for(Deleted)
    controller.close()
    assert holds(history_file.parent, "Theodora") == []
    with HistoryStore(history_file) as history:
        assert [each.title for each in history.conversations()] == ["kept"]


def test_a_temporary_chat_can_be_deleted_and_lies_in_no_folder(start: Start) -> None:
    controller, listener = start()
    controller.new_temporary_conversation()
    turn = ask(controller, listener, "secret")
    controller.create_folder("Work")
    (folder,) = listener.wait_for(ConversationsListed, lambda event: bool(event.folders)).folders
    controller.move_conversation(turn.conversation_id, folder.id)
    assert "temporary" in listener.wait_for(Noticed).error.message
    listener.forget()
    controller.delete_conversation(turn.conversation_id)
    listener.wait_for(ConversationsListed, lambda event: not event.conversations)
    listener.wait_for(ConversationOpened, lambda event: event.conversation is None and not event.is_temporary)
    listener.forget()
    controller.undo_delete()
    assert opened(listener).turns == (turn,)
    controller.delete_conversation(turn.conversation_id)
    controller.forget_deleted()
    listener.forget()
    controller.open_conversation(turn.conversation_id)
    assert isinstance(listener.wait_for(Noticed).error, HistoryError)


def test_a_folder_is_made_for_a_chat(start: Start) -> None:
    controller, listener = start()
    turn = ask(controller, listener, "sums?")
    controller.create_folder("Sums", turn.conversation_id)
    listed = listener.wait_for(ConversationsListed, lambda event: bool(event.folders))
    assert [each.name for each in listed.folders] == ["Sums"]
    assert listed.conversations[0].folder_id == listed.folders[0].id


def test_more_of_a_long_list_is_said_when_it_is_wanted(
    start: Start, history_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.chat.front.LISTED_AT_FIRST", 3)
    with HistoryStore(history_file) as history:
        ids = [history.begin_turn(None, f"Question {number}?", "m").conversation_id for number in range(5)]
        history.set_pinned(ids[0], True)
    controller, listener = start()
    listed = listener.wait_for(ConversationsListed)
    assert [each.id for each in listed.conversations] == [ids[4], ids[3], ids[2], ids[0]]
    assert listed.has_more
    listener.forget()
    controller.list_more()
    listed = listener.wait_for(ConversationsListed)
    assert [each.id for each in listed.conversations] == [*reversed(ids)]
    assert not listed.has_more
