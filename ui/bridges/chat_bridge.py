"""The one border between the chat's thread and the window: events come in, signals go out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, assert_never

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.chat.events import (
    ChatEvent,
    ContextFilled,
    ConversationOpened,
    ConversationsFound,
    ConversationsListed,
    Deleted,
    DeletionForgotten,
    EngineStateChanged,
    Locked,
    Noticed,
    PromptProgress,
    QuestionRejected,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
    Unlocked,
    UnlockRefused,
)
from models.engine.kv_type import KvType
from models.engine.protocol import Sampling, Thinking
from ui.bridges.arrivals import Arrivals

ChatListener = Callable[[ChatEvent], None]


class Chat(Protocol):
    """What the window asks of the chat controller. Every call returns at once, except `close`."""

    def start(self) -> None:
        """Start the thread; events follow."""
        ...

    def close(self, timeout_s: float = 5.0) -> None:
        """End engine and thread; blocks `timeout_s` at most."""
        ...

    def ask(self, text: str) -> None:
        """Ask in the conversation in front."""
        ...

    def stop(self) -> None:
        """End the running reply."""
        ...

    def answer_now(self) -> None:
        """Close the running thought and begin the answer."""
        ...

    def pause(self) -> None:
        """Let the running thought wait; `TurnPaused` follows."""
        ...

    def go_on(self, turn_id: int) -> None:
        """Let the last answer of the conversation in front go on where it ended early."""
        ...

    def resume(self, hint: str = "") -> None:
        """Let the thought that waits go on, with a hint in the model's own voice."""
        ...

    def try_again(self) -> None:
        """Stop the running reply and ask the same again, with another seed."""
        ...

    def prepare_draft(self, draft: str) -> None:
        """Read a long draft ahead; it has changed and rests now."""
        ...

    def new_conversation(self) -> None:
        """Put an empty conversation in front."""
        ...

    def open_conversation(self, conversation_id: int) -> None:
        """Put this conversation in front."""
        ...

    def rename_conversation(self, conversation_id: int, title: str) -> None:
        """Give it another title."""
        ...

    def delete_conversation(self, conversation_id: int) -> None:
        """Delete it with all its turns; `Deleted` follows."""
        ...

    def new_temporary_conversation(self) -> None:
        """Put an empty conversation in front of which nothing is ever written."""
        ...

    def ask_version(self, turn_id: int, text: str) -> None:
        """Ask beside a question in front: an edited one, or the same for another answer."""
        ...

    def show_version(self, turn_id: int) -> None:
        """Put the conversation of a turn in front, with the path that goes through it."""
        ...

    def branch(self, turn_id: int) -> None:
        """Copy the path up to and with that turn into a chat of its own and put it in front."""
        ...

    def delete_turn(self, turn_id: int) -> None:
        """Delete a question with its reply; what follows it stays. `Deleted` follows."""
        ...

    def create_folder(self, name: str, conversation_id: int | None = None) -> None:
        """Make a folder, and put this conversation into it."""
        ...

    def rename_folder(self, folder_id: int, name: str) -> None:
        """Give a folder another name."""
        ...

    def delete_folder(self, folder_id: int) -> None:
        """Delete a folder; its conversations stay, in none. `Deleted` follows."""
        ...

    def move_conversation(self, conversation_id: int, folder_id: int | None) -> None:
        """Put it into a folder; None: into none."""
        ...

    def pin_conversation(self, conversation_id: int, is_pinned: bool) -> None:
        """Keep it at the top of the list, or no longer."""
        ...

    def archive_conversation(self, conversation_id: int, is_archived: bool) -> None:
        """Put it out of the way, or back."""
        ...

    def undo_delete(self) -> None:
        """Bring back what was deleted last; `DeletionForgotten` follows."""
        ...

    def forget_deleted(self) -> None:
        """Wipe what was deleted, for good; `DeletionForgotten` follows."""
        ...

    def list_more(self) -> None:
        """List more of the conversations that were used longer ago; `ConversationsListed` follows."""
        ...

    def list_again(self) -> None:
        """Say the list again: an import has written to the history."""
        ...

    def search(self, text: str) -> None:
        """Look for words; `ConversationsFound` follows."""
        ...

    def use_model(self, model_path: Path) -> None:
        """Load another model."""
        ...

    def restart_engine(self) -> None:
        """Start the engine again."""
        ...

    def set_sampling(self, sampling: Sampling) -> None:
        """Draw tokens this way from the next question on."""
        ...

    def set_thinking(self, thinking: Thinking) -> None:
        """Let the model think so long, from the next question on."""
        ...

    def repair_history(self, repair: Callable[[], None]) -> None:
        """Close the history, call `repair` on the chat's thread, and open it again."""
        ...

    def unlock_history(self, unlock: Callable[[], bool]) -> None:
        """Call `unlock` on the chat's thread, and open the history if that worked."""
        ...

    def lock(self, forget_keys: Callable[[], None]) -> None:
        """End reply and engine, close the history, forget what is in memory; `Locked` follows."""
        ...

    def unlock(self, admit: Callable[[], None]) -> None:
        """Open the history unless `admit`, on the chat's thread, raises; `Unlocked` or `UnlockRefused`."""
        ...

    def set_context(self, context_tokens: int) -> None:
        """Give the conversation in front a context of its own size, 0: what fits."""
        ...

    def set_kv_type(self, kv_type: KvType) -> None:
        """Store the attention cache this way."""
        ...

    def set_unload_after(self, idle_s: float) -> None:
        """End the engine after so long without anything to do; 0: never."""
        ...

    def set_reads_ahead(self, reads_ahead: bool) -> None:
        """Whether the next prompt is read ahead in the background."""
        ...


class ChatBridge(QObject):
    """Holds the chat and turns its events into signals on the thread this object lives on.

    Signals: one for each event class of `app.chat.events`, emitted in the order the events happened.
    """

    engine_changed = Signal(EngineStateChanged)
    conversations_listed = Signal(ConversationsListed)
    conversation_opened = Signal(ConversationOpened)
    conversations_found = Signal(ConversationsFound)
    deleted = Signal(Deleted)
    deletion_forgotten = Signal(DeletionForgotten)
    question_rejected = Signal(QuestionRejected)
    turn_started = Signal(TurnStarted)
    context_filled = Signal(ContextFilled)
    prompt_progressed = Signal(PromptProgress)
    reply_grew = Signal(ReplyDelta)
    turn_paused = Signal(TurnPaused)
    turn_ended = Signal(TurnEnded)
    noticed = Signal(Noticed)
    locked = Signal(Locked)
    unlock_refused = Signal(UnlockRefused)
    unlocked = Signal(Unlocked)

    _arrived = Signal(object)

    def __init__(self, make_chat: Callable[[ChatListener], Chat], parent: QObject | None = None) -> None:
        """`make_chat` gets the listener and gives the chat; the listener may be called on any thread."""
        super().__init__(parent)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._arrivals = Arrivals[ChatEvent](self._arrived.emit)
        self.chat = make_chat(self._arrivals)

    def close(self) -> None:
        """End its threads. Takes a few seconds at most; what is said later is not heard."""
        self.chat.close()
        self._arrivals.close()

    @Slot(object)
    def _deliver(self, event: ChatEvent) -> None:
        match event:
            case ReplyDelta():
                self.reply_grew.emit(event)
            case ContextFilled():
                self.context_filled.emit(event)
            case PromptProgress():
                self.prompt_progressed.emit(event)
            case TurnStarted():
                self.turn_started.emit(event)
            case TurnPaused():
                self.turn_paused.emit(event)
            case TurnEnded():
                self.turn_ended.emit(event)
            case QuestionRejected():
                self.question_rejected.emit(event)
            case EngineStateChanged():
                self.engine_changed.emit(event)
            case ConversationsListed():
                self.conversations_listed.emit(event)
            case ConversationOpened():
                self.conversation_opened.emit(event)
            case ConversationsFound():
                self.conversations_found.emit(event)
            case Deleted():
                self.deleted.emit(event)
            case DeletionForgotten():
                self.deletion_forgotten.emit(event)
            case Noticed():
                self.noticed.emit(event)
            case Locked():
                self.locked.emit(event)
            case UnlockRefused():
                self.unlock_refused.emit(event)
            case Unlocked():
                self.unlocked.emit(event)
            case _:
                assert_never(event)
