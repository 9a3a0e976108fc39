"""What the chat controller tells whoever shows the chat: plain values, in the order they happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.chat.engine_state import EngineState as EngineState
from app.history.records import Conversation, ConversationSummary, Folder, SearchHit, Turn
from models.engine.protocol import ModelFacts, PauseReason
from models.errors import AppError
from models.reasoning import PieceKind


@dataclass(frozen=True, slots=True)
class EngineStateChanged:
    """The engine moved on. `model` stands once it is READY, `error` where it STOPPED.

    `built_in`: the model is Ponder Mini, the demonstration model in the box. `model_path`: its file.
    """

    state: EngineState
    model_title: str
    built_in: bool
    model: ModelFacts | None = None
    error: AppError | None = None
    model_path: Path | None = None


@dataclass(frozen=True, slots=True)
class ConversationsListed:
    """The conversations, the last used first, and all folders; said again after every change of the list.

    `has_more`: there are others that were used longer ago, for `list_more`.

    The temporary ones are among them, as long as Ponder runs.
    """

    conversations: tuple[ConversationSummary, ...]
    folders: tuple[Folder, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """Something was deleted, and `undo_delete` brings it back until `DeletionForgotten`."""

    words: str


@dataclass(frozen=True, slots=True)
class DeletionForgotten:
    """What was deleted last was brought back, or all is gone for good.

    There is nothing to undo any more, unless a `Deleted` of what was deleted before follows.
    """


@dataclass(frozen=True, slots=True)
class ConversationOpened:
    """The conversation that is now in front; None is a new one with nothing in it yet.

    `thoughts` holds, by turn id, those written since the program started: they are in memory only. A
    turn of it that is still RUNNING is not among the turns; `TurnStarted` and its deltas follow.
    `is_temporary`: nothing of it is written. It stands for a new one too, which has no summary yet.
    """

    conversation: Conversation | None
    thoughts: Mapping[int, str] = field(default_factory=dict)
    is_temporary: bool = False


@dataclass(frozen=True, slots=True)
class ConversationsFound:
    """The answer to `search(text)`. So many turns were not looked through: they are not in the index yet."""

    text: str
    hits: tuple[SearchHit, ...]
    turns_not_searched: int = 0


@dataclass(frozen=True, slots=True)
class QuestionRejected:
    """The question was not taken; `text` goes back into the composer."""

    text: str
    error: AppError


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The question is stored (unless history is off) and goes to the engine now.

    `budget_tokens`: how long its thought may get; 0: as long as there is room. `thought_s`: how long it
    has thought already, where the chat comes back to it. Where `turn` has an answer, that goes on: the
    turn is at the end of the chat in front already or comes back to it, deltas say what is new, and `thought`
    is what led to the answer, if it is still in memory.
    """

    turn: Turn
    budget_tokens: int = 0
    thought_s: float = 0.0
    thought: str = ""


@dataclass(frozen=True, slots=True)
class ContextFilled:
    """The prompt is put together: it takes so many tokens of a context of so many; the rest is room."""

    turn_id: int
    prompt_tokens: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """The engine has read so many tokens of the prompt."""

    turn_id: int
    processed_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """A few new characters of one reply. RECLASSIFIED has no text: the answer so far was thinking.

    `turn_id` names the question they answer; a reader drops what answers another one, so text that
    was on its way when the user pressed Stop never lands in the next reply.
    """

    turn_id: int
    kind: PieceKind
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class TurnPaused:
    """The thought waits for `resume`, `answer_now`, `try_again` or `stop`.

    `finding` says what was seen of a loop; it is empty where the user asked for the pause.
    """

    turn_id: int
    reason: PauseReason
    finding: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """Nothing more follows for this turn. `error` stands where it failed."""

    turn: Turn
    error: AppError | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user should know that is no answer to what they just did (a banner).

    `lasting`: it holds until the program ends (the history cannot be written, say).
    """

    error: AppError
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Locked:
    """History and engine are closed, and nothing of any chat is in the chat's memory any more.

    Until `Unlocked` nothing is answered but `unlock`. Chats that could not be stored yet are the exception.
    """


@dataclass(frozen=True, slots=True)
class UnlockRefused:
    """What was given opens nothing, or the key is not there. All is as it was: locked."""

    error: AppError


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The history is open again; its list follows, and the conversation that was in front."""


ChatEvent = (
    EngineStateChanged
    | ConversationsListed
    | Deleted
    | DeletionForgotten
    | ConversationOpened
    | ConversationsFound
    | QuestionRejected
    | TurnStarted
    | ContextFilled
    | PromptProgress
    | ReplyDelta
    | TurnPaused
    | TurnEnded
    | Noticed
    | Locked
    | UnlockRefused
    | Unlocked
)
