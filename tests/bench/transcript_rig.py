"""The real window over a scripted chat, with the time that its thread works measured step by step.

The pace is virtual: where a token comes every 5 ms and a paint every 40 ms, the measurement gives the
window eight tokens, has it paint them, and goes on at once, without the idle time between. Times are CPU
times of the GUI thread, so that what else the computer does is not counted as work of the window.

How fast this computer is changes from one second to the next. So what is compared is painted in turn, a
few paints of the one and a few of the other.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from app.chat.events import ConversationOpened, TurnEnded, TurnStarted
from app.history.records import Conversation, ConversationSummary, Turn, TurnState
from app.paths import Paths
from models.engine.protocol import Usage
from models.reasoning import PieceKind
from tests.bench.transcript_corpus import pieces
from tests.ui.scripted_chat import ScriptedChat, ready
from tests.ui.scripted_library import ScriptedLibrary
from ui.application import OpenWindow
from ui.garbage import GarbageBetweenEvents
from ui.transcript.view import TranscriptView

TOKENS_PER_S = 200
PAINT_S = 0.04
TOKENS_PER_PAINT = round(TOKENS_PER_S * PAINT_S)
SIZE_PX = (1100, 800)
QUIET_ROUNDS = 30
"""So many rounds of the event loop without work are the end of it."""
USAGE = Usage(reasoning_tokens=1_310, answer_tokens=600, reasoning_s=42.0, tokens_per_s=200.0)


class Rig:
    """One open window. `show` etc. run the event loop; each gives the CPU seconds of every round."""

    def __init__(self, application: QApplication, folder: Path) -> None:
        chats: list[ScriptedChat] = []

        def make_chat(listener: Callable[..., None]) -> ScriptedChat:
            chats.append(ScriptedChat(listener))
            return chats[0]

        self.thoughts_open = False
        self.whole = OpenWindow(
            application,
            Paths.from_environment({"PONDER_HOME": str(folder)}),
            built_in_model=folder / "ponder-mini.gguf",
            make_chat=make_chat,
            make_library=ScriptedLibrary,
            open_url=lambda _url: True,
            in_stages=True,
        )
        self.whole.window.leave_first_start()
        self.whole.window.resize(*SIZE_PX)
        self._garbage = GarbageBetweenEvents()
        self.whole.stages.ended.connect(self._garbage.start)
        self.whole.show()
        while not self.whole.stages.are_over:
            QApplication.processEvents()
        self.chat = chats[0]
        self.chat.say(ready())
        self.settle()

    @property
    def view(self) -> TranscriptView:
        """The transcript of the window."""
        return self.whole.window.chat_page.transcript

    def close(self) -> None:
        """Close the window."""
        self.whole.window.close()
        self.whole.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def settle(self) -> list[float]:
        """Run the event loop until nothing is left to do."""
        rounds: list[float] = []
        quiet = 0
        while quiet < QUIET_ROUNDS:
            rounds.append(cpu_s(QApplication.processEvents))
            quiet = quiet + 1 if rounds[-1] < 0.0005 else 0
        return rounds

    def settle_for(self, seconds: float) -> list[float]:
        """Run the event loop for so long, for what is done a moment later."""
        until = time.monotonic() + seconds
        rounds: list[float] = []
        while time.monotonic() < until:
            rounds.append(cpu_s(QApplication.processEvents))
            time.sleep(0.001)
        return rounds

    def do(self, action: Callable[[], object]) -> list[float]:
        """What the user does, and what follows of it, with the CPU seconds of each part."""
        return [cpu_s(action), *self.settle()]

    def open_chat(self, turns: Sequence[Turn]) -> None:
        """Open a conversation from the history; returns before it is painted."""
        now = datetime.now(UTC)
        summary = ConversationSummary(1, "Bench", now, now, len(turns))
        self.whole.bridge.conversation_opened.emit(
            ConversationOpened(Conversation(summary, tuple(turns)), {})
        )

    def begin(self, *, opened: bool) -> None:
        """Begin a turn; its thought stands open or folded."""
        self.thoughts_open = opened
        self.view.set_thoughts_open(opened)
        self.chat.say(TurnStarted(make_turn("How many are there?", "", TurnState.RUNNING)))
        self.settle()

    def stream(self, kind: PieceKind, text: str, tokens: int) -> list[float]:
        """The CPU seconds of each paint of a text that comes at `TOKENS_PER_S`."""
        return [self.paint(kind, together) for together in paints(text, tokens)]

    def paint(self, kind: PieceKind, together: Sequence[str]) -> float:
        """The CPU seconds of one paint of these pieces, with what is done when nothing is left to do."""

        def paint() -> None:
            for part in together:
                self.view.append(1, kind, part, 1)
            self.view.flush()
            QApplication.processEvents()
            QApplication.processEvents()
            self._garbage.collect()  # as the event loop has it before it waits; here it never does

        return cpu_s(paint)

    def end(self, answer: str) -> list[float]:
        """End the turn."""
        ended = TurnEnded(make_turn("How many are there?", answer, TurnState.FINISHED), None)
        return self.do(lambda: self.whole.bridge.turn_ended.emit(ended))


def make_turn(question: str, answer: str, state: TurnState, turn_id: int = 1) -> Turn:
    """A turn of conversation 1."""
    usage = USAGE if state is TurnState.FINISHED else Usage()
    return Turn(turn_id, 1, question, answer, state, "Ponder Mini", datetime.now(UTC), usage)


class BareEdit:
    """The same text in a QPlainTextEdit of the same size, painted as often."""

    def __init__(self) -> None:
        self._edit = QPlainTextEdit()
        self._edit.setReadOnly(True)
        self._edit.resize(*SIZE_PX)
        self._edit.show()
        QApplication.processEvents()
        self._cursor = QTextCursor(self._edit.document())

    def paint(self, together: Sequence[str]) -> float:
        """The CPU seconds of one paint of these pieces."""

        def paint() -> None:
            self._cursor.movePosition(QTextCursor.MoveOperation.End)
            self._cursor.insertText("".join(together))
            bar = self._edit.verticalScrollBar()
            bar.setValue(bar.maximum())
            QApplication.processEvents()
            QApplication.processEvents()

        return cpu_s(paint)

    def close(self) -> None:
        """Close its window."""
        self._edit.close()
        self._edit.deleteLater()


def paints(text: str, tokens: int) -> list[list[str]]:
    """The pieces of a text as they are painted together."""
    parts = pieces(text, tokens)
    return [parts[start : start + TOKENS_PER_PAINT] for start in range(0, tokens, TOKENS_PER_PAINT)]


def cpu_s(action: Callable[[], object]) -> float:
    """The CPU time of this thread that `action` takes."""
    began = time.thread_time()
    action()
    return time.thread_time() - began


def resident_bytes() -> int:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@contextmanager
def open_rig(application: QApplication) -> Iterator[Rig]:
    """A window in a folder of its own."""
    with TemporaryDirectory() as folder:
        rig = Rig(application, Path(folder))
        try:
            yield rig
        finally:
            rig.close()
