"""Looks for words in the history: asks the index, reads what it names, and looks at that once more.

The index says which turns may hold the words; whether one does, and where, its text says. Running turns are
not in the index and are read themselves: there are one or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from app.history.records import SearchHit
from app.history.search import excerpt, folded_words, one_line, title_holds_all, turn_holds_all
from app.history.search_index import SHELF_IDS, TITLES, TURNS, Source, shelf_of
from app.history.search_words import folded, fts_query, holds
from app.history.text import storable

_MOST_LOOKED_AT = 500
"""So many turns that only might hold the words are read in vain for one search."""
_FEW = 24
_MOST_TITLES = 40
"""In so many chats, the newest whose titles hold some of the words, the others are looked for."""


class _Hit(NamedTuple):
    """A turn, or a title. `when`: in microseconds since 1970."""

    turn_id: int | None
    conversation_id: int
    when: int
    question: str
    answer: str
    title: str

    @property
    def text(self) -> str:
        return f"{self.question}\n{self.answer}"


_TURN = (
    "SELECT turns.id, turns.conversation_id, turns.created_at_us, turns.question, turns.answer,"
    " conversations.title"
)
_SHOWN = "turns.deleted_at_us IS NULL AND conversations.deleted_at_us IS NULL"
_INDEXED_TURNS = (
    f"{_TURN} FROM turns_search CROSS JOIN turns ON turns.id = turns_search.rowid"
    " CROSS JOIN conversations ON conversations.id = turns.conversation_id"
    f" WHERE turns_search MATCH ? AND turns_search.rowid BETWEEN ? AND ? AND {_SHOWN}"
    " ORDER BY turns_search.rowid DESC"
)
_RUNNING_TURNS = (
    f"{_TURN} FROM turns JOIN conversations ON conversations.id = turns.conversation_id"
    f" WHERE turns.owner_pid IS NOT NULL AND {_SHOWN}"
)
_INDEXED_TITLES = (
    "SELECT NULL, conversations.id, conversations.updated_at_us, '', '', conversations.title"
    " FROM titles_search"
    " CROSS JOIN conversations ON conversations.id = titles_search.rowid"
    " WHERE titles_search MATCH ? AND titles_search.rowid BETWEEN ? AND ?"
    " AND conversations.deleted_at_us IS NULL ORDER BY titles_search.rowid DESC"
)


def find(connection: Any, text: str, limit: int) -> list[SearchHit]:
    """The turns that hold all words, and titles of which no turn does, newest first. Takes any text."""
    words = folded_words(storable(text))
    if not words or limit < 1:
        return []
    found = {hit.turn_id: hit for hit in _turns_with_all(connection, words, limit)}
    titles = list(_titles(connection, words, limit))
    for title in titles if len(words) > 1 else ():
        if len(found) < limit or title.when > sorted(hit.when for hit in found.values())[-limit]:
            found |= {hit.turn_id: hit for hit in _turns_under(connection, title, words, limit)}
    with_turns = {hit.conversation_id for hit in found.values()}
    hits = list(found.values()) + [
        title
        for title in titles
        if title.conversation_id not in with_turns and title_holds_all(title.title, words)
    ]
    hits.sort(key=lambda hit: hit.when, reverse=True)
    return [_shown(hit, words) for hit in hits[:limit]]


def _shown(hit: _Hit, words: Sequence[str]) -> SearchHit:
    if hit.turn_id is None:
        shown = excerpt(hit.title, words)
        return SearchHit(hit.conversation_id, hit.title, None, shown.text, shown.ranges)
    return hit_in_turn(hit.conversation_id, hit.title, hit.turn_id, hit.question, hit.answer, words)


def hit_in_turn(
    conversation_id: int, title: str, turn_id: int, question: str, answer: str, words: Sequence[str]
) -> SearchHit:
    """How a turn that holds the words is shown."""
    shown = excerpt(f"{question}\n{answer}", words)
    in_question = shown.hit < len(one_line(question))
    return SearchHit(conversation_id, title, turn_id, shown.text, shown.ranges, in_question)


def _turns_with_all(connection: Any, words: Sequence[str], limit: int) -> Iterator[_Hit]:
    """The turns that hold every word, newest first; of running ones some may be in the title."""
    for row in connection.execute(_RUNNING_TURNS).fetchall():
        hit = _Hit(*row)
        if turn_holds_all(hit.text, hit.title, words):
            yield hit
    candidates = _rows(connection, _INDEXED_TURNS, TURNS, words)
    for row in islice(candidates, limit + _MOST_LOOKED_AT):
        hit = _Hit(*row)
        text = folded(hit.text)
        if all(holds(text, word) for word in words):
            yield hit
            limit -= 1
        if not limit:
            return


def _titles(connection: Any, words: Sequence[str], limit: int) -> Iterator[_Hit]:
    """The conversations whose titles hold at least one of the words, newest first."""
    most = limit if len(words) == 1 else max(limit, _MOST_TITLES)
    for row in _rows(connection, _INDEXED_TITLES, TITLES, words, any_of_them=True):
        hit = _Hit(*row)
        title = folded(hit.title)
        if any(holds(title, word) for word in words):
            yield hit
            most -= 1
        if not most:
            return


def _turns_under(connection: Any, under: _Hit, words: Sequence[str], limit: int) -> Iterator[_Hit]:
    """The turns of a conversation that hold those words which its title does not; one at least."""
    title = folded(under.title)
    missing = [word for word in words if not holds(title, word)]
    first, last = connection.execute(
        "SELECT min(id), max(id) FROM turns WHERE conversation_id = ?", (under.conversation_id,)
    ).fetchone()
    if first is None:
        return
    for row in _rows(
        connection, _INDEXED_TURNS, TURNS, missing or words, any_of_them=not missing, first=first, last=last
    ):
        hit = _Hit(*row)
        if hit.conversation_id == under.conversation_id and turn_holds_all(hit.text, hit.title, words):
            yield hit
            limit -= 1
        if not limit:
            return


def _rows(
    connection: Any,
    statement: str,
    source: Source,
    words: Sequence[str],
    *,
    any_of_them: bool = False,
    first: int = 0,
    last: int | None = None,
) -> Iterator[tuple[Any, ...]]:
    """What the index names between two ids, from the newest shelf on."""
    below = f"SELECT max(id) FROM {source.index}_docsize WHERE id <= ?"
    some = (
        f"SELECT count(*) FROM (SELECT 1 FROM {source.index} WHERE {source.index} MATCH ?"
        f" AND rowid BETWEEN ? AND ? LIMIT {_FEW})"
    )
    highest = connection.execute(below, (2**63 - 1 if last is None else last,)).fetchone()[0]
    while highest is not None and highest >= first:
        lowest = highest // SHELF_IDS * SHELF_IDS
        asked = fts_query(words, shelf_of(highest), any_of_them=any_of_them)
        if not asked:
            return
        bounds = (max(lowest, first), highest)
        if not any_of_them:
            # What only begins so is gathered before anything else is looked at. Where few rows are left
            # without it, or with the longest alone, they are quicker read than asked for.
            terms = asked.split(" AND ")
            quick = " AND ".join(term for term in terms if not term.endswith("*")) or terms[0]
            if connection.execute(some, (quick, *bounds)).fetchone()[0] < _FEW:
                asked = quick
        yield from connection.execute(statement, (asked, *bounds))
        highest = connection.execute(below, (lowest - 1,)).fetchone()[0]
