"""A chat as a Markdown text: the path in front, questions as quotes, answers as the model wrote them."""

from __future__ import annotations

import re

from app import numbers_in_words
from app.history.records import TurnState
from app.history.titles import one_line
from app.history.transfer.records import ChatRecord, TurnRecord

ENDINGS = {
    TurnState.LENGTH: "The reply ended at its limit.",
    TurnState.STOPPED: "The reply was stopped.",
    TurnState.INTERRUPTED: "The reply was interrupted.",
}
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$])")


def as_markdown(chat: ChatRecord) -> str:
    """The whole text. It may hold anything that the model wrote, HTML too, as text of the answers."""
    parts = [f"# {_plain(chat.title)}"]
    for turn in chat.path():
        parts.append(f"**You** · {moment_in_words(turn)}")
        parts.append("\n".join(f"> {line}".rstrip() for line in _lines(turn.question)))
        thought = numbers_in_words.thought(turn.usage)
        parts.append(f"**{_plain(turn.model_name) or 'Answer'}**" + (f" · {thought}" if thought else ""))
        answer = "\n".join(_lines(turn.answer)).strip("\n")
        parts += [text for text in (answer, _plain_ending(turn)) if text.strip()]
    return "\n\n".join(parts) + "\n"


def ending(turn: TurnRecord) -> str:
    """What became of a reply that did not simply end, empty for one that did."""
    if turn.state is TurnState.FAILED:
        return f"Failed. {one_line(turn.failure)}".strip()
    return ENDINGS.get(turn.state, "")


def moment_in_words(turn: TurnRecord) -> str:
    """When it was asked, in the time of this computer."""
    try:
        return turn.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):  # a time at the end of what the system can count
        return turn.created_at.strftime("%Y-%m-%d %H:%M")


def _plain_ending(turn: TurnRecord) -> str:
    words = ending(turn)
    return f"*{_plain(words)}*" if words else ""


def _plain(text: str) -> str:
    """On one line, and none of it read as markup."""
    return _MARKUP.sub(r"\\\1", one_line(text))


def _lines(text: str) -> list[str]:
    return _LINE_ENDS.sub("\n", text).split("\n")
