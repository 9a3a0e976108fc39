"""The chat as a whole: one thread that owns the conversation, the history and the engine.

Every public method only puts an order into a queue, and every event of the engine goes into the same
queue, so that all state is touched by one thread and whoever shows the chat never waits. A question
is in the history before the engine sees it; an answer is stored as it grows, at most once a second.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from app import power
from app.chat.crash_record import CrashRecord
from app.chat.desk import Desk
from app.chat.engine_host import EngineHost
from app.chat.events import ChatEvent, EngineState, EngineStateChanged, Locked, Noticed
from app.chat.front import FrontConversation
from app.chat.guarded import guarded
from app.chat.replies import Question, Replies
from app.errors import AppError, InputError
from app.history.memory import History
from models.engine import protocol
from models.engine.kv_type import KvType
from models.engine.protocol import EngineEvent, Sampling, Thinking
from models.gguf_info import read_chat_model

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
        self._reads_ahead = reads_ahead
        self._unload_after_s = unload_after_s
        self._allows_background_work = allows_background_work
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="chat", daemon=True)
        self._front = FrontConversation(listener)
        self._engine = EngineHost(
            command=engine_command,
            context_tokens=context_tokens,
            kv_type=kv_type,
            built_in_model_path=built_in_model_path,
            say=self._on_engine_state,
            deliver=lambda generation, event: self._orders.put(lambda: self._on_engine(generation, event)),
            crash_record=crash_record,
        )
        self._replies = Replies(
            say=listener,
            front=self._front,
            engine=self._engine,
            sampling=sampling or Sampling(),
            thinking=thinking or Thinking(),
            wake=lambda: self._start_engine(self._engine.model_path),
            ended=self._after_turn,
        )
        self._desk = Desk(
            say=listener,
            front=self._front,
            replies=self._replies,
            prepare=self._prepare,
            on_upkeep_problem=self._on_upkeep_problem,
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
        self._put_unless_locked(lambda: self._replies.ask(Question(text)))

    def ask_version(self, turn_id: int, text: str) -> None:
        """Ask beside a question in front: an edited one, or the same for another answer.

        `ConversationOpened` with the path before it and `TurnStarted` follow, or `QuestionRejected`.
        """
        self._put_unless_locked(lambda: self._replies.ask(Question(text, version_of=turn_id)))

    def go_on(self, turn_id: int) -> None:
        """Let the last answer of the chat in front go on where it ended early, without another thought."""
        self._put_unless_locked(lambda: self._replies.go_on(turn_id))

    def stop(self) -> None:
        """End the running reply now; what stands of the answer is kept."""
        self._orders.put(self._replies.stop)

    def answer_now(self) -> None:
        """Close the running thought; the answer begins with the next token."""
        self._orders.put(self._replies.answer_now)

    def pause(self) -> None:
        """Let the running thought wait; `TurnPaused` follows."""
        self._orders.put(self._replies.pause)

    def resume(self, hint: str = "") -> None:
        """Let the thought go on; a hint goes into it in the model's own voice."""
        self._orders.put(lambda: self._replies.resume(hint))

    def try_again(self) -> None:
        """Stop the running reply and ask the same beside it, with another seed and a little more chance."""
        self._orders.put(self._replies.try_again)

    def prepare_draft(self, draft: str) -> None:
        """Read a long draft ahead while it is typed; call it when it has changed and rests."""
        self._put_unless_locked(lambda: self._prepare(draft))

    def new_conversation(self) -> None:
        """Put an empty conversation in front. It is stored with its first question."""
        self._put_unless_locked(self._desk.show_new)

    def new_temporary_conversation(self) -> None:
        """Put an empty conversation in front of which nothing is written; it lasts until Ponder closes."""
        self._put_unless_locked(lambda: self._desk.show_new(is_temporary=True))

    def open_conversation(self, conversation_id: int) -> None:
        """Put a conversation in front. A reply that is being written elsewhere goes on."""
        self._put(lambda: self._desk.show(conversation_id))

    def show_version(self, turn_id: int) -> None:
        """Put the conversation of a turn in front, with the path that goes through it."""
        self._put(lambda: self._desk.show_version(turn_id))

    def branch(self, turn_id: int) -> None:
        """Copy the path up to and with that turn into a chat of its own and put it in front."""
        self._put(lambda: self._desk.branch(turn_id))

    def rename_conversation(self, conversation_id: int, title: str) -> None:
        """Give a conversation another title."""
        self._change(lambda history: history.rename(conversation_id, title))

    def move_conversation(self, conversation_id: int, folder_id: int | None) -> None:
        """Put a conversation into a folder; None: into none."""
        self._change(lambda history: history.move(conversation_id, folder_id))

    def pin_conversation(self, conversation_id: int, is_pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        self._change(lambda history: history.set_pinned(conversation_id, is_pinned))

    def archive_conversation(self, conversation_id: int, is_archived: bool) -> None:
        """Put a conversation out of the way, or back."""
        self._change(lambda history: history.set_archived(conversation_id, is_archived))

    def create_folder(self, name: str, conversation_id: int | None = None) -> None:
        """Make a folder, and put this conversation into it."""

        def create(history: History) -> None:
            folder = history.create_folder(name)
            if conversation_id is not None:
                history.move(conversation_id, folder.id)

        self._change(create)

    def rename_folder(self, folder_id: int, name: str) -> None:
        """Give a folder another name."""
        self._change(lambda history: history.rename_folder(folder_id, name))

    def delete_conversation(self, conversation_id: int) -> None:
        """Delete a conversation with all its turns; `Deleted` follows."""
        self._put(lambda: self._desk.delete_conversation(conversation_id))

    def delete_turn(self, turn_id: int) -> None:
        """Delete a question with its reply; what follows it stays. `Deleted` follows."""
        self._put(lambda: self._desk.delete_turn(turn_id))

    def delete_folder(self, folder_id: int) -> None:
        """Delete a folder; its conversations stay, in none. `Deleted` follows."""
        self._put(lambda: self._desk.delete_folder(folder_id))

    def undo_delete(self) -> None:
        """Bring back what was deleted last; `DeletionForgotten` follows."""
        self._put(self._desk.undo_delete)

    def forget_deleted(self) -> None:
        """Wipe what was deleted, for good; `DeletionForgotten` follows."""
        self._put(self._desk.forget_deleted)

    def list_more(self) -> None:
        """List more of the conversations that were used longer ago."""
        self._put_unless_locked(lambda: guarded(self._say, self._front.list_more))

    def list_again(self) -> None:
        """Say the list again: an import has written to the history."""
        self._change(lambda _history: None)

    def search(self, text: str) -> None:
        """Look for words; `ConversationsFound` follows."""
        self._put(lambda: self._desk.search(text))

    def use_model(self, model_path: Path) -> None:
        """Load another model. A file that is no chat model changes nothing (`Noticed`)."""
        self._orders.put(lambda: guarded(self._say, lambda: self._use_model(model_path)))

    def set_context(self, context_tokens: int) -> None:
        """Give the conversation in front a context size of its own, 0: as usual."""
        self._put(lambda: self._desk.set_context(context_tokens))

    def set_kv_type(self, kv_type: KvType) -> None:
        """Store the attention cache this way; the model is loaded anew for it."""
        self._orders.put(lambda: self._set_kv_type(kv_type))

    def restart_engine(self) -> None:
        """Start the engine again with the same model."""
        self._put_unless_locked(self._restart)

    def set_sampling(self, sampling: Sampling) -> None:
        """Draw tokens this way from the next question on."""
        self._orders.put(lambda: setattr(self._replies, "sampling", sampling))

    def set_thinking(self, thinking: Thinking) -> None:
        """Let the model think so long, from the next question on."""
        self._orders.put(lambda: setattr(self._replies, "thinking", thinking))

    def set_reads_ahead(self, reads_ahead: bool) -> None:
        """Whether the engine reads the next prompt ahead while nothing else is to do."""
        self._orders.put(lambda: self._set_reads_ahead(reads_ahead))

    def set_unload_after(self, idle_s: float) -> None:
        """End the engine after so long without anything to do; 0: never. The next question wakes it."""
        self._orders.put(lambda: setattr(self, "_unload_after_s", idle_s))

    def repair_history(self, repair: Callable[[], None]) -> None:
        """Close the history, call `repair` on the chat's thread, open it again; `Noticed` if it fails."""
        self._put_unless_locked(lambda: self._desk.repair_history(repair, self._open_history))

    def unlock_history(self, unlock: Callable[[], bool]) -> None:
        """Call `unlock` on the chat's thread; if it says that it worked, open the history.

        What was asked while it was locked is stored then. `Noticed` if it cannot be opened.
        """
        self._put_unless_locked(lambda: self._desk.unlock_history(unlock, self._open_history))

    def lock(self, forget_keys: Callable[[], None]) -> None:
        """End reply and engine, close the history, forget what is in memory, the keys too; `Locked` follows.

        What stands of a running answer is stored. Thoughts and temporary conversations are gone. Until
        `unlock` all orders about chats are dropped; the others hold.
        """
        self._orders.put(lambda: self._lock(forget_keys))

    def unlock(self, admit: Callable[[], None]) -> None:
        """Open the history unless `admit` raises an `AppError`; `Unlocked` follows, or `UnlockRefused`.

        `admit` is called on the chat's thread. The next question wakes the engine.
        """
        self._orders.put(lambda: self._unlock(admit))

    def _put_unless_locked(self, order: Callable[[], None]) -> None:
        self._orders.put(lambda: None if self._desk.is_locked else order())

    def _put(self, order: Callable[[], None]) -> None:
        """An order that may fail without harm."""
        self._put_unless_locked(lambda: guarded(self._say, order))

    def _change(self, change: Callable[[History], object]) -> None:
        self._put(lambda: self._desk.change(change))

    # The thread.

    def _run(self) -> None:
        while (order := self._next_order()) is not None:
            try:
                order()
            except Exception:  # noqa: BLE001 - a bug goes to the crash dialog, the chat goes on
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        self._replies.abandon()
        self._engine.end()
        self._front.history.close()

    def _next_order(self) -> Callable[[], None] | None:
        """The next thing to do; an engine that had nothing to do for long gives its memory back."""
        is_idle = self._replies.running is None and self._engine.state is EngineState.READY
        try:
            return self._orders.get(
                timeout=self._unload_after_s if is_idle and self._unload_after_s else None
            )
        except queue.Empty:
            return self._engine.sleep

    def _begin(self) -> None:
        self._desk.open_history(self._open_history)
        self._start_engine(self._first_model_path, by_itself=True)
        self._desk.maintain(UPKEEP_DELAY_S)

    def _lock(self, forget_keys: Callable[[], None]) -> None:
        if self._desk.is_locked:
            return
        self._replies.give_back(InputError("Ponder was locked before this was asked."))
        self._replies.abandon()
        self._desk.lock(forget_keys)
        self._engine.sleep()
        self._say(Locked())

    def _unlock(self, admit: Callable[[], None]) -> None:
        if self._desk.is_locked:
            self._desk.unlock(admit, self._open_history)

    def _on_upkeep_problem(self, error: AppError) -> None:
        self._put_unless_locked(lambda: self._say(Noticed(error, lasting=True)))  # comes on another thread

    def _after_turn(self) -> None:
        self._prepare()
        guarded(self._say, self._front.list_all)
        self._desk.maintain()

    def _prepare(self, draft: str = "") -> None:
        """Have the next prompt read ahead as far as it is known: follow-ups then start at once."""
        if self._replies.running is None and self._reads_ahead and self._allows_background_work():
            messages = self._front.messages(draft)[:-1]
            self._engine.prepare(messages, draft, self._front.context_tokens)

    def _set_reads_ahead(self, reads_ahead: bool) -> None:
        self._reads_ahead = reads_ahead
        if reads_ahead:
            self._prepare()
        elif self._replies.running is None:
            self._engine.prepare(())  # drops what is being read

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
        if self._desk.is_locked:
            self._engine.model_path, self._engine.model = model_path, None
            self._engine.sleep()
            return
        self._replies.abandon()
        self._engine.start(model_path, info.context_length_tokens)

    def _set_kv_type(self, kv_type: KvType) -> None:
        if kv_type is not self._engine.kv_type:
            self._engine.kv_type = kv_type
            if self._engine.state is not EngineState.ASLEEP:
                self._restart()

    def _restart(self) -> None:
        self._replies.abandon()
        self._start_engine(self._engine.model_path)

    def _on_engine_state(self, change: EngineStateChanged) -> None:
        self._say(change)
        self._replies.follow_engine(change)

    def _on_engine(self, generation: int, event: EngineEvent) -> None:
        if generation != self._engine.generation:
            return
        if isinstance(event, protocol.TurnEvent):
            self._replies.take(event)
        else:
            self._engine.take(event)
