"""A model in memory with all that belongs to it: its recipe, its tags, its prompts, its context."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from models.engine import bindings
from models.engine.cores import threads_for
from models.engine.kv_type import KvType
from models.engine.memory_plan import require_trained_for
from models.engine.prompting import PromptBuilder
from models.engine.protocol import EngineFault, ModelFacts, Thinking
from models.engine.reply import Reading
from models.engine.steering import Steering
from models.memory_sum import BATCH_TOKENS
from models.prompt import ChatTemplate, Segment, tokenize_segments
from models.reasoning import Piece, ReasoningSplitter, Tags
from models.recipes import ChannelReader, Recipe, recipe_for

MAX_BASE_MODELS = 8
HINT_LEAD = "\n\nWait, there is one more thing to keep in mind: "
WAIT = "\nWait,"
"""What goes on in place of a closing tag that came too early: https://arxiv.org/abs/2501.19393"""


@dataclass(frozen=True, slots=True)
class ContextWish:
    """How a context is to be made. `threads` 0: as suits the model and the cores."""

    threads: int
    cores: int
    kv_type: KvType
    abort: bindings.AbortFlag


class Loaded:
    """A model with all that belongs to it. `tag_tokens`: the tags' own tokens, True for the opening."""

    def __init__(self, model: bindings.LoadedModel, context_tokens: int, wish: ContextWish) -> None:
        """Take a model over, with a context of this size. Raises `EngineFault`; the model is closed then."""
        self.model = model
        self._wish = wish
        source = model.chat_template()
        if not source:
            model.close()
            raise EngineFault("template", detail="it is missing")
        self.recipe = _recipe_of(model, source)
        vocabulary = model.vocabulary
        self._template = ChatTemplate(source, bos_text=vocabulary.bos_text, eos_text=vocabulary.eos_text)
        self.tags, self.tag_tokens = _tags_of(self.recipe, vocabulary)
        try:
            self.context = self._make_context(context_tokens)
        except EngineFault:
            model.close()
            raise
        self.prompts = self._make_prompts()

    def resize(self, context_tokens: int) -> None:
        """Have an empty context of another size. Raises `EngineFault`; then the old size is kept, empty."""
        before = self.context.context_tokens
        self.context.close()
        try:
            self.context = self._make_context(context_tokens)
        except EngineFault:
            self.context = self._make_context(before)
            raise
        finally:
            self.prompts = self._make_prompts()

    def close(self) -> None:
        """Free the memory."""
        self.context.close()
        self.model.close()

    def facts(self) -> ModelFacts:
        """What the window is to know of it."""
        model, recipe = self.model, self.recipe
        return ModelFacts(
            name=model.metadata("general.name"),
            architecture=model.metadata("general.architecture"),
            context_tokens=self.context.context_tokens,
            trained_context_tokens=model.trained_context_tokens,
            parameters=model.parameters,
            size_bytes=model.size_bytes,
            reasons=self.tags is not None,
            family=recipe.family,
            family_title=recipe.title,
            can_skip_thinking=recipe.can_skip_thinking,
        )

    def reading(self, starts_inside: bool) -> Reading:
        """A new reading of a reply."""
        if self.recipe.writes_channels:
            return self._reading_channels()
        splitter = ReasoningSplitter(
            self.tags or Tags(),
            starts_inside=starts_inside,
            by_token=self.tags is None or bool(self.tag_tokens),
        )
        special = {
            token: functools.partial(splitter.feed_tag, opening) for token, opening in self.tag_tokens.items()
        }

        def open_answer() -> list[Piece]:  # behind an empty thought: a closing tag to come is text then
            return splitter.feed_tag(opening=True) + splitter.feed_tag(opening=False)

        return Reading(splitter, special, splitter.feed, splitter.finish, open_answer)

    def _reading_channels(self) -> Reading:
        splitter = ReasoningSplitter(starts_inside=False, by_token=True)
        reader = ChannelReader(splitter)
        special = {
            token: functools.partial(reader.take_control, text)
            for text in ChannelReader.CONTROLS
            if (token := self.model.vocabulary.single_token(text)) is not None
        }
        return Reading(splitter, special, reader.take_text, reader.finish, reader.open_answer)

    def steering(self, thinking: Thinking, room_tokens: int) -> Steering:
        """New limits for a thought."""
        vocabulary, recipe = self.model.vocabulary, self.recipe
        closes = [token for token, opening in self.tag_tokens.items() if not opening]
        closing = recipe.closing_text or (f"\n{self.tags.closing}\n\n" if self.tags else "")
        return Steering(
            thinking,
            room_tokens,
            closing=vocabulary.tokenize(closing, parse_special=True) if closing else (),
            closing_token=closes[0] if closes else None,
            bridge=vocabulary.tokenize(f"\n\n{recipe.bridge}", parse_special=False) if recipe.bridge else (),
            wait=vocabulary.tokenize(WAIT, parse_special=False),
        )

    def hint_tokens(self, hint: str) -> list[int]:
        """A person's hint in the model's own voice; what they wrote can never become a control token."""
        segments = [
            Segment(HINT_LEAD, is_template=True),
            Segment(hint, is_template=False),
            Segment("\n\n", is_template=True),
        ]
        return tokenize_segments(segments, self.model.vocabulary)

    def _make_prompts(self) -> PromptBuilder:
        return PromptBuilder(
            self._template, self.recipe, self.tags, self.model.vocabulary, self.context.context_tokens
        )

    def _make_context(self, context_tokens: int) -> bindings.Context:
        require_trained_for(context_tokens, self.model.trained_context_tokens)
        try:
            return bindings.Context(
                self.model,
                context_tokens=context_tokens,
                batch_tokens=min(BATCH_TOKENS, context_tokens),
                threads=self._wish.threads or threads_for(self.model.parameters, self._wish.cores),
                kv_type=self._wish.kv_type,
                abort=self._wish.abort,
            )
        except ValueError as error:
            raise EngineFault("model_load", detail=f"{error} of {context_tokens:,} tokens") from error


def _recipe_of(model: bindings.LoadedModel, untrusted_template: str) -> Recipe:
    bases = (model.metadata(f"general.base_model.{index}.name") for index in range(MAX_BASE_MODELS))
    return recipe_for(
        architecture=model.metadata("general.architecture"),
        name=model.metadata("general.name"),
        untrusted_template=untrusted_template,
        base_names=[base for base in bases if base],
    )


def _tags_of(recipe: Recipe, vocabulary: bindings.Vocabulary) -> tuple[Tags | None, dict[int, bool]]:
    """The tags to split by, and their own tokens. Without both tokens, tags are found in the text.

    A model whose template knows of no thoughts may still have been trained to write them: its
    vocabulary then has the tags.
    """
    tags = recipe.tags or Tags()
    if recipe.writes_channels:
        return tags, {}
    opening, closing = vocabulary.single_token(tags.opening), vocabulary.single_token(tags.closing)
    if opening is not None and closing is not None:
        return tags, {opening: True, closing: False}
    return recipe.tags, {}
