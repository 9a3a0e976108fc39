"""Markdown is read into the blocks it means, and nothing else."""

from __future__ import annotations

import pytest

from ui.transcript.blocks import Block, BlockKind, CodeRole, Container, Item, Mark, Maths, Run, Table
from ui.transcript.markdown import MarkdownReader
from ui.transcript.paragraphs import MAX_INLINE_CHARS


def read(text: str, *, finished: bool = True) -> list[Item]:
    return MarkdownReader().read(text, finished=finished)


def only(text: str) -> Block:
    (item,) = read(text)
    assert isinstance(item, Block)
    return item


def words(item: Item) -> str:
    assert isinstance(item, Block)
    return "".join(run.text for run in item.runs)


def runs(item: Item) -> tuple[Run, ...]:
    assert isinstance(item, Block)
    return item.runs


def test_emphasis() -> None:
    assert only("a **b** *c* ~~d~~ `e`").runs == (
        Run("a "),
        Run("b", Mark.BOLD),
        Run(" "),
        Run("c", Mark.ITALIC),
        Run(" "),
        Run("d", Mark.STRIKE),
        Run(" "),
        Run("e", Mark.CODE),
    )


def test_headings_have_levels() -> None:
    levels = [item.level for item in read("# a\n\n## b\n\nc\n===") if isinstance(item, Block)]
    assert levels == [1, 2, 1]


def test_a_line_break_stays() -> None:
    assert words(only("one\ntwo")) == "one\u2028two"


def test_lists_count_and_nest() -> None:
    items = read("3. a\n4. b\n   - c\n")
    assert [(i.marker, words(i), len(i.inside)) for i in items if isinstance(i, Block)] == [
        ("3.", "a", 1),
        ("4.", "b", 1),
        ("•", "c", 2),
    ]
    assert all(i.kind is BlockKind.TIGHT for i in items if isinstance(i, Block))


def test_an_empty_list_item_shows_its_number() -> None:
    items = read("1.\n2. b")
    assert [i.marker for i in items if isinstance(i, Block)] == ["1.", "2."]


def test_code_in_a_list_item() -> None:
    items = read("1. ```py\n   x\n   ```\n")
    assert [i.kind for i in items if isinstance(i, Block)] == [
        BlockKind.TIGHT,
        BlockKind.CODE_HEAD,
        BlockKind.CODE_LINE,
    ]


def test_quotes() -> None:
    items = read("> a\n>\n> > b")
    assert [i.inside for i in items] == [(Container.QUOTE,), (Container.QUOTE, Container.QUOTE)]


def test_tables() -> None:
    (table,) = read("| a | b |\n|---|--:|\n| 1 | **2** |\n| 3 |")
    assert isinstance(table, Table)
    assert table.alignments == ("left", "right")
    assert table.rows[1] == ((Run("1"),), (Run("2", Mark.BOLD),))
    assert len(table.rows) == 3


def test_code_keeps_every_character() -> None:
    head, *lines = read("```python\ndef f():\n\n\treturn 'x'  \n```")
    assert words(head) == "python"
    assert [words(line) for line in lines] == ["def f():", "", "\treturn 'x'  "]


def test_code_is_coloured_only_when_finished() -> None:
    text = "```python\ndef f(): return 1\n```"
    roles = {run.role for item in read(text) if isinstance(item, Block) for run in item.runs}
    assert {CodeRole.KEYWORD, CodeRole.NAME, CodeRole.NUMBER} <= roles
    while_growing = read(text, finished=False)
    assert {r.role for i in while_growing if isinstance(i, Block) for r in i.runs} == {CodeRole.PLAIN}


def test_code_of_an_unknown_language_is_plain() -> None:
    _, line = read("```klingon\nHab SoSlI'\n```")
    assert isinstance(line, Block)
    assert line.runs == (Run("Hab SoSlI'", Mark.CODE),)


def boxed(result: str) -> str:
    """Room inside and outside of the box."""
    return f"\u202f\u202f\u202f{result}\u202f\u202f\u202f"


def maths(tex: str, source: str, marks: Mark = Mark.MATH, *, is_display: bool = False) -> Run:
    return Run(source, marks, maths=Maths(tex, is_display), source=source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$k+1$", [maths("k+1", "$k+1$")]),
        ("\\( k+1 \\)", [maths("k+1", "\\( k+1 \\)")]),
        ("\\(a_1 * b_2 * c\\)", [maths("a_1 * b_2 * c", "\\(a_1 * b_2 * c\\)")]),
        ("x \\[k\\]", [Run("x "), maths("k", "\\[k\\]", is_display=True)]),
        ("$a$$b$", [maths("a", "$a$"), maths("b", "$b$")]),
        ("**$a$**", [maths("a", "$a$", Mark.BOLD | Mark.MATH)]),
        ("\\boxed{1692}", [Run(boxed("1692"), Mark.BOXED, source="\\boxed{1692}")]),
        (
            "$x = \\boxed{\\frac{1}{2}}$",
            [maths("x = \\boxed{\\frac{1}{2}}", "$x = \\boxed{\\frac{1}{2}}$")],
        ),
        (
            "\\boxed{\\frac{1}{2}}",
            [
                Run(
                    boxed("\\frac{1}{2}"),
                    Mark.BOXED,
                    maths=Maths("\\boxed{\\frac{1}{2}}"),
                    source="\\boxed{\\frac{1}{2}}",
                )
            ],
        ),
        ("\\boxed{1{,}692}", [Run(boxed("1,692"), Mark.BOXED, source="\\boxed{1{,}692}")]),
        ("\\(\\boxed{\\text{yes}}\\)", [Run(boxed("yes"), Mark.BOXED, source="\\(\\boxed{\\text{yes}}\\)")]),
        ("**\\boxed{7}**", [Run(boxed("7"), Mark.BOLD | Mark.BOXED, source="\\boxed{7}")]),
        ("$5 and $10", [Run("$5 and $10")]),
        ("between $5-$10", [Run("between $5-$10")]),
        ("$20 (or less than 30 US$)", [Run("$20 (or less than 30 US$)")]),
        ("$5, then $6.", [Run("$5, then $6.")]),
        ("\\boxed{open", [Run("\\boxed{open")]),
        ("`\\boxed{1}`", [Run("\\boxed{1}", Mark.CODE)]),
        ("\\\\(x\\\\)", [Run("\\(x\\)")]),
    ],
)
def test_maths_in_a_line(source: str, expected: list[Run]) -> None:
    assert list(only(source).runs) == expected


@pytest.mark.parametrize(
    "source", ["$$\nx^2\n+ 3x\n$$", "\\[\nx^2\n+ 3x\n\\]", "\\[x^2\n+ 3x\\].", "$$x^2\n+ 3x$$"]
)
def test_maths_on_its_own_lines(source: str) -> None:
    block = only(source)
    assert block.kind is BlockKind.MATH
    (run,) = block.runs
    assert run.text == run.source == source.replace("\n", "\u2028")
    assert run.maths is not None
    assert run.maths.tex.rstrip(".") == "x^2\n+ 3x"
    assert run.maths.is_display


def test_maths_that_nobody_would_read_is_text() -> None:
    assert all(
        item.kind is not BlockKind.MATH
        for item in read("$$" + "x + " * 10_000 + "$$")
        if isinstance(item, Block)
    )


def test_maths_right_under_a_line() -> None:
    assert [i.kind for i in read("So:\n\\[\nx\n\\]\nDone.") if isinstance(i, Block)] == [
        BlockKind.PARAGRAPH,
        BlockKind.MATH,
        BlockKind.PARAGRAPH,
    ]


@pytest.mark.parametrize("source", ["so \\(a_1*b* and _c_", "\\[\na_1*b*\n_c_", "so $$ a*b*"])
def test_maths_that_is_still_open_keeps_its_look(source: str) -> None:
    (block,) = read(source, finished=False)
    assert isinstance(block, Block)
    last = block.runs[-1]
    assert last.marks is Mark.MATH
    assert source.replace("\n", "\u2028").endswith(last.text)


def test_dollars_that_are_no_maths_are_text() -> None:
    assert [words(i) for i in read("$$ x\n+ 3\n\nnext")] == ["$$ x\u2028+ 3", "next"]
    assert only("It costs $$ and *more*").runs[-1].marks is Mark.ITALIC


@pytest.mark.parametrize(
    "source",
    [
        "$$\n\\begin{aligned}\na_1 &= \\{b\\} \\\\\n&= c * d * e",
        "\\[ x_1 \\; y",
        "\\( x_1 \\, y_2",
        "$\\{1, 2, \\dots",
        "\\begin{align*}\na_1 &= b \\\\\n&= c_2 * d",
    ],
)
@pytest.mark.parametrize("before", ["", "so "])
def test_maths_that_is_never_closed_is_its_source(before: str, source: str) -> None:
    (block, _) = read(f"{before}{source}\n\nnext")
    assert isinstance(block, Block)
    assert block.runs[-1] == Run(source.replace("\n", "\u2028"), Mark.MATH)


@pytest.mark.parametrize("name", ["align", "align*", "equation", "gather", "cases", "pmatrix", "aligned"])
@pytest.mark.parametrize("end", ["", "."])
def test_an_environment_alone_is_maths(name: str, end: str) -> None:
    source = f"\\begin{{{name}}}\na &= b \\\\\nc &= d_1\n\\end{{{name}}}{end}"
    above, block, _below = read(f"So:\n{source}\nDone.")
    assert isinstance(block, Block)
    assert (words(above), block.kind) == ("So:", BlockKind.MATH)
    (run,) = block.runs
    assert run.maths == Maths(source, is_display=True)
    assert run.source == source.replace("\n", "\u2028")


def test_an_environment_in_maths_of_a_paragraph_is_a_part_of_it() -> None:
    source = "$$\n\\begin{aligned}\na &= b\n\\end{aligned}\n$$"
    _, run = only("So we have: " + source).runs
    assert run.source == source.replace("\n", "\u2028")


def test_an_environment_in_one_of_its_kind() -> None:
    source = "\\begin{pmatrix} \\begin{pmatrix} 1 \\end{pmatrix} \\\\ 2\n\\end{pmatrix}"
    assert [run.source for run in only(source).runs] == [source.replace("\n", "\u2028")]
    (block,) = read("Let " + source + " and")
    assert isinstance(block, Block)
    assert [run.source for run in block.runs] == ["", source.replace("\n", "\u2028"), ""]


@pytest.mark.parametrize("source", ["$$\\boxed{42}$$", "\\[\\boxed{\\text{yes}}\\]"])
def test_a_displayed_result_is_a_formula(source: str) -> None:
    (run,) = only(source).runs
    assert (run.marks, run.source) == (Mark.BOXED, source)
    assert run.maths is not None
    assert run.maths.is_display


@pytest.mark.parametrize("punctuation", [",", ".", ").", "%", "，", "”", "]"])
def test_punctuation_stays_with_the_formula_before_it(punctuation: str) -> None:
    formula, rest = only(f"$x${punctuation} and").runs
    assert (formula.text, formula.source) == (f"$x${punctuation}",) * 2
    assert (formula.behind, formula.maths, rest) == (punctuation, Maths("x"), Run(" and"))


def test_a_line_does_not_end_behind_the_first_dollar() -> None:
    (run,) = only("$\\SI{5}{m}$").runs
    assert (run.text, run.source) == ("$\u2060\\SI{5}{m}$", "$\\SI{5}{m}$")


def test_links() -> None:
    assert only("[here](https://example.org/a?b=1)").runs == (
        Run("here", address="https://example.org/a?b=1"),
    )
    assert only("<https://example.org>").runs == (Run("https://example.org", address="https://example.org"),)


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("see https://example.org/a_b?c=1&d=2.", "https://example.org/a_b?c=1&d=2"),
        ("(http://example.org/x)", "http://example.org/x"),
        ("https://example.org/x_(y)", "https://example.org/x_(y)"),
        ("**https://example.org**", "https://example.org"),
        ("见https://example.org。然后", "https://example.org"),
        ("[1]: https://example.org and more", "https://example.org"),
        ("- https://example.org/*a*!", "https://example.org/"),
    ],
)
def test_a_bare_address_is_a_link(source: str, address: str) -> None:
    links = [(run.text, run.address) for item in read(source) for run in runs(item) if run.address]
    assert links == [(address, address)]


@pytest.mark.parametrize(
    "source",
    [
        "ftp://example.org",
        "xhttps://example.org",
        "https://",
        "https://user@example.org",
        "`https://example.org`",
        "$https://example.org$",
        "javascript:https://",
        "www.example.org",
    ],
)
def test_what_is_no_bare_address(source: str) -> None:
    assert not [run for item in read(source) for run in runs(item) if run.address]


def test_a_break_in_a_cell() -> None:
    (table,) = read("| a | b |\n|---|---|\n| 1<br>2<br/>**3** <BR /> 4 | `<br>` <b> |")
    assert isinstance(table, Table)
    first, second = table.rows[1]
    assert "".join(run.text for run in first) == "1\u20282\u20283\u20284"
    assert [run.text for run in second] == ["<br>", " <b>"]
    assert words(only("a<br>b")) == "a<br>b"


def test_html_stays_text() -> None:
    assert words(only("a <b onclick='x'>c</b> &lt;")) == "a <b onclick='x'>c</b> <"
    assert words(only("<script>alert(1)</script>")) == "<script>alert(1)</script>"


def test_pictures_are_their_description() -> None:
    assert only("![a **cat**](https://example.org/c.png)").runs == (Run("a cat", Mark.ITALIC),)


def test_a_picture_without_description_is_named() -> None:
    assert only("![](https://example.org/c.png)").runs == (Run("picture", Mark.ITALIC),)


def test_too_deep_nesting_is_shown_as_written() -> None:
    source = "> " * 500 + "deep"
    assert words(only(source)) == source


def test_a_huge_paragraph_stays_plain_and_whole() -> None:
    source = "**x** " * (MAX_INLINE_CHARS // 6 + 1)
    items = read(source)
    assert "".join(words(item) for item in items) == source.strip()
    assert all(run.marks is Mark.NONE for item in items if isinstance(item, Block) for run in item.runs)
