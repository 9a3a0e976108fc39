"""What is selected over several messages, as the text that is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.history.records import Turn
from ui.transcript.found_text import plain_question, plain_text
from ui.transcript.markdown import MarkdownReader
from ui.transcript.untrusted_text import shown, with_line_feeds


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of one message, as it stands on the page: as text, and as Markdown."""

    text: str
    markdown: str
    is_of_thought: bool = False
    goes_on: bool = False
    """It begins with the line behind the last one of the piece before."""


Piece = Turn | Cut
"""A whole turn, question and answer, or a part of a message."""


def as_text(pieces: Sequence[Piece]) -> str:
    """As it is shown, formulas as their source. It takes seconds for megabytes."""
    reader = MarkdownReader()
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, Cut):
            _add(parts, piece, piece.text)
        else:
            parts += [plain_question(piece.question), answer_as_text(piece.answer, reader)]
    return _joined(parts)


def as_markdown(pieces: Sequence[Piece]) -> str:
    """As the model wrote it; a question is a quote, since it is not Markdown."""
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, Cut):
            _add(parts, piece, piece.markdown)
        else:
            parts += [question_as_markdown(piece.question), answer_as_markdown(piece.answer)]
    return _joined(parts)


def hold_thought(pieces: Sequence[Piece]) -> bool:
    """Whether a part of a thought is among them."""
    return any(isinstance(piece, Cut) and piece.is_of_thought for piece in pieces)


def length(pieces: Sequence[Piece]) -> int:
    """About how many characters it is."""
    return sum(
        len(piece.text) if isinstance(piece, Cut) else len(piece.question) + len(piece.answer)
        for piece in pieces
    )


def question_as_markdown(question: str) -> str:
    """A question as a quote."""
    lines = plain_question(question).rstrip("\n").split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def answer_as_text(untrusted_answer: str, reader: MarkdownReader) -> str:
    """An answer as it is shown."""
    return plain_text(reader.read(with_line_feeds(untrusted_answer), finished=True, coloured=False))


def answer_as_markdown(untrusted_answer: str) -> str:
    """An answer as it was written, without characters that do something where it is pasted."""
    return shown(with_line_feeds(untrusted_answer))


def _add(parts: list[str], piece: Cut, text: str) -> None:
    if piece.goes_on and parts:
        parts[-1] += "\n" + text
    else:
        parts.append(text)


def _joined(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())
