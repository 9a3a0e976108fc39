"""The conversations on disk: what was asked, what was answered, and not a word of thinking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, or_, select, update

from app.errors import AppError, HistoryDamagedError, HistoryError
from app.history import branching, deleting, organising, purging, reading, search_index, searching, words
from app.history.backups import Backup
from app.history.connection import explained_errors
from app.history.database import open_database, wipe_log, with_write_lock
from app.history.key import Key
from app.history.owner import Owner
from app.history.records import (
    Conversation,
    ConversationSummary,
    Deletion,
    Folder,
    SearchHit,
    Turn,
    TurnState,
)
from app.history.rows import driver_of, row_of, turn_of, usage_columns
from app.history.search_building import ROWS_AT_ONCE, IndexBuilder, build_some
from app.history.tables import turns
from app.history.text import storable
from app.history.upkeep import Upkeep
from models.engine.protocol import Usage

_WAIT_AT_CLOSE_S = 1.0
_INDEXED_AT_OPENING = 300
"""So many titles and turns: a tenth of a second."""
_STORED_IS_KEPT = "Everything stored before is kept."


class HistoryStore:
    """One open history file, for one thread. Several processes may have it open at a time.

    Text is kept as it is, but for NUL and half surrogates (see `app.history.text.storable`). What
    is read back from `Turn` is what was stored. All methods but `close` raise `HistoryError`.
    """

    def __init__(self, path: Path, key: Key | None = None) -> None:
        """Open the history, or make it, encrypted with the key if there is one; its folder must be there.

        Turns whose process is gone become INTERRUPTED, with their text kept.
        Raises `HistoryError`, `HistoryTooNewError`, `HistoryLockedError`.
        """
        self._path = path.absolute()
        self._purge = purging.Purge(self._path)
        self._engine = open_database(self._path, key)
        self._locking_engine = with_write_lock(self._engine)
        self._owner = Owner.this_process()
        self._upkeep = Upkeep(self._path, self._purge, key)
        self._index_builder = IndexBuilder(self._path, key)
        try:
            self._begin_search_index()
            self._interrupt_turns_left_behind()
            self._purge_what_was_left_behind()
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def conversations(self, newest: int | None = None) -> list[ConversationSummary]:
        """The conversations without their turns, the last used first. See `History`."""
        with self._reading() as connection:
            return reading.summaries(connection, newest)

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with the path in front. Raises `HistoryError` if it is not there."""
        with self._reading() as connection:
            return reading.whole_conversation(connection, conversation_id)

    def begin_turn(
        self, conversation_id: int | None, question: str, model_name: str, *, version_of: int | None = None
    ) -> Turn:
        """Store a question; it is on the disk when this returns. See `History`.

        `conversation_id` None makes the conversation, with a title made from the question. Raises
        `InputError` for an empty question, `HistoryError` if the conversation or the version is not there.
        """
        question = words.checked_question(question)
        with self._writing() as connection:
            return branching.add_turn(
                connection, conversation_id, question, model_name, version_of, self._owner
            )

    def resume_turn(self, turn_id: int) -> Turn:
        """Let a turn that ended early run again. See `History`."""
        with self._writing() as connection:
            return branching.resume_turn(connection, turn_id, self._owner)

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Keep what a running turn has answered up to now; never a word of its thought.

        Where the new text takes back some of the old, what is gone is wiped from the disk at once.
        A turn that has ended is left as it is.
        """
        answer = storable(answer)
        with self._writing() as connection:
            before = row_of(connection, turns, turn_id, even_deleted=True)
            if before.state not in (TurnState.RUNNING, TurnState.INTERRUPTED):
                return
            change = update(turns).where(turns.c.id == turn_id).values(answer=answer)
            if before.state == TurnState.RUNNING:  # it is not in the index of the search
                connection.execute(change)
            else:
                with search_index.changed_turns(driver_of(connection), [turn_id]):
                    connection.execute(change)
        if not answer.startswith(before.answer):
            self._wipe("wiped of the text that was taken back")

    def end_turn(
        self, turn_id: int, *, state: TurnState, answer: str, usage: Usage, failure: str = ""
    ) -> Turn:
        """Store how a turn ended; it is on the disk when this returns.

        `failure` goes with FAILED only. Raises `HistoryError` if the turn is not there any more.
        """
        if state is TurnState.RUNNING or (failure and state is not TurnState.FAILED):
            raise ValueError(f"a turn cannot end as {state} with the failure {failure!r}")
        answer = storable(answer)
        with self._writing() as connection:
            before = row_of(connection, turns, turn_id, even_deleted=True)
            with search_index.changed_turns(driver_of(connection), [turn_id]):
                result = connection.execute(
                    update(turns)
                    .where(turns.c.id == turn_id)
                    .values(
                        state=state.value,
                        answer=answer,
                        failure=storable(failure),
                        owner_pid=None,
                        owner_started_at_s=None,
                        **usage_columns(usage),
                    )
                    .returning(turns)
                )
                turn = turn_of(result.one(), before.parent_id)
        if not answer.startswith(before.answer):
            self._wipe("wiped of the text that was taken back")
        return turn

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation a title, brought onto one line. Raises `InputError` for an empty one."""
        title = words.checked_title(title)
        with self._writing() as connection:
            organising.change(connection, conversation_id, title=title)
        self._wipe("wiped of the old title")

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own, in tokens; 0: as usual."""
        with self._writing() as connection:
            organising.change(connection, conversation_id, context_tokens=context_tokens)

    def folders(self) -> list[Folder]:
        """All folders, by name."""
        with self._reading() as connection:
            return reading.all_folders(connection)

    def create_folder(self, name: str) -> Folder:
        """Make a folder. Raises `InputError` for an empty name."""
        name = words.checked_folder_name(name)
        with self._writing() as connection:
            return organising.create_folder(connection, name)

    def rename_folder(self, folder_id: int, name: str) -> None:
        """Give a folder another name. Raises `InputError` for an empty one."""
        name = words.checked_folder_name(name)
        with self._writing() as connection:
            organising.rename_folder(connection, folder_id, name)
        self._wipe("wiped of the old name")

    def move(self, conversation_id: int, folder_id: int | None) -> None:
        """Put a conversation into a folder; None takes it out of the one it is in."""
        with self._writing() as connection:
            organising.move(connection, conversation_id, folder_id)

    def set_pinned(self, conversation_id: int, is_pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        with self._writing() as connection:
            organising.set_pinned(connection, conversation_id, is_pinned)

    def set_archived(self, conversation_id: int, is_archived: bool) -> None:
        """Put a conversation out of the way, or back."""
        with self._writing() as connection:
            organising.set_archived(connection, conversation_id, is_archived)

    def show_version(self, turn_id: int) -> int:
        """Let the path in front go through that turn; gives its conversation. See `History`."""
        with self._writing() as connection:
            return branching.show_version(connection, turn_id)

    def branch(self, turn_id: int) -> int:
        """Copy the path up to and with that turn into a conversation of its own, and give its id."""
        with self._writing() as connection:
            new_id = branching.branch(connection, turn_id)
            search_index.take_in_new(driver_of(connection))
            return new_id

    def delete(self, conversation_id: int) -> Deletion:
        """Hide a conversation everywhere at once, until it is brought back or purged."""
        with self._writing() as connection:
            return deleting.hide_conversation(connection, conversation_id)

    def delete_turn(self, turn_id: int) -> Deletion:
        """Hide a question with its reply. The last one goes with its conversation. See `History`."""
        with self._writing() as connection:
            return deleting.hide_turn(connection, turn_id)

    def delete_folder(self, folder_id: int) -> Deletion:
        """Hide a folder; its conversations stay, in no folder."""
        with self._writing() as connection:
            return deleting.hide_folder(connection, folder_id)

    def undo_delete(self, deletion: Deletion) -> None:
        """Bring back what was deleted. Raises `HistoryError` if it was purged, by another Ponder perhaps."""
        with self._writing() as connection:
            deleting.bring_back(connection, deletion)

    def purge_deleted(self) -> None:
        """Delete for good what is hidden, and wipe its text from the files, before this returns.

        From the backups it goes with the next `maintain` or `do_upkeep`, in a later run of Ponder if it must
        be. What a file system or a solid-state disk keeps of old blocks is out of our hands.
        """
        self._purge_all()
        self._wipe_purged()

    def forget_deleted(self) -> None:
        """What is hidden cannot be brought back from now on. See `History`.

        A little is purged at once, the rest with the next `maintain` or `do_upkeep`.
        """
        if self._has_hidden():
            self._purge_some()

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """The turns that hold the words of `text`, newest first; some may stand in the title instead.

        A title that holds them all is a hit of its own where no turn of the conversation is one.
        """
        with self._reading() as connection:
            if not search_index.is_complete(driver_of(connection)):  # chats were imported, perhaps
                self._index_builder.begin(0.0)
            return searching.find(driver_of(connection), text, limit)

    def turns_not_searched(self) -> int:
        """About how many turns a search does not look through yet; to index a large history takes a while."""
        with self._reading() as connection:
            return search_index.missing_turns(driver_of(connection))

    def build_search_index(self) -> None:
        """Finish the index of the search before this returns; `maintain` does it in the background."""
        self._index_builder.stop()
        with (
            explained_errors(self._path, "looked through", _STORED_IS_KEPT),
            self._engine.connect() as connection,
        ):
            while not build_some(driver_of(connection), ROWS_AT_ONCE):
                pass

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """Make the day's backup, check the file, wipe deletions from the backups: in the background, if due.

        `notice` gets what went wrong, on another thread: `HistoryDamagedError`, or that there is no room.
        """
        is_complete = True
        has_purge = False
        with (
            contextlib.suppress(HistoryError),
            self._reading() as connection,
        ):  # the upkeep says what is wrong
            is_complete = search_index.is_complete(driver_of(connection))
            has_purge = self._purge.is_due(driver_of(connection))
        self._upkeep.begin(notice, delay_s, has_purge=has_purge)
        if not is_complete:
            self._index_builder.begin(delay_s)

    def do_upkeep(self) -> None:
        """What `maintain` does, before this returns. Raises `HistoryError`."""
        self._upkeep.do_now()

    def back_up(self) -> Backup:
        """Make a backup now, beside that of the day. Raises `HistoryError`."""
        return self._upkeep.back_up()

    def close(self) -> None:
        """Put everything into the one file and let go of it. Nothing is lost if that is not possible."""
        self._upkeep.stop()
        self._index_builder.stop()
        try:
            with contextlib.suppress(HistoryError):  # it stays hidden, and the next opening purges it
                self.purge_deleted()
            # What stands in the log is safe there, and the next opening finds it.
            with contextlib.suppress(HistoryError), explained_errors(self._path, "closed", _STORED_IS_KEPT):
                wipe_log(self._engine, _WAIT_AT_CLOSE_S)
        finally:
            self._engine.dispose()

    def _interrupt_turns_left_behind(self) -> None:
        # By the owner, which only a running turn has: that has an index, and the state has none.
        running = select(turns.c.owner_pid, turns.c.owner_started_at_s).where(turns.c.owner_pid.is_not(None))
        with self._reading() as connection:
            owners = {Owner(row.owner_pid, row.owner_started_at_s) for row in connection.execute(running)}
        gone = [owner for owner in owners if not owner.is_alive()]
        if not gone:
            return
        theirs = or_(
            *(
                (turns.c.owner_pid == owner.pid) & (turns.c.owner_started_at_s == owner.started_at_s)
                for owner in gone
            )
        )
        with self._writing() as connection:
            ids = connection.execute(select(turns.c.id).where(theirs)).scalars().all()
            with search_index.changed_turns(driver_of(connection), ids):
                connection.execute(
                    update(turns)
                    .where(theirs)
                    .values(state=TurnState.INTERRUPTED.value, owner_pid=None, owner_started_at_s=None)
                )

    def _begin_search_index(self) -> None:
        """All of a small history is taken in at once, of a large one the newest part."""
        with contextlib.suppress(HistoryError):  # a full disk or a damaged page: whoever needs it says so
            with self._reading() as connection:
                if search_index.is_complete(driver_of(connection)):
                    return
            with self._writing() as connection:
                search_index.begin(driver_of(connection))
                search_index.build(driver_of(connection), _INDEXED_AT_OPENING)

    def _purge_what_was_left_behind(self) -> None:
        """Ponder was killed while an undo was offered. What cannot be purged now stays hidden."""
        try:
            self.forget_deleted()
        except HistoryDamagedError:
            raise
        except HistoryError:
            return

    def _has_hidden(self) -> bool:
        with self._reading() as connection:
            return purging.has_hidden(driver_of(connection))

    def _purge_all(self) -> None:
        while self._has_hidden():
            self._purge_some()

    def _wipe_purged(self) -> None:
        if self._purge.has_purged:
            with (
                explained_errors(self._path, "wiped of what was deleted", "The deletion itself is stored."),
                self._upkeep.paused(),
                self._index_builder.held(),
                self._engine.connect() as connection,
            ):
                self._purge.wipe(driver_of(connection))

    def _purge_some(self) -> None:
        """Purge one slice, the log too where nothing is left then; `Upkeep` goes on with it."""
        with self._upkeep.paused():
            with self._writing() as connection:
                purging.give_up_undo(driver_of(connection))
                is_done = self._purge.purge_some(driver_of(connection))
            if is_done:
                self._wipe("wiped of what was deleted")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with (
            explained_errors(self._path, "read", words.NOTHING_CHANGED),
            self._engine.connect() as connection,
        ):
            yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            explained_errors(self._path, "written", _STORED_IS_KEPT),
            self._locking_engine.begin() as connection,
        ):
            yield connection

    def _wipe(self, done: str) -> None:
        # What reads the history now keeps its log from being emptied.
        with (
            explained_errors(self._path, done, "The change itself is stored."),
            self._upkeep.paused(),
            self._index_builder.held(),
        ):
            wipe_log(self._engine)
