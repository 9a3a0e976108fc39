r"""Finds maths in Markdown: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and the result in `\boxed{…}`.

A run of maths has its source as text, for as long as the formula is not drawn. A result that is nothing but
`\boxed{…}` has what is in the box, and is no formula where that is plain text.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from ui.transcript.blocks import LINE_SEPARATOR, Mark, Maths, Run, Runs
from ui.transcript.untrusted_text import shown

MAX_INLINE_CHARS = 2_000
MAX_DISPLAY_CHARS = 8_000
MAX_BOXED_CHARS = 600
"""Longer than any result; it bounds the search for a closing brace."""

_BOXED = "\\boxed{"
_PAIRS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_WRAPPER = re.compile(r"\\(?:text|mathrm|textbf|mathbf|operatorname)\s*\{([^{}]*)\}")
_PROSE = re.compile(r"[A-Za-z]{2,}[,.]? +[A-Za-z]{2,}")
_LATEX = re.compile(r"[\\^_{}$&]")
_PLAIN = {"{,}": ",", "\\,": "\u202f", "\\;": " ", "\\!": "", "\\ ": " ", "\\%": "%", "\\$": "$", "~": " "}


def add_maths(markdown: MarkdownIt) -> None:
    """Teach the parser `math_inline` and `math_block` tokens."""
    markdown.inline.ruler.before("escape", "math_inline", _inline_rule)
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    markdown.block.ruler.before("fence", "math_block", _block_rule, interrupts)


def math_runs(
    untrusted_tex: str, untrusted_source: str, *, is_display: bool, marks: Mark = Mark.NONE
) -> Runs:
    r"""The run of one formula. `untrusted_source` has its delimiters, `untrusted_tex` has not."""
    tex = shown(untrusted_tex).strip()
    source = shown(untrusted_source).replace("\n", LINE_SEPARATOR)
    maths = Maths(tex, is_display)
    if tex.startswith(_BOXED) and _closing_brace(tex, len(_BOXED), len(tex)) == len(tex) - 1:
        result = plain_result(tex[len(_BOXED) : -1])
        text = f"\u202f{result}\u202f"
        if not _LATEX.search(result):
            return (Run(text, marks | Mark.BOXED),)
        return (Run(text, marks | Mark.BOXED, maths=maths, source=source),)
    return (Run(source, marks | Mark.MATH, maths=maths, source=source),)


def plain_result(source: str) -> str:
    r"""A result without the commonest wrappings: `1{,}692` is "1,692", `\text{yes}` is "yes"."""
    unwrapped = _WRAPPER.sub(r"\1", source)
    for written, plain in _PLAIN.items():
        unwrapped = unwrapped.replace(written, plain)
    return " ".join(unwrapped.split())


def _closing_brace(source: str, start: int, end: int) -> int:
    """Where the brace opened before `start` closes, or -1."""
    depth = 1
    for position in range(start, min(end, start + MAX_BOXED_CHARS)):
        character = source[position]
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
    return -1


def _inline_rule(state: StateInline, silent: bool) -> bool:
    found = _inline_span(state.src, state.pos, state.posMax)
    if found is None:
        return _open_span(state, silent)
    content, end = found
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = content
        token.info = state.src[state.pos : end]
    state.pos = end
    return True


def _open_span(state: StateInline, silent: bool) -> bool:
    r"""Maths that is not closed yet, at the end of a text that grows: its source, up to the end.

    Read as Markdown it would change its look for the time until it is closed: `\(` is an escaped bracket
    there, and `_` and `*` are emphasis.
    """
    opener = state.src[state.pos : state.pos + 2]
    room = state.posMax - state.pos
    if opener not in _PAIRS or state.env.get("finished", True) or room > MAX_INLINE_CHARS:
        return False
    if _PAIRS[opener] in state.src[state.pos + 2 : state.posMax]:
        return False
    if not silent:
        state.push("math_open", "", 0).content = state.src[state.pos : state.posMax]
    state.pos = state.posMax
    return True


def _inline_span(source: str, start: int, limit: int) -> tuple[str, int] | None:
    """Content and end of the maths that opens at `start`."""
    if source.startswith(_BOXED, start):
        closing = _closing_brace(source, start + len(_BOXED), limit)
        return None if closing < 0 else (source[start : closing + 1], closing + 1)
    opener = source[start : start + 2]
    if opener in _PAIRS:
        closing = source.find(_PAIRS[opener], start + 2, min(limit, start + MAX_INLINE_CHARS))
        content = source[start + 2 : closing].strip()
        return (content, closing + 2) if closing >= 0 and content else None
    if source[start] == "$":
        return _dollar_span(source, start, limit)
    return None


def _dollar_span(source: str, start: int, limit: int) -> tuple[str, int] | None:
    """`$x$` as pandoc reads it: no space inside the dollars, no digit behind, so prices stay text.

    Nor are words maths: "$20 (or less than 30 US$)".
    """
    if source[start + 1 : start + 2].isspace():
        return None
    closing = start
    end = min(limit, start + MAX_INLINE_CHARS)
    while (closing := source.find("$", closing + 1, end)) >= 0:
        before, after = source[closing - 1], source[closing + 1 : closing + 2]
        if before == "\\":
            continue
        if closing == start + 1 or before.isspace() or after.isdigit():
            return None
        if _PROSE.search(source, start + 1, closing) and "\\" not in source[start:closing]:
            return None
        return source[start + 1 : closing], closing + 1
    return None


def _block_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    r"""Lines from one that begins with `$$` or `\[` to one that ends with its partner.

    A blank line ends it too; then, and where text follows the partner, the lines are a paragraph.
    What it takes depends on nothing further down, so that a finished block stays as it is.
    """
    begin = state.bMarks[start_line] + state.tShift[start_line]
    opener = state.src[begin : begin + 2]
    if opener not in ("$$", "\\[") or state.is_code_block(start_line):
        return False
    first = _line(state, start_line)
    closer = _PAIRS[opener]
    if closer in first[2:] and not _ends_with(first[2:], closer):
        return False
    if silent:
        return True
    last_line, closed = _last_line(state, start_line, end_line, closer)
    lines = [_line(state, line) for line in range(start_line, last_line + 1)]
    state.line = last_line + 1
    content = "\n".join(lines)
    if closed and len(content) <= MAX_DISPLAY_CHARS and (inner := _between(content, opener, closer)).strip():
        token = state.push("math_block", "math", 0)
        token.content = inner.strip("\n")
        token.info = content
        token.map = [start_line, state.line]
    else:
        _push_paragraph(state, content, [start_line, state.line])
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def _ends_with(text: str, closer: str) -> bool:
    """Whether only punctuation follows the first `closer`."""
    return text.partition(closer)[2].strip(" .,;:") == ""


def _last_line(state: StateBlock, start_line: int, end_line: int, closer: str) -> tuple[int, bool]:
    for line in range(start_line, end_line):
        below = line > start_line
        if below and (state.isEmpty(line) or state.sCount[line] < state.blkIndent):
            return line - 1, False
        text = _line(state, line) if below else _line(state, line)[2:]
        if closer in text:
            return line, _ends_with(text, closer)
    return end_line - 1, False


def _between(content: str, opener: str, closer: str) -> str:
    inner, _, rest = content[len(opener) :].partition(closer)
    return inner + rest.strip()


def _push_paragraph(state: StateBlock, content: str, lines: list[int]) -> None:
    opening = state.push("paragraph_open", "p", 1)
    opening.map = lines
    inline = state.push("inline", "", 0)
    inline.content = content.strip()
    inline.map = lines
    inline.children = []
    state.push("paragraph_close", "p", -1)
