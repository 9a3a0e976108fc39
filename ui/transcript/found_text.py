"""Looks for words in texts: without regard to case, as plain text, and with places that a document knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ui.transcript.blocks import LINE_SEPARATOR, BlockKind, Item, Run, Table
from ui.transcript.markdown import MarkdownReader
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import shown, with_line_feeds

MAX_WORDS_CHARS = 200
FORMULA = "\ufffc"
"""What stands for a drawn formula in the text of a document."""
PIECE_CHARS = 8_000
_APART = frozenset({BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.CODE_HEAD, BlockKind.MATH})
_COPIED_AS = str.maketrans({"\u00a0": " ", "\u202f": None})
_MARKUP = str.maketrans("", "", "*_~`\\")
_SPACES = str.maketrans({"\u00a0": " ", "\u2028": "\n", "\u2029": "\n"})


def folded(text: str) -> str:
    """The text in lower case, each character at its place; kinds of spaces are one."""
    text = text.translate(_SPACES)
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    return lower


def places(folded_text: str, folded_words: str) -> list[int]:
    """Where the words stand, one behind the other."""
    found, start = [], folded_text.find(folded_words)
    while start >= 0:
        found.append(start)
        start = folded_text.find(folded_words, start + len(folded_words))
    return found


def document_positions(text: str, starts: Sequence[int]) -> list[int]:
    """The places as positions in a text document, which counts in UTF-16."""
    if text.isascii() or not starts or max(text) <= "\uffff":
        return list(starts)
    positions, before, position = [], 0, 0
    for start in starts:
        part = text[before:start]
        position += len(part) + sum(character > "\uffff" for character in part)
        positions.append(position)
        before = start
    return positions


def utf16_length(text: str) -> int:
    """How many positions of a text document these characters take."""
    return len(text) + sum(character > "\uffff" for character in text) if not text.isascii() else len(text)


def may_hold(untrusted_markdown: str, folded_words: str) -> bool:
    """Whether the words can be among what is shown of this Markdown. It is cheap, and says yes too often."""
    source = folded(untrusted_markdown.translate(_MARKUP))
    parts = "".join(c if c.isalnum() else " " for c in folded_words.translate(_MARKUP)).split()
    return all(part in source for part in parts)


def plain_question(question: str) -> str:
    """A question as it is shown."""
    return shown(with_line_feeds(question))


def plain_answer(reader: MarkdownReader, untrusted_markdown: str) -> Iterator[str]:
    """An answer as it is shown, in pieces that each take a moment: "" while there is nothing to give yet."""
    stream = MarkdownStream(reader)
    for start in range(0, len(untrusted_markdown), PIECE_CHARS):
        stream.feed(untrusted_markdown[start : start + PIECE_CHARS])
        yield ""
    for item in stream.items():
        yield _plain_item(item, formula=FORMULA) + "\n"


def plain_text(items: Sequence[Item]) -> str:
    """Items as they are copied, formulas as their source."""
    if not items:
        return ""
    lines = [_plain_item(item).translate(_COPIED_AS) for item in items]
    blanks = ["\n" if _stands_apart(item) else "" for item in items[1:]]
    return "\n".join(blank + line for blank, line in zip(["", *blanks], lines, strict=True))


def _stands_apart(item: Item) -> bool:
    return isinstance(item, Table) or item.kind in _APART


def _plain_item(item: Item, formula: str = "") -> str:
    if isinstance(item, Table):
        rows = ("\t".join(_plain_runs(cell, formula) for cell in row) for row in item.rows)
        return "\n".join(rows) if not formula else "\n".join(rows).replace("\t", "\n")
    marker = item.marker + "\t" if item.marker else ""
    return (marker + _plain_runs(item.runs, formula)).replace(LINE_SEPARATOR, "\n")


def _plain_runs(runs: Sequence[Run], formula: str) -> str:
    """`formula` stands in place of formulas, "" for their source."""
    return "".join(run.text if run.maths is None else formula or run.source or run.text for run in runs)
