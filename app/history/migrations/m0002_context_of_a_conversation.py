"""Schema 2: a conversation may have a context size of its own, and a turn says how long its answer took."""

from __future__ import annotations

from collections.abc import Callable

CONTEXT = """
ALTER TABLE conversations ADD COLUMN context_tokens INTEGER DEFAULT 0 NOT NULL
    CONSTRAINT ck_conversations_context_is_not_negative CHECK (context_tokens >= 0)
"""

ANSWER = """
ALTER TABLE turns ADD COLUMN answer_s REAL DEFAULT 0 NOT NULL
    CONSTRAINT ck_turns_answer_takes_no_negative_time CHECK (answer_s >= 0)
"""


def migrate(execute: Callable[[str], object]) -> None:
    """Add a column to each of the two tables."""
    execute(CONTEXT)
    execute(ANSWER)
