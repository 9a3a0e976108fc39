"""Items of an answer back as Markdown: for a part of an answer, which has no source of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from ui.transcript.blocks import LINE_SEPARATOR, Block, BlockKind, Container, Item, Mark, Run, Runs, Table

_SPACES = str.maketrans({"\u00a0": " ", "\u202f": None})
_AROUND = ((Mark.BOLD, "**"), (Mark.ITALIC, "*"), (Mark.STRIKE, "~~"))
_MARGINS = {Container.QUOTE: "> ", Container.LIST: "   ", Container.NOTE: "    "}
_TICKS = re.compile("`+")
_READ = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])|[*`](?=\S)|(?<=\S)[*`]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])"
    r"|<(?=[A-Za-z/!?])|&(?=#?\w+;)|~(?=~)"
)
"""Characters that would be read as formatting. Not brackets: with a backslash they begin a formula."""
_AT_START = re.compile(r"^(?:#{1,6}(?=\s|$)|>|[-+](?=\s|$)|=+\s*$|-{2,}\s*$|\d{1,9}(?=[.)](?:\s|$)))", re.M)


def written(items: Sequence[Item]) -> str:
    """The items as Markdown that reads as they do."""
    lines: list[str] = []
    fence = _fence(items)
    in_code = ""
    before: Item | None = None
    for item in items:
        is_code = isinstance(item, Block) and item.kind in (BlockKind.CODE_HEAD, BlockKind.CODE_LINE)
        starts = is_code and (not in_code or _is_head(item))
        if in_code and (not is_code or starts):
            lines.append(in_code)
            in_code = ""
        if before is not None and _needs_blank(before, item):
            both = takewhile(lambda pair: pair[0] is pair[1], zip(before.inside, item.inside, strict=False))
            lines.append(_margin([container for container, _ in both]).rstrip())
        if starts:
            lines.append(_prefix(item) + fence + _language(item))
            in_code = _margin(item.inside) + fence
        if not _is_head(item):
            lines += _lines(item)
        before = item
    return "\n".join([*lines, in_code] if in_code else lines)


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
    return "" if words == "code" else words


def _needs_blank(before: Item, item: Item) -> bool:
    if isinstance(before, Table) or isinstance(item, Table):
        return True
    if item.kind is BlockKind.CODE_LINE or item.kind is BlockKind.CONTINUED:
        return False
    return not (before.kind is BlockKind.TIGHT and item.kind is BlockKind.TIGHT and bool(item.inside))


def _margin(inside: Sequence[Container]) -> str:
    return "".join(_MARGINS[container] for container in inside)


def _prefix(item: Item) -> str:
    """What stands before the first line of a block; its marker hangs in the room of the last list."""
    margin = _margin(item.inside)
    if isinstance(item, Table) or not item.marker:
        return margin
    outside = _margin(item.inside[:-1])
    if item.inside[-1:] == (Container.NOTE,):
        return f"{outside}[^{item.marker.strip('[]')}]: "
    marker = {"☐": "- [ ]", "☑": "- [x]"}.get(item.marker, item.marker if item.marker[:1].isdigit() else "-")
    return f"{outside}{marker} " + (" " if len(marker) == 1 else "")


def _lines(item: Item) -> Iterator[str]:
    if isinstance(item, Table):
        yield from _table(item)
        return
    if item.kind is BlockKind.RULE:
        yield _prefix(item) + "---"
        return
    if item.kind is BlockKind.CODE_LINE:
        yield _margin(item.inside) + "".join(run.text for run in item.runs)
        return
    text = _text(item.runs)
    if item.kind is BlockKind.HEADING:
        text = "#" * item.level + " " + text.replace("\n", " ")
    first, *others = text.split("\n")
    yield _prefix(item) + first
    for line in others:
        yield _margin(item.inside) + line


def _table(table: Table) -> Iterator[str]:
    margin = _margin(table.inside)
    rules = {"center": ":-:", "right": "--:"}
    for number, row in enumerate(table.rows):
        cells = [_text(cell).replace("\n", " ").replace("|", "\\|") for cell in row]
        yield f"{margin}| {' | '.join(cells)} |"
        if number == 0:
            yield f"{margin}| {' | '.join(rules.get(side, '---') for side in table.alignments)} |"


def _text(runs: Runs) -> str:
    return _AT_START.sub(_kept, "".join(_run(run) for run in runs))


def _kept(found: re.Match[str]) -> str:
    """What begins a line and would be read as a heading, a list or the like."""
    words = found[0]
    return f"{words}\\" if words.isdigit() else f"\\{words}"


def _run(run: Run) -> str:
    if run.maths is not None or run.source:
        return run.source or run.text
    text = run.text.translate(_SPACES).replace(LINE_SEPARATOR, "\n")
    if run.marks & Mark.CODE:
        ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
        gap = " " if text[:1] == "`" or text[-1:] == "`" else ""
        return f"{ticks}{gap}{text}{gap}{ticks}"
    inner = _READ.sub(lambda found: f"\\{found[0]}", text.strip())
    if not inner:
        return text
    left, right = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    for mark, around in _AROUND:
        if run.marks & mark:
            inner = f"{around}{inner}{around}"
    if run.address:
        inner = f"[{inner}]({run.address})"
    return left + inner + right
