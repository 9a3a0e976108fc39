"""A history that writes nothing: for a folder that cannot be written, and for chats not to be kept."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from app.errors import AppError
from app.history import words
from app.history.records import (
    Conversation,
    ConversationSummary,
    Deletion,
    Folder,
    SearchHit,
    Turn,
    TurnState,
)
from app.history.search import folded_words, turn_holds_all
from app.history.searching import hit_in_turn
from app.history.titles import title_from_question
from app.history.turn_tree import Node, TurnTree
from models.engine.protocol import Usage


class History(Protocol):
    """What a chat needs of a history; `HistoryStore` keeps it on disk, `MemoryHistory` does not."""

    def conversations(self, newest: int | None = None) -> list[ConversationSummary]:
        """The conversations, the last used first: all, or the newest so many and those that are pinned."""
        ...

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with its turns. Raises `HistoryError` if it is not there."""
        ...

    def folders(self) -> list[Folder]:
        """All folders, by name."""
        ...

    def create_folder(self, name: str) -> Folder:
        """Make a folder. Raises `InputError` for an empty name."""
        ...

    def rename_folder(self, folder_id: int, name: str) -> None:
        """Give a folder another name."""
        ...

    def move(self, conversation_id: int, folder_id: int | None) -> None:
        """Put a conversation into a folder; None takes it out of the one it is in."""
        ...

    def set_pinned(self, conversation_id: int, is_pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        ...

    def set_archived(self, conversation_id: int, is_archived: bool) -> None:
        """Put a conversation out of the way, or back."""
        ...

    def begin_turn(
        self, conversation_id: int | None, question: str, model_name: str, *, version_of: int | None = None
    ) -> Turn:
        """Store a question; None makes the conversation. Durable when it returns.

        `version_of`: the turn beside which it stands, with the same parent; None: after the last turn of the
        path in front. The path in front ends with it in any case.
        """
        ...

    def show_version(self, turn_id: int) -> int:
        """Let the path in front go through that turn, down to the newest below it. Gives its conversation.

        Nothing changes where the path goes through it already.
        """
        ...

    def branch(self, turn_id: int) -> int:
        """Copy the path up to and with that turn into a conversation of its own, and give its id."""
        ...

    def resume_turn(self, turn_id: int) -> Turn:
        """Let a turn that ended early run again: its answer goes on from what stands of it.

        Raises `HistoryError` if it is not there, or nothing stands of its answer.
        """
        ...

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Store what stands of an answer."""
        ...

    def end_turn(
        self, turn_id: int, *, state: TurnState, answer: str, usage: Usage, failure: str = ""
    ) -> Turn:
        """Store how a turn ended."""
        ...

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        ...

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own, 0: as usual."""
        ...

    def delete(self, conversation_id: int) -> Deletion:
        """Hide a conversation everywhere at once."""
        ...

    def delete_turn(self, turn_id: int) -> Deletion:
        """Hide a question with its reply; what follows it stays. The last one goes with its conversation."""
        ...

    def delete_folder(self, folder_id: int) -> Deletion:
        """Hide a folder; its conversations stay, in no folder."""
        ...

    def undo_delete(self, deletion: Deletion) -> None:
        """Bring back what was deleted, the last first. Raises `HistoryError` if it was purged."""
        ...

    def purge_deleted(self) -> None:
        """Wipe whatever was deleted before this returns: from now on it cannot be brought back."""
        ...

    def forget_deleted(self) -> None:
        """What was deleted cannot be brought back from now on; `maintain` wipes it."""
        ...

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Find turns and titles that hold all words of `text`."""
        ...

    def turns_not_searched(self) -> int:
        """About how many turns a search does not look through yet."""
        ...

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """Look after the file in the background, if something is due; `notice` gets what went wrong."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class MemoryHistory:
    """Holds conversations until the program ends; see `History`.

    `is_temporary`: its ids are negative, so that they are never those of a history on disk, and its
    conversations say that they are temporary.
    """

    def __init__(self, *, is_temporary: bool = False) -> None:
        self._is_temporary = is_temporary
        self._ids = itertools.count(-1, -1) if is_temporary else itertools.count(1)
        self._summaries: dict[int, ConversationSummary] = {}
        self._heads: dict[int, int | None] = {}
        self._turns: dict[int, Turn] = {}
        self._folders: dict[int, Folder] = {}
        self._deleted: set[int] = set()

    def conversations(self, newest: int | None = None) -> list[ConversationSummary]:
        """The conversations, the last used first. See `History`."""
        there = [self._summary(each) for each in reversed(self._summaries) if each not in self._deleted]
        there.sort(key=lambda summary: summary.updated_at, reverse=True)
        return [
            each for place, each in enumerate(there) if newest is None or place < newest or each.is_pinned
        ]

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with the path in front. Raises `HistoryError` if it is not there."""
        summary = self._summary(conversation_id)
        tree = self._tree(conversation_id)
        path = tree.path(self._heads[conversation_id])
        parents = dict(zip(path, (None, *path), strict=False))
        turns = (dataclasses.replace(self._turns[each], parent_id=parents[each]) for each in path)
        return Conversation(summary, tuple(turns), tree.versions(path))

    def folders(self) -> list[Folder]:
        """All folders, by name."""
        there = [folder for folder in self._folders.values() if folder.id not in self._deleted]
        return sorted(there, key=lambda folder: (folder.name.casefold(), folder.id))

    def create_folder(self, name: str) -> Folder:
        """Make a folder. Raises `InputError` for an empty name."""
        folder = Folder(next(self._ids), words.checked_folder_name(name), datetime.now(UTC))
        self._folders[folder.id] = folder
        return folder

    def rename_folder(self, folder_id: int, name: str) -> None:
        """Give a folder another name. Raises `InputError` for an empty one."""
        name = words.checked_folder_name(name)
        self._folders[folder_id] = dataclasses.replace(self._folder(folder_id), name=name)

    def move(self, conversation_id: int, folder_id: int | None) -> None:
        """Put a conversation into a folder; None takes it out of the one it is in."""
        self._summary(conversation_id)
        if folder_id is not None:
            self._folder(folder_id)
        self._change(conversation_id, folder_id=folder_id)

    def set_pinned(self, conversation_id: int, is_pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        self._summary(conversation_id)
        self._change(conversation_id, is_pinned=is_pinned)

    def set_archived(self, conversation_id: int, is_archived: bool) -> None:
        """Put a conversation out of the way, or back."""
        self._summary(conversation_id)
        self._change(conversation_id, is_archived=is_archived)

    def begin_turn(
        self, conversation_id: int | None, question: str, model_name: str, *, version_of: int | None = None
    ) -> Turn:
        """Hold a question; None makes the conversation. See `History`."""
        question = words.checked_question(question)
        now = datetime.now(UTC)
        if conversation_id is None:
            if version_of is not None:
                raise words.not_there("question", version_of)
            conversation_id = self._new_conversation(title_from_question(question), now)
        self._summary(conversation_id)
        tree = self._tree(conversation_id)
        if version_of is None:
            parent_id = tree.head(self._heads[conversation_id])
        elif version_of in tree:
            parent_id = tree.stored_parent(version_of)
        else:
            raise words.not_there("question", version_of)
        turn = Turn(next(self._ids), conversation_id, question, "", TurnState.RUNNING, model_name, now)
        turn = dataclasses.replace(turn, parent_id=parent_id)
        self._turns[turn.id] = turn
        self._heads[conversation_id] = turn.id
        self._change(conversation_id, updated_at=now)
        return turn

    def resume_turn(self, turn_id: int) -> Turn:
        """Let a turn that ended early run again. See `History`."""
        turn = self._turn(turn_id)
        words.require_can_go_on(turn.state, turn.answer)
        self._turns[turn_id] = dataclasses.replace(turn, state=TurnState.RUNNING, failure="")
        return self._turns[turn_id]

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Hold what stands of an answer."""
        turn = self._turn(turn_id, even_deleted=True)
        if turn.state in (TurnState.RUNNING, TurnState.INTERRUPTED):
            self._turns[turn_id] = dataclasses.replace(turn, answer=answer)

    def end_turn(
        self, turn_id: int, *, state: TurnState, answer: str, usage: Usage, failure: str = ""
    ) -> Turn:
        """Hold how a turn ended."""
        turn = self._turn(turn_id, even_deleted=True)
        turn = dataclasses.replace(turn, state=state, answer=answer, usage=usage, failure=failure)
        self._turns[turn_id] = turn
        return turn

    def show_version(self, turn_id: int) -> int:
        """Let the path in front go through that turn; gives its conversation. See `History`."""
        conversation_id = self._turn(turn_id).conversation_id
        self._summary(conversation_id)
        tree = self._tree(conversation_id)
        if turn_id not in tree.path(self._heads[conversation_id]):
            self._heads[conversation_id] = tree.newest_below(turn_id)
        return conversation_id

    def branch(self, turn_id: int) -> int:
        """Copy the path up to and with that turn into a conversation of its own, and give its id."""
        turn = self._turn(turn_id)
        summary = self._summary(turn.conversation_id)
        if turn.state is TurnState.RUNNING:
            raise words.still_written()
        new_id = self._new_conversation(words.branch_title(summary.title), datetime.now(UTC))
        self._change(new_id, folder_id=summary.folder_id, context_tokens=summary.context_tokens)
        for each in self._tree(turn.conversation_id).path_to(turn_id):
            copy = dataclasses.replace(
                self._turns[each],
                id=next(self._ids),
                conversation_id=new_id,
                parent_id=self._heads[new_id],
            )
            self._turns[copy.id] = copy
            self._heads[new_id] = copy.id
        return new_id

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title. Raises `InputError` for an empty one."""
        title = words.checked_title(title)
        self._summary(conversation_id)
        self._change(conversation_id, title=title)

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own, 0: as usual."""
        self._summary(conversation_id)
        self._change(conversation_id, context_tokens=context_tokens)

    def delete(self, conversation_id: int) -> Deletion:
        """Hide a conversation, until it is brought back or purged."""
        title = self._summary(conversation_id).title
        self._deleted.add(conversation_id)
        return Deletion(words.deleted_conversation(title), conversation_id=conversation_id)

    def delete_turn(self, turn_id: int) -> Deletion:
        """Hide a question with its reply. The last one goes with its conversation. See `History`."""
        turn = self._turn(turn_id)
        summary = self._summary(turn.conversation_id)
        tree = self._tree(summary.id)
        if len(tree) == 1:
            return self.delete(summary.id)
        head_before = tree.head(self._heads[summary.id])
        head_after = tree.head_without(turn_id, head_before)
        self._deleted.add(turn_id)
        self._heads[summary.id] = head_after
        title = summary.title
        if title == title_from_question(turn.question):
            title = title_from_question(self.conversation(summary.id).turns[0].question)
            self._change(summary.id, title=title)
        return Deletion(
            words.deleted_turn(turn.question),
            turn_id=turn_id,
            head_before=head_before,
            head_after=head_after,
            title_before=summary.title,
            title_after=title,
        )

    def delete_folder(self, folder_id: int) -> Deletion:
        """Hide a folder; its conversations stay, in no folder."""
        name = self._folder(folder_id).name
        self._deleted.add(folder_id)
        return Deletion(words.deleted_folder(name), folder_id=folder_id)

    def undo_delete(self, deletion: Deletion) -> None:
        """Bring back what was deleted. Raises `HistoryError` if it was purged."""
        deleted_id = deletion.conversation_id or deletion.turn_id or deletion.folder_id
        if deleted_id not in self._deleted:
            raise words.gone_for_good()
        self._deleted.remove(deleted_id)
        if deletion.turn_id is not None:
            conversation_id = self._turns[deletion.turn_id].conversation_id
            if self._heads[conversation_id] == deletion.head_after:
                self._heads[conversation_id] = deletion.head_before
            if self._summaries[conversation_id].title == deletion.title_after:
                self._change(conversation_id, title=deletion.title_before)

    def purge_deleted(self) -> None:
        """Forget what was deleted."""
        for turn in list(self._turns.values()):
            if turn.conversation_id in self._deleted:
                del self._turns[turn.id]
            elif turn.id in self._deleted:
                self._purge_turn(turn)
        for folder_id in self._deleted & self._folders.keys():
            del self._folders[folder_id]
        for conversation_id in self._deleted & self._summaries.keys():
            del self._summaries[conversation_id]
            del self._heads[conversation_id]
        self._deleted.clear()

    def forget_deleted(self) -> None:
        """Forget it at once."""
        self.purge_deleted()

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Find turns and titles that hold all words of `text`."""
        looked_for = folded_words(text)
        hits = [
            hit_in_turn(summary.id, summary.title, turn.id, turn.question, turn.answer, looked_for)
            for summary in self.conversations()
            for turn in self._turns.values()
            if turn.conversation_id == summary.id and turn.id not in self._deleted
            if turn_holds_all(f"{turn.question}\n{turn.answer}", summary.title, looked_for)
        ]
        return hits[:limit] if looked_for else []

    def turns_not_searched(self) -> int:
        """All are."""
        return 0

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """There is no file to look after."""

    def close(self) -> None:
        """Nothing is open."""

    def _new_conversation(self, title: str, now: datetime) -> int:
        conversation_id = next(self._ids)
        summary = ConversationSummary(conversation_id, title, now, now, 0, is_temporary=self._is_temporary)
        self._summaries[conversation_id] = summary
        self._heads[conversation_id] = None
        return conversation_id

    def _summary(self, conversation_id: int) -> ConversationSummary:
        if conversation_id not in self._summaries or conversation_id in self._deleted:
            raise words.not_there("conversation", conversation_id)
        summary = self._summaries[conversation_id]
        path = self._tree(conversation_id).path(self._heads[conversation_id])
        is_in_folder = summary.folder_id in self._folders and summary.folder_id not in self._deleted
        folder_id = summary.folder_id if is_in_folder else None
        return dataclasses.replace(summary, turn_count=len(path), folder_id=folder_id)

    def _folder(self, folder_id: int) -> Folder:
        if folder_id not in self._folders or folder_id in self._deleted:
            raise words.not_there("folder", folder_id)
        return self._folders[folder_id]

    def _turn(self, turn_id: int, *, even_deleted: bool = False) -> Turn:
        if turn_id not in self._turns or (turn_id in self._deleted and not even_deleted):
            raise words.not_there("question", turn_id)
        return self._turns[turn_id]

    def _tree(self, conversation_id: int) -> TurnTree:
        return TurnTree(
            Node(turn.id, turn.parent_id, turn.id in self._deleted)
            for turn in self._turns.values()
            if turn.conversation_id == conversation_id
        )

    def _change(self, conversation_id: int, **values: object) -> None:
        self._summaries[conversation_id] = dataclasses.replace(
            self._summaries[conversation_id],
            **values,  # type: ignore[arg-type]
        )

    def _purge_turn(self, turn: Turn) -> None:
        parent_id = self._turns[turn.id].parent_id
        del self._turns[turn.id]
        for other in self._turns.values():
            if other.parent_id == turn.id:
                self._turns[other.id] = dataclasses.replace(other, parent_id=parent_id)
