from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.history.records import SearchHit, TurnState
from app.history.search import MAX_EXCERPT_CHARACTERS, excerpt, folded_words
from app.history.store import HistoryStore
from models.engine.protocol import Usage


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryStore]:
    with HistoryStore(tmp_path / "history.db") as store:
        yield store


def add(history: HistoryStore, question: str, answer: str = "", conversation: int | None = None) -> int:
    turn = history.begin_turn(conversation, question, "m")
    history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())
    return turn.conversation_id


def found(history: HistoryStore, text: str) -> list[str]:
    return [hit.excerpt for hit in history.search(text)]


def test_every_word_must_occur_in_question_or_answer(history: HistoryStore) -> None:
    add(history, "Why is the sky blue?", "Because of Rayleigh scattering.")
    add(history, "Why is grass green?", "Chlorophyll.")
    assert found(history, "WHY") == [
        "Why is grass green? Chlorophyll.",
        "Why is the sky blue? Because of Rayleigh scattering.",
    ]
    assert found(history, "scatter sky") == ["Why is the sky blue? Because of Rayleigh scattering."]
    assert found(history, "sky green") == []


def test_a_title_is_found_where_no_turn_is(history: HistoryStore) -> None:
    conversation = add(history, "Why is the sky blue?")
    history.rename(conversation, "Physics")
    assert history.search("physics") == [SearchHit(conversation, "Physics", None, "Physics", ((0, 7),))]
    # Some words in the title, some in the turn: the turn.
    hits = history.search("physics sky")
    assert [(hit.conversation_id, hit.turn_id) for hit in hits] == [(conversation, 1)]
    history.rename(conversation, "Sky")
    assert [hit.turn_id for hit in history.search("sky")] == [1]


def test_wildcards_and_quotes_are_plain_characters(history: HistoryStore) -> None:
    add(history, "100% of it's_own")
    add(history, "100 of its own")
    for text in ("100%", "'s_", "%", "_", "it's"):
        assert found(history, text) == ["100% of it's_own"]
    for text in ('"', "\\", "a*", "0%%", "[", "' OR 1=1 --"):
        assert found(history, text) == []


def test_case_does_not_matter_in_any_script(history: HistoryStore) -> None:
    add(history, "Die STRASSE nach Ärzte-Ort, ΛΌΓΟΣ, Привет")
    for text in ("straße", "ÄRZTE", "λόγος", "пРИВЕТ"):
        assert len(history.search(text)) == 1


def test_chinese_is_found_inside_a_sentence(history: HistoryStore) -> None:
    add(history, "红楼梦的作者是谁?", "曹雪芹。")
    assert found(history, "作者 曹雪芹") == ["红楼梦的作者是谁? 曹雪芹。"]


def test_no_words_find_nothing_and_the_limit_holds(history: HistoryStore) -> None:
    for number in range(5):
        add(history, f"word {number}")
    assert history.search("") == []
    assert history.search(" \n\u3000") == []
    assert history.search("word", limit=0) == []
    assert [hit.turn_id for hit in history.search("word", limit=2)] == [5, 4]


def test_the_excerpt_stands_around_the_first_hit() -> None:
    text = "lorem ipsum dolor sit amet " * 20 + "here is the\n\n needle we want " + "consectetur elit " * 20
    found_excerpt = excerpt(text, folded_words("NEEDLE"))
    assert found_excerpt.text.startswith("…")
    assert found_excerpt.text.endswith("…")
    assert "here is the needle we want" in found_excerpt.text
    assert len(found_excerpt.text) <= MAX_EXCERPT_CHARACTERS
    assert "needle" in excerpt("ß" * 500 + " needle", ("needle",)).text


WORDS_AND_ODD = st.one_of(st.text(st.characters()), st.text("ab %_'\"*\\ß\u0130\ud800\0\n", max_size=200))


@given(text=WORDS_AND_ODD, looked_for=WORDS_AND_ODD)
def test_an_excerpt_is_one_short_line(text: str, looked_for: str) -> None:
    line = excerpt(text, folded_words(looked_for)).text
    assert len(line) <= MAX_EXCERPT_CHARACTERS
    assert len(line.splitlines()) <= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS_AND_ODD)
def test_search_takes_any_text(history: HistoryStore, text: str) -> None:
    history.search(text)
    if history.conversations():
        return
    add(history, "a b ß % _ ' \" * \\")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).filter(
        lambda t: bool(folded_words(t))  # no accent alone
    )
)
def test_what_was_asked_is_found(history: HistoryStore, text: str) -> None:
    add(history, text)
    newest = history.search(text, limit=1)
    assert [hit.title for hit in newest] == [history.conversations()[0].title]
    assert newest[0].turn_id is not None


def test_thousands_of_words_are_no_trouble(history: HistoryStore) -> None:
    add(history, " ".join(f"w{number}" for number in range(5_000)))
    assert len(history.search(" ".join(f"w{number}" for number in range(5_000)))) == 1
