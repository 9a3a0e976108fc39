"""Reads the chats of DeepSeek's data export: `conversations.json`, a tree of messages in `mapping` each.

A message has `fragments` (REQUEST, RESPONSE, THINK, SEARCH and others); older exports have `content` and
`reasoning_content` in their place.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.history.transfer.chatgpt import in_order_of_children
from app.history.transfer.fields import list_of, object_of, text_of, time_from_iso
from app.history.transfer.left_out import ATTACHMENTS, THOUGHTS, TOOL_MESSAGES, without_thought
from app.history.transfer.message_tree import Heading, Message, Side, chat_of
from app.history.transfer.records import ReadChat

_ROLES = {"USER": Side.USER, "ASSISTANT": Side.MODEL}


def fits(untrusted: dict[str, Any]) -> bool:
    """Whether it looks like a chat of DeepSeek's."""
    return isinstance(untrusted.get("mapping"), dict) and "inserted_at" in untrusted


def read(untrusted: dict[str, Any]) -> ReadChat:
    """The chat. Raises `UnreadableChatError`."""
    left_out: Counter[str] = Counter()
    mapping = object_of(untrusted["mapping"])
    sides = _sides(mapping)
    messages = {name: _message(object_of(node), sides[name], left_out) for name, node in mapping.items()}
    heading = Heading(
        title=text_of(untrusted.get("title")),
        created_at=time_from_iso(untrusted.get("inserted_at")),
        updated_at=time_from_iso(untrusted.get("updated_at")),
    )
    return ReadChat(chat_of(in_order_of_children(mapping, messages), heading), +left_out)


def _sides(mapping: dict[str, Any]) -> dict[str, Side]:
    """Who wrote each message. Where it does not say so, the sides take turns, and the user begins."""
    sides: dict[str, Side] = {}
    for start in mapping:
        path: list[str] = []
        name: Any = start
        while isinstance(name, str) and name in mapping and name not in sides and name not in path[-1:]:
            if len(path) > len(mapping):
                break  # a circle
            path.append(name)
            name = object_of(mapping[name]).get("parent")
        before = sides.get(name, Side.NOBODY) if isinstance(name, str) else Side.NOBODY
        for each in reversed(path):
            before = sides[each] = _side(object_of(object_of(mapping[each]).get("message")), before)
    return sides


def _side(message: dict[str, Any], before: Side) -> Side:
    kinds = {text_of(object_of(part).get("type")) for part in list_of(message.get("fragments"))}
    if "REQUEST" in kinds:
        return Side.USER
    if kinds:
        return Side.MODEL
    if text_of(message.get("role")).upper() in _ROLES:
        return _ROLES[text_of(message.get("role")).upper()]
    if not text_of(message.get("content")):
        return Side.MODEL if text_of(message.get("reasoning_content")) else Side.NOBODY
    if text_of(message.get("reasoning_content")) or before is Side.USER:
        return Side.MODEL
    return Side.USER


def _message(node: dict[str, Any], side: Side, left_out: Counter[str]) -> Message:
    parent = node.get("parent") if isinstance(node.get("parent"), str) else None
    message = object_of(node.get("message"))
    parts = [text_of(message.get("content"))]
    left_out[THOUGHTS] += bool(text_of(message.get("reasoning_content")).strip())
    left_out[ATTACHMENTS] += len(list_of(message.get("files")))
    for part in map(object_of, list_of(message.get("fragments"))):
        kind = part.get("type")
        if kind in ("REQUEST", "RESPONSE"):
            parts.append(text_of(part.get("content")))
        elif kind == "THINK":
            left_out[THOUGHTS] += 1
        else:
            left_out[TOOL_MESSAGES] += 1
    if side is Side.NOBODY:
        return Message(parent, side)
    text = "\n\n".join(part for part in parts if part)
    if side is Side.MODEL:
        text = without_thought(text, left_out)
    name = text_of(message.get("model")) or "DeepSeek"
    when = time_from_iso(message.get("inserted_at"))
    return Message(parent, side, text, name if side is Side.MODEL else "", when)
