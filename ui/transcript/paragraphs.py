"""Reads what a paragraph says: Markdown inside it to characters that look alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from ui.transcript.blocks import LINE_SEPARATOR, Mark, Run, Runs
from ui.transcript.boxed import math_runs
from ui.transcript.links import bare_addresses, safe_address
from ui.transcript.references import Asked, Lookup, is_outdated
from ui.transcript.untrusted_text import shown

MAX_INLINE_CHARS = 8_000
MAX_BRACKETS = 600
"""Longer paragraphs stay plain text, and those with more brackets: links are searched in quadratic time."""
MAX_LABEL_CHARS = 20

_LABEL = rf"\w{{1,{MAX_LABEL_CHARS}}}|\w{{2,{MAX_LABEL_CHARS}}}(?:-\w{{1,{MAX_LABEL_CHARS}}})+"
"""Of a footnote. Not "a-z": that is a part of a regular expression."""
_FOOTNOTE = re.compile(rf"\[\^({_LABEL})\]")
_CLOSING = re.compile(r"[.,;:!?)\]}%”’»…、。，；：！？）】」』》]{1,4}")
_BREAK = re.compile(r" ?<br ?/?> ?", re.IGNORECASE)
_NO_LINKS = Mark.CODE | Mark.MATH | Mark.BOXED
_MARKS = {"strong": Mark.BOLD, "em": Mark.ITALIC, "s": Mark.STRIKE}

Notes = dict[str, int]
"""Labels of footnotes with their numbers: 1 is the one that is mentioned first, by a reference or its note.
Unlike the order of references alone, that depends on no later text."""
Known = dict[str, tuple[Runs, Asked]]
"""Paragraphs by their source: what they say, and what they were read with."""


@dataclass
class ParagraphReader:
    """Reads what paragraphs say; what is `known` is not read again."""

    parser: MarkdownIt
    known: Known
    notes: Notes
    finished: bool
    definitions: Mapping[str, str] | None
    read: Known = field(default_factory=dict)

    def runs(self, content: str) -> Runs:
        """The runs of one paragraph."""
        definitions = self.definitions or {}
        known = self.known.get(content) if "[^" not in content else None  # a footnote's number may change
        if known is None or (known[1] and is_outdated(known[1], definitions)):
            tokens: list[Token] = []
            asked: Asked = {}
            if not is_too_much(content):
                env = {"finished": self.finished, "references": Lookup(definitions, asked)}
                self.parser.inline.parse(content, self.parser, env, tokens)
            known = _runs_of(content, tokens, self.notes), asked
        self.read[content] = known
        return known[0]


def is_too_much(paragraph: str) -> bool:
    """Whether a paragraph is to stay plain text."""
    return len(paragraph) > MAX_INLINE_CHARS or paragraph.count("[") > MAX_BRACKETS


def footnote_rule(state: StateInline, silent: bool) -> bool:
    """For the parser: a reference to a footnote, `[^1]`."""
    found = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("footnote", "", 0)
        token.content, token.meta = found[0], {"label": found[1]}
    state.pos = found.end()
    return True


def footnote_marker(label: str, notes: Notes) -> str:
    """What stands before the text of a footnote."""
    return _number(label, notes) if re.fullmatch(_LABEL, label) else shown(label)[:MAX_LABEL_CHARS]


def _number(label: str, notes: Notes) -> str:
    """The number of a footnote in brackets: raised behind a letter, without them, it would be an exponent."""
    return f"[{notes.setdefault(label.casefold(), len(notes) + 1)}]"


def _runs_of(content: str, tokens: list[Token], notes: Notes) -> Runs:
    """The runs of one paragraph; neighbours that look alike are joined."""
    if not tokens:
        return (Run(_line(content)),) if content else ()
    joined: list[Run] = []
    for run in _walk_inline(tokens, notes):
        last = joined[-1] if joined else None
        if last and last.maths is not None and (behind := _punctuation(last, run)):
            run = replace(run, text=run.text[len(behind) :])
            text, source = last.text + behind, last.source + behind
            last = joined[-1] = replace(last, text=text, source=source, behind=last.behind + behind)
        is_apart = bool(run.source or (last and last.source))  # a formula or a footnote
        if last and not is_apart and (last.marks, last.address) == (run.marks, run.address):
            joined[-1] = Run(last.text + run.text, run.marks, run.address)
        elif run.text:
            joined.append(run)
    return tuple(part for run in joined for part in _with_links(run))


def _with_links(run: Run) -> Iterator[Run]:
    """The run in parts, of which those that are addresses are links."""
    start = 0
    if not (run.address or run.source or run.marks & _NO_LINKS):
        for first, end, address in bare_addresses(run.text):
            if first > start:
                yield replace(run, text=run.text[start:first])
            yield replace(run, text=run.text[first:end], address=address)
            start = end
    if start < len(run.text):
        yield replace(run, text=run.text[start:]) if start else run


def with_breaks(runs: Runs) -> Runs:
    """The runs of a cell, where `<br>` is a line break: Markdown has no other there."""
    if not any("<" in run.text for run in runs):
        return runs
    return tuple(
        run
        if run.source or run.marks & Mark.CODE
        else replace(run, text=_BREAK.sub(LINE_SEPARATOR, run.text))
        for run in runs
    )


def _punctuation(formula: Run, behind: Run) -> str:
    """What stands right behind a formula and stays in its line: Qt would end the line between them."""
    if behind.source or behind.marks & Mark.CODE or behind.address != formula.address:
        return ""
    found = _CLOSING.match(behind.text)
    return found[0] if found else ""


def _walk_inline(tokens: list[Token], notes: Notes) -> Iterator[Run]:
    marks = Mark.NONE
    address = ""
    for token in tokens:
        kind = token.type
        name, _, end = kind.rpartition("_")
        if name in _MARKS:
            marks = marks | _MARKS[name] if end == "open" else marks & ~_MARKS[name]
        elif kind == "link_open":
            address = safe_address(str(token.attrGet("href") or "")) or ""
        elif kind == "link_close":
            address = ""
        elif kind == "footnote":
            number = _number(token.meta["label"], notes)
            yield Run(number, marks | Mark.RAISED, address, source=f"[^{number[1:]}")
        elif kind == "code_inline":
            yield Run(_line(token.content), marks | Mark.CODE, address)
        elif kind == "math_inline":
            is_display = token.info.startswith(("$$", "\\["))
            for run in math_runs(token.content, token.info, is_display=is_display, marks=marks):
                yield replace(run, address=address)
        elif kind == "math_open":
            yield Run(_line(token.content), marks | Mark.MATH, address)
        elif kind == "image":
            yield Run(_line(_description(token, notes)) or "picture", marks | Mark.ITALIC, address)
        elif kind in ("softbreak", "hardbreak"):
            yield Run(LINE_SEPARATOR, marks, address)
        else:
            yield Run(_line(token.content), marks, address)


def _description(token: Token, notes: Notes) -> str:
    """What a picture shows. Footnotes in it count: it may become one later, where it refers to a link."""
    if token.type == "footnote":
        return _number(token.meta["label"], notes)
    return "".join(_description(child, notes) for child in token.children or []) or token.content


def _line(untrusted_text: str) -> str:
    return shown(untrusted_text).replace("\n", LINE_SEPARATOR)
