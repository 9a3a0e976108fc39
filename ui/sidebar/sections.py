"""In which order the chats stand: pinned, temporary, in folders, by day, and at the end what is archived."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ui.elided_label import one_line
from ui.sidebar.conversation_list_model import Row, RowKind, SectionKey
from ui.sidebar.groups import group_begin, group_heading

if TYPE_CHECKING:
    from app.history.records import ConversationSummary, Folder

ARCHIVED: SectionKey = "archived"
"""The section of the archived chats; the section of a folder is its id."""


def section_of(conversation: ConversationSummary) -> SectionKey | None:
    """The section that has to be open for this chat to be seen; None: it is always seen."""
    if conversation.is_temporary:
        return None
    if conversation.is_archived:
        return ARCHIVED
    return None if conversation.is_pinned else conversation.folder_id


def conversation_rows(
    conversations: Sequence[ConversationSummary],
    now: datetime,
    folders: Sequence[Folder] = (),
    folded: Collection[SectionKey] = (),
    *,
    has_more: bool = False,
) -> list[Row]:
    """All rows; within each part the chats keep the order given, which is the last used first.

    `folded`: the sections of which only the heading is shown. `has_more`: other chats were used longer ago.
    """
    pinned: list[ConversationSummary] = []
    temporary: list[ConversationSummary] = []
    by_day: list[ConversationSummary] = []
    sections: dict[SectionKey, list[ConversationSummary]] = {folder.id: [] for folder in folders}
    sections[ARCHIVED] = []
    for conversation in conversations:
        section = section_of(conversation)
        if conversation.is_temporary:
            temporary.append(conversation)
        elif section is not None and section in sections:
            sections[section].append(conversation)
        else:
            (pinned if conversation.is_pinned else by_day).append(conversation)
    rows = _under("Pinned", pinned) + _under("Temporary", temporary)
    for folder in folders:
        chats = sections[folder.id]
        rows += _section(folder.id, one_line(folder.name), chats, folder.id in folded, has_more=has_more)
    rows += _days(by_day, now)
    if sections[ARCHIVED]:
        rows += _section(ARCHIVED, "Archived", sections[ARCHIVED], ARCHIVED in folded, has_more=has_more)
    if has_more:
        rows.append(Row(RowKind.MORE, "Older chats…"))
    return rows or [Row(RowKind.NOTE, "No chats yet")]


def _under(heading: str, conversations: Sequence[ConversationSummary]) -> list[Row]:
    return [Row(RowKind.HEADING, heading), *map(_row, conversations)] if conversations else []


def _section(
    key: SectionKey,
    name: str,
    conversations: Sequence[ConversationSummary],
    is_folded: bool,
    *,
    has_more: bool,
) -> list[Row]:
    count = len(conversations)
    heading = Row(RowKind.SECTION, name, section=key, is_folded=is_folded, chats=count, has_more=has_more)
    if is_folded:
        return [heading]
    if not conversations:
        words = "None of the chats below" if has_more else "No chats in it yet"
        return [heading, Row(RowKind.NOTE, words, is_inside=True)]
    return [heading, *(_row(conversation, is_inside=True) for conversation in conversations)]


def _days(conversations: Sequence[ConversationSummary], now: datetime) -> list[Row]:
    rows: list[Row] = []
    begin: datetime | None = None
    for conversation in conversations:
        if begin is None or conversation.updated_at < begin:
            rows.append(Row(RowKind.HEADING, group_heading(conversation.updated_at, now)))
            begin = group_begin(conversation.updated_at, now)
        rows.append(_row(conversation))
    return rows


def _row(conversation: ConversationSummary, *, is_inside: bool = False) -> Row:
    return Row(RowKind.CONVERSATION, one_line(conversation.title), conversation.id, is_inside=is_inside)
