r"""The process that makes formulas: LaTeX comes in, where each glyph stands goes out.

`python -P -m ui.transcript.formulas.worker` says that it is ready with an empty line, then answers each line
with an `Asked` by one with a `Drawn`. It ends when its input ends.

A formula can be made to take any time and any memory, so this is a process that may be killed. It limits
itself too: memory by the system, time by an alarm should nobody be left to kill it, and on Linux the kernel
keeps it from the internet.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import IO

import msgspec

from models.core_dumps import forbid_core_dumps
from models.engine.sandbox import forbid_internet
from ui.transcript.formulas.layout import FormulaLayout, UndrawableError
from ui.transcript.formulas.protocol import Asked, Drawn

ALARM_S = 4.0
"""Later than the window gives up; it matters only where there is no window any more."""
MEMORY_BYTES = 512 * 2**20


def limit_memory() -> None:
    """Let the system refuse more than `MEMORY_BYTES`, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    forbid_core_dumps()


def serve(lines: Iterator[bytes], out: IO[bytes]) -> None:
    """Answer each line until there are no more."""
    layout = FormulaLayout()
    out.write(b"\n")
    out.flush()
    has_alarm = hasattr(signal, "setitimer")
    for line in lines:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, ALARM_S)
        out.write(msgspec.json.encode(answer_to(layout, line)) + b"\n")
        out.flush()
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)


def answer_to(layout: FormulaLayout, line: bytes) -> Drawn:
    """The answer to one line."""
    asked = msgspec.json.decode(line, type=Asked)
    try:
        return layout.lay_out(asked.tex, display=asked.display)
    except UndrawableError as error:
        return Drawn(str(error))
    except Exception as error:  # noqa: BLE001  ziamath says in any way it happens to that it cannot read
        return Drawn(type(error).__name__)


def main() -> int:
    """Read from standard input, write to standard output."""
    limit_memory()
    forbid_internet()
    serve(iter(sys.stdin.buffer.readline, b""), sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
