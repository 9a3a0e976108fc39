"""What an import leaves out: thinking above all, which other programs keep with their answers."""

from __future__ import annotations

from collections import Counter

from models.reasoning import split_reply

THOUGHTS = "thoughts"
TOOL_MESSAGES = "messages of tools"
SYSTEM_MESSAGES = "system messages"
HIDDEN_MESSAGES = "hidden messages"
UNKNOWN_MESSAGES = "messages of an unknown kind"
ATTACHMENTS = "pictures and files"
_ONE = {
    THOUGHTS: "thought",
    TOOL_MESSAGES: "message of a tool",
    SYSTEM_MESSAGES: "system message",
    HIDDEN_MESSAGES: "hidden message",
    UNKNOWN_MESSAGES: "message of an unknown kind",
    ATTACHMENTS: "picture or file",
}


def counted(what: str, count: int) -> str:
    """`1 thought`, `2 thoughts`."""
    return f"{count:,} {_ONE[what] if count == 1 else what}"


def without_thought(untrusted_answer: str, left_out: Counter[str]) -> str:
    """The answer without what stands between thinking tags; what is dropped is counted."""
    split = split_reply(untrusted_answer, starts_inside=False)
    if split.reasoning.strip():
        left_out[THOUGHTS] += 1
    return split.answer
