"""The outline of a thought: where its paragraphs begin, and where words like "wait" turn it.

It looks for words and understands nothing: a paragraph is what stands between line ends, a turning
point is one of a few phrases at the beginning of a sentence, in English or Chinese.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.light_markdown import MAX_MARK_CHARS, without_marks

MAX_TITLE_CHARS = 120
SAME_TURN_CHARS = 20
"""Two turning points of a paragraph that are closer together than this are one: "Hmm... wait. Actually"."""
SAME_TURN_CHINESE_CHARS = 7
"""Chinese says in a third of the characters what English says: "不对，等等"."""
MAX_TAIL_CHARS = 4_000
"""A sentence that is longer than this is cut: what is open is read again with each piece."""


class Turning(enum.StrEnum):
    """What a word marks. NONE: the step only begins a paragraph."""

    NONE = "step"
    DOUBT = "doubt"
    OTHER_WAY = "another way"
    CHECK = "check"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Step:
    """A place in a thought. `start` counts characters of the text that was fed, `title` is one line of it."""

    start: int
    title: str
    turning: Turning


_CHECKS = r"(?:verify|(?:double|re)-?\s?check|check|confirm|make sure|re-?examine|test (?:this|that))"
_TEST = r"(?:let me|let's|let’s|lemme|i should|i'll|i’ll|i need to|i want to)"
_ENGLISH = {
    Turning.CHECK: (
        rf"(?:(?:but|so|now|okay|ok|wait|just to be sure),? )?{_TEST}(?: just| also| quickly)? {_CHECKS}",
        r"double-?\s?checking|checking|verifying",
    ),
    Turning.RESULT: (
        r"(?:so|therefore|thus|hence),? (?:the|my) (?:final )?(?:answer|result)",
        r"(?:the )?final answer",
    ),
    Turning.OTHER_WAY: (
        r"alternatively",
        r"(?:maybe )?another (?:way|approach|idea|method)",
        r"let me try (?:another|a different)",
        r"or maybe",
    ),
    Turning.DOUBT: (
        r"(?:(?:but|oh|no|hmm+|ah|and|so|okay|ok),? )?(?:wait|hold on)",
        r"hmm+|hm",
        r"(?:(?:but|no|oh|well),? )?actually",
        r"on second thoughts?",
        r"(?:no, )?that(?:'s|’s| is) (?:not right|wrong)",
        r"but",
    ),
}
_CHINESE = {
    Turning.CHECK: (
        "让?我们?(?:来|再)?(?:验证|检查|核对|确认)",
        "再(?:检查|验证|确认)一(?:下|遍)",
        "验证一下|检查一下",
    ),
    Turning.RESULT: ("(?:所以|因此)，?(?:最终)?的?答案", "最终答案|综上"),
    Turning.OTHER_WAY: ("或者|另外|换个思路", "换一?种(?:思路|方法|角度)", "另一种(?:方法|思路)|还有一种"),
    Turning.DOUBT: ("等等|等一下|等下|慢着|且慢", "不对|不，|其实|实际上|不过|但是|嗯"),
}
_FIRST_CHINESE = "\u2e80"
_OPENERS = "\"'“‘*_(（「"
_IN_CHINESE = "，、"
_ENDS_WITHOUT_SPACE = "。！？；：\n"
_BEGINNING = re.compile(rf"[.!?…:;{_ENDS_WITHOUT_SPACE}{_IN_CHINESE}][\s{re.escape(_OPENERS)}]*")
_KINDS = [*_ENGLISH, *_CHINESE]
_PHRASES = re.compile(
    "|".join(
        [rf"((?:{'|'.join(phrases)})\b)" for phrases in _ENGLISH.values()]
        + [f"({'|'.join(phrases)})" for phrases in _CHINESE.values()]
    ),
    re.IGNORECASE,
)
_WORDS = re.compile(r"\S")
_NO_WORDS = re.compile(rf"[\s{re.escape(_OPENERS)}]*")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*(?=\S)")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’*_)]*\s+(?=\S)|[。！？；]\s*(?=\S)|\n\s*(?=\S)")


class OutlineReader:
    """Reads a thought as it grows; only the open end is read again."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._closed_steps = 0
        self._tail = ""
        self._tail_start = 0
        self._opens_sentence = True
        self._line_ends = 2
        self._last_turn = -SAME_TURN_CHARS

    @property
    def read_chars(self) -> int:
        """How much was fed."""
        return self._tail_start + len(self._tail)

    @property
    def steps(self) -> list[Step]:
        """All steps so far, in their order. The last ones may still change: see `closed_steps`."""
        return self._steps

    @property
    def closed_steps(self) -> int:
        """How many steps at the beginning stay as they are."""
        return self._closed_steps

    def feed(self, text: str) -> None:
        """Go on with the thought."""
        del self._steps[self._closed_steps :]
        self._tail += text
        self._close_sentences()
        state = self._last_turn, self._line_ends
        self._read(self._tail, len(self._tail))
        self._last_turn, self._line_ends = state

    def _close_sentences(self) -> None:
        """Close whole sentences, with room for a title behind them."""
        most, cut = len(self._tail) - MAX_TITLE_CHARS, 0
        for end in _SENTENCE_END.finditer(self._tail, 0, max(most, 0)):
            cut = end.end()
        if most - cut > MAX_TAIL_CHARS:
            self._close(self._tail.rfind(" ", cut, most) + 1 or most, opens_sentence=False)
        elif cut:
            self._close(cut, opens_sentence=True)

    def _close(self, chars: int, *, opens_sentence: bool) -> None:
        self._read(self._tail, chars)
        self._closed_steps = len(self._steps)
        self._opens_sentence = opens_sentence
        self._tail = self._tail[chars:]
        self._tail_start += chars

    def _read(self, text: str, chars: int) -> None:
        """Add the steps that begin in the first `chars` of `text`, which follows what is closed."""
        places = dict.fromkeys(self._paragraphs(text[:chars]), Turning.NONE)
        for place, kind in self._turning_points(text, chars):
            apart = SAME_TURN_CHINESE_CHARS if text[place] >= _FIRST_CHINESE else SAME_TURN_CHARS
            if place in places or self._tail_start + place - self._last_turn >= apart:
                places[place] = kind
                self._last_turn = self._tail_start + place
        for place in sorted(places):
            self._steps.append(Step(self._tail_start + place, _title(text, place), places[place]))

    def _turning_points(self, text: str, chars: int) -> Iterator[tuple[int, Turning]]:
        first = _NO_WORDS.match(text)
        if first and first.end() < chars and self._opens_sentence:
            found = _PHRASES.match(text, first.end())
            if found:
                yield found.start(), _KINDS[(found.lastindex or 1) - 1]
        for beginning in _BEGINNING.finditer(text):
            place = beginning.end()
            if place >= chars:
                break
            found = _PHRASES.match(text, place)
            if found:
                kind = (found.lastindex or 1) - 1
                end = "\n" if "\n" in beginning[0] else text[beginning.start()]
                spaced = place > beginning.start() + 1 or end in _ENDS_WITHOUT_SPACE
                if kind >= len(_ENGLISH) or (spaced and end not in _IN_CHINESE):
                    yield place, _KINDS[kind]

    def _paragraphs(self, text: str) -> Iterator[int]:
        """Where paragraphs begin: behind an empty line, and where the thought begins."""
        words = _WORDS.search(text)
        if words is None:
            self._line_ends += text.count("\n")
            return
        if self._line_ends + text.count("\n", 0, words.start()) > 1:
            yield words.start()
        for blank in _BLANK_LINE.finditer(text, words.start()):
            yield blank.end()
        self._line_ends = text.count("\n", len(text.rstrip()))


def outline(text: str) -> list[Step]:
    """The steps of a whole thought."""
    reader = OutlineReader()
    reader.feed(text)
    return reader.steps


def _title(text: str, start: int) -> str:
    """One line, without the marks of its Markdown; a mark that stands right before it belongs to it."""
    begin = start
    while begin and start - begin < MAX_MARK_CHARS and text[begin - 1] in "*_":
        begin -= 1
    line = text[begin : start + MAX_TITLE_CHARS].partition("\n")[0]
    return " ".join(without_marks(line).split()).strip(_OPENERS + "#-> ")
