"""One engine process at a time, and the word of where it stands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from app.chat.crash_record import MAX_DEATHS, CrashRecord
from app.chat.events import EngineState, EngineStateChanged
from models.engine import protocol
from models.engine.client import EngineClient
from models.engine.kv_type import KvType
from models.engine.protocol import EngineEvent, Message, ModelFacts, Sampling, Thinking
from models.errors import AppError, EngineStoppedError, engine_error
from models.library import BUILT_IN_TITLE

CLOSE_TIMEOUT_S = 2.0


class EngineHost:
    """Starts, replaces and ends the engine process, and says every change of its state.

    `deliver(generation, event)` is called on the client's reader thread; events whose generation is
    not `generation` any more belong to a process that was replaced. All else is called on one thread.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None,
        context_tokens: int,
        kv_type: KvType,
        built_in_model_path: Path,
        say: Callable[[EngineStateChanged], None],
        deliver: Callable[[int, EngineEvent], None],
        crash_record: CrashRecord | None = None,
    ) -> None:
        self._command = command
        self._context_tokens = context_tokens
        self.kv_type = kv_type
        self._built_in_model_path = built_in_model_path
        self._say = say
        self._deliver = deliver
        self._crash_record = crash_record
        self._client: EngineClient | None = None
        self.generation = 0
        self.state = EngineState.STOPPED
        self.model_path = built_in_model_path
        self.model: ModelFacts | None = None

    @property
    def is_built_in(self) -> bool:
        """Whether the model is the one in the box."""
        return self.model_path == self._built_in_model_path

    @property
    def title(self) -> str:
        """The model's name for people."""
        if self.is_built_in:
            return BUILT_IN_TITLE
        return (self.model.name if self.model else "") or self.model_path.stem

    def require_clean_record(self, model_path: Path) -> None:
        """Raise `EngineStoppedError` where the model ended the engine too often to be loaded unasked."""
        deaths = self._crash_record.deaths(model_path) if self._crash_record else 0
        if deaths >= MAX_DEATHS:
            raise EngineStoppedError(
                f"This model ended the engine {deaths} times in a row, so it was not loaded by itself.",
                kept="Your conversations are all there.",
                advice="Restart the engine to try it once more, or choose another model.",
            )

    def start(self, model_path: Path, most_context_tokens: int) -> None:
        """Start a process in place of the one before, and load the model.

        `most_context_tokens`: what the model was trained for; the wish for a context is for all models.
        """
        self.end()
        self.generation += 1
        self.model_path, self.model = model_path, None
        client = EngineClient(functools.partial(self._deliver, self.generation), self._command)
        self._client = client
        self._change(EngineState.STARTING)
        try:
            client.start()
            if self._crash_record is not None:
                self._crash_record.begin_loading(model_path)
            context_tokens = min(self._context_tokens, most_context_tokens)
            client.load(model_path, context_tokens, kv_type=self.kv_type)
        except AppError as error:
            self._change(EngineState.STOPPED, error)

    def end(self) -> None:
        """End the process, if there is one."""
        if self._client is not None:
            self._client.close(CLOSE_TIMEOUT_S)
            self._client = None
            if self._crash_record is not None:
                self._crash_record.end_loading(self.model_path)

    def sleep(self) -> None:
        """End the process to give its memory back; `start` brings it back."""
        self.end()
        self.generation += 1
        self._change(EngineState.ASLEEP)

    def note_answer(self) -> None:
        """The model gave a whole answer: its record is clean again."""
        if self._crash_record is not None:
            self._crash_record.forgive(self.model_path)

    def generate(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        thinking: Thinking,
        context_tokens: int,
        answer_so_far: str = "",
    ) -> int:
        """Ask the model, or let it go on with an answer. Gives the engine's turn id.

        Raises `EngineStoppedError`.
        """
        if self._client is None:
            raise engine_error("engine_stopped", {})
        if thinking.skip and self.model is not None and not self.model.can_skip_thinking:
            thinking = msgspec.structs.replace(thinking, skip=False)  # the setting is for those that can
        return self._client.generate(
            messages,
            sampling=sampling,
            thinking=thinking,
            context_tokens=self._possible(context_tokens),
            answer_so_far=answer_so_far,
        )

    def stop(self, engine_turn_id: int) -> None:
        """End a turn now."""
        if self._client is not None:
            self._client.stop(engine_turn_id)

    def prepare(self, messages: Sequence[Message], draft: str = "", context_tokens: int = 0) -> None:
        """Let the engine read the next prompt ahead, while it has nothing else to do."""
        if self._client is not None and self.state is EngineState.READY:
            self._client.prepare(messages, draft, self._possible(context_tokens))

    def _possible(self, context_tokens: int) -> int:
        """A chat's wish is for whatever model answers it: not more than that one was trained for."""
        return min(context_tokens, self.model.trained_context_tokens) if self.model else context_tokens

    def answer_now(self, engine_turn_id: int) -> None:
        """Close the running thought of a turn."""
        if self._client is not None:
            self._client.answer_now(engine_turn_id)

    def pause(self, engine_turn_id: int) -> None:
        """Let the running thought of a turn wait."""
        if self._client is not None:
            self._client.pause(engine_turn_id)

    def resume(self, engine_turn_id: int, hint: str) -> None:
        """Let a thought that waits go on, with a hint."""
        if self._client is not None:
            self._client.resume(engine_turn_id, hint)

    def take(self, event: EngineEvent) -> None:
        """Follow an event of the current process that is about the process, not about a turn."""
        if self._crash_record is not None:
            if isinstance(event, protocol.Loaded | protocol.LoadFailed):
                self._crash_record.end_loading(self.model_path)
            elif isinstance(event, protocol.EngineExited) and not event.asked:
                self._crash_record.count_death(self.model_path)
        match event:
            case protocol.Started():
                self._change(EngineState.LOADING)
            case protocol.Loaded(model):
                self.model = model
                self._change(EngineState.READY)
            case protocol.LoadFailed(code, facts):
                self._change(EngineState.STOPPED, engine_error(code, facts))
            case protocol.EngineExited() if self.state is not EngineState.STOPPED:
                facts = {"detail": event.outcome, "exit": f"exit code {event.exit_code}"}
                self._change(EngineState.STOPPED, engine_error("engine_stopped", facts))
            case _:
                return

    def _change(self, state: EngineState, error: AppError | None = None) -> None:
        self.state = state
        self._say(EngineStateChanged(state, self.title, self.is_built_in, self.model, error, self.model_path))
