"""llama.cpp as the engine runs it: one model, one context, one turn at a time."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from models.containers import limits_of, read_group_files
from models.engine import bindings
from models.engine.buffer_log import BufferLog
from models.engine.cores import usable_cores
from models.engine.kv_type import KvType
from models.engine.loaded import ContextWish, Loaded
from models.engine.loop import TurnOutput
from models.engine.memory_plan import MemoryPlan
from models.engine.protocol import (
    EngineFault,
    Generate,
    Load,
    ModelFacts,
    Prepare,
    Sampling,
    StopReason,
    Usage,
)
from models.engine.reply import Reply
from models.engine.thought_watch import ThoughtWatch
from models.errors import ModelFileError
from models.fit import Fit
from models.memory_sum import BATCH_TOKENS
from models.recipes import Recipe

UNPLANNED_CONTEXT_TOKENS = 8192
FIRST_PREPARE_STEP_TOKENS = 32
PREPARE_STEP_S = 0.2
"""So long a step of reading ahead should take: what is lost, at most, when a question interrupts it."""
PROGRESS_FROM_TOKENS = 2 * BATCH_TOKENS
"""Shorter prompts are read before a progress bar could be seen."""


class LlamaRuntime:
    """The real runtime; see `models.engine.loop.Runtime`."""

    def __init__(self) -> None:
        self.version = bindings.start_backend()
        self._abort = bindings.AbortFlag()
        self._loaded: Loaded | None = None
        self._cached: list[int] = []
        self._ahead: list[int] = []
        self._context_as_loaded = 0
        self._plan: MemoryPlan | None = None
        self._prepare_step_tokens = FIRST_PREPARE_STEP_TOKENS

    def load(self, command: Load, progress: Callable[[float], None]) -> ModelFacts:
        """Load a model in place of the one before. Raises `EngineFault`."""
        self._unload()
        self._plan = _plan(Path(command.model_path), command.kv_type)
        placed = self._plan.place(command.context_tokens) if self._plan else None
        log = BufferLog()
        log.start()
        try:
            self._loaded = self._load(command, placed, progress)
        finally:
            log.stop()
        self._context_as_loaded = self._loaded.context.context_tokens
        return msgspec.structs.replace(self._loaded.facts(), allocated_bytes=log.total_bytes)

    def _load(self, command: Load, placed: Fit | None, progress: Callable[[float], None]) -> Loaded:
        gpu_layers = placed.gpu_layers if placed else 0
        try:
            model = bindings.LoadedModel(Path(command.model_path), progress, gpu_layers=gpu_layers)
        except ValueError as error:
            raise EngineFault("model_load", detail=str(error)) from error
        wanted = command.context_tokens or (
            placed.context_tokens if placed else min(model.trained_context_tokens, UNPLANNED_CONTEXT_TOKENS)
        )
        cores = self._plan.cores if self._plan else usable_cores(limits_of(read_group_files()))
        wish = ContextWish(command.threads, cores, command.kv_type, self._abort)
        return Loaded(model, wanted, wish)

    def prepare(self, command: Prepare) -> None:
        """Note what to read ahead: the prompt as far as it is known, exact to the token."""
        self._ahead = []
        if self._loaded is not None:
            if command.messages or command.draft:
                self._resize_to_prepare(self._loaded, command.context_tokens)
            self._ahead = self._loaded.prompts.known_part(command.messages, command.draft)
            if self._ahead:
                self._keep_common(self._loaded.context, self._ahead)

    def prepare_step(self) -> int | None:
        """Read a little ahead. Gives how many tokens are read; None: nothing is left to read."""
        done = len(self._cached)
        if self._loaded is None or done >= len(self._ahead):
            return None
        batch = self._ahead[done : done + self._prepare_step_tokens]
        began_at = time.monotonic()
        if not self._decode(self._loaded.context, batch):
            return done  # interrupted: it says nothing of the speed
        passed_s = time.monotonic() - began_at
        if passed_s > 2 * PREPARE_STEP_S:
            self._prepare_step_tokens = max(self._prepare_step_tokens // 2, 1)
        elif passed_s < PREPARE_STEP_S and len(batch) == self._prepare_step_tokens:
            self._prepare_step_tokens = min(2 * self._prepare_step_tokens, self._loaded.context.batch_tokens)
        return len(self._cached)

    def interrupt(self) -> None:
        """Make the running llama_decode return."""
        self._abort.set()

    def allow(self) -> None:
        """Let llama_decode run again."""
        self._abort.clear()

    def run_turn(self, command: Generate, output: TurnOutput) -> tuple[StopReason, Usage]:
        """Write the reply until it ends or a stop is requested. Raises `EngineFault`."""
        loaded = self._loaded
        if loaded is None:
            raise EngineFault("request", detail="No model is loaded.")
        started_at = time.monotonic()
        _check_sampling(command.sampling)
        self._resize(loaded, command.context_tokens)
        _check_max_tokens(command.max_tokens, loaded.context.context_tokens)
        prompt = loaded.prompts.build(
            command.messages, skip_thinking=command.thinking.skip, answer_so_far=command.answer_so_far
        )
        room = loaded.context.context_tokens - len(prompt.tokens)
        limit = min(command.max_tokens or loaded.recipe.max_new_tokens, room)
        self._ahead = []
        # At least one token is computed anew: its logits give the first of the reply.
        cached = self._keep_common(loaded.context, prompt.tokens[:-1])
        output.began(len(prompt.tokens), cached, loaded.context.context_tokens, prompt.left_out_turns)
        reply = Reply(output, loaded.model.vocabulary.piece, loaded.reading(prompt.starts_inside))
        if command.answer_so_far:
            reply.go_on(command.answer_so_far)
        reason = StopReason.STOPPED
        if self._process(loaded.context, prompt.tokens, output):
            reason = self._write(loaded, reply, command, limit)
        reply.finish()
        usage = reply.usage(
            prompt_tokens=len(prompt.tokens),
            cached_tokens=cached,
            left_out_turns=prompt.left_out_turns,
            started_at=started_at,
            context_tokens=loaded.context.context_tokens,
        )
        return reason, usage

    def _unload(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
        self._loaded = None
        self._cached, self._ahead = [], []

    def _resize(self, loaded: Loaded, context_tokens: int) -> None:
        """Have a context of this size, 0: as loaded. Raises `EngineFault`."""
        wanted = context_tokens or self._context_as_loaded
        if wanted != loaded.context.context_tokens:
            if self._plan is not None:
                self._plan.place(wanted)
            self._cached, self._ahead = [], []
            loaded.resize(wanted)

    def _resize_to_prepare(self, loaded: Loaded, context_tokens: int) -> None:
        """The next turn will say what is wrong with a size that cannot be had."""
        with contextlib.suppress(EngineFault):
            self._resize(loaded, context_tokens)

    def _keep_common(self, context: bindings.Context, tokens: list[int]) -> int:
        """Cut the cache to its longest common beginning with `tokens`. Gives its length."""
        common = 0
        for ours, theirs in zip(self._cached, tokens, strict=False):
            if ours != theirs:
                break
            common += 1
        if not context.keep_only(common):
            common = 0
        self._cached = tokens[:common]
        return common

    def _process(self, context: bindings.Context, tokens: list[int], output: TurnOutput) -> bool:
        """Read the prompt into the cache. False: stopped on the way."""
        done, total = len(self._cached), len(tokens)
        shows_progress = total - done >= PROGRESS_FROM_TOKENS
        while done < total:
            batch = tokens[done : done + context.batch_tokens]
            if output.stop_requested.is_set() or not self._decode(context, batch):
                return False
            done += len(batch)
            if shows_progress:
                output.prompt_progress(done, total)
        return True

    def _decode(self, context: bindings.Context, batch: Sequence[int]) -> bool:
        if not context.decode(batch):
            context.keep_only(len(self._cached))
            return False
        self._cached += batch
        return True

    def _write(self, loaded: Loaded, reply: Reply, command: Generate, limit: int) -> StopReason:
        context = loaded.context
        chain = _sampler_chain(command, loaded.recipe)
        steering = loaded.steering(command.thinking, limit)
        watch = ThoughtWatch(reply, steering, command.thinking.on_loop, loaded.hint_tokens)
        is_end = loaded.model.vocabulary.is_end
        stop_requested = reply.output.stop_requested
        written = 0
        try:
            while written < limit:
                forced = watch.before_token(context) if reply.is_thinking else None
                if forced is None:
                    token = chain.sample(context)
                    ends = is_end(token)
                    if reply.is_thinking and (ends or token == steering.closing_token):
                        forced = steering.longer(reply.thought_tokens)
                        if forced is None and ends:
                            forced = steering.forced_at_end()
                    if forced is None and ends:
                        return StopReason.END
                if forced is None:
                    reply.take(token)
                    tokens: Sequence[int] = (token,)
                    if reply.is_thinking:
                        watch.after_token(token)
                else:
                    reply.take_forced(forced.tokens, forced.reason)
                    tokens = forced.tokens
                written += len(tokens)
                if stop_requested.is_set():
                    return StopReason.STOPPED
                if written < limit and not self._decode(context, tokens):
                    return StopReason.STOPPED
            return StopReason.LENGTH
        finally:
            chain.close()


def _plan(path: Path, kv_type: KvType) -> MemoryPlan | None:
    """None where Ponder does not understand the file: llama.cpp may, and says so where it does not."""
    try:
        return MemoryPlan.read(path, kv_type)
    except ModelFileError:
        return None


def _sampler_chain(command: Generate, recipe: Recipe) -> bindings.SamplerChain:
    """What the user chose, and of the rest what is advised for the family."""
    temperature, top_p = recipe.temperature, recipe.top_p
    if command.thinking.skip and recipe.sampling_without_thinking is not None:
        temperature, top_p = recipe.sampling_without_thinking
    sampling = command.sampling
    return bindings.SamplerChain(
        temperature=temperature if sampling.temperature is None else sampling.temperature,
        top_p=top_p if sampling.top_p is None else sampling.top_p,
        top_k=recipe.top_k,
        min_p=recipe.min_p,
        seed=int.from_bytes(os.urandom(4)) if sampling.seed is None else sampling.seed % 2**32,
    )


def _check_max_tokens(max_tokens: int, context_tokens: int) -> None:
    if max_tokens > context_tokens:
        raise EngineFault(
            "request",
            detail=f"The context has room for {context_tokens:,} tokens, question and thoughts included, "
            f"and {max_tokens:,} of a reply were asked for.",
        )


def _check_sampling(sampling: Sampling) -> None:
    temperature, top_p = sampling.temperature, sampling.top_p
    if temperature is not None and not 0 <= temperature <= 2:
        raise EngineFault("request", detail=f"The temperature must be from 0 to 2, not {temperature:g}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise EngineFault("request", detail=f"Top-p must be above 0 and at most 1, not {top_p:g}.")
