"""Schema 3: versions of a turn side by side, folders, pin and archive, and deletions that can be undone."""

from __future__ import annotations

from collections.abc import Callable

FOLDERS = """
CREATE TABLE folders (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    deleted_at_us INTEGER,
    CONSTRAINT ck_folders_name_is_one_line
        CHECK (name <> '' AND instr(name, char(10)) = 0)
) STRICT
"""

OF_CONVERSATIONS = (
    """
    ALTER TABLE conversations ADD COLUMN folder_id INTEGER
        CONSTRAINT fk_conversations_folder_id REFERENCES folders (id) ON DELETE SET NULL
    """,
    "ALTER TABLE conversations ADD COLUMN pinned_at_us INTEGER",
    """
    ALTER TABLE conversations ADD COLUMN archived INTEGER DEFAULT 0 NOT NULL
        CONSTRAINT ck_conversations_archived_is_yes_or_no CHECK (archived IN (0, 1))
    """,
    "ALTER TABLE conversations ADD COLUMN deleted_at_us INTEGER",
    "ALTER TABLE conversations ADD COLUMN head_turn_id INTEGER",
    """
    ALTER TABLE conversations ADD COLUMN turn_count INTEGER DEFAULT 0 NOT NULL
        CONSTRAINT ck_conversations_turn_count_is_not_negative CHECK (turn_count >= 0)
    """,
)

OF_TURNS = (
    """
    ALTER TABLE turns ADD COLUMN parent_id INTEGER
        CONSTRAINT ck_turns_parent_is_older CHECK (parent_id < id)
    """,
    "ALTER TABLE turns ADD COLUMN deleted_at_us INTEGER",
)

A_CHAIN = """
UPDATE turns SET parent_id =
    (SELECT max(before.id) FROM turns AS before
     WHERE before.conversation_id = turns.conversation_id AND before.id < turns.id)
"""

ITS_END = """
UPDATE conversations SET
    head_turn_id = (SELECT max(id) FROM turns WHERE conversation_id = conversations.id),
    turn_count = (SELECT count(*) FROM turns WHERE conversation_id = conversations.id)
"""

INDEXES = (
    "DROP INDEX ix_turns_conversation_id",
    "CREATE INDEX ix_turns_conversation_id ON turns (conversation_id, parent_id, deleted_at_us)",
    "CREATE INDEX ix_turns_deleted_at_us ON turns (deleted_at_us) WHERE deleted_at_us IS NOT NULL",
    "CREATE INDEX ix_conversations_deleted_at_us ON conversations (deleted_at_us)"
    " WHERE deleted_at_us IS NOT NULL",
    "CREATE INDEX ix_conversations_updated_at_us ON conversations (updated_at_us, id)"
    " WHERE deleted_at_us IS NULL",
    "CREATE INDEX ix_conversations_pinned_at_us ON conversations (pinned_at_us)"
    " WHERE pinned_at_us IS NOT NULL",
)


def migrate(execute: Callable[[str], object]) -> None:
    """Add the columns; the turns of each conversation become a chain in the order they were asked."""
    for statement in (FOLDERS, *OF_CONVERSATIONS, *OF_TURNS, A_CHAIN, ITS_END, *INDEXES):
        execute(statement)
