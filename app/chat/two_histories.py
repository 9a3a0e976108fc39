"""The history that is kept and the temporary one as one: what has an id below zero is temporary."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from app.errors import AppError, InputError
from app.history.memory import History, MemoryHistory
from app.history.records import (
    Conversation,
    ConversationSummary,
    Deletion,
    Folder,
    SearchHit,
    Turn,
    TurnState,
)
from models.engine.protocol import Usage


class TwoHistories:
    """See `History`. New conversations are kept; a temporary one begins with `begin_temporary`.

    `kept` may be replaced while nothing of it is in use; what is temporary stays until the
    program ends, or `forget_temporary`.
    """

    def __init__(self, kept: History) -> None:
        self.kept = kept
        self._temporary = MemoryHistory(is_temporary=True)

    def begin_temporary(self, question: str, model_name: str) -> Turn:
        """The first question of a conversation of which nothing is written."""
        return self._temporary.begin_turn(None, question, model_name)

    def forget_temporary(self) -> None:
        """What is temporary is gone."""
        self._temporary = MemoryHistory(is_temporary=True)

    def conversations(self, newest: int | None = None) -> list[ConversationSummary]:
        """Those of both, the last used first; what is temporary is always there."""
        temporary, kept = self._temporary.conversations(), self.kept.conversations(newest)
        if not temporary:
            return kept
        return sorted([*temporary, *kept], key=lambda summary: summary.updated_at, reverse=True)

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with the path in front."""
        return self._of(conversation_id).conversation(conversation_id)

    def folders(self) -> list[Folder]:
        """All folders; what is temporary is in none."""
        return self.kept.folders()

    def create_folder(self, name: str) -> Folder:
        """Make a folder."""
        return self.kept.create_folder(name)

    def rename_folder(self, folder_id: int, name: str) -> None:
        """Give a folder another name."""
        self.kept.rename_folder(folder_id, name)

    def move(self, conversation_id: int, folder_id: int | None) -> None:
        """Put a conversation into a folder. Raises `InputError` for a temporary one."""
        if conversation_id < 0 and folder_id is not None:
            raise InputError("A temporary chat cannot be put into a folder.", kept="It stays where it is.")
        self._of(conversation_id).move(conversation_id, folder_id)

    def set_pinned(self, conversation_id: int, is_pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        self._of(conversation_id).set_pinned(conversation_id, is_pinned)

    def set_archived(self, conversation_id: int, is_archived: bool) -> None:
        """Put a conversation out of the way, or back."""
        self._of(conversation_id).set_archived(conversation_id, is_archived)

    def begin_turn(
        self, conversation_id: int | None, question: str, model_name: str, *, version_of: int | None = None
    ) -> Turn:
        """Take a question; None makes a conversation that is kept."""
        history = self._of(conversation_id or 0)
        return history.begin_turn(conversation_id, question, model_name, version_of=version_of)

    def resume_turn(self, turn_id: int) -> Turn:
        """Let a turn that ended early run again."""
        return self._of(turn_id).resume_turn(turn_id)

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Take what stands of an answer."""
        self._of(turn_id).save_answer_so_far(turn_id, answer)

    def end_turn(
        self, turn_id: int, *, state: TurnState, answer: str, usage: Usage, failure: str = ""
    ) -> Turn:
        """Take how a turn ended."""
        history = self._of(turn_id)
        return history.end_turn(turn_id, state=state, answer=answer, usage=usage, failure=failure)

    def show_version(self, turn_id: int) -> int:
        """Let the path in front go through that turn."""
        return self._of(turn_id).show_version(turn_id)

    def branch(self, turn_id: int) -> int:
        """Copy the path up to that turn; a branch of a temporary conversation is temporary."""
        return self._of(turn_id).branch(turn_id)

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        self._of(conversation_id).rename(conversation_id, title)

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own."""
        self._of(conversation_id).set_context(conversation_id, context_tokens)

    def delete(self, conversation_id: int) -> Deletion:
        """Hide a conversation."""
        return self._of(conversation_id).delete(conversation_id)

    def delete_turn(self, turn_id: int) -> Deletion:
        """Hide a question with its reply."""
        return self._of(turn_id).delete_turn(turn_id)

    def delete_folder(self, folder_id: int) -> Deletion:
        """Hide a folder."""
        return self.kept.delete_folder(folder_id)

    def undo_delete(self, deletion: Deletion) -> None:
        """Bring back what was deleted."""
        deleted_id = deletion.conversation_id or deletion.turn_id or deletion.folder_id or 0
        self._of(deleted_id).undo_delete(deletion)

    def purge_deleted(self) -> None:
        """Wipe whatever was deleted."""
        self._temporary.purge_deleted()
        self.kept.purge_deleted()

    def forget_deleted(self) -> None:
        """What was deleted cannot be brought back from now on."""
        self._temporary.forget_deleted()
        self.kept.forget_deleted()

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Find in both; what is temporary comes first."""
        found = itertools.chain(self._temporary.search(text, limit), self.kept.search(text, limit))
        return list(itertools.islice(found, limit))

    def turns_not_searched(self) -> int:
        """Of the one that is kept."""
        return self.kept.turns_not_searched()

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """Look after the one that is kept."""
        self.kept.maintain(notice, delay_s)

    def close(self) -> None:
        """Let go of the one that is kept."""
        self.kept.close()

    def _of(self, any_id: int) -> History:
        return self._temporary if any_id < 0 else self.kept
