"""How long Ponder takes from its start to a window that takes typing, beside an empty PySide6 window.

Both are real processes on a display of their own (Xvfb), started in turn. Each is asked for a letter as
soon as its window is exposed, and says when the letter stands there.

As in every installation the compiled bytecode of all modules lies on the disk (for both; the first start,
which does not count, writes it), and Ponder was started before: the very first start shows another page.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPlainTextEdit

Report = Callable[[str, float, str], None]

ROUNDS = 9


def measure(report: Report) -> None:
    """Start both, in turn, on one display."""
    with _display() as display, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "settings.json").write_text('{"first_start_done": true}', encoding="utf-8")
        taken: dict[str, list[float]] = {"empty": [], "ponder": []}
        for number in range(ROUNDS + 1):
            for which, seconds in taken.items():
                passed = _start_s(which, display, Path(folder))
                if number:  # the first start only warms the disk
                    seconds.append(passed)
    medians = {which: statistics.median(seconds) for which, seconds in taken.items()}
    report("start_empty_window", medians["empty"] * 1000, "ms")
    report("start_ponder", medians["ponder"] * 1000, "ms")
    report("start_ponder_by_empty_window", medians["ponder"] / medians["empty"], "times")


def _start_s(which: str, display: str, folder: Path) -> float:
    not_here = {"QT_QPA_PLATFORM", "PYTHONDONTWRITEBYTECODE"}
    environment = {name: value for name, value in os.environ.items() if name not in not_here}
    environment |= {"DISPLAY": display, "PONDER_HOME": str(folder), "HOME": str(folder)}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    command = [sys.executable, "-m", "tests.bench.transcript_start", which]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = process.stdout.readline()
    passed = time.perf_counter() - began
    process.communicate(timeout=60)
    if line != b"typed\n":
        raise RuntimeError(f"{which} did not take typing")
    return passed


@contextmanager
def _display() -> Iterator[str]:
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    with os.fdopen(read_end) as numbers:
        display = f":{int(numbers.readline())}"
    try:
        yield display
    finally:
        server.terminate()
        server.wait()


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
