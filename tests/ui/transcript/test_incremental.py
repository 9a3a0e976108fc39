"""What is seen of a growing answer is what the text so far would show whole; at the end to the letter."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.bench.transcript_corpus import Corpus, pieces
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.blocks import Item
from ui.transcript.markdown import MarkdownReader
from ui.transcript.stream import MarkdownStream
from ui.transcript.untrusted_text import with_line_feeds

EXAMPLES: list[str] = json.loads(
    Path(__file__).with_name("commonmark_examples.json").read_text(encoding="utf-8")
)["examples"]
PROOF = os.environ.get("PONDER_PROOF") == "1"
EVERY_DAY = 12
"""Examples are tried in so many groups; every day one example of each."""
CORPUS_TOKENS = 40_000 if PROOF else 1_500
DOCUMENTS = 40 if PROOF else 6


@pytest.fixture(scope="module")
def reader() -> MarkdownReader:
    return MarkdownReader()


def test_the_examples_are_all_there() -> None:
    assert len(EXAMPLES) == 652


def stream_and_compare(reader: MarkdownReader, text: str, cuts: list[str]) -> None:
    stream, so_far = MarkdownStream(reader), ""
    for piece in cuts:
        stream.feed(piece)
        so_far += piece
        expected = reader.read(with_line_feeds(so_far), finished=False)
        assert stream.items() == expected, so_far
    final = reader.read(with_line_feeds(text), finished=True)
    assert stream.finished_items() == final
    in_parts: list[Item] = []
    for items, _characters in stream.finish_in_parts():
        in_parts += items
    assert in_parts == reader.read(with_line_feeds(text), finished=True, coloured=False)


@pytest.mark.proof
@pytest.mark.parametrize("group", range(EVERY_DAY))
def test_every_prefix_of_every_example(reader: MarkdownReader, group: int) -> None:
    examples = EXAMPLES[group::EVERY_DAY]
    for example in examples if PROOF else random.Random(group).sample(examples, 12):
        stream_and_compare(reader, example, list(example))


@pytest.mark.proof
def test_examples_one_after_the_other(reader: MarkdownReader) -> None:
    """Where one example meets the next, the stream must not close what still goes on."""
    chosen = random.Random(7)
    for _ in range(3_000 if PROOF else 60):
        between = chosen.choice(["", "\n", "\n\n"])
        text = between.join(chosen.choice(EXAMPLES) for _ in range(3))
        stream_and_compare(reader, text, list(cut_at_random(text, chosen)))


@pytest.mark.proof
def test_prefixes_of_the_corpus(reader: MarkdownReader) -> None:
    """A long answer, token by token at first, then in the pieces of a paint, compared now and then."""
    text = Corpus(11).answer(CORPUS_TOKENS)
    stream, so_far = MarkdownStream(reader), ""
    chosen = random.Random(1)
    for number, piece in enumerate(pieces(text, CORPUS_TOKENS)):
        stream.feed(piece)
        so_far += piece
        if number < 400 or chosen.random() < (0.01 if PROOF else 0.05):
            assert stream.items() == reader.read(so_far, finished=False)
    assert stream.finished_items() == reader.read(text, finished=True)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(DOCUMENTS))
def test_the_document_is_that_of_the_whole(qtbot: QtBot, reader: MarkdownReader, seed: int) -> None:
    """The text document itself: every paragraph, its format, and every run of characters."""
    chosen = random.Random(seed)
    text = "\n\n".join([Corpus(100 + seed).answer(250), *(chosen.choice(EXAMPLES) for _ in range(4))])
    grown = AnswerView(Theme.light(), reader)
    qtbot.addWidget(grown)
    so_far = ""
    for number, piece in enumerate(cut_at_random(text, chosen)):
        grown.append(piece)
        so_far += piece
        if number % 25 == 0:
            assert structure(grown) == structure(growing(qtbot, reader, so_far))
    grown.finish(text)
    grown._slices.finish()
    whole = AnswerView(Theme.light(), reader)
    qtbot.addWidget(whole)
    whole.finish(text)
    whole._slices.finish()
    assert structure(grown) == structure(whole)
    assert grown.document().toHtml() == whole.document().toHtml()
    assert list(grown._writer.items) == reader.read(with_line_feeds(text), finished=True)


def test_an_answer_goes_on_after_its_end(qtbot: QtBot, reader: MarkdownReader) -> None:
    """What has its colours loses them again, and the line that grows keeps the format of its block."""
    begin, end = "Words\n\n```python\nfor x in y:\n    pri", "nt(x)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    view = AnswerView(Theme.light(), reader)
    qtbot.addWidget(view)
    view.append(begin)
    view.finish(begin)
    for piece in pieces(end, 20):
        view.append(piece)
    assert structure(view) == structure(growing(qtbot, reader, begin + end))


def growing(qtbot: QtBot, reader: MarkdownReader, text: str) -> AnswerView:
    """The text so far, shown at once."""
    view = AnswerView(Theme.light(), reader)
    qtbot.addWidget(view)
    view.append(text)
    return view


def cut_at_random(text: str, chosen: random.Random) -> Iterator[str]:
    start = 0
    while start < len(text):
        length = chosen.choice((1, 1, 2, 4, 9, 30))
        yield text[start : start + length]
        start += length


def structure(view: AnswerView) -> list[object]:
    """Paragraphs with their margins and runs, tables as frames with their cells in order."""
    found: list[object] = []
    block = view.document().begin()
    while block.isValid():
        paragraph = block.blockFormat()
        found.append((paragraph.leftMargin(), paragraph.topMargin(), paragraph.textIndent(), block.text()))
        found.append(block.charFormat().font().toString())
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            characters = fragment.charFormat()
            looks = (characters.font().toString(), characters.foreground().color().name())
            found.append((fragment.text(), *looks, characters.anchorHref()))
            fragments += 1
        block = block.next()
    return found
