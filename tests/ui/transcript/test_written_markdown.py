"""A part of an answer, written as Markdown again, reads as it did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.bench.transcript_corpus import Corpus
from tests.ui.transcript.markdown_texts import WHOLE
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.answer_cut import cut_items
from ui.transcript.blocks import BlockKind, Item, Mark, Runs, Table
from ui.transcript.document import AnswerWriter
from ui.transcript.found_text import plain_text
from ui.transcript.markdown import MarkdownReader
from ui.transcript.styles import TextStyles
from ui.transcript.written_markdown import written

EXAMPLES = json.loads((Path(__file__).parent / "commonmark_examples.json").read_text())["examples"]
ALIKE_SHARE = 0.96
"""What is left are lines that only an entity can write: spaces at their ends, a literal "* " and such."""


def reads_the_same(reader: MarkdownReader, source: str) -> bool:
    items = reader.read(source, finished=False)
    return plain_text(reader.read(written(items), finished=False)) == plain_text(items)


def test_answers_as_r1_writes_them() -> None:
    reader, corpus = MarkdownReader(), Corpus(7)
    assert all(reads_the_same(reader, corpus.answer(1_750)) for _ in range(12))


def test_nearly_every_example_of_commonmark() -> None:
    reader = MarkdownReader()
    alike = sum(reads_the_same(reader, source) for source in EXAMPLES)
    assert alike >= len(EXAMPLES) * ALIKE_SHARE


@pytest.mark.parametrize(
    "source",
    [
        "1. one\n2. two\n\n   > quoted\n\nend",
        "- [x] done\n- [ ] open",
        "````\n```\nfence\n```\n````",
        "a `` ` `` b",
        "\\# no heading\n\\- no list\n1\\. no number",
        "| a | b |\n| :-: | --: |\n| `x\\|y` | 2 |",
        "**bold** *slanted* ~~gone~~ [link](https://example.com/)",
        "$x$ and \\(y\\)\n\n\\[\\boxed{z}\\]",
        "Two\nlines\n\n---\n\n### Heading",
    ],
)
def test_what_must_not_change(source: str) -> None:
    assert reads_the_same(MarkdownReader(), source)


@pytest.mark.parametrize(
    ("source", "start", "end", "expected"),
    [
        ("one **two** three", 2, 6, "e **tw**"),
        ("- first\n- second", 4, 13, "-  rst\n-  sec"),
        ("\U0001f600a **\U0001f600b**", 2, 6, "a **\U0001f600**"),
        ("before\n\n```python\nx = 1\ny = 2\n```", 16, 19, "```python\n= 1\n```"),
        ("so \\boxed{\\text{yes}} it is", 0, 14, "so \\boxed{\\text{yes}} i"),
        ("so **\\boxed{50\\%}** it is", 2, 11, "**\\boxed{50\\%}**"),  # without all the room in it
        ("so \\boxed{1692} it is", 7, 9, "69"),
        ("one **two *three*** four", 7, 8, ""),  # a space between words that stand out
    ],
)
def test_a_part_is_cut_at_its_ends(qtbot: QtBot, source: str, start: int, end: int, expected: str) -> None:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.finish(source)
    view.cover(start, end)
    assert view.selected_markdown() == expected


def test_nothing_is_nothing() -> None:
    assert written([]) == ""
    assert plain_text([]) == ""


LISTS = """\
- a
  - b
    - c **bold**
      more
  - d
- e

  para two

  ```py
  x=1

  y=2
  ```

1. one
2. two
   > q
   > - in quote
   >   1. deep

8) eight
9) nine
10) ten
    - below ten

      para
11) el

- [ ] t
  - [x] u

| a | b | c |
|--|:-:|--|
| `x\\|y` | $z$ | last |
| **q** | r s | *one* two |

> quote
> # head
> ---
>
> | c | d |
> |--|--|
> | 1 | 2 |
"""
EMPTY = "-\n  - a\n- > q\n- ```\n  c\n  ```\n- # h\n- | a |\n  |--|\n  | b |\n\n3. x\n1) y\n2) z\n"
_CORPUS = Corpus(7)
BOXED = r"""So \boxed{\text{yes it is}}, **\boxed{50\%}** and a\boxed{7}b, \(\boxed{1{,}692}\).

- *the \boxed{2}*

| a\boxed{3} | \boxed{4} |
|--|--|
| **x \boxed{5}** | $\boxed{\frac{1}{2}}$ |
"""
SOURCES = [*[WHOLE, LISTS, EMPTY, BOXED] * 60, *[_CORPUS.answer(1_750) for _ in range(3)] * 60, *EXAMPLES]


def alike(items: Sequence[Item]) -> list[tuple[object, ...]]:
    """What of items is to be the same; white space is not, nor how far list items stand apart."""
    found: list[tuple[object, ...]] = []
    for item in items:
        if isinstance(item, Table):
            found.append((item.inside, [[words_of(cell) for cell in row] for row in item.rows]))
            continue
        is_code = item.kind in (BlockKind.CODE_HEAD, BlockKind.CODE_LINE)
        kind = item.kind if is_code or item.kind in (BlockKind.HEADING, BlockKind.RULE) else "words"
        one = (kind, item.level, item.inside, item.marker.replace("◦", "•"), words_of(item.runs))
        if one != ("words", 0, item.inside, "", ""):
            found.append(one)
    return found


def words_of(runs: Runs) -> str:
    """The words, formulas as their source; a result has its box."""
    parts = [run.source or run.text for run in runs]
    boxes = ["▯" if run.marks & Mark.BOXED else "" for run in runs]
    text = "".join(f"{box}{part}{box}" for box, part in zip(boxes, parts, strict=True))
    text = text.translate({0xA0: " ", 0x202F: None})
    return " ".join(text.split())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=st.sampled_from(SOURCES), place=st.floats(0, 1), size=st.sampled_from([3, 30, 300, 3_000]))
def test_what_is_selected_reads_as_it_was_selected(
    qapp: QApplication, source: str, place: float, size: int
) -> None:
    reader, document = MarkdownReader(), QTextDocument()
    writer = AnswerWriter(document, TextStyles(Theme.light()))
    writer.write(reader.read(source, finished=False))
    end = document.characterCount() - 1
    cursor = QTextCursor(document)
    cursor.setPosition(int(place * end))
    cursor.setPosition(min(cursor.position() + size, end), QTextCursor.MoveMode.KeepAnchor)
    items = cut_items(writer, cursor)
    assert alike(reader.read(written(items), finished=False)) == alike(items)


@pytest.mark.parametrize(
    ("first", "last", "text", "markdown"),
    [
        ("b", "d", "◦ b\n  ◦ c bold\n    more\n◦ d", "-  b\n   -  c **bold**\n      more\n-  d"),
        ("c bold", "d", "◦ c bold\n  more\n◦ d", "-  c **bold**\n   more\n-  d"),
        ("d", "e", "◦ d\n\n• e", "-  d\n\n-  e"),
        ("para two", "para two", "para two", "para two"),
        ("x=1", "y=2", "x=1\n\ny=2", "```py\nx=1\n\ny=2\n```"),
        ("py", "py", "py", "py"),
        ("para two", "x=1", "para two\n\nx=1", "para two\n\n```py\nx=1\n```"),
        ("nine", "ten", "9. nine\n10. ten", "9. nine\n10. ten"),
        (
            "ten",
            "el",
            "10. ten\n\n  • below ten\n\n    para\n\n11. el",
            "10. ten\n\n    -  below ten\n\n       para\n\n11. el",
        ),
        ("two", "q", "2. two\n\n  q", "2. two\n\n   > q"),
        ("t", "u", "☐ t\n  ☑ u", "-  [ ] t\n   -  [x] u"),
    ],
)
def test_a_part_of_a_list(qtbot: QtBot, first: str, last: str, text: str, markdown: str) -> None:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.finish(LISTS)
    select(view, first, last)
    assert (view.selected_text(), view.selected_markdown()) == (text, markdown)


def select(view: AnswerView, first: str, last: str) -> None:
    """From the first paragraph or cell with these words to the end of the other one."""
    blocks = []
    block = view.document().begin()
    while block.isValid():
        blocks.append((block.text().rpartition("\t")[2].partition("\u2028")[0], block))
        block = block.next()
    start = next(block for words, block in blocks if words == first)
    end = next(block for words, block in blocks if words == last and block.position() >= start.position())
    view.cover(start.position() + start.text().find("\t") + 1, end.position() + end.length() - 1)


@pytest.mark.parametrize(
    ("first", "last", "text", "rows"),
    [
        ("a", "one two", "a\tb\tc\nx|y\t$z$\tlast\nq\tr s\tone two", 3),
        ("$z$", "one two", "$z$\tlast\nr s\tone two", 2),
        ("q", "one two", "q\tr s\tone two", 1),
        ("a", "q", "a\nx|y\nq", 3),
        ("r s", "r s", "r s", 0),
    ],
)
def test_cells_of_a_table(qtbot: QtBot, first: str, last: str, text: str, rows: int) -> None:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.finish(LISTS[LISTS.index("| a") : LISTS.index("> quote")])
    select(view, first, last)
    assert view.selected_text() == text
    (again,) = MarkdownReader().read(view.selected_markdown(), finished=False)
    assert (len(again.rows) if isinstance(again, Table) else 0) == rows
    assert view.createMimeDataFromSelection().text() == text


def test_a_table_between_words_is_there_where_something_of_it_is_selected(qtbot: QtBot) -> None:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.finish("before\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\nafter")
    end = view.end()
    for start, stop, expected in (
        (3, 6, "ore"),
        (3, 7, "ore"),
        (3, 9, "ore\n\na\tb\n1\t2"),
        (end - 5, end, "after"),
        (end - 6, end - 2, "aft"),
        (10, end - 2, "a\tb\n1\t2\n\naft"),
        (0, end, "before\n\na\tb\n1\t2\n\nafter"),
    ):
        for anchor, position in ((start, stop), (stop, start)):
            view.cover(anchor, position)
            assert view.selected_text() == expected
            view.clear_selection()
    assert view.copied_text() == "before\n\na\tb\n1\t2\n\nafter"
