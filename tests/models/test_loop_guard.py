"""Loops are found in time, and real texts, code and honest re-checking raise no alarm."""

from __future__ import annotations

import importlib.metadata
import os
import random
import re
import sysconfig
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import bindings
from models.loop_guard import (
    CHECK_EVERY_TOKENS,
    HORIZON_TOKENS,
    MAX_PERIOD_TOKENS,
    LoopFound,
    LoopGuard,
)
from tests.slowness import is_within

Tokenize = Callable[[str], list[int]]

ALLOWED_TOKENS = 200
TEXT_TOKENS = 20_000
IS_PROOF = os.environ.get("PONDER_PROOF") == "1"
WORD = re.compile(r"\w+|([^\w\s])\1{0,3}|\n+")


class WordTokenizer:
    """Words, marks (up to four of a kind) and line ends to numbers: to it all names are of one length."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def __call__(self, text: str) -> list[int]:
        return [
            self._ids.setdefault(word, len(self._ids)) for word in map(re.Match.group, WORD.finditer(text))
        ]


def first_alarm(tokens: Iterable[int]) -> tuple[int, LoopFound] | None:
    """How many tokens it took, and what was found."""
    guard = LoopGuard()
    for taken, token in enumerate(tokens, start=1):
        found = guard.take(token)
        if found is not None:
            return taken, found
    return None


def delay(lead: Sequence[int], loop: Sequence[int], second_from: int) -> tuple[int, LoopFound]:
    """Tokens from the beginning of the second telling (`second_from` in the loop) to the alarm."""
    alarm = first_alarm([*lead, *loop])
    assert alarm is not None, "the loop was not found"
    taken, found = alarm
    assert taken > len(lead), "an alarm before there was a loop"
    return taken - len(lead) - second_from, found


@pytest.fixture(scope="module")
def smollm2_tokenize(smollm2_model: Path) -> Iterator[Tokenize]:
    """The tokenizer of SmolLM2: byte pairs, each digit a token, as for R1's Qwen distills."""
    bindings.start_backend()
    model = bindings.LoadedModel(smollm2_model, lambda _fraction: None)
    yield lambda text: model.vocabulary.tokenize(text, parse_special=False)
    model.close()


@pytest.fixture(params=["words", "smollm2"])
def tokenize(request: pytest.FixtureRequest) -> Tokenize:
    """Both ways of making tokens."""
    if request.param == "words":
        return WordTokenizer()
    made: Tokenize = request.getfixturevalue("smollm2_tokenize")
    return made


# What a thought says before it begins to go round.
LEAD = """Okay, so I need to find how many ways there are to seat five people in a row of seven chairs so
that no two of them sit next to each other. Let me think. If there are five people and seven chairs,
two chairs stay empty. For no two people to be neighbours there has to be an empty chair between each
pair, which makes four gaps, but only two chairs are empty. Hmm, that means it is impossible, unless the
row is a circle, and that would be worse still. So is the answer zero? That seems too easy. Maybe I have
misread the question. It says that no two of the *empty* chairs are next to each other. Okay, that is
different. Then I choose places for two empty chairs among the six gaps around five people: that is
C(6, 2) = 15, and the people can be ordered in 5! = 120 ways, so 15 * 120 = 1800 altogether.
"""


@pytest.mark.parametrize("period", [1, 2, 5, 17, 40, 64, 100])
def test_an_exact_loop_is_found_within_200_tokens(period: int) -> None:
    chance = random.Random(period)
    for lead_length in (0, 7, 650, 5_003):
        lead = [chance.randrange(150_000) for _ in range(lead_length)]
        telling = chance.sample(range(150_000), period)
        taken, found = delay(lead, list(islice(cycle(telling), 1_000)), period)
        assert taken <= ALLOWED_TOKENS
        assert (found.kind, found.period_tokens) == ("tail", period)
        assert found.repeats in range(taken // period, taken // period + 2)


@given(data=st.data(), period=st.integers(1, MAX_PERIOD_TOKENS), lead_length=st.integers(0, 40))
def test_a_loop_of_any_period_is_found_in_time(data: st.DataObject, period: int, lead_length: int) -> None:
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    words = chance.choices(range(4_000), k=max(period // 2, 3)) + list(range(5_000, 5_000 + period // 2))
    telling = chance.choices(words, k=period)
    lead = [chance.randrange(10_000, 20_000) for _ in range(lead_length)]
    taken, _ = delay(lead, list(islice(cycle(telling), 4 * period + 800)), period)
    commonest = max(telling.count(token) for token in telling)
    if period >= 6 and commonest >= max(3, 0.24 * period):
        assert taken <= 528
    else:
        assert taken <= (ALLOWED_TOKENS if period <= 100 else 2 * period)


def test_a_cycle_that_says_a_phrase_twice_within_itself_is_one_cycle() -> None:
    phrase, one, other = list(range(12)), list(range(100, 125)), list(range(200, 225))
    taken, found = delay([], [*phrase, *one, *phrase, *other] * 20, 74)
    assert taken <= ALLOWED_TOKENS
    assert found.period_tokens == 74


VARIED = {
    "short": "Wait, let me check {n}. ",
    "sum": "Wait, let me check {n} again, because the sum does not look right to me. ",
    "paragraph": "Hmm, that is not the same as before. So the number of apples should be {n}, but the "
    "problem says that John gave half of them away.\n\nWait, maybe I should go through it from the start. ",
    "long": "But hold on, the question asks for the total distance, not for the time it takes. If the train "
    "leaves at noon and goes at the same speed as the other, they meet halfway, which gives {n} as a result. "
    "That cannot be right, because the second train left later. Let me think about this in another way. ",
}


@pytest.mark.parametrize("name", VARIED)
@pytest.mark.parametrize("first", [12, 3, 95, 4_127])
def test_a_loop_that_counts_is_found_within_200_tokens(tokenize: Tokenize, name: str, first: int) -> None:
    tellings = [VARIED[name].format(n=first + i) for i in range(100)]
    period = len(tokenize(tellings[1] + tellings[2])) - len(tokenize(tellings[2]))
    taken, found = delay(tokenize(LEAD), tokenize("".join(tellings)), period)
    assert taken <= ALLOWED_TOKENS
    assert abs(found.period_tokens - period) <= 2
    assert found.kind in ("phrases", "tail")


VERBATIM = [
    "Wait, no. ",
    "So the answer is 42.\n\nWait, but the problem says that x is positive. Let me check again.\n\n",
    "I think that's it. I'm not sure. ",
    "no, ",
    "\\boxed{12}\n\n",
    "Alternatively, maybe I can use the formula for the area of a triangle: A = 1/2 * b * h. So A = 1/2 * 6 "
    "* 8 = 24. Hmm, but that's not one of the options. Let me see if I made a mistake.\n\n",
]


@pytest.mark.parametrize("telling", VERBATIM)
def test_a_loop_as_small_models_make_them_is_found_within_200_tokens(
    tokenize: Tokenize, telling: str
) -> None:
    taken, found = delay(tokenize(LEAD), tokenize(telling * 300), len(tokenize(telling)))
    assert taken <= ALLOWED_TOKENS
    assert found.kind == "tail"


SENTENCES = [
    "Maybe I should try another approach. ",
    "Let me go back to the beginning of the problem. ",
    "But that would contradict what I found before. ",
    "Hmm, I am not sure if this is correct. ",
    "So the total must be larger than that. ",
]


@pytest.mark.parametrize("seed", range(10))
def test_sentences_in_changing_order_are_found_within_200_tokens(tokenize: Tokenize, seed: int) -> None:
    chance = random.Random(seed)
    cycle_tokens = len(tokenize("".join(SENTENCES)))
    text = "".join("".join(chance.sample(SENTENCES, len(SENTENCES))) for _ in range(40))
    taken, found = delay(tokenize(LEAD), tokenize(text), cycle_tokens)
    assert taken <= ALLOWED_TOKENS
    assert found.kind == "phrases"
    assert found.repeats >= 3


@pytest.mark.parametrize("cycle_sentences", [12, 30, 60])
def test_a_long_thought_without_news_is_found(cycle_sentences: int) -> None:
    """Told in another order each time, so that no two tellings are alike: only the news are missing."""
    chance = random.Random(cycle_sentences)
    sentences = [
        [chance.randrange(3_000) for _ in range(chance.randint(10, 18))] for _ in range(cycle_sentences)
    ]
    tellings = [chance.sample(sentences, cycle_sentences) for _ in range(40)]
    loop = [token for telling in tellings for sentence in telling for token in sentence]
    lead = [chance.randrange(3_000) for _ in range(2_000)]
    third_from = 2 * sum(map(len, sentences))
    taken, found = delay(lead, loop, third_from)
    assert found.kind == "novelty"
    assert taken <= 600 + ALLOWED_TOKENS


def test_after_a_finding_a_loop_that_goes_on_is_told_again() -> None:
    guard = LoopGuard()
    alarms = [i for i, token in enumerate(list(range(17)) * 60) if guard.take(token)]
    assert len(alarms) >= 3
    assert all(later - earlier <= ALLOWED_TOKENS + 17 for earlier, later in pairwise(alarms))


def test_the_sentences_are_for_people() -> None:
    assert LoopFound("tail", 24, 6).sentence == "The last 24 tokens were repeated 6 times."
    assert LoopFound("tail", 1, 1_185).sentence == "The last token was repeated 1,185 times."
    assert (
        LoopFound("phrases", 17, 12).sentence
        == "The same phrases were written 12 times, about every 17 tokens."
    )
    assert LoopFound("novelty", 300, 3).sentence == (
        "The last 768 tokens brought nothing new: all of it had been written at least twice before."
    )


# No alarm ------------------------------------------------------------------------------------------


def _sum_checked_three_times() -> str:
    product = (
        "17 * 24. First 17 * 20 = 340. Then 17 * 4 = 68. Adding them, 340 + 68 = 408. And the other way "
        "round, 24 * 10 = 240 and 24 * 7 = 168, so 240 + 168 = 408. Both ways give 408. "
    )
    return (
        LEAD
        + "Now the number of tiles: the floor is 17 by 24. So I compute "
        + product
        + "\n\nWait, let me check that again. I need "
        + product
        + "Okay, the same.\n\nHmm, but am I sure about the carry? Once more, slowly: "
        + product
        + "Good. So there are 408 tiles, and each costs 3 dollars, so the price is 408 * 3 = 1224.\n\n"
        "Wait, let me check that again. 400 * 3 = 1200 and 8 * 3 = 24, so 1224. Yes. The answer is 1224."
    )


def _search_for_a_number() -> str:
    lines = [
        f"Let me try n = {n}: {n} * {n} = {n * n}, and {n * n} mod 23 is {n * n % 23}, "
        + ("that works!" if n * n % 23 == 13 else "no, that is not 13.")
        for n in range(1, 60)
    ]
    return LEAD + "\n".join(lines)


def _letters_counted() -> str:
    spelled = "".join(f'{i}: "{letter}"\n' for i, letter in enumerate("strawberry", start=1))
    return (
        "The user asks how many times the letter r is in strawberry. Let me spell it out.\n"
        + spelled
        + "So r is at 3, 8 and 9. That is three. But wait, many people say two. Let me count again:\n"
        + spelled
        + "Again the third, the eighth and the ninth letter. Wait, is it written with a double r? "
        "s-t-r-a-w-b-e-r-r-y. Yes, berry has two. One more time, only to be sure:\n"
        + spelled
        + "Three. The answer is 3."
    )


def _program_drafted_twice() -> str:
    code = """def is_prime(n):
    if n < 2:
        return False
    for d in range(2, int(n ** 0.5) + 1):
        if n % d == 0:
            return False
    return True

def primes_up_to(limit):
    return [n for n in range(limit + 1) if is_prime(n)]

print(sum(primes_up_to(100)))
"""
    return (
        LEAD
        + f"A first version:\n```python\n{code}```\nDoes it handle 0 and 1? Yes, n < 2. And 2? The range is "
        f"empty, so True. What about the limit itself? range(limit + 1) includes it. Let me write it again:\n"
        f"```python\n{code}```\nCould it be faster? A sieve would be, but for 100 it does not matter. "
        f"So my answer is:\n```python\n{code}```\nThe sum is 1060."
    )


def _table(rows: int, cells: str) -> str:
    return LEAD + "| a | b | c |\n| --- | --- | --- |\n" + f"{cells}\n" * rows + "\nAll of them are equal."


HONEST = {
    "a sum checked three times": _sum_checked_three_times(),
    "a search by trial": _search_for_a_number(),
    "letters counted three times": _letters_counted(),
    "a program drafted three times": _program_drafted_twice(),
    "40 equal rows": _table(40, "| 0 | 0 | 0 |"),
    "40 equal rows of words": _table(40, "| yes | no | yes |"),
    "rows of zeros": LEAD + "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,\n" * 12,
    "rules": (LEAD + "\n" + "-" * 60 + "\n" + LEAD[:200] + "\n" + "=" * 80 + "\n") * 2,
    "counting": "".join(f"{n}, " for n in range(1, 3_000)),
    "comma separated": "".join(f"{n},{n % 7},{n * 37 % 101}.{n % 10},ok\n" for n in range(1_500)),
    "a truth table": "".join(
        f"| {a} | {b} | {c} | {a & b | c} |\n" for a in (0, 1) for b in (0, 1) for c in (0, 1)
    )
    * 2,
    "a list of days": LEAD
    + "".join(f"On day {d} the shop is closed, so nothing is sold.\n" for d in range(2, 13)),
    "days": "".join(f"On day {d} the snail climbs to {d + 2} and slips to {d}. " for d in range(1, 31)),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_repetition_raises_no_alarm(tokenize: Tokenize, name: str) -> None:
    assert first_alarm(tokenize(HONEST[name])) is None


def _standard_library() -> list[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "idle_test", "site-packages", "dist-packages"}
    sources = (path for path in root.rglob("*.py") if not skipped & set(path.parts))
    return sorted(path for path in sources if path.stat().st_size > 1_500)


def _package_descriptions() -> list[Path]:
    wanted = re.compile(r"(^|/)(METADATA|README|CHANGELOG|LICEN[CS]E|COPYING|NOTICE)[^/]*$")
    files = (
        Path(str(file.locate()))
        for distribution in importlib.metadata.distributions()
        for file in distribution.files or ()
        if wanted.search(file.as_posix()) and file.suffix not in (".py", ".pyc")
    )
    return sorted({path for path in files if path.is_file() and path.stat().st_size > 1_500})


def _system_documentation() -> list[Path]:
    share = Path("/usr/share")
    found = [*share.glob("common-licenses/*"), *share.glob("doc/*/copyright"), *share.glob("doc/*/README*")]
    readable = {path.resolve() for path in found if path.suffix != ".gz"}
    return sorted(path for path in readable if path.is_file() and path.stat().st_size > 1_500)


def _evenly(paths: Sequence[Path], count: int) -> list[Path]:
    return list(paths) if IS_PROOF else list(paths[:: max(len(paths) // count, 1)])[:count]


def _real_texts(count: int) -> Iterator[tuple[str, str]]:
    """Name and text of about `count` files of this computer, from every kind that it has."""
    system, packages = _system_documentation(), _package_descriptions()
    chosen = _evenly(system, count // 3) + _evenly(packages, count // 3)
    chosen += _evenly(_standard_library(), count - len(chosen))
    for path in chosen:
        yield f"{path.parent.name}/{path.name}", path.read_text("utf-8", "replace")[: 8 * TEXT_TOKENS]


def _alarms(texts: Iterable[tuple[str, str]], tokenize: Tokenize) -> tuple[int, list[str]]:
    """How many texts were read, and what was found in which."""
    count = 0
    found: list[str] = []
    for name, text in texts:
        count += 1
        alarm = first_alarm(tokenize(text)[:TEXT_TOKENS])
        if alarm is not None:
            found.append(f"{name} at {alarm[0]}: {alarm[1]}")
    return count, found


@pytest.mark.timeout(900)
def test_real_texts_raise_no_alarm() -> None:
    count, alarms = _alarms(_real_texts(240), WordTokenizer())
    assert count >= 200
    assert alarms == []


@pytest.mark.timeout(900)
def test_real_texts_in_a_models_own_tokens_raise_no_alarm(smollm2_tokenize: Tokenize) -> None:
    end = None if IS_PROOF else TEXT_TOKENS
    count, alarms = _alarms(((name, text[:end]) for name, text in _real_texts(240)), smollm2_tokenize)
    assert count >= 200
    assert alarms == []


@pytest.mark.timeout(900)
def test_texts_that_are_all_repetition_raise_few_alarms() -> None:
    """Tests and file lists: one line after another with another name. A loop can look just like it."""
    tests = Path(sysconfig.get_path("stdlib"), "test").rglob("*.py")
    lists = (
        Path(str(file.locate()))
        for distribution in importlib.metadata.distributions()
        for file in distribution.files or ()
        if file.name == "RECORD"
    )
    paths = sorted(path for path in (*tests, *lists) if path.is_file() and path.stat().st_size > 1_500)
    if len(paths) < 50:
        pytest.skip("this Python came without its tests")
    texts = (
        (path.name, path.read_text("utf-8", "replace")[: 8 * TEXT_TOKENS]) for path in _evenly(paths, 80)
    )
    count, alarms = _alarms(texts, WordTokenizer())
    assert len(alarms) <= 0.04 * count, alarms


# What it costs -------------------------------------------------------------------------------------


def _thought(length: int) -> list[int]:
    """Phrases of a small vocabulary that come again now and then, like a thought's."""
    chance = random.Random(3)
    phrases = [[chance.randrange(2_000) for _ in range(9)] for _ in range(400)]
    tokens: list[int] = []
    while len(tokens) < length:
        tokens += chance.choice(phrases)
        tokens += [chance.randrange(2_000) for _ in range(chance.randrange(12))]
    return tokens[:length]


def _microseconds_a_token(guard: LoopGuard, tokens: Sequence[int]) -> float:
    start = time.thread_time()
    for token in tokens:
        guard.take(token)
    return (time.thread_time() - start) / len(tokens) * 1e6


def test_a_token_costs_microseconds_however_long_the_thought() -> None:
    tokens = _thought(80_000)
    guard = LoopGuard()
    early = min(_microseconds_a_token(guard, tokens[i : i + 5_000]) for i in range(0, 20_000, 5_000))
    late = min(_microseconds_a_token(guard, tokens[i : i + 5_000]) for i in range(60_000, 80_000, 5_000))
    assert is_within(early, 15)
    assert late < max(3 * early, 5)


def test_memory_is_bounded() -> None:
    tokens = _thought(10 * HORIZON_TOKENS)
    guard = LoopGuard()
    tracemalloc.start()
    try:
        for token in tokens:
            guard.take(token)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 6_000_000


def test_it_looks_at_every_16th_token_at_most() -> None:
    guard = LoopGuard()
    found_at = next(taken for taken, token in enumerate(cycle([5]), start=1) if guard.take(token))
    assert found_at % CHECK_EVERY_TOKENS == 0
