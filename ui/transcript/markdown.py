"""Reads a model's Markdown into blocks; what their paragraphs say is read by `paragraphs`.

No HTML is made on the way, so none of a reply can be read as HTML. Raw HTML stays text, pictures
become their description, links pass `safe_address` or stay text; addresses of http and https are links. A
link reference definition says nothing itself; what refers to it may stand far above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.token import Token
from mdit_py_plugins.footnote.index import footnote_def

from ui.transcript.blocks import LINE_SEPARATOR, Block, BlockKind, Container, Item, Run, Runs, Table
from ui.transcript.boxed import add_maths, math_runs
from ui.transcript.highlight import highlighted, plain
from ui.transcript.links import safe_address
from ui.transcript.paragraphs import (
    Known,
    Notes,
    ParagraphReader,
    footnote_marker,
    footnote_rule,
    is_too_much,
    with_breaks,
)
from ui.transcript.references import (
    OPEN_LINE,
    Definitions,
    add_references,
    first_line_of_last,
)
from ui.transcript.untrusted_text import shown

MAX_NESTING = 40
"""Deeper quotes and lists are shown as they were written. A list is two levels."""
MAX_BLOCK_CHARS = 200_000
"""Longer blocks, unless code, are shown as they were written."""
PLAIN_CHUNK_CHARS = 4_000
MAX_LANGUAGE_CHARS = 24

_TASK = re.compile(r"\[[ xX]\][ \t\n]")
_BULLETS = ("•", "◦")


class MarkdownReader:
    """Reads Markdown. Holds the configured parser, which keeps nothing between texts."""

    def __init__(self) -> None:
        options = {"html": False, "linkify": False, "maxNesting": MAX_NESTING, "inline_definitions": True}
        self._parser = MarkdownIt("commonmark", options)
        self._parser.enable(["table", "strikethrough"])
        self._parser.disable(["html_block", "html_inline"])
        self._parser.validateLink = lambda url: safe_address(url) is not None  # type: ignore[method-assign]
        # Our own rule for "[^1]": the plugin's makes a note of it only where a definition is known, and that
        # comes later in the text. Definitions stand where they were written.
        self._parser.inline.ruler.before("link", "footnote", footnote_rule)
        interrupts: RuleOptionsType = {"alt": ["paragraph", "reference"]}
        self._parser.block.ruler.before("reference", "footnote_def", footnote_def, interrupts)
        add_references(self._parser)
        add_maths(self._parser)

    def read(
        self,
        untrusted_source: str,
        *,
        finished: bool,
        coloured: bool | None = None,
        goes_on: bool = False,
        known: Known | None = None,
        notes: Notes | None = None,
        definitions: Mapping[str, str] | None = None,
    ) -> list[Item]:
        """The whole text as items. Code is coloured where the text is `finished`, or as `coloured` says.

        `goes_on`: the code that the text begins with is not the beginning of that code. `known`: what was
        read in paragraphs before, as `finished`; afterwards those of this text. `notes`: footnotes that were
        mentioned before this text; those of the text come to them. `definitions`: those that count where the
        text is a part of another, its own among them.
        """
        coloured = finished if coloured is None else coloured
        source = untrusted_source.replace("\0", "\ufffd")
        said = ParagraphReader(
            self._parser, known or {}, {} if notes is None else notes, finished, definitions
        )
        items: list[Item] = []
        if _is_paragraph(source) and not goes_on:
            items.append(Block(BlockKind.PARAGRAPH, said.runs(source.strip())))
        else:
            items = self._read_blocks(source, said, coloured=coloured, goes_on=goes_on)
        if known is not None:
            known.clear()
            known.update(said.read)
        return items

    def _read_blocks(
        self, source: str, said: ParagraphReader, *, coloured: bool, goes_on: bool
    ) -> list[Item]:
        lines = source.split("\n")
        items: list[Item] = []
        tokens, own = self._block_tokens(source, finished=said.finished)
        if said.definitions is None:
            said.definitions = own
        for group in _top_level_groups(tokens):
            items += _read_group(group, lines, said, coloured=coloured)
        if goes_on and tokens and tokens[0].type == "fence":
            del items[: 1 if tokens[0].content else 2]
        return items

    def last_block(self, untrusted_source: str) -> tuple[int, bool]:
        """The line (from 0) on which the last top-level block of whole lines begins; 0 where there is none.

        True: it is over, unless what comes next is indented or goes on with a list.
        """
        tokens, _ = self._block_tokens(untrusted_source.replace("\0", "\ufffd"))
        opening = [token for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
        if not opening:
            return 0, False
        is_over = opening[-1].type != "fence" and untrusted_source.endswith("\n\n")
        return first_line_of_last(opening), is_over

    def definitions(self, untrusted_source: str, *, finished: bool) -> Definitions:
        """The link reference definitions in a text."""
        if "]:" not in untrusted_source:
            return {}
        return self._block_tokens(untrusted_source.replace("\0", "\ufffd"), finished=finished)[1]

    def reopening(self, untrusted_source: str) -> tuple[str, bool] | None:
        """What to put before the rest of a block that is cut at a line end, so that it is read as the rest.

        The lines that open the code or the table which the text consists of, empty for other blocks. True:
        it is code, whose head is to be there once. None: the block is over.
        """
        tokens, _ = self._block_tokens(untrusted_source.replace("\0", "\ufffd"))
        first = tokens[0] if tokens else None
        if first is None or first.map is None or first.type not in ("fence", "table_open"):
            return "", False
        lines = untrusted_source.split("\n")
        if first.type == "table_open":
            return "\n".join(lines[first.map[0] : first.map[0] + 2]) + "\n", False
        last = lines[first.map[1] - 1]
        closes = last.strip().strip(first.markup[0]) == "" and last.strip().startswith(first.markup)
        if closes and first.map[1] - 1 > first.map[0]:
            return None
        return lines[first.map[0]] + "\n", True

    def _block_tokens(self, source: str, *, finished: bool = True) -> tuple[list[Token], Definitions]:
        tokens: list[Token] = []
        found: dict[str, dict[str, str]] = {}
        env = {"references": found} if finished else {"references": found, OPEN_LINE: source.count("\n")}
        self._parser.block.parse(source, self._parser, env, tokens)
        return tokens, {label: definition["href"] for label, definition in found.items()}


def _is_paragraph(source: str) -> bool:
    """Whether it surely is one: a single line that begins with a letter."""
    return source[:1].isalpha() and "\n" not in source and not is_too_much(source)


def _read_group(group: list[Token], lines: list[str], said: ParagraphReader, *, coloured: bool) -> list[Item]:
    start, end = group[0].map or [0, len(lines)]
    source = "\n".join(lines[start:end])
    too_deep = max(token.level for token in group) >= MAX_NESTING - 1
    is_code = group[0].type in ("fence", "code_block")
    if too_deep or (len(source) > MAX_BLOCK_CHARS and not is_code):
        return list(_as_written(source))
    _read_tasks(group)
    return _Walker(said, coloured).items(group)


def _read_tasks(group: list[Token]) -> None:
    """Take `[ ]` and `[x]` off the beginnings of list items, and note it there."""
    for item, paragraph, inline in zip(group, group[1:], group[2:], strict=False):
        types = (item.type, paragraph.type, inline.type)
        if types == ("list_item_open", "paragraph_open", "inline") and _TASK.match(inline.content):
            item.meta["marker"] = "☐" if inline.content[1] == " " else "☑"
            inline.content = inline.content[3:].lstrip(" \t")


def _top_level_groups(tokens: list[Token]) -> Iterator[list[Token]]:
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []


def _as_written(source: str, kind: BlockKind = BlockKind.PARAGRAPH) -> Iterator[Block]:
    """Plain paragraphs, cut where they are too long to be laid out as one."""
    text = shown(source.strip("\n")).replace("\n", LINE_SEPARATOR)
    for start in range(0, len(text), PLAIN_CHUNK_CHARS):
        part = Run(text[start : start + PLAIN_CHUNK_CHARS])
        yield Block(BlockKind.CONTINUED if start else kind, (part,))


@dataclass
class _OpenList:
    """A list that the walker is inside of; `number` is None for bullets."""

    number: int | None
    bullet: str = ""


@dataclass
class _Walker:
    """Goes through the tokens of one top-level block and gathers its items."""

    said: ParagraphReader
    coloured: bool
    gathered: list[Item] = field(default_factory=list)
    inside: list[Container] = field(default_factory=list)
    lists: list[_OpenList] = field(default_factory=list)
    marker: str = ""
    level: int = 0
    tight: bool = False
    rows: list[list[Runs]] = field(default_factory=list)
    alignments: list[str] = field(default_factory=list)

    def items(self, tokens: Iterable[Token]) -> list[Item]:
        """The items of these tokens."""
        for token in tokens:
            handler = getattr(self, "_" + token.type, None)
            if handler is not None:
                handler(token)
        return self.gathered

    def _add(self, kind: BlockKind, runs: Runs = (), level: int = 0) -> None:
        self.gathered.append(Block(kind, runs, level, tuple(self.inside), self.marker))
        self.marker = ""

    def _flush_marker(self) -> None:
        """A list item that holds no text of its own still shows its number."""
        if self.marker:
            self._add(BlockKind.TIGHT)

    # Containers

    def _blockquote_open(self, _token: Token) -> None:
        self._flush_marker()
        self.inside.append(Container.QUOTE)

    def _blockquote_close(self, _token: Token) -> None:
        self.inside.pop()

    def _bullet_list_open(self, _token: Token) -> None:
        self._flush_marker()
        depth = sum(1 for open_list in self.lists if open_list.number is None)
        self.lists.append(_OpenList(None, _BULLETS[min(depth, len(_BULLETS) - 1)]))

    def _ordered_list_open(self, token: Token) -> None:
        self._flush_marker()
        self.lists.append(_OpenList(int(token.attrGet("start") or 0) if "start" in token.attrs else 1))

    def _bullet_list_close(self, _token: Token) -> None:
        self.lists.pop()

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        current = self.lists[-1]
        self.inside.append(Container.LIST)
        if current.number is None:
            self.marker = current.bullet
        else:
            self.marker = f"{current.number}."
            current.number += 1
        self.marker = str(token.meta.get("marker", self.marker))

    def _list_item_close(self, _token: Token) -> None:
        self._flush_marker()
        self.inside.pop()

    def _footnote_reference_open(self, token: Token) -> None:
        self._flush_marker()
        self.inside.append(Container.NOTE)
        self.marker = footnote_marker(str(token.meta["label"]), self.said.notes)

    _footnote_reference_close = _list_item_close

    # Leaves

    def _paragraph_open(self, token: Token) -> None:
        self.tight = token.hidden

    def _heading_open(self, token: Token) -> None:
        self.level = int(token.tag[1:])

    def _heading_close(self, _token: Token) -> None:
        self.level = 0

    def _inline(self, token: Token) -> None:
        if self.rows:
            self.rows[-1].append(with_breaks(self.said.runs(token.content)))
            return
        if self.level:
            self._add(BlockKind.HEADING, self.said.runs(token.content), self.level)
            return
        kind = BlockKind.TIGHT if self.tight else BlockKind.PARAGRAPH
        if is_too_much(token.content):
            for part in _as_written(token.content, kind):
                self._add(part.kind, part.runs)
        else:
            self._add(kind, self.said.runs(token.content))

    def _math_block(self, token: Token) -> None:
        self._flush_marker()
        self._add(BlockKind.MATH, math_runs(token.content, token.info, is_display=True))

    def _hr(self, _token: Token) -> None:
        self._flush_marker()
        self._add(BlockKind.RULE)

    def _fence(self, token: Token) -> None:
        self._code(token.content, token.info)

    def _code_block(self, token: Token) -> None:
        self._code(token.content, "")

    def _code(self, content: str, info: str) -> None:
        self._flush_marker()
        language = shown(info).split(maxsplit=1)[0][:MAX_LANGUAGE_CHARS] if info.strip() else ""
        self._add(BlockKind.CODE_HEAD, (Run(language or "code"),))
        code = shown(content.removesuffix("\n"))
        for runs in highlighted(code, language) if self.coloured else plain(code):
            self._add(BlockKind.CODE_LINE, runs)

    # Tables

    def _table_open(self, _token: Token) -> None:
        self._flush_marker()

    def _tr_open(self, _token: Token) -> None:
        self.rows.append([])

    def _th_open(self, token: Token) -> None:
        style = str(token.attrGet("style") or "")
        self.alignments.append(style.rpartition(":")[2] or "left")

    def _table_close(self, _token: Token) -> None:
        rows = tuple(tuple(row) for row in self.rows)
        self.gathered.append(Table(rows, tuple(self.alignments), tuple(self.inside)))
        self.rows, self.alignments = [], []
