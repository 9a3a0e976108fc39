"""What the transcript costs: `python -m tests.bench --only transcript`, every figure in a process of its own.

`python -m tests.bench.transcript PART` measures one part alone. How time is measured: `transcript_rig.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.reasoning import PieceKind
from tests.bench import transcript_start
from tests.bench.transcript_corpus import Corpus, LongText, tokens_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from tests.bench.transcript_rig import Rig

Report = Callable[[str, float, str], None]

PAINTS_IN_TURN = 25
"""So many paints of the window, then as many of a bare editor: a second of streaming."""
MESSAGES = 2_000
QUESTION_CHARS = 250
ANSWER_CHARS = 1_750
"""1,000 questions and answers of 2 MB."""
JUMPS = (0.0, 0.5, 0.13, 0.87, 0.3, 0.66, 1.0)
START_ROUNDS = 3
"""The window is opened so often to see what holds it while the model loads."""
LATER_S = 0.6
"""After a resize: what is out of sight of a long answer is laid out within it."""
WIDTHS_PX = (900, 1_000, 700, 1_100)


@dataclass
class _Streamed:
    """CPU seconds of each paint: of the window, of the bare editor, of a fresh window with the last tokens.

    From `begin_of_last` on the window's are those of the last tokens.
    """

    paints: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    begin_of_last: int = 0


def measure(report: Report) -> None:
    """Every figure of the transcript."""
    for part in PARTS:
        for line in _child(part):
            found = json.loads(line)
            report(found["bench"], found["value"], found["unit"])
    transcript_start.measure(report)
    holds = _start_holds()
    report("model_loads_longest_hold", max(holds) * 1000, "ms")
    report("model_loads_p99_hold", sorted(holds)[int(len(holds) * 0.99)] * 1000, "ms")


def _child(part: str) -> list[str]:
    return _run("tests.bench.transcript", part)


def _start_holds() -> list[float]:
    """What holds the window while the model loads: several starts, after one that writes the bytecode."""
    with tempfile.TemporaryDirectory() as bytecode:
        written = {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        starts = [_run("tests.bench.start_holds", **written) for _ in range(START_ROUNDS + 1)]
    return [hold for lines in starts[1:] for hold in json.loads(lines[0])]


def _run(*module: str, **variables: str) -> list[str]:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"} | variables
    command = [sys.executable, "-m", *module]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def _say(bench: str, value: float, unit: str) -> None:
    print(json.dumps({"bench": bench, "value": value, "unit": unit}), flush=True)


def _say_holds(name: str, holds: list[float]) -> None:
    """The longest and the 99th percentile of what held the event loop."""
    ordered = sorted(holds)
    _say(f"{name}_longest_hold", ordered[-1] * 1000, "ms")
    _say(f"{name}_p99_hold", ordered[int(len(ordered) * 0.99)] * 1000, "ms")


def _stream_beside(rig: Rig, application: QApplication, kind: PieceKind, text: LongText) -> _Streamed:
    """Stream a long text into the window and, in turn, into a bare editor; then its end beside its beginning.

    The last tokens are the same text as the first. They are painted in turn with the first tokens of a window
    that was just opened: so only what came before them makes a difference.
    """
    from tests.bench.transcript_rig import BareEdit, open_rig, paints

    edge = paints(text.edge, tokens_of(text.edge))
    streamed, bare = _Streamed(), BareEdit()
    before = edge + paints(text.middle, tokens_of(text.middle))
    for start in range(0, len(before), PAINTS_IN_TURN):
        streamed.paints += [rig.paint(kind, part) for part in before[start : start + PAINTS_IN_TURN]]
        streamed.bare += [bare.paint(part) for part in before[start : start + PAINTS_IN_TURN]]
    streamed.begin_of_last = len(streamed.paints)
    with open_rig(application) as fresh:
        fresh.begin(opened=rig.thoughts_open)
        for part in edge:
            streamed.paints.append(rig.paint(kind, part))
            streamed.bare.append(bare.paint(part))
            streamed.fresh.append(fresh.paint(kind, part))
    bare.close()
    return streamed


def _say_streamed(name: str, streamed: _Streamed) -> None:
    from tests.bench.transcript_rig import TOKENS_PER_PAINT

    last = streamed.paints[streamed.begin_of_last :]
    _say(f"{name}_last_by_first", sum(last) / sum(streamed.fresh), "times")
    _say(f"{name}_by_bare", sum(streamed.paints) / sum(streamed.bare), "times")
    _say(f"{name}_per_token", statistics.fmean(streamed.paints) / TOKENS_PER_PAINT * 1e6, "us")
    _say_holds(f"{name}_streaming", streamed.paints)


def measure_thinking_open(application: QApplication) -> None:
    """A thought that is read while it is written; then the window gets another width, and the reply ends."""
    from tests.bench.transcript_rig import open_rig

    with open_rig(application) as rig:
        corpus = Corpus(1)
        rig.begin(opened=True)
        text = corpus.long(corpus.thought)
        _say_streamed("thinking_open", _stream_beside(rig, application, PieceKind.REASONING, text))
        _say_holds("thinking_open_resize", _resize(rig))
        answer = Corpus(2).answer(600)
        _say_holds("thinking_open_answer", rig.stream(PieceKind.ANSWER, answer, 600))
        _say_holds("thinking_open_end", rig.end(answer))


def measure_thinking_folded(application: QApplication) -> None:
    """A folded thought; after the end it is unfolded, the window gets another width, it is folded again."""
    from tests.bench.transcript_rig import open_rig

    with open_rig(application) as rig:
        corpus = Corpus(1)
        rig.begin(opened=False)
        text = corpus.long(corpus.thought)
        _say_streamed("thinking_folded", _stream_beside(rig, application, PieceKind.REASONING, text))
        answer = Corpus(2).answer(600)
        rig.stream(PieceKind.ANSWER, answer, 600)
        _say_holds("thinking_folded_end", rig.end(answer))
        header = rig.view.turn_widgets()[-1].thinking.header
        _say_holds("unfolding", rig.do(header.click))
        _say_holds("unfolded_resize", _resize(rig))
        _say_holds("folding_again", rig.do(header.click))
        _say_holds("unfolding_again", rig.do(header.click))


def measure_answer(application: QApplication) -> None:
    """One very long formatted answer, its end, and another width."""
    from tests.bench.transcript_rig import open_rig

    with open_rig(application) as rig:
        corpus = Corpus(3)
        rig.begin(opened=False)
        text = corpus.long(corpus.answer)
        _say_streamed("answer", _stream_beside(rig, application, PieceKind.ANSWER, text))
        _say_holds("answer_end", rig.end(text.text))
        _say_holds("answer_resize", _resize(rig))


def measure_long_chat(application: QApplication) -> None:
    """A chat of 2,000 messages: its first frame, going anywhere in it, another width, and its memory."""
    from app.history.records import TurnState
    from tests.bench.transcript_rig import cpu_s, make_turn, open_rig, resident_bytes

    corpus = Corpus(4)
    turns = [
        make_turn(
            corpus.question(QUESTION_CHARS),
            corpus.answer(ANSWER_CHARS)[:ANSWER_CHARS],
            TurnState.FINISHED,
            number + 1,
        )
        for number in range(MESSAGES // 2)
    ]
    with open_rig(application) as rig:
        empty_bytes = resident_bytes()
        opening = cpu_s(lambda: rig.open_chat(turns))
        opening += cpu_s(application.processEvents)
        _say("long_chat_first_frame", opening * 1000, "ms")
        rounds = rig.settle()
        bar = rig.view.verticalScrollBar()
        _say_holds("long_chat_after_first_frame", rounds)
        _say("long_chat_scrolling_freely_after", (opening + sum(rounds)) * 1000, "ms")
        holds = []
        for place in JUMPS:
            holds += rig.do(lambda place=place: bar.setValue(int(bar.maximum() * place)))  # type: ignore[misc]
        _say_holds("long_chat_jumps", holds)
        _say_holds("long_chat_wheel", [hold for _ in range(60) for hold in _scroll(rig, -90)])
        _say_holds("long_chat_resize", _resize(rig))
        _say("long_chat_memory_by_empty", resident_bytes() / empty_bytes, "times")


def _scroll(rig: Rig, by_px: int) -> list[float]:
    bar = rig.view.verticalScrollBar()
    return rig.do(lambda: bar.setValue(bar.value() + by_px))


def _resize(rig: Rig) -> list[float]:
    """The window gets other widths, one after the other."""
    holds = []
    for width_px in WIDTHS_PX:
        holds += rig.do(lambda width_px=width_px: rig.whole.window.resize(width_px, 800))  # type: ignore[misc]
        holds += rig.settle_for(LATER_S)
    return holds


PARTS: dict[str, Callable[[QApplication], None]] = {
    "thinking_open": measure_thinking_open,
    "thinking_folded": measure_thinking_folded,
    "answer": measure_answer,
    "long_chat": measure_long_chat,
}


def main() -> int:
    """Measure one part, in this process."""
    from PySide6.QtWidgets import QApplication

    application = QApplication(["bench"])
    began = time.monotonic()
    PARTS[sys.argv[1]](application)
    sys.stderr.write(f"{sys.argv[1]}: {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
