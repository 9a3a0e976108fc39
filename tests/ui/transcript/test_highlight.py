"""What colours code is made ready in small steps, and colours it as Pygments alone does."""

from __future__ import annotations

import pytest
from pygments.lexers import ScalaLexer

from ui.transcript import highlight
from ui.transcript.highlight import get_ready, highlighted

CODE = 'object A { val x: Int = 3 // three\n  def f(s: String) = s"${x}" }'


def test_expressions_are_compiled_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled in one go those of Scala hold the window for a fifth of a second."""
    monkeypatch.setattr(highlight, "READY_STEP_S", 0.0)
    rules = [rule for state in ScalaLexer.get_tokendefs().values() for rule in state]
    steps = sum(1 for _ in get_ready("scala"))
    assert steps > sum(isinstance(rule, tuple) for rule in rules) > 50
    assert not list(get_ready("scala"))


def test_the_colours_are_those_of_the_language() -> None:
    for _ in get_ready("scala"):
        pass
    lines = list(highlighted(CODE, "scala"))
    assert ["".join(run.text for run in line) for line in lines] == CODE.split("\n")
    roles = {run.text: run.role.name for line in lines for run in line}
    assert (roles["object"], roles["3"], roles["// three"]) == ("KEYWORD", "NUMBER", "COMMENT")


@pytest.mark.parametrize("language", ["json", "c#", "html", "css", "no language"])
def test_languages_of_every_kind(language: str) -> None:
    """Without rules, with several sets of them, with others inside."""
    for _ in get_ready(language):
        pass
    assert "".join(run.text for line in highlighted("a {x: 1}", language) for run in line) == "a {x: 1}"
