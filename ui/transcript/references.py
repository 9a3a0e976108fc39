"""The link reference definitions of an answer, `[label]: address`, and what its texts asked of them."""

from __future__ import annotations

from collections.abc import Mapping

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.token import Token

Definitions = dict[str, str]
"""Addresses by their labels, which are normalised as CommonMark has it."""
Asked = dict[str, str | None]
"""The labels that a text may refer to, with the addresses that it was read with."""

OPEN_LINE = "open_line"
"""In the parser's environment: the number of the line that is not at its end yet."""
MAX_LABEL_CHARS = 999
"""Source: https://spec.commonmark.org/0.31.2/#link-label"""


class References:
    """The definitions of one answer, in all its views. Of several with one label the first counts.

    Those of finished blocks stay; those of the open end are as it was last read.
    """

    def __init__(self) -> None:
        self.known: Definitions = {}
        self.changes: list[str] = []
        """Each label that came, went or got another address, in the order of time."""
        self._closed: Definitions = {}
        self._open: Definitions = {}

    def close(self, definitions: Definitions) -> None:
        """Those of a block that is finished."""
        for label, address in definitions.items():
            self._know(label, self._closed.setdefault(label, address))

    def set_open(self, definitions: Definitions) -> None:
        """Those of what is behind the finished blocks."""
        if definitions != self._open:
            for label in {**self._open, **definitions}:
                self._know(label, self._closed.get(label) or definitions.get(label))
            self._open = definitions

    def _know(self, label: str, address: str | None) -> None:
        if self.known.get(label) == address:
            return
        self.changes.append(label)
        if address is None:
            del self.known[label]
        else:
            self.known[label] = address


class Lookup:
    """What the parser looks labels up in while it reads one text; `asked` is told of each."""

    def __init__(self, known: Mapping[str, str], asked: Asked) -> None:
        self._known = known
        self._asked = asked

    def get(self, label: str, _default: None = None) -> dict[str, str] | None:
        """The definition with this label; None where there is none."""
        if len(label) > MAX_LABEL_CHARS:
            return None
        address = self._asked[label] = self._known.get(label)
        return None if address is None else {"href": address, "title": ""}


def is_outdated(asked: Asked, definitions: Mapping[str, str]) -> bool:
    """Whether a text would now be read otherwise."""
    return any(definitions.get(label) != address for label, address in asked.items())


def add_references(markdown: MarkdownIt) -> None:
    """Have the parser take a definition for one when its lines are at their end.

    Until then its address would be another with each piece, and what refers to it as well.
    """
    markdown.block.ruler.at("reference", _definition_rule)


def first_line_of_last(opening: list[Token]) -> int:
    """The line on which the last of these blocks begins, or the definition of which it may be the title."""
    for number in range(len(opening) - 1, -1, -1):
        block, first = opening[number], (opening[number].map or [0])[0]
        if block.type == "definition":
            return first
        above = opening[number - 1].map if number else None
        if block.type not in ("paragraph_open", "heading_open") or above is None or above[1] != first:
            break
    return (opening[-1].map or [0])[0]


def _definition_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    start = state.bMarks[start_line] + state.tShift[start_line]
    if not state.src.startswith("[", start) or state.src.find("]:", start, start + MAX_LABEL_CHARS + 3) < 0:
        return False
    line_max = state.lineMax
    state.lineMax = min(line_max, state.env.get(OPEN_LINE, line_max))
    is_definition = start_line < state.lineMax and reference(state, start_line, end_line, silent)
    state.lineMax = line_max
    return is_definition
