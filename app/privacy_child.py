"""A second Ponder for the trial of privacy: it asks, says its thought as it grows, and waits to be killed.

`python -m app.privacy_child FOLDER MODEL [ENGINE COMMAND…]`
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from app.chat.controller import ChatController
from app.chat.events import ChatEvent, EngineState, EngineStateChanged, ReplyDelta, TurnEnded
from app.history.store import HistoryStore
from app.paths import Paths
from app.privacy_trial import QUESTION
from models.core_dumps import forbid_core_dumps
from models.reasoning import PieceKind

_LONGEST_S = 60.0


def main() -> None:
    """Ask; whoever started this kills it. It ends by itself after a minute, or with its answer."""
    forbid_core_dumps()
    folder, model, engine_command = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    ready, ended = threading.Event(), threading.Event()

    def listen(event: ChatEvent) -> None:
        match event:
            case EngineStateChanged(state=EngineState.READY):
                ready.set()
            case ReplyDelta(kind=PieceKind.REASONING, text=text):
                sys.stdout.buffer.write(text.encode("utf-8", "replace"))
                sys.stdout.buffer.flush()
            case TurnEnded():
                ended.set()

    chat = ChatController(
        listener=listen,
        open_history=lambda: HistoryStore(Paths(folder, folder, folder, folder).history_file),
        model_path=model,
        built_in_model_path=model,
        engine_command=engine_command or None,
    )
    chat.start()
    if ready.wait(_LONGEST_S):
        chat.ask(QUESTION)
        ended.wait(_LONGEST_S)
    chat.close()


if __name__ == "__main__":
    main()
