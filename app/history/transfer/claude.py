"""Reads the chats of Claude's data export: `conversations.json`, a list of `chat_messages` each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.history.transfer.fields import list_of, object_of, text_of, time_from_iso
from app.history.transfer.left_out import (
    ATTACHMENTS,
    SYSTEM_MESSAGES,
    THOUGHTS,
    TOOL_MESSAGES,
    without_thought,
)
from app.history.transfer.message_tree import Heading, Message, Side, chat_of
from app.history.transfer.records import ReadChat

_THINKING = frozenset({"thinking", "redacted_thinking"})
_SIDES = {"human": Side.USER, "assistant": Side.MODEL}


def fits(untrusted: dict[str, Any]) -> bool:
    """Whether it looks like a chat of Claude's."""
    return isinstance(untrusted.get("chat_messages"), list)


def read(untrusted: dict[str, Any]) -> ReadChat:
    """The chat. Raises `UnreadableChatError`."""
    left_out: Counter[str] = Counter()
    messages: dict[str, Message] = {}
    before: str | None = None
    for number, each in enumerate(untrusted["chat_messages"]):
        each = object_of(each)
        name = text_of(each.get("uuid")) or f"#{number}"
        if name in messages:
            name = f"#{number}"
        # Older exports name no message before this one: then it follows the one above.
        parent = text_of(each.get("parent_message_uuid")) or before
        messages[name] = _message(each, parent, left_out)
        before = name
    heading = Heading(
        title=text_of(untrusted.get("name")),
        created_at=time_from_iso(untrusted.get("created_at")),
        updated_at=time_from_iso(untrusted.get("updated_at")),
        front=text_of(untrusted.get("current_leaf_message_uuid")),
    )
    return ReadChat(chat_of(messages, heading), +left_out)


def _message(untrusted: dict[str, Any], parent: str | None, left_out: Counter[str]) -> Message:
    side = _SIDES.get(text_of(untrusted.get("sender")), Side.NOBODY)
    text = _text(untrusted, left_out)
    left_out[ATTACHMENTS] += len(list_of(untrusted.get("attachments")))
    left_out[ATTACHMENTS] += len(list_of(untrusted.get("files")))
    if side is Side.NOBODY:
        left_out[SYSTEM_MESSAGES] += bool(text.strip())
        return Message(parent, side)
    if side is Side.MODEL:
        text = without_thought(text, left_out)
    name = "Claude" if side is Side.MODEL else ""
    return Message(parent, side, text, name, time_from_iso(untrusted.get("created_at")))


def _text(untrusted: dict[str, Any], left_out: Counter[str]) -> str:
    """The blocks of text. `text` beside them may hold the thinking too, so it counts only without blocks."""
    blocks = list_of(untrusted.get("content"))
    if not blocks:
        return text_of(untrusted.get("text"))
    parts = []
    for block in map(object_of, blocks):
        kind = block.get("type")
        if kind == "text":
            parts.append(text_of(block.get("text")))
        elif kind in _THINKING:
            left_out[THOUGHTS] += 1
        else:
            left_out[TOOL_MESSAGES] += 1
    return "\n\n".join(part for part in parts if part)
