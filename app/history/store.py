"""The conversations on disk: what was asked, what was answered, and not a word of thinking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Row, Table, delete, func, insert, or_, select, update

from app.errors import AppError, HistoryDamagedError, HistoryError, InputError
from app.history import backups
from app.history.backups import Backup
from app.history.connection import WHAT_HELPS, explained_errors
from app.history.database import open_database, wipe_log, with_write_lock
from app.history.owner import Owner
from app.history.records import Conversation, ConversationSummary, SearchHit, Turn, TurnState
from app.history.search import excerpt, folded_words, title_holds_all, turn_holds_all
from app.history.tables import USAGE_COUNTS, USAGE_MEASURES, conversations, turns
from app.history.text import storable
from app.history.titles import given_title, title_from_question
from app.history.upkeep import Upkeep
from models.engine.protocol import ThoughtEnd, Usage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAX_ID = 2**63 - 1
_WAIT_AT_CLOSE_S = 1.0
_NOTHING_CHANGED = "Nothing was changed."
_STORED_IS_KEPT = "Everything stored before is kept."


class HistoryStore:
    """One open history file, for one thread. Several processes may have it open at a time.

    Text is kept as it is, but for NUL and half surrogates (see `app.history.text.storable`). What
    is read back from `Turn` is what was stored. All methods but `close` raise `HistoryError`.
    """

    def __init__(self, path: Path) -> None:
        """Open the history, or make it; its folder must be there.

        Turns whose process is gone become INTERRUPTED, with their text kept.
        Raises `HistoryError`, `HistoryTooNewError`.
        """
        self._path = path.absolute()
        self._engine = open_database(self._path)
        self._locking_engine = with_write_lock(self._engine)
        self._owner = Owner.this_process()
        self._upkeep = Upkeep(self._path)
        try:
            self._interrupt_turns_left_behind()
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def conversations(self) -> list[ConversationSummary]:
        """All conversations without their turns, the last used first."""
        counted = select(turns.c.conversation_id, func.count().label("turn_count")).group_by(
            turns.c.conversation_id
        )
        counts = counted.subquery()
        statement = (
            select(conversations, func.coalesce(counts.c.turn_count, 0).label("turn_count"))
            .outerjoin(counts, counts.c.conversation_id == conversations.c.id)
            .order_by(conversations.c.updated_at_us.desc(), conversations.c.id.desc())
        )
        with self._reading() as connection:
            return [_summary(row, row.turn_count) for row in connection.execute(statement)]

    def conversation(self, conversation_id: int) -> Conversation:
        """One conversation with all its turns. Raises `HistoryError` if it is not there."""
        with self._reading() as connection:
            row = _row(connection, conversations, conversation_id)
            found = connection.execute(
                select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.id)
            )
            its_turns = tuple(_turn(each) for each in found)
        return Conversation(summary=_summary(row, len(its_turns)), turns=its_turns)

    def begin_turn(self, conversation_id: int | None, question: str, model_name: str) -> Turn:
        """Store a question; it is on the disk when this returns.

        `conversation_id` None makes the conversation, with a title made from the question. Raises
        `InputError` for an empty question, `HistoryError` if the conversation is not there.
        """
        question = storable(question)
        if not question:
            raise InputError("The question is empty.", advice="Write something to ask.")
        now_us = _now_us()
        with self._writing("written") as connection:
            if conversation_id is None:
                conversation_id = _insert_conversation(connection, title_from_question(question), now_us)
            else:
                _row(connection, conversations, conversation_id)
                connection.execute(
                    update(conversations)
                    .where(conversations.c.id == conversation_id)
                    .values(updated_at_us=now_us)
                )
            result = connection.execute(
                insert(turns)
                .values(
                    conversation_id=conversation_id,
                    question=question,
                    answer="",
                    state=TurnState.RUNNING.value,
                    model_name=storable(model_name),
                    created_at_us=now_us,
                    failure="",
                    owner_pid=self._owner.pid,
                    owner_started_at_s=self._owner.started_at_s,
                    **_usage_columns(Usage()),
                )
                .returning(turns)
            )
            return _turn(result.one())

    def save_answer_so_far(self, turn_id: int, answer: str) -> None:
        """Keep what a running turn has answered up to now; never a word of its thought.

        Where the new text takes back some of the old, what is gone is wiped from the disk at once.
        A turn that has ended is left as it is.
        """
        answer = storable(answer)
        with self._writing("written") as connection:
            before = _row(connection, turns, turn_id)
            if before.state not in (TurnState.RUNNING, TurnState.INTERRUPTED):
                return
            connection.execute(update(turns).where(turns.c.id == turn_id).values(answer=answer))
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
        with self._writing("written") as connection:
            before = _row(connection, turns, turn_id)
            result = connection.execute(
                update(turns)
                .where(turns.c.id == turn_id)
                .values(
                    state=state.value,
                    answer=answer,
                    failure=storable(failure),
                    owner_pid=None,
                    owner_started_at_s=None,
                    **_usage_columns(usage),
                )
                .returning(turns)
            )
            turn = _turn(result.one())
        if not answer.startswith(before.answer):
            self._wipe("wiped of the text that was taken back")
        return turn

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation a title, brought onto one line. Raises `InputError` for an empty one."""
        title = given_title(storable(title))
        if not title:
            raise InputError(
                "The title is empty.", kept="The old title stays.", advice="Write at least one letter."
            )
        with self._writing("written") as connection:
            _row(connection, conversations, conversation_id)
            connection.execute(
                update(conversations).where(conversations.c.id == conversation_id).values(title=title)
            )
        self._wipe("wiped of the old title")

    def set_context(self, conversation_id: int, context_tokens: int) -> None:
        """Give a conversation a context size of its own, in tokens; 0: as usual."""
        with self._writing("written") as connection:
            _row(connection, conversations, conversation_id)
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(context_tokens=context_tokens)
            )

    def delete(self, conversation_id: int) -> None:
        """Delete a conversation with all its turns, and wipe its text from the files.

        From the backups it goes with the next `maintain` or `do_upkeep`, in a later run of Ponder if it must
        be. What a file system or a solid-state disk keeps of old blocks is out of our hands.
        """
        mark = backups.note_deletion(self._path)
        try:
            with self._writing("written") as connection:
                _row(connection, conversations, conversation_id)
                connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
        except HistoryError:
            if mark is not None:
                mark.unlink(missing_ok=True)
            raise
        self._wipe("wiped of the deleted conversation")

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """The turns that hold the words of `text`, newest first; some may stand in the title instead.

        A title that holds them all is a hit of its own where no turn of the conversation is one.
        """
        words = folded_words(text)
        if not words or limit < 1:
            return []
        with self._reading() as connection:
            hits = _turn_hits(connection, words, limit)
            already = {hit.conversation_id for _, hit in hits}
            hits += _title_hits(connection, words, already, limit)
        hits.sort(key=lambda timed: timed[0], reverse=True)
        return [hit for _, hit in hits[:limit]]

    def maintain(self, notice: Callable[[AppError], None], delay_s: float = 0.0) -> None:
        """Make the day's backup, check the file, wipe deletions from the backups: in the background, if due.

        `notice` gets what went wrong, on another thread: `HistoryDamagedError`, or that there is no room.
        """
        self._upkeep.begin(notice, delay_s)

    def do_upkeep(self) -> None:
        """What `maintain` does, before this returns. Raises `HistoryError`."""
        self._upkeep.do_now()

    def back_up(self) -> Backup:
        """Make a backup now, beside that of the day. Raises `HistoryError`."""
        return self._upkeep.back_up()

    def close(self) -> None:
        """Put everything into the one file and let go of it. Nothing is lost if that is not possible."""
        self._upkeep.stop()
        try:
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
        with self._writing("written") as connection:
            connection.execute(
                update(turns)
                .where(theirs)
                .values(state=TurnState.INTERRUPTED.value, owner_pid=None, owner_started_at_s=None)
            )

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained_errors(self._path, "read", _NOTHING_CHANGED), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _writing(self, done: str) -> Iterator[Connection]:
        with explained_errors(self._path, done, _STORED_IS_KEPT), self._locking_engine.begin() as connection:
            yield connection

    def _wipe(self, done: str) -> None:
        self._upkeep.stop()  # what reads the history now keeps its log from being emptied
        with explained_errors(self._path, done, "The change itself is stored."):
            wipe_log(self._engine)


def _row(connection: Connection, table: Table, row_id: int) -> Row[Any]:
    """The row of that id. Raises `HistoryError` if it is not there, deleted elsewhere perhaps."""
    row = None
    if 0 < row_id <= _MAX_ID:
        row = connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
    if row is None:
        what = "conversation" if table is conversations else "question"
        raise HistoryError(f"There is no {what} {row_id} in the history.", kept=_NOTHING_CHANGED)
    return row


def _insert_conversation(connection: Connection, title: str, now_us: int) -> int:
    statement = insert(conversations).values(title=title, created_at_us=now_us, updated_at_us=now_us)
    return int(connection.execute(statement.returning(conversations.c.id)).scalar_one())


def _turn_hits(connection: Connection, words: tuple[str, ...], limit: int) -> list[tuple[int, SearchHit]]:
    statement = (
        select(
            turns.c.id,
            turns.c.conversation_id,
            turns.c.created_at_us,
            turns.c.question,
            turns.c.answer,
            conversations.c.title,
        )
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .order_by(turns.c.id.desc())
    )
    hits = []
    with connection.execute(statement) as rows:
        for row in rows:
            text = f"{row.question}\n{row.answer}"
            if turn_holds_all(text, row.title, words):
                hit = SearchHit(row.conversation_id, row.title, row.id, excerpt(text, words))
                hits.append((row.created_at_us, hit))
                if len(hits) == limit:
                    break
    return hits


def _title_hits(
    connection: Connection, words: tuple[str, ...], already: set[int], limit: int
) -> list[tuple[int, SearchHit]]:
    hits = []
    with connection.execute(select(conversations).order_by(conversations.c.updated_at_us.desc())) as rows:
        for row in rows:
            if row.id not in already and title_holds_all(row.title, words):
                hits.append(
                    (row.updated_at_us, SearchHit(row.id, row.title, None, excerpt(row.title, words)))
                )
                if len(hits) == limit:
                    break
    return hits


def _summary(row: Row[Any], turn_count: int) -> ConversationSummary:
    return ConversationSummary(
        id=row.id,
        title=row.title,
        created_at=_time(row.created_at_us),
        updated_at=_time(row.updated_at_us),
        turn_count=turn_count,
        context_tokens=row.context_tokens,
    )


def _turn(row: Row[Any]) -> Turn:
    try:
        state, thought_end = TurnState(row.state), ThoughtEnd(row.thought_end)
    except ValueError as error:  # damaged words, which no check of SQLite's finds
        raise HistoryDamagedError(
            "The history could not be read: the file is damaged.", kept=_NOTHING_CHANGED, advice=WHAT_HELPS
        ) from error
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        question=row.question,
        answer=row.answer,
        state=state,
        model_name=row.model_name,
        created_at=_time(row.created_at_us),
        usage=Usage(
            **{name: getattr(row, name) for name in (*USAGE_COUNTS, *USAGE_MEASURES)},
            thought_end=thought_end,
        ),
        failure=row.failure,
    )


def _usage_columns(usage: Usage) -> dict[str, int | float | str]:
    numbers = {name: getattr(usage, name) for name in (*USAGE_COUNTS, *USAGE_MEASURES)}
    return {**numbers, "thought_end": usage.thought_end.value}


def _now_us() -> int:
    return (datetime.now(UTC) - _EPOCH) // _MICROSECOND


def _time(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:  # a damaged number, which no check of SQLite's finds
        return _EPOCH
