"""Chats along every path on which a thought could reach the disk, in a folder of their own.

`ponder doctor --privacy` runs it with the model in the box; the tests run it with a script in its place.
`app.privacy_search` looks for the thoughts then.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from app.chat.controller import ChatController
from app.chat.events import (
    ChatEvent,
    ConversationsFound,
    Deleted,
    DeletionForgotten,
    EngineState,
    EngineStateChanged,
    QuestionRejected,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
)
from app.errors import AppError
from app.history.records import Turn
from app.history.store import HistoryStore
from app.history.transfer.exporting import Form, export_to_file, export_to_folder
from app.history.transfer.store import TransferStore
from app.paths import Paths
from app.privacy_search import PathTried, changed_since, files_below, look_for_thoughts, secret_lines
from models.own_programs import own_command
from models.reasoning import PieceKind

QUESTION = "What is 47 * 36?"
HINT = "mind the carry"
TIMEOUT_S = 60.0
_CHILD = "app.privacy_child"
_CHUNK_BYTES = 1 << 20
_Event = TypeVar("_Event")


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What was found, and in how many files (and bytes of them) it was looked for."""

    paths: tuple[PathTried, ...]
    searched_files: int
    searched_bytes: int


def try_privacy(
    built_in_model: Path, own_folders: Sequence[Path], engine_command: Sequence[str] | None = None
) -> TrialResult:
    """Chat along every path, then look for the thoughts in every byte that was written meanwhile.

    Looked at: the folder of the trial, `own_folders` (Ponder's, of this user), and the temporary folder; of
    the last two what has changed since the beginning. Takes some seconds.
    """
    began_s = time.time() - 1.0  # some file systems keep whole seconds
    with tempfile.TemporaryDirectory(prefix="ponder-privacy-") as name:
        folder = Path(name)
        paths = _Trial(folder, built_in_model, engine_command).run()
        files = [*files_below(folder), *changed_since(began_s, own_folders, folder)]
        searched_bytes = look_for_thoughts(paths, files)
    return TrialResult(tuple(paths), len(files), searched_bytes)


class _Trial:
    """One history and one controller, through all paths."""

    def __init__(self, folder: Path, model: Path, engine_command: Sequence[str] | None) -> None:
        self._folder, self._model, self._engine_command = folder, model, engine_command
        self._ponder = Paths(folder, folder, folder / "models", folder / "logs")
        self._arriving: queue.SimpleQueue[ChatEvent] = queue.SimpleQueue()
        self._events: list[ChatEvent] = []
        self._first_of_order = 0
        self._other_children = set(psutil.Process().children(recursive=True))
        self._thoughts: dict[int, list[str]] = {}
        self._answers: list[str] = []
        self._chat = self._make_chat()

    def run(self) -> list[PathTried]:
        """Try each path; one that fails does not keep the others from being tried."""
        self._ponder.make_folders()
        self._chat.start()
        self._wait(EngineStateChanged, lambda event: event.state is EngineState.READY)
        tried = []
        try:
            for name, path in self._paths():
                tried.append(self._try(PathTried(name), path))
        finally:
            self._chat.close()
        tried.append(self._try(PathTried("that was cut off by the death of Ponder"), self._killed))
        tried.append(self._try(PathTried("in chats that were exported"), self._exported))
        tried.append(self._try(PathTried("in a history that was backed up"), self._backed_up))
        said = "\n".join([QUESTION, HINT, *self._answers])
        for each in tried:
            each.secrets = secret_lines("\n".join(each.secrets), said)
        return tried

    def _paths(self) -> Iterator[tuple[str, Callable[[], list[Turn]]]]:
        yield "that came to its end", lambda: [self._ask()]
        yield "that was stopped", lambda: [self._ask(self._chat.stop)]
        yield "that had to answer at once", lambda: [self._ask(self._chat.answer_now)]
        yield "that was paused and got a hint", lambda: [self._ask(self._pause)]
        yield "before another answer", self._another_answer
        yield "that was cut off by the death of the engine", self._engine_killed
        yield "of a message that was deleted and brought back", self._undone
        yield "of a chat that was deleted", self._deleted
        yield "in chats that were searched", self._searched
        yield "in a temporary chat", self._temporary

    def _try(self, path: PathTried, action: Callable[[], list[Turn]]) -> PathTried:
        try:
            turns = action()
        except AppError as error:
            path.why_not = str(error)
        else:
            path.secrets = ["".join(self._thoughts.get(turn.id, ())) for turn in turns]
            path.problem = ""
        return path

    def _make_chat(self) -> ChatController:
        return ChatController(
            listener=self._arriving.put,
            open_history=lambda: HistoryStore(self._ponder.history_file),
            model_path=self._model,
            built_in_model_path=self._model,
            engine_command=self._engine_command,
        )

    # The paths.

    def _ask(self, in_the_thought: Callable[[], object] | None = None) -> Turn:
        self._order(lambda: self._chat.ask(QUESTION))
        return self._follow(in_the_thought)

    def _follow(self, in_the_thought: Callable[[], object] | None = None) -> Turn:
        """Wait for the end of a reply; do something once there is a line of its thought to look for."""
        turn = self._wait(TurnStarted).turn
        if in_the_thought is not None:
            self._wait((ReplyDelta, TurnEnded), lambda _event: self._has_secret(turn.id))
            in_the_thought()
        ended = self._wait(TurnEnded, lambda event: event.turn.id == turn.id).turn
        self._answers.append(ended.answer)
        return ended

    def _pause(self) -> None:
        self._chat.pause()
        self._wait((TurnPaused, TurnEnded))  # it may have come to its end before
        self._chat.resume(HINT)

    def _another_answer(self) -> list[Turn]:
        turn = self._ask()
        self._order(lambda: self._chat.ask_version(turn.id, QUESTION))
        return [turn, self._follow()]

    def _engine_killed(self) -> list[Turn]:
        turn = self._ask(self._kill_engine)
        self._order(self._chat.restart_engine)
        self._wait(EngineStateChanged, lambda event: event.state is EngineState.READY)
        return [turn]

    def _kill_engine(self) -> None:
        for child in set(psutil.Process().children(recursive=True)) - self._other_children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()

    def _undone(self) -> list[Turn]:
        turn = self._ask()
        self._order(lambda: self._chat.delete_turn(turn.id))
        self._wait(Deleted)
        self._order(self._chat.undo_delete)
        self._wait(DeletionForgotten)
        return [turn]

    def _deleted(self) -> list[Turn]:
        self._chat.new_conversation()
        turn = self._ask()
        self._order(lambda: self._chat.delete_conversation(turn.conversation_id))
        self._wait(Deleted)
        self._order(self._chat.forget_deleted)
        self._wait(DeletionForgotten)
        return [turn]

    def _searched(self) -> list[Turn]:
        turn = self._ask()
        thought = "".join(self._thoughts.get(turn.id, ())).split()
        for text in ("36", " ".join(thought[:6]) or "36"):
            self._order(functools.partial(self._chat.search, text))
            self._wait(ConversationsFound)
        return [turn]

    def _temporary(self) -> list[Turn]:
        self._chat.new_temporary_conversation()
        return [self._ask()]

    def _killed(self) -> list[Turn]:
        """A process of its own asks, and is killed in the middle of the thought."""
        command = [*own_command(_CHILD), str(self._folder), str(self._model), *(self._engine_command or ())]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
            if child.stdout is None:
                raise AppError("The other Ponder could not be heard.")
            thought = b""
            while not _has_line(thought.decode("utf-8", "replace")):
                more = os.read(child.stdout.fileno(), _CHUNK_BYTES)
                if not more:
                    break
                thought += more
            child.kill()
            thought += child.stdout.read()
        if not thought:
            raise AppError("The other Ponder did not begin to think.")
        with HistoryStore(self._ponder.history_file) as history:
            newest = history.conversation(history.conversations()[0].id).turns[-1]
        self._thoughts[newest.id] = [thought.decode("utf-8", "replace")]
        return [newest]

    def _exported(self) -> list[Turn]:
        history = self._ponder.history_file
        with closing(TransferStore(history)) as store:
            ids = [summary.id for summary in store.conversations()]
            export_to_folder(store, ids, self._folder / "exported", Form.MARKDOWN)
            export_to_file(store, ids, self._folder / "exported.json", Form.JSON, with_folders=True)
        with HistoryStore(history) as opened:
            return _turns_of(opened)

    def _backed_up(self) -> list[Turn]:
        with HistoryStore(self._ponder.history_file) as history:
            history.back_up()
            return _turns_of(history)

    # Events.

    def _order(self, give: Callable[[], object]) -> None:
        """Give an order to the chat; what is waited for from now on came after it."""
        self._drain()
        self._first_of_order = len(self._events)
        give()

    def _wait(
        self,
        kind: type[_Event] | tuple[type[_Event], ...],
        accept: Callable[[_Event], bool] = lambda _event: True,
    ) -> _Event:
        """The first event of a kind since the last order. Raises `AppError`."""
        until = time.monotonic() + TIMEOUT_S
        looked = self._first_of_order
        while True:
            for event in self._events[looked:]:
                if isinstance(event, QuestionRejected):
                    raise event.error
                if isinstance(event, kind) and accept(event):
                    return event
            looked = len(self._events)
            try:
                self._take(self._arriving.get(timeout=max(until - time.monotonic(), 0.0)))
            except queue.Empty:
                raise AppError(f"Nothing came within {TIMEOUT_S:.0f} s.") from None

    def _has_secret(self, turn_id: int) -> bool:
        return _has_line("".join(self._thoughts.get(turn_id, ())))

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._take(self._arriving.get_nowait())

    def _take(self, event: ChatEvent) -> None:
        """Keep an event, and of a thought its words."""
        self._events.append(event)
        if isinstance(event, ReplyDelta) and event.kind is PieceKind.REASONING:
            self._thoughts.setdefault(event.turn_id, []).append(event.text)


def _turns_of(history: HistoryStore) -> list[Turn]:
    return [turn for each in history.conversations() for turn in history.conversation(each.id).turns]


def _has_line(thought: str) -> bool:
    """Whether there is a whole line in it that nothing else would hold."""
    return bool(secret_lines(thought.rpartition("\n")[0], QUESTION))
