"""Events come out of the bridge on the GUI thread, in their order."""

from __future__ import annotations

import threading

from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from app.chat.events import ChatEvent, PromptProgress, ReplyDelta, TurnEnded, TurnStarted
from models.reasoning import PieceKind
from tests.ui.scripted_chat import ScriptedChat, turn
from ui.bridges.chat_bridge import ChatBridge


def test_events_arrive_on_the_gui_thread_in_order(qtbot: QtBot) -> None:
    bridge = ChatBridge(ScriptedChat)
    chat = bridge.chat
    assert isinstance(chat, ScriptedChat)
    arrived: list[object] = []
    threads: set[QThread] = set()

    def note(event: object) -> None:
        arrived.append(event)
        threads.add(QThread.currentThread())

    for signal in (bridge.turn_started, bridge.prompt_progressed, bridge.reply_grew, bridge.turn_ended):
        signal.connect(note)
    events: list[ChatEvent] = [TurnStarted(turn()), PromptProgress(1, 10, 20)]
    events += [ReplyDelta(1, PieceKind.REASONING, f"piece {number}", 1) for number in range(500)]
    events.append(TurnEnded(turn()))
    speaker = threading.Thread(target=chat.say_all, args=(events,))
    speaker.start()
    qtbot.waitUntil(lambda: len(arrived) == len(events))
    speaker.join()
    assert arrived == events
    assert threads == {QThread.currentThread()}


def test_what_a_thread_that_was_given_up_says_goes_nowhere(qtbot: QtBot) -> None:
    bridge = ChatBridge(ScriptedChat)
    chat = bridge.chat
    assert isinstance(chat, ScriptedChat)
    bridge.close()
    Shiboken.delete(bridge)
    chat.say_all([TurnStarted(turn())])
