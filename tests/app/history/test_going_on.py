"""An answer that ended early and goes on: the same on disk and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import HistoryError
from app.history.memory import History, MemoryHistory
from app.history.records import ENDED_EARLY, TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage


@pytest.fixture(params=["on disk", "in memory"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    made: History = HistoryStore(tmp_path / "history.db") if request.param == "on disk" else MemoryHistory()
    yield made
    made.close()


@pytest.mark.parametrize("state", sorted(ENDED_EARLY))
def test_what_ended_early_runs_again_with_its_answer(history: History, state: TurnState) -> None:
    turn = history.begin_turn(None, "Why?", "m")
    failure = "The engine died." if state is TurnState.FAILED else ""
    history.end_turn(turn.id, state=state, answer="Because", usage=Usage(), failure=failure)
    resumed = history.resume_turn(turn.id)
    assert (resumed.state, resumed.answer, resumed.failure) == (TurnState.RUNNING, "Because", "")
    history.end_turn(turn.id, state=TurnState.FINISHED, answer="Because of rain.", usage=Usage())
    (ended,) = history.conversation(turn.conversation_id).turns
    assert (ended.state, ended.answer) == (TurnState.FINISHED, "Because of rain.")
    assert [hit.turn_id for hit in history.search("rain")] == [turn.id]


@pytest.mark.parametrize(
    ("state", "answer"),
    [(TurnState.FINISHED, "All of it."), (TurnState.STOPPED, ""), (TurnState.STOPPED, " ")],
)
def test_nothing_else_can_go_on(history: History, state: TurnState, answer: str) -> None:
    turn = history.begin_turn(None, "Why?", "m")
    history.end_turn(turn.id, state=state, answer=answer, usage=Usage())
    with pytest.raises(HistoryError):
        history.resume_turn(turn.id)
    assert history.conversation(turn.conversation_id).turns[0].state is state
    with pytest.raises(HistoryError):
        history.resume_turn(turn.id + 1)


def test_a_turn_that_went_on_and_was_cut_off_again_keeps_its_answer(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "history.db") as store:
        turn = store.begin_turn(None, "Why?", "m")
        store.end_turn(turn.id, state=TurnState.STOPPED, answer="Because", usage=Usage())
        store.resume_turn(turn.id)
        assert [hit.turn_id for hit in store.search("Because")] == [turn.id]
        with store._writing() as connection:  # as if this process were gone
            connection.exec_driver_sql("UPDATE turns SET owner_pid = 999999999")
    with HistoryStore(tmp_path / "history.db") as store:
        (left,) = store.conversation(turn.conversation_id).turns
        assert (left.state, left.answer) == (TurnState.INTERRUPTED, "Because")
        assert [hit.turn_id for hit in store.search("Because")] == [turn.id]
