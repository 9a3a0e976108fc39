"""Ponder's window as a program of its own, on the fake engine, driven by its arguments.

`python -m tests.journeys.window_program FATE THOUGHT ANSWER`: asks one question; once the whole THOUGHT
is on the screen it prints "thinking", then does what FATE says: "stop" (presses Stop, waits for the end,
closes), "kill-engine" (kills the engine process, closes), "close" (closes), "finish" (waits for the
answer, closes), "hint" (pauses, writes HINT and goes on; once it is in the thought it prints "hinted",
presses Answer now, waits for the answer, closes) or "wait" (waits to be killed).
"""

from __future__ import annotations

import os
import signal
import sys

import psutil
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.chat.events import EngineState, EngineStateChanged, ReplyDelta, TurnEnded, TurnPaused
from app.paths import Paths
from ui.application import OpenWindow
from ui.transcript.thinking import ThinkingBlock

QUESTION = "A QUESTION-MARKER to be found again"
HINT = "mind the WOMBAT"


class Script(QObject):
    """Does what the arguments say, as the chat goes on."""

    def __init__(self, opened: OpenWindow, fate: str, thought: str) -> None:
        super().__init__()
        self._opened = opened
        self._fate = fate
        self._thought = thought
        self._seen = ""
        opened.bridge.engine_changed.connect(self._on_engine_changed)
        opened.bridge.reply_grew.connect(self._on_reply_grew)
        opened.bridge.turn_paused.connect(self._on_turn_paused)
        opened.bridge.turn_ended.connect(self._on_turn_ended)

    @Slot(EngineStateChanged)
    def _on_engine_changed(self, change: EngineStateChanged) -> None:
        if change.state is EngineState.READY and not self._seen:
            self._opened.bridge.chat.ask(QUESTION)

    @Slot(ReplyDelta)
    def _on_reply_grew(self, delta: ReplyDelta) -> None:
        before = self._thought in self._seen
        hinted_before = HINT in self._seen
        self._seen += delta.text
        if HINT in self._seen and not hinted_before:
            sys.stdout.write("hinted\n")
            self._block().buttons.answer_now.click()
        if before or self._thought not in self._seen:
            return
        sys.stdout.write("thinking\n")
        sys.stdout.flush()
        match self._fate:
            case "stop":
                self._opened.bridge.chat.stop()
            case "kill-engine":
                for child in psutil.Process().children():
                    os.kill(child.pid, signal.SIGKILL)
            case "close":
                self._opened.window.close()
            case "hint":
                self._opened.bridge.chat.pause()

    @Slot(TurnPaused)
    def _on_turn_paused(self, _paused: TurnPaused) -> None:
        """The page has shown the line for the hint already: it heard of the pause first."""
        row = self._block().hint
        QTest.keyClicks(row.edit, HINT)
        QTest.keyClick(row.edit, Qt.Key.Key_Return)

    def _block(self) -> ThinkingBlock:
        return self._opened.window.chat_page.transcript.turn_widgets()[0].thinking

    @Slot(TurnEnded)
    def _on_turn_ended(self, _ended: TurnEnded) -> None:
        if self._fate in {"stop", "kill-engine", "finish", "hint"}:
            self._opened.window.close()


def main(fate: str, thought: str, answer: str) -> int:
    """Run the window until its fate closes it."""
    application = QApplication(["ponder"])
    # While it is to be interrupted the thought goes on for a minute behind the words that count.
    more = "" if fate == "finish" else " and on" * 1000
    command = [sys.executable, "-m", "models.engine.fake_worker", "--thought", thought + more]
    command += ["--answer", answer, "--tokens-per-s", "0" if fate == "finish" else "30"]
    opened = OpenWindow(application, Paths.from_environment(os.environ), engine_command=command)
    script = Script(opened, fate, thought)
    opened.show()
    opened.window.first_start_page.start_button.click()
    code = application.exec()
    opened.close()
    del script
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
