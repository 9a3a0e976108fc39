"""The main loop of an engine process: commands in, events out, whatever runtime does the work.

The real worker and the fake one share it, so both speak exactly the same protocol. Two threads: the
reader takes commands (so that Stop is seen while llama.cpp computes) and ends the process when its
standard input closes; the main thread does the work.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from models.core_dumps import forbid_core_dumps
from models.engine import protocol, sandbox
from models.engine.heartbeat import Heartbeat
from models.engine.protocol import (
    Command,
    Delta,
    EngineFault,
    Generate,
    Load,
    ModelFacts,
    PauseReason,
    Prepare,
    StopReason,
    Usage,
)
from models.reasoning import PieceKind

EXIT_CRASHED = 70
"""A bug in the worker: EX_SOFTWARE of sysexits.h."""
EXIT_PIPE_CLOSED = 0
FLUSH_INTERVAL_S = 0.02
"""Tokens are gathered this long before they cross the pipe; a screen shows 60 frames a second."""


class EventSender:
    """Writes events to a descriptor that nothing else writes to. Any thread may send."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, event: protocol.WorkerEvent) -> None:
        """Write one event. Where nobody reads any more, the process ends."""
        data = memoryview(protocol.encode(event))
        try:
            with self._lock:
                while data:
                    data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            os._exit(EXIT_PIPE_CLOSED)


@dataclass
class TurnOutput:
    """Where a runtime puts the reply of one turn: gathered, then sent every few milliseconds."""

    turn_id: int
    sender: EventSender
    stop_requested: threading.Event
    answer_requested: threading.Event = field(default_factory=threading.Event)
    pause_requested: threading.Event = field(default_factory=threading.Event)
    is_waiting: bool = False
    hints: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    _parts: list[str] = field(default_factory=list)
    _kind: PieceKind = PieceKind.REASONING
    _tokens: int = 0
    _sent_at: float = 0.0

    def began(self, prompt_tokens: int, cached_tokens: int, context_tokens: int, left_out_turns: int) -> None:
        """Say what the prompt takes of the context."""
        self.sender.send(
            protocol.TurnBegan(self.turn_id, prompt_tokens, cached_tokens, context_tokens, left_out_turns)
        )

    def prompt_progress(self, processed_tokens: int, total_tokens: int) -> None:
        """Say how much of the prompt is processed."""
        self.sender.send(protocol.PromptProgressed(self.turn_id, processed_tokens, total_tokens))

    def add(self, kind: PieceKind, text: str, tokens: int) -> None:
        """Take a piece of the reply; the first goes out at once."""
        if kind is not self._kind or kind is PieceKind.RECLASSIFIED:
            self.flush()
            self._kind = kind
        self._parts.append(text)
        self._tokens += tokens
        if kind is PieceKind.RECLASSIFIED or time.monotonic() - self._sent_at >= FLUSH_INTERVAL_S:
            self.flush()

    def wait(self, reason: PauseReason, finding: str = "") -> str:
        """Say that the turn waits, and wait for a word. Gives the hint to go on with, "" without one."""
        self.flush()
        self.pause_requested.clear()
        self.is_waiting = True
        self.sender.send(protocol.Paused(self.turn_id, reason, finding))
        while not (self.stop_requested.is_set() or self.answer_requested.is_set()):
            hint = self.hints.get()
            if hint is not None:
                return hint
        self.is_waiting = False
        return ""

    def flush(self) -> None:
        """Send what is gathered."""
        if self._parts or self._tokens:
            self.sender.send(Delta(self.turn_id, self._kind, "".join(self._parts), self._tokens))
            self._parts.clear()
            self._tokens = 0
            self._sent_at = time.monotonic()


class Runtime(Protocol):
    """What does the work, on the main thread."""

    version: str

    def load(self, command: Load, progress: Callable[[float], None]) -> ModelFacts:
        """Load a model, in place of the one before. Raises `EngineFault`."""
        ...

    def run_turn(self, command: Generate, output: TurnOutput) -> tuple[StopReason, Usage]:
        """Write the reply into `output` until it ends or a stop is requested. Raises `EngineFault`."""
        ...

    def prepare(self, command: Prepare) -> None:
        """Note what to read ahead of the next turn, in place of what was noted before."""
        ...

    def prepare_step(self) -> int | None:
        """Read a little of it. Gives how many tokens are read, all in all; None: nothing is left to read."""
        ...

    def interrupt(self) -> None:
        """Make the running computation, and every later one, return soon. Called on any thread."""
        ...

    def allow(self) -> None:
        """Take `interrupt` back."""
        ...


class EngineLoop:
    """Runs commands one after the other until the process is told to end."""

    def __init__(
        self,
        runtime: Runtime,
        commands: BinaryIO,
        sender: EventSender,
        heartbeat: Heartbeat,
        *,
        sandboxed: bool,
    ) -> None:
        self._runtime = runtime
        self._commands = commands
        self._sender = sender
        self._heartbeat = heartbeat
        self._sandboxed = sandboxed
        self._queue: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._outputs: dict[int, TurnOutput] = {}
        self._running_turn: int | None = None
        self._is_preparing = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Say that the engine has started, then work until Shutdown."""
        threading.Thread(target=self._read_commands, name="commands", daemon=True).start()
        version = self._runtime.version
        self._sender.send(protocol.Started(protocol.PROTOCOL_VERSION, version, self._sandboxed))
        while True:
            command = self._next_command()
            with self._heartbeat:
                match command:
                    case Load():
                        self._load(command)
                    case Prepare():
                        self._runtime.prepare(command)
                    case Generate():
                        self._generate(command)
                    case _:
                        return

    def _next_command(self) -> Command:
        """The next thing to do. Until it comes, the next prompt is read ahead in small steps."""
        prepared: int | None = None
        while self._begin_preparing():
            read = self._runtime.prepare_step()
            if read is None:
                if prepared is not None:
                    self._sender.send(protocol.Prepared(prepared))
                break
            prepared = read
        with self._lock:
            self._is_preparing = False
        return self._queue.get()

    def _begin_preparing(self) -> bool:
        with self._lock:
            self._is_preparing = self._queue.empty()
            self._runtime.allow()
            return self._is_preparing

    def _enqueue(self, command: Command) -> None:
        with self._lock:
            if isinstance(command, Generate):
                turn_id = command.turn_id
                self._outputs[turn_id] = TurnOutput(turn_id, self._sender, threading.Event())
            self._queue.put(command)
            # More to prepare mostly goes on from what is being read: that step may end. All else is urgent.
            if self._is_preparing and not isinstance(command, Prepare):
                self._runtime.interrupt()

    def _read_commands(self) -> None:
        # The end of the pipe means that the window has gone, however it went: nothing may outlive it.
        for line in self._commands:
            try:
                command = protocol.decode_command(line)
            except protocol.MalformedMessageError:
                os._exit(EXIT_CRASHED)
            match command:
                case protocol.Stop(turn_id):
                    self._stop(turn_id)
                case protocol.Shutdown():
                    os._exit(0)
                case protocol.AnswerNow() | protocol.Pause() | protocol.Resume():
                    self._steer(command)
                case _:
                    self._enqueue(command)
        os._exit(EXIT_PIPE_CLOSED)

    def _steer(self, command: protocol.AnswerNow | protocol.Pause | protocol.Resume) -> None:
        with self._lock:
            output = self._outputs.get(command.turn_id)
        match command:
            case _ if output is None:
                return
            case protocol.AnswerNow():
                output.answer_requested.set()
                output.hints.put(None)
            case protocol.Pause():
                output.pause_requested.set()
            case protocol.Resume(hint=hint) if output.is_waiting:
                output.is_waiting = False
                output.hints.put(hint)
            case _:
                output.pause_requested.clear()  # it was about to wait

    def _stop(self, turn_id: int) -> None:
        with self._lock:
            output = self._outputs.get(turn_id)
            if output is None:
                return
            output.stop_requested.set()
            output.hints.put(None)
            if self._running_turn == turn_id:
                self._runtime.interrupt()

    def _load(self, command: Load) -> None:
        last_sent = 0.0

        def progress(fraction: float) -> None:
            nonlocal last_sent
            now = time.monotonic()
            if now - last_sent >= 0.1:  # ten steps a second are enough for a bar
                last_sent = now
                self._sender.send(protocol.LoadProgressed(fraction))

        try:
            facts = self._runtime.load(command, progress)
        except EngineFault as fault:
            self._sender.send(protocol.LoadFailed(fault.code, fault.facts))
        else:
            self._sender.send(protocol.Loaded(facts))

    def _generate(self, command: Generate) -> None:
        turn_id = command.turn_id
        with self._lock:
            output = self._outputs[turn_id]
            self._running_turn = turn_id
            self._runtime.allow()
            if output.stop_requested.is_set():
                self._runtime.interrupt()
        try:
            reason, usage = self._runtime.run_turn(command, output)
            output.flush()
            event: protocol.WorkerEvent = protocol.TurnFinished(turn_id, reason, usage)
        except EngineFault as fault:
            output.flush()
            event = protocol.TurnFailed(turn_id, fault.code, fault.facts)
        finally:
            with self._lock:
                self._running_turn = None
                del self._outputs[turn_id]
        self._sender.send(event)


def take_protocol_descriptors() -> tuple[BinaryIO, EventSender]:
    """Keep standard input and output for the protocol alone.

    Descriptor 1 then leads to standard error and descriptor 0 to nothing, so that what C code prints
    or reads cannot get in between.
    """
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    commands = os.fdopen(os.dup(0), "rb", buffering=1024 * 1024)
    events = os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return commands, EventSender(events)


def guard_process() -> bool:
    """Die with the window, write no core file (it would hold the chat), leave the terminal's keys to it.

    Gives whether the system keeps this process from the internet, from now on.
    """
    for key in ("SIGINT", "SIGQUIT", "SIGBREAK"):  # Ctrl-C, Ctrl-\\, and Windows' Ctrl-Break
        if hasattr(signal, key):
            signal.signal(getattr(signal, key), signal.SIG_IGN)
    forbid_core_dumps()
    if sys.platform == "win32":
        return False
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    return sandbox.forbid_internet()


def run_engine_process(make_runtime: Callable[[], Runtime]) -> None:
    """Be an engine process until it is told to end. A bug ends it with `EXIT_CRASHED`.

    What a bug prints names places in the code and the kind of exception, never its message: that
    could hold words of the chat.
    """
    sandboxed = guard_process()
    commands, sender = take_protocol_descriptors()
    heartbeat = Heartbeat(lambda: sender.send(protocol.Alive()))
    try:
        with heartbeat:
            runtime = make_runtime()
        EngineLoop(runtime, commands, sender, heartbeat, sandboxed=sandboxed).run()
    except Exception as error:  # noqa: BLE001 - the last line of the process: it says where, and ends
        import traceback  # some milliseconds of every start, for what hardly ever happens

        sys.stderr.write("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + "\n")
        sys.stderr.flush()
        os._exit(EXIT_CRASHED)
    os._exit(0)
