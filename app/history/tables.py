"""The tables of the newest schema, with the rules that a row must keep.

There is no column for a thought: what is kept of it is how long it took and how many tokens it was.
`app.history.migrations` brings a file to this schema; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import REAL, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text, text

from app.history.records import TurnState

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# Times are microseconds since 1970 in UTC. AUTOINCREMENT: the id of a deleted row never comes back.
# A row with `deleted_at_us` is hidden everywhere, until it is brought back or purged.

folders = Table(
    "folders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at_us", Integer, nullable=False),
    Column("deleted_at_us", Integer),
    CheckConstraint("name <> '' AND instr(name, char(10)) = 0", name="name_is_one_line"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at_us", Integer, nullable=False),
    Column("updated_at_us", Integer, nullable=False),
    Column(
        "context_tokens",
        Integer,
        CheckConstraint("context_tokens >= 0", name="context_is_not_negative"),
        nullable=False,
        server_default=text("0"),
    ),
    Column("folder_id", Integer, ForeignKey("folders.id", ondelete="SET NULL")),
    Column("pinned_at_us", Integer),
    Column(
        "archived",
        Integer,
        CheckConstraint("archived IN (0, 1)", name="archived_is_yes_or_no"),
        nullable=False,
        server_default=text("0"),
    ),
    Column("deleted_at_us", Integer),
    # The last turn of the path in front, and how long that path is. No foreign key: with a damaged turn
    # the conversation must still open (`app.history.turn_tree`).
    Column("head_turn_id", Integer),
    Column(
        "turn_count",
        Integer,
        CheckConstraint("turn_count >= 0", name="turn_count_is_not_negative"),
        nullable=False,
        server_default=text("0"),
    ),
    CheckConstraint("title <> '' AND instr(title, char(10)) = 0", name="title_is_one_line"),
    Index(None, "deleted_at_us", sqlite_where=text("deleted_at_us IS NOT NULL")),
    # The sidebar lists the newest of those that are there, and those that are pinned.
    Index(None, "updated_at_us", "id", sqlite_where=text("deleted_at_us IS NULL")),
    Index(None, "pinned_at_us", sqlite_where=text("pinned_at_us IS NOT NULL")),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

_STATES = ", ".join(f"'{state}'" for state in TurnState)

USAGE_COUNTS = ("prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens", "left_out_turns")
_FIRST_MEASURES = ("time_to_first_token_s", "reasoning_s", "tokens_per_s")
USAGE_MEASURES = (*_FIRST_MEASURES, "answer_s")

turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", Integer, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("created_at_us", Integer, nullable=False),
    *(Column(name, Integer, nullable=False) for name in USAGE_COUNTS),
    *(Column(name, REAL, nullable=False) for name in _FIRST_MEASURES),
    Column("thought_end", Text, nullable=False),
    Column("failure", Text, nullable=False),
    # The process that answers, while the turn runs: see app.history.owner.
    Column("owner_pid", Integer),
    Column("owner_started_at_s", REAL),
    Column(
        "answer_s",
        REAL,
        CheckConstraint("answer_s >= 0", name="answer_takes_no_negative_time"),
        nullable=False,
        server_default=text("0"),
    ),
    # The turn before it in its branch; no foreign key, for the same reason.
    Column("parent_id", Integer, CheckConstraint("parent_id < id", name="parent_is_older")),
    Column("deleted_at_us", Integer),
    CheckConstraint("question <> ''", name="question_is_not_empty"),
    CheckConstraint(f"state IN ({_STATES})", name="state_is_known"),
    CheckConstraint("failure = '' OR state = 'failed'", name="only_a_failed_turn_has_a_failure"),
    CheckConstraint(
        "(state = 'running') = (owner_pid IS NOT NULL)"
        " AND (owner_pid IS NULL) = (owner_started_at_s IS NULL)",
        name="a_running_turn_has_an_owner",
    ),
    CheckConstraint(
        " AND ".join(f"{name} >= 0" for name in (*USAGE_COUNTS, *_FIRST_MEASURES)),
        name="usage_is_not_negative",
    ),
    # The shape of a conversation is read from it alone, without a page of text.
    Index(None, "conversation_id", "parent_id", "deleted_at_us"),
    Index(None, "deleted_at_us", sqlite_where=text("deleted_at_us IS NOT NULL")),
    # The few running turns are looked for at every start; without it all text would be read for that.
    Index(None, "owner_pid", sqlite_where=text("owner_pid IS NOT NULL")),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

# Which rows are in the two indexes of the search, which are FTS5's own tables: see app.history.search_index.
search_state = Table(
    "search_state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("oldest_id", Integer, nullable=False),
    Column("newest_id", Integer, nullable=False),
    sqlite_strict=True,
)
SEARCH_INDEXES = ("turns_search", "titles_search")
