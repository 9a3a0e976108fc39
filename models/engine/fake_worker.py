"""An engine process without a model: the real protocol, a scripted reply, and faults on request.

For tests and for work on the window: `python -m models.engine.fake_worker --help`.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.engine.loop import TurnOutput, run_engine_process
from models.engine.protocol import (
    DEFAULT_RESERVE_TOKENS,
    EngineFault,
    Generate,
    Load,
    ModelFacts,
    PauseReason,
    Prepare,
    StopReason,
    Thinking,
    ThoughtEnd,
    Usage,
)
from models.reasoning import PieceKind

CONTEXT_TOKENS = 4096
THOUGHT = (
    "The question is in front of me. Let me read it once more.\n\n"
    "Wait, there is nothing to compute here: this is the fake engine, and it only repeats what it was asked."
)
WAIT = "\nWait,"
"""What a thought that is too short goes on with."""
ANSWER = "You asked: **{question}**\n\nThis is the fake engine: it answers every question by repeating it."


@dataclass(frozen=True, slots=True)
class Script:
    """What the fake engine does. `{question}` in a text stands for the last message.

    `fault` happens after `fault_after` tokens of a reply: "exit" (code 3), "abort", "segv", "kill",
    "hang" (stops answering), "hold" (writes no more until it is stopped), "loop" (says that its thought
    goes in circles), "garbage" (writes no message), "close" (closes its pipe), "template" (fails the turn),
    or "" for none. "load": the model is not accepted. "start": it never starts.
    `always_thinks`: to be asked to skip thinking is an error.
    """

    thought: str = THOUGHT
    answer: str = ANSWER
    tokens_per_s: float = 0.0
    load_s: float = 0.0
    prompt_s: float = 0.0
    fault: str = ""
    fault_after: int = 5
    always_thinks: bool = False


@dataclass
class _Played:
    """What was written of a reply."""

    stop_reason: StopReason = StopReason.END
    thought_end: ThoughtEnd = ThoughtEnd.NONE
    reasoning_tokens: int = 0
    answer_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.reasoning_tokens + self.answer_tokens

    def count(self, kind: PieceKind) -> None:
        if kind is PieceKind.REASONING:
            self.reasoning_tokens += 1
            return
        self.answer_tokens += 1
        if self.reasoning_tokens:
            self.thought_end = self.thought_end or ThoughtEnd.MODEL


@dataclass(frozen=True, slots=True)
class _Limits:
    """How long a thought gets, and what ends it at the most; `models.engine.steering` is the real thing."""

    least_tokens: int
    most_tokens: int
    reason: ThoughtEnd

    @classmethod
    def of(cls, thinking: Thinking, room_tokens: int) -> _Limits:
        """From what was asked for, and the room that thought and answer have together."""
        reserve = thinking.reserve_tokens or min(DEFAULT_RESERVE_TOKENS, room_tokens // 4)
        by_room = max(room_tokens - reserve, 0)
        by_budget = thinking.budget_tokens or by_room
        reason = ThoughtEnd.BUDGET if by_budget < by_room else ThoughtEnd.RESERVE
        most = min(by_room, by_budget)
        return cls(min(thinking.at_least_tokens, most), most, reason)


class FakeRuntime:
    """A runtime that plays a script; see `models.engine.loop.Runtime`."""

    version = "fake engine"

    def __init__(self, script: Script) -> None:
        self._script = script
        self._context_tokens = CONTEXT_TOKENS
        self._interrupted = threading.Event()

    def load(self, command: Load, progress: Callable[[float], None]) -> ModelFacts:
        """Pretend to load a model. Raises `EngineFault` where the script says so."""
        steps = 10
        for step in range(steps):
            time.sleep(self._script.load_s / steps)
            progress((step + 1) / steps)
        if self._script.fault == "load":
            raise EngineFault("model_load", detail="the script says so")
        self._context_tokens = command.context_tokens or CONTEXT_TOKENS
        return ModelFacts(
            name="Fake model",
            architecture="fake",
            context_tokens=self._context_tokens,
            trained_context_tokens=CONTEXT_TOKENS,
            parameters=0,
            size_bytes=0,
            reasons=True,
            family="fake",
            family_title="Fake family",
            can_skip_thinking=not self._script.always_thinks,
        )

    def prepare(self, command: Prepare) -> None:
        """There is nothing to read ahead."""

    def prepare_step(self) -> int | None:
        """Nothing is left to read."""
        return None

    def interrupt(self) -> None:
        """Wake a turn that waits."""
        self._interrupted.set()

    def allow(self) -> None:
        """Let turns wait again."""
        self._interrupted.clear()

    def run_turn(self, command: Generate, output: TurnOutput) -> tuple[StopReason, Usage]:
        """Play the reply."""
        prompt_tokens = sum(len(message.content.split()) + 4 for message in command.messages)
        room_tokens = self._context_tokens - prompt_tokens
        if room_tokens < 0:
            raise EngineFault(
                "prompt_too_long", prompt_tokens=prompt_tokens, room_tokens=self._context_tokens
            )
        if command.thinking.skip and self._script.always_thinks:
            raise EngineFault("cannot_skip_thinking", family="Fake family")
        context_tokens = command.context_tokens or self._context_tokens
        started_at = time.monotonic()
        output.began(prompt_tokens, 0, context_tokens, 0)
        if self._script.prompt_s:
            self._play_prompt(output, prompt_tokens)
        first_s = time.monotonic() - started_at
        reply = self._play_reply(command, output, room_tokens)
        passed_s = max(time.monotonic() - started_at - first_s, 1e-6)
        written = reply.reasoning_tokens + reply.answer_tokens
        return reply.stop_reason, Usage(
            prompt_tokens=prompt_tokens,
            reasoning_tokens=reply.reasoning_tokens,
            answer_tokens=reply.answer_tokens,
            time_to_first_token_s=first_s,
            reasoning_s=passed_s * reply.reasoning_tokens / max(written, 1),
            tokens_per_s=max(written - 1, 0) / passed_s,
            thought_end=reply.thought_end,
            context_tokens=context_tokens,
            answer_s=passed_s * reply.answer_tokens / max(written, 1),
        )

    def _play_prompt(self, output: TurnOutput, prompt_tokens: int) -> None:
        for step in range(1, 11):
            if self._interrupted.wait(self._script.prompt_s / 10):
                return
            output.prompt_progress(prompt_tokens * step // 10, prompt_tokens)

    def _play_reply(self, command: Generate, output: TurnOutput, room_tokens: int) -> _Played:
        played = _Played()
        limit = command.max_tokens or 10**9
        limits = _Limits.of(command.thinking, min(limit, room_tokens))
        if command.answer_so_far:
            output.add(PieceKind.ANSWER, command.answer_so_far, 0)
        for kind, word in self._words(command, limits.least_tokens):
            if played.tokens >= limit:
                played.stop_reason = StopReason.LENGTH
                return played
            if kind is PieceKind.REASONING and output.answer_requested.is_set():
                played.thought_end = ThoughtEnd.ASKED
            elif kind is PieceKind.REASONING and played.reasoning_tokens >= limits.most_tokens:
                played.thought_end = limits.reason
            if kind is PieceKind.REASONING and played.thought_end:
                continue
            if kind is PieceKind.REASONING and output.pause_requested.is_set():
                self._play_pause(output, played, PauseReason.ASKED)
            if self._script.fault and played.tokens == self._script.fault_after:
                output.flush()
                if self._script.fault == "loop":
                    self._play_pause(output, played, PauseReason.LOOP)
                if self._script.fault == "hold":
                    self._interrupted.wait()
                _play_fault(self._script.fault)
            if output.stop_requested.is_set() or self._wait_a_token():
                played.stop_reason = StopReason.STOPPED
                return played
            output.add(kind, word, 1)
            played.count(kind)
        return played

    def _play_pause(self, output: TurnOutput, played: _Played, reason: PauseReason) -> None:
        finding = "The last 24 tokens were repeated 6 times." if reason is PauseReason.LOOP else ""
        hint = output.wait(reason, finding)
        if hint:
            output.add(
                PieceKind.REASONING, f"\n\nWait, there is one more thing to keep in mind: {hint}\n\n", 1
            )
            played.count(PieceKind.REASONING)

    def _words(self, command: Generate, least_thought_tokens: int) -> Iterator[tuple[PieceKind, str]]:
        question = command.messages[-1].content
        thought = _words_of(self._script.thought, question)
        thought += [WAIT] * (least_thought_tokens - len(thought))
        if command.thinking.skip or command.answer_so_far:
            thought = []
        for kind, words in (
            (PieceKind.REASONING, thought),
            (PieceKind.ANSWER, _words_of(self._script.answer, question)),
        ):
            for word in words:
                yield kind, word

    def _wait_a_token(self) -> bool:
        """Keep the speed. True: interrupted."""
        speed = self._script.tokens_per_s
        return self._interrupted.wait(1 / speed) if speed else self._interrupted.is_set()


def _words_of(text: str, question: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+", text.replace("{question}", question))


def _play_fault(fault: str) -> None:
    match fault:
        case "exit":
            os._exit(3)
        case "abort":
            os.kill(os.getpid(), signal.SIGABRT)
        case "segv":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "kill":
            os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "garbage":
            for descriptor in range(3, 16):
                try:
                    os.write(descriptor, b'{"type": "nonsense"}\n')
                except OSError:
                    continue
        case "close":
            os.closerange(3, 16)
        case "template":
            raise EngineFault("template", detail="the script says so")
        case _:
            return


def _parse(argv: list[str]) -> Script:
    parser = argparse.ArgumentParser(prog="fake_worker", description=__doc__)
    parser.add_argument("--thought", default=THOUGHT)
    parser.add_argument("--answer", default=ANSWER)
    parser.add_argument("--tokens-per-s", type=float, default=0.0, help="0: as fast as it goes")
    parser.add_argument("--load-s", type=float, default=0.0)
    parser.add_argument("--prompt-s", type=float, default=0.0)
    parser.add_argument(
        "--fault", default="", help="exit abort segv kill hang hold loop garbage close template load start"
    )
    parser.add_argument("--fault-after", type=int, default=5, help="tokens before the fault")
    parser.add_argument("--always-thinks", action="store_true", help="thinking cannot be skipped")
    return Script(**vars(parser.parse_args(argv)))


def main(argv: list[str]) -> None:
    """Be a fake engine process until it is told to end."""
    script = _parse(argv)
    if script.fault == "start":
        threading.Event().wait()
    run_engine_process(lambda: FakeRuntime(script))


if __name__ == "__main__":
    main(sys.argv[1:])
