"""A whole chat as one text: questions and final answers, never a thought."""

from __future__ import annotations

from collections.abc import Sequence

from app.history.records import Turn
from ui.transcript.found_text import plain_question, plain_text
from ui.transcript.markdown import MarkdownReader
from ui.transcript.untrusted_text import shown, with_line_feeds


def chat_as_markdown(turns: Sequence[Turn]) -> str:
    """As the model wrote it; each question is a quote, since it is not Markdown."""
    parts = []
    for turn in turns:
        question = plain_question(turn.question).rstrip("\n")
        parts.append("\n".join(f"> {line}".rstrip() for line in question.split("\n")))
        if turn.answer.strip():
            parts.append(with_line_feeds(turn.answer).strip("\n"))
    return "\n\n".join(parts) + "\n"


def chat_as_text(turns: Sequence[Turn]) -> str:
    """As it is shown, formulas as their source. It takes seconds for megabytes."""
    reader = MarkdownReader()
    parts = []
    for turn in turns:
        parts.append(f"You:\n{plain_question(turn.question).rstrip()}")
        if turn.answer.strip():
            items = reader.read(with_line_feeds(turn.answer), finished=False)
            parts.append(f"{shown(turn.model_name) or 'Answer'}:\n{plain_text(items).rstrip()}")
    return "\n\n".join(parts) + "\n"
