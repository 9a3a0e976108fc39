"""Our own JSON: what goes out comes back, exactly."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import HistoryError, HistoryLockedError
from app.history.key import Key
from app.history.records import TurnState
from app.history.store import HistoryStore
from app.history.tables import USAGE_COUNTS, USAGE_MEASURES
from app.history.transfer import ponder_json
from app.history.transfer.exporting import Form, export_to_file
from app.history.transfer.importing import import_files
from app.history.transfer.records import ChatRecord, FolderRecord, TurnRecord
from app.history.transfer.store import TransferStore
from models.engine.protocol import ThoughtEnd, Usage

PROOF = os.environ.get("PONDER_PROOF") == "1"
FIRST = datetime(2024, 5, 1, tzinfo=UTC)
ENDS = [state for state in TurnState if state is not TurnState.RUNNING]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
lines = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
moments = st.integers(0, 10**15).map(lambda us: FIRST + timedelta(microseconds=us))
counts = st.integers(0, 2**53 - 1)
measures = st.floats(0, 1e9, allow_nan=False)


@st.composite
def turn_records(draw: st.DrawFn, place: int) -> TurnRecord:
    state = draw(st.sampled_from(ENDS))
    numbers: dict[str, Any] = {name: draw(counts) for name in USAGE_COUNTS}
    numbers |= {name: draw(measures) for name in USAGE_MEASURES}
    return TurnRecord(
        parent=draw(st.none() | st.integers(0, place - 1)) if place else None,
        question=draw(texts.filter(bool)),
        answer=draw(texts),
        state=state,
        model_name=draw(texts),
        created_at=draw(moments),
        usage=Usage(**numbers, thought_end=draw(st.sampled_from(ThoughtEnd))),
        failure=draw(texts) if state is TurnState.FAILED else "",
    )


@st.composite
def chat_records(draw: st.DrawFn) -> ChatRecord:
    turns = tuple(draw(turn_records(place)) for place in range(draw(st.integers(0, 5))))
    return ChatRecord(
        title=draw(lines),
        created_at=draw(moments),
        updated_at=draw(moments),
        turns=turns,
        front=draw(st.integers(0, len(turns) - 1)) if turns else None,
        folder=draw(st.none() | st.sampled_from(["Work", "家", "a" * 200])),
        pinned_at=draw(st.none() | moments),
        is_archived=draw(st.booleans()),
        context_tokens=draw(st.integers(0, 131_072)),
    )


def in_any_order(chats: list[ChatRecord | None]) -> list[ChatRecord]:
    return sorted(
        (chat for chat in chats if chat is not None), key=lambda chat: (chat.created_at, chat.title)
    )


def all_of(store: TransferStore) -> list[ChatRecord]:
    return in_any_order([store.export_conversation(chat.id) for chat in store.conversations()])


@pytest.mark.proof
@settings(max_examples=60 if PROOF else 8, deadline=None)
@given(st.lists(chat_records(), max_size=4, unique_by=lambda chat: chat.created_at))
def test_what_is_exported_comes_back_exactly(chats: list[ChatRecord]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chats.json"
        with TransferStore(Path(folder) / "one.db") as one:
            one.import_folder(FolderRecord("Empty", FIRST))
            for chat in chats:
                assert one.import_conversation(chat) is not None
            before = all_of(one)
            assert before == in_any_order(list(chats))
            ids = [summary.id for summary in one.conversations()]
            export_to_file(one, ids, file, Form.JSON, with_folders=True)
            folders = one.export_folders()
        with TransferStore(Path(folder) / "two.db") as two:
            if chats:
                assert import_files([file], two).imported == len(chats)
                assert all_of(two) == before
                assert two.export_folders() == folders
                assert import_files([file], two).already_there == len(chats)
                assert all_of(two) == before


def test_a_chat_of_the_history_itself_comes_back(tmp_path: Path) -> None:
    usage = Usage(reasoning_tokens=7, reasoning_s=1.5, thought_end=ThoughtEnd.MODEL)
    with HistoryStore(tmp_path / "history.db") as history:
        first = history.begin_turn(None, "One?", "R1")
        history.end_turn(first.id, state=TurnState.FINISHED, answer="Yes.", usage=usage)
        other = history.begin_turn(first.conversation_id, "One!", "R1", version_of=first.id)
        history.end_turn(other.id, state=TurnState.STOPPED, answer="No", usage=usage)
        gone = history.begin_turn(first.conversation_id, "CANARY", "R1")
        history.end_turn(gone.id, state=TurnState.FINISHED, answer="CANARY", usage=usage)
        after = history.begin_turn(first.conversation_id, "And two?", "R1")
        history.save_answer_so_far(after.id, "CANARY, a thought perhaps")
        history.delete_turn(gone.id)
        history.move(first.conversation_id, history.create_folder("Numbers").id)
        history.set_pinned(first.conversation_id, True)
        with TransferStore(tmp_path / "history.db", is_open_here=True) as store:
            export_to_file(store, [first.conversation_id], tmp_path / "chat.json", Form.JSON)
            [chat] = all_of(store)
    assert b"CANARY" not in (tmp_path / "chat.json").read_bytes()
    assert [(turn.parent, turn.question, turn.answer) for turn in chat.turns] == [
        (None, "One?", "Yes."),
        (None, "One!", "No"),
        (1, "And two?", ""),
    ]
    assert (chat.front, chat.folder, chat.pinned_at is not None) == (2, "Numbers", True)
    with TransferStore(tmp_path / "other.db") as store:
        import_files([tmp_path / "chat.json"], store)
        assert all_of(store) == [chat]
    with HistoryStore(tmp_path / "other.db") as history:
        [summary] = history.conversations()
        opened = history.conversation(summary.id)
        assert [turn.question for turn in opened.turns] == ["One!", "And two?"]
        assert summary.turn_count == 2
        assert [len(those) for those in opened.versions.values()] == [2]
        assert history.begin_turn(summary.id, "And three?", "R1").parent_id == opened.turns[-1].id


def test_an_export_and_an_import_leave_an_undo_possible(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "history.db") as history:
        turn = history.begin_turn(None, "One?", "R1")
        history.end_turn(turn.id, state=TurnState.FINISHED, answer="Yes.", usage=Usage())
        deletion = history.delete(turn.conversation_id)
        with TransferStore(tmp_path / "history.db", is_open_here=True) as store:
            assert all_of(store) == []
            assert store.export_conversation(turn.conversation_id) is None
        history.undo_delete(deletion)

        assert len(history.conversations()) == 1


def test_what_is_imported_beside_an_open_history_is_found_there(tmp_path: Path) -> None:
    turns = tuple(
        TurnRecord(n - 1 if n else None, f"Question {n}?", "Herons.", TurnState.FINISHED, "R1", FIRST)
        for n in range(250)
    )
    with HistoryStore(tmp_path / "history.db") as history:
        with TransferStore(tmp_path / "history.db", is_open_here=True) as store:
            store.import_conversation(ChatRecord("Birds", FIRST, FIRST, turns, 249))

        assert len(history.search("herons", limit=1_000)) == 250
        assert history.turns_not_searched() == 0


def test_an_encrypted_history_goes_out_and_in(tmp_path: Path) -> None:
    key = Key.random()
    turn = TurnRecord(None, "One?", "CANARY", TurnState.FINISHED, "R1", FIRST)
    with HistoryStore(tmp_path / "history.db", key):
        with TransferStore(tmp_path / "history.db", key, is_open_here=True) as store:
            store.import_conversation(ChatRecord("Birds", FIRST, FIRST, (turn,), 0))
            assert len(all_of(store)) == 1
        with pytest.raises(HistoryLockedError):
            TransferStore(tmp_path / "history.db", is_open_here=True)
    with pytest.raises(HistoryLockedError):
        TransferStore(tmp_path / "history.db")
    assert b"CANARY" not in b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


def test_a_history_that_is_not_open_here_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(HistoryError):
        TransferStore(tmp_path / "history.db", is_open_here=True)

    assert not (tmp_path / "history.db").exists()


def test_the_format_has_every_number_that_the_history_stores() -> None:
    assert (ponder_json.USAGE_COUNTS, ponder_json.USAGE_MEASURES) == (USAGE_COUNTS, USAGE_MEASURES)


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    with TransferStore(tmp_path / "history.db") as store:
        export_to_file(store, [], tmp_path / "chats.json", Form.JSON, with_folders=True)

    value = json.loads((tmp_path / "chats.json").read_text(encoding="utf-8"))
    assert (value["format"], value["version"], value["folders"], value["chats"]) == (
        "ponder-chats",
        1,
        [],
        [],
    )
