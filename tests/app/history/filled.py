"""Histories with something in them, and what can be done to their files."""

from __future__ import annotations

from pathlib import Path

from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage


def add_turn(
    history: HistoryStore, question: str, answer: str = "So.", conversation: int | None = None
) -> Turn:
    """A finished turn, in a new conversation if none is named."""
    turn = history.begin_turn(conversation, question, "a model")
    return history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())


def fill(path: Path, count: int = 3) -> list[Turn]:
    """So many conversations of one turn each, a page for every two answers; the file is closed."""
    with HistoryStore(path) as history:
        return [
            add_turn(history, f"Question {number}?", f"Answer {number}." + " More." * 300)
            for number in range(count)
        ]


def titles(path: Path) -> list[str]:
    """The titles in a history, sorted."""
    with HistoryStore(path) as history:
        return sorted(each.title for each in history.conversations())


def spoil(path: Path, first: int, last: int) -> None:
    """Overwrite some pages of 4096 bytes, the first page of the file has number 0."""
    content = bytearray(path.read_bytes())
    content[first * 4096 : last * 4096] = bytes([0xA5]) * (last - first) * 4096
    path.write_bytes(content)


def holds(folder: Path, words: str) -> list[str]:
    """The files under a folder that have these words in them, as bytes."""
    return [file.name for file in folder.rglob("*") if file.is_file() and words.encode() in file.read_bytes()]
