"""The thinking controls of the window over a scripted chat."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt

from app.chat.events import (
    ConversationOpened,
    ConversationsListed,
    EngineState,
    EngineStateChanged,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
)
from app.history.records import Conversation, TurnState
from app.settings import load_settings
from models.engine.protocol import ModelFacts, OnLoop, PauseReason, Thinking
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.ui.conftest import OpenAWindow, Opened
from tests.ui.scripted_chat import ready, summary, turn
from ui.transcript.view import TURN_TOP_PX

TOO_LONG = engine_error("prompt_too_long", {"prompt_tokens": 5_000, "room_tokens": 4_096})


def thinking(opened: Opened, budget_tokens: int = 0) -> None:
    """A thought is on the way."""
    opened.say(
        ready(),
        TurnStarted(turn(), budget_tokens),
        ConversationsListed((summary(1, "First"), summary(2, "Second"))),
        ReplyDelta(1, PieceKind.REASONING, "Seven times six…", 4),
    )


def test_the_budget_reaches_the_chat_and_the_file_and_comes_back(
    open_a_window: OpenAWindow, opened: Opened
) -> None:
    button = opened.page.composer.thinking_button
    next(action for action in button.menu().actions() if action.text().startswith("Medium")).trigger()
    assert opened.chat.named("thinking") == [Thinking(budget_tokens=8192, on_loop=OnLoop.PAUSE)]
    opened.qtbot.waitUntil(
        lambda: load_settings(opened.paths.settings_file)[0].thinking_budget_tokens == 8192
    )
    opened.window.close()
    again = open_a_window()
    assert again.page.composer.thinking_button.text() == "Thinking: medium ▾"


def test_the_budget_of_the_running_thought_is_the_one_it_was_given(opened: Opened) -> None:
    thinking(opened, 2048)
    opened.page.composer.thinking_button.thinking_chosen.emit({"thinking_budget_tokens": 16_384})
    assert opened.page.transcript.turn_widgets()[0].thinking.header.said().endswith("budget 2,048")


def test_a_model_without_thoughts_takes_the_menu_away(opened: Opened) -> None:
    opened.say(ready())
    assert opened.page.composer.thinking_button.isEnabled()
    plain = ModelFacts("Plain", "llama", 2048, 2048, 0, 0, reasons=False)
    opened.say(EngineStateChanged(EngineState.READY, "Plain", built_in=False, model=plain))
    assert not opened.page.composer.thinking_button.isEnabled()
    opened.say(EngineStateChanged(EngineState.LOADING, "Other", built_in=False), ready())
    assert opened.page.composer.thinking_button.isEnabled()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_control_enter_answers_now_while_it_thinks_and_sends_else(opened: Opened, key: Qt.Key) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    thinking(opened)
    opened.window.activateWindow()
    opened.page.composer.set_text("the next question")
    opened.qtbot.keyClick(opened.page.composer.edit, key, control)
    assert opened.chat.named("answer_now") == [None]
    assert opened.page.composer.text() == "the next question"
    opened.say(TurnEnded(turn(answer="42", state=TurnState.FINISHED)))
    opened.qtbot.keyClick(opened.page.composer.edit, key, control)
    assert opened.chat.named("ask") == ["the next question"]
    assert opened.chat.named("answer_now") == [None]


def test_the_button_answers_now_and_gives_the_keys_to_the_composer(opened: Opened) -> None:
    thinking(opened)
    opened.window.activateWindow()
    block = opened.page.transcript.turn_widgets()[0].thinking
    opened.qtbot.mouseClick(block.buttons.answer_now, Qt.MouseButton.LeftButton)
    assert opened.chat.named("answer_now") == [None]
    assert opened.window.focusWidget() is opened.page.composer.edit
    opened.say(ReplyDelta(1, PieceKind.ANSWER, "It is", 2))
    opened.qtbot.waitUntil(lambda: not block.buttons.answer_now.isVisible())


def test_a_question_that_is_too_long_comes_back_to_be_made_shorter(opened: Opened) -> None:
    opened.say(ready(), TurnStarted(turn(question="far too long")))
    opened.qtbot.keyClicks(opened.page.composer.edit, "and more")
    opened.say(TurnEnded(turn(question="far too long", state=TurnState.FAILED), TOO_LONG))
    composer = opened.page.composer
    assert composer.text() == "far too long\nand more"
    assert composer.error_box.isVisible()
    assert composer.error_label.text() == str(TOO_LONG)
    assert composer.button.isEnabled()
    note = opened.page.transcript.turn_widgets()[0].note
    assert note is not None


def test_a_question_too_long_for_another_chat_waits_there(opened: Opened) -> None:
    thinking(opened)
    second = Conversation(summary(2, "Second"), (turn(2, state=TurnState.FINISHED, conversation_id=2),))
    first = Conversation(summary(1, "First"), (turn(state=TurnState.FAILED),))
    opened.page.composer.set_text("a draft")
    opened.say(ConversationOpened(second))
    opened.say(TurnEnded(turn(question="far too long", state=TurnState.FAILED), TOO_LONG))
    assert opened.page.composer.text() == ""
    opened.say(ConversationOpened(first))
    assert opened.page.composer.text() == "far too long\na draft"


def test_another_failure_does_not_fill_the_composer(opened: Opened) -> None:
    thinking(opened)
    opened.say(TurnEnded(turn(state=TurnState.FAILED), engine_error("engine_stopped", {})))
    assert opened.page.composer.text() == ""


def test_a_long_draft_is_read_ahead(opened: Opened) -> None:
    opened.say(ready())
    opened.page.composer._draft_rest.setInterval(10)
    opened.page.composer.set_text("word " * 300)
    opened.qtbot.waitUntil(lambda: opened.chat.named("prepare_draft") == ["word " * 300])


def test_when_an_idle_model_leaves_the_memory_can_be_chosen(opened: Opened) -> None:
    page = opened.window.settings_page
    assert page.unload_buttons.checkedId() == 2
    page.unload_buttons.button(1).click()
    assert opened.chat.named("unload_after") == [15 * 60]
    opened.qtbot.waitUntil(lambda: load_settings(opened.paths.settings_file)[0].unload_after_min == 15)


def test_reading_ahead_can_be_switched_off(open_a_window: OpenAWindow, opened: Opened) -> None:
    page = opened.window.settings_page
    assert page.read_ahead_buttons.checkedId() == 1
    page.read_ahead_buttons.button(0).click()
    assert opened.chat.named("reads_ahead") == [False]
    opened.qtbot.waitUntil(lambda: not load_settings(opened.paths.settings_file)[0].reads_ahead)
    opened.window.close()
    assert open_a_window().window.settings_page.read_ahead_buttons.checkedId() == 0


def test_what_stays_of_the_chat_is_measured(opened: Opened) -> None:
    """A turn without an answer is left out of the next prompt: it does not count."""
    numbers = opened.window.header.meter.numbers
    thinking(opened)
    opened.say(TurnEnded(turn(answer="42", state=TurnState.FINISHED)))
    assert numbers.text() == "1,100 of 16,384 ▾"
    stopped = turn(2, state=TurnState.STOPPED)
    opened.say(TurnStarted(stopped), TurnEnded(stopped))
    assert numbers.text() == "1,100 of 16,384 ▾"
    opened.say(ConversationOpened(Conversation(summary(1, "First"), (stopped,))))
    assert numbers.text() == "0 of 16,384 ▾"


def test_a_place_that_was_found_is_shown(opened: Opened) -> None:
    opened.say(ready())
    opened.window.resize(1000, 600)
    turns = tuple(turn(n, answer="word " * 200, state=TurnState.FINISHED) for n in range(1, 21))
    sidebar = opened.window.sidebar
    sidebar.orders.turn_requested.emit(1, 4)
    sidebar.orders.open_requested.emit(1)
    assert opened.chat.named("open") == [1]
    other = turn(99, answer="x", state=TurnState.FINISHED, conversation_id=2)
    opened.say(ConversationOpened(Conversation(summary(2, "Other"), (other,))))
    opened.say(ConversationOpened(Conversation(summary(1, "First"), turns)))
    transcript = opened.page.transcript

    def is_at_the_top() -> bool:
        widgets = transcript.turn_widgets()
        if len(widgets) < 20:
            return False
        return widgets[3].mapTo(transcript.viewport(), QPoint(0, 0)).y() == TURN_TOP_PX

    opened.qtbot.waitUntil(is_at_the_top)
    opened.say(ConversationOpened(Conversation(summary(1, "First"), turns)))
    opened.qtbot.waitUntil(lambda: len(transcript.turn_widgets()) == 20)
    assert transcript.following  # opened in the usual way it is at its end


def test_pause_hint_and_go_on(opened: Opened) -> None:
    thinking(opened)
    opened.window.activateWindow()
    block = opened.page.transcript.turn_widgets()[0].thinking
    opened.qtbot.mouseClick(block.buttons.pause, Qt.MouseButton.LeftButton)
    assert opened.chat.named("pause") == [None]
    opened.say(TurnPaused(1, PauseReason.ASKED, ""))
    assert opened.window.focusWidget() is block.hint.edit
    opened.qtbot.keyClicks(block.hint.edit, "in base ten")
    opened.qtbot.keyClick(block.hint.edit, Qt.Key.Key_Return)
    assert opened.chat.named("resume") == ["in base ten"]
    assert opened.window.focusWidget() is opened.page.composer.edit
    assert opened.chat.named("stop") == []


def test_escape_stops_a_thought_that_waits(opened: Opened) -> None:
    thinking(opened)
    opened.window.activateWindow()
    block = opened.page.transcript.turn_widgets()[0].thinking
    opened.qtbot.mouseClick(block.buttons.pause, Qt.MouseButton.LeftButton)
    opened.say(TurnPaused(1, PauseReason.ASKED, ""))
    opened.qtbot.keyClick(block.hint.edit, Qt.Key.Key_Escape)
    assert opened.chat.named("stop") == [None]


def test_control_enter_answers_from_the_hint(opened: Opened) -> None:
    thinking(opened)
    opened.window.activateWindow()
    block = opened.page.transcript.turn_widgets()[0].thinking
    opened.qtbot.mouseClick(block.buttons.pause, Qt.MouseButton.LeftButton)
    opened.say(TurnPaused(1, PauseReason.ASKED, ""))
    opened.qtbot.keyClick(block.hint.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert opened.chat.named("answer_now") == [None]
    assert opened.chat.named("resume") == []


def test_a_loop_can_be_tried_again(opened: Opened) -> None:
    thinking(opened)
    opened.say(TurnPaused(1, PauseReason.LOOP, "The last 24 tokens were repeated 6 times."))
    note = opened.page.transcript.turn_widgets()[0].thinking.loop_note
    assert note is not None
    opened.qtbot.mouseClick(note.try_again, Qt.MouseButton.LeftButton)
    assert opened.chat.named("try_again") == [None]


@pytest.mark.parametrize("is_opened", [True, False])
def test_a_thought_that_was_opened_is_open_when_its_chat_comes_back(opened: Opened, is_opened: bool) -> None:
    thinking(opened)
    if is_opened:
        opened.page.transcript.turn_widgets()[0].thinking.unfold()
    opened.say(ConversationOpened(Conversation(summary(2, "Second"), ())))
    opened.say(ConversationOpened(Conversation(summary(1, "First"), ())), TurnStarted(turn()))
    opened.say(ReplyDelta(1, PieceKind.REASONING, "A thought.", 2))
    block = opened.page.transcript.turn_widgets()[0].thinking
    assert block.opened is is_opened
    opened.say(ReplyDelta(1, PieceKind.ANSWER, "An answer.", 2))
    opened.page.transcript.flush()
    assert block.opened is is_opened


def test_a_pause_in_another_chat_is_told_and_its_hint_is_still_there(opened: Opened) -> None:
    thinking(opened)
    second = Conversation(summary(2, "Second"), ())
    first = Conversation(summary(1, "First"), ())
    waits = TurnPaused(1, PauseReason.ASKED, "")
    opened.say(waits)
    opened.page.transcript.turn_widgets()[0].thinking.hint.edit.setText("half a hi")
    opened.say(ConversationOpened(second))
    assert opened.page.composer.reason_label.text() == "A reply waits for you in another chat."
    back = TurnStarted(turn(), 0, thought_s=12.0)
    opened.say(ConversationOpened(first), back, ReplyDelta(1, PieceKind.REASONING, "Hm", 340), waits)
    block = opened.page.transcript.turn_widgets()[0].thinking
    assert block.header.said() == "Paused · 12 s · 340 tokens"
    assert block.hint.edit.text() == "half a hi"
    assert opened.window.focusWidget() is opened.page.composer.edit
    block.hint.go_on.click()
    assert opened.chat.named("resume") == ["half a hi"]
    opened.say(ConversationOpened(second))
    assert opened.page.composer.reason_label.text() == "A reply is being written in another chat."


def test_a_pause_that_comes_after_the_end_is_dropped(opened: Opened) -> None:
    thinking(opened)
    opened.say(TurnEnded(turn(answer="42", state=TurnState.FINISHED)))
    opened.say(TurnPaused(1, PauseReason.LOOP, "Late."))
    assert opened.page.transcript.turn_widgets()[0].thinking.loop_note is None
    assert opened.page.composer.button.text() == "Send"
