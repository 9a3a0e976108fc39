"""Questions and their replies, one at a time: asked, followed, stored as they grow, ended once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.chat import events
from app.chat.engine_host import EngineHost
from app.chat.events import ChatEvent, EngineState, EngineStateChanged
from app.chat.front import FrontConversation
from app.chat.guarded import guarded
from app.chat.turn import AGAIN_TEMPERATURE, RunningTurn
from app.errors import AppError, HistoryError, InputError
from app.history.records import Turn
from models.engine import protocol
from models.engine.protocol import Sampling, StopReason, Thinking
from models.errors import ENGINE_GONE, engine_error

SAVE_INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be asked. `version_of`: beside that turn; None: at the end of the chat in front.

    `goes_on`: nothing is asked, the answer of that turn goes on. `sampling` None: as the settings say.
    """

    text: str
    version_of: int | None = None
    goes_on: int | None = None
    sampling: Sampling | None = None


class Replies:
    """The turn that runs, if one does. Used on the chat's thread only.

    `wake()` starts an engine that sleeps; `ended()` is called after every turn. `sampling` and `thinking`
    hold from the next question on.
    """

    def __init__(
        self,
        *,
        say: Callable[[ChatEvent], None],
        front: FrontConversation,
        engine: EngineHost,
        sampling: Sampling,
        thinking: Thinking,
        wake: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._say = say
        self._front = front
        self._engine = engine
        self.sampling = sampling
        self.thinking = thinking
        self._wake = wake
        self._ended = ended
        self.running: RunningTurn | None = None
        self._asks_again: Turn | None = None
        self._waiting: Question | None = None
        self._saved_at = 0.0

    def ask(self, question: Question) -> None:
        """Ask, or wait for the engine; `TurnStarted` or `QuestionRejected` follows."""
        if question.text.strip() and self._engine.state is not EngineState.READY:
            if self._engine.state in {EngineState.STARTING, EngineState.LOADING}:
                self._waiting = question
                return
            if self._engine.state is EngineState.ASLEEP:
                self._waiting = question
                self._wake()
                return
        try:
            self._begin(question)
        except AppError as error:
            self._reject(question, error)

    def follow_engine(self, change: EngineStateChanged) -> None:
        """The engine moved on: a question that waited for it is asked or given back."""
        question = self._waiting
        if question is None or change.state in {EngineState.STARTING, EngineState.LOADING}:
            return
        self._waiting = None
        if change.error is not None:
            self._reject(question, change.error)
        else:
            self.ask(question)

    def go_on(self, turn_id: int) -> None:
        """Let the last answer go on from where it ended early; `TurnStarted` or `Noticed` follows."""
        self.ask(Question("…", goes_on=turn_id))

    def _reject(self, question: Question, error: AppError) -> None:
        rejects = question.goes_on is None
        self._say(events.QuestionRejected(question.text, error) if rejects else events.Noticed(error))

    def give_back(self, error: AppError) -> None:
        """A question that waits for the engine is not asked."""
        question, self._waiting = self._waiting, None
        if question is not None:
            self._say(events.QuestionRejected(question.text, error))

    def stop(self) -> None:
        """End the running reply now."""
        if self.running is not None:
            self._engine.stop(self.running.engine_turn_id)

    def pause(self) -> None:
        """Let the running thought wait."""
        if self.running is not None:
            self._engine.pause(self.running.engine_turn_id)

    def resume(self, hint: str) -> None:
        """Let it go on, with a hint."""
        if self.running is not None:
            self.running.go_on()
            self._engine.resume(self.running.engine_turn_id, hint)

    def answer_now(self) -> None:
        """Close the running thought."""
        if self.running is not None:
            self.running.go_on()
            self._engine.answer_now(self.running.engine_turn_id)

    def try_again(self) -> None:
        """Stop, and ask the same beside it, with other chances."""
        if self.running is not None:
            self._asks_again = self.running.turn
            self.stop()

    def abandon(self) -> None:
        """End the running turn without the engine's last word, and stop that."""
        if self.running is not None:
            self.stop()
            self._asks_again = None
            self._end(self.running.abandoned())

    def take(self, event: protocol.TurnEvent) -> None:
        """Follow an event of the engine; one of another turn is dropped."""
        running = self.running
        if running is None or event.turn_id != running.engine_turn_id:
            return
        match event:
            case protocol.Delta():
                self._take_delta(running, event)
            case protocol.TurnBegan():
                self._say(running.begin(event))
            case protocol.PromptProgressed():
                self._say(events.PromptProgress(running.turn.id, event.processed_tokens, event.total_tokens))
            case protocol.Paused():
                self._say(running.pause(event))
            case protocol.TurnFinished():
                if event.stop_reason is not StopReason.STOPPED:
                    self._engine.note_answer()
                self._end(running.finished(event.stop_reason, event.usage))
            case protocol.TurnFailed():
                error = engine_error(event.code, event.facts)
                self._end(running.failed(_lasting_words(error)), error)

    def _begin(self, question: Question) -> None:
        text = question.text.strip()
        if not text:
            raise InputError("The question is empty.", advice="Write one first.")
        if self.running is not None:
            raise InputError(
                "A reply is being written.",
                kept="Your question is kept.",
                advice="Stop it, or wait for its end.",
            )
        if self._engine.state is not EngineState.READY:
            raise engine_error("engine_stopped", {})
        if question.goes_on is not None:
            turn = self._front.resume_turn(question.goes_on)
        elif question.version_of is None:
            turn = self._front.begin_turn(text, self._engine.title)
        else:
            turn = self._front.begin_version(text, self._engine.title, question.version_of)
        self._say(events.TurnStarted(turn, self.thinking.budget_tokens, thought=self._front.thought_of(turn)))
        guarded(self._say, self._front.list_all)
        self._saved_at = time.monotonic()
        self._generate(turn, question.sampling or self.sampling)

    def _generate(self, turn: Turn, sampling: Sampling) -> None:
        try:
            engine_turn_id = self._engine.generate(
                self._front.messages(turn.question),
                sampling,
                self.thinking,
                self._front.context_tokens,
                turn.answer,
            )
        except AppError as error:
            self._end(RunningTurn(turn, 0).failed(_lasting_words(error)), error)
        else:
            self.running = RunningTurn(turn, engine_turn_id, self.thinking.budget_tokens)

    def _take_delta(self, running: RunningTurn, delta: protocol.Delta) -> None:
        delta = running.take(delta)
        if self._front.conversation_id == running.turn.conversation_id:
            self._say(events.ReplyDelta(running.turn.id, delta.kind, delta.text, delta.tokens))
        now = time.monotonic()
        if running.answer_text and running.is_safe_to_save and now - self._saved_at >= SAVE_INTERVAL_S:
            self._saved_at = now
            history = self._front.history
            guarded(self._say, lambda: history.save_answer_so_far(running.turn.id, running.answer_text))

    def _end(self, turn: Turn, error: AppError | None = None) -> None:
        """Store and say how a turn ended. Where it cannot be stored it is still shown."""
        running, self.running = self.running, None
        try:
            turn = self._front.history.end_turn(
                turn.id, state=turn.state, answer=turn.answer, usage=turn.usage, failure=turn.failure
            )
        except HistoryError as failure:
            self._say(events.Noticed(failure))
        self._front.take_ended(turn, running.thought_text if running is not None else "")
        self._say(events.TurnEnded(turn, error))
        self._ended()
        again, self._asks_again = self._asks_again, None
        if again is not None and again.id == turn.id and turn.conversation_id == self._front.conversation_id:
            sampling = Sampling(AGAIN_TEMPERATURE, self.sampling.top_p)
            self.ask(Question(again.question, version_of=again.id, sampling=sampling))


def _lasting_words(error: AppError) -> str:
    """What is kept of an error: the engine runs again by the time it is read."""
    return f"{error.message} {error.kept}".strip() if isinstance(error, ENGINE_GONE) else str(error)
