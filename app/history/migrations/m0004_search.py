"""Schema 4: the index of the search. It is empty at first: whoever opens the history builds it."""

from __future__ import annotations

from collections.abc import Callable

INDEX = """
CREATE VIRTUAL TABLE {name} USING fts5(
    terms, content = '', tokenize = 'ascii', detail = 'none'
)
"""

SECURE_DELETE = "INSERT INTO {name}({name}, rank) VALUES ('secure-delete', 1)"

STATE = """
CREATE TABLE search_state (
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    oldest_id INTEGER NOT NULL,
    newest_id INTEGER NOT NULL,
    CONSTRAINT pk_search_state PRIMARY KEY (name)
) STRICT
"""


def migrate(execute: Callable[[str], object]) -> None:
    """Add both indexes and what they say of themselves."""
    for name in ("turns_search", "titles_search"):
        execute(INDEX.format(name=name))
        execute(SECURE_DELETE.format(name=name))
    execute(STATE)
