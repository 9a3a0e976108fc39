"""What ziamath makes of the formulas that R1 writes, without a process around it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ui.transcript.formulas.corpus import DRAWN, NOT_DRAWN
from ui.transcript.formulas.layout import FormulaLayout
from ui.transcript.formulas.protocol import Asked, Drawn, Parts
from ui.transcript.formulas.source import MAX_CHARS, MAX_DEPTH, is_too_much
from ui.transcript.formulas.worker import answer_to


@pytest.fixture(scope="module")
def layout() -> FormulaLayout:
    return FormulaLayout()


def lay_out(layout: FormulaLayout, tex: str, *, display: bool = True) -> Drawn:
    return answer_to(layout, msgspec.json.encode(Asked(tex, display)))


def parts(drawn: Drawn) -> Parts:
    assert not drawn.error, drawn.error
    return msgspec.json.decode(drawn.parts, type=Parts)


def shapes(layout: FormulaLayout, tex: str) -> list[str]:
    return [glyph[0] for glyph in parts(lay_out(layout, tex)).glyphs]


@pytest.mark.parametrize("tex", DRAWN)
def test_what_is_written_is_drawn(layout: FormulaLayout, tex: str) -> None:
    assert not is_too_much(tex)
    drawn = lay_out(layout, tex)
    assert not drawn.error
    assert drawn.width > 0
    assert drawn.ascent + drawn.depth > 0


@pytest.mark.parametrize("tex", NOT_DRAWN)
def test_what_is_not_known_stays_its_source(layout: FormulaLayout, tex: str) -> None:
    assert is_too_much(tex) or lay_out(layout, tex).error


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"a \not= b", r"a \neq b"),
        (r"|a||b|", r"|a| |b|"),
        (r"1,234,567", r"1{,}234{,}567"),
        (r"\begin{align}x &= 1\end{align}", r"\begin{align*}x &= 1\end{align*}"),
        (r"\begin{equation}x\end{equation}", "x"),
        (r"x \label{eq:a} \nonumber", "x"),
    ],
)
def test_two_ways_to_write_the_same(layout: FormulaLayout, one: str, other: str) -> None:
    assert shapes(layout, one) == shapes(layout, other)
    assert lay_out(layout, one).width == pytest.approx(lay_out(layout, other).width)


@pytest.mark.parametrize("tex", [r"\left| \frac{a}{b} \right|", r"\underbrace{a + b + c}_{n}"])
def test_what_stretches_is_there(layout: FormulaLayout, tex: str) -> None:
    plain = shapes(layout, tex.replace(r"\left|", "").replace(r"\right|", "").replace(r"\underbrace", ""))
    assert len(shapes(layout, tex)) > len(plain)


def test_a_command_that_ziamath_drops_is_not_lost(layout: FormulaLayout) -> None:
    assert len(shapes(layout, r"\mathop{\mathrm{argmin}}_x")) == len("argminx")


def test_a_minus_before_a_number_stands_near_it(layout: FormulaLayout) -> None:
    sign, number = parts(lay_out(layout, "x = -2")).glyphs[-2:]
    minus, two = parts(lay_out(layout, "x - 2")).glyphs[-2:]
    assert number[2] - sign[2] < two[2] - minus[2]


def test_rules_of_tables(layout: FormulaLayout) -> None:
    table = r"\begin{array}{r|r} 1 & 2 \\ \hline 3 & 4 \end{array}"
    assert len(parts(lay_out(layout, table)).bars) == 2
    assert parts(lay_out(layout, table.replace("|", "").replace(r"\hline", ""))).bars == []


def test_a_box_is_told_apart_and_holds_what_it_boxes(layout: FormulaLayout) -> None:
    drawn = lay_out(layout, r"x = \boxed{\frac{1}{2}}")
    (box,) = parts(drawn).boxes
    left, top, right, bottom = box
    inside = [glyph for glyph in parts(drawn).glyphs if glyph[1]]
    assert len(inside) == 2
    assert all(left < x < right and top < y < bottom for _, _, x, y, _ in inside)
    assert -drawn.ascent <= top
    assert bottom <= drawn.depth


def test_letters_that_the_font_lacks_are_words(layout: FormulaLayout) -> None:
    assert [word[0] for word in parts(lay_out(layout, r"\text{面积} = ab")).words] == ["面", "积"]


def test_an_outline_is_told_once() -> None:
    layout = FormulaLayout()
    assert len(lay_out(layout, "xx").shapes) == 1
    assert lay_out(layout, "x").shapes == {}


@pytest.mark.parametrize(
    "tex",
    [
        "x" * (MAX_CHARS + 1),
        r"\frac{" * 200 + "1" + "}{2}" * 200,
        "{" * (MAX_DEPTH + 1),
        r"\left(" * (MAX_DEPTH + 1),
        r"\def\a{\a}\a",
        r"\newcommand{\a}{\a\a}",
    ],
)
def test_what_would_explode_is_not_begun(tex: str) -> None:
    assert is_too_much(tex)


_WORDS = st.sampled_from(
    [
        r"\frac",
        r"\sqrt",
        r"\left(",
        r"\right)",
        r"\left.",
        r"\boxed",
        r"\text",
        r"\begin{matrix}",
        r"\end{matrix}",
        r"&",
        r"\\",
        r"^",
        r"_",
        r"{",
        r"}",
        r"$",
        r"%",
        r"#",
        r"~",
        r"'",
        r"|",
        r"\sum",
        r"\int",
        r"\overline",
        r"\binom",
        r"\mathbb",
        r"\hline",
        r"\mathop",
        r"\not",
        r"\tag",
        r"\cancel",
        r"\xrightarrow",
        r"[",
        r"]",
        r"x",
        r"1",
        r"<",
        r"\color",
        r"\begin{array}{c|c}",
        r"\end{array}",
        r"\limits",
        r"\substack",
        r"中",
        r"\hspace{9999em}",
        r"\rule{1em}{1em}",
        r"\phantom",
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=2_000)
@given(words=st.lists(_WORDS | st.text(max_size=3), max_size=14), display=st.booleans())
def test_any_source_is_drawn_or_refused(layout: FormulaLayout, words: list[str], display: bool) -> None:
    tex = " ".join(words).encode("utf-8", "replace").decode()
    if is_too_much(tex):
        return
    drawn = lay_out(layout, tex, display=display)
    if not drawn.error:
        found = parts(drawn)
        assert drawn.width > 0
        assert found.glyphs or found.words
