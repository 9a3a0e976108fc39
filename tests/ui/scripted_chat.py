"""A chat for tests of the window: notes what it is asked, says what the test wants it to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.chat.events import ChatEvent, EngineState, EngineStateChanged
from app.history.records import ConversationSummary, Turn, TurnState
from models.engine.kv_type import KvType
from models.engine.protocol import ModelFacts, Sampling, Thinking, Usage
from ui.bridges.chat_bridge import ChatListener

MODEL = ModelFacts("Test model", "qwen2", 16_384, 32_768, 800_000, 4_000_000, True)


class ScriptedChat:
    """Stands in for the chat controller. `orders` holds every call as (name, argument)."""

    def __init__(self, listener: ChatListener) -> None:
        self.say = listener
        self.orders: list[tuple[str, object]] = []

    def say_all(self, events: Sequence[ChatEvent]) -> None:
        """Say these in their order."""
        for event in events:
            self.say(event)

    def named(self, name: str) -> list[object]:
        """The arguments of all orders of that name."""
        return [argument for order, argument in self.orders if order == name]

    def start(self) -> None:
        self.orders.append(("start", None))

    def close(self, timeout_s: float = 5.0) -> None:
        self.orders.append(("close", None))

    def ask(self, text: str) -> None:
        self.orders.append(("ask", text))

    def stop(self) -> None:
        self.orders.append(("stop", None))

    def answer_now(self) -> None:
        self.orders.append(("answer_now", None))

    def pause(self) -> None:
        self.orders.append(("pause", None))

    def go_on(self, turn_id: int) -> None:
        self.orders.append(("go_on", turn_id))

    def resume(self, hint: str = "") -> None:
        self.orders.append(("resume", hint))

    def try_again(self) -> None:
        self.orders.append(("try_again", None))

    def prepare_draft(self, draft: str) -> None:
        self.orders.append(("prepare_draft", draft))

    def new_conversation(self) -> None:
        self.orders.append(("new", None))

    def open_conversation(self, conversation_id: int) -> None:
        self.orders.append(("open", conversation_id))

    def rename_conversation(self, conversation_id: int, title: str) -> None:
        self.orders.append(("rename", (conversation_id, title)))

    def delete_conversation(self, conversation_id: int) -> None:
        self.orders.append(("delete", conversation_id))

    def new_temporary_conversation(self) -> None:
        self.orders.append(("new_temporary", None))

    def ask_version(self, turn_id: int, text: str) -> None:
        self.orders.append(("ask_version", (turn_id, text)))

    def show_version(self, turn_id: int) -> None:
        self.orders.append(("show_version", turn_id))

    def branch(self, turn_id: int) -> None:
        self.orders.append(("branch", turn_id))

    def delete_turn(self, turn_id: int) -> None:
        self.orders.append(("delete_turn", turn_id))

    def create_folder(self, name: str, conversation_id: int | None = None) -> None:
        self.orders.append(("create_folder", (name, conversation_id)))

    def rename_folder(self, folder_id: int, name: str) -> None:
        self.orders.append(("rename_folder", (folder_id, name)))

    def delete_folder(self, folder_id: int) -> None:
        self.orders.append(("delete_folder", folder_id))

    def move_conversation(self, conversation_id: int, folder_id: int | None) -> None:
        self.orders.append(("move", (conversation_id, folder_id)))

    def pin_conversation(self, conversation_id: int, is_pinned: bool) -> None:
        self.orders.append(("pin", (conversation_id, is_pinned)))

    def archive_conversation(self, conversation_id: int, is_archived: bool) -> None:
        self.orders.append(("archive", (conversation_id, is_archived)))

    def undo_delete(self) -> None:
        self.orders.append(("undo_delete", None))

    def forget_deleted(self) -> None:
        self.orders.append(("forget_deleted", None))

    def list_more(self) -> None:
        self.orders.append(("list_more", None))

    def list_again(self) -> None:
        self.orders.append(("list_again", None))

    def search(self, text: str) -> None:
        self.orders.append(("search", text))

    def use_model(self, model_path: Path) -> None:
        self.orders.append(("use_model", model_path))

    def restart_engine(self) -> None:
        self.orders.append(("restart", None))

    def set_sampling(self, sampling: Sampling) -> None:
        self.orders.append(("sampling", sampling))

    def set_thinking(self, thinking: Thinking) -> None:
        self.orders.append(("thinking", thinking))

    def repair_history(self, repair: Callable[[], None]) -> None:
        self.orders.append(("repair_history", repair))
        repair()

    def unlock_history(self, unlock: Callable[[], bool]) -> None:
        self.orders.append(("unlock_history", unlock))
        unlock()

    def lock(self, forget_keys: Callable[[], None]) -> None:
        self.orders.append(("lock", forget_keys))

    def unlock(self, admit: Callable[[], None]) -> None:
        self.orders.append(("unlock", admit))

    def set_context(self, context_tokens: int) -> None:
        self.orders.append(("context", context_tokens))

    def set_kv_type(self, kv_type: KvType) -> None:
        self.orders.append(("kv_type", kv_type))

    def set_unload_after(self, idle_s: float) -> None:
        self.orders.append(("unload_after", idle_s))

    def set_reads_ahead(self, reads_ahead: bool) -> None:
        self.orders.append(("reads_ahead", reads_ahead))


def ready() -> EngineStateChanged:
    """The engine is there with the built-in model."""
    return EngineStateChanged(EngineState.READY, "Ponder Mini", built_in=True, model=MODEL)


def turn(
    turn_id: int = 1,
    *,
    question: str = "What is 47 * 36?",
    answer: str = "",
    state: TurnState = TurnState.RUNNING,
    conversation_id: int = 1,
    failure: str = "",
) -> Turn:
    """A turn in conversation 1."""
    return Turn(
        turn_id,
        conversation_id,
        question,
        answer,
        state,
        "Ponder Mini",
        datetime.now(UTC),
        Usage(prompt_tokens=1000, reasoning_tokens=1_210, answer_tokens=100),
        failure,
    )


def summary(conversation_id: int, title: str, updated_at: datetime | None = None) -> ConversationSummary:
    """A line of the sidebar."""
    when = updated_at or datetime.now(UTC)
    return ConversationSummary(conversation_id, title, when, when, 1)
