"""Counts characters as Qt does, in UTF-16: one beyond U+FFFF, as most emoji are, takes two places."""

from __future__ import annotations

from collections.abc import Sequence


def utf16_length(text: str) -> int:
    """How many places of Qt's these characters take."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_places(text: str, places: Sequence[int]) -> list[int]:
    """Places in the text, in ascending order, as Qt's."""
    if text.isascii() or not places or max(text) <= "\uffff":
        return list(places)
    found, before, place = [], 0, 0
    for each in places:
        place += utf16_length(text[before:each])
        found.append(place)
        before = each
    return found


def utf16_part(text: str, start: int, end: int) -> str:
    """The characters between two of Qt's places; half a character is U+FFFD."""
    if text.isascii():
        return text[start:end]
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * end].decode("utf-16-le", "replace")
