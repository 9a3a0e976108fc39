r"""LaTeX before it is drawn: what is refused, and what is written another way because ziamath lacks it.

And what of it is to be seen afterwards, for who looks for words.
"""

from __future__ import annotations

import re

MAX_CHARS = 4_000
MAX_DEPTH = 40
r"""Of braces, `\left` and `\begin`."""

_OPENING = re.compile(r"\\begin(?![a-zA-Z])|\\left(?![a-zA-Z])|(?<!\\)\{")
_CLOSING = re.compile(r"\\end(?![a-zA-Z])|\\right(?![a-zA-Z])|(?<!\\)\}")
_DEFINITIONS = re.compile(
    r"\\(?:def|edef|gdef|xdef|let|newcommand|renewcommand|providecommand|DeclareMathOperator|newenvironment"
    r"|require|input|include|href|url|class|style|ce|pu|array@)(?![a-zA-Z])"
)
_UNSEEN = re.compile(r"\\([%$#{}])|\\[a-zA-Z]+|\\.|[{}^_&~]", re.DOTALL)
"""What is not drawn as it is written, but for the sign in the first group."""
NOT_FOUND = "\ufffc"
"""Nobody types it."""
_ENVIRONMENTS = {
    "align": "align*",
    "aligned": "align*",
    "alignedat": None,
    "equation": "",
    "equation*": "",
    "displaymath": "",
    "math": "",
}
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([a-zA-Z]+\*?)\}")
_REWRITTEN = (
    (re.compile(r"\\(?:label|ref|eqref)\{[^{}]*\}"), ""),
    (re.compile(r"\\(?:nonumber|notag|displaylimits|allowbreak|nobreak|noindent)(?![a-zA-Z])"), ""),
    (re.compile(r"\\tag\*?\{([^{}]*)\}"), r"\\qquad\\text{(\1)}"),
    (re.compile(r"\\not\s*="), r"\\neq "),
    (re.compile(r"\\not\s*\\in(?![a-zA-Z])"), r"\\notin "),
    (re.compile(r"\\mathop\s*(?=\{)"), ""),
    (re.compile(r"\\bmod(?![a-zA-Z])"), r"\\;\\mathrm {mod}\\;"),
    (re.compile(r"\|\|"), "| |"),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), "{,}"),
)


def is_too_much(tex: str) -> bool:
    """Whether it is longer or deeper than a formula that somebody would read, or defines commands."""
    if len(tex) > MAX_CHARS or _DEFINITIONS.search(tex):
        return True
    marks = [(found.start(), 1) for found in _OPENING.finditer(tex)]
    marks += [(found.start(), -1) for found in _CLOSING.finditer(tex)]
    depth = 0
    for _, step in sorted(marks):
        depth += step
        if depth > MAX_DEPTH:
            return True
    return False


def rewritten(tex: str) -> str:
    """The same formula in words that ziamath knows."""
    tex = _ENVIRONMENT.sub(_environment, tex)
    for pattern, replacement in _REWRITTEN:
        tex = pattern.sub(replacement, tex)
    return tex


def searched(tex: str) -> str:
    """A drawn formula as it is searched: letters, digits and signs, between them what is not found."""
    return _UNSEEN.sub(lambda found: found[1] or NOT_FOUND, tex.replace("{,}", ","))


def _environment(found: re.Match[str]) -> str:
    known = _ENVIRONMENTS.get(found[2], found[2])
    return f"\\{found[1]}{{{known}}}" if known else ""
