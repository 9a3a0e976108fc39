"""The messages between Ponder and its engine process: one JSON object a line, both ways.

Commands go to the engine's standard input. Events come back over a descriptor that only the
protocol holds (the worker moves file descriptor 1 aside at its start), so that what C code prints
cannot corrupt it. Each turn ends exactly once, with `TurnFinished` or `TurnFailed`; where the
process dies first, the client says `TurnFailed` in its place.
"""

from __future__ import annotations

import enum

import msgspec

from models.engine.kv_type import KvType
from models.reasoning import PieceKind

PROTOCOL_VERSION = 1
DEFAULT_RESERVE_TOKENS = 1024
MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is not a message: a million tokens of history stay far below it."""


class StopReason(enum.StrEnum):
    """Why a turn that did not fail came to its end."""

    END = "end"
    LENGTH = "length"
    STOPPED = "stopped"


class ThoughtEnd(enum.StrEnum):
    """What ended the thought of a reply.

    MODEL: the model itself. BUDGET: the budget the user gave. RESERVE: the room that is kept for the
    answer was reached. ASKED: the user asked for the answer now. LOOP: it went in circles. NONE: there was
    no thought, or it was stopped before its end.
    """

    NONE = ""
    MODEL = "model"
    BUDGET = "budget"
    RESERVE = "reserve"
    ASKED = "asked"
    LOOP = "loop"


class OnLoop(enum.StrEnum):
    """What happens when a thought goes in circles: close it and answer, wait for a word, or nothing."""

    ANSWER = "answer"
    PAUSE = "pause"
    IGNORE = "ignore"


class PauseReason(enum.StrEnum):
    """Why a turn waits: the user asked for it, or its thought goes in circles."""

    ASKED = "asked"
    LOOP = "loop"


class Message(msgspec.Struct, frozen=True):
    """One message of the chat as the model is to see it. `role`: system, user or assistant."""

    role: str
    content: str


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is drawn. `temperature` and `top_p` None: what is advised for the model's family.

    For R1 that is 0.6 and 0.95: https://github.com/deepseek-ai/DeepSeek-R1#usage-recommendations
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


class Thinking(msgspec.Struct, frozen=True):
    """How long the model may think, in tokens.

    `budget_tokens` 0: as long as there is room. `reserve_tokens` is the room that thinking can never
    use up; 0: `DEFAULT_RESERVE_TOKENS` or a quarter of what is left, whichever is less. `at_least_tokens`:
    a thought that would close earlier goes on with "Wait,". `skip`: answer without thinking; fails with
    "cannot_skip_thinking" for a family that was not trained for it.
    """

    budget_tokens: int = 0
    reserve_tokens: int = 0
    at_least_tokens: int = 0
    skip: bool = False
    on_loop: OnLoop = OnLoop.ANSWER


class Usage(msgspec.Struct, frozen=True):
    """The numbers of one turn. Token counts are the model's own tokens.

    `prompt_tokens` counts the whole prompt, `cached_tokens` the part of it that was still in the
    cache and cost nothing. `tokens_per_s` is the speed of writing, thinking and answer together.
    `left_out_turns`: how many of the oldest turns did not fit in the context and were not shown.
    `context_tokens`: how many fit, 0 where that was never known. `answer_s`: from the end of the thought, or
    the first token where there was none, to the last token.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    time_to_first_token_s: float = 0.0
    reasoning_s: float = 0.0
    tokens_per_s: float = 0.0
    left_out_turns: int = 0
    thought_end: ThoughtEnd = ThoughtEnd.NONE
    context_tokens: int = 0
    answer_s: float = 0.0

    @property
    def prompt_tokens_per_s(self) -> float:
        """The speed of reading what was not in the cache, 0 where that is not known."""
        return _rate(self.prompt_tokens - self.cached_tokens, self.time_to_first_token_s)

    @property
    def reasoning_tokens_per_s(self) -> float:
        """The speed of the thought, 0 where there was none."""
        return _rate(self.reasoning_tokens, self.reasoning_s)

    @property
    def answer_tokens_per_s(self) -> float:
        """The speed of the answer, 0 where there was none."""
        return _rate(self.answer_tokens, self.answer_s)


class ModelFacts(msgspec.Struct, frozen=True):
    """What the engine says of the model it has loaded. `reasons`: it writes thoughts.

    `family` and `family_title` are those of its `models.recipes.Recipe`. `allocated_bytes`: what llama.cpp
    took for it on all devices, the context included, 0 where that is not known.
    """

    name: str
    architecture: str
    context_tokens: int
    trained_context_tokens: int
    parameters: int
    size_bytes: int
    reasons: bool
    family: str = ""
    family_title: str = ""
    can_skip_thinking: bool = False
    allocated_bytes: int = 0


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load a model. `context_tokens` 0: what fits in the memory, at most the engine's default.

    Fails with the code "memory" where it does not fit: before anything is allocated.
    """

    model_path: str
    context_tokens: int = 0
    threads: int = 0
    kv_type: KvType = KvType.F16


class Generate(msgspec.Struct, frozen=True, tag="generate"):
    """Answer the last message. `max_tokens` 0: as many as the context has room for.

    `context_tokens`: the size of the context for this chat, 0: as loaded. Another size than before empties
    the cache; one that does not fit fails the turn with the code "memory".

    `answer_so_far`: the answer goes on from this text, without another thought. It comes back as the first
    of the reply, so that what comes together is the whole answer.
    """

    turn_id: int
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    max_tokens: int = 0
    thinking: Thinking = Thinking()
    context_tokens: int = 0
    answer_so_far: str = ""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End the turn now, during prompt processing too."""

    turn_id: int


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """Read what is known of the next prompt while nothing else is to do, so that its answer starts at once.

    `messages` are the chat so far, answers without thoughts; `draft` is what stands of the next question.
    Without both, what was being prepared is dropped. `Prepared` follows, unless a turn comes first.
    """

    messages: tuple[Message, ...] = ()
    draft: str = ""
    context_tokens: int = 0


class AnswerNow(msgspec.Struct, frozen=True, tag="answer_now"):
    """Close the thought and begin the answer, with the next token. Nothing where no thought runs."""

    turn_id: int


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    """Let a thought wait. `Paused` follows; nothing where no thought runs."""

    turn_id: int


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """Let a thought that waits go on; a hint goes into it in the model's own voice."""

    turn_id: int
    hint: str = ""


class Shutdown(msgspec.Struct, frozen=True, tag="shutdown"):
    """End the process. Closing its standard input does the same."""


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The engine process runs and understands this version of the protocol.

    `sandboxed`: the system keeps the process from opening internet sockets.
    """

    protocol_version: int
    engine_version: str
    sandboxed: bool = False


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """The process is there; sent every second while it starts, loads or writes. The client keeps it."""


class LoadProgressed(msgspec.Struct, frozen=True, tag="load_progressed"):
    """So much of the model is in memory, 0 to 1."""

    fraction: float


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The model is ready."""

    model: ModelFacts


class LoadFailed(msgspec.Struct, frozen=True, tag="load_failed"):
    """The model could not be loaded; see `models.errors.engine_error` for code and facts."""

    code: str
    facts: dict[str, str | int | float] = {}


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """What was known of the next prompt is read: so many tokens are in the cache."""

    tokens: int


class TurnBegan(msgspec.Struct, frozen=True, tag="turn_began"):
    """The prompt is put together: so many tokens, so many of them in the cache, of a context of this size."""

    turn_id: int
    prompt_tokens: int
    cached_tokens: int
    context_tokens: int
    left_out_turns: int = 0


class PromptProgressed(msgspec.Struct, frozen=True, tag="prompt_progressed"):
    """So many tokens of the prompt are processed."""

    turn_id: int
    processed_tokens: int
    total_tokens: int


class Delta(msgspec.Struct, frozen=True, tag="delta"):
    """A few new characters of one reply, `tokens` of them the model's own tokens.

    `RECLASSIFIED` has no text: all that came as answer in this turn so far was thinking.
    A reader drops deltas whose `turn_id` is not the one it waits for.
    """

    turn_id: int
    kind: PieceKind
    text: str
    tokens: int


class Paused(msgspec.Struct, frozen=True, tag="paused"):
    """The turn waits for Resume, AnswerNow or Stop. `finding` says what was seen of a loop."""

    turn_id: int
    reason: PauseReason
    finding: str = ""


class TurnFinished(msgspec.Struct, frozen=True, tag="turn_finished"):
    """Nothing more follows for this turn."""

    turn_id: int
    stop_reason: StopReason
    usage: Usage


class TurnFailed(msgspec.Struct, frozen=True, tag="turn_failed"):
    """Nothing more follows for this turn; see `models.errors.engine_error`."""

    turn_id: int
    code: str
    facts: dict[str, str | int | float] = {}


class EngineExited(msgspec.Struct, frozen=True, tag="engine_exited"):
    """The process is gone (said by the client, never by the worker).

    `asked`: Ponder ended it. `outcome` says it in words: "exited with code 3", "was killed (SIGKILL)".
    """

    asked: bool
    exit_code: int
    outcome: str


Command = Load | Generate | Prepare | Stop | AnswerNow | Pause | Resume | Shutdown
TurnEvent = TurnBegan | PromptProgressed | Delta | Paused | TurnFinished | TurnFailed
"""What is said of one turn, which `turn_id` names."""
WorkerEvent = Started | Alive | LoadProgressed | Loaded | LoadFailed | Prepared | TurnEvent
EngineEvent = WorkerEvent | EngineExited


def _rate(tokens: int, passed_s: float) -> float:
    return tokens / passed_s if tokens > 0 and passed_s > 0 else 0.0


_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_event_decoder: msgspec.json.Decoder[WorkerEvent] = msgspec.json.Decoder(WorkerEvent)


class EngineFault(Exception):  # noqa: N818 - it is turned into an event, never shown as it is
    """Raised inside the engine process to fail a load or a turn with a code and its facts."""

    def __init__(self, code: str, **facts: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class MalformedMessageError(ValueError):
    """A line that is no message of this protocol."""


def encode(message: Command | WorkerEvent) -> bytes:
    """The message as one line, newline included. JSON escapes newlines, so a line is a message."""
    return _encoder.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Read a command. Raises `MalformedMessageError`."""
    try:
        return _command_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError(str(error)) from error


def decode_event(untrusted_line: bytes) -> WorkerEvent:
    """Read an event. Raises `MalformedMessageError`."""
    try:
        return _event_decoder.decode(untrusted_line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError(str(error)) from error
