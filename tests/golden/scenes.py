"""The twelve scenes of the golden pictures: what was asked and answered, and where the window stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from app.chat.events import (
    ContextFilled,
    ConversationOpened,
    ConversationsListed,
    EngineState,
    EngineStateChanged,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
)
from app.history.records import Conversation, ConversationSummary, Turn, TurnState
from models.engine.protocol import PauseReason, ThoughtEnd, Usage
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.golden import texts
from tests.golden.stage import Stage
from tests.ui.scripted_chat import MODEL, ready

USAGE = Usage(
    prompt_tokens=1_204,
    cached_tokens=1_100,
    reasoning_tokens=1_310,
    answer_tokens=188,
    time_to_first_token_s=0.4,
    reasoning_s=42.0,
    tokens_per_s=31.2,
    thought_end=ThoughtEnd.MODEL,
    context_tokens=16_384,
    answer_s=6.1,
)
MODEL_NAME = "R1 Distill Qwen 7B"
LONG_AGO = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WIDE = (1000, 700)
NO_VERSIONS: Mapping[int, tuple[int, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class Scene:
    """`play` brings the window to where it is painted, `size` is that of the window."""

    name: str
    play: Callable[[Stage], None]
    size: tuple[int, int] = WIDE
    thoughts_open: bool = False


def _chats() -> tuple[ConversationSummary, ...]:
    """Those in the sidebar: three of today, three of yesterday."""
    now = datetime.now(UTC)
    return tuple(
        ConversationSummary(number, title, LONG_AGO, now - timedelta(days=(number - 1) // 3), 1)
        for number, title in enumerate(texts.TITLES, 1)
    )


def empty(stage: Stage) -> None:
    """A new chat with the model in the box."""
    stage.say(ready(), ConversationsListed(_chats()), ConversationOpened(None))


def short_chat(stage: Stage) -> None:
    """Two questions with answers; the first is the second of two versions, with its numbers unfolded."""
    _open(
        stage,
        1,
        _turn(1, texts.QUESTION_SUM, texts.ANSWER_SHORT),
        _turn(2, "And with cubes?", texts.ANSWER_AGAIN),
        versions={1: (7, 1)},
    )
    first = stage.page.transcript.turn_widget(1)
    assert first is not None
    assert first.footer is not None
    first.footer.details.click()


def thinking_folded(stage: Stage) -> None:
    """A thought passes by in one line."""
    _think(stage)


def thinking_open(stage: Stage) -> None:
    """A thought is read while it grows, its outline beside it."""
    _think(stage)
    stage.page.transcript.built_turns()[-1].thinking.outline_button.click()


def formulas(stage: Stage) -> None:
    """Inline, displayed and boxed."""
    _open(stage, 1, _turn(1, "Solve x² − 3x + 2 = 0.", texts.ANSWER_FORMULAS))


def code_and_table(stage: Stage) -> None:
    """Highlighted code and a table with three alignments."""
    _open(stage, 2, _turn(1, texts.QUESTION_RACE, texts.ANSWER_CODE))


def lists(stage: Stage) -> None:
    """Lists in lists, tasks, a quote, a link and a footnote."""
    _open(stage, 6, _turn(1, "What do we need for the trip?", texts.ANSWER_LISTS))


def languages(stage: Stage) -> None:
    """Chinese, Hebrew, Arabic and emoji."""
    _open(stage, 3, _turn(1, texts.QUESTION_LANGUAGES, texts.ANSWER_LANGUAGES))


def endings(stage: Stage) -> None:
    """Stopped, out of room, interrupted, failed, and an engine that died."""
    numbers = Usage(reasoning_tokens=420, reasoning_s=13.0)
    _open(
        stage,
        5,
        _turn(1, "Is √2 rational?", "", TurnState.STOPPED, numbers),
        _turn(2, "Is it?", "Suppose it were p/q in", TurnState.LENGTH),
        _turn(3, "And √3?", "", TurnState.INTERRUPTED, numbers),
    )
    stage.say(TurnStarted(_turn(4, "And √4?", "", TurnState.RUNNING)))
    error = engine_error("engine_stopped", {"detail": texts.FAILURE.rstrip(".").lower()})
    stage.say(TurnEnded(_turn(4, "And √4?", "", TurnState.FAILED, Usage()), error))


def loop(stage: Stage) -> None:
    """A thought that goes in circles waits for a word."""
    _think(stage)
    stage.say(TurnPaused(9, PauseReason.LOOP, texts.LOOP_FINDING))


def find(stage: Stage) -> None:
    """Words are found, the second of them is the current one."""
    _open(
        stage,
        1,
        _turn(1, texts.QUESTION_SUM, texts.ANSWER_SHORT),
        _turn(2, "And with cubes?", texts.ANSWER_AGAIN),
    )
    stage.page.middle.find_in_chat()
    bar = stage.page.aids.find_bar
    bar.field.setText("square")
    bar.go_on()
    stage.wait()
    while stage.page.aids._finder.number != 2:
        bar.go_on()


def narrow(stage: Stage) -> None:
    """A narrow window, the sidebar over the chat."""
    _open(stage, 4, _turn(1, texts.NARROW_QUESTION, texts.NARROW_ANSWER))
    stage.window.toggle_sidebar()


SCENES = (
    Scene("empty", empty),
    Scene("short-chat", short_chat),
    Scene("thinking-folded", thinking_folded),
    Scene("thinking-open", thinking_open, (1240, 700), thoughts_open=True),
    Scene("formulas", formulas, (1000, 820)),
    Scene("code-and-table", code_and_table, (1000, 820)),
    Scene("lists", lists, (1000, 900)),
    Scene("languages", languages),
    Scene("endings", endings, (1000, 1150)),
    Scene("loop", loop),
    Scene("find", find),
    Scene("narrow", narrow, (480, 700)),
)


def _turn(
    turn_id: int,
    question: str,
    answer: str,
    state: TurnState = TurnState.FINISHED,
    usage: Usage = USAGE,
) -> Turn:
    return Turn(turn_id, 1, question, answer, state, MODEL_NAME, LONG_AGO, usage)


def _open(
    stage: Stage, conversation_id: int, *turns: Turn, versions: Mapping[int, tuple[int, ...]] = NO_VERSIONS
) -> None:
    """Open a chat of the history at its beginning."""
    _get_ready(stage)
    summary = next(chat for chat in _chats() if chat.id == conversation_id)
    stage.say(ConversationOpened(Conversation(summary, turns, versions)))
    stage.page.transcript.scroll_to_turn(turns[0].id)


def _think(stage: Stage) -> None:
    """Chat 2 thinks, since a minute and twelve seconds."""
    _get_ready(stage)
    stage.say(ConversationOpened(Conversation(_chats()[1], ())))
    turn = Turn(9, 2, texts.QUESTION_RACE, "", TurnState.RUNNING, MODEL_NAME, LONG_AGO)
    stage.say(TurnStarted(turn, budget_tokens=8_192, thought_s=72.0), ContextFilled(9, 1_204, 16_384))
    stage.say(ReplyDelta(9, PieceKind.REASONING, texts.THOUGHT, 2_124))


def _get_ready(stage: Stage) -> None:
    """A model of some size is loaded, and the chats are listed."""
    engine = EngineStateChanged(EngineState.READY, MODEL_NAME, built_in=False, model=MODEL)
    stage.say(engine, ConversationsListed(_chats()))
