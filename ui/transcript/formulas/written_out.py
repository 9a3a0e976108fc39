"""The text of a document with words in place of each drawn formula, and where its places stand there."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate

from PySide6.QtGui import QTextCursor, QTextDocument

from ui.transcript.formulas.objects import OBJECT
from ui.utf16 import utf16_length, utf16_places


class Places:
    """Places of a document in which each formula is one character, and of its text with their words.

    Both count as UTF-16 does.
    """

    def __init__(self, formulas: Mapping[int, int]) -> None:
        """`formulas`: where they stand in the document, in ascending order, and the length of the words."""
        self._positions, self._lengths = list(formulas), list(formulas.values())
        self._longer = [0, *accumulate(length - 1 for length in self._lengths)]
        self._starts = [at + longer for at, longer in zip(self._positions, self._longer, strict=False)]

    def offset(self, position: int) -> int:
        """A place of the document as one of the text."""
        return position + self._longer[bisect_left(self._positions, position)]

    def position(self, offset: int) -> int:
        """A place of the text as one of the document; within a formula it is that of the formula."""
        number = bisect_right(self._starts, offset) - 1
        if number >= 0 and offset < self._starts[number] + self._lengths[number]:
            return self._positions[number]
        return offset - self._longer[number + 1]


def written_out(document: QTextDocument, words: int) -> tuple[str, Places]:
    """The text as Qt has it, with the property `words` of each formula, and its places."""
    whole = QTextCursor(document)
    whole.select(QTextCursor.SelectionType.Document)
    text = whole.selectedText()
    formulas = _formulas(document, words, text) if OBJECT in text else {}
    said = iter(formulas.values())
    text = re.sub(OBJECT, lambda _: next(said), text) if formulas else text
    return text, Places({position: utf16_length(words) for position, words in formulas.items()})


def _formulas(document: QTextDocument, words: int, text: str) -> dict[int, str]:
    """Where formulas stand, in ascending order, and the property `words` of each."""
    cursor, found = QTextCursor(document), {}
    for position in utf16_places(text, [one.start() for one in re.finditer(OBJECT, text)]):
        cursor.setPosition(position + 1)
        found[position] = cursor.charFormat().stringProperty(words)
    return found
