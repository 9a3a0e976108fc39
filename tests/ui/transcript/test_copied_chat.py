"""A whole chat as text: questions and answers, as Markdown or as shown."""

from __future__ import annotations

from app.history.records import TurnState
from tests.ui.transcript.turns import make_turn
from ui.transcript.copied_chat import chat_as_markdown, chat_as_text

TURNS = [
    make_turn(
        1,
        "What is\n\n<b>47</b> * 36?",
        "It is **1692**,\nby \\(40 + 7\\).\n\n* one\n* two",
        TurnState.FINISHED,
    ),
    make_turn(2, "And now?", "", TurnState.STOPPED),
    make_turn(3, "A table", "| a | b |\n|---|---|\n| 1 | *2* |\n\n```\nx = 1\n```", TurnState.FINISHED),
]


def test_as_markdown() -> None:
    assert chat_as_markdown(TURNS) == (
        "> What is\n>\n> <b>47</b> * 36?\n\nIt is **1692**,\nby \\(40 + 7\\).\n\n* one\n* two\n\n"
        "> And now?\n\n> A table\n\n| a | b |\n|---|---|\n| 1 | *2* |\n\n```\nx = 1\n```\n"
    )


def test_as_text() -> None:
    assert chat_as_text(TURNS) == (
        "You:\nWhat is\n\n<b>47</b> * 36?\n\nPonder Mini:\nIt is 1692,\nby \\(40 + 7\\).\n\n• one\n• two\n\n"
        "You:\nAnd now?\n\nYou:\nA table\n\nPonder Mini:\na\tb\n1\t2\n\nx = 1\n"
    )


def test_no_chat_is_no_text() -> None:
    assert chat_as_text([]) == chat_as_markdown([]) == "\n"
