"""Hostile text cut across the stream of a real transcript: nothing holds the window, nothing gets out."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.slowness import is_within
from tests.ui.transcript.hostile_payloads import PAYLOADS
from tests.ui.transcript.turns import make_turn
from ui.theme import Theme
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView
from ui.widgets.concealed_copy import CONCEALING_FORMATS
from ui.widgets.safe_browser import SafeBrowser

HOLD_S = 0.2
"""CPU time; the most that may pass between two rounds of the event loop."""
MAX_CHARS = 10_000_000 if os.environ.get("PONDER_PROOF") == "1" else 60_000
"""Megabytes only in `make proof`: they take a minute."""
PIECES = 24
MAX_PIECE_CHARS = 4_000
"""In one paint; a model writes about thirty."""
ACTIVE = set("\x00\x07\x08\x1b\x7f\x9b\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\ufdd0")
REPOSITORY = Path(__file__).resolve().parents[3]
MARK = "/the-payloads-begin-here"


def test_there_are_enough() -> None:
    assert len(PAYLOADS) >= 60


class Stopwatch:
    """The longest CPU time of a step."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.where = ""

    def __call__(self, where: str, step: Callable[[], object]) -> None:
        began = time.thread_time()
        step()
        passed_s = time.thread_time() - began
        if passed_s > self.longest_s:
            self.longest_s, self.where = passed_s, where


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PAYLOADS)
def test_nothing_holds_the_window(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    untrusted = PAYLOADS[name].replace("FIFO", str(fifo))[:MAX_CHARS]
    view = TranscriptView(Theme.light(), thoughts_open=True)
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.show()
    watch = Stopwatch()
    gc.collect()
    gc.freeze()  # what thousands of other tests left behind is not the window's to look through
    try:
        turn = stream(view, untrusted, watch)
    finally:
        gc.unfreeze()
    assert is_within(watch.longest_s, HOLD_S), f"{watch.where}: {watch.longest_s:.3f} s"
    for text in turn.findChildren(SafeBrowser):
        html = text.document().toHtml() if len(untrusted) < 100_000 else ""
        assert "<img" not in html
        assert not re.search(r'href="(?!https?://[^"@]*"|mailto:)', html)
        text.selectAll()
        assert not set(text.createMimeDataFromSelection().text()) & ACTIVE
        assert set(text.createMimeDataFromSelection().formats()) <= {"text/plain", *CONCEALING_FORMATS}
    view.clear()


def stream(view: TranscriptView, untrusted: str, watch: Stopwatch) -> TurnWidget:
    """The payload as question, thought and answer, cut into pieces and whole."""
    question = untrusted[:20_000]
    watch("question", lambda: view.begin_turn(make_turn(1, question)))
    length = min(max(len(untrusted) // PIECES, 1), MAX_PIECE_CHARS)
    for kind in (PieceKind.REASONING, PieceKind.ANSWER):
        for start in range(0, len(untrusted), length):
            piece = untrusted[start : start + length]
            view.append(1, kind, piece, 1)
            watch(f"{kind} at {start}", view.flush)
            watch(f"events of {kind} at {start}", QApplication.processEvents)
    ended = make_turn(1, question, answer=untrusted, state=TurnState.FINISHED)
    turn = view.built_turns()[-1]
    watch("end", lambda: view.end_turn(ended, None))
    while turn._answer._slices.is_busy:
        watch("after the end", QApplication.processEvents)
    watch("picture", view.viewport().grab)
    return turn


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_file_is_opened_and_no_socket_made(tmp_path: Path) -> None:
    """The kernel's own word: what the process opens while it shows every payload."""
    trace = tmp_path / "trace"
    os.mkfifo(tmp_path / "fifo")
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(trace),
        "-e",
        "trace=open,openat,openat2,creat,socket,connect",
    ]
    done = subprocess.run(
        [*command, sys.executable, "-m", __name__, str(tmp_path / "fifo")],
        cwd=REPOSITORY,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "audited:" in done.stdout
    assert done.stdout.split("audited:")[1].strip() == ""
    before, _, after = trace.read_text(errors="replace").partition(MARK)
    assert before
    assert after
    calls = [line for line in after.splitlines()[1:] if "+++" not in line and "---" not in line]
    # The process that makes formulas asks the kernel once for a socket, to see that it is refused.
    sockets = [call for call in calls if re.search(r"\b(socket|connect)\(", call)]
    assert [call for call in sockets if "EPERM" not in call] == []
    opened = [found[1] for call in calls if (found := re.search(r'open\w*\([^"]*"([^"]*)"', call))]
    assert [path for path in opened if not is_ours(path)] == []


_OF_A_PROCESS = (
    "/usr/lib",
    "/usr/local/lib",
    "/lib",
    "/usr/share/locale",
    "/etc/ld.so.",
    "/etc/localtime",
    "/dev/null",
)
"""What any program opens when it starts, as the one that makes formulas does."""


def is_ours(path: str) -> bool:
    """Fonts for characters not seen before, modules of Python, and the start of the formula process."""
    if path.startswith(_OF_A_PROCESS) or not path.startswith("/"):
        return ".." not in path
    font = (
        path.startswith("/usr/share/fonts")
        or "/fontconfig" in path
        or path.endswith((".ttf", ".otf", ".ttc"))
    )
    return font or (path.startswith((str(REPOSITORY), sys.prefix, sys.base_prefix)) and "/etc/" not in path)


def show_all(fifo: str) -> int:
    """In the child: everything once harmlessly, the mark, then every payload."""
    application = QApplication([])
    view = TranscriptView(Theme.light(), thoughts_open=True)
    view.resize(800, 600)
    view.show()
    watch = Stopwatch()
    stream(view, "Words, `code`, **bold**, 中文 🙂 שלום $x$\n\n```python\nx = 1\n```\n", watch)
    view.clear()
    application.processEvents()
    audited: list[str] = []
    is_watching = True

    def audit(event: str, args: tuple[object, ...]) -> None:
        if is_watching and event.startswith(
            ("socket.", "subprocess.", "os.system", "os.exec", "webbrowser.")
        ):
            audited.append(event)
        if is_watching and event == "open" and not is_ours(str(args[0])) and str(args[0]) != MARK:
            audited.append(f"{event} {args[0]}")

    sys.addaudithook(audit)
    with contextlib.suppress(FileNotFoundError):
        os.open(MARK, os.O_RDONLY)
    for untrusted in PAYLOADS.values():
        if len(untrusted) < 12_000:
            stream(view, untrusted.replace("FIFO", fifo), watch)
            view.clear()
            application.processEvents()
    is_watching = False
    sys.stdout.write("audited:" + " ".join(audited) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(show_all(sys.argv[1]))
