"""`make bench`: prints one JSON object a line, {"bench": ..., "value": ..., "unit": ...}.

`python -m tests.bench --only GROUP` runs one group of measurements alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.history.store import HistoryStore
from app.paths import built_in_model_file
from models.reasoning import ReasoningSplitter
from tests.bench import downloads, fit, history, transcript
from tests.bench.engine import measure_chat

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SPLITTER_CHARACTERS = 1_000_000
PIECE_CHARACTERS = 4
"""About what one token brings."""


def main() -> int:
    """Run every measurement, or those of one group."""
    groups: dict[str, Callable[[], None]] = {
        "basics": measure_basics,
        "downloads": lambda: downloads.measure(report),
        "fit": lambda: fit.measure_memory(report),
        "fit-speed": lambda: fit.measure_speed(report),
        "history": lambda: history.measure(report),
        "transcript": lambda: transcript.measure(report),
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=groups, help="run this group alone")
    only = parser.parse_args().only
    for measure in [groups[only]] if only else groups.values():
        measure()
    return 0


def measure_basics() -> None:
    """Start, splitter, history and the model in the box; none takes more than a few seconds."""
    report("start_to_version", median_ms([sys.executable, "-m", "app", "--version"]), "ms")
    report("make_run_overhead", make_run_overhead_ms(), "ms")
    report("splitter", splitter_characters_per_s(), "characters/s")
    report("history_commit", history_commit_ms(), "ms")
    first, follow_up = measure_chat(built_in_model_file(), ["What is 47 * 36?", "now add 8"])
    report("mini_writing", first.tokens_per_s, "tokens/s")
    report("mini_first_token", first.time_to_first_token_s * 1000, "ms")
    report("mini_first_token_of_follow_up", follow_up.time_to_first_token_s * 1000, "ms")


def report(bench: str, value: float, unit: str) -> None:
    """Print one result."""
    print(json.dumps({"bench": bench, "value": float(f"{value:.4g}"), "unit": unit}), flush=True)


def median_ms(command: list[str], runs: int = 7) -> float:
    """How long a command takes from start to end."""
    return (
        statistics.median(
            timed_s(lambda: subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True))
            for _ in range(runs)
        )
        * 1000
    )


def make_run_overhead_ms() -> float:
    """What a second `make run` adds to the program itself. Where make has work to do, it does it first."""
    through_make = ["make", "--no-print-directory", "run", "PONDER_ARGS=--version"]
    subprocess.run(through_make, cwd=REPOSITORY, check=True, capture_output=True)
    return median_ms(through_make) - median_ms([sys.executable, "-m", "ui", "--version"])


def splitter_characters_per_s() -> float:
    """A long thought and an answer with code, a few characters at a time."""
    answer = "The answer is **4**.\n\n```python\nprint(2 + 2)  # </think> is only text here\n```\n\n"
    thought = "Let me see: 2 < 3, so I add them. " * (SPLITTER_CHARACTERS // 2 // 34)
    text = thought + "</think>" + answer * (SPLITTER_CHARACTERS // 2 // len(answer))
    pieces = [text[start : start + PIECE_CHARACTERS] for start in range(0, len(text), PIECE_CHARACTERS)]
    splitter = ReasoningSplitter(starts_inside=True)

    def split() -> None:
        for piece in pieces:
            splitter.feed(piece)
        splitter.finish()

    return len(text) / timed_s(split)


def history_commit_ms(turns: int = 50) -> float:
    """How long a question takes until it is on the disk for good."""
    with tempfile.TemporaryDirectory() as folder:
        store = HistoryStore(Path(folder) / "history.db")
        conversation = store.begin_turn(None, "What is 47 * 36?", "bench").conversation_id
        passed_s = [
            timed_s(lambda: store.begin_turn(conversation, "now add 8", "bench")) for _ in range(turns)
        ]
        store.close()
    return statistics.median(passed_s) * 1000


def timed_s(action: Callable[[], object]) -> float:
    """How long a call takes."""
    started_at = time.perf_counter()
    action()
    return time.perf_counter() - started_at


if __name__ == "__main__":
    sys.exit(main())
