"""Cuts one long JSON text into the chats it lists, so that each is read by itself and its depth is known.

A list of chats may have a gigabyte. Read as a whole it would take ten times that in memory, and one wrong
character in it would cost all chats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100
"""Of brackets. No program nests a chat deeper than about twenty."""
SHALLOW = 16
"""Deeper ones are read bracket by bracket, a hundred times as slowly."""
MAX_CHAT_BYTES = 64 * 2**20
MAX_HEADER_BYTES = 16 * 2**20

_LIST_NAMES = (b'"chats"', b'"conversations"')
# Possessive: a quote that is never closed must not be searched for again and again.
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_TOKEN = re.compile(_STRING + rb'|[\[\]{}]|"', re.DOTALL)


def _shallow() -> re.Pattern[bytes]:
    """An object or a list up to `SHALLOW` deep, at the speed of C; of brackets only the number is right."""
    inner = rb'[^"\[\]{}]++|' + _STRING
    value = rb"[\[{](?:" + inner + rb")*+[\]}]"
    for _ in range(SHALLOW - 1):
        value = rb"[\[{](?:" + inner + rb"|" + value + rb")*+[\]}]"
    return re.compile(value, re.DOTALL)


_BETWEEN = re.compile(rb"[\s,]*+")
_OPENS_LIST = re.compile(rb"\s*+:\s*+(?=\[)")
_BOM = b"\xef\xbb\xbf"


_SHALLOW = _shallow()


class BrokenJsonError(Exception):
    """The text is no JSON from some place on, or not one of chats. The message says where."""


class ChatList:
    """The chats of a file, each as JSON text, and in `header` what stands beside their list.

    `broken` says from where on the text is no list of chats, empty where it is one to its end.
    """

    def __init__(self, untrusted: bytes) -> None:
        """Raises `BrokenJsonError` where it is no JSON at all, or what stands beside the chats is none."""
        self._untrusted = untrusted.removeprefix(_BOM)
        self._spans: list[tuple[int, int]] = []
        self.header: dict[str, Any] = {}
        self.broken = ""
        start = _skipped(self._untrusted, 0)
        match self._untrusted[start : start + 1]:
            case b"[":
                self._find_chats(start)
            case b"{":
                place = self._find_list(start)
                if place is None:
                    self._spans.append((start, len(self._untrusted)))
                else:
                    end = self._find_chats(place)
                    self.header = self._read_header(start, place, end)
            case _:
                raise BrokenJsonError("It is no JSON.")

    def __iter__(self) -> Iterator[bytes]:
        return (self._untrusted[start:end] for start, end in self._spans)

    def _find_list(self, start: int) -> int | None:
        """Where the list of chats opens in the object at `start`."""
        position: int | None = start + 1
        while position is not None and (token := _TOKEN.search(self._untrusted, position)) is not None:
            text = token[0]
            if text in b"]}" or text == b'"':
                return None
            if text in b"[{":
                position = _end_of_value(self._untrusted, token.start())
                continue
            position = token.end()
            opens = _OPENS_LIST.match(self._untrusted, position) if text in _LIST_NAMES else None
            if opens is not None:
                return opens.end()
        return None

    def _find_chats(self, start: int) -> int | None:
        """Note each object in the list that opens at `start`; gives where it ends, None where it does not."""
        position = start + 1
        while True:
            position = _skipped(self._untrusted, position)
            character = self._untrusted[position : position + 1]
            if character == b"]":
                return position + 1
            end = _end_of_value(self._untrusted, position) if character == b"{" else None
            if end is None:
                self.broken = _NO_CHAT if character not in (b"", b"{") else _CUT
                return None
            self._spans.append((position, end))
            position = end

    def _read_header(self, start: int, list_start: int, list_end: int | None) -> dict[str, Any]:
        before = self._untrusted[start:list_start] + b"[]"
        after = b"}" if list_end is None else self._untrusted[list_end:]
        if len(before) + len(after) > MAX_HEADER_BYTES:
            raise BrokenJsonError("There is too much beside the chats.")
        found = parsed(before + after)
        return found if isinstance(found, dict) else {}


_NO_CHAT = "From some place on, the list holds something that is no chat."
_CUT = "It ends in the middle of the list of chats."


def _end_of_value(untrusted: bytes, start: int) -> int | None:
    """Where the object or list that opens at `start` ends; None where it does not, or is too deep."""
    whole = _SHALLOW.match(untrusted, start)
    if whole is not None:
        return whole.end()
    depth = 0
    for token in _TOKEN.finditer(untrusted, start):
        text = token[0]
        if text == b'"' or depth > MAX_DEPTH:
            return None
        if text in b"[{":
            depth += 1
        elif text in b"]}":
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def _skipped(untrusted: bytes, position: int) -> int:
    between = _BETWEEN.match(untrusted, position)
    return between.end() if between is not None else position


def parsed(untrusted: bytes) -> Any:
    """The value of a JSON text. Raises `BrokenJsonError`."""
    if len(untrusted) > MAX_CHAT_BYTES:
        raise BrokenJsonError(f"It is larger than {MAX_CHAT_BYTES >> 20} MB.")
    if _end_of_value(untrusted, _skipped(untrusted, 0)) is None:
        raise BrokenJsonError("It is nested too deeply, or has no end.")
    try:
        # Halves of pairs are in real archives: the history puts U+FFFD in their place.
        return json.loads(untrusted.decode("utf-8", "surrogatepass"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise BrokenJsonError("Its text is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError("It is no correct JSON.") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")
