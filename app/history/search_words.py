"""Words as the search sees them: folded, cut into the terms of the index, and found again in a text.

Case and accents do not matter. A typed word fits where it stands at the beginning of a word; in scripts
that put no space between words (Chinese, Japanese, Thai, Khmer, Burmese) it fits anywhere, and those go
into the index as pairs of characters. Every other visible character is a term of its own: "C++" is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

MAX_TERM_CHARS = 32
"""So much of a long word is in the index; the rest of it is compared with the text."""
_MAX_ASKED_TERMS = 8
"""So many terms are asked of the index at once; what more was typed is compared with the text."""
_COMBINING = re.compile("[\u0300-\u036f]+")
_SYLLABLES = range(0xAC00, 0xD7A4)  # of Korean: taken apart, each would be two or three letters
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W_{_UNSPACED}]"
_WORDS = re.compile(_LETTER + "+")
_RUNS = re.compile(f"[{_UNSPACED}]+")
_MARKS = re.compile(rf"[^\w\s{_UNSPACED}]|_")
_PARTS = re.compile(rf"({_LETTER}+)|([{_UNSPACED}]+)|(\S)")
_OF_A_SENTENCE = ".,;:!?…\"'“”‘’«»()。，；：！？、（）「」《》"
_AS_PRIVATE = {code: 0xE000 + code for code in range(1, 0x80) if not chr(code).isalnum() and code != 0x20}
"""SQLite's tokenizer takes ASCII signs for spaces: they stand in the index as characters for private use."""


class _Folds(dict[int, str]):
    """What each character is looked for as; filled as they come, at most all of Unicode."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded_character(chr(code))
        return folded


def _folded_character(character: str) -> str:
    folded = character.casefold()
    if ord(character) in _SYLLABLES:
        return folded
    plain = _COMBINING.sub("", unicodedata.normalize("NFKD", folded)).casefold()
    return plain if plain.isalnum() or not plain else folded


_FOLDS = _Folds()


def folded(text: str) -> str:
    """The text without case and accents; white space stays as it is."""
    if not text.isascii():  # a few times as fast as `str.translate`
        for character in set(text):
            if character > "\x7f" and (folds := _FOLDS[ord(character)]) != character:
                text = text.replace(character, folds)
    return text.lower()


def character_folds(character: str) -> str:
    """What one character is looked for as: most as one, some as two, an accent of its own as none."""
    return _FOLDS[ord(character)]


def folded_words(text: str) -> tuple[str, ...]:
    """The words to look for, folded, each once, without the signs of a sentence around them.

    No words: nothing is found.
    """
    words = folded(text).split()
    return tuple(dict.fromkeys(word.strip(_OF_A_SENTENCE) or word for word in words))


def terms_of(text: str, shelf: str = "") -> str:
    """The terms of a text for the index, each once, with spaces between and with the shelf in front."""
    text = folded(text)
    terms = {word[:MAX_TERM_CHARS] for word in _WORDS.findall(text)}
    terms.update(_MARKS.findall(text))
    if not text.isascii():
        for run in _RUNS.findall(text):
            terms.update(map("".join, pairwise(run)))
            terms.add(run[-1])
    return " ".join(shelf + term for term in sorted(terms)).translate(_AS_PRIVATE)


def fts_query(words: Sequence[str], shelf: str = "", *, any_of_them: bool = False) -> str:
    """What FTS5 is asked for these folded words on a shelf, each term quoted; "" where there is none.

    It finds every text that `holds` them, and some more: what is found is looked at once again.
    """
    asked = [terms for word in words if (terms := _asked_terms(word, shelf))]
    if any_of_them:
        return " OR ".join(f"({' AND '.join(terms)})" for terms in asked[:_MAX_ASKED_TERMS])
    longest_first = sorted({term for terms in asked for term in terms}, key=len, reverse=True)
    return " AND ".join(longest_first[:_MAX_ASKED_TERMS])


def _asked_terms(word: str, shelf: str) -> list[str]:
    terms = []
    for part in _PARTS.finditer(word):
        letters, run, _ = part.groups()
        if letters is not None:
            is_open = part.end() == len(word) and len(letters) <= MAX_TERM_CHARS
            terms.append(_quoted(shelf + letters[:MAX_TERM_CHARS]) + ("*" if is_open else ""))
        elif run is not None and len(run) > 1:
            terms += [_quoted(shelf + first + second) for first, second in pairwise(run)][:_MAX_ASKED_TERMS]
        else:
            terms.append(_quoted(shelf + part[0]) + ("*" if run is not None else ""))
    return list(dict.fromkeys(terms))[:_MAX_ASKED_TERMS]


def _quoted(term: str) -> str:
    return '"' + term.translate(_AS_PRIVATE).replace('"', '""') + '"'


def places(folded_text: str, word: str) -> Iterator[int]:
    """Where a folded word begins in a folded text: letters at the beginning of a word, all else anywhere."""
    needs_beginning = _WORDS.match(word) is not None
    place = folded_text.find(word)
    while place >= 0:
        if not (needs_beginning and place and _WORDS.match(folded_text[place - 1])):
            yield place
        place = folded_text.find(word, place + 1)


def holds(folded_text: str, word: str) -> bool:
    """Whether the folded word stands in the folded text."""
    return next(places(folded_text, word), None) is not None
