"""A part of an answer, written as Markdown again, reads as it did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.bench.transcript_corpus import Corpus
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.found_text import plain_text
from ui.transcript.markdown import MarkdownReader
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
        ("- first\n- second", 4, 13, "rst\n-  sec"),
        ("\U0001f600a **\U0001f600b**", 2, 6, "a **\U0001f600**"),
        ("before\n\n```python\nx = 1\ny = 2\n```", 16, 19, "```\n= 1\n```"),
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
