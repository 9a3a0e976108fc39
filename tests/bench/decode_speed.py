"""How fast llama.cpp reads and writes with one file, and how fast the memory is meanwhile: one JSON line.

`python -m tests.bench.decode_speed FILE THREADS`. Each figure is that of the best moment of several, as the
bandwidth probe takes it: what the computer gives while nothing else uses it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psutil

from models.bandwidth import probe_bandwidth
from models.engine import bindings

CONTEXT_TOKENS = 2048
BATCH_TOKENS = 512
PROMPT_TOKENS = 64
WINDOW_TOKENS = 3
ROUNDS = 4
ROUND_S = 3.0


def main() -> int:
    """Load, then measure bandwidth, prompt and writing in turn."""
    path, threads = Path(sys.argv[1]), int(sys.argv[2])
    bindings.start_backend()
    model = bindings.LoadedModel(path, lambda _fraction: None)
    context = bindings.Context(
        model,
        context_tokens=CONTEXT_TOKENS,
        batch_tokens=BATCH_TOKENS,
        threads=threads,
        abort=bindings.AbortFlag(),
    )
    bandwidth = prompt = decode = 0.0
    context.decode(range(100, 100 + PROMPT_TOKENS))
    for _ in range(ROUNDS):
        bandwidth = max(bandwidth, probe_bandwidth(threads, psutil.virtual_memory().available))
        context.keep_only(0)
        prompt = max(prompt, PROMPT_TOKENS / _passed_s(context, range(100, 100 + PROMPT_TOKENS)))
        decode = max(decode, _best_decode(context))
    answer = {
        "bandwidth_bytes_per_s": bandwidth,
        "prompt_tokens_per_s": prompt,
        "decode_tokens_per_s": decode,
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # taking a large model down in order takes longer than the measurement


def _best_decode(context: bindings.Context) -> float:
    """Tokens/s in the best few tokens in a row, of those of some seconds."""
    passed: list[float] = []
    until = time.perf_counter() + ROUND_S
    while time.perf_counter() < until or len(passed) < WINDOW_TOKENS:
        passed.append(_passed_s(context, (200,)))
    windows = (sum(passed[n : n + WINDOW_TOKENS]) for n in range(len(passed) - WINDOW_TOKENS + 1))
    return WINDOW_TOKENS / min(windows)


def _passed_s(context: bindings.Context, tokens: range | tuple[int]) -> float:
    began = time.perf_counter()
    context.decode(tokens)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
