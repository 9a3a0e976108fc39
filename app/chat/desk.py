"""What is done to whole conversations: opened, put in order, branched, deleted and brought back."""

from __future__ import annotations

from collections.abc import Callable

from app.chat import events
from app.chat.events import ChatEvent
from app.chat.front import FrontConversation
from app.chat.guarded import guarded
from app.chat.replies import Replies
from app.errors import AppError, HistoryLockedError
from app.history.carrying_over import carry_over
from app.history.memory import History, MemoryHistory
from app.history.records import Deletion


class Desk:
    """Used on the chat's thread only; all methods but those that say so raise `AppError`.

    `prepare()` is called when something else is in front; `on_upkeep_problem` comes on another thread.
    """

    def __init__(
        self,
        *,
        say: Callable[[ChatEvent], None],
        front: FrontConversation,
        replies: Replies,
        prepare: Callable[[], None],
        on_upkeep_problem: Callable[[AppError], None],
    ) -> None:
        self._say = say
        self._front = front
        self._replies = replies
        self._prepare = prepare
        self._on_upkeep_problem = on_upkeep_problem
        self._deletions: list[tuple[Deletion, int | None]] = []
        """What can be brought back, the newest last, and which conversation was in front at the deletion."""
        self.is_locked = False
        self._in_front_at_lock: tuple[int | None, bool] = None, False
        """Which one, and whether it was temporary."""

    # The file

    def open_history(self, open_history: Callable[[], History] | None) -> None:
        """Open it and list it; raises nothing. None: nothing is written."""
        if open_history is not None:
            try:
                self._front.history.kept = open_history()
            except AppError as error:
                self._say(events.Noticed(error, lasting=True))
        guarded(self._say, self._front.list_all)

    def repair_history(self, repair: Callable[[], None], open_history: Callable[[], History] | None) -> None:
        """Close it, repair it, open it again; raises nothing."""
        self._replies.abandon()
        self._withdraw_undo()
        before = self._front.history.kept
        self._front.history.close()
        self._front.history.kept = before if isinstance(before, MemoryHistory) else MemoryHistory()
        self._front.clear()
        guarded(self._say, repair)
        self.open_history(open_history)
        self._carry_over(before)

    def unlock_history(self, unlock: Callable[[], bool], open_history: Callable[[], History] | None) -> None:
        """Do what unlocks it; if that worked, open it, with what was asked meanwhile. Raises nothing."""
        if not unlock():
            return
        self._replies.abandon()
        self._withdraw_undo()
        before = self._front.history.kept
        self._front.clear()
        self.open_history(open_history)
        self._carry_over(before)
        self.maintain()

    def lock(self, forget_keys: Callable[[], None]) -> None:
        """Close the history and forget all that was read of it; raises nothing. No reply may be running.

        What could not be stored stays in memory, since it is nowhere else.
        """
        self._withdraw_undo()
        front, history = self._front, self._front.history
        self._in_front_at_lock = front.conversation_id, front.is_temporary
        guarded(self._say, history.purge_deleted)
        if not isinstance(history.kept, MemoryHistory):
            history.close()
            history.kept = MemoryHistory()
        front.forget_all()
        forget_keys()
        self.is_locked = True
        self._say(events.ConversationsListed(()))

    def unlock(self, admit: Callable[[], None], open_history: Callable[[], History] | None) -> None:
        """Call `admit`, which raises `AppError` where nobody may; then open the history. Raises nothing."""
        kept: History | None = None
        try:
            admit()
        except AppError as error:
            self._say(events.UnlockRefused(error))
            return
        try:
            kept = open_history() if open_history is not None else None
        except HistoryLockedError as error:
            self._say(events.UnlockRefused(error))
            return
        except AppError as error:
            self._say(events.Noticed(error, lasting=True))
        self.is_locked = False
        self._say(events.Unlocked())
        before = self._front.history.kept
        if kept is not None:
            self._front.history.kept = kept
            self._carry_over(before)
        guarded(self._say, self._front.list_all)
        self._show_as_before(ids_changed=kept is not None and bool(before.conversations()))
        self.maintain()

    def _show_as_before(self, *, ids_changed: bool) -> None:
        """What was in front at the lock, or a new one. What was temporary is gone."""
        conversation_id, is_temporary = self._in_front_at_lock
        if conversation_id is None or is_temporary or ids_changed:
            self.show_new(is_temporary=is_temporary)
            return
        try:
            self.show(conversation_id)
        except AppError:  # somebody else deleted it, or the history cannot be read, which was said
            self.show_new()

    def _carry_over(self, before: History) -> None:
        """What was asked while the history could not be opened is stored now."""
        kept = self._front.history.kept
        if isinstance(before, MemoryHistory) and not isinstance(kept, MemoryHistory):
            guarded(self._say, lambda: carry_over(before, kept))
            guarded(self._say, self._front.list_all)

    def maintain(self, delay_s: float = 0.0) -> None:
        """Look after the file, if something is due; raises nothing."""
        self._front.history.maintain(self._on_upkeep_problem, delay_s)

    # In front

    def show(self, conversation_id: int) -> None:
        """Put a conversation in front."""
        self._front.open(conversation_id, self._replies.running)
        self._prepare()

    def show_new(self, *, is_temporary: bool = False) -> None:
        """Put an empty one in front; raises nothing."""
        self._front.clear(is_temporary=is_temporary)
        self._prepare()

    def show_version(self, turn_id: int) -> None:
        """Put the path through a turn in front."""
        self._front.show_version(turn_id, self._replies.running)
        self._front.list_all()
        self._prepare()

    def branch(self, turn_id: int) -> None:
        """Put a copy of the path up to a turn in front."""
        self._front.branch(turn_id, self._replies.running)
        self._front.list_all()
        self._prepare()

    def set_context(self, context_tokens: int) -> None:
        """Give the conversation in front a context of its own."""
        self._front.set_context(context_tokens)
        self._prepare()

    # In the list

    def change(self, change: Callable[[History], object]) -> None:
        """Change something that shows in the list, and list it."""
        change(self._front.history)
        self._front.list_all()

    def search(self, text: str) -> None:
        """Look for words."""
        history = self._front.history
        self._say(events.ConversationsFound(text, tuple(history.search(text)), history.turns_not_searched()))

    # Deletions

    def delete_conversation(self, conversation_id: int) -> None:
        """Delete a conversation; a reply of it that is being written is stopped."""
        running = self._replies.running
        if running is not None and running.turn.conversation_id == conversation_id:
            self._replies.abandon()
        self._take_deletion(self._front.history.delete(conversation_id))

    def delete_turn(self, turn_id: int) -> None:
        """Delete a question with its reply, which is stopped if it is being written."""
        running = self._replies.running
        if running is not None and running.turn.id == turn_id:
            self._replies.abandon()
        self._take_deletion(self._front.history.delete_turn(turn_id))

    def delete_folder(self, folder_id: int) -> None:
        """Delete a folder; its conversations stay."""
        self._take_deletion(self._front.history.delete_folder(folder_id))

    def undo_delete(self) -> None:
        """Bring back what was deleted last, and show it where it was shown."""
        self._say(events.DeletionForgotten())
        if not self._deletions:
            return
        deletion, deleted_in = self._deletions.pop()
        if self._deletions:
            self._say(events.Deleted(self._deletions[-1][0].words))
        self._front.history.undo_delete(deletion)
        self._front.list_all()
        in_front = self._front.conversation_id
        if deletion.conversation_id is not None and in_front is None:
            if deletion.conversation_id == deleted_in:
                self.show(deletion.conversation_id)
        elif deletion.turn_id is not None and in_front is not None and in_front == deleted_in:
            self.show(in_front)

    def forget_deleted(self) -> None:
        """Wipe what was deleted, for good."""
        self._forget_thoughts()
        self._say(events.DeletionForgotten())
        self._front.history.forget_deleted()
        self.maintain()

    def _take_deletion(self, deletion: Deletion) -> None:
        self._deletions.append((deletion, self._front.conversation_id))
        self._say(events.Deleted(deletion.words))
        self._front.list_all()
        in_front = self._front.conversation_id
        if in_front is not None and deletion.conversation_id == in_front:
            self.show_new()
        elif in_front is not None and deletion.turn_id is not None:
            self.show(in_front)

    def _withdraw_undo(self) -> None:
        if self._deletions:
            self._deletions.clear()
            self._say(events.DeletionForgotten())

    def _forget_thoughts(self) -> None:
        for deletion, _in_front in self._deletions:
            self._front.forget(deletion)
        self._deletions.clear()
