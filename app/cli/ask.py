"""`ponder ask`: one question, one answer, straight from the engine."""

from __future__ import annotations

import dataclasses
import queue
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from app import numbers_in_words as words
from app.chat.turn import AGAIN_TEMPERATURE, RunningTurn
from app.cli.conversation_input import conversation
from app.cli.interrupts import EXIT_INTERRUPTED, Interrupted, caught_interrupts
from app.cli.model_choice import check_model_file, chosen_model, model_title
from app.cli.output import Output
from app.cli.pause_prompt import PauseRequested, Word, ask_what_now, can_ask, caught_pauses
from app.cli.reply import ReplyText
from app.cli.surroundings import Surroundings
from app.cli.time_limit import Step, TimeLimit
from app.errors import InputError
from app.history.records import Turn
from app.settings import Settings, load_settings
from models.engine.client import EngineClient
from models.engine.kv_type import KvType
from models.engine.protocol import (
    Delta,
    EngineEvent,
    EngineExited,
    Loaded,
    LoadFailed,
    Message,
    ModelFacts,
    OnLoop,
    Paused,
    Sampling,
    StopReason,
    Thinking,
    ThoughtEnd,
    TurnFailed,
    TurnFinished,
)
from models.errors import (
    AppError,
    EngineError,
    EngineProtocolError,
    EngineStoppedError,
    ModelFileError,
    PromptTooLongError,
    engine_error,
)

AskEvent = EngineEvent | Interrupted | PauseRequested
_POLL_INTERVAL_S = 0.5
"""Windows looks at Ctrl-C only between two waits."""
_THOUGHT_ENDS = {
    ThoughtEnd.BUDGET: "The budget ended the thought after {thought}.",
    ThoughtEnd.RESERVE: "The thought was ended after {thought}, to leave room for the answer.",
    ThoughtEnd.ASKED: "The time limit ended the thought after {thought}.",
    ThoughtEnd.LOOP: "The thought went in circles and was ended after {thought}.",
}

if TYPE_CHECKING:
    from app.history.store import HistoryStore


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What the command line said. None: it said nothing of it."""

    question: str | None
    model: str | None
    messages: str | None
    temperature: float | None
    top_p: float | None
    seed: int | None
    max_tokens: int | None
    budget: int | None
    think_at_least: int | None
    no_thinking: bool
    timeout: float | None
    context: int | None
    json: bool
    show_thinking: bool
    save: bool
    kv_type: str | None


def ask(options: AskOptions, surroundings: Surroundings) -> int:
    """Ask, show the answer, and give the exit code. Raises `AppError`, and KeyboardInterrupt."""
    if options.save:
        surroundings.unlocked_key()  # it may ask for a passphrase, before the question is read
    messages = conversation(options.question, options.messages, surroundings.stdin)
    settings, problem = load_settings(surroundings.paths.settings_file)
    if problem is not None:
        # A script must not get its answer from another model than the one the file names.
        problem.kept = "Nothing was asked; the file was left as it is."
        problem.advice = "Correct the file, or remove it."
        raise problem
    is_attended = not options.json and can_ask(surroundings.stdin, surroundings.output)
    wanted_thinking = thinking(options, settings)
    if is_attended:
        wanted_thinking = msgspec.structs.replace(wanted_thinking, on_loop=OnLoop.PAUSE)
    model_path = chosen_model(options.model, settings.model_path, surroundings)
    info = check_model_file(model_path)
    # What the command line asks for is taken at its word, the settings hold for models of all sizes.
    context_tokens = options.context or min(settings.context_tokens, info.context_length_tokens)
    with ExitStack() as stack:
        events: queue.SimpleQueue[AskEvent] = queue.SimpleQueue()
        # Before the history opens: Python forgets a KeyboardInterrupt where C code has called it back.
        stack.enter_context(caught_interrupts(events.put))
        history = stack.enter_context(closing(surroundings.open_history())) if options.save else None
        engine = EngineClient(events.put, surroundings.engine_command)
        stack.callback(engine.close)
        if is_attended:
            stack.enter_context(caught_pauses(events.put))
        asking = _Asking(options, surroundings.output, engine, events, history)
        engine.start()
        kv_type = KvType(options.kv_type) if options.kv_type else settings.kv_type
        engine.load(model_path, context_tokens, kv_type=kv_type)
        facts = asking.wait_for_model()
        question = _Question(
            messages,
            sampling(options, settings),
            wanted_thinking,
            model_title(model_path, facts, surroundings),
        )
        return asking.ask(question, may_think=facts.reasons and not wanted_thinking.skip)


def sampling(options: AskOptions, settings: Settings) -> Sampling:
    """What the command line says, and what the settings say of the rest."""
    return Sampling(
        temperature=settings.temperature if options.temperature is None else options.temperature,
        top_p=settings.top_p if options.top_p is None else options.top_p,
        seed=options.seed,
    )


def thinking(options: AskOptions, settings: Settings) -> Thinking:
    """What the command line says of thinking; the settings' budget where it says nothing at all.

    Raises `InputError` where the command line contradicts itself.
    """
    budget, at_least = options.budget or 0, options.think_at_least or 0
    if options.budget is None and not at_least and not options.no_thinking:
        return settings.thinking()
    if options.no_thinking and (budget or at_least):
        other = "--budget" if budget else "--think-at-least"
        raise InputError(f"--no-thinking and {other} contradict each other.", advice="Give one of them.")
    if budget and at_least > budget:
        raise InputError(
            f"The model cannot think for at least {words.tokens(at_least)} on a budget of {budget:,}.",
            advice="Raise --budget or lower --think-at-least.",
        )
    return Thinking(budget_tokens=budget, at_least_tokens=at_least, skip=options.no_thinking)


@dataclass(frozen=True, slots=True)
class _Question:
    """What goes to the engine, and the model's name for people."""

    messages: Sequence[Message]
    sampling: Sampling
    thinking: Thinking
    model_name: str


class _Asking:
    """One run of `ponder ask`, from the loading of the model to the last word of the answer."""

    def __init__(
        self,
        options: AskOptions,
        output: Output,
        engine: EngineClient,
        events: queue.SimpleQueue[AskEvent],
        history: HistoryStore | None,
    ) -> None:
        self._options = options
        self._output = output
        self._engine = engine
        self._events = events
        self._history = history
        self._reply = ReplyText(may_think=True)
        self._running: RunningTurn | None = None
        self._limit = TimeLimit(None)
        self._interrupted = False
        self._timed_out = False
        self._nobody_reads = False
        self._thought_line_open = False
        self._tries_again = False

    def wait_for_model(self) -> ModelFacts:
        """Give what the engine has loaded. Raises `AppError`, and KeyboardInterrupt on Ctrl-C."""
        while True:
            match self._next_event():
                case Loaded(facts):
                    return facts
                case LoadFailed(code, facts):
                    raise self._worded(engine_error(code, facts))
                case EngineExited(_, exit_code, outcome):
                    raise self._worded(_engine_has_gone(exit_code, outcome))
                case Interrupted():
                    raise KeyboardInterrupt

    def ask(self, question: _Question, *, may_think: bool) -> int:
        """Ask, show, save, and give the exit code. Raises `AppError`."""
        self._reply = ReplyText(may_think=may_think)
        stored = None
        if self._history is not None:
            stored = self._history.begin_turn(None, question.messages[-1].content, question.model_name)
        self._limit = TimeLimit(self._options.timeout)
        try:
            end = self._try(question, stored)
            while self._tries_again:
                self._tries_again = False
                self._reply = ReplyText(may_think=may_think)
                again = msgspec.structs.replace(question.sampling, temperature=AGAIN_TEMPERATURE, seed=None)
                end = self._try(dataclasses.replace(question, sampling=again), stored)
        except AppError as error:
            if self._running is not None:
                self._save(self._running.failed(error.message))
            raise
        except KeyboardInterrupt:
            if self._running is not None:
                self._save(self._running.abandoned())
            raise
        self._reply.end()
        self._guarded(self._show_new)
        if self._options.json:
            self._guarded(lambda: self._output.json(self._as_object(end, question.model_name)))
        elif self._reply.answer:
            self._guarded(self._output.line)
        if self._running is not None:
            self._save(self._running.finished(end.stop_reason, end.usage))
        return self._exit_code(end)

    def _try(self, question: _Question, stored: Turn | None) -> TurnFinished:
        turn_id = self._engine.generate(
            question.messages,
            sampling=question.sampling,
            max_tokens=self._options.max_tokens or 0,
            thinking=question.thinking,
        )
        self._running = RunningTurn(stored, turn_id) if stored else None
        return self._follow(turn_id)

    def _follow(self, turn_id: int) -> TurnFinished:
        """Show the reply as it comes until it is over. Raises `EngineError` where the turn fails."""
        while True:
            match self._next_event():
                case Delta(_, kind, text, tokens) as delta:
                    self._reply.add(kind, text, tokens)
                    if self._running is not None:
                        self._running.take(delta)
                    self._guarded(self._show_new)
                case TurnFinished() as end:
                    return end
                case TurnFailed(_, code, facts):
                    error = self._worded(engine_error(code, facts))
                    if code == "cannot_skip_thinking":
                        error.advice = "Ask without --no-thinking; --budget 100 makes it think less."
                    raise error
                case PauseRequested():
                    self._engine.pause(turn_id)
                case Paused(_, _, finding):
                    self._decide(turn_id, finding)
                case Interrupted():
                    self._interrupted = True
                    self._engine.stop(turn_id)
                case Step.ANSWER_NOW:
                    self._engine.answer_now(turn_id)
                case Step.STOP:
                    self._timed_out = True
                    self._engine.stop(turn_id)
            if self._nobody_reads:
                self._engine.stop(turn_id)

    def _decide(self, turn_id: int, finding: str) -> None:
        """The thought waits: ask what is to happen."""
        decision = ask_what_now(self._output, finding)
        match decision.word:
            case Word.GO_ON:
                self._engine.resume(turn_id, decision.hint)
            case Word.ANSWER_NOW:
                self._engine.answer_now(turn_id)
            case Word.TRY_AGAIN:
                self._tries_again = True
                self._engine.stop(turn_id)
            case Word.STOP:
                self._interrupted = True
                self._engine.stop(turn_id)

    def _next_event(self) -> AskEvent | Step:
        while (step := self._limit.next_step()) is None:
            try:
                return self._events.get(timeout=min(_POLL_INTERVAL_S, self._limit.remaining_s))
            except queue.Empty:
                continue
        return step

    def _show_new(self) -> None:
        if self._options.json:
            return
        if self._options.show_thinking and (thought := self._reply.new_reasoning()):
            self._output.aside(thought, dim=True)
            self._thought_line_open = not thought.endswith("\n")
        if answer := self._reply.new_answer():
            if self._thought_line_open:
                self._output.aside("\n")
                self._thought_line_open = False
            self._output.answer(answer)

    def _guarded(self, write: Callable[[], None]) -> None:
        """Write, unless whoever read standard output has gone: `ponder ask ... | head -1`."""
        if self._nobody_reads:
            return
        try:
            write()
        except BrokenPipeError:
            self._nobody_reads = True

    def _exit_code(self, end: TurnFinished) -> int:
        """0 for an answer; says on standard error what the answer itself cannot say."""
        if self._nobody_reads:
            raise BrokenPipeError
        if self._interrupted:
            return EXIT_INTERRUPTED
        if self._options.json:
            return 0
        if self._reply.taken_back:
            self._output.error("The first part of what was shown turned out to be thinking.")
        if end.usage.thought_end in _THOUGHT_ENDS and end.usage.reasoning_tokens:
            thought = words.tokens(end.usage.reasoning_tokens)
            self._output.note(_THOUGHT_ENDS[end.usage.thought_end].format(thought=thought))
        if end.usage.left_out_turns:
            turns = "turn" if end.usage.left_out_turns == 1 else f"{end.usage.left_out_turns} turns"
            self._output.error(f"The oldest {turns} did not fit in the context; the model did not see them.")
        if end.stop_reason is StopReason.LENGTH:
            written = words.tokens(end.usage.reasoning_tokens + end.usage.answer_tokens)
            self._output.error(
                f"The reply was cut after {written}: {self._unfinished()}. See --max-tokens and --context."
            )
        if end.stop_reason is StopReason.STOPPED and self._timed_out:
            self._output.error(f"The time is over: {self._unfinished()}. See --timeout.")
        return 0 if self._reply.answer else 1

    def _unfinished(self) -> str:
        return "the answer is not finished" if self._reply.answer else "no answer came"

    def _save(self, ended: Turn) -> None:
        """Write the reply down, once it is over: before, what looks like an answer may be a thought."""
        if self._history is not None:
            self._history.end_turn(
                ended.id, state=ended.state, answer=ended.answer, usage=ended.usage, failure=ended.failure
            )

    def _as_object(self, end: TurnFinished, model_name: str) -> dict[str, Any]:
        usage = end.usage
        return {
            "reasoning": self._reply.reasoning,
            "answer": self._reply.answer,
            "model": model_name,
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.cached_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
            "answer_tokens": usage.answer_tokens,
            "time_to_first_token_s": round(usage.time_to_first_token_s, 4),
            "reasoning_s": round(usage.reasoning_s, 4),
            "tokens_per_s": round(usage.tokens_per_s, 2),
            "left_out_turns": usage.left_out_turns,
            "thought_end": usage.thought_end.value,
            "stop_reason": end.stop_reason.value,
            "answer_s": round(usage.answer_s, 4),
            "prompt_tokens_per_s": round(usage.prompt_tokens_per_s, 2),
            "reasoning_tokens_per_s": round(usage.reasoning_tokens_per_s, 2),
            "answer_tokens_per_s": round(usage.answer_tokens_per_s, 2),
            "context_tokens": usage.context_tokens,
        }

    def _worded(self, error: EngineError | ModelFileError) -> AppError:
        """The error in words that fit a command that ends with it."""
        error.kept = "The question is kept in the history." if self._history is not None else ""
        if isinstance(error, PromptTooLongError):
            error.advice = "Shorten it, or give the model a larger context with --context."
        elif isinstance(error, EngineStoppedError | EngineProtocolError):
            error.advice = "Give the command again."
        return error


def _engine_has_gone(exit_code: int, outcome: str) -> EngineError | ModelFileError:
    return engine_error("engine_stopped", {"detail": outcome, "exit": exit_code})
