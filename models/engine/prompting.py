"""The prompt of a turn as tokens: rendered by the model's template, cut to the context, exact."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from models.engine.bindings import Vocabulary
from models.engine.protocol import EngineFault, Message
from models.prompt import ChatTemplate, Segment, starts_inside_thought, tokenize_segments
from models.reasoning import Tags
from models.recipes import Recipe

TEMPLATE_TIMEOUT_S = 2.0
EXIT_TEMPLATE_TIMEOUT = 71
UNSETTLED_TOKENS = 4
"""The end of a draft may still be tokenised otherwise, once more is written."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole prompt. `starts_inside`: the reply begins within a thought."""

    tokens: list[int]
    starts_inside: bool
    left_out_turns: int


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a prompt ends behind its last message."""

    skips_thinking: bool = False
    answer_so_far: str = ""


class PromptBuilder:
    """Builds the prompts of one loaded model. `tags` are those that its replies are split by."""

    def __init__(
        self,
        template: ChatTemplate,
        recipe: Recipe,
        tags: Tags | None,
        vocabulary: Vocabulary,
        context_tokens: int,
    ) -> None:
        self._template = template
        self._recipe = recipe
        self._tags = tags
        self._vocabulary = vocabulary
        self._room = context_tokens - context_tokens // 4

    def build(self, messages: Sequence[Message], *, skip_thinking: bool, answer_so_far: str = "") -> Prompt:
        """Give the prompt, without the oldest turns where the context is too small.

        A quarter of the context stays free for the reply. With `answer_so_far` the prompt ends in that text,
        behind an empty thought. Raises `EngineFault` where not even the last message fits, or thinking
        cannot be skipped.
        """
        if answer_so_far:
            return self._fitting(messages, _Ending(answer_so_far=answer_so_far))
        if skip_thinking and not self._recipe.can_skip_thinking:
            raise EngineFault("cannot_skip_thinking", family=self._recipe.title)
        return self._fitting(messages, _Ending(skips_thinking=skip_thinking))

    def _fitting(self, messages: Sequence[Message], ending: _Ending) -> Prompt:
        room = self._room
        prompt = self._prompt(messages, 0, ending)
        if len(prompt.tokens) <= room:
            return prompt
        head = messages[:1] if messages[0].role == "system" else ()
        turns = [index for index, message in enumerate(messages) if message.role == "user"]
        fitting: Prompt | None = None
        low, high = 1, len(turns) - 1
        while low <= high:
            left_out = (low + high) // 2
            prompt = self._prompt([*head, *messages[turns[left_out] :]], left_out, ending)
            if len(prompt.tokens) <= room:
                fitting, high = prompt, left_out - 1
            else:
                low = left_out + 1
        if fitting is None:
            raise EngineFault("prompt_too_long", prompt_tokens=len(prompt.tokens), room_tokens=room)
        return fitting

    def known_part(self, messages: Sequence[Message], draft: str) -> list[int]:
        """Give the tokens of the next prompt as far as they are known, behind `messages` and a draft.

        None where nothing is known, where it does not fit as it is, or where the template fails: the
        turn itself will say so.
        """
        draft = draft.strip()
        if not (messages or draft):
            return []
        try:
            segments = self._segments([*messages, Message("user", draft or "?")], skip_thinking=False)
        except EngineFault:
            return []
        last_text = max(index for index, segment in enumerate(segments) if not segment.is_template)
        tokens = self._tokens(segments[: last_text + 1] if draft else segments[:last_text])
        if draft:
            del tokens[-UNSETTLED_TOKENS:]
        return tokens if len(tokens) <= self._room else []

    def _prompt(self, messages: Sequence[Message], left_out_turns: int, ending: _Ending) -> Prompt:
        segments = self._segments(messages, skip_thinking=ending.skips_thinking)
        if ending.answer_so_far:
            is_open = starts_inside_thought(segments, self._tags)
            thought = self._recipe.empty_thought(self._tags, is_open=is_open)
            segments += [Segment(thought, is_template=True), Segment(ending.answer_so_far, is_template=False)]
        tokens = self._tokens(segments)
        if not tokens:  # llama.cpp ends the process where it has nothing to go on from
            raise EngineFault("template", detail="with it the model gets nothing to read")
        return Prompt(tokens, starts_inside_thought(segments, self._tags), left_out_turns)

    def _segments(self, messages: Sequence[Message], *, skip_thinking: bool) -> list[Segment]:
        with _time_limit(TEMPLATE_TIMEOUT_S):
            return self._template.segments(messages, self._recipe, skip_thinking=skip_thinking)

    def _tokens(self, segments: Sequence[Segment]) -> list[int]:
        vocabulary = self._vocabulary
        tokens = tokenize_segments(segments, vocabulary)
        if vocabulary.adds_bos and vocabulary.bos >= 0 and tokens[:1] != [vocabulary.bos]:
            tokens.insert(0, vocabulary.bos)
        return tokens


@contextmanager
def _time_limit(timeout_s: float) -> Iterator[None]:
    """End this process if the block takes longer: nothing else stops a template in an endless loop."""
    timer = threading.Timer(timeout_s, os._exit, (EXIT_TEMPLATE_TIMEOUT,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
