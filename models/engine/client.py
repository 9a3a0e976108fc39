"""Ponder's side of the engine process: commands go in, events come out, and it always ends."""

from __future__ import annotations

import collections
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import models
from models.engine import protocol
from models.engine.hang_watch import HANG_TIMEOUT_S, STUCK_TIMEOUT_S, HangWatch
from models.engine.kv_type import KvType
from models.engine.protocol import (
    AnswerNow,
    Command,
    EngineEvent,
    EngineExited,
    Generate,
    Load,
    LoadFailed,
    Message,
    Pause,
    Prepare,
    Resume,
    Sampling,
    Shutdown,
    Stop,
    Thinking,
    TurnFailed,
)
from models.errors import EngineStartError, engine_error
from models.own_programs import own_command

STDERR_KEPT_BYTES = 64 * 1024
STOP_TIMEOUT_S = 5.0
"""A turn that has not ended so long after Stop is ended by killing the process."""
TERMINATE_TIMEOUT_S = 2.0

# What names libraries or code to load, for the dynamic linker, for llama.cpp and for Python.
_UNWANTED_PREFIXES = ("LD_", "DYLD_", "GGML_", "LLAMA_", "PYTHON")
_UNWANTED = {"GCONV_PATH", "GLIBC_TUNABLES"}

WORKER_COMMAND = own_command("models.engine.worker")


class EngineClient:
    """One engine process: start it, load a model, ask, stop, close.

    `on_event` is called on the client's reader thread, never on the caller's. Each turn ends exactly
    once: where the process dies in a turn, the client itself says `TurnFailed`. The last event of all
    is `EngineExited`. All methods return at once, `close` after `timeout_s` at most (and a little).
    A process that is silent for `hang_timeout_s` while it has something to do is killed, and so is one that
    is alive but gets nowhere for `stuck_timeout_s`.
    """

    def __init__(
        self,
        on_event: Callable[[EngineEvent], None],
        command: Sequence[str] | None = None,
        *,
        hang_timeout_s: float = HANG_TIMEOUT_S,
        stuck_timeout_s: float = STUCK_TIMEOUT_S,
    ) -> None:
        self._on_event = on_event
        self._command = tuple(command or WORKER_COMMAND)
        self._process: subprocess.Popen[bytes] | None = None
        self._outbox: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stderr: collections.deque[bytes] = collections.deque()
        self._stderr_bytes = 0
        self._turn_ids = itertools.count(1)
        self._lock = threading.Lock()
        self._open_turns: dict[int, threading.Timer | None] = {}
        self._loading = False
        self._asked_to_end = False
        self._paused_turns: set[int] = set()
        self._has_ended = False
        self._watch = HangWatch(self._kill, hang_timeout_s=hang_timeout_s, stuck_timeout_s=stuck_timeout_s)
        self._killed_because = ""
        self._protocol_error = ""

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, None before `start`."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process. Raises `EngineStartError`."""
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=worker_environment(),
                cwd=worker_folder(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise EngineStartError(
                "The engine could not be started.",
                advice="Reinstall Ponder if this stays so.",
                details=f"{error.strerror} (errno {error.errno})",
            ) from error
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for name, target, stream in (
            ("engine-stderr", self._drain_stderr, process.stderr),
            ("engine-commands", self._write_commands, process.stdin),
            ("engine-events", self._read_events, process.stdout),
        ):
            self._threads.append(threading.Thread(target=target, args=(stream,), name=name, daemon=True))
        self._threads.append(self._watch.thread)
        for thread in self._threads:
            thread.start()

    def load(
        self,
        model_path: Path,
        context_tokens: int = 0,
        threads: int = 0,
        kv_type: KvType = KvType.F16,
    ) -> None:
        """Load a model; `Loaded` or `LoadFailed` follows. 0: the engine chooses.

        Raises `EngineStoppedError` where the process has gone, `ModelFileError` where the path is no text.
        """
        path = str(model_path.absolute())
        try:
            path.encode()
        except UnicodeEncodeError as error:
            detail = "The path of this model has characters that are no text: rename the file or its folder."
            raise engine_error("model_file", {"detail": detail}) from error
        with self._lock:
            self._require_running()
            self._loading = True
            self._watch.begin_work()
        self._outbox.put(Load(path, context_tokens, threads, kv_type))

    def generate(
        self,
        messages: Sequence[Message],
        *,
        sampling: Sampling | None = None,
        max_tokens: int = 0,
        thinking: Thinking | None = None,
        context_tokens: int = 0,
        answer_so_far: str = "",
    ) -> int:
        """Answer the last message. Gives the turn's id; `TurnFinished` or `TurnFailed` follows.

        Raises `EngineStoppedError` where the process has gone.
        """
        turn_id = next(self._turn_ids)
        with self._lock:
            self._require_running()
            self._open_turns[turn_id] = None
            self._watch.begin_work()
        self._outbox.put(
            Generate(
                turn_id,
                tuple(messages),
                sampling or Sampling(),
                max_tokens,
                thinking or Thinking(),
                context_tokens,
                answer_so_far,
            )
        )
        return turn_id

    def stop(self, turn_id: int) -> None:
        """End a turn now. The process is killed if it does not end the turn itself in time."""
        with self._lock:
            if turn_id not in self._open_turns or self._open_turns[turn_id] is not None:
                return
            reason = f"it did not stop within {STOP_TIMEOUT_S:g} seconds"
            timer = threading.Timer(STOP_TIMEOUT_S, self._kill, (reason,))
            timer.daemon = True
            self._open_turns[turn_id] = timer
            timer.start()
        self._outbox.put(Stop(turn_id))

    def prepare(self, messages: Sequence[Message] = (), draft: str = "", context_tokens: int = 0) -> None:
        """Let the engine read the next prompt ahead; nothing happens where the process has gone."""
        self._outbox.put(Prepare(tuple(messages), draft, context_tokens))

    def answer_now(self, turn_id: int) -> None:
        """Close the running thought of a turn and begin its answer."""
        self._steer(AnswerNow(turn_id))

    def pause(self, turn_id: int) -> None:
        """Let the running thought of a turn wait; `Paused` follows."""
        self._steer(Pause(turn_id))

    def resume(self, turn_id: int, hint: str = "") -> None:
        """Let a thought that waits go on, with a hint in the model's own voice."""
        self._steer(Resume(turn_id, hint))

    def _steer(self, command: AnswerNow | Pause | Resume) -> None:
        with self._lock:
            if command.turn_id not in self._open_turns:
                return
            if not isinstance(command, Pause):
                self._paused_turns.discard(command.turn_id)
                self._watch.begin_work()
        self._outbox.put(command)

    def close(self, timeout_s: float = 3.0) -> None:
        """End the process: ask, terminate, kill. May be called twice, and before `start`."""
        self._asked_to_end = True
        process = self._process
        if process is None:
            return
        self._outbox.put(Shutdown())
        self._outbox.put(None)
        if not _has_ended_within(process, timeout_s):
            process.terminate()
        if not _has_ended_within(process, TERMINATE_TIMEOUT_S):
            process.kill()
            process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def stderr_tail(self) -> str:
        """The last lines that the process wrote to standard error. They hold no chat text."""
        return b"".join(self._stderr).decode("utf-8", "replace")

    def _require_running(self) -> None:
        if self._process is None or self._has_ended:
            raise engine_error("engine_stopped", {})

    def _kill(self, reason: str) -> None:
        if self._process is not None and self._process.poll() is None:
            self._killed_because = self._killed_because or reason
            self._process.kill()

    def _has_nothing_to_do(self) -> bool:
        """Whether the process may be silent. A turn that waits for the user's word is nothing to do."""
        return not self._loading and not (self._open_turns.keys() - self._paused_turns)

    def _write_commands(self, stdin: IO[bytes]) -> None:
        # A pipe takes 64 KB at once: a long chat would hold the caller until the engine has read it.
        try:
            with stdin:
                while (command := self._outbox.get()) is not None:
                    stdin.write(protocol.encode(command))
                    stdin.flush()
        except (BrokenPipeError, OSError):
            return  # the process has gone; the reader says so

    def _drain_stderr(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                self._stderr.append(line[:1000])
                self._stderr_bytes += len(self._stderr[-1])
                while self._stderr_bytes > STDERR_KEPT_BYTES:
                    self._stderr_bytes -= len(self._stderr.popleft())

    def _read_events(self, stdout: IO[bytes]) -> None:
        with stdout:
            while untrusted_line := stdout.readline(protocol.MAX_LINE_BYTES):
                try:
                    event = protocol.decode_event(untrusted_line)
                except protocol.MalformedMessageError as error:
                    self._protocol_error = str(error)
                    self._kill("it said something that is no message")
                    break
                self._watch.begin_line(is_progress=not isinstance(event, protocol.Alive))
                self._pass_on(event)
                with self._lock:  # or a question asked in between would not be watched
                    self._watch.end_line(is_idle=self._has_nothing_to_do())
        self._say_the_end()

    def _pass_on(self, event: protocol.WorkerEvent) -> None:
        match event:
            case (
                protocol.TurnBegan(turn_id)
                | protocol.PromptProgressed(turn_id)
                | protocol.Delta(turn_id)
                | protocol.Paused(turn_id)
            ):
                if turn_id in self._open_turns:
                    if isinstance(event, protocol.Paused):
                        self._paused_turns.add(turn_id)
                    self._on_event(event)
            case protocol.TurnFinished(turn_id) | protocol.TurnFailed(turn_id):
                if self._end_turn(turn_id):
                    self._on_event(event)
            case protocol.Alive():
                return
            case _:
                if isinstance(event, protocol.Loaded | protocol.LoadFailed):
                    self._loading = False
                self._on_event(event)

    def _end_turn(self, turn_id: int) -> bool:
        """Note that a turn has ended. False where it had ended before, or never began."""
        with self._lock:
            if turn_id not in self._open_turns:
                return False
            timer = self._open_turns.pop(turn_id)
            self._paused_turns.discard(turn_id)
        if timer is not None:
            timer.cancel()
        return True

    def _say_the_end(self) -> None:
        assert self._process is not None
        exit_code = self._process.wait()
        self._outbox.put(None)
        outcome = self._killed_because or describe_exit(exit_code)
        if self._protocol_error:
            code, facts = "engine_protocol", {"detail": self._protocol_error}
        else:
            code, facts = "engine_stopped", {"detail": outcome, "exit": f"exit code {exit_code}"}
        with self._lock:
            self._has_ended = True
            self._watch.end()
            was_loading, self._loading = self._loading, False
            open_turns = sorted(self._open_turns)
        if was_loading:
            self._on_event(LoadFailed(code, dict(facts)))
        for turn_id in open_turns:
            if self._end_turn(turn_id):
                self._on_event(TurnFailed(turn_id, code, dict(facts)))
        self._on_event(EngineExited(self._asked_to_end, exit_code, outcome))


def _has_ended_within(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def describe_exit(exit_code: int) -> str:
    """Say in words how a process ended: "it was killed (SIGKILL)", "it exited with code 3"."""
    if exit_code >= 0:
        known = {
            0: "it ended by itself",
            70: "it found an error in itself",
            71: "the model's chat template did not come to an end",
        }
        return known.get(exit_code, f"it exited with code {exit_code}")
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    words = {
        "SIGKILL": "it was killed, perhaps because memory ran out",
        "SIGABRT": "llama.cpp gave up",
        "SIGSEGV": "llama.cpp crashed",
        "SIGILL": "it was built for another processor",
        "SIGBUS": "the model file could not be read",
    }
    return f"{words.get(name, 'it was ended')} ({name})"


def worker_environment() -> dict[str, str]:
    """The environment without what could make the engine load code from elsewhere."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_UNWANTED_PREFIXES) and name not in _UNWANTED
    }
    # Where it gives up, ggml would run the first gdb or lldb on the path and let it look into the chat.
    environment["GGML_NO_BACKTRACE"] = "1"
    environment["PYTHONPATH"] = str(Path(models.__file__).resolve().parent.parent)
    return environment


def worker_folder() -> Path:
    """The engine's current folder: that of the program itself.

    llama.cpp looks for libraries to load beside the program and in the current folder. Made one, nobody
    can plant a library who could not replace the program too.
    """
    return Path(sys.executable).resolve().parent
