"""Light Markdown: what a line marks, and what stays text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.light_markdown import BULLET, LineKind, Style, read_line, without_marks
from tests.slowness import is_within

BOLD, ITALIC, CODE = Style.BOLD, Style.ITALIC, Style.CODE


def styled(line: str) -> list[tuple[str, Style]]:
    return [(line[span.start : span.end], span.style) for span in read_line(line).spans]


@pytest.mark.parametrize(
    ("line", "words", "style"),
    [
        ("**Note:** x", "Note:", BOLD),
        ("__so much__ x", "so much", BOLD),
        ("a *b* c", "b", ITALIC),
        ("a _b_ c", "b", ITALIC),
        ("***both***", "both", BOLD | ITALIC),
        ("call `a_b * c` now", "a_b * c", CODE),
        ("``a ` b``", "a ` b", CODE),
        ("**use `x` here**", "x", BOLD | CODE),
        ("## Step 2", "Step 2", BOLD),
        ("## A `b`", "b", BOLD | CODE),
        ("这是**重点**内容", "重点", BOLD),
        ("(*so*), he said", "so", ITALIC),
        ("> **x**", "x", BOLD),
        ("- a **x**", "x", BOLD),
    ],
)
def test_what_stands_out(line: str, words: str, style: Style) -> None:
    assert (words, style) in styled(line)


@pytest.mark.parametrize(
    "line",
    [
        "**not closed",
        "`not closed",
        "2**3 + 4**5",
        "5*6*7",
        "47 * 36 * 2",
        "(x+1)*(x-1)*(x+2)",
        "snake_case_name and a_1 + b_2",
        "$a*b + c*d$ and $x_1 _y_$",
        r"\(a *b* c\) and \[ _x_ \]",
        r"\*no\*",
        "it costs $5 or $10",
        "def __init__(self):",
        "** x **",
        "---",
        "***",
        "* * *",
        "#hashtag",
        "#",
        "-5",
        "+ 36",
        ">= 4",
        "1.5 litres",
        "",
        "   ",
    ],
)
def test_what_stays_text(line: str) -> None:
    assert read_line(line).is_plain
    assert without_marks(line) == line


@pytest.mark.parametrize("sign", "-*+")
def test_items(sign: str) -> None:
    line = read_line(f"    {sign} one *two*")
    assert (line.kind, line.depth, line.text) == (LineKind.ITEM, 2, f"{BULLET}one two")
    numbered = read_line("12. one")
    assert (numbered.kind, numbered.marker, numbered.text) == (LineKind.ITEM, "12. ", "12. one")


def test_a_quote_may_hold_an_item() -> None:
    line = read_line("> > - x")
    assert (line.quotes, line.kind, line.text) == (2, LineKind.ITEM, f"{BULLET}x")


def test_fences() -> None:
    opener = read_line("```python")
    assert (opener.kind, opener.text, opener.fence) == (LineKind.FENCE, "python", "```")
    code = read_line("    # a **b**", opener.fence)
    assert (code.kind, code.text, code.fence) == (LineKind.CODE, "    # a **b**", "```")
    assert read_line("~~~", code.fence).kind is LineKind.CODE
    closer = read_line("```", code.fence)
    assert (closer.kind, closer.text, closer.fence) == (LineKind.FENCE, "", "")


@pytest.mark.parametrize(("begins", "ends"), [("$$", "$$"), ("\\[", "\\]"), ("$$", "")])
def test_displayed_maths_stays_source_until_it_ends(begins: str, ends: str) -> None:
    fence = read_line(begins).fence
    assert fence == begins
    inside = read_line("- *x* + `y`", fence)
    assert inside.is_plain
    assert inside.fence == begins
    assert read_line(ends, fence).fence == ""


def test_what_goes_on_is_of_the_same_kind_without_a_second_bullet() -> None:
    head = read_line("- one")
    line = read_line("- two **x**", head=head)
    assert (line.kind, line.text, line.marker) == (LineKind.ITEM, "- two x", BULLET)


LINES = st.text(alphabet="ab1 *_`$#->+.\\~([)]🙂重", max_size=60)


@given(LINES)
def test_nothing_is_lost_but_marks(line: str) -> None:
    read = read_line(line)
    ends = [0, *(edge for span in read.spans for edge in (span.start, span.end)), len(line)]
    assert ends == sorted(ends)
    marks = [line[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True)]
    assert not set("".join(marks)) - set("*_`~#>-+ ")
    assert all(span.start < span.end for span in read.spans)


@pytest.mark.parametrize(
    "unit", ["*a* ", "**", "*a _", "`", "` ``", "$", "\\(", "``` `", "> ", "[*(_", "- ", "# "]
)
@pytest.mark.parametrize("before", ["", "```", "    "])
def test_no_line_takes_long(unit: str, before: str) -> None:
    line = (before + unit * 4_000)[:4_000]
    began = time.thread_time()
    read_line(line)
    read_line(before + " " * 4_000 + "`")
    assert is_within(time.thread_time() - began, 0.1)
