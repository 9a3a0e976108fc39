"""Versions, branches, folders and deletions: the same on disk and in memory."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import HistoryError, InputError
from app.history.memory import History, MemoryHistory
from app.history.records import Conversation, Deletion, Turn, TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage


@pytest.fixture(params=["on disk", "in memory", "temporary"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    kinds: dict[str, Callable[[], History]] = {
        "on disk": lambda: HistoryStore(tmp_path / "history.db"),
        "in memory": MemoryHistory,
        "temporary": lambda: MemoryHistory(is_temporary=True),
    }
    made = kinds[request.param]()
    yield made
    made.close()


def ask(
    history: History, question: str, conversation: int | None = None, version_of: int | None = None
) -> Turn:
    """A finished turn."""
    turn = history.begin_turn(conversation, question, "m", version_of=version_of)
    return history.end_turn(
        turn.id, state=TurnState.FINISHED, answer=f"To {question}", usage=Usage(answer_tokens=3)
    )


def chat(history: History, *questions: str) -> list[Turn]:
    """A conversation of finished turns."""
    turns = [ask(history, questions[0])]
    for question in questions[1:]:
        turns.append(ask(history, question, turns[0].conversation_id))
    return turns


def path(history: History, conversation_id: int) -> list[str]:
    return [turn.question for turn in history.conversation(conversation_id).turns]


def the_only(history: History) -> Conversation:
    (summary,) = history.conversations()
    conversation = history.conversation(summary.id)
    assert conversation.summary == summary
    return conversation


def found_by(history: History, text: str) -> set[int | None]:
    return {hit.turn_id for hit in history.search(text)}


# Versions and branches


def test_turns_are_a_chain(history: History) -> None:
    one, two, three = chat(history, "one", "two", "three")
    assert (one.parent_id, two.parent_id, three.parent_id) == (None, one.id, two.id)
    assert the_only(history).turns == (one, two, three)
    assert the_only(history).versions == {}


def test_a_version_stands_beside_the_old_one_and_is_in_front(history: History) -> None:
    one, two, three = chat(history, "one", "two", "three")
    other = ask(history, "two, edited", one.conversation_id, version_of=two.id)
    assert other.parent_id == one.id
    conversation = the_only(history)
    assert conversation.turns == (one, other)
    assert conversation.versions == {other.id: (two.id, other.id)}
    assert conversation.summary.turn_count == 2

    assert history.show_version(two.id) == one.conversation_id
    assert the_only(history).turns == (one, two, three), "down to the newest turn below"
    assert the_only(history).versions == {two.id: (two.id, other.id)}
    assert history.show_version(one.id) == one.conversation_id
    assert the_only(history).turns == (one, two, three), "the path went through it already"


def test_the_first_question_has_versions_too(history: History) -> None:
    one, _ = chat(history, "one", "two")
    other = ask(history, "another one", one.conversation_id, version_of=one.id)
    assert other.parent_id is None
    assert the_only(history).turns == (other,)
    more = ask(history, "more", one.conversation_id)
    assert more.parent_id == other.id
    assert the_only(history).versions == {other.id: (one.id, other.id)}


def test_a_version_that_is_being_written_has_its_versions_shown(history: History) -> None:
    (one,) = chat(history, "one")
    running = history.begin_turn(one.conversation_id, "one", "m", version_of=one.id)
    assert the_only(history).versions == {running.id: (one.id, running.id)}


def test_a_branch_is_a_chat_of_its_own(history: History) -> None:
    one, two, _ = chat(history, "one", "two", "three")
    ask(history, "not on the path", one.conversation_id, version_of=one.id)
    folder = history.create_folder("Sums")
    history.move(one.conversation_id, folder.id)
    history.set_context(one.conversation_id, 2048)
    branch = history.conversation(history.branch(two.id))
    assert branch.summary.id != one.conversation_id
    assert branch.summary.title == "one (branch)"
    assert (branch.summary.folder_id, branch.summary.context_tokens) == (folder.id, 2048)
    assert [turn.question for turn in branch.turns] == ["one", "two"]
    assert branch.summary.turn_count == 2
    assert branch.versions == {}
    first, second = branch.turns
    assert second.parent_id == first.id
    assert {first.id, second.id}.isdisjoint({one.id, two.id})
    assert (first.answer, first.usage, first.created_at) == (one.answer, one.usage, one.created_at)
    ask(history, "and on", branch.summary.id)
    assert path(history, branch.summary.id) == ["one", "two", "and on"]
    history.delete(one.conversation_id)
    history.purge_deleted()
    assert path(history, branch.summary.id) == ["one", "two", "and on"]
    again = history.conversation(history.branch(first.id))
    assert again.summary.title == "one (branch)"


def test_what_is_being_written_cannot_be_branched(history: History) -> None:
    turn = history.begin_turn(None, "one", "m")
    with pytest.raises(HistoryError, match="still being written"):
        history.branch(turn.id)
    assert len(history.conversations()) == 1


def test_a_version_of_what_is_not_there(history: History) -> None:
    one, two = chat(history, "one", "two")
    (elsewhere,) = chat(history, "elsewhere")
    for missing in (elsewhere.id, 12345, 0):
        with pytest.raises(HistoryError, match="no question"):
            history.begin_turn(one.conversation_id, "x", "m", version_of=missing)
    with pytest.raises(HistoryError, match="no question"):
        history.begin_turn(None, "x", "m", version_of=two.id)
    assert len(history.conversations()) == 2
    assert path(history, one.conversation_id) == ["one", "two"]
    for action in (history.show_version, history.branch, history.delete_turn):
        with pytest.raises(HistoryError, match="no question"):
            action(12345)


# Folders, pin, archive


def test_folders(history: History) -> None:
    work, art = history.create_folder(" Work\n"), history.create_folder("art")
    assert work.name == "Work"
    assert history.folders() == [art, work]
    history.rename_folder(art.id, "Zen")
    assert [folder.name for folder in history.folders()] == ["Work", "Zen"]
    (turn,) = chat(history, "one")
    history.move(turn.conversation_id, work.id)
    assert the_only(history).summary.folder_id == work.id
    history.move(turn.conversation_id, None)
    assert the_only(history).summary.folder_id is None
    for name in ("", " \n\x07"):
        with pytest.raises(InputError, match="no name"):
            history.create_folder(name)
        with pytest.raises(InputError, match="no name"):
            history.rename_folder(work.id, name)
    for missing in (0, 12345):
        with pytest.raises(HistoryError, match="no folder"):
            history.move(turn.conversation_id, missing)
        with pytest.raises(HistoryError, match="no folder"):
            history.rename_folder(missing, "x")
        with pytest.raises(HistoryError, match="no folder"):
            history.delete_folder(missing)


def test_pin_and_archive(history: History) -> None:
    (turn,) = chat(history, "one")
    before = the_only(history).summary
    assert (before.is_pinned, before.is_archived) == (False, False)
    history.set_pinned(turn.conversation_id, True)
    history.set_archived(turn.conversation_id, True)
    after = the_only(history).summary
    assert (after.is_pinned, after.is_archived) == (True, True)
    assert after.updated_at == before.updated_at, "that is no use of the chat"
    history.set_pinned(turn.conversation_id, False)
    history.set_archived(turn.conversation_id, False)
    assert the_only(history).summary == before
    for missing in (0, 12345):
        with pytest.raises(HistoryError, match="no conversation"):
            history.set_pinned(missing, True)
        with pytest.raises(HistoryError, match="no conversation"):
            history.set_archived(missing, True)
        with pytest.raises(HistoryError, match="no conversation"):
            history.move(missing, None)


# Deletions


def test_a_deleted_conversation_is_hidden_and_comes_back(history: History) -> None:
    one, two = chat(history, "penguins", "more penguins")
    history.set_pinned(one.conversation_id, True)
    deletion = history.delete(one.conversation_id)
    assert deletion.words == "“penguins” was deleted."
    assert history.conversations() == []
    assert history.search("penguins") == []
    for action in (
        lambda: history.conversation(one.conversation_id),
        lambda: history.begin_turn(one.conversation_id, "x", "m"),
        lambda: history.rename(one.conversation_id, "x"),
        lambda: history.show_version(two.id),
        lambda: history.branch(two.id),
        lambda: history.delete(one.conversation_id),
    ):
        with pytest.raises(HistoryError, match="There is no"):
            action()


def test_an_undo_brings_a_conversation_back_as_it_was(history: History) -> None:
    (one, _), (other,) = chat(history, "penguins", "more"), chat(history, "bears")
    before = history.conversation(one.conversation_id)
    history.undo_delete(history.delete(one.conversation_id))
    assert history.conversation(one.conversation_id) == before
    assert found_by(history, "penguins") >= {one.id}
    history.purge_deleted()
    assert history.conversation(one.conversation_id) == before
    assert [each.id for each in history.conversations()] == [other.conversation_id, one.conversation_id]


@pytest.mark.parametrize("what", ["conversation", "turn", "folder"])
def test_what_was_purged_does_not_come_back(history: History, what: str) -> None:
    one, two = chat(history, "one", "two")
    folder = history.create_folder("Work")
    deletions: dict[str, Callable[[], Deletion]] = {
        "conversation": lambda: history.delete(one.conversation_id),
        "turn": lambda: history.delete_turn(two.id),
        "folder": lambda: history.delete_folder(folder.id),
    }
    deletion = deletions[what]()
    history.purge_deleted()
    with pytest.raises(HistoryError, match="cannot be brought back"):
        history.undo_delete(deletion)


def test_deletions_come_back_the_last_one_first(history: History) -> None:
    one, two, three = chat(history, "one", "two", "three")
    before = the_only(history)
    deletions = [history.delete_turn(two.id), history.delete_turn(one.id), history.delete_turn(three.id)]
    assert history.conversations() == []
    shown = []
    for deletion in reversed(deletions):
        history.undo_delete(deletion)
        shown.append(path(history, one.conversation_id))
    assert shown == [["three"], ["one", "three"], ["one", "two", "three"]]
    assert the_only(history) == before


def test_all_that_was_deleted_is_purged_together(history: History) -> None:
    one, two, three = chat(history, "one", "two", "three")
    deletions = [history.delete_turn(two.id), history.delete_turn(three.id)]
    history.purge_deleted()
    for deletion in deletions:
        with pytest.raises(HistoryError, match="cannot be brought back"):
            history.undo_delete(deletion)
    assert path(history, one.conversation_id) == ["one"]


def test_a_deleted_turn_leaves_what_follows_it(history: History) -> None:
    one, two, three = chat(history, "one", "two", "three")
    before = the_only(history)
    deletion = history.delete_turn(two.id)
    assert deletion.words == "“two” and its reply were deleted."
    after = the_only(history)
    assert [turn.question for turn in after.turns] == ["one", "three"]
    assert after.summary.turn_count == 2
    assert two.id not in found_by(history, "two")
    history.undo_delete(deletion)
    assert the_only(history) == before
    history.delete_turn(two.id)
    history.purge_deleted()
    purged = the_only(history)
    assert purged.turns[1].parent_id == one.id
    assert purged == after
    assert ask(history, "four", one.conversation_id).parent_id == three.id


def test_a_deleted_last_turn_shows_the_version_before_it(history: History) -> None:
    one, two, _ = chat(history, "one", "two", "three")
    other = ask(history, "two again", one.conversation_id, version_of=two.id)
    deletion = history.delete_turn(other.id)
    assert path(history, one.conversation_id) == ["one", "two", "three"]
    assert the_only(history).versions == {}
    history.undo_delete(deletion)
    assert path(history, one.conversation_id) == ["one", "two again"]


def test_a_deleted_last_turn_without_versions_ends_the_path_before(history: History) -> None:
    one, two = chat(history, "one", "two")
    deletion = history.delete_turn(two.id)
    more = ask(history, "more", one.conversation_id)
    assert more.parent_id == one.id
    history.undo_delete(deletion)
    assert path(history, one.conversation_id) == ["one", "more"], "an undo does not hide what came since"
    assert the_only(history).versions == {more.id: (two.id, more.id)}


def test_the_last_turn_goes_with_its_conversation(history: History) -> None:
    (one,) = chat(history, "one")
    deletion = history.delete_turn(one.id)
    assert deletion.words == "“one” was deleted."
    assert history.conversations() == []
    history.undo_delete(deletion)
    assert path(history, one.conversation_id) == ["one"]


def test_a_title_made_from_a_deleted_question_goes_with_it(history: History) -> None:
    one, _ = chat(history, "A secret", "The weather")
    deletion = history.delete_turn(one.id)
    assert the_only(history).summary.title == "The weather"
    assert the_only(history).turns[0].parent_id is None
    history.undo_delete(deletion)
    assert the_only(history).summary.title == "A secret"
    history.rename(one.conversation_id, "Mine")
    history.undo_delete(history.delete_turn(one.id))
    assert the_only(history).summary.title == "Mine"
    deletion = history.delete_turn(one.id)
    history.rename(one.conversation_id, "Yours")
    history.undo_delete(deletion)
    assert the_only(history).summary.title == "Yours"


def test_a_deleted_folder_keeps_its_chats(history: History) -> None:
    (one,) = chat(history, "one")
    folder = history.create_folder("Work")
    history.move(one.conversation_id, folder.id)
    deletion = history.delete_folder(folder.id)
    assert deletion.words == "The folder “Work” was deleted. Its chats are kept."
    assert history.folders() == []
    assert the_only(history).summary.folder_id is None
    history.undo_delete(deletion)
    assert history.folders() == [folder]
    assert the_only(history).summary.folder_id == folder.id
    history.delete_folder(folder.id)
    history.purge_deleted()
    assert the_only(history).summary.folder_id is None


def test_what_ends_after_its_deletion_is_kept_for_the_undo(history: History) -> None:
    """Another Ponder may be writing it."""
    turn = history.begin_turn(None, "one", "m")
    deletion = history.delete(turn.conversation_id)
    history.save_answer_so_far(turn.id, "So")
    history.end_turn(turn.id, state=TurnState.STOPPED, answer="So far", usage=Usage())
    history.undo_delete(deletion)
    assert the_only(history).turns[0].answer == "So far"


# The two are the same


class Pair:
    """Does the same things to two histories. Ids differ, so things have numbers, in the order they came."""

    def __init__(self, chance: random.Random, *histories: History) -> None:
        self.chance = chance
        self.histories = histories
        self.conversations: list[list[int]] = [[] for _ in histories]
        self.turns: list[list[int]] = [[] for _ in histories]
        self.folders: list[list[int]] = [[] for _ in histories]
        self.deletions: list[list[Deletion]] = [[] for _ in histories]

    def do(self, what: str) -> None:
        picks = [self.chance.random() for _ in range(3)]
        outcomes = [self._do(what, side, picks) for side in range(len(self.histories))]
        assert outcomes[0] == outcomes[1], what
        shapes = [self._shape(side) for side in range(len(self.histories))]
        assert shapes[0] == shapes[1], what

    def _do(self, what: str, side: int, picks: list[float]) -> str:
        history = self.histories[side]

        def one_of(those: list[list[int]], pick: float) -> int:
            return those[side][int(pick * len(those[side]))] if those[side] else 12345

        turn = one_of(self.turns, picks[0])
        conversation = one_of(self.conversations, picks[1])
        folder = one_of(self.folders, picks[2])
        try:
            match what:
                case "new":
                    self._add(side, ask(history, f"new {len(self.turns[side])}"))
                case "ask":
                    self._add(side, ask(history, f"ask {len(self.turns[side])}", conversation))
                case "version":
                    self._add(
                        side,
                        ask(history, f"v {len(self.turns[side])}", conversation, version_of=turn),
                    )
                case "show":
                    history.show_version(turn)
                case "branch":
                    branch = history.conversation(history.branch(turn))
                    self.conversations[side].append(branch.summary.id)
                    self.turns[side] += [each.id for each in branch.turns]
                case "folder":
                    self.folders[side].append(history.create_folder(f"f {len(self.folders[side])}").id)
                case "move":
                    history.move(conversation, folder if picks[0] < 0.8 else None)
                case "pin":
                    history.set_pinned(conversation, picks[0] < 0.5)
                case "delete":
                    self.deletions[side].append(history.delete(conversation))
                case "delete turn":
                    self.deletions[side].append(history.delete_turn(turn))
                case "delete folder":
                    self.deletions[side].append(history.delete_folder(folder))
                case "undo":
                    if self.deletions[side]:
                        history.undo_delete(self.deletions[side].pop())
                case "purge":
                    history.purge_deleted()
        except HistoryError as error:
            return error.message.split(" ")[0]
        return ""

    def _add(self, side: int, turn: Turn) -> None:
        self.turns[side].append(turn.id)
        if turn.conversation_id not in self.conversations[side]:
            self.conversations[side].append(turn.conversation_id)

    def _shape(self, side: int) -> object:
        history, turns = self.histories[side], self.turns[side]
        shape = []
        for summary in history.conversations():
            conversation = history.conversation(summary.id)
            assert conversation.summary == summary, "the list says what the conversation says"
            numbers = [turns.index(turn.id) for turn in conversation.turns]
            parents = [
                None if turn.parent_id is None else turns.index(turn.parent_id) for turn in conversation.turns
            ]
            assert parents == [None, *numbers][:-1]
            folder = None if summary.folder_id is None else self.folders[side].index(summary.folder_id)
            versions = {
                turns.index(each): [turns.index(v) for v in those]
                for each, those in conversation.versions.items()
            }
            where = self.conversations[side].index(summary.id)
            shape.append((where, summary.title, summary.is_pinned, folder, numbers, versions))
        return shape, [folder.name for folder in history.folders()]


CHANGES = ["new", "ask", "ask", "version", "version", "show", "branch", "folder", "move", "pin"]
DELETIONS = ["delete", "delete turn", "delete turn", "delete folder", "undo", "undo", "purge"]
ORDERS = st.lists(st.sampled_from([*CHANGES, *DELETIONS]), min_size=3, max_size=25)


@settings(max_examples=500 if os.environ.get("PONDER_PROOF") == "1" else 12)
@given(orders=ORDERS, seed=st.integers(0, 1000))
def test_disk_and_memory_do_the_same(
    tmp_path_factory: pytest.TempPathFactory, orders: list[str], seed: int
) -> None:
    memory = MemoryHistory(is_temporary=True)
    with HistoryStore(tmp_path_factory.mktemp("pair") / "history.db") as store:
        pair = Pair(random.Random(seed), store, memory)
        for what in ["new", "ask", *orders]:
            pair.do(what)


def test_the_list_can_end_after_the_newest_but_not_without_what_is_pinned(history: History) -> None:
    ids = [ask(history, f"Question {number}?").conversation_id for number in range(6)]
    history.set_pinned(ids[0], True)
    assert [summary.id for summary in history.conversations(2)] == [ids[5], ids[4], ids[0]]
    assert [summary.id for summary in history.conversations(6)] == [*reversed(ids)]
    assert len(history.conversations(0)) == 1
    assert len(history.conversations()) == 6
