"""What tests of the history run in processes of their own: `python -m` this, a name, its arguments."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from app.errors import HistoryError
from app.history.backups import list_backups
from app.history.damage import recover, restore_backup, start_empty
from app.history.key import Key
from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage


def say(line: str) -> None:
    """One line to the test, at once and whole, so that a kill cannot take it back."""
    os.write(1, f"{line}\n".encode())


def key_of_run(number: int) -> Key | None:
    """Every other run has an encrypted history."""
    return Key(bytes(range(32))) if number % 2 else None


def answer_of(turn_id: int) -> str:
    return f"answer {turn_id} " * (turn_id % 300 + 1)


def hold_a_running_turn(path: str) -> None:
    """Begin a turn, say its id, and wait to be killed or for the end of the input."""
    with HistoryStore(Path(path)) as history:
        turn = history.begin_turn(None, "Is anybody there?", "a model")
        history.save_answer_so_far(turn.id, "As far as")
        say(str(turn.id))
        sys.stdin.read()


def write_turns(path: str, count: str) -> None:
    with HistoryStore(Path(path)) as history:
        say("ready")
        sys.stdin.readline()
        for _ in range(int(count)):
            turn = history.begin_turn(None, "From the other process", "a model")
            history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer_of(turn.id), usage=Usage())


def raise_writers(path: str) -> None:
    """For each line of input fork a writer that works until it is killed, and say when it is gone."""
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _write_until_killed(Path(path))
        os.waitpid(pid, 0)
        say("gone")


def _write_until_killed(path: Path) -> None:
    say(str(os.getpid()))
    history = HistoryStore(path)
    while True:
        turn = history.begin_turn(None, "Shall I live?", "a model")
        answer = answer_of(turn.id)
        history.save_answer_so_far(turn.id, answer[: len(answer) // 2])
        history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())
        say(f"stored {turn.id}")


def fill_the_disk(folder: str) -> None:
    """On a small disk: write until it is full, show that nothing is lost, make room and go on."""
    filler = Path(folder, "filler")
    filler.write_bytes(bytes(400_000))
    with HistoryStore(Path(folder, "history.db")) as history:
        stored: list[int] = []
        while True:
            try:
                turn = history.begin_turn(None, "How much fits?" * 100, "a model")
                history.end_turn(
                    turn.id, state=TurnState.FINISHED, answer=answer_of(turn.id) * 5, usage=Usage()
                )
            except HistoryError as error:
                say(str(error))
                break
            stored.append(turn.id)
        _say_whether_all_stand(history, stored)
        filler.unlink()
        stored.append(history.begin_turn(None, "And now?", "a model").id)
        _say_whether_all_stand(history, stored)


def _say_whether_all_stand(history: HistoryStore, stored: list[int]) -> None:
    found = {
        turn.id for summary in history.conversations() for turn in history.conversation(summary.id).turns
    }
    say(f"{len(stored) > 5} {found >= set(stored)}")


def open_history(path: str) -> None:
    """Open a history and say what happens, and whether the files that were there are as before."""
    before = _contents(Path(path).parent)
    try:
        with HistoryStore(Path(path)) as history:
            history.conversations()
            say("opened")
    except HistoryError as error:
        say(f"{error} {error.details}")
    after = _contents(Path(path).parent)
    say(str(all(after.get(name) == content for name, content in before.items())))


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def say_what_is_stored(path: str, seed: str, count: str) -> None:
    """Work on a history and say each thing once it is stored. What fails is said, and it goes on.

    "opened"; "asked", "saved", "ended" with the id of a turn, a length after "saved"; "deleting",
    "deleted" with the id of a conversation; "backed" with the name of a file; "failed" with a text.
    """
    chance = random.Random(int(seed))
    for _ in range(3):
        try:
            with HistoryStore(Path(path), key_of_run(int(seed))) as history:
                say("opened")
                for _ in range(int(count) // 3):
                    _one_thing(history, chance)
            say("closed")
        except HistoryError as error:
            say(f"failed {error} {error.details}".replace("\n", " "))


def _one_thing(history: HistoryStore, chance: random.Random) -> None:
    try:
        turn = history.begin_turn(None, question_of(chance.getrandbits(30)), "a model")
        say(f"asked {turn.id} {turn.question.split()[-1]}")
        answer = answer_of(turn.id) * chance.choice([1, 1, 5])
        if chance.random() < 0.6:
            length = chance.randrange(len(answer))
            history.save_answer_so_far(turn.id, answer[:length])
            say(f"saved {turn.id} {length}")
        if chance.random() < 0.8:
            history.end_turn(turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())
            say(f"ended {turn.id} {len(answer)}")
        if chance.random() < 0.2:
            say(f"deleting {turn.conversation_id}")
            history.delete(turn.conversation_id)
            say(f"deleted {turn.conversation_id}")
        if chance.random() < 0.1:
            say(f"backed {history.back_up().path.name}")
    except HistoryError as error:
        say(f"failed {error} {error.details}".replace("\n", " "))


def repair(path: str, how: str) -> None:
    """Bring a history back in one of the ways, or open it, which migrates it; say when it is done."""
    history = Path(path)
    match how:
        case "restore":
            restore_backup(history, list_backups(history)[-1].path)
        case "recover":
            recover(history)
        case "empty":
            start_empty(history)
        case _:
            HistoryStore(history).close()
    say("done")


def question_of(number: int) -> str:
    return f"What of {number}"


CHILDREN: dict[str, Callable[..., None]] = {
    child.__name__: child
    for child in (
        hold_a_running_turn,
        write_turns,
        raise_writers,
        fill_the_disk,
        open_history,
        say_what_is_stored,
        repair,
    )
}

if __name__ == "__main__":
    CHILDREN[sys.argv[1]](*sys.argv[2:])
