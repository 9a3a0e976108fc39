"""Writes thoughts and answers as an R1 model does, made up from a seed and always the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

TOKENS = 32_768
EDGE_TOKENS = 1_000
CHARACTERS_PER_TOKEN = 3.6
"""Of R1's English with formulas; Chinese and code have fewer."""

_NUMBERS = range(2, 98)
_TURNS = (
    "Wait, let me check that again.",
    "Hmm, that does not look right.",
    "Alternatively, I could go at it from the other end.",
    "Let me verify this with a small case.",
    "Okay, so far so good.",
    "But hold on: is that true for negative values too?",
    "So where does that leave me?",
)
_REASONS = (
    "If {a} divides the left side, then it must divide {b} times something, and {c} is prime.",
    "The sum of the first {a} odd numbers is the square of {a}, so I get something near {b}.",
    "I know that {a} and {b} have no common factor, so the inverse modulo {b} exists.",
    "Taking the derivative gives me {a} times the square minus {b}, which is zero at two places.",
    "A train that needs {a} minutes for {b} kilometres cannot be there before the other one.",
    "With {a} boxes and {b} balls, at least one of the boxes holds more than one, as ever.",
    "Multiplying out, the terms with {a} cancel, and what is left over is about {b} or {c}.",
)
_FORMULAS = (
    "x^2 - {a}x + {b} = 0",
    "\\frac{{{a}}}{{{b}}} + \\sqrt{{{c}}}",
    "\\sum_{{k=1}}^{{{a}}} k = {b}",
    "\\int_0^{{{a}}} x^{{{b}}}\\,dx",
    "a_{{n+1}} = {a}a_n - {b}",
    "\\binom{{{a}}}{{2}} \\equiv {b} \\pmod{{{c}}}",
)
_CHINESE = (
    "等一下，我再验证一遍：{a} 乘以 {b} 的结果应该是多少？",
    "所以，当 n 等于 {a} 时，这个数列的每一项都可以被 {b} 整除。",
    "换个思路，先考虑最简单的情况，再推广到 {c}。",
)
_EMOJI = ("🙂", "✅", "🎲", "🚂", "👩‍🔬", "📐")


@dataclass(frozen=True)
class LongText:
    """`edge`, then `middle`, then `edge` once more; each begins with an empty line."""

    edge: str
    middle: str

    @property
    def text(self) -> str:
        """All of it."""
        return self.edge + self.middle + self.edge


class Corpus:
    """Makes text from one seed; every call goes on where the last one ended."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def thought(self, tokens: int) -> str:
        """A thought of at least so many tokens."""
        return self._text(
            tokens, (self._reflection, self._reflection, self._steps, self._chinese, self._sums)
        )

    def answer(self, tokens: int) -> str:
        """A formatted answer of at least so many tokens."""
        parts = (
            self._section,
            self._paragraph,
            self._paragraph,
            self._paragraph,
            self._bullets,
            self._steps,
            self._displayed,
            self._code,
            self._table,
            self._quote,
            self._chinese,
        )
        return self._text(tokens, parts)

    def long(self, make: Callable[[int], str]) -> LongText:
        """A text of `TOKENS` by `thought` or `answer` that ends as it begins."""
        edge, middle = self._whole(make, EDGE_TOKENS), self._whole(make, TOKENS - 2 * EDGE_TOKENS)
        return LongText(edge, middle)

    def _whole(self, make: Callable[[int], str], tokens: int) -> str:
        """Whole paragraphs of about so many tokens: code that was begun is not left open."""
        paragraphs = make(tokens).split("\n\n")[:-1]
        while "".join(paragraphs).count("```") % 2:
            paragraphs.pop()
        return "\n\n" + "\n\n".join(paragraphs)

    def question(self, characters: int) -> str:
        """A question of about so many characters."""
        text = ""
        while len(text) < characters:
            text += self._say(_REASONS) + " "
        return text[:characters].strip() + "?"

    def _text(self, tokens: int, parts: tuple[Callable[[], str], ...]) -> str:
        wanted = int(tokens * CHARACTERS_PER_TOKEN)
        made, length = [], 0
        while length < wanted:
            part = self._random.choice(parts)()
            made.append(part)
            length += len(part) + 2
        return "\n\n".join(made)[:wanted]

    def _say(self, sentences: tuple[str, ...]) -> str:
        numbers = {name: self._random.choice(_NUMBERS) for name in "abc"}
        return self._random.choice(sentences).format(**numbers)

    def _formula(self) -> str:
        return self._say(_FORMULAS)

    def _reflection(self) -> str:
        said = [self._random.choice(_TURNS)]
        for _ in range(self._random.randint(1, 5)):
            said.append(self._say(_REASONS))
            if self._random.random() < 0.4:
                said.append(f"That is \\({self._formula()}\\).")
        return " ".join(said)

    def _sums(self) -> str:
        lines = []
        for _ in range(self._random.randint(2, 5)):
            a, b = self._random.choice(_NUMBERS), self._random.choice(_NUMBERS)
            lines.append(f"{a} * {b} = {a * b}")
        return "\n".join(lines)

    def _section(self) -> str:
        return f"## Step {self._random.choice(_NUMBERS)}: {self._say(_TURNS).rstrip('.?')}"

    def _paragraph(self) -> str:
        formula = self._formula()
        shown = f"\\({formula}\\)" if self._random.random() < 0.5 else f"${formula}$"
        words = [self._say(_REASONS), f"Here **{self._random.choice(_NUMBERS)}** stands for {shown}."]
        words.append(f"See `f({self._random.choice(_NUMBERS)})`, *as above*, {self._random.choice(_EMOJI)}.")
        words += [self._say(_REASONS) for _ in range(self._random.randint(0, 2))]
        return " ".join(words)

    def _bullets(self) -> str:
        return "\n".join(f"- {self._say(_REASONS)}" for _ in range(self._random.randint(2, 6)))

    def _steps(self) -> str:
        return "\n".join(
            f"{number}. **{self._say(_TURNS)}** {self._say(_REASONS)}"
            for number in range(1, self._random.randint(3, 6))
        )

    def _displayed(self) -> str:
        if self._random.random() < 0.3:
            return f"$$\n{self._formula()} = \\boxed{{{self._random.choice(_NUMBERS)}}}\n$$"
        return f"\\[\n{self._formula()}\n\\]"

    def _code(self) -> str:
        a, b = self._random.choice(_NUMBERS), self._random.choice(_NUMBERS)
        lines = [
            f"def count_{a}(limit: int) -> int:",
            f'    """How many numbers below {b} fit."""',
            "    found = 0",
        ]
        lines += [f"    for n in range({a}, limit):", f"        if n % {b} == 0:  # {self._say(_TURNS)}"]
        lines += ["            found += 1", "    return found", "", f"print(count_{a}({a * b}))"]
        return "```python\n" + "\n".join(lines) + "\n```"

    def _table(self) -> str:
        rows = ["| Step | Value | Result |", "|------|:-----:|-------:|"]
        for number in range(self._random.randint(3, 8)):
            rows.append(f"| {number} | \\({self._formula()}\\) | {self._random.choice(_NUMBERS):,} |")
        return "\n".join(rows)

    def _quote(self) -> str:
        return f"> {self._say(_REASONS)}\n> {self._say(_TURNS)}"

    def _chinese(self) -> str:
        return "".join(self._say(_CHINESE) for _ in range(self._random.randint(1, 3))) + self._random.choice(
            _EMOJI
        )


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return round(len(text) / CHARACTERS_PER_TOKEN)


def pieces(text: str, count: int) -> list[str]:
    """The text in so many pieces of nearly equal length, as tokens bring it."""
    edges = [round(number * len(text) / count) for number in range(count + 1)]
    return [text[start:end] for start, end in pairwise(edges)]
