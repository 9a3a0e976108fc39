"""What a history of 1,000,000 messages costs: `python -m tests.bench --only history`.

The large file is made once (a minute), migrated and indexed once (some minutes), and copied for each run.
Every commit is synced to the disk, as in real life: the copy lies beside the original, not in memory.
"""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from sqlcipher3 import dbapi2 as driver

from app.chat.front import LISTED_AT_FIRST
from app.errors import AppError
from app.history.backups import sync
from app.history.records import TurnState
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from tests.bench.history_corpus import HistoryCorpus, cache_folder, large_history_of_today

Report = Callable[[str, float, str], None]

MESSAGES = 200
OPENINGS = 15
LONG_CHAT = 1
BETWEEN_QUESTIONS_S = 0.05
QUERIES = (
    *("the", "function", "question", "memory", "résumé"),  # common words
    *("t", "th", "fu", "que", "ques", "1", "12"),  # what is typed first
    *("function answer", "history model", "the queue", "prime sum value", "the nothingatall"),
    *("的", "天", "天空", "时候", "问题", "所以可以", "数学 函数", "the 天空"),
    *("nothingatall", "zz", "c++", "it's", "😀"),  # nowhere
)
RARE = 12


def measure(report: Report) -> None:
    """Every figure of the history."""
    large, built_s = large_history_of_today()
    if built_s:
        report("history_migration_and_index", built_s, "s")
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        empty, copy = Path(folder) / "empty" / "history.db", Path(folder) / "large" / "history.db"
        for path in (empty, copy):
            path.parent.mkdir()
        shutil.copyfile(large, copy)
        sync(copy)  # or else the first checkpoint would wait for the whole of it
        HistoryStore(empty).close()
        report("history_size", copy.stat().st_size / 1e6, "MB")
        _measure_opening(report, empty, copy)
        with HistoryStore(copy) as history:
            _measure_searches(report, history)
            _say_percentiles(
                report, "history_long_chat", _times_ms(lambda: history.conversation(LONG_CHAT), 9)
            )
            _measure_writing(report, history)
            _measure_purge(report, history, copy)


def _measure_opening(report: Report, empty: Path, large: Path) -> None:
    """As the chat does it; alternately, so that a busy computer is busy for both."""
    opened: dict[Path, list[float]] = {empty: [], large: []}
    listed: dict[Path, list[float]] = {empty: [], large: []}
    for path in (empty, large) * OPENINGS:
        began_s = time.perf_counter()
        history = HistoryStore(path)
        opened[path].append((time.perf_counter() - began_s) * 1000)
        history.conversations(LISTED_AT_FIRST + 1)
        history.folders()
        listed[path].append((time.perf_counter() - began_s) * 1000)
        history.close()
    for name, path in (("empty", empty), ("large", large)):
        report(f"history_open_{name}", statistics.median(opened[path]), "ms")
        report(f"history_open_and_list_{name}", statistics.median(listed[path]), "ms")
    ratio = statistics.median(listed[large]) / statistics.median(listed[empty])
    report("history_open_and_list_ratio", ratio, "times")


def _measure_searches(report: Report, history: HistoryStore) -> None:
    """Each query three times, in a mixed order; rare names are taken from chats of any age."""
    chance = random.Random(5)
    conversations = history.conversations()
    names = [chance.choice(conversations).title.split()[-1] for _ in range(RARE)]
    queries = [*QUERIES, *names, *(f"{name} the" for name in names[:4])] * 3
    chance.shuffle(queries)
    times = [_times_ms(partial(history.search, query), 1)[0] for query in queries]
    _say_percentiles(report, "history_search", times)


def _measure_writing(report: Report, history: HistoryStore) -> None:
    corpus = HistoryCorpus(seed=19)
    begun, ended = [], []
    for _ in range(MESSAGES):
        question, answer = corpus.question(), corpus.answer()
        began_s = time.perf_counter()
        turn = history.begin_turn(LONG_CHAT + 5, question, "bench")
        begun.append((time.perf_counter() - began_s) * 1000)
        end = partial(history.end_turn, turn.id, state=TurnState.FINISHED, answer=answer, usage=Usage())
        ended += _times_ms(end, 1)
    _say_percentiles(report, "history_begin_turn", begun)
    _say_percentiles(report, "history_end_turn", ended)


def _measure_purge(report: Report, history: HistoryStore, file: Path) -> None:
    """Of the longest chat: how long its thread waits, and questions that are asked meanwhile."""
    report("history_delete_long_chat", _times_ms(lambda: history.delete(LONG_CHAT), 1)[0], "ms")
    report("history_forget_long_chat", _times_ms(history.forget_deleted, 1)[0], "ms")
    asked: list[float] = []
    problems: list[AppError] = []
    began_s = time.perf_counter()
    history.maintain(problems.append)
    with closing(driver.connect(str(file))) as watching:
        while watching.execute("SELECT 1 FROM conversations WHERE id = ?", (LONG_CHAT,)).fetchone():
            asked += _times_ms(lambda: history.begin_turn(LONG_CHAT + 6, "Who asks meanwhile?", "bench"), 1)
            time.sleep(BETWEEN_QUESTIONS_S)
    report("history_purge_long_chat", (time.perf_counter() - began_s) * 1000, "ms")
    _say_percentiles(report, "history_begin_turn_while_purging", asked)
    if problems:
        raise problems[0]


def _times_ms(action: Callable[[], object], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        began_s = time.perf_counter()
        action()
        times.append((time.perf_counter() - began_s) * 1000)
    return times


def _say_percentiles(report: Report, name: str, times_ms: list[float]) -> None:
    ordered = sorted(times_ms)
    report(f"{name}_median", statistics.median(ordered), "ms")
    report(f"{name}_p95", ordered[int(len(ordered) * 0.95)], "ms")
    report(f"{name}_longest", ordered[-1], "ms")
