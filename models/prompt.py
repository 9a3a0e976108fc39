"""Chat template to tokens: control tokens come only from the template, never from what people write.

The template of a GGUF is untrusted input: it runs in Jinja's sandbox, in the engine process, which a
watchdog ends when it takes too long. It never sees what was written: each text is replaced by a
placeholder of private-use characters, and the rendered prompt is cut at the placeholders into pieces
of template and pieces of text. Template pieces may hold control tokens, text pieces may not.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import jinja2
import jinja2.exceptions
import jinja2.ext
import jinja2.sandbox

from models.engine.protocol import EngineFault, Message
from models.reasoning import Tags
from models.recipes import Recipe, SystemPlace

MAX_RENDERED_CHARACTERS = 2_000_000
"""The template's own text, all placeholders included: far beyond any real chat."""
MAX_REPEATED = 1_000_000
"""The longest text or list that a template may make by multiplying one."""

_TEMPLATE_MISTAKES = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
)
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


class Vocabulary(Protocol):
    """What the prompt needs of a tokenizer."""

    bos_text: str
    eos_text: str

    def tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        """Give the tokens of `text`; control tokens are recognised only with `parse_special`."""
        ...

    def special_text(self, token: int) -> str:
        """Give the text of a control or user-defined token, "" for an ordinary one."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the prompt. `is_template`: it may hold control tokens."""

    text: str
    is_template: bool


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with a bound on what a product or a power may make."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise jinja2.exceptions.SecurityError("a power, which no template needs")
        for one, times in ((left, right), (right, left)):
            repeats = isinstance(one, str | bytes | list | tuple) and isinstance(times, int)
            if repeats and len(one) * times > MAX_REPEATED:
                raise jinja2.exceptions.SecurityError("a repetition beyond what a template needs")
        return super().call_binop(context, operator, left, right)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _now(pattern: str) -> str:
    return datetime.datetime.now().astimezone().strftime(pattern)


class ChatTemplate:
    """A model's chat template, ready to turn messages into prompt segments.

    Raises `EngineFault("template")` where the source is not a template.
    """

    def __init__(self, untrusted_source: str, *, bos_text: str, eos_text: str) -> None:
        environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
        environment.filters["tojson"] = _to_json
        environment.globals.update(raise_exception=_raise_exception, strftime_now=_now)
        self.source = untrusted_source
        self._special = {"bos_token": bos_text, "eos_token": eos_text}
        try:
            self._template = environment.from_string(untrusted_source)
        except (jinja2.TemplateError, RecursionError) as error:
            raise EngineFault("template", detail=f"it is not valid ({_first_line(error)})") from error

    def segments(
        self, messages: Sequence[Message], recipe: Recipe, *, skip_thinking: bool = False
    ) -> list[Segment]:
        """Give the prompt for `messages`, the generation prompt at its end.

        The recipe says where a system text goes, and whether the prompt is made to end in the opening
        tag and a newline. Raises `EngineFault("template")`.
        """
        if recipe.system_place is SystemPlace.FIRST_QUESTION:
            messages = fold_system_text(messages)
        nonce = os.urandom(8).hex()
        rendered = self._render([_with_placeholder(m, nonce, i) for i, m in enumerate(messages)])
        segments = list(_cut(rendered, nonce, messages))
        if not any(not s.is_template and s.text == messages[-1].content.strip() for s in segments):
            raise EngineFault("template", detail="it leaves out the question")
        if skip_thinking:
            segments.append(Segment(recipe.skip_prefix, is_template=True))
        elif recipe.forces_opening and not starts_inside_thought(segments, recipe.tags):
            segments.append(Segment(f"{recipe.tags.opening if recipe.tags else ''}\n", is_template=True))
        return segments

    def _render(self, messages: list[dict[str, str]]) -> str:
        try:
            parts: list[str] = []
            length = 0
            for part in self._template.generate(
                messages=messages,
                add_generation_prompt=True,
                enable_thinking=True,
                tools=None,
                documents=None,
                **self._special,
            ):
                parts.append(part)
                length += len(part)
                if length > MAX_RENDERED_CHARACTERS:
                    raise EngineFault("template", detail="it writes without end")
            return "".join(parts)
        except _TEMPLATE_MISTAKES as error:
            raise EngineFault("template", detail=f"it failed ({_first_line(error)})") from error
        except (RecursionError, MemoryError) as error:
            raise EngineFault("template", detail="it asks for more than a template needs") from error


def fold_system_text(messages: Sequence[Message]) -> list[Message]:
    """Put the system texts in front of the first user message, a blank line between."""
    system = [m.content for m in messages if m.role == "system" and m.content.strip()]
    rest = [m for m in messages if m.role != "system"]
    first = next((i for i, m in enumerate(rest) if m.role == "user"), None)
    if not system or first is None:
        return rest
    rest[first] = Message("user", "\n\n".join([*system, rest[first].content]))
    return rest


def starts_inside_thought(segments: Sequence[Segment], tags: Tags | None) -> bool:
    """Whether the prompt ends in the opening tag, so that the reply begins within a thought."""
    if tags is None or not segments or not segments[-1].is_template:
        return False
    return segments[-1].text.rstrip().endswith(tags.opening)


def tokenize_segments(segments: Sequence[Segment], vocabulary: Vocabulary) -> list[int]:
    """Give the tokens of the whole prompt.

    The result is what llama.cpp gives for the whole text at once, except that nothing within a text
    segment becomes a control token. Like llama.cpp, the prompt is first cut at its control tokens
    (those of template segments only); each stretch between two of them is then tokenised whole, so
    that no merge is lost where template and text meet.
    """
    tokens: list[int] = []
    run: list[Segment] = []
    for segment in segments:
        if not segment.is_template:
            run.append(segment)
            continue
        for text, special in _cut_at_special(segment.text, vocabulary):
            if special is None:
                run.append(Segment(text, is_template=True))
                continue
            tokens += _tokenize_run(run, vocabulary)
            run = []
            tokens.append(special)
    return tokens + _tokenize_run(run, vocabulary)


def _tokenize_run(run: list[Segment], vocabulary: Vocabulary) -> list[int]:
    text = "".join(segment.text for segment in run)
    if not text:
        return []
    tokens = vocabulary.tokenize(text, parse_special=False)
    tags = {special for token in tokens if (special := vocabulary.special_text(token))}
    if not tags:
        return tokens
    # llama.cpp turns the text of a "user-defined" token (such as R1's <think>) into that token even
    # where special tokens are off. Cut behind its first character it stays the characters it is.
    pattern = re.compile("|".join(re.escape(tag) for tag in sorted(tags, key=len, reverse=True)))
    pieces: list[str] = []
    start = 0
    for match in pattern.finditer(text):
        pieces.append(text[start : match.start() + 1])
        start = match.start() + 1
    pieces.append(text[start:])
    return [token for piece in pieces for token in vocabulary.tokenize(piece, parse_special=False)]


def _cut_at_special(text: str, vocabulary: Vocabulary) -> Iterator[tuple[str, int | None]]:
    """Yield (text, None) for ordinary stretches and (text, token) for control tokens, in order."""
    start = 0
    for token in vocabulary.tokenize(text, parse_special=True):
        special = vocabulary.special_text(token)
        if not special:
            continue
        found = text.find(special, start)
        if found < 0:
            continue
        if found > start:
            yield text[start:found], None
        yield special, token
        start = found + len(special)
    if start < len(text):
        yield text[start:], None


def _with_placeholder(message: Message, nonce: str, index: int) -> dict[str, str]:
    """Replace the text by a placeholder; its outer white space stays, for the template to trim or keep."""
    content = message.content
    core = content.strip()
    if not core:
        return {"role": message.role, "content": content}
    start = content.index(core)
    held = f"{_OPEN}{nonce}.{index}{_CLOSE}"
    return {"role": message.role, "content": content[:start] + held + content[start + len(core) :]}


def _cut(rendered: str, nonce: str, messages: Sequence[Message]) -> Iterator[Segment]:
    parts = re.split(f"{_OPEN}{nonce}\\.(\\d+){_CLOSE}", rendered)
    for position, part in enumerate(parts):
        if position % 2:
            yield Segment(messages[int(part)].content.strip(), is_template=False)
        elif part:
            yield Segment(part, is_template=True)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
