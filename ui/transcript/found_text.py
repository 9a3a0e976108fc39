"""Texts as they are searched and copied: plain, without regard to case, with places that a document knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from app.history.search_words import character_folds
from ui.transcript.blocks import LINE_SEPARATOR, BlockKind, Container, Item, Run, Table, whole_paragraphs
from ui.transcript.formulas.source import searched
from ui.transcript.markdown import MarkdownReader
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import shown, with_line_feeds

MAX_WORDS_CHARS = 200
PIECE_CHARS = 8_000
_LEFT_OUT = frozenset({BlockKind.CODE_HEAD, BlockKind.RULE})
_LEVEL = "  "
_COPIED_AS = str.maketrans({"\u00a0": " ", "\u202f": None, "\u2060": None})
_MARKUP = str.maketrans("", "", "*_~`\\")
_SPACES = "\u00a0\u202f" + LINE_SEPARATOR


def words_to_find(typed: str) -> str:
    """What is typed, as it is looked for in what is `folded`."""
    return folded(unicodedata.normalize("NFC", typed[:MAX_WORDS_CHARS]))


def folded(text: str) -> str:
    """The text without case and accents, each character at its place; kinds of spaces are one.

    As the search through all chats folds it, but for what would become longer or shorter.
    """
    if not text.isascii():
        for character in set(text):
            if character > "\x7f" and (fold := _folded_character(character)) != character:
                text = text.replace(character, fold)
    return text.lower()


def _folded_character(character: str) -> str:
    folds = (" " if character in _SPACES else character_folds(character), character.lower())
    return next((fold for fold in folds if len(fold) == 1), character)


def places(folded_text: str, folded_words: str) -> list[int]:
    """Where the words stand, one behind the other."""
    found, start = [], folded_text.find(folded_words)
    while start >= 0:
        found.append(start)
        start = folded_text.find(folded_words, start + len(folded_words))
    return found


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
    stream.feed("\n")  # so that what the last line defines counts
    for item in stream.items():
        yield found_in(item) + "\n"


def plain_text(items: Sequence[Item]) -> str:
    """Items as they are copied: levels of lists set in, code without its head, formulas as their source."""
    items = whole_paragraphs(items)
    shown_items = [item for item in items if _kind(item) not in _LEFT_OUT]
    least = min((_outer_level(item) for item in shown_items), default=0)
    lines: list[str] = []
    before: Item | None = None
    for item in items:
        if _kind(item) not in _LEFT_OUT:
            lines += [""] if before is not None and stand_apart(before, item) else []
            lines += _copied_lines(item, least)
        if lines:
            before = item
    return "\n".join(lines).translate(_COPIED_AS)


def stand_apart(before: Item, item: Item) -> bool:
    """Whether an empty line stands between them: not within a list, nor within code."""
    kind = _kind(item)
    if kind is BlockKind.TIGHT:
        is_below = bool(_marker(before)) and _level(item) > _level(before)
        return not item.inside or not (_kind(before) is kind or is_below)
    return kind is not BlockKind.CODE_LINE or _kind(before) is not kind


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
        cells = (("\t".join(_plain_runs(cell, _copied) for cell in row)) for row in item.rows)
        return [others + row.replace(LINE_SEPARATOR, " ") for row in cells]
    text = _plain_runs(item.runs, _copied).replace(LINE_SEPARATOR, "\n")
    if not text:
        return [(first + item.marker).rstrip()]
    marker = f"{item.marker} " if item.marker else ""
    return [(first + marker + text).replace("\n", "\n" + others)]


def found_in(item: Item) -> str:
    """An item as its document has it, where each cell of a table is a line."""
    if isinstance(item, Table):
        return "\n".join(_plain_runs(cell, _searched) for row in item.rows for cell in row)
    marker = item.marker + "\t" if item.marker else ""
    return marker + _plain_runs(item.runs, _searched)


def _searched(run: Run) -> str:
    return run.text if run.maths is None else searched(run.maths.tex) + run.behind


def _copied(run: Run) -> str:
    return run.text if run.maths is None else run.source or run.text


def _plain_runs(runs: Sequence[Run], plain: Callable[[Run], str]) -> str:
    return "".join(map(plain, runs))
