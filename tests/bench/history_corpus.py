"""Writes a history of 1,000,000 messages, made up from a seed and always the same: English with some Chinese.

Words come as often as Zipf says, and names that stand in one or two chats alone are among them. The file has
schema 2, so that opening it makes the migrations of a large history; it is made once, outside the tree.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlcipher3 import dbapi2 as driver

from app.history.database import NEWEST_SCHEMA, open_database
from app.history.file_kind import APPLICATION_ID
from app.history.migrations import m0001_conversations_and_turns, m0002_context_of_a_conversation
from app.history.store import HistoryStore

TURNS = 500_000
LONG_CHAT_TURNS = 1_000
"""Of the longest chat: 2,000 messages. All others have 1 to 20 turns."""
_CHINESE_SHARE = 0.15
_SENTENCES = 40_000
_COMMON = (
    "the of and to a in is that it for as with be on this by are or from at an not we you can if so which "
    "have will one all but there what when how their has more value number because each two first then "
    "function answer question time water energy list string result would should example case light point "
    "line sum prime error history model memory thread queue table index search window transform résumé café "
    "naïve"
)
_COMMON_CHINESE = (
    "的 是 不 我 一 有 在 人 这 们 了 中 大 来 上 国 个 到 说 时候 问题 因为 所以 可以 天空 数学 函数 结果 "
    "证明 时间"
)
_SYLLABLES = [
    start + rest for start in "bdfghklmnprstvwc" for rest in ("a", "en", "i", "or", "u", "est", "al")
]


def cache_folder() -> Path:
    """Where benches keep what takes long to make."""
    return Path(os.environ.get("PONDER_BENCH_CACHE") or Path.home() / ".cache" / "ponder-bench")


class HistoryCorpus:
    """Questions and answers from one seed."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._english = self._sentences(self._words(), " ", 15, ". ")
        self._chinese = self._sentences(self._chinese_words(), "", 12, "。")

    def question(self) -> str:
        """About 90 characters, now and then with a name."""
        return self._say(self._random.choice((1, 1, 1, 2))).rstrip(". 。") + "?"

    def answer(self) -> str:
        """About 1,200 characters, as long as answers are: most are short, some are very long."""
        return self._say(max(1, int(self._random.lognormvariate(2.0, 0.8))))

    def name(self) -> str:
        """A word that hardly comes twice."""
        return "".join(self._random.choices(_SYLLABLES, k=4)) + str(self._random.randrange(1_000))

    def _say(self, sentences: int) -> str:
        pool = self._chinese if self._random.random() < _CHINESE_SHARE else self._english
        text = "".join(self._random.choices(pool, k=sentences))
        return f"{text}See {self.name()}." if self._random.random() < 0.5 else text

    def _words(self) -> list[str]:
        made = dict.fromkeys(_COMMON.split())
        while len(made) < 30_000:
            made["".join(self._random.choices(_SYLLABLES, k=self._random.choice((1, 2, 2, 3, 3, 4))))] = None
            made[self.name()] = None
        return list(made)

    def _chinese_words(self) -> list[str]:
        made = dict.fromkeys(_COMMON_CHINESE.split())
        characters = [chr(0x4E00 + rank * 7) for rank in range(2_900)]
        weights = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(characters))))
        while len(made) < 8_000:
            length = self._random.choice((1, 2, 2, 2, 3))
            made["".join(self._random.choices(characters, cum_weights=weights, k=length))] = None
        return list(made)

    def _sentences(self, words: list[str], between: str, length: int, end: str) -> list[str]:
        weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
        return [
            between.join(
                self._random.choices(words, cum_weights=weights, k=self._random.randint(4, 2 * length))
            )
            + end
            for _ in range(_SENTENCES)
        ]


def large_history(turns: int = TURNS) -> Path:
    """The file, made if it is not there yet."""
    file = cache_folder() / f"history-{turns}-turns.db"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(file.name + ".part")
        unfinished.unlink(missing_ok=True)
        _write(unfinished, turns)
        unfinished.replace(file)
    return file


def large_history_of_today(turns: int = TURNS) -> tuple[Path, float]:
    """The same with the newest schema and its index, and how many seconds that took; 0: it was there.

    One whose schema is not that of a new history is made anew.
    """
    file = cache_folder() / f"history-{turns}-turns-schema-{NEWEST_SCHEMA}.db"
    if file.exists() and _schema_of(file) == _newest_schema():
        return file, 0.0
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    shutil.copyfile(large_history(turns), unfinished)
    began_s = time.monotonic()
    open_database(unfinished, is_new_copy=True).dispose()
    with HistoryStore(unfinished) as history:
        history.build_search_index()
    took_s = time.monotonic() - began_s
    unfinished.replace(file)
    return file, took_s


def _newest_schema() -> set[str]:
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        new = Path(folder) / "history.db"
        open_database(new).dispose()
        return _schema_of(new)


def _schema_of(file: Path) -> set[str]:
    with closing(driver.connect(str(file))) as connection:
        found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {" ".join(row[0].split()) for row in found}


def _write(file: Path, count: int) -> None:
    corpus = HistoryCorpus()
    connection = driver.connect(str(file), isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    m0001_conversations_and_turns.migrate(connection.execute)
    m0002_context_of_a_conversation.migrate(connection.execute)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 2")
    lengths = _lengths(count)
    turn_id = 0
    for conversation_id, length in enumerate(lengths, start=1):
        first = corpus.question()
        row = (conversation_id, first[:60], turn_id, turn_id + length)
        connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, 0)", row)
        rows = []
        for question in itertools.chain([first], (corpus.question() for _ in range(length - 1))):
            turn_id += 1
            rows.append((turn_id, conversation_id, question, corpus.answer(), turn_id))
        connection.executemany(
            "INSERT INTO turns VALUES (?, ?, ?, ?, 'finished', 'bench', ?, 9, 0, 9, 9, 0, 1, 1, 1, 'model',"
            " '', NULL, NULL, 1)",
            rows,
        )
    connection.execute("COMMIT")
    connection.close()


def _lengths(turns: int) -> Iterator[int]:
    """How many turns each conversation has; the first is the long one."""
    chance = random.Random(11)
    length = min(LONG_CHAT_TURNS, turns)
    while turns:
        yield length
        turns -= length
        length = min(chance.choice((1, 1, 2, 3, 4, 6, 9, 20)), turns)
