"""Colours the code of a finished answer."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ui.transcript.blocks import CodeRole, Mark, Run, Runs

MAX_CODE_LINES = 2_000
MAX_CODE_CHARS = 20_000
"""Longer code stays in one colour: it would hold the window up."""
READY_STEP_S = 0.004
"""So long the window is held at once while regular expressions are compiled."""

# A fixed list instead of Pygments' search by name: that one also asks every installed plugin.
_LEXERS = {
    "bash sh shell zsh console": "BashLexer",
    "c h": "CLexer",
    "c++ cpp cc hpp cxx": "CppLexer",
    "c# csharp cs": "CSharpLexer",
    "css": "CssLexer",
    "diff patch": "DiffLexer",
    "dockerfile docker": "DockerLexer",
    "elixir ex": "ElixirLexer",
    "go golang": "GoLexer",
    "haskell hs": "HaskellLexer",
    "html": "HtmlLexer",
    "ini cfg": "IniLexer",
    "java": "JavaLexer",
    "javascript js jsx mjs": "JavascriptLexer",
    "json": "JsonLexer",
    "julia jl": "JuliaLexer",
    "kotlin kt": "KotlinLexer",
    "latex tex": "TexLexer",
    "lua": "LuaLexer",
    "makefile make": "MakefileLexer",
    "matlab octave": "MatlabLexer",
    "perl pl": "PerlLexer",
    "php": "PhpLexer",
    "powershell ps1": "PowerShellLexer",
    "python py python3": "PythonLexer",
    "r": "SLexer",
    "ruby rb": "RubyLexer",
    "rust rs": "RustLexer",
    "scala": "ScalaLexer",
    "sql sqlite postgresql mysql": "SqlLexer",
    "swift": "SwiftLexer",
    "toml": "TOMLLexer",
    "typescript ts tsx": "TypeScriptLexer",
    "xml svg": "XmlLexer",
    "yaml yml": "YamlLexer",
}


def highlighted(code: str, language: str) -> Iterator[Runs]:
    """The lines of `code` as coloured runs, each made when it is asked for.

    In one colour where the language is not known.
    """
    lexer_name = _lexer_names().get(language.lower())
    if lexer_name is None or len(code) > MAX_CODE_CHARS:
        yield from plain(code)
        return
    import pygments.lexers

    lexer = getattr(pygments.lexers, lexer_name)(stripnl=False, ensurenl=False)
    line: list[Run] = []
    for kind, text in lexer.get_tokens(code):
        role = _role(str(kind))
        for number, part in enumerate(text.split("\n")):
            if number:
                yield tuple(line)
                line = []
            if part:
                _append(line, part, role)
    yield tuple(line)


def get_ready(language: str) -> Iterator[None]:
    """Load what colours this language, in steps; nothing where it is loaded already.

    Together they take about 100 ms the first time: Pygments, the language, its regular expressions.
    """
    lexer_name = _lexer_names().get(language.lower())
    if lexer_name is None or lexer_name in _ready_lexers():
        return
    yield
    import pygments.lexers

    yield
    lexer = getattr(pygments.lexers, lexer_name)
    yield
    yield from _compile_expressions(lexer)
    lexer()
    _ready_lexers().add(lexer_name)
    yield


def _compile_expressions(lexer: Any) -> Iterator[None]:
    """Have `re` know the expressions of this language; its class compiles all of them at once."""
    from pygments.lexer import RegexLexer
    from pygments.util import Future

    if not issubclass(lexer, RegexLexer) or getattr(lexer, "token_variants", False):
        return  # no rules, or several sets of which the lexer takes one
    until = time.perf_counter() + READY_STEP_S
    for rules in lexer.get_tokendefs().values():
        for number, rule in enumerate(rules):
            if not isinstance(rule, tuple):
                continue  # what has no expression: another state
            expression, *rest = rule
            if isinstance(expression, Future):  # a list of words: it is not made a second time
                expression = expression.get()  # type: ignore[func-returns-value]
                rules[number] = (expression, *rest)
            re.compile(expression, lexer.flags)
            if time.perf_counter() > until:
                yield
                until = time.perf_counter() + READY_STEP_S


@lru_cache(maxsize=1)
def _ready_lexers() -> set[str]:
    return set()


def _append(line: list[Run], text: str, role: CodeRole) -> None:
    """Add to the line; neighbours of one colour are one run."""
    if line and line[-1].role is role:
        text = line.pop().text + text
    line.append(Run(text, Mark.CODE, role=role))


def plain(code: str) -> list[Runs]:
    """The lines of `code` in one colour."""
    return [(Run(line, Mark.CODE),) if line else () for line in code.split("\n")]


@lru_cache(maxsize=1)
def _lexer_names() -> dict[str, str]:
    return {name: lexer for names, lexer in _LEXERS.items() for name in names.split()}


def _role(kind: str) -> CodeRole:
    """`kind` is a Pygments token type as text: "Token.Literal.String.Doc"."""
    if kind.startswith("Token.Comment"):
        return CodeRole.COMMENT
    if kind.startswith(("Token.Keyword", "Token.Operator.Word", "Token.Name.Tag")):
        return CodeRole.KEYWORD
    if kind.startswith(("Token.Literal.String", "Token.Generic.Inserted")):
        return CodeRole.STRING
    if kind.startswith(("Token.Literal.Number", "Token.Keyword.Constant", "Token.Generic.Deleted")):
        return CodeRole.NUMBER
    if kind.startswith(
        ("Token.Name.Function", "Token.Name.Class", "Token.Name.Decorator", "Token.Name.Attribute")
    ):
        return CodeRole.NAME
    return CodeRole.PLAIN
