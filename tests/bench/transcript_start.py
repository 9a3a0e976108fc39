"""How long Ponder takes from its start to a window that takes typing, beside an empty PySide6 window.

Both are real processes (`start_window.py`) on a display of their own (Xvfb), started in turn. Each is asked
for a letter as soon as its window is exposed, and says when the letter stands there.

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
    command = [sys.executable, "-m", "tests.bench.start_window", which]
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
