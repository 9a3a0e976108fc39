"""The chat as a whole: one thread that owns the conversation, the history and the engine.

Every public method only puts an order into a queue, and every event of the engine goes into the same
queue, so that all state is touched by one thread and whoever shows the chat never waits. A question
is in the history before the engine sees it; an answer is stored as it grows, at most once a second.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app import power
from app.chat import events
from app.chat.crash_record import CrashRecord
from app.chat.engine_host import EngineHost
from app.chat.events import ChatEvent, EngineState, EngineStateChanged
from app.chat.front import FrontConversation
from app.chat.turn import AGAIN_TEMPERATURE, RunningTurn
from app.errors import AppError, HistoryError, InputError
from app.history.memory import History, MemoryHistory
from app.history.records import Turn
from models.engine import protocol
from models.engine.protocol import EngineEvent, KvType, Sampling, StopReason, Thinking
from models.errors import engine_error
from models.gguf_info import read_chat_model

SAVE_INTERVAL_S = 1.0
UPKEEP_DELAY_S = 10.0
"""How long after the start the history is looked after: the model is being loaded until then."""


class ChatController:
    """Runs the chat on a thread of its own; `listener` gets every `ChatEvent`, on that thread.

    `open_history` is called on the thread; None: nothing is written. `context_tokens` 0: the engine
    chooses. `reads_ahead`: the next prompt is processed in the background as soon as an answer ends,
    as often as `allows_background_work()`: not on a low battery. `unload_after_s`: the engine ends after so
    long without anything to do, 0: never.
    `engine_command` None: the real engine. `crash_record` None: nothing is remembered of models that
    ended the engine.
    """

    def __init__(
        self,
        *,
        listener: Callable[[ChatEvent], None],
        open_history: Callable[[], History] | None,
        model_path: Path,
        built_in_model_path: Path,
        context_tokens: int = 0,
        kv_type: KvType = KvType.F16,
        sampling: Sampling | None = None,
        thinking: Thinking | None = None,
        reads_ahead: bool = True,
        unload_after_s: float = 0.0,
        allows_background_work: Callable[[], bool] = power.allows_background_work,
        engine_command: Sequence[str] | None = None,
        crash_record: CrashRecord | None = None,
    ) -> None:
        self._say = listener
        self._open_history = open_history
        self._first_model_path = model_path
        self._sampling = sampling or Sampling()
        self._thinking = thinking or Thinking()
        self._reads_ahead = reads_ahead
        self._unload_after_s = unload_after_s
        self._allows_background_work = allows_background_work
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="chat", daemon=True)
        self._front = FrontConversation(listener)
        self._running: RunningTurn | None = None
        self._asks_again: Turn | None = None
        self._saved_at = 0.0
        self._waiting_question: str | None = None
        self._engine = EngineHost(
            command=engine_command,
            context_tokens=context_tokens,
            kv_type=kv_type,
            built_in_model_path=built_in_model_path,
            say=self._on_engine_state,
            deliver=lambda generation, event: self._orders.put(lambda: self._on_engine(generation, event)),
            crash_record=crash_record,
        )

    # Orders, from any thread.

    def start(self) -> None:
        """Start the thread: it opens the history, lists it, and loads the model."""
        self._orders.put(self._begin)
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """End the running turn, the engine and the thread; waits `timeout_s` at most."""
        self._orders.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def ask(self, text: str) -> None:
        """Ask a question in the conversation in front. `TurnStarted` or `QuestionRejected` follows."""
        self._orders.put(lambda: self._ask(text))

    def stop(self) -> None:
        """End the running reply now; what stands of the answer is kept."""
        self._orders.put(self._stop)

    def answer_now(self) -> None:
        """Close the running thought; the answer begins with the next token."""
        self._orders.put(self._answer_now)

    def pause(self) -> None:
        """Let the running thought wait; `TurnPaused` follows."""
        self._orders.put(self._pause)

    def resume(self, hint: str = "") -> None:
        """Let the thought go on; a hint goes into it in the model's own voice."""
        self._orders.put(lambda: self._resume(hint))

    def try_again(self) -> None:
        """Stop the running reply and ask the same again, with another seed and a little more chance."""
        self._orders.put(self._try_again)

    def prepare_draft(self, draft: str) -> None:
        """Read a long draft ahead while it is typed; call it when it has changed and rests."""
        self._orders.put(lambda: self._prepare(draft))

    def new_conversation(self) -> None:
        """Put an empty conversation in front. It is stored with its first question."""
        self._orders.put(self._new_conversation)

    def open_conversation(self, conversation_id: int) -> None:
        """Put a conversation in front. A reply that is being written elsewhere goes on."""
        self._orders.put(lambda: self._guarded(lambda: self._show(conversation_id)))

    def rename_conversation(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        self._orders.put(lambda: self._guarded(lambda: self._rename(conversation_id, title)))

    def delete_conversation(self, conversation_id: int) -> None:
        """Delete a conversation with all its turns."""
        self._orders.put(lambda: self._guarded(lambda: self._delete(conversation_id)))

    def search(self, text: str) -> None:
        """Look for words; `ConversationsFound` follows."""
        self._orders.put(
            lambda: self._guarded(
                lambda: self._say(events.ConversationsFound(text, tuple(self._front.history.search(text))))
            )
        )

    def use_model(self, model_path: Path) -> None:
        """Load another model. A file that is no chat model changes nothing (`Noticed`)."""
        self._orders.put(lambda: self._guarded(lambda: self._use_model(model_path)))

    def set_context(self, context_tokens: int) -> None:
        """Give the conversation in front a context size of its own, 0: as usual."""
        self._orders.put(lambda: self._guarded(lambda: self._set_context(context_tokens)))

    def set_kv_type(self, kv_type: KvType) -> None:
        """Store the attention cache this way; the model is loaded anew for it."""
        self._orders.put(lambda: self._set_kv_type(kv_type))

    def restart_engine(self) -> None:
        """Start the engine again with the same model."""
        self._orders.put(self._restart)

    def set_sampling(self, sampling: Sampling) -> None:
        """Draw tokens this way from the next question on."""
        self._orders.put(lambda: setattr(self, "_sampling", sampling))

    def set_thinking(self, thinking: Thinking) -> None:
        """Let the model think so long, from the next question on."""
        self._orders.put(lambda: setattr(self, "_thinking", thinking))

    def set_reads_ahead(self, reads_ahead: bool) -> None:
        """Whether the engine reads the next prompt ahead while nothing else is to do."""
        self._orders.put(lambda: self._set_reads_ahead(reads_ahead))

    def set_unload_after(self, idle_s: float) -> None:
        """End the engine after so long without anything to do; 0: never. The next question wakes it."""
        self._orders.put(lambda: setattr(self, "_unload_after_s", idle_s))

    def repair_history(self, repair: Callable[[], None]) -> None:
        """Close the history, call `repair` on the chat's thread, open it again; `Noticed` if it fails."""
        self._orders.put(lambda: self._repair_history(repair))

    # The thread.

    def _run(self) -> None:
        while (order := self._next_order()) is not None:
            try:
                order()
            except Exception:  # noqa: BLE001 - a bug goes to the crash dialog, the chat goes on
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        self._abandon_running_turn()
        self._engine.end()
        self._front.history.close()

    def _next_order(self) -> Callable[[], None] | None:
        """The next thing to do; an engine that had nothing to do for long gives its memory back."""
        is_idle = self._running is None and self._engine.state is EngineState.READY
        try:
            return self._orders.get(
                timeout=self._unload_after_s if is_idle and self._unload_after_s else None
            )
        except queue.Empty:
            return self._engine.sleep

    def _begin(self) -> None:
        self._open_and_list()
        self._start_engine(self._first_model_path, by_itself=True)
        self._front.history.maintain(self._on_upkeep_problem, UPKEEP_DELAY_S)

    def _open_and_list(self) -> None:
        if self._open_history is not None:
            try:
                self._front.history = self._open_history()
            except AppError as error:
                self._say(events.Noticed(error, lasting=True))
        self._guarded(self._front.list_all)

    def _repair_history(self, repair: Callable[[], None]) -> None:
        if self._running is not None:
            self._engine.stop(self._running.engine_turn_id)
            self._abandon_running_turn()
        self._front.history.close()
        self._front.history = MemoryHistory()
        self._front.clear()
        self._guarded(repair)
        self._open_and_list()

    def _on_upkeep_problem(self, error: AppError) -> None:
        self._orders.put(lambda: self._say(events.Noticed(error, lasting=True)))  # comes on another thread

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do something that may fail without harm: what went wrong is said."""
        try:
            action()
        except AppError as error:
            self._say(events.Noticed(error))

    # Conversations.

    def _new_conversation(self) -> None:
        self._front.clear()
        self._prepare()

    def _show(self, conversation_id: int) -> None:
        self._front.open(conversation_id, self._running)
        self._prepare()

    def _rename(self, conversation_id: int, title: str) -> None:
        self._front.history.rename(conversation_id, title)
        self._front.list_all()

    def _set_context(self, context_tokens: int) -> None:
        self._front.set_context(context_tokens)
        self._prepare()

    def _delete(self, conversation_id: int) -> None:
        if self._running is not None and self._running.turn.conversation_id == conversation_id:
            self._engine.stop(self._running.engine_turn_id)
            self._running = None
        self._front.history.delete(conversation_id)
        self._front.history.maintain(self._on_upkeep_problem)
        self._front.list_all()
        if conversation_id == self._front.conversation_id:
            self._new_conversation()

    # One question.

    def _ask(self, text: str, sampling: Sampling | None = None) -> None:
        if self._engine.state in {EngineState.STARTING, EngineState.LOADING} and text.strip():
            self._waiting_question = text
            return
        if self._engine.state is EngineState.ASLEEP and text.strip():
            self._waiting_question = text
            self._start_engine(self._engine.model_path)
            return
        try:
            self._begin_turn(text, sampling or self._sampling)
        except AppError as error:
            self._say(events.QuestionRejected(text, error))

    def _begin_turn(self, text: str, sampling: Sampling) -> None:
        if not text.strip():
            raise InputError("The question is empty.", advice="Write one first.")
        if self._running is not None:
            raise InputError(
                "A reply is being written.",
                kept="Your question is kept.",
                advice="Stop it, or wait for its end.",
            )
        if self._engine.state is not EngineState.READY:
            raise engine_error("engine_stopped", {})
        turn = self._front.begin_turn(text.strip(), self._engine.title)
        self._say(events.TurnStarted(turn, self._thinking.budget_tokens))
        self._guarded(self._front.list_all)
        self._saved_at = time.monotonic()
        try:
            engine_turn_id = self._engine.generate(
                self._front.messages(turn.question), sampling, self._thinking, self._front.context_tokens
            )
        except AppError as error:
            self._end(RunningTurn(turn, 0).failed(str(error)), error)
        else:
            self._running = RunningTurn(turn, engine_turn_id, self._thinking.budget_tokens)

    def _stop(self) -> None:
        if self._running is not None:
            self._engine.stop(self._running.engine_turn_id)

    def _pause(self) -> None:
        if self._running is not None:
            self._engine.pause(self._running.engine_turn_id)

    def _resume(self, hint: str) -> None:
        if self._running is not None:
            self._running.go_on()
            self._engine.resume(self._running.engine_turn_id, hint)

    def _try_again(self) -> None:
        if self._running is not None:
            self._asks_again = self._running.turn
            self._stop()

    def _answer_now(self) -> None:
        if self._running is not None:
            self._running.go_on()
            self._engine.answer_now(self._running.engine_turn_id)

    def _prepare(self, draft: str = "") -> None:
        """Have the next prompt read ahead as far as it is known: follow-ups then start at once."""
        if self._running is None and self._reads_ahead and self._allows_background_work():
            messages = self._front.messages(draft)[:-1]
            self._engine.prepare(messages, draft, self._front.context_tokens)

    def _set_reads_ahead(self, reads_ahead: bool) -> None:
        self._reads_ahead = reads_ahead
        if reads_ahead:
            self._prepare()
        elif self._running is None:
            self._engine.prepare(())  # drops what is being read

    def _take_delta(self, running: RunningTurn, delta: protocol.Delta) -> None:
        running.take(delta)
        if self._front.conversation_id == running.turn.conversation_id:
            self._say(events.ReplyDelta(running.turn.id, delta.kind, delta.text, delta.tokens))
        now = time.monotonic()
        if running.answer_text and running.is_safe_to_save and now - self._saved_at >= SAVE_INTERVAL_S:
            self._saved_at = now
            self._guarded(
                lambda: self._front.history.save_answer_so_far(running.turn.id, running.answer_text)
            )

    def _end(self, turn: Turn, error: AppError | None = None) -> None:
        """Store and say how a turn ended. Where it cannot be stored it is still shown."""
        running, self._running = self._running, None
        try:
            turn = self._front.history.end_turn(
                turn.id, state=turn.state, answer=turn.answer, usage=turn.usage, failure=turn.failure
            )
        except HistoryError as failure:
            self._say(events.Noticed(failure))
        self._front.take_ended(turn, running.thought_text if running is not None else "")
        self._say(events.TurnEnded(turn, error))
        self._prepare()
        self._guarded(self._front.list_all)
        self._front.history.maintain(self._on_upkeep_problem)
        again, self._asks_again = self._asks_again, None
        if again is not None and again.id == turn.id and turn.conversation_id == self._front.conversation_id:
            self._ask(again.question, Sampling(AGAIN_TEMPERATURE, self._sampling.top_p))

    def _abandon_running_turn(self) -> None:
        if self._running is not None:
            self._end(self._running.abandoned())

    # The engine.

    def _start_engine(self, model_path: Path, *, by_itself: bool = False) -> None:
        try:
            info = read_chat_model(model_path)
            if by_itself:
                self._engine.require_clean_record(model_path)
        except AppError as error:
            self._engine.model_path = model_path
            self._on_engine_state(
                EngineStateChanged(
                    EngineState.STOPPED, self._engine.title, self._engine.is_built_in, None, error
                )
            )
            return
        self._engine.start(model_path, info.context_length_tokens)

    def _use_model(self, model_path: Path) -> None:
        info = read_chat_model(model_path)
        self._abandon_running_turn()
        self._engine.start(model_path, info.context_length_tokens)

    def _set_kv_type(self, kv_type: KvType) -> None:
        if kv_type is not self._engine.kv_type:
            self._engine.kv_type = kv_type
            if self._engine.state is not EngineState.ASLEEP:
                self._restart()

    def _restart(self) -> None:
        self._abandon_running_turn()
        self._start_engine(self._engine.model_path)

    def _on_engine_state(self, change: EngineStateChanged) -> None:
        self._say(change)
        question = self._waiting_question
        if question is None or change.state in {EngineState.STARTING, EngineState.LOADING}:
            return
        self._waiting_question = None
        if change.error is not None:
            self._say(events.QuestionRejected(question, change.error))
        else:
            self._ask(question)

    def _on_engine(self, generation: int, event: EngineEvent) -> None:
        if generation != self._engine.generation:
            return
        if not isinstance(event, protocol.TurnEvent):
            self._engine.take(event)
        elif self._running is not None and event.turn_id == self._running.engine_turn_id:
            self._on_turn_event(self._running, event)

    def _on_turn_event(self, running: RunningTurn, event: protocol.TurnEvent) -> None:
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
                self._end(running.failed(str(error)), error)
