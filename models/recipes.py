"""What each family of models needs: its tags, its sampling, where a system text goes, how to end a thought.

A family is recognised by the GGUF's own chat template and architecture. A name can decide between
families whose templates look alike; it never makes a model what its template does not say it is.
The template is only searched, never run.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from models.reasoning import Piece, ReasoningSplitter, Tags

LOWEST_ADVISED_TOP_P = 0.8
"""The lowest top-p that any of the sources below advises: Qwen3's, without thinking."""

_R1_ROLES: Final = ("<｜User｜>", "<｜Assistant｜>")
_CHATML: Final = "<|im_start|>"
_CHANNEL_TOKENS: Final = ("<|start|>", "<|channel|>", "<|message|>", "analysis")
_QWEN3: Final = frozenset({"qwen3", "qwen3moe", "qwen3next"})
_DISTILLED: Final = frozenset({"qwen2", "llama"})
_FORCED_BY_CHATML: Final = re.compile(r"<\|im_start\|>assistant(?:\\n|\n)<think>")
_OPENS_THOUGHT: Final = re.compile(r"['\"]<think>(?:\\n|\n)['\"]")
_CHOOSES_THINKING: Final = re.compile(r"\bthinking is defined")
_REFUSES_SYSTEM: Final = re.compile(
    r"system role not supported|only user and assistant roles are supported!", re.IGNORECASE
)
_MAX_NAME_CHARACTERS = 400
_MAX_BASE_NAMES = 20
_MAX_HEADER_CHARACTERS = 120

_OWN_VOICE_BRIDGE: Final = "Okay, I have thought about this long enough. I will give my answer now."


class SystemPlace(enum.StrEnum):
    """Where a system text goes."""

    OWN_MESSAGE = "own_message"
    FIRST_QUESTION = "first_question"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to run the models of one family.

    `tags` None: it writes no thoughts. `forces_opening`: the prompt is made to end in the opening tag
    and a newline. `top_k` 0 and `min_p` 0 are off. Outside `temperature_range` a soft warning is due.
    `skip_prefix` goes behind the generation prompt to have no thought ("" where the family cannot);
    `sampling_without_thinking` is the temperature and top-p for that.

    To cut a thought off, `bridge` goes on a line of its own (a sentence in the model's own voice), then
    `closing_text` as template text: the closing tag with what the family writes around it.

    `writes_channels`: no two fixed texts stand around a thought. The reply's tokens go through a
    `ChannelReader`; the splitter behind it works by token and meets the tags nowhere else.

    `source` is where the numbers are published, "" where nobody has and they are Ponder's own.
    """

    family: str
    title: str
    tags: Tags | None
    forces_opening: bool
    system_place: SystemPlace
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    temperature_range: tuple[float, float]
    max_new_tokens: int
    can_skip_thinking: bool
    skip_prefix: str
    bridge: str
    source: str
    closing_text: str = ""
    sampling_without_thinking: tuple[float, float] | None = None
    writes_channels: bool = False

    def empty_thought(self, tags: Tags | None, *, is_open: bool) -> str:
        """What stands in place of a thought, as template text behind the generation prompt.

        `tags`: those of the loaded model. `is_open`: the generation prompt ends in the opening one.
        """
        if self.writes_channels:
            return "<|channel|>final<|message|>"
        if tags is None:
            return ""
        closing = self.closing_text or f"\n{tags.closing}\n\n"
        return closing if is_open else self.skip_prefix or f"{tags.opening}\n{closing}"

    def sampling_warning(self, temperature: float, top_p: float) -> str:
        """Say what these values may do to this model, "" where there is nothing to say."""
        low, high = self.temperature_range
        if not low <= temperature <= high:
            effect = "repeat itself without end" if temperature < low else "lose its thread"
            return (
                f"A temperature of {temperature:g} is outside the {low:g} to {high:g} advised for this model "
                f"({self.title}): it may {effect}."
            )
        if self.tags is not None and top_p < LOWEST_ADVISED_TOP_P:
            return (
                f"A top-p of {top_p:g} is below the {self.top_p:g} advised for this model ({self.title}): "
                "it may repeat itself without end."
            )
        return ""


R1_DISTILL: Final = Recipe(
    family="r1-distill",
    title="DeepSeek-R1 distill",
    tags=Tags(),
    forces_opening=True,
    system_place=SystemPlace.FIRST_QUESTION,
    temperature=0.6,
    top_p=0.95,
    top_k=0,
    min_p=0.0,
    temperature_range=(0.5, 0.7),
    max_new_tokens=32_768,
    can_skip_thinking=False,
    skip_prefix="",
    bridge=_OWN_VOICE_BRIDGE,
    closing_text="\n</think>\n\n",
    source="https://github.com/deepseek-ai/DeepSeek-R1#usage-recommendations",
)
"""All numbers from the source. The bridge is Ponder's own."""

R1_0528: Final = dataclasses.replace(
    R1_DISTILL,
    family="r1-0528",
    title="DeepSeek-R1-0528",
    forces_opening=False,
    system_place=SystemPlace.OWN_MESSAGE,
    max_new_tokens=65_536,
    source="https://huggingface.co/deepseek-ai/DeepSeek-R1-0528",
)
"""The source: a system prompt is supported, the opening need not be forced, 0.6 and 0.95, 64K tokens.

The range of temperatures is the older R1's: the source names no other.
"""

QWEN3: Final = Recipe(
    family="qwen3",
    title="Qwen3",
    tags=Tags(),
    forces_opening=False,
    system_place=SystemPlace.OWN_MESSAGE,
    temperature=0.6,
    top_p=0.95,
    top_k=20,
    min_p=0.0,
    temperature_range=(0.5, 0.8),
    max_new_tokens=32_768,
    can_skip_thinking=True,
    skip_prefix="<think>\n\n</think>\n\n",
    bridge=(
        "Considering the limited time by the user, I have to give the solution based on the thinking "
        "directly now."
    ),
    closing_text="\n</think>\n\n",
    sampling_without_thinking=(0.7, 0.8),
    source="https://huggingface.co/Qwen/Qwen3-8B#best-practices",
)
"""The numbers and the warning of greedy sampling are the source's; the range is Ponder's own.

The bridge is the sentence that Qwen trained for this: Qwen3 Technical Report, "Thinking Budget",
https://arxiv.org/abs/2505.09388.
"""

QWQ: Final = dataclasses.replace(
    R1_DISTILL,
    family="qwq",
    title="QwQ",
    system_place=SystemPlace.OWN_MESSAGE,
    top_k=40,
    temperature_range=(0.5, 0.8),
    source="https://huggingface.co/Qwen/QwQ-32B#usage-guidelines",
)
"""The source gives top-k as 20 to 40. The range of temperatures is Ponder's own."""

MAGISTRAL: Final = Recipe(
    family="magistral",
    title="Magistral",
    tags=Tags("[THINK]", "[/THINK]"),
    forces_opening=False,
    system_place=SystemPlace.FIRST_QUESTION,
    temperature=0.7,
    top_p=0.95,
    top_k=0,
    min_p=0.0,
    temperature_range=(0.6, 0.8),
    max_new_tokens=40_960,
    can_skip_thinking=False,
    skip_prefix="",
    bridge=_OWN_VOICE_BRIDGE,
    closing_text="[/THINK]",
    source="https://huggingface.co/mistralai/Magistral-Small-2506#sampling-parameters",
)
"""Temperature, top-p and limit from the source; the range is Ponder's own.

It thinks because a system prompt asks it to, which the template writes where there is none: so a
system text goes in front of the first question, and the template's own stays. Ministral 3 Reasoning has
the same tags and is run alike; its own numbers were not found.
"""

GPT_OSS: Final = Recipe(
    family="gpt-oss",
    title="gpt-oss",
    tags=Tags("<|channel|>", "<|end|>"),
    forces_opening=False,
    system_place=SystemPlace.OWN_MESSAGE,
    temperature=1.0,
    top_p=1.0,
    top_k=0,
    min_p=0.0,
    temperature_range=(0.7, 1.2),
    max_new_tokens=32_768,
    can_skip_thinking=False,
    skip_prefix="",
    bridge="That is enough analysis. Now the final answer.",
    closing_text="<|end|><|start|>assistant<|channel|>final<|message|>",
    writes_channels=True,
    source="https://github.com/openai/gpt-oss#recommended-sampling-parameters",
)
"""Temperature and top-p from the source; the range and the limit are Ponder's own.

The texts of the channels: https://cookbook.openai.com/articles/openai-harmony and the model's template.
"""

UNKNOWN: Final = dataclasses.replace(
    R1_DISTILL,
    family="unknown",
    title="family unknown to Ponder",
    forces_opening=False,
    system_place=SystemPlace.OWN_MESSAGE,
    temperature_range=(0.3, 1.0),
    source="",
)
"""A model that thinks, by its template. All numbers are Ponder's own."""

PLAIN: Final = dataclasses.replace(
    UNKNOWN,
    family="plain",
    title="chat model without thinking",
    tags=None,
    temperature=0.7,
    min_p=0.05,
    temperature_range=(0.0, 1.5),
    max_new_tokens=8_192,
    bridge="",
    closing_text="",
)
"""All numbers are Ponder's own."""

RECIPES: Final = (R1_DISTILL, R1_0528, QWEN3, QWQ, MAGISTRAL, GPT_OSS, PLAIN, UNKNOWN)


def recipe_for(
    *, architecture: str, name: str, untrusted_template: str, base_names: Sequence[str] = ()
) -> Recipe:
    """Give the recipe for a model by what its GGUF says of itself. Never raises, whatever it says.

    `name` and `base_names` are the values of `general.name` and `general.base_model.*.name`. A template
    that is empty gives the unknown family, one that knows of no thoughts a plain chat model.
    """
    template = untrusted_template
    if not template.strip():
        return UNKNOWN
    says = _Names([name, *base_names[:_MAX_BASE_NAMES]])
    if all(token in template for token in _CHANNEL_TOKENS):
        return GPT_OSS
    if all(role in template for role in _R1_ROLES):
        recipe = _with_r1_roles(architecture, template, says)
    elif "[INST]" in template:
        recipe = _with_mistral_roles(template, says)
    elif _CHATML in template:
        recipe = _with_chatml(architecture, template, says)
    else:
        recipe = _by_tags_alone(template)
    if recipe in (PLAIN, UNKNOWN) and _REFUSES_SYSTEM.search(template):
        return dataclasses.replace(recipe, system_place=SystemPlace.FIRST_QUESTION)
    return recipe


class _Names:
    """The names a model goes by, made comparable: lower case, one hyphen between words."""

    def __init__(self, untrusted_names: Iterable[str]) -> None:
        cut = (name[:_MAX_NAME_CHARACTERS].casefold() for name in untrusted_names)
        self._names = [f"-{re.sub(r'[^a-z0-9]+', '-', name)}-" for name in cut]

    def __contains__(self, words: object) -> bool:
        return any(f"-{words}-" in name for name in self._names)


def _names_thinking(template: str) -> bool:
    return "<think>" in template or "</think>" in template


def _by_tags_alone(template: str) -> Recipe:
    return UNKNOWN if _names_thinking(template) else PLAIN


def _with_r1_roles(architecture: str, template: str, says: _Names) -> Recipe:
    """DeepSeek's role tokens: R1 and its distills, but V3 and the hybrids after it as well."""
    if _CHOOSES_THINKING.search(template):
        return UNKNOWN
    if not _names_thinking(template) and architecture not in _DISTILLED | _QWEN3:
        return PLAIN
    if architecture in _QWEN3 or "r1-0528" in says:
        return R1_0528
    if architecture.startswith("deepseek"):
        return dataclasses.replace(R1_DISTILL, title="DeepSeek-R1")
    return R1_DISTILL


def _with_mistral_roles(template: str, says: _Names) -> Recipe:
    if "[THINK]" in template and "[/THINK]" in template:
        return MAGISTRAL
    if _names_thinking(template) and "magistral" in says:  # the first one, 2506
        return dataclasses.replace(MAGISTRAL, tags=Tags(), closing_text="\n</think>\n\n")
    return _by_tags_alone(template)


def _with_chatml(architecture: str, template: str, says: _Names) -> Recipe:
    """Qwen's role tokens, which many others use too."""
    if not _names_thinking(template):
        return PLAIN
    if architecture in _QWEN3 and "r1-0528" in says:
        return R1_0528
    if architecture in _DISTILLED and "r1-distill" in says:
        return R1_DISTILL
    is_forced = _FORCED_BY_CHATML.search(template) is not None
    if architecture == "qwen2" and (is_forced or "qwq" in says):
        return QWQ
    if architecture not in _QWEN3:
        return UNKNOWN
    if is_forced or _OPENS_THOUGHT.search(template):  # as the Thinking models of 2507: they always think
        return dataclasses.replace(
            QWEN3,
            forces_opening=True,
            can_skip_thinking=False,
            skip_prefix="",
            sampling_without_thinking=None,
        )
    return QWEN3 if "enable_thinking" in template else UNKNOWN


class ChannelReader:
    """Reads gpt-oss's channels off a reply and feeds a splitter that works by token.

    A message is `<|channel|>`, its channel, `<|message|>`, its text, `<|end|>`; before all but the first
    comes `<|start|>` and a role. The analysis is a thought, every other channel is answer. What stands
    between the control tokens is swallowed; text where no channel was ever named is answer.
    Format: https://cookbook.openai.com/articles/openai-harmony.
    """

    CONTROLS: Final = frozenset(
        {"<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>"}
    )

    def __init__(self, splitter: ReasoningSplitter) -> None:
        """`splitter` must have been made with `by_token` and begin outside a thought."""
        self._splitter = splitter
        self._header: str | None = ""  # None: within the text of a message
        self._is_announced = False

    def take_control(self, text: str) -> list[Piece]:
        """Take a token that is one of CONTROLS."""
        if text in ("<|start|>", "<|channel|>"):
            self._header, self._is_announced = "", True
        elif text == "<|constrain|>" and self._header is not None:
            self._header += " "
        elif text == "<|message|>" and self._header is not None:
            return self._begin_message()
        return []

    def take_text(self, text: str) -> list[Piece]:
        """Take any other text, of any length."""
        if self._header is None:
            return self._splitter.feed(text)
        self._header += text
        return self._give_up_header() if len(self._header) > _MAX_HEADER_CHARACTERS else []

    def open_answer(self) -> list[Piece]:
        """The prompt ended in the beginning of the answer's message."""
        self._header, self._is_announced = None, True
        return []

    def finish(self) -> list[Piece]:
        """Give what was held back: the reply is over."""
        pieces = [] if self._header is None or self._is_announced else self._give_up_header()
        return pieces + self._splitter.finish()

    def _begin_message(self) -> list[Piece]:
        is_thought = (self._header or "").split()[:1] == ["analysis"]
        self._header = None
        if is_thought == self._splitter.is_inside:
            return self._splitter.feed("\n\n")  # another message of the same kind
        return self._splitter.feed_tag(opening=is_thought)

    def _give_up_header(self) -> list[Piece]:
        """It was no header: let its text out."""
        header, self._header = self._header or "", None
        return self._splitter.feed(header)
