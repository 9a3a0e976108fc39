"""Light Markdown for thoughts: what a single line marks, found in one pass; what is not closed stays text."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PAIRS = 200
"""So many pairs of marks of one line are taken; what comes behind them stays text."""
MAX_DEPTH = 6
BULLET = "• "


class Style(enum.Flag):
    """How words stand out."""

    PLAIN = 0
    BOLD = enum.auto()
    ITALIC = enum.auto()
    CODE = enum.auto()


class LineKind(enum.Enum):
    """What a line is. FENCE: the line that opens or closes lines of code."""

    TEXT = enum.auto()
    HEADING = enum.auto()
    ITEM = enum.auto()
    FENCE = enum.auto()
    CODE = enum.auto()


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of the source that are shown in one way, from `start` to before `end`."""

    start: int
    end: int
    style: Style


@dataclass(frozen=True, slots=True)
class LightLine:
    """One line of source. Its marks are all that is in no span.

    `fence` is what is open behind the line: "" or what opened it. `depth` and `quotes` count levels.
    The words of an item stand so far in as its `marker` is wide; `bullet` is shown in place of a mark.
    """

    source: str
    spans: tuple[Span, ...]
    kind: LineKind = LineKind.TEXT
    fence: str = ""
    depth: int = 0
    quotes: int = 0
    marker: str = ""
    bullet: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it is shown as it was written, as any other text."""
        return (
            self.kind is LineKind.TEXT
            and not self.quotes
            and self.spans in ((), (Span(0, len(self.source), Style.PLAIN),))
        )

    @property
    def words(self) -> str:
        """What is shown of it, without a bullet."""
        return "".join(self.source[span.start : span.end] for span in self.spans)

    @property
    def text(self) -> str:
        """What is shown of it."""
        return self.bullet + self.words


_FENCE = re.compile(r"[ \t]*+(`{3,}+|~{3,}+)[ \t]*+([^`]*+)$")
_QUOTE = re.compile(r"[ \t]*(?:>(?!=)[ \t]?)+")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+(?=\S)")
_ITEM = re.compile(r"([ \t]*)(?:([-*]|\+(?![ \t]+\d))|(\d{1,4}[.)]))[ \t]+(?=\S)")
_NO_INLINE = re.compile(r"[^*_`]*")
_TOKEN = re.compile(r"\\[()\[\]*_$\\]|`+|\$+|\*+|_+")
_MATHS_ENDS = {"$$": "$$", "\\[": "\\]"}
_CLOSERS = {"\\(": "\\)", "\\[": "\\]"}
MAX_MARK_CHARS = 3
_STYLES = {1: Style.ITALIC, 2: Style.BOLD, 3: Style.BOLD | Style.ITALIC}
_BEFORE_OPENER = frozenset("([{<\"'“‘«—–-:,;/|*_~")
_BEHIND_CLOSER = frozenset(".,;:!?…)]}>\"'”’»—–-/|*_~")
_FIRST_CJK = "\u2e80"
"""From here on words stand without spaces between them."""


def read_line(line: str, fence: str = "", head: LightLine | None = None) -> LightLine:
    """What a line of source marks, where `fence` is open before it.

    `head`: the line is too long, and this goes on with that part of it.
    """
    if fence in _MATHS_ENDS:
        closed = not line.strip() or _MATHS_ENDS[fence] in line
        return LightLine(line, _whole(line), fence="" if closed else fence)
    if head is not None and head.kind is not LineKind.FENCE:
        return _going_on(line, head)
    fenced = _FENCE.match(line)
    if fence:
        ends = fenced and fenced[1][0] == fence[0] and len(fenced[1]) >= len(fence) and not fenced[2]
        if ends:
            return LightLine(line, (), LineKind.FENCE)
        return LightLine(line, _whole(line, Style.CODE), LineKind.CODE, fence)
    if fenced:
        name = _trimmed(line, fenced.start(2))
        return LightLine(line, name, LineKind.FENCE, fenced[1])
    if line.strip() in _MATHS_ENDS:
        return LightLine(line, _whole(line), fence=line.strip())
    return _read_text(line)


def without_marks(line: str) -> str:
    """A line of a thought as one reads it, without marks and bullets."""
    return read_line(line).words


def _going_on(line: str, head: LightLine) -> LightLine:
    if head.kind is LineKind.CODE:
        return LightLine(line, _whole(line, Style.CODE), LineKind.CODE, head.fence)
    spans = tuple(_inline(line, 0, _base(head.kind)))
    return LightLine(
        line, spans, head.kind, depth=head.depth, quotes=head.quotes, marker=head.marker, fence=head.fence
    )


def _read_text(line: str) -> LightLine:
    kind, depth, marker, bullet, quotes = LineKind.TEXT, 0, "", "", 0
    if _is_rule(line):
        return LightLine(line, _whole(line))
    begin = 0
    quote = _QUOTE.match(line)
    if quote:
        quotes, begin = min(quote[0].count(">"), MAX_DEPTH), quote.end()
    if heading := _HEADING.match(line, begin):
        kind, begin = LineKind.HEADING, heading.end()
    elif item := _ITEM.match(line, begin):
        kind = LineKind.ITEM
        depth = min(len(item[1].expandtabs(4)) // 2, MAX_DEPTH)
        bullet = "" if item[3] else BULLET
        marker = f"{item[3]} " if item[3] else BULLET
        begin = item.start(3) if item[3] else item.end()
    spans = tuple(_inline(line, begin, _base(kind)))
    return LightLine(line, spans, kind, "", depth, quotes, marker, bullet)


def _base(kind: LineKind) -> Style:
    return Style.BOLD if kind is LineKind.HEADING else Style.PLAIN


def _is_rule(line: str) -> bool:
    sign = line.lstrip()[:1]
    if not sign or sign not in "-*_":
        return False
    signs = "".join(line.split())
    return len(signs) > 2 and not signs.strip(sign)


def _whole(line: str, style: Style = Style.PLAIN) -> tuple[Span, ...]:
    return (Span(0, len(line), style),) if line else ()


def _trimmed(line: str, start: int) -> tuple[Span, ...]:
    return (Span(start, len(line), Style.PLAIN),) if start < len(line) else ()


def _inline(line: str, begin: int, base: Style) -> Iterator[Span]:
    """The spans from `begin` on: a style each, without the marks between them."""
    style, outer, place = base, [base], begin
    marks = _marks(line, begin) if _has_marks(line, begin) else []
    for start, end, added in marks:
        if start > place:
            yield Span(place, start, style)
        if added is None:
            style = outer.pop()
        else:
            outer.append(style)
            style |= added
        place = end
    if place < len(line):
        yield Span(place, len(line), style)


def _has_marks(line: str, begin: int) -> bool:
    plain = _NO_INLINE.match(line, begin)
    return plain is None or plain.end() < len(line)


def _marks(line: str, begin: int) -> list[tuple[int, int, Style | None]]:
    """Marks that have a partner, in their order: start, end, and the style that begins there or None."""
    tokens = [(found.start(), found.end(), found[0]) for found in _TOKEN.finditer(line, begin)]
    partners = _partners(tokens)
    marks: list[tuple[int, int, Style | None]] = []
    opened: dict[str, tuple[int, int]] = {}
    number = 0
    while number < len(tokens) and len(marks) < 2 * MAX_PAIRS:
        start, end, sign = tokens[number]
        partner = partners[number]
        if sign[0] in "*_":
            if sign in opened and _can_close(line, start, end, opened[sign][1]):
                _pair(marks, opened, sign, (start, end))
            elif len(sign) in _STYLES and _can_open(line, start, end):
                opened[sign] = (start, end)
        elif partner and sign[0] == "`":
            marks += [(start, end, Style.CODE), (*tokens[partner][:2], None)]
            number = partner
        elif partner and (sign in _CLOSERS or _is_maths(line, end, tokens[partner])):
            number = partner
        number += 1
    return sorted(marks, key=lambda mark: mark[0])


def _partners(tokens: list[tuple[int, int, str]]) -> list[int]:
    """For each token the number of the next one that could close it, 0: none."""
    partners, seen = [0] * len(tokens), dict[str, int]()
    for number in range(len(tokens) - 1, -1, -1):
        sign = tokens[number][2]
        partners[number] = seen.get(_CLOSERS.get(sign, sign), 0)
        seen[sign] = number
    return partners


def _pair(
    marks: list[tuple[int, int, Style | None]],
    opened: dict[str, tuple[int, int]],
    sign: str,
    closer: tuple[int, int],
) -> None:
    opener = opened.pop(sign)
    marks += [(*opener, _STYLES[len(sign)]), (*closer, None)]
    for other in [other for other, place in opened.items() if place > opener]:
        del opened[other]


def _can_open(line: str, start: int, end: int) -> bool:
    """Not within a word, and not where it may be a sign of multiplication."""
    before, behind = line[start - 1 : start] if start else "", line[end : end + 1]
    is_edge = not before or before.isspace() or before in _BEFORE_OPENER or before >= _FIRST_CJK
    return is_edge and bool(behind) and not behind.isspace()


def _can_close(line: str, start: int, end: int, begun: int) -> bool:
    before, behind = line[start - 1], line[end : end + 1]
    is_edge = not behind or behind.isspace() or behind in _BEHIND_CLOSER or behind >= _FIRST_CJK
    # `__init__` is a name.
    is_name = line[start:end] == "__" and (name := line[begun:start]).isidentifier() and name.islower()
    return is_edge and start > begun and not before.isspace() and not is_name


def _is_maths(line: str, end: int, closer: tuple[int, int, str]) -> bool:
    """Whether what stands between two dollar signs is maths and not two prices."""
    if closer[2] == "$":
        return (
            not line[end].isspace()
            and not line[closer[0] - 1].isspace()
            and not line[closer[1] : closer[1] + 1].isdigit()
        )
    return closer[2] == "$$"
