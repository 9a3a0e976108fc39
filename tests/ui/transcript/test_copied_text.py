"""An answer as plain text: as somebody would type it, what stands apart on the page does so here."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import settle
from ui.theme import Theme
from ui.transcript import selected_text
from ui.transcript.found_text import plain_text
from ui.transcript.markdown import PLAIN_CHUNK_CHARS, MarkdownReader
from ui.transcript.view import TranscriptView
from ui.transcript.written_markdown import written


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Things:\n- a\n- b\n\nend", "Things:\n\n• a\n• b\n\nend"),
        ("> Things:\n> 1. a\n\nend", "Things:\n\n1. a\n\nend"),
        ("# Head\n- a\n  - b\n- c", "Head\n\n• a\n  ◦ b\n• c"),
        ("1. One:\n   - a\n\n2. Two\n\n   words\n\n   - b", "1. One:\n  • a\n\n2. Two\n\n  words\n\n  • b"),
        ("a\n```py\nx\n\ny\n```\n```\nz\n```\nb", "a\n\nx\n\ny\n\nz\n\nb"),
        ("a\n\n$$x$$\nb\n\n---\n\nc", "a\n\n$$x$$\n\nb\n\nc"),
        ("| a | b |\n|--|--|\n| 1<br>2 | $x$ |\n\nend", "a\tb\n1 2\t$x$\n\nend"),  # a line is a row
        ("- [ ] a\n- [x] b[^1]\n\n[^1]: note", "☐ a\n☑ b[1]\n\n[1] note"),
        ("-\n- a", "•\n• a"),
    ],
)
def test_what_stands_apart(source: str, expected: str) -> None:
    assert plain_text(MarkdownReader().read(source, finished=True)) == expected


def test_a_paragraph_that_is_cut_on_the_page_is_one() -> None:
    reader = MarkdownReader()
    long = "word " * (PLAIN_CHUNK_CHARS // 2) + "end"
    items = reader.read(f"- {long}\n\nmore", finished=True)
    assert len(items) > 3
    assert plain_text(items) == f"• {long}\n\nmore"
    assert written(items) == f"-  {long}\n\nmore"


@pytest.mark.parametrize("as_markdown", [False, True])
def test_what_goes_on_in_another_view(qtbot: QtBot, *, as_markdown: bool) -> None:
    """A list that begins a view stands apart from the words above it, the rest of a list does not."""
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(800, 900)
    view.show()
    words = "".join(f"{n} some words\n\n" for n in range(1, 900))
    rows = "".join(f"- {n} an item\n" for n in range(1, 1_500))
    answer = f"{words}Things:\n\n{rows}\nend"
    view.show_turns([make_turn(1, "Q", answer, TurnState.FINISHED, USAGE)])
    settle(view)
    turn = view.turn_widget(1)
    assert turn is not None
    qtbot.waitUntil(lambda: not turn._answer._slices.is_busy)
    views = turn.answer_views
    assert len(views) > 2
    view.selection.select_all()
    view.selection._is_all = False
    for number, part in enumerate(views):
        part.cover(0 if number else 3, None if number < len(views) - 1 else part.end() - 1)
    made = selected_text.as_markdown if as_markdown else selected_text.as_text
    bullet = "-  " if as_markdown else "• "
    _, _, text = made(view.selection.pieces()).partition("\n\n")
    assert text.replace(bullet, "- ") == answer[3:-1]
