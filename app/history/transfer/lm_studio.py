"""Reads a chat of LM Studio: one `.conversation.json` each.

Its messages stand in a row, each with one version or more; which version of one message goes with which of
the next is not kept, so the versions beside the chosen one become turns that nothing follows.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from app.history.transfer.fields import list_of, object_of, text_of, time_from_milliseconds
from app.history.transfer.left_out import (
    ATTACHMENTS,
    SYSTEM_MESSAGES,
    THOUGHTS,
    TOOL_MESSAGES,
    without_thought,
)
from app.history.transfer.message_tree import Heading, Message, Side, chat_of
from app.history.transfer.records import ReadChat

_SIDES = {"user": Side.USER, "assistant": Side.MODEL}


def fits(untrusted: dict[str, Any]) -> bool:
    """Whether it looks like a chat of LM Studio's."""
    messages = untrusted.get("messages")
    return isinstance(messages, list) and all("versions" in object_of(each) for each in messages)


def read(untrusted: dict[str, Any]) -> ReadChat:
    """The chat. Raises `UnreadableChatError`."""
    left_out: Counter[str] = Counter()
    began = time_from_milliseconds(untrusted.get("createdAt"))
    model = text_of(object_of(untrusted.get("lastUsedModel")).get("identifier")) or "LM Studio"
    messages: dict[str, Message] = {}
    chosen: str | None = None
    for number, each in enumerate(map(object_of, untrusted["messages"])):
        before, versions = chosen, list_of(each.get("versions"))
        place = each.get("currentlySelected")
        if not isinstance(place, int) or not 0 <= place < len(versions):
            place = len(versions) - 1
        for which, version in enumerate(map(object_of, versions)):
            name = f"{number}.{which}"
            messages[name] = _message(version, before, model, began, left_out)
            if which == place:
                chosen = name
    heading = Heading(title=text_of(untrusted.get("name")), created_at=began, front=chosen)
    return ReadChat(chat_of(messages, heading), +left_out)


def _message(
    version: dict[str, Any], parent: str | None, model: str, began: datetime | None, left_out: Counter[str]
) -> Message:
    side = _SIDES.get(text_of(version.get("role")), Side.NOBODY)
    if side is Side.NOBODY:
        left_out[SYSTEM_MESSAGES] += 1
        return Message(parent, side)
    parts = [_text(version.get("content"), left_out)]
    for step in map(object_of, list_of(version.get("steps"))):
        if step.get("type") != "contentBlock":
            left_out[TOOL_MESSAGES] += step.get("type") != "debugInfoBlock"
        elif _is_thought(step):
            left_out[THOUGHTS] += 1
        else:
            parts.append(_text(step.get("content"), left_out))
            generated_by = object_of(step.get("genInfo")).get("indexedModelIdentifier")
            model = text_of(generated_by) or model
    text = "\n\n".join(part for part in parts if part.strip())
    if side is Side.USER:
        return Message(parent, side, text, created_at=began)
    return Message(parent, side, without_thought(text, left_out), model, began)


def _is_thought(step: dict[str, Any]) -> bool:
    """A thought has a style of its own; those of gpt-oss stand in the channel "analysis"."""
    if object_of(step.get("style")).get("type") == "thinking":
        return True
    return "<|channel|>analysis" in text_of(step.get("prefix"))


def _text(untrusted_content: Any, left_out: Counter[str]) -> str:
    if isinstance(untrusted_content, str):
        return untrusted_content
    parts = []
    for part in map(object_of, list_of(untrusted_content)):
        if part.get("type") == "text":
            parts.append(text_of(part.get("text")))
        elif part.get("type") == "file":
            left_out[ATTACHMENTS] += 1
        else:
            left_out[TOOL_MESSAGES] += 1
    return "".join(parts)
