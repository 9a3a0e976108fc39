"""Items of an answer back as Markdown: for a part of an answer, which has no source of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from ui.transcript.blocks import (
    LINE_SEPARATOR,
    Block,
    BlockKind,
    Container,
    Item,
    Mark,
    Run,
    Runs,
    Table,
    whole_paragraphs,
)

_SPACES = str.maketrans({"\u00a0": " ", "\u202f": None})
_SIGNS = {Mark.BOLD: "**", Mark.ITALIC: "*", Mark.STRIKE: "~~"}
_LINK = Mark.NONE
_MARGINS = {Container.QUOTE: "> ", Container.LIST: "   ", Container.NOTE: "    "}
_TICKS = re.compile("`+")
_READ = re.compile(
    r"\\(?=[!-/:-@\[-`{-~\n]|\Z)|\$(?=\$)|(?<=\$)\$|[*`](?!\s)|(?<!\s)[*`]"
    r"|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|~(?=~)"
)
"""Characters that would be read as formatting. Not brackets: with a backslash they begin a formula."""
_AT_START = re.compile(
    r"^(?:#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+\s*$|-{2,}\s*$|\d{1,9}(?=[.)](?:\s|$))|\[[^\[\]]+\](?=:))"
)
_SHARPS = re.compile(r"(?:^|(?<=\s))#+\s*$")
"""They would end a heading."""


def written(items: Sequence[Item]) -> str:
    """The items as Markdown that reads as they do."""
    items = whole_paragraphs(items)
    lines: list[str] = []
    margins = _Margins()
    fence = _fence(items)
    in_code = ""
    before: Item | None = None
    for item in items:
        is_code = isinstance(item, Block) and item.kind in (BlockKind.CODE_HEAD, BlockKind.CODE_LINE)
        starts = is_code and (not in_code or _is_head(item))
        if in_code and (not is_code or starts):
            lines.append(in_code)
            in_code = ""
        between, first, others = margins.go_on_to(item)
        if before is not None and _needs_blank(before, item):
            lines.append(between.rstrip())
        if starts:
            lines.append(first + fence + _language(item))
            in_code = others + fence
        if not _is_head(item):
            lines += _lines(item, others if is_code else first, others)
        before = item
    return "\n".join([*lines, in_code] if in_code else lines)


class _Margins:
    """What stands at the left of the lines of an item, for the quotes and lists that it is in."""

    def __init__(self) -> None:
        self._inside: tuple[Container, ...] = ()
        self._margins: list[str] = []
        self._numbers: dict[int, tuple[int, str]] = {}

    def go_on_to(self, item: Item) -> tuple[str, str, str]:
        """What stands before a line between it and the item before, before its first line and its others."""
        opens = isinstance(item, Block) and bool(item.marker) and bool(item.inside)
        depth = len(item.inside) - opens
        pairs = zip(self._inside, item.inside[:depth], strict=False)
        same = len(list(takewhile(lambda pair: pair[0] is pair[1], pairs)))
        outside = self._margins[:same] + [_MARGINS[container] for container in item.inside[same:depth]]
        self._numbers = {at: number for at, number in self._numbers.items() if at <= same}
        first = "".join(outside)
        self._inside, self._margins = item.inside, outside
        if opens and isinstance(item, Block):
            marker, room = self._opening(item, depth)
            first += marker
            self._margins = [*outside, room]
        return "".join(outside[:same]), first, "".join(self._margins)

    def _opening(self, item: Block, depth: int) -> tuple[str, str]:
        """The marker of an item of a list, and what stands before its other lines."""
        if item.inside[-1] is Container.NOTE:
            return f"[^{item.marker.strip('[]')}]: ", _MARGINS[Container.NOTE]
        number = item.marker.rstrip(".")
        if not (number.isascii() and number.isdigit()):
            self._numbers.pop(depth, None)
            return "-  " + {"☐": "[ ] ", "☑": "[x] "}.get(item.marker, ""), _MARGINS[Container.LIST]
        before, sign = self._numbers.get(depth, (int(number) - 1, "."))
        if int(number) != before + 1:
            sign = ")" if sign == "." else "."  # another sign is another list
        self._numbers[depth] = int(number), sign
        return f"{number}{sign} ", " " * (len(number) + 2)


def _fence(items: Sequence[Item]) -> str:
    """Longer than any row of backticks in the code."""
    longest = 2
    for item in items:
        if isinstance(item, Block) and item.kind is BlockKind.CODE_LINE:
            rows = _TICKS.findall("".join(run.text for run in item.runs))
            longest = max([longest, *map(len, rows)])
    return "`" * (longest + 1)


def _is_head(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is BlockKind.CODE_HEAD


def _language(item: Item) -> str:
    words = "".join(run.text for run in item.runs) if isinstance(item, Block) and _is_head(item) else ""
    return "" if words == "code" or "`" in words else words


def _needs_blank(before: Item, item: Item) -> bool:
    if isinstance(before, Block) and before.marker and not before.runs and _is_below(item, before):
        return False  # an empty line would end its list
    if isinstance(before, Table) or isinstance(item, Table):
        return True
    if item.kind is BlockKind.CODE_LINE:
        return False
    return not (before.kind is BlockKind.TIGHT and item.kind is BlockKind.TIGHT and bool(item.inside))


def _is_below(item: Item, before: Block) -> bool:
    """Whether it is part of the same item of a list."""
    depth = len(before.inside)
    opens = isinstance(item, Block) and bool(item.marker)
    return item.inside[:depth] == before.inside and len(item.inside) - opens >= depth


def _lines(item: Item, first: str, others: str) -> Iterator[str]:
    if isinstance(item, Table):
        yield from _table(item, others)
        return
    if item.kind is BlockKind.RULE:
        yield first + "---"
        return
    if item.kind is BlockKind.CODE_LINE:
        yield others + "".join(run.text for run in item.runs)
        return
    if item.kind is BlockKind.MATH:
        source = "".join(run.source or run.text for run in item.runs).replace(LINE_SEPARATOR, "\n")
        for number, line in enumerate(source.split("\n")):
            yield (others if number else first) + line
        return
    lines = [line.strip() for line in _text(item.runs).split("\n")]
    if item.kind is BlockKind.HEADING:
        lines = ["#" * item.level + " " + _SHARPS.sub(r"\\\g<0>", " ".join(lines))]
    else:
        lines = [_AT_START.sub(_kept, line) for line in lines if line] or [""]
    yield first + lines[0]
    for line in lines[1:]:
        yield others + line


def _table(table: Table, margin: str) -> Iterator[str]:
    rules = {"center": ":-:", "right": "--:"}
    for number, row in enumerate(table.rows):
        cells = [_text(cell).replace("\n", "<br>").replace("|", "\\|") for cell in row]
        yield f"{margin}| {' | '.join(cells)} |"
        if number == 0:
            yield f"{margin}| {' | '.join(rules.get(side, '---') for side in table.alignments)} |"


def _text(runs: Runs, done: Mark = Mark.NONE, in_link: bool = False, outside: str = "  ") -> str:
    """Runs with their marks around them; `outside`: the characters before and behind them."""
    parts: list[str] = []
    start = 0
    while start < len(runs):
        mark, end = _widest(runs, start, done, in_link)
        before = (runs[start - 1].text if start else outside[0])[-1:] or " "
        after = (runs[end].text if end < len(runs) else outside[1])[:1] or " "
        group = runs[start:end]
        if mark is None:
            parts.append(_run(runs[start]))
        elif mark is _LINK:
            inner = _text(group, done, True, "[]")
            is_link = _are_closed(run.text for run in group)
            parts.append(_around(inner, "[", f"]({group[0].address})") if is_link else inner)
        else:
            sign = _SIGNS[mark]
            inner = _text(group, done | mark, in_link, sign[0] * 2)
            whole = "".join(run.text for run in group)
            parts.append(_around(inner, sign, sign) if _marks(before, whole, after) else inner)
        start = end
    return "".join(parts)


def _widest(runs: Runs, start: int, done: Mark, in_link: bool) -> tuple[Mark | None, int]:
    """What goes on over most runs from `start`, and where it ends."""
    run, widest, widest_end = runs[start], None, start + 1
    if run.address and not in_link:
        widest = _LINK
        while widest_end < len(runs) and runs[widest_end].address == run.address:
            widest_end += 1
    for mark in _SIGNS:
        if run.marks & mark and not done & mark:
            end = start + 1
            while end < len(runs) and runs[end].marks & mark:
                end += 1
            if widest is None or end > widest_end:
                widest, widest_end = mark, end
    return widest, widest_end


def _around(inner: str, left: str, right: str) -> str:
    """The marks stand close around the words."""
    words = inner.strip()
    if not words:
        return inner
    return inner.replace(words, f"{left}{words}{right}", 1)


def _are_closed(texts: Iterable[str]) -> bool:
    """Whether the brackets are in pairs: others would end a link, and with a backslash begin a formula."""
    depth = 0
    for bracket in re.findall(r"[\[\]]", "".join(texts)):
        depth += 1 if bracket == "[" else -1
        if depth < 0:
            return False
    return depth == 0


def _marks(before: str, words: str, after: str) -> bool:
    """Whether signs around the words are read as marks."""
    words_only = words.strip()
    if not words_only:
        return False
    before = before if words[:1] == words_only[:1] else " "
    after = after if words[-1:] == words_only[-1:] else " "
    return (_is_word(words_only[:1]) or not _is_word(before)) and (
        _is_word(words_only[-1:]) or not _is_word(after)
    )


def _is_word(character: str) -> bool:
    """Neither a space nor punctuation, as CommonMark counts them."""
    return not character.isspace() and unicodedata.category(character)[0] not in "PS"


def _kept(found: re.Match[str]) -> str:
    """What begins a line and would be read as a heading, a list, the definition of a link or the like."""
    words = found[0]
    return f"{words}\\" if words.isdigit() or words.endswith("]") else f"\\{words}"


def _run(run: Run) -> str:
    if run.maths is not None or run.source:
        return (run.source or run.text).replace(LINE_SEPARATOR, " ")
    text = run.text.translate(_SPACES).replace(LINE_SEPARATOR, "\n")
    if run.marks & Mark.CODE:
        ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
        gap = " " if text[:1] == "`" or text[-1:] == "`" else ""
        return f"{ticks}{gap}{text}{gap}{ticks}"
    return _READ.sub(lambda found: f"\\{found[0]}", text)
