"""How long the event loop is held from the first picture on, while the rest is built and the model loads.

Runs in a process of its own: `python -m tests.bench.start_holds [MODEL]`. A timer of 1 ms stands for the
user's keys: each beat that comes late was held. Wall-clock times: threads that hold Python's lock count too,
and so does what else the computer does. Until the model is ready, and a moment longer.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

BEAT_MS = 1
AFTER_READY_S = 0.5


def main(model: str = "") -> int:
    """Say all holds as a JSON list of seconds."""
    from ui import __main__ as program

    program.import_window()  # as its `main` does
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from app.paths import Paths
    from ui.application import OpenWindow

    with tempfile.TemporaryDirectory() as folder:
        application = QApplication(["bench"])
        paths = Paths.from_environment({"PONDER_HOME": folder})
        paths.make_folders()
        settings = {"first_start_done": True, "model_path": model}
        paths.settings_file.write_text(json.dumps(settings), encoding="utf-8")
        opened = OpenWindow(application, paths, in_stages=True)
        beats: list[float] = []
        ready_at: list[float] = []

        def beat() -> None:
            beats.append(time.perf_counter())
            if opened.stages.are_over and not ready_at and _is_ready(opened):
                ready_at.append(beats[-1])
            if ready_at and beats[-1] - ready_at[0] > AFTER_READY_S:
                timer.stop()
                opened.window.close()

        timer = QTimer(interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(beat)
        opened.window.first_painted.connect(timer.start)
        opened.show()
        application.exec()
        opened.close()
    holds = [after - before - BEAT_MS / 1000 for before, after in pairwise(beats)]
    print(json.dumps([max(hold, 0.0) for hold in holds]))
    return 0


def _is_ready(opened: object) -> bool:
    """Whether the composer can send: the model is there."""
    from ui.application import OpenWindow

    assert isinstance(opened, OpenWindow)
    return opened.window.chat_page.composer.is_ready


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main(*(str(Path(name).resolve()) for name in sys.argv[1:2])))
