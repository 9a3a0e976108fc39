"""The meter says what is in the context, and lets one choose another size for the chat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytestqt.qtbot import QtBot

from app.chat.events import (
    ContextFilled,
    ConversationOpened,
    EngineState,
    EngineStateChanged,
    ReplyDelta,
    TurnEnded,
    TurnStarted,
)
from app.history.records import Conversation, ConversationSummary, Turn, TurnState
from models.engine.protocol import Usage
from models.reasoning import PieceKind
from tests.ui.scripted_chat import MODEL
from ui.context_follower import ContextFollower
from ui.context_meter import ContextMeter, ContextUse, sizes_for
from ui.theme import Theme

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def meter(qtbot: QtBot) -> ContextMeter:
    meter = ContextMeter(Theme.light())
    qtbot.addWidget(meter)
    return meter


@pytest.fixture
def followed(meter: ContextMeter) -> ContextFollower:
    follower = ContextFollower(meter)
    follower.changed.connect(meter.show_use)
    follower.sizes_changed.connect(meter.show_sizes)
    return follower


def turn(state: TurnState = TurnState.RUNNING, answer: str = "", usage: Usage | None = None) -> Turn:
    return Turn(5, 1, "How?", answer, state, "m", NOW, usage or Usage())


def colour_at(meter: ContextMeter, fraction: float) -> str:
    image = meter.bar.grab().toImage()
    return image.pixelColor(int(image.width() * fraction), image.height() // 2).name().upper()


def sizes(meter: ContextMeter) -> list[str]:
    return [action.text() for action in meter.numbers.menu().actions() if action.isEnabled()]


def test_the_numbers_are_exact(meter: ContextMeter) -> None:
    meter.show_use(ContextUse(history=1_096, thought=3_000, size=8_192))
    assert meter.numbers.text() == "4,096 of 8,192 ▾"
    assert meter.toolTip().startswith("History 1,096 tokens, this thought 3,000, room left 4,096, of 8,192 ")
    meter.bar.resize(meter.bar.sizeHint())
    theme = Theme.light()
    colours = [colour_at(meter, fraction) for fraction in (0.06, 0.3, 0.8)]
    assert colours == [theme.accent, theme.third, theme.line]
    meter.show_use(ContextUse(history=8_100, size=8_192))
    assert colour_at(meter, 0.5) == theme.amber


def test_nothing_is_said_that_is_not_known(meter: ContextMeter) -> None:
    meter.show()
    meter.show_use(ContextUse(history=5))
    assert not meter.isVisible()


def test_less_where_it_is_narrow(meter: ContextMeter) -> None:
    meter.show_use(ContextUse(history=1_096, thought=3_000, size=8_192))
    meter.set_room(500)
    assert meter.numbers.text() == "50 % ▾"
    assert meter.bar.isHidden()
    assert "1,096" in meter.numbers.accessibleName()


def test_it_counts_while_the_reply_is_written(meter: ContextMeter, followed: ContextFollower) -> None:
    followed.follow_engine(EngineStateChanged(EngineState.READY, "m", False, MODEL))
    assert meter.numbers.text() == "0 of 16,384 ▾"
    followed.begin_turn(TurnStarted(turn()))
    followed.fill(ContextFilled(5, 400, 16_384))
    followed.count(ReplyDelta(5, PieceKind.REASONING, "Hm", 70))
    followed.count(ReplyDelta(4, PieceKind.REASONING, "of another turn", 999))
    followed.count(ReplyDelta(5, PieceKind.ANSWER, "So", 30))
    assert meter.toolTip().startswith("History 430 tokens, this thought 70, room left 15,884, ")
    usage = Usage(prompt_tokens=400, reasoning_tokens=70, answer_tokens=31, context_tokens=16_384)
    followed.end_turn(TurnEnded(turn(TurnState.FINISHED, "So.", usage)))
    assert meter.toolTip().startswith("History 431 tokens, this thought 0, room left 15,953, ")


def test_a_chat_has_its_own_size(meter: ContextMeter, followed: ContextFollower, qtbot: QtBot) -> None:
    followed.follow_engine(EngineStateChanged(EngineState.READY, "m", False, MODEL))
    assert sizes(meter) == [
        "What fits in memory",
        *(f"{size:,} tokens" for size in (2_048, 4_096, 8_192, 16_384, 32_768)),
    ]
    meter.size_chosen.connect(followed.note_choice)
    with qtbot.waitSignal(meter.size_chosen) as chosen:
        next(a for a in meter.numbers.menu().actions() if a.text() == "4,096 tokens").trigger()
    assert chosen.args == [4_096]
    assert meter.numbers.text() == "0 of 4,096 ▾"
    summary = ConversationSummary(1, "Long", NOW, NOW, 1, context_tokens=32_768)
    usage = Usage(prompt_tokens=9_000, answer_tokens=100)
    followed.follow_conversation(
        ConversationOpened(Conversation(summary, (turn(TurnState.FINISHED, "So.", usage),)))
    )
    assert meter.numbers.text() == "9,100 of 32,768 ▾"
    marked = [action.text() for action in meter.numbers.menu().actions() if action.isChecked()]
    assert marked == ["32,768 tokens"]
    followed.follow_conversation(ConversationOpened(None))
    assert meter.numbers.text() == "0 of 16,384 ▾"


@pytest.mark.parametrize(("trained", "offered"), [(0, []), (1_024, [1_024]), (8_192, [2_048, 4_096, 8_192])])
def test_no_more_than_the_model_was_trained_for(trained: int, offered: list[int]) -> None:
    assert sizes_for(trained) == offered
