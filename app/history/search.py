"""Finding words in what was said: every word, in any order; and the lines that show where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.history.search_words import character_folds, folded, folded_words, holds, places

__all__ = ["Excerpt", "excerpt", "folded_words", "title_holds_all", "turn_holds_all"]

MAX_EXCERPT_CHARACTERS = 120
_BEFORE_THE_HIT_CHARACTERS = 40
_TOGETHER_CHARACTERS = 70
"""Words that stand so near each other are shown together."""
_MOST_PLACES = 50
"""So many places of each word are looked at for the line that shows most of them."""

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line around the words. `ranges`: where they stand in it, (start, end), in order.

    `hit`: where the first shown word begins in the whole text, its white space as single spaces.
    """

    text: str
    ranges: Ranges
    hit: int


def turn_holds_all(text: str, title: str, words: Sequence[str]) -> bool:
    """Whether the text of a turn holds the folded words. Some of them, not all, may be in its title."""
    in_text = folded(text)
    missing = [word for word in words if not holds(in_text, word)]
    return len(missing) < len(words) and (not missing or title_holds_all(title, missing))


def title_holds_all(title: str, words: Sequence[str]) -> bool:
    """Whether every folded word stands somewhere in the title."""
    in_title = folded(title)
    return all(holds(in_title, word) for word in words)


def excerpt(text: str, words: Sequence[str]) -> Excerpt:
    """The line that shows most of the folded words together, at most `MAX_EXCERPT_CHARACTERS` long."""
    line = one_line(text)
    spans = _spans(line, words)
    hit = _best_hit(spans)
    start = max(0, hit - _BEFORE_THE_HIT_CHARACTERS)
    if start:
        space = line.find(" ", start, hit)
        start = start if space < 0 else space + 1
    room = MAX_EXCERPT_CHARACTERS - (1 if start else 0)
    end = len(line)
    if end - start > room:
        end = start + room - 1
        space = line.rfind(" ", hit + 1, end)
        end = end if space < 0 else space
    before = "…" if start else ""
    shift = len(before) - start
    ranges = tuple((max(b, start) + shift, min(e, end) + shift) for b, e, _ in spans if b < end and e > start)
    return Excerpt(before + line[start:end] + ("…" if end < len(line) else ""), _merged(ranges), hit)


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def _spans(line: str, words: Sequence[str]) -> list[tuple[int, int, str]]:
    """(start, end, word) of the places of the words in `line`, in order."""
    in_line = folded(line)
    found = sorted(
        (place, place + len(word), word)
        for word in words
        for place in islice(places(in_line, word), _MOST_PLACES)
    )
    if not found or all(len(character_folds(character)) == 1 for character in set(line)):
        return found
    origins: list[int] = []  # some letters fold to two ("ß" to "ss"), an accent of its own to none
    for place, character in enumerate(line):
        origins += [place] * len(character_folds(character))
    origins.append(len(line))
    return [(origins[start], max(origins[end - 1] + 1, origins[end]), word) for start, end, word in found]


def _best_hit(spans: list[tuple[int, int, str]]) -> int:
    """Where the first of the words begins, or that place after which most of them stand together."""
    best, most = 0, 0
    for number, (start, _, _) in enumerate(spans):
        near = set()
        for other, _, word in spans[number:]:
            if other - start > _TOGETHER_CHARACTERS:
                break
            near.add(word)
        if len(near) > most:
            best, most = start, len(near)
    return best


def _merged(ranges: Ranges) -> Ranges:
    """Ranges that touch or overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)
