"""The window, played by who reads it: each line on standard input is an order, answered with a line."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSocketNotifier, Slot
from PySide6.QtWidgets import QApplication, QDialog

from app.chat.events import (
    ChatEvent,
    ConversationOpened,
    ConversationsListed,
    EngineState,
    EngineStateChanged,
    ReplyDelta,
    TurnEnded,
    TurnStarted,
)
from app.history.records import Conversation, TurnState
from app.library.events import LibraryEvent
from app.paths import Paths
from app.settings import Settings, save_settings
from models.reasoning import PieceKind
from tests.accessibility.said import (
    ANSWER,
    FORMULAS,
    MODEL_NAME,
    SECOND_QUESTION,
    THOUGHT_TOKEN,
    TOKENS,
)
from tests.golden import texts
from tests.golden.stage import Stage
from tests.ui.scripted_chat import MODEL, ScriptedChat, summary, turn
from tests.ui.scripted_library import ScriptedLibrary, fresh_shelf, measured
from ui.application import OpenWindow


class Program(QObject):
    """Does what it is told, one order at a time."""

    def __init__(self, application: QApplication, home: Path, *, first_start: bool) -> None:
        super().__init__()
        self._application = application
        paths = Paths.from_environment({"PONDER_HOME": str(home)})
        paths.make_folders()
        save_settings(paths.settings_file, Settings(theme="light", first_start_done=not first_start))
        chats: list[Callable[[ChatEvent], None]] = []
        libraries: list[Callable[[LibraryEvent], None]] = []

        def make_chat(listener: Callable[[ChatEvent], None]) -> ScriptedChat:
            chats.append(listener)
            return ScriptedChat(listener)

        def make_library(listener: Callable[[LibraryEvent], None]) -> ScriptedLibrary:
            libraries.append(listener)
            return ScriptedLibrary(listener)

        self._model_file = home / "ponder-mini.gguf"
        self._whole = OpenWindow(
            application,
            paths,
            built_in_model=self._model_file,
            make_chat=make_chat,
            make_library=make_library,
        )
        self._whole.show()
        self._stage = Stage(application, self._whole, chats[0])
        self._tell = libraries[0]
        self._input = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._input.activated.connect(self._obey)

    @Slot()
    def _obey(self) -> None:
        order = sys.stdin.readline().strip()
        if not order:
            self._whole.close()
            self._application.quit()
            return
        getattr(self, f"_{order}")()
        self._stage.settle()
        sys.stdout.write("done\n")
        sys.stdout.flush()

    def _chat(self) -> None:
        """A finished turn in a chat."""
        self._stage.freeze_clock()
        done = turn(1, question=texts.QUESTION_RACE, answer=ANSWER, state=TurnState.FINISHED)
        self._stage.say(
            EngineStateChanged(EngineState.READY, MODEL_NAME, built_in=False, model=MODEL),
            ConversationsListed((summary(1, "Race"),)),
            ConversationOpened(Conversation(summary(1, "Race"), (done,))),
        )

    def _think(self) -> None:
        """A second turn thinks, in many tokens."""
        self._stage.say(TurnStarted(turn(2, question=SECOND_QUESTION), budget_tokens=8_192))
        for _ in range(TOKENS):
            self._stage.say(ReplyDelta(2, PieceKind.REASONING, THOUGHT_TOKEN, 1))
        self._stage.page.transcript.built_turns()[-1].thinking.unfold()

    def _later(self) -> None:
        """Forty-one seconds have passed, and there is another token."""
        self._stage.clock.now_s += 41
        self._stage.say(ReplyDelta(2, PieceKind.REASONING, THOUGHT_TOKEN, 1))

    def _answer(self) -> None:
        """It answers, token by token, and ends."""
        for word in ANSWER.split(" "):
            self._stage.say(ReplyDelta(2, PieceKind.ANSWER, word + " ", 1))
        self._stage.say(TurnEnded(turn(2, question=SECOND_QUESTION, answer=ANSWER, state=TurnState.FINISHED)))

    def _formulas(self) -> None:
        """Another chat, with formulas, of a model that has a name."""
        turns = tuple(
            replace(
                turn(number, answer=FORMULAS, state=TurnState.FINISHED, conversation_id=2),
                model_name=MODEL_NAME,
            )
            for number in (5, 6)
        )
        self._stage.say(ConversationOpened(Conversation(summary(2, "Roots"), turns)))
        self._stage.wait()

    def _models(self) -> None:
        self._stage.window.show_models()
        self._tell(measured())
        self._tell(fresh_shelf(self._model_file))

    def _settings(self) -> None:
        self._stage.window.show_settings()

    def _link(self) -> None:
        """The question before a link is opened."""
        self._stage.window.show_chat()
        self._stage.page.link_requested.emit("https://example.org/trips")

    def _first(self) -> None:
        """What the first page says once the computer is measured."""
        self._tell(measured())
        self._tell(fresh_shelf(self._model_file))

    def _close(self) -> None:
        for dialog in self._stage.window.findChildren(QDialog):
            dialog.reject()


def main() -> int:
    application = QApplication(["ponder"])
    with tempfile.TemporaryDirectory() as home:
        program = Program(application, Path(home), first_start="--first-start" in sys.argv)
        sys.stdout.write("open\n")
        sys.stdout.flush()
        code = application.exec()
        del program
    return code


if __name__ == "__main__":
    sys.exit(main())
