"""The index of the search: it follows every change, takes any text, and forgets what was deleted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlcipher3 import dbapi2 as driver

from app.history import search_index, store
from app.history.connection import connect
from app.history.records import SearchHit, TurnState
from app.history.search import excerpt, folded_words, turn_holds_all
from app.history.search_words import folded, fts_query, terms_of
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from tests.app.history.filled import add_turn, holds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def history(path: Path) -> Iterator[HistoryStore]:
    with HistoryStore(path) as opened:
        yield opened


def marked(hit: SearchHit) -> list[str]:
    return [hit.excerpt[start:end] for start, end in hit.ranges]


def turn_ids(history: HistoryStore, text: str) -> list[int | None]:
    return [hit.turn_id for hit in history.search(text)]


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        ("The cafés of Zürich", "CAFE zurich", ["café", "Zürich"]),
        ("The cafe\u0301s of Zu\u0308rich", "café zürich", ["cafe\u0301", "Zu\u0308rich"]),
        ("Die Straße ½ lang", "strasse lang", ["Straße", "lang"]),
        ("红楼梦的作者是曹雪芹。", "作", ["作"]),
        ("红楼梦的作者是曹雪芹。", "作者", ["作者"]),
        ("红楼梦的作者是曹雪芹。", "曹雪芹", ["曹雪芹"]),
        ("红楼梦的作者是曹雪芹。", "红楼 雪芹", ["红楼", "雪芹"]),
        ("吾輩は猫である", "猫", ["猫"]),
        ("ภาษาไทยง่าย", "ไทย", ["ไทย"]),
        ("한국어를 배웁니다", "한국", ["한국"]),
        ("C++ or C#?", "c++", ["C++"]),
        ("It is 🎲 and 👩\u200d🔬.", "👩\u200d🔬", ["👩\u200d🔬"]),
        ("ＡＢＣ full width", "abc", ["ＡＢＣ"]),
        ("He said “don't”.", "don't", ["don't"]),
    ],
)
def test_words_are_found_and_marked_in_any_script(
    history: HistoryStore, text: str, asked: str, words: list[str]
) -> None:
    add_turn(history, text, "")
    add_turn(history, "Something else entirely", "")
    (hit,) = history.search(asked)
    assert marked(hit) == words
    assert hit.in_question


@pytest.mark.parametrize("asked", ["楼的", "作曹", "oran", "c+-", "cat's", "range orbit"])
def test_what_only_looks_alike_is_not_found(history: HistoryStore, asked: str) -> None:
    add_turn(history, "红楼梦的作者是曹雪芹。 An orange cat. C++ and C-", "It's a cat, not 's")
    assert history.search(asked) == [] or asked == "oran"


def test_the_beginning_of_a_word_is_enough(history: HistoryStore) -> None:
    add_turn(history, "Why?", "Because of Rayleigh scattering.")
    (hit,) = history.search("scat")
    assert (marked(hit), hit.in_question) == (["scat"], False)
    assert history.search("cattering") == []


def test_the_excerpt_shows_most_of_the_words() -> None:
    text = "needle " + "x " * 200 + "a haystack with a needle" + " y" * 200
    shown = excerpt(text, folded_words("needle haystack"))
    assert [shown.text[start:end] for start, end in shown.ranges] == ["haystack", "needle"]


def test_words_in_title_and_turn_and_only_once(history: HistoryStore) -> None:
    first = add_turn(history, "Why is the sky blue?")
    second = add_turn(history, "And at night?", "Black.", first.conversation_id)
    history.rename(first.conversation_id, "Colours of physics")
    assert turn_ids(history, "physics night") == [second.id]
    assert turn_ids(history, "colours physics") == [None]
    assert turn_ids(history, "night black colours") == [second.id]
    history.rename(first.conversation_id, "Other")
    assert history.search("physics") == []


def test_a_running_turn_is_found_and_its_answer_goes_into_the_index_once(
    history: HistoryStore, path: Path
) -> None:
    turn = history.begin_turn(None, "A question of penguins", "m")
    assert turn_ids(history, "penguin") == [turn.id]
    history.save_answer_so_far(turn.id, "They swim")
    assert turn_ids(history, "penguins swim") == [turn.id]
    assert indexed(path) == set()
    history.end_turn(turn.id, state=TurnState.FINISHED, answer="They do not fly", usage=Usage())
    assert indexed(path) == {turn.id}
    assert turn_ids(history, "penguins fly") == [turn.id]
    assert turn_ids(history, "swim") == []


def indexed(path: Path) -> set[int]:
    with closing(connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM turns_search_docsize")}


def test_versions_and_branches_are_found_and_what_is_deleted_is_not(history: HistoryStore) -> None:
    first = add_turn(history, "A walrus?")
    other = history.begin_turn(first.conversation_id, "A narwhal?", "m", version_of=first.id)
    history.end_turn(other.id, state=TurnState.FINISHED, answer="Yes", usage=Usage())
    assert turn_ids(history, "walrus") == [first.id]
    assert turn_ids(history, "narwhal") == [other.id]
    new = history.branch(other.id)
    assert [hit.conversation_id for hit in history.search("narwhal")] == [new, first.conversation_id]
    deletion = history.delete(new)
    assert turn_ids(history, "narwhal") == [other.id]
    history.undo_delete(deletion)
    assert len(history.search("narwhal")) == 2
    history.delete_turn(other.id)
    assert [hit.conversation_id for hit in history.search("narwhal")] == [new]
    history.purge_deleted()
    assert [hit.conversation_id for hit in history.search("narwhal")] == [new]


@pytest.mark.parametrize("what", ["chat", "turn", "title"])
def test_no_file_holds_a_word_that_was_deleted(history: HistoryStore, path: Path, what: str) -> None:
    """Word for word, among others that are alike, in an index of many pages."""
    made = random.Random(3)
    for number in range(60):
        add_turn(history, f"Question {number}", " ".join(f"w{made.randrange(4000)}x" for _ in range(150)))
    kept = add_turn(history, "Another", "kept00 in this")
    canaries = [f"w{number}canary" for number in range(0, 4000, 50)]
    if what == "title":
        history.rename(kept.conversation_id, " ".join(canaries)[:150])
        assert holds(path.parent, canaries[3])
        history.rename(kept.conversation_id, "Plain")
    else:
        conversation = kept.conversation_id if what == "turn" else None
        turn = add_turn(history, "Of canaries", " ".join(canaries), conversation)
        assert turn_ids(history, canaries[7]) == [turn.id]
        history.delete_turn(turn.id) if what == "turn" else history.delete(turn.conversation_id)
        history.purge_deleted()
    assert [word for word in canaries if holds(path.parent, word)] == []
    assert holds(path.parent, "anary") == [] or what == "turn"  # the question of another version
    assert turn_ids(history, "kept00") == [kept.id]
    assert is_sound(path)


def is_sound(path: Path) -> bool:
    with closing(connect(path)) as connection:
        for name in ("turns_search", "titles_search"):
            connection.execute(f"INSERT INTO {name}({name}) VALUES ('integrity-check')")
        return search_index.is_sound(connection)


def test_a_large_history_is_indexed_in_the_background_the_newest_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HistoryStore(path) as history:
        turns = [add_turn(history, f"common word{number}") for number in range(30)]
    with closing(connect(path)) as connection:
        connection.execute("UPDATE search_state SET version = 'an older one'")
    monkeypatch.setattr(store, "_INDEXED_AT_OPENING", 40)
    with HistoryStore(path) as history:
        assert history.turns_not_searched() == 20
        in_turns = [hit.turn_id for hit in history.search("common") if hit.turn_id is not None]
        assert in_turns == [turn.id for turn in reversed(turns[20:])]
        newest = add_turn(history, "common and new")
        assert turn_ids(history, "common")[0] == newest.id
        history.delete(turns[0].conversation_id)  # one that the index does not have yet
        history.purge_deleted()
        history.maintain(lambda _: None)
        builder = history._index_builder._thread
        assert builder is not None
        builder.join()
        assert history.turns_not_searched() == 0
        assert turn_ids(history, "common") == [newest.id] + [turn.id for turn in reversed(turns[1:])]
        assert is_sound(path)


def test_rows_that_come_from_elsewhere_are_taken_in(history: HistoryStore, path: Path) -> None:
    turn = add_turn(history, "The first")
    with closing(driver.connect(str(path), isolation_level=None)) as other:
        names = ", ".join(
            row[1] for row in other.execute("PRAGMA table_info(turns)") if row[1] not in ("id", "question")
        )
        for number in range(250):
            other.execute(
                f"INSERT INTO turns (question, {names}) SELECT ?, {names} FROM turns WHERE id = ?",
                (f"imported{number}", turn.id),
            )
    assert history.turns_not_searched() == 250
    history.build_search_index()
    assert history.turns_not_searched() == 0
    assert len(history.search("imported", limit=500)) == 250
    assert is_sound(path)


def test_an_interrupted_turn_is_indexed_with_what_it_had(path: Path) -> None:
    with HistoryStore(path) as history:
        turn = history.begin_turn(None, "A question", "m")
        history.save_answer_so_far(turn.id, "half a penguin")
    with closing(connect(path)) as connection:
        connection.execute("UPDATE turns SET owner_started_at_s = 1.0")
    with HistoryStore(path) as history:
        assert indexed(path) == {turn.id}
        assert turn_ids(history, "penguin") == [turn.id]
        history.save_answer_so_far(turn.id, "a whole walrus")
        assert turn_ids(history, "penguin") == []
        assert turn_ids(history, "walrus") == [turn.id]
    assert is_sound(path)


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM turns WHERE id = 2",  # its words would stay behind
        "INSERT INTO turns_search(turns_search, rowid, terms) VALUES ('delete', 2, '0zpenguin')",
    ],
)
def test_an_index_that_does_not_fit_is_built_anew(path: Path, spoil: str) -> None:
    with HistoryStore(path) as history:
        for number in range(3):
            add_turn(history, f"A penguin {number}")
    with closing(connect(path)) as connection:
        assert search_index.is_sound(connection)
        connection.execute(spoil)
        assert not search_index.is_sound(connection)
    with HistoryStore(path) as history:
        history.do_upkeep()
        assert history.turns_not_searched()
        history.build_search_index()
        assert len(history.search("penguin")) in (2, 3)
    assert is_sound(path)


WORDS = st.sampled_from(
    [
        "a",
        "ab",
        "abc",
        "天",
        "空",
        "天空",
        "é",
        "e\u0301",
        "ß",
        "SS",
        "+",
        "'",
        "x_",
        "😀",
        "\u200d",
        "가",
        "ก",
    ]
)
TEXTS = st.lists(WORDS, max_size=6).map("".join)
ANYTHING = st.one_of(
    st.text(st.characters(), max_size=40),
    st.text("\0\ud800\udfff\"'*()^:+-{}NEAR AND OR NOT天😀 ", max_size=40),
    st.sampled_from(
        ["x" * 10_000, "天" * 10_000, '"' * 10_000, "a b " * 2_500, "terms:x", "NEAR(a b)", "* *"]
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(asked=ANYTHING, text=ANYTHING)
def test_any_text_can_be_stored_and_looked_for(history: HistoryStore, asked: str, text: str) -> None:
    if text:
        add_turn(history, text, asked)
    for hit in history.search(asked):
        assert all(0 <= start < end <= len(hit.excerpt) for start, end in hit.ranges)


@pytest.fixture(scope="module")
def index() -> Iterator[driver.Connection]:
    with closing(driver.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE it USING fts5(terms, content='', tokenize='ascii', detail='none')"
        )
        yield connection


@given(texts=st.lists(TEXTS, min_size=1, max_size=4), asked=st.lists(TEXTS, max_size=3))
def test_the_index_names_every_text_that_holds_the_words(
    index: driver.Connection, texts: list[str], asked: list[str]
) -> None:
    index.execute("INSERT INTO it(it) VALUES ('delete-all')")
    for number, text in enumerate(texts):
        index.execute("INSERT INTO it(rowid, terms) VALUES (?, ?)", (number, terms_of(text, "1z")))
    words = folded_words(" ".join(asked))
    if not (query := fts_query(words, "1z")):
        return
    named = {row[0] for row in index.execute("SELECT rowid FROM it WHERE it MATCH ?", (query,))}
    assert named >= {number for number, text in enumerate(texts) if turn_holds_all(text, "", words)}


@given(text=st.text(st.characters(), max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(text).split() == folded(" ".join(text.split())).split()
