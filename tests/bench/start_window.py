"""An empty window, or Ponder: opens, takes a letter, says so and closes. `transcript_start.py` measures it.

It imports nothing that is not needed for that: what both wait for would make them more alike than they are.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPlainTextEdit


def run_empty() -> int:
    """A window with nothing but a text box."""
    from PySide6.QtWidgets import QApplication, QMainWindow, QPlainTextEdit

    application = QApplication(["empty"])
    window = QMainWindow()
    edit = QPlainTextEdit()
    window.setCentralWidget(edit)
    window.resize(1100, 800)
    edit.setFocus()
    window.show()
    _type_when_shown(edit)
    return application.exec()


def run_ponder() -> int:
    """The whole program as it is started; the letter goes into its composer."""
    from ui import __main__ as program

    program.import_window()  # as its `main` does, before anything of Qt is there
    from ui import application as root

    show = root.OpenWindow.show

    def show_and_type(opened: root.OpenWindow) -> None:
        show(opened)
        _type_when_shown(opened.window.chat_page.composer.edit)

    root.OpenWindow.show = show_and_type  # type: ignore[method-assign, assignment]
    return program.main([])


def _type_when_shown(edit: QPlainTextEdit) -> None:
    from PySide6.QtCore import QEvent, Qt, QTimer
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QApplication

    timer = QTimer(edit)

    def try_to_type() -> None:
        handle = edit.window().windowHandle()
        if handle is None or not handle.isExposed():
            return
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            key = QKeyEvent(kind, Qt.Key.Key_X, Qt.KeyboardModifier.NoModifier, "x")
            QApplication.sendEvent(edit, key)
        if edit.toPlainText():
            timer.stop()
            edit.repaint()
            os.write(1, b"typed\n")
            edit.clear()
            edit.window().close()

    timer.timeout.connect(try_to_type)
    timer.start(1)


if __name__ == "__main__":
    sys.exit(run_empty() if sys.argv[1] == "empty" else run_ponder())
