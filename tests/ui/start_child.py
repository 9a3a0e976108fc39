"""Opens the window in a process of its own and says which modules the first picture took: a line of JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.paths import Paths
from ui.application import OpenWindow

if TYPE_CHECKING:
    from tests.ui.scripted_chat import ScriptedChat
    from tests.ui.scripted_library import ScriptedLibrary
    from ui.bridges.chat_bridge import ChatListener
    from ui.bridges.library_bridge import LibraryListener


def make_chat(listener: ChatListener) -> ScriptedChat:
    """Imported here: the events of the chat are among what the first picture has to do without."""
    from tests.ui.scripted_chat import ScriptedChat

    return ScriptedChat(listener)


def make_library(listener: LibraryListener) -> ScriptedLibrary:
    """As `make_chat`."""
    from tests.ui.scripted_library import ScriptedLibrary

    return ScriptedLibrary(listener)


def main() -> int:
    """Type a letter at the first picture and one after each step; close when nothing is left to do."""
    application = QApplication(["ponder"])
    paths = Paths.from_environment(os.environ)
    paths.make_folders()
    paths.settings_file.write_text('{"first_start_done": true}', encoding="utf-8")
    opened = OpenWindow(
        application,
        paths,
        built_in_model=Path("ponder-mini.gguf"),
        make_chat=make_chat,
        make_library=make_library,
        in_stages=True,
    )
    edit = opened.window.chat_page.composer.edit
    found: dict[str, object] = {}
    typed: list[str] = []

    def note_first_picture() -> None:
        found["modules"] = sorted(sys.modules)
        found["has_focus"] = opened.window.focusWidget() is edit

    def type_on() -> None:
        QTest.keyClicks(edit, "x")
        typed.append("x")
        if opened.stages.are_over:
            found["typed"] = "".join(typed)
            found["stands"] = edit.toPlainText()
            opened.window.close()

    opened.window.first_painted.connect(note_first_picture)
    timer = QTimer(interval=1)
    timer.timeout.connect(type_on)
    opened.window.first_painted.connect(timer.start)
    opened.show()
    application.exec()
    timer.stop()
    opened.close()
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
