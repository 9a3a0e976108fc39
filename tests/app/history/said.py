"""What a child said that it stored, and whether a history keeps all of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from app.history.backups import list_backups
from app.history.connection import connect
from app.history.damage import conversations_in
from app.history.key import Key
from app.history.records import Turn, TurnState
from app.history.store import HistoryStore
from tests.app.history.children import answer_of, question_of


@dataclass
class Said:
    """By id of the turn: its question, how long its answer must be at least, and whether it has ended.

    A conversation has one turn of the same id.
    """

    opened: bool = False
    questions: dict[int, str] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    deleting: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    count: int = 0

    def take(self, line: str) -> None:
        """One line of the child."""
        what, *words = line.split(" ")
        self.count += what in ("asked", "saved", "ended", "deleted")
        match what:
            case "opened":
                self.opened = True
            case "asked":
                self.questions[int(words[0])] = question_of(int(words[1]))
            case "saved" | "ended":
                self.lengths[int(words[0])] = int(words[1])
                if what == "ended":
                    self.ended.add(int(words[0]))
            case "deleting":
                self.deleting.add(int(words[0]))
            case "deleted":
                self.deleted.add(int(words[0]))
            case "failed":
                self.failed.append(line)


def said_in(lines: Iterable[str]) -> Said:
    """All that was said."""
    said = Said()
    for line in lines:
        said.take(line)
    return said


def what_is_lost(said: Said, path: Path, key: Key | None = None) -> list[str]:
    """Open the history after the disaster; one line for each thing that is not as it was said to be."""
    with HistoryStore(path, key) as history:
        turns: dict[int, Turn] = {}
        for summary in history.conversations():
            for turn in history.conversation(summary.id).turns:
                turns[turn.conversation_id] = turn
    lost = [f"turn {each} is lost" for each in said.questions.keys() - said.deleting - turns.keys()]
    lost += [f"turn {each} is back" for each in said.deleted & turns.keys()]
    for each, turn in turns.items():
        whole = answer_of(turn.id) * 5
        if each in said.questions and turn.question != said.questions[each]:
            lost.append(f"turn {each} has another question")
        if not whole.startswith(turn.answer) or len(turn.answer) < said.lengths.get(each, 0):
            lost.append(f"turn {each} has not its answer")
        if (each in said.ended and turn.state is not TurnState.FINISHED) or turn.state is TurnState.RUNNING:
            lost.append(f"turn {each} is {turn.state}")
    with closing(connect(path, key)) as connection:
        for check in ("integrity_check", "foreign_key_check"):
            found = connection.execute(f"PRAGMA {check}").fetchall()
            lost += [f"{check}: {row}" for row in found if row != ("ok",)]
    for backup in list_backups(path):
        conversations_in(backup.path, key)
    return lost
