"""Opens the window in a process of its own, asks one question and prints what the window says."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.paths import Paths
from ui.application import OpenWindow
from ui.single_instance import SingleInstance

PATIENCE_S = 20.0


def main(model: str) -> None:
    """Print one JSON object: notices, states of the turns, the answer."""
    application = QApplication(["ponder"])
    paths = Paths.from_environment(os.environ)
    instance = SingleInstance(paths.lock_file)
    may_open = instance.claim()
    whole = OpenWindow(
        application,
        paths,
        built_in_model=Path(model),
        engine_command=(sys.executable, "-m", "models.engine.fake_worker"),
    )
    whole.show()
    whole.window.first_start_page.start_button.click()
    page = whole.window.chat_page

    def wait(condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not condition() and time.monotonic() < until:
            application.processEvents()

    wait(lambda: not page.composer.reason_label.text())
    page.composer.set_text("is anybody there")
    page.composer.send()

    def states() -> list[str]:
        return [widget.turn.state.value for widget in page.transcript.turn_widgets()]

    wait(lambda: page.composer.error_box.isVisible() or states() not in ([], ["running"]))
    notices = [notice.text for notice in page.notice_bars.notices()]
    said = {"may_open": may_open, "notices": notices, "turns": states()}
    whole.window.resize(901, 700)
    whole.window.close()
    instance.release()
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
