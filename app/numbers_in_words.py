"""Numbers as people read them, the same in window and terminal: always with their unit."""

from __future__ import annotations

from models.engine.protocol import ThoughtEnd, Usage

_ENDED_BY = {
    ThoughtEnd.BUDGET: "the budget ended it",
    ThoughtEnd.RESERVE: "ended to leave room for the answer",
    ThoughtEnd.ASKED: "the answer was asked for",
    ThoughtEnd.LOOP: "it went in circles",
}


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `1 min 12 s`, `1 h 05 min`: of something that is over, so never `0.0 s`."""
    if seconds < 0.95:
        return f"{max(seconds, 0.1):.1f} s"
    return running_duration(round(seconds))


def running_duration(seconds: float) -> str:
    """`0 s`, `12 s`, `1 min 12 s`, `1 h 05 min`: of a clock that is going, in full seconds."""
    minutes, rest = divmod(int(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def spoken_duration(seconds: float) -> str:
    """`12 seconds`, `1 minute 12 seconds`: for screen readers."""
    minutes, rest = divmod(round(seconds), 60)
    parts = [_count(minutes, "minute")] if minutes else []
    parts += [_count(rest, "second")] if rest or not minutes else []
    return " ".join(parts)


def tokens(count: int) -> str:
    """`1 token`, `1,310 tokens`."""
    return _count(count, "token")


def questions(count: int) -> str:
    """`1 question`, `2 questions`."""
    return _count(count, "question")


def turns(count: int) -> str:
    """`1 turn`, `2 turns`."""
    return _count(count, "turn")


def speed(tokens_per_s: float) -> str:
    """`2.4` below ten, `31` above: tokens in a second."""
    return f"{tokens_per_s:.1f}" if tokens_per_s < 9.95 else f"{tokens_per_s:,.0f}"


def size(size_bytes: int) -> str:
    """`812 B`, `7.4 MB`, `98 MB`, `4.7 GB`: decimal units, as file managers and download pages have them."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def parameters(count: int) -> str:
    """`0.8M`, `135M`, `7.6B`: as model names have them."""
    millions = count / 1_000_000
    if millions >= 999.5:
        return f"{millions / 1000:.1f}B"
    return f"{millions:.{0 if millions >= 9.95 else 1}f}M"


def thought(usage: Usage) -> str:
    """`Thought for 4 s · 212 tokens · the budget ended it`, empty where the model did not think."""
    return thought_line(usage.reasoning_s, usage.reasoning_tokens, usage.thought_end)


def thought_line(seconds: float, token_count: int, end: ThoughtEnd) -> str:
    """The same from its parts."""
    if not token_count:
        return ""
    parts = [f"Thought for {duration(seconds)}", tokens(token_count), _ENDED_BY.get(end, "")]
    return " · ".join(part for part in parts if part)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
