"""Works on their threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from app.library.events import LibraryEvent, LibraryProblem, Work, WorkEnded, WorkProgressed
from app.library.works import Control, Works
from models.errors import LibraryError, WorkStoppedError

TIMEOUT_S = 20.0


class Orders:
    """The thread of the orders is the test's own."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.said: list[LibraryEvent] = []
        self.works = Works(self.queue.put, self.said.append)

    def until_ended(self) -> WorkEnded:
        while not isinstance(self.said[-1], WorkEnded):
            self.queue.get(timeout=TIMEOUT_S)()
        return self.said[-1]


@pytest.fixture
def orders() -> Iterator[Orders]:
    made = Orders()
    yield made
    made.works.close(TIMEOUT_S)


def test_what_comes_of_it_is_handed_on_before_the_end(orders: Orders) -> None:
    got: list[tuple[int, list[type]]] = []

    def run(control: Control) -> int:
        assert threading.current_thread().name == "library-adding"
        assert not control.is_cancelled()
        return 7

    orders.works.begin(
        Work.ADDING, "a", run, lambda result: got.append((result, [type(e) for e in orders.said]))
    )
    assert orders.until_ended() == WorkEnded("a", Work.ADDING, done=True)
    assert got == [(7, [WorkProgressed])]
    assert orders.said[0] == WorkProgressed("a", Work.ADDING, 0.0)


def test_an_error_is_said_and_then_the_end(orders: Orders) -> None:
    error = LibraryError("No.")

    def run(_: Control) -> None:
        raise error

    orders.works.begin(Work.VERIFYING, "a", run, lambda _: pytest.fail("it came to nothing"))
    assert orders.until_ended() == WorkEnded("a", Work.VERIFYING, done=False)
    assert LibraryProblem(error, "a") in orders.said


def test_the_same_work_is_not_done_twice_at_once_but_again_later(orders: Orders) -> None:
    may_end = threading.Event()
    runs: list[int] = []

    def run(_: Control) -> None:
        runs.append(1)
        assert may_end.wait(TIMEOUT_S)

    for _ in range(2):
        orders.works.begin(Work.VERIFYING, "a", run, lambda _: None)
    may_end.set()
    orders.until_ended()
    assert len(runs) == 1
    orders.works.begin(Work.VERIFYING, "a", run, lambda _: None)
    orders.until_ended()
    assert len(runs) == 2


def test_a_stopped_work_ends_at_once_and_its_result_is_dropped(orders: Orders) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def run(control: Control) -> None:
        begun.set()
        assert may_end.wait(TIMEOUT_S)
        assert control.is_cancelled()
        control.progress(1, 2)

    orders.works.begin(Work.BROWSING, "a", run, lambda _: pytest.fail("it was stopped"))
    orders.works.begin(Work.BROWSING, "b", lambda _: None, lambda _: None)
    assert begun.wait(TIMEOUT_S)
    orders.works.stop("a")
    assert orders.said[-1] == WorkEnded("a", Work.BROWSING, done=False)
    may_end.set()
    orders.works.close(TIMEOUT_S)
    before = len([event for event in orders.said if event.about == "a"])  # type: ignore[union-attr]
    while not orders.queue.empty():
        orders.queue.get()()
    assert len([event for event in orders.said if event.about == "a"]) == before  # type: ignore[union-attr]


def test_a_work_that_stops_itself_says_no_problem(orders: Orders) -> None:
    def run(_: Control) -> None:
        raise WorkStoppedError("Stopped.")

    orders.works.begin(Work.ADDING, "a", run, lambda _: None)
    assert not orders.until_ended().done
    assert not [event for event in orders.said if isinstance(event, LibraryProblem)]
