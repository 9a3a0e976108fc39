"""A trial run of the engine with the model in the box, watched while it works."""

from __future__ import annotations

import contextlib
import queue
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.chat.turn import RunningTurn
from app.errors import AppError
from app.history.store import HistoryStore
from models.core_dumps import NO_CORE_BYTES
from models.engine.client import EngineClient
from models.engine.protocol import (
    Delta,
    EngineEvent,
    EngineExited,
    Loaded,
    LoadFailed,
    Message,
    Sampling,
    Started,
    TurnFailed,
    TurnFinished,
)
from models.errors import engine_error
from models.gguf_info import read_chat_model

QUESTION = "What is 2 + 3?"
RIGHT_ANSWER = re.compile(r"\\boxed\{\s*5\s*\}")
TIMEOUT_S = 60.0


@dataclass(slots=True)
class EngineCheck:
    """What was seen. A problem: "" there is none, None it could not be looked for.

    `sandboxed`: the system keeps the engine from opening internet sockets.
    """

    question: str = QUESTION
    version: str = ""
    seconds: float = 0.0
    answer_problem: str | None = None
    sandboxed: bool = False
    socket_looks: int = 0
    socket_problem: str | None = None
    core_problem: str | None = None
    thought_problem: str | None = None
    stored_files: int = 0
    end_problem: str | None = None


def check_engine(model_path: Path, engine_command: Sequence[str] | None = None) -> EngineCheck:
    """Start an engine, ask it, watch it, store the turn in a temporary folder, end it."""
    check = EngineCheck()
    events: queue.SimpleQueue[EngineEvent] = queue.SimpleQueue()
    engine = EngineClient(events.put, engine_command)
    try:
        engine.start()
        with tempfile.TemporaryDirectory(prefix="ponder-doctor-") as folder:
            _Trial(check, engine, events, Path(folder)).run(model_path)
    except AppError as error:
        check.answer_problem = str(error)
        check.socket_problem = check.socket_problem or None  # it did not get far enough to say that it holds
    finally:
        engine.close()
        if engine.pid is not None:
            check.end_problem = "" if not psutil.pid_exists(engine.pid) else "its process is still there"
    return check


class _Trial:
    """One question to one engine process."""

    def __init__(
        self, check: EngineCheck, engine: EngineClient, events: queue.SimpleQueue[EngineEvent], folder: Path
    ) -> None:
        self._check = check
        self._engine = engine
        self._events = events
        self._folder = folder
        self._deadline = time.monotonic() + TIMEOUT_S

    def run(self, model_path: Path) -> None:
        """Load, ask, watch, store, search. Raises `AppError` where the engine or the model fails."""
        started_at = time.monotonic()
        while not isinstance(event := self._next_event(), Started):
            pass
        self._check.version = event.engine_version
        self._check.sandboxed = event.sandboxed
        read_chat_model(model_path)
        self._engine.load(model_path)
        while not isinstance(event := self._next_event(), Loaded):
            pass
        self._check.core_problem = _core_problem(self._engine)
        with contextlib.closing(HistoryStore(self._folder / "history.db")) as history:
            turn = history.begin_turn(None, QUESTION, event.model.name)
            message = Message("user", QUESTION)
            turn_id = self._engine.generate(
                [message], sampling=Sampling(temperature=0.0, seed=1), max_tokens=1024
            )
            running = RunningTurn(turn, turn_id)
            while not isinstance(event := self._next_event(), TurnFinished):
                if isinstance(event, Delta):
                    running.take(event)
            ended = running.finished(event.stop_reason, event.usage)
            history.end_turn(ended.id, state=ended.state, answer=ended.answer, usage=ended.usage)
            # Looked for while the file is open: the write-ahead log is part of what is on the disk.
            self._look_for_thought(running.thought_text, ended.answer)
        self._check.seconds = time.monotonic() - started_at
        right = RIGHT_ANSWER.search(ended.answer)
        self._check.answer_problem = "" if right else f"asked “{QUESTION}” it did not answer 5"

    def _next_event(self) -> EngineEvent:
        """The next event, with a look at the process. Raises `AppError` where the engine fails."""
        try:
            event = self._events.get(timeout=max(self._deadline - time.monotonic(), 0.0))
        except queue.Empty:
            raise AppError(f"the engine did not answer within {TIMEOUT_S:.0f} s") from None
        self._look_at_sockets()
        match event:
            case LoadFailed(code, facts) | TurnFailed(_, code, facts):
                raise engine_error(code, facts)
            case EngineExited(_, exit_code, outcome):
                raise engine_error("engine_stopped", {"detail": outcome, "exit": exit_code})
        return event

    def _look_at_sockets(self) -> None:
        found = _open_sockets(self._engine.pid or 0)
        if found is None:
            return
        self._check.socket_looks += 1
        self._check.socket_problem = self._check.socket_problem or ", ".join(found)

    def _look_for_thought(self, thought: str, answer: str) -> None:
        """Look for each line of the thought that is in neither question nor answer."""
        secrets = [line.strip() for line in thought.splitlines()]
        secrets = [line for line in secrets if len(line) > 3 and line not in f"{QUESTION}\n{answer}"]
        files = [path for path in self._folder.rglob("*") if path.is_file()]
        self._check.stored_files = len(files)
        if not secrets or not files:
            self._check.thought_problem = None
            return
        found = [path.name for path in files for line in secrets if line.encode() in path.read_bytes()]
        self._check.thought_problem = f"a line of it stands in {found[0]}" if found else ""


def _open_sockets(pid: int) -> list[str] | None:
    """The sockets of any kind that the process holds open; None where they cannot be seen."""
    descriptors = Path(f"/proc/{pid}/fd")
    if descriptors.is_dir():
        names = []
        try:
            for link in descriptors.iterdir():
                with contextlib.suppress(FileNotFoundError):  # closed in between
                    names.append(str(link.readlink()))
        except (FileNotFoundError, PermissionError):
            return None
        return [f"it holds {name} open" for name in names if name.startswith("socket:")]
    try:
        connections = psutil.Process(pid).net_connections(kind="inet")
    except psutil.Error:
        return None
    return [f"it holds a socket open at {connection.laddr}" for connection in connections]


def _core_problem(engine: EngineClient) -> str | None:
    """What would let the engine leave a core file; None where the system does not say."""
    if not hasattr(psutil, "RLIMIT_CORE") or engine.pid is None:
        return None
    try:
        limits = psutil.Process(engine.pid).rlimit(psutil.RLIMIT_CORE)
    except psutil.Error:
        return None
    return "" if max(limits) == NO_CORE_BYTES else f"its limit for core files is {limits[0]:,} bytes"
