r"""Finds maths in Markdown: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, `\begin{align}…` and the result in `\boxed{…}`.

A run of maths has its source as text, for as long as the formula is not drawn. A result that is nothing but
`\boxed{…}` has what is in the box, and is no formula where that is plain text among words.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from ui.transcript.blocks import LINE_SEPARATOR, WORD_JOINER, Mark, Maths, Run, Runs
from ui.transcript.untrusted_text import shown

MAX_INLINE_CHARS = 2_000
MAX_DISPLAY_CHARS = 8_000
MAX_BOXED_CHARS = 600
"""Longer than any result; it bounds the search for a closing brace."""

_BOXED = "\\boxed{"
_PAIRS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_BRACKETS = (("\\(", "\\)"), ("\\[", "\\]"), ("\\begin{", "\\end{"))
_ENVIRONMENT = re.compile(
    r"\\begin\{((?:align|alignat|equation|gather|multline|eqnarray)\*?"
    r"|aligned|gathered|split|[dr]?cases|[pbBvV]?matrix|smallmatrix|array)\}"
)
BOX_ROOM = "\u202f" * 3
"""On each side of a result that is text: the outermost space stands around the box. Copying drops them."""
_DOLLAR_COMMAND = re.compile(r"\$\\[a-zA-Z{]")
_OPEN_MATHS = re.compile(r"\\[a-zA-Z{]|[\^_=]")
"""In what follows a `$$` that is never closed, if it was to be maths."""
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
        text = f"{BOX_ROOM}{result}{BOX_ROOM}"
        if not is_display and not _LATEX.search(result):
            return (Run(text, marks | Mark.BOXED, source=source),)
        return (Run(text, marks | Mark.BOXED, maths=maths, source=source),)
    # Else a line may end between a dollar and the backslash behind it.
    text = f"${WORD_JOINER}{source[1:]}" if source.startswith("$\\") else source
    return (Run(text, marks | Mark.MATH, maths=maths, source=source),)


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
    r"""Maths that is not closed, up to the end of its paragraph: its source, as it was written.

    Read as Markdown it would lose backslashes, and `_` and `*` are emphasis. Two dollars may be no maths:
    then they are text when the text is over.
    """
    opener, closer = _delimiters(state.src, state.pos) or _open_dollar(state.src, state.pos)
    room = state.posMax - state.pos
    if not opener or room > (MAX_INLINE_CHARS if opener == "\\(" else MAX_DISPLAY_CHARS):
        return False
    rest = state.src[state.pos + len(opener) : state.posMax]
    if closer in rest or (
        opener == "$$" and state.env.get("finished", True) and not _OPEN_MATHS.search(rest)
    ):
        return False
    if not silent:
        state.push("math_open", "", 0).content = state.src[state.pos : state.posMax]
    state.pos = state.posMax
    return True


def _delimiters(source: str, start: int) -> tuple[str, str] | None:
    """What opens maths at `start`, and what will close it. Not a single dollar: that may be money."""
    opener = source[start : start + 2]
    if opener in _PAIRS:
        return opener, _PAIRS[opener]
    found = _ENVIRONMENT.match(source, start) if opener == "\\b" else None
    return (found[0], f"\\end{{{found[1]}}}") if found else None


def _open_dollar(source: str, start: int) -> tuple[str, str]:
    """A dollar, where a command of LaTeX follows it; else nothing."""
    return ("$", "$") if _DOLLAR_COMMAND.match(source, start) else ("", "")


def _inline_span(source: str, start: int, limit: int) -> tuple[str, int] | None:
    """Content and end of the maths that opens at `start`."""
    if source.startswith(_BOXED, start):
        closing = _closing_brace(source, start + len(_BOXED), limit)
        return None if closing < 0 else (source[start : closing + 1], closing + 1)
    delimiters = _delimiters(source, start)
    if delimiters is not None:
        return _delimited_span(source, start, min(limit, start + MAX_INLINE_CHARS), *delimiters)
    if source[start] == "$":
        return _dollar_span(source, start, limit)
    return None


def _delimited_span(source: str, start: int, limit: int, opener: str, closer: str) -> tuple[str, int] | None:
    """Content and end. Of an environment, which may hold another of its kind, all is content."""
    begin = start + len(opener)
    closing = source.find(closer, begin, limit)
    if opener in _PAIRS:
        content = source[begin:closing].strip()
        return (content, closing + 2) if closing >= 0 and content else None
    while closing >= 0 and source.count(opener, begin, closing) > source.count(closer, begin, closing):
        closing = source.find(closer, closing + 1, limit)
    end = closing + len(closer)
    return (source[start:end], end) if closing >= 0 else None


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
    r"""Lines from one that begins with `$$`, `\[` or an environment to one that ends with its partner.

    A blank line ends it too; then, and where text follows the partner, the lines are a paragraph.
    What it takes depends on nothing further down, so that a finished block stays as it is.
    """
    begin = state.bMarks[start_line] + state.tShift[start_line]
    delimiters = _delimiters(state.src, begin)
    if delimiters is None or delimiters[0] == "\\(" or state.is_code_block(start_line):
        return False
    opener, closer = delimiters
    if silent and _is_in_maths(state, start_line):
        return False
    first = _line(state, start_line)[len(opener) :]
    if _closes(first, opener, closer) and not _ends_with(first, opener, closer):
        return False
    if silent:
        return True
    last_line, closed = _last_line(state, start_line, end_line, opener, closer)
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


def _is_in_maths(state: StateBlock, line: int) -> bool:
    """Whether the paragraph above this line leaves maths open, of which the line is a part."""
    text = "\n".join(_line(state, above) for above in range(state.line, line))
    is_open = any(text.count(opener) > text.count(closer) for opener, closer in _BRACKETS)
    return is_open or text.count("$$") % 2 == 1


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def _closes(text: str, opener: str, closer: str, depth: int = 1) -> bool:
    """Whether the maths ends in this text. An environment may hold others of its kind."""
    return closer in text and (opener in _PAIRS or _depth(text, opener, closer, depth) <= 0)


def _depth(text: str, opener: str, closer: str, depth: int) -> int:
    return depth + text.count(opener) - text.count(closer)


def _ends_with(text: str, opener: str, closer: str) -> bool:
    """Whether only punctuation follows the closer: the first one, of an environment the last."""
    behind = text.partition(closer)[2] if opener in _PAIRS else text.rpartition(closer)[2]
    return behind.strip(" .,;:") == ""


def _last_line(
    state: StateBlock, start_line: int, end_line: int, opener: str, closer: str
) -> tuple[int, bool]:
    depth = 1
    for line in range(start_line, end_line):
        below = line > start_line
        if below and (state.isEmpty(line) or state.sCount[line] < state.blkIndent):
            return line - 1, False
        text = _line(state, line) if below else _line(state, line)[len(opener) :]
        if _closes(text, opener, closer, depth):
            return line, _ends_with(text, opener, closer)
        depth = _depth(text, opener, closer, depth)
    return end_line - 1, False


def _between(content: str, opener: str, closer: str) -> str:
    if opener not in _PAIRS:
        return content
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
