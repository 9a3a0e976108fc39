"""The window on the real controller, the real history and an engine process that plays a script."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from models.engine.protocol import ThoughtEnd
from tests.journeys.journey import Journey
from ui.chat_page import ChatPage

CANARY = "canaryword"


def shown_turns(page: ChatPage) -> list[tuple[str, str]]:
    return [(widget.turn.question, widget.turn.state.value) for widget in page.transcript.turn_widgets()]


def restart_buttons(page: ChatPage) -> list[QPushButton]:
    buttons = page.transcript.findChildren(QPushButton)
    return [button for button in buttons if button.text() == "Restart engine" and button.isVisible()]


def test_ask_stop_close_and_come_back(journey: Journey) -> None:
    page = journey.start("--thought", f"Let me see. {CANARY}", "--answer", "It is {question}.")
    journey.ask("forty-two")
    journey.wait(lambda: shown_turns(page) == [("forty-two", "finished")])
    journey.ask("and again")
    journey.wait(lambda: len(shown_turns(page)) == 2 and not journey.is_running())
    journey.whole.window.sidebar.new_chat_requested.emit()
    journey.wait(lambda: page.conversation_id is None)
    journey.click_first_conversation()
    journey.wait(lambda: len(shown_turns(page)) == 2)
    assert [CANARY in widget.thinking.thought() for widget in page.transcript.turn_widgets()] == [True, True]
    journey.close()

    page = journey.start("--thought", f"{CANARY} " * 10_000, "--tokens-per-s", "200")
    assert page.middle.currentWidget() is page.middle.empty_state
    assert journey.click_first_conversation() == "forty-two"
    journey.wait(lambda: shown_turns(page) == [("forty-two", "finished"), ("and again", "finished")])
    assert [widget.thinking.thought() for widget in page.transcript.turn_widgets()] == ["", ""]
    assert CANARY not in journey.texts()
    assert "It is forty-two." in journey.texts()

    journey.ask("a long one")
    journey.wait(journey.is_running)
    journey.qtbot.keyClick(page.composer.edit, Qt.Key.Key_Escape)
    journey.wait(lambda: shown_turns(page)[-1] == ("a long one", "stopped"))
    assert page.composer.button.text() == "Send"
    assert CANARY not in journey.texts()


def test_closing_in_the_middle_of_a_reply_stores_it_as_stopped(journey: Journey) -> None:
    page = journey.start("--thought", f"{CANARY} " * 10_000, "--tokens-per-s", "200")
    journey.ask("never finished")
    journey.wait(journey.is_running)
    journey.close()
    assert CANARY not in journey.texts()
    page = journey.start()
    journey.click_first_conversation()
    journey.wait(lambda: shown_turns(page) == [("never finished", "stopped")])


@pytest.mark.skipif(os.name != "posix", reason="kills a process the POSIX way")
def test_the_engine_dies_in_a_thought_and_is_restarted(journey: Journey) -> None:
    page = journey.start("--thought", f"{CANARY} " * 10_000, "--tokens-per-s", "200")
    journey.ask("who is there")
    journey.wait(journey.is_running)
    for engine in psutil.Process().children():
        os.kill(engine.pid, signal.SIGKILL)
    journey.wait(lambda: shown_turns(page) == [("who is there", "failed")])
    journey.wait(lambda: page.composer.reason_label.text() == "The engine has stopped.")
    assert journey.whole.window.isVisible()
    journey.wait(lambda: bool(restart_buttons(page)))
    journey.qtbot.mouseClick(restart_buttons(page)[0], Qt.MouseButton.LeftButton)
    journey.wait_for_end()
    journey.ask("still there?")
    journey.wait(journey.is_running)
    journey.qtbot.keyClick(page.composer.edit, Qt.Key.Key_Escape)
    journey.wait(lambda: shown_turns(page)[-1] == ("still there?", "stopped"))
    assert CANARY not in journey.texts()


def test_a_reply_goes_on_while_another_chat_is_read(journey: Journey) -> None:
    page = journey.start("--thought", "one two three " * 100, "--tokens-per-s", "300")
    journey.ask("the slow one")
    journey.wait(journey.is_running)
    slow_id = page.conversation_id
    assert slow_id is not None
    window = journey.whole.window
    window.sidebar.new_chat_requested.emit()
    journey.wait(lambda: page.conversation_id is None)
    assert page.composer.reason_label.text() == "A reply is being written in another chat."
    window.sidebar.orders.open_requested.emit(slow_id)
    journey.wait(lambda: shown_turns(page) == [("the slow one", "finished")] and not journey.is_running())


def headers(page: ChatPage) -> list[str]:
    return [widget.thinking.header.said() for widget in page.transcript.turn_widgets()]


def test_thinking_is_kept_short_by_a_budget_and_by_answer_now(journey: Journey) -> None:
    page = journey.start("--thought", f"{CANARY} " * 10_000, "--answer", "Yes.", "--tokens-per-s", "300")
    page.composer.thinking_button.thinking_chosen.emit({"thinking_budget_tokens": 64})
    journey.ask("with a budget")
    journey.wait(lambda: shown_turns(page) == [("with a budget", "finished")])
    journey.wait_for_end()
    assert " · 64 tokens · " in headers(page)[0]

    page.composer.thinking_button.thinking_chosen.emit({"thinking_budget_tokens": 0})
    journey.ask("at once")
    journey.wait(lambda: len(headers(page)) == 2 and headers(page)[1].startswith("Thinking · "))
    assert "budget" not in headers(page)[1]
    journey.whole.window.activateWindow()
    journey.qtbot.keyClick(page.composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    journey.wait(lambda: shown_turns(page)[-1] == ("at once", "finished"))
    journey.wait_for_end()
    live = headers(page)
    ends = [page.transcript.turn_widgets()[n].turn.usage.thought_end for n in range(2)]
    assert ends == [ThoughtEnd.BUDGET, ThoughtEnd.ASKED]
    journey.close()

    page = journey.start()
    journey.click_first_conversation()
    journey.wait(lambda: len(shown_turns(page)) == 2)
    assert headers(page) == live
    assert CANARY not in journey.texts()


def test_a_question_that_is_too_long_can_be_made_shorter(journey: Journey) -> None:
    page = journey.start("--answer", "Yes.")
    long = " ".join(["word"] * 5_000)
    journey.ask(long)
    journey.wait(page.composer.error_box.isVisible)
    assert page.composer.text() == long
    assert "too long" in page.composer.error_label.text()
    journey.ask("shorter")
    journey.wait(lambda: [state for _, state in shown_turns(page)] == ["failed", "finished"])


def test_a_thought_in_circles_is_tried_again(journey: Journey) -> None:
    page = journey.start("--fault", "loop", "--answer", "Yes.")
    journey.ask("round and round")
    block = page.transcript.turn_widgets
    journey.wait(lambda: bool(block()) and block()[0].thinking.loop_note is not None)
    note = block()[0].thinking.loop_note
    assert note is not None
    assert headers(page)[0].startswith("Paused · ")
    first_id = block()[0].turn.id
    journey.qtbot.mouseClick(note.try_again, Qt.MouseButton.LeftButton)
    # The other try stands in the place of the first, which is a version now.
    journey.wait(
        lambda: (
            [each.turn.id != first_id for each in block()] == [True]
            and block()[0].thinking.loop_note is not None
        )
    )
    again = block()[0].thinking.loop_note
    assert again is not None
    journey.qtbot.mouseClick(again.go_on, Qt.MouseButton.LeftButton)
    journey.wait_for_end()
    assert shown_turns(page) == [("round and round", "finished")]
    assert block()[0].answer.markdown_source == "Yes."
    journey.qtbot.mouseClick(block()[0].versions.earlier, Qt.MouseButton.LeftButton)
    journey.wait(lambda: shown_turns(page) == [("round and round", "stopped")])


def test_a_thought_waits_while_another_chat_is_read_and_takes_a_hint(journey: Journey) -> None:
    page = journey.start("--thought", f"{CANARY} " * 1_000, "--answer", "Yes.", "--tokens-per-s", "300")
    journey.ask("with a hint")
    journey.wait(lambda: bool(headers(page)) and headers(page)[0].startswith("Thinking · "))
    slow_id = page.conversation_id
    assert slow_id is not None
    pause = page.transcript.turn_widgets()[0].thinking.buttons.pause
    journey.qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    journey.wait(lambda: headers(page)[0].startswith("Paused · "))
    tokens = headers(page)[0].rpartition(" · ")[2]
    window = journey.whole.window
    window.sidebar.new_chat_requested.emit()
    journey.wait(lambda: page.conversation_id is None)
    assert page.composer.reason_label.text() == "A reply waits for you in another chat."
    window.sidebar.orders.open_requested.emit(slow_id)
    journey.wait(lambda: bool(headers(page)) and headers(page)[0].endswith(tokens))
    block = page.transcript.turn_widgets()[0].thinking
    journey.wait(block.hint.isVisible)
    journey.qtbot.keyClicks(block.hint.edit, "mind the WOMBAT")
    journey.qtbot.keyClick(block.hint.edit, Qt.Key.Key_Return)
    journey.wait(lambda: "mind the WOMBAT" in block.thought())
    assert block.request_answer()
    journey.wait_for_end()
    assert shown_turns(page) == [("with a hint", "finished")]
    assert not {word for word in (CANARY, "WOMBAT") if word in journey.texts()}
