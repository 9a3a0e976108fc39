"""Looks for words in texts: without regard to case, as plain text, and with places that a document knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ui.transcript.blocks import LINE_SEPARATOR, BlockKind, Container, Item, Run, Table
from ui.transcript.markdown import MarkdownReader
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import shown, with_line_feeds

MAX_WORDS_CHARS = 200
FORMULA = "\ufffc"
"""What stands for a drawn formula in the text of a document."""
PIECE_CHARS = 8_000
_LEFT_OUT = frozenset({BlockKind.CODE_HEAD, BlockKind.RULE})
_PARAGRAPHS = frozenset({BlockKind.PARAGRAPH, BlockKind.CONTINUED})
_LEVEL = "  "
_COPIED_AS = str.maketrans({"\u00a0": " ", "\u202f": None, "\u2060": None})
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
        yield _found_in(item) + "\n"


def plain_text(items: Sequence[Item]) -> str:
    """Items as they are copied: levels of lists set in, code without its head, formulas as their source."""
    shown_items = [item for item in items if _kind(item) not in _LEFT_OUT]
    least = min((_outer_level(item) for item in shown_items), default=0)
    lines: list[str] = []
    before: Item | None = None
    for item in items:
        if _kind(item) not in _LEFT_OUT:
            lines += [""] if before is not None and _stands_apart(before, item) else []
            lines += _copied_lines(item, least)
        if lines:
            before = item
    return "\n".join(lines).translate(_COPIED_AS)


def begins_in_list(items: Sequence[Item]) -> bool:
    """Whether the first goes on with a list that may stand above it, line by line."""
    return bool(items) and _kind(items[0]) is BlockKind.TIGHT and bool(items[0].inside)


def _stands_apart(before: Item, item: Item) -> bool:
    kind = _kind(item)
    if kind is BlockKind.TIGHT:
        is_below = _kind(before) in _PARAGRAPHS and _level(item) > _level(before)
        return not item.inside or not (_kind(before) is kind or is_below)
    return kind is not BlockKind.CONTINUED and (kind is not BlockKind.CODE_LINE or _kind(before) is not kind)


def _kind(item: Item) -> BlockKind | None:
    return None if isinstance(item, Table) else item.kind


def _level(item: Item) -> int:
    return sum(container is not Container.QUOTE for container in item.inside)


def _outer_level(item: Item) -> int:
    return _level(item) - (1 if _marker(item) else 0)


def _marker(item: Item) -> str:
    return "" if isinstance(item, Table) else item.marker


def _copied_lines(item: Item, least: int) -> list[str]:
    """The lines of an item; `least` levels are those of all that is copied, and are not set in."""
    first = _LEVEL * (_outer_level(item) - least)
    others = _LEVEL * (_level(item) - least)
    if isinstance(item, Table):
        cells = (("\t".join(_plain_runs(cell, "") for cell in row)) for row in item.rows)
        return [others + row.replace(LINE_SEPARATOR, "\n" + others) for row in cells]
    text = _plain_runs(item.runs, "").replace(LINE_SEPARATOR, "\n")
    marker = f"{item.marker} " if item.marker else ""
    return [(first + marker + text).replace("\n", "\n" + others)]


def _found_in(item: Item) -> str:
    """An item as its document has it, where each cell of a table is a line."""
    if isinstance(item, Table):
        cells = (_plain_runs(cell, FORMULA) for row in item.rows for cell in row)
        return "\n".join(cells).replace(LINE_SEPARATOR, "\n")
    marker = item.marker + "\t" if item.marker else ""
    return (marker + _plain_runs(item.runs, FORMULA)).replace(LINE_SEPARATOR, "\n")


def _plain_runs(runs: Sequence[Run], formula: str) -> str:
    """`formula` stands in place of formulas, "" for their source."""
    return "".join(run.text if run.maths is None else formula or run.source or run.text for run in runs)
