from __future__ import annotations

import dataclasses
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from app.errors import HistoryError, InputError
from app.history.database import open_database
from app.history.records import TurnState
from app.history.store import HistoryStore
from app.history.text import storable
from models.engine.protocol import ThoughtEnd, Usage

USAGE = Usage(
    prompt_tokens=31,
    cached_tokens=7,
    reasoning_tokens=212,
    answer_tokens=40,
    time_to_first_token_s=0.25,
    reasoning_s=4.5,
    tokens_per_s=61.75,
    left_out_turns=2,
    thought_end=ThoughtEnd.BUDGET,
)
ENDS = [state for state in TurnState if state is not TurnState.RUNNING]
# Tests of properties use one history for all their examples.
ONE_HISTORY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    return folder / "history.db"


@pytest.fixture
def history(path: Path) -> Iterator[HistoryStore]:
    with HistoryStore(path) as store:
        yield store


def open_files_in(folder: Path) -> list[str]:
    return [file.path for file in psutil.Process().open_files() if Path(file.path).parent == folder]


def bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_conversation_comes_back_as_it_was_stored(path: Path) -> None:
    with HistoryStore(path) as history:
        first = history.begin_turn(None, "What is **47 * 36**?", "Ponder Mini")
        assert (first.state, first.answer, first.usage) == (TurnState.RUNNING, "", Usage())
        first = history.end_turn(first.id, state=TurnState.FINISHED, answer="It is 1692.", usage=USAGE)
        second = history.begin_turn(first.conversation_id, "now add 8", "Ponder Mini")
        second = history.end_turn(
            second.id, state=TurnState.FAILED, answer="17", usage=Usage(), failure="The engine stopped."
        )
    with HistoryStore(path) as history:
        conversation = history.conversation(first.conversation_id)
        assert conversation.turns == (first, second)
        assert conversation.turns[0].usage == USAGE
        assert conversation.turns[1].failure == "The engine stopped."
        assert conversation.summary.title == "What is 47 * 36?"
        assert conversation.summary.turn_count == 2
        assert conversation.summary.created_at == first.created_at
        assert conversation.summary.updated_at == second.created_at
        assert history.conversations() == [conversation.summary]


def test_the_conversation_used_last_comes_first(history: HistoryStore) -> None:
    ids = [history.begin_turn(None, f"question {n}", "m").conversation_id for n in range(3)]
    history.begin_turn(ids[0], "again", "m")
    summaries = history.conversations()
    assert [summary.id for summary in summaries] == [ids[0], ids[2], ids[1]]
    assert [summary.turn_count for summary in summaries] == [2, 1, 1]


def test_the_list_reads_no_turn_and_a_shape_no_text(history: HistoryStore) -> None:
    """However many messages there are, the window opens as fast."""
    turn = history.begin_turn(None, "question", "m")
    statements: list[str] = []
    event.listen(history._engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    history.conversations()
    assert statements
    assert not any("FROM turns" in each or "JOIN turns" in each for each in statements)
    statements.clear()
    history.conversation(turn.conversation_id)
    (shape,) = (each for each in statements if "parent_id" in each and "question" not in each)
    with history._engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {shape}", (1,)).all()
    assert "COVERING INDEX ix_turns_conversation_id" in str(plan)


@pytest.mark.parametrize("state", ENDS)
def test_a_turn_ends_in_every_state(history: HistoryStore, state: TurnState) -> None:
    turn = history.begin_turn(None, "question", "m")
    ended = history.end_turn(turn.id, state=state, answer="answer", usage=USAGE)
    assert ended == dataclasses.replace(turn, state=state, answer="answer", usage=USAGE)
    assert history.conversation(turn.conversation_id).turns == (ended,)


def test_an_answer_grows_and_a_late_piece_does_not_change_the_end(history: HistoryStore) -> None:
    turn = history.begin_turn(None, "question", "m")
    history.save_answer_so_far(turn.id, "It")
    assert history.conversation(turn.conversation_id).turns[0].answer == "It"
    history.end_turn(turn.id, state=TurnState.FINISHED, answer="It is.", usage=Usage())
    history.save_answer_so_far(turn.id, "It")
    assert history.conversation(turn.conversation_id).turns[0].answer == "It is."


def test_what_is_not_there_is_an_error_in_words(history: HistoryStore) -> None:
    for missing in (1, 0, -1, 2**63, 10**30):
        with pytest.raises(HistoryError, match="no conversation"):
            history.conversation(missing)
        with pytest.raises(HistoryError, match="no conversation"):
            history.begin_turn(missing, "question", "m")
        with pytest.raises(HistoryError, match="no conversation"):
            history.rename(missing, "title")
        with pytest.raises(HistoryError, match="no conversation"):
            history.delete(missing)
        with pytest.raises(HistoryError, match="no question"):
            history.save_answer_so_far(missing, "answer")
        with pytest.raises(HistoryError, match="no question"):
            history.end_turn(missing, state=TurnState.STOPPED, answer="", usage=Usage())
    assert history.conversations() == []


def test_an_empty_question_and_an_empty_title_are_refused(history: HistoryStore) -> None:
    with pytest.raises(InputError, match="question is empty"):
        history.begin_turn(None, "", "m")
    assert history.conversations() == []
    turn = history.begin_turn(None, "question", "m")
    with pytest.raises(InputError, match="title is empty"):
        history.rename(turn.conversation_id, " \n\t\x07")
    assert history.conversations()[0].title == "question"


def test_a_turn_cannot_end_running_nor_fail_without_failing(history: HistoryStore) -> None:
    turn = history.begin_turn(None, "question", "m")
    with pytest.raises(ValueError, match="running"):
        history.end_turn(turn.id, state=TurnState.RUNNING, answer="", usage=Usage())
    with pytest.raises(ValueError, match="finished"):
        history.end_turn(turn.id, state=TurnState.FINISHED, answer="", usage=Usage(), failure="odd")


def test_rename_keeps_one_line_of_bounded_length(history: HistoryStore) -> None:
    turn = history.begin_turn(None, "question", "m")
    history.rename(turn.conversation_id, "  two\nlines \u202e and\r\n\x00 more " + "x" * 500)
    title = history.conversations()[0].title
    assert title.startswith("two lines and \ufffd more xxx")
    assert len(title) == 200


def test_deleted_ids_never_come_back(history: HistoryStore) -> None:
    turn = history.begin_turn(None, "question", "m")
    history.delete(turn.conversation_id)
    again = history.begin_turn(None, "question", "m")
    assert again.conversation_id > turn.conversation_id
    assert again.id > turn.id


def test_deleting_leaves_no_word_in_any_file(path: Path, history: HistoryStore) -> None:
    kept = history.begin_turn(None, "KEPTWORD stays", "m")
    for length in (1, 40, 4_000, 90_000):
        turn = history.begin_turn(None, "CANARY " * (length // 7 + 1), "m")
        history.rename(turn.conversation_id, "CANARY in the title")
        answer = "CANARY " * length
        for part in (length, length * 3, length * 6):
            history.save_answer_so_far(turn.id, answer[:part])
        history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())
        assert b"CANARY" in bytes_of(path)
        history.delete(turn.conversation_id)
        history.purge_deleted()
        assert b"CANARY" not in bytes_of(path)
        assert b"KEPTWORD" in bytes_of(path)
    assert [summary.id for summary in history.conversations()] == [kept.conversation_id]


def test_text_that_is_taken_back_leaves_no_word(path: Path, history: HistoryStore) -> None:
    first = history.begin_turn(None, "question", "m")
    history.save_answer_so_far(first.id, "CANARY was a thought after all")
    history.save_answer_so_far(first.id, "")
    assert b"CANARY" not in bytes_of(path)
    history.save_answer_so_far(first.id, "CANARY again")
    history.end_turn(first.id, state=TurnState.FINISHED, answer="No.", usage=Usage())
    assert b"CANARY" not in bytes_of(path)
    history.rename(first.conversation_id, "CANARY of a title")
    history.rename(first.conversation_id, "A better one")
    assert b"CANARY" not in bytes_of(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps files apart by the user's profile, not by mode")
def test_the_files_are_for_their_user_alone(path: Path, history: HistoryStore) -> None:
    history.begin_turn(None, "question", "m")
    assert {file.name for file in path.parent.iterdir()} == {"history.db", "history.db-wal", "history.db-shm"}
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_closing_leaves_one_file(path: Path) -> None:
    with HistoryStore(path) as history:
        history.begin_turn(None, "question", "m")
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]


def test_closing_twice_is_harmless(path: Path) -> None:
    history = HistoryStore(path)
    history.close()
    history.close()


def test_no_file_stays_open(path: Path) -> None:
    with HistoryStore(path) as history:
        history.begin_turn(None, "question", "m")
        assert open_files_in(path.parent)
    assert not open_files_in(path.parent)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(HistoryError):
        HistoryStore(path)
    gc.collect()  # pytest turns a ResourceWarning into a failure
    assert not open_files_in(path.parent)


def test_the_rules_of_the_tables_hold(path: Path, history: HistoryStore) -> None:
    turn = history.begin_turn(None, "question", "m")
    engine = open_database(path)
    try:
        for broken in (
            "UPDATE turns SET state = 'thinking'",
            "UPDATE turns SET question = ''",
            "UPDATE turns SET failure = 'running, and failed?'",
            "UPDATE turns SET state = 'finished'",  # and still owned
            "UPDATE turns SET owner_pid = NULL",
            "UPDATE turns SET owner_started_at_s = NULL",
            "UPDATE turns SET answer_tokens = -1",
            "UPDATE turns SET tokens_per_s = -0.5",
            "UPDATE turns SET answer_tokens = 'many'",
            "UPDATE turns SET answer = NULL",
            "UPDATE turns SET conversation_id = 99",
            "UPDATE turns SET parent_id = id",
            "UPDATE conversations SET folder_id = 99",
            "UPDATE conversations SET archived = 2",
            "UPDATE conversations SET turn_count = -1",
            "INSERT INTO folders (name, created_at_us) VALUES ('', 0)",
            "UPDATE conversations SET title = ''",
            "UPDATE conversations SET title = 'two' || char(10) || 'lines'",
        ):
            with engine.begin() as connection, pytest.raises(IntegrityError):
                connection.exec_driver_sql(broken)
    finally:
        engine.dispose()
    assert history.conversation(turn.conversation_id).turns == (turn,)


@ONE_HISTORY
@given(
    question=st.text(st.characters(), min_size=1),
    answer=st.text(st.characters()),
    title=st.text(st.characters()),
)
def test_any_text_is_kept(history: HistoryStore, question: str, answer: str, title: str) -> None:
    turn = history.begin_turn(None, question, "m")
    assert turn.question == storable(question)
    history.save_answer_so_far(turn.id, answer[: len(answer) // 2])
    turn = history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())
    assert turn.answer == storable(answer)
    conversation = history.conversation(turn.conversation_id)
    assert conversation.turns == (turn,)
    assert len(conversation.summary.title.splitlines()) == 1
    try:
        history.rename(turn.conversation_id, title)
    except InputError:
        assert not any(character.isalnum() for character in title)
    assert len(history.conversation(turn.conversation_id).summary.title.splitlines()) == 1


def test_nul_and_half_surrogates_are_replaced_and_nothing_else() -> None:
    odd = "a\0b\ud83dc\ude00d\U0001f600\r\n\x01\ufffe\u202e"
    assert storable(odd) == "a\ufffdb\ufffdc\ufffdd\U0001f600\r\n\x01\ufffe\u202e"
