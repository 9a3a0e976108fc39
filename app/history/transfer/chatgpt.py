"""Reads the chats of ChatGPT's data export: `conversations.json`, or `conversations-000.json` and on.

A chat is a tree of messages in `mapping`; `current_node` is the last message of the branch in front.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from app.history.transfer.fields import list_of, object_of, text_of, time_from_seconds
from app.history.transfer.left_out import (
    ATTACHMENTS,
    HIDDEN_MESSAGES,
    SYSTEM_MESSAGES,
    THOUGHTS,
    TOOL_MESSAGES,
    UNKNOWN_MESSAGES,
    without_thought,
)
from app.history.transfer.message_tree import Heading, Message, Side, chat_of
from app.history.transfer.records import ReadChat

_THINKING = frozenset({"thoughts", "reasoning_recap"})
_TEXTS = frozenset({"text", "multimodal_text", "code"})
"""Kinds that are what they seem. A new one may be thinking, so it is left out."""
_SETTINGS = frozenset({"user_editable_context", "model_editable_context"})
# Marks of citations and widgets between two characters of the private area; they mean nothing elsewhere.
_CITATION = re.compile("\ue200[^\ue200\ue201]*\ue201")


def fits(untrusted: dict[str, Any]) -> bool:
    """Whether it looks like a chat of ChatGPT's."""
    return isinstance(untrusted.get("mapping"), dict) and "inserted_at" not in untrusted


def read(untrusted: dict[str, Any]) -> ReadChat:
    """The chat. Raises `UnreadableChatError`."""
    left_out: Counter[str] = Counter()
    messages = {}
    for name, node in object_of(untrusted["mapping"]).items():
        node = object_of(node)
        messages[name] = _message(object_of(node.get("message")), node.get("parent"), left_out)
    heading = Heading(
        title=text_of(untrusted.get("title")),
        created_at=time_from_seconds(untrusted.get("create_time")),
        updated_at=time_from_seconds(untrusted.get("update_time")),
        front=text_of(untrusted.get("current_node")),
        is_archived=untrusted.get("is_archived") is True,
    )
    return ReadChat(chat_of(in_order_of_children(untrusted["mapping"], messages), heading), +left_out)


def in_order_of_children(
    untrusted_mapping: dict[str, Any], messages: dict[str, Message]
) -> dict[str, Message]:
    """The messages, next ones in the order in which the message before them names them."""
    place: dict[str, int] = {}
    for node in untrusted_mapping.values():
        for number, child in enumerate(list_of(object_of(node).get("children"))):
            if isinstance(child, str):
                place.setdefault(child, number)
    return dict(sorted(messages.items(), key=lambda item: place.get(item[0], -1)))


def _message(untrusted: dict[str, Any], parent: Any, left_out: Counter[str]) -> Message:
    parent = parent if isinstance(parent, str) else None
    nothing = Message(parent, Side.NOBODY)
    content, metadata = object_of(untrusted.get("content")), object_of(untrusted.get("metadata"))
    role = object_of(untrusted.get("author")).get("role")
    kind = content.get("content_type")
    if kind in _THINKING or untrusted.get("channel") == "analysis":
        left_out[THOUGHTS] += kind != "reasoning_recap"
        return nothing
    text = _text(content, left_out)
    if role not in ("user", "assistant") or kind in _SETTINGS:
        is_there = bool(text.strip()) or kind in _SETTINGS
        left_out[TOOL_MESSAGES if role == "tool" else SYSTEM_MESSAGES] += is_there
        return nothing
    if untrusted.get("weight") == 0 or metadata.get("is_visually_hidden_from_conversation") is True:
        left_out[HIDDEN_MESSAGES] += bool(text.strip())
        return nothing
    if role == "assistant" and untrusted.get("recipient", "all") not in ("all", None):
        left_out[TOOL_MESSAGES] += 1
        return nothing
    if kind not in _TEXTS:
        left_out[UNKNOWN_MESSAGES] += bool(content)
        return nothing
    when = time_from_seconds(untrusted.get("create_time"))
    if role == "user":
        return Message(parent, Side.USER, text, created_at=when)
    answer = without_thought(_CITATION.sub("", text), left_out)
    return Message(parent, Side.MODEL, answer, text_of(metadata.get("model_slug")) or "ChatGPT", when)


def _text(content: dict[str, Any], left_out: Counter[str]) -> str:
    if content.get("content_type") == "code":
        language = text_of(content.get("language"))
        return f"```{language if language.isalnum() else ''}\n{text_of(content.get('text'))}\n```"
    parts = []
    for part in list_of(content.get("parts")):
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):  # what was spoken
            parts.append(part["text"])
        else:
            left_out[ATTACHMENTS] += 1
    return "\n\n".join(part for part in parts if part) or text_of(content.get("text"))
