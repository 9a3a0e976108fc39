"""The process that makes formulas: asked once, ended when it hangs, gone when nobody needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import psutil
import pytest
from pytestqt.qtbot import QtBot

from tests.ui.transcript.formulas.conftest import PATIENCE_MS, Make, wait_until_drawn
from ui.transcript.blocks import Maths
from ui.transcript.formulas import maker as maker_module
from ui.transcript.formulas.maker import IDLE_MS, MAX_FAILED_STARTS, TIMEOUT_MS, FormulaMaker

_READY = "import sys, time; print(flush=True); "
_ANSWER = 'print(\'{"width": 1.0, "ascent": 1.0}\', flush=True)'


@pytest.fixture
def maker_with(qtbot: QtBot) -> Iterator[Callable[..., FormulaMaker]]:
    """A maker over a process that does what this program says."""
    makers: list[FormulaMaker] = []

    def make(program: str, timeout_ms: int = TIMEOUT_MS, idle_ms: int = IDLE_MS) -> FormulaMaker:
        command = (sys.executable, "-c", program)
        makers.append(FormulaMaker(command=command, timeout_ms=timeout_ms, idle_ms=idle_ms))
        return makers[-1]

    yield make
    for maker in makers:
        maker.rest()
        maker.deleteLater()


def test_no_process_before_the_first_formula(maker: FormulaMaker, make: Make) -> None:
    assert maker.pid == 0
    assert make("x^2") is not None
    assert psutil.Process(maker.pid).is_running()


def test_a_formula_is_made_once(qtbot: QtBot, maker: FormulaMaker, make: Make) -> None:
    told: list[frozenset[Maths]] = []
    maker.made.connect(told.append)
    first = make("x^2")
    wait_until_drawn(qtbot, maker)
    assert make("x^2") is first
    assert not maker.is_busy
    assert told == [frozenset({Maths("x^2")})]


def test_display_style_is_another_formula(make: Make) -> None:
    inline, display = make(r"\frac{1}{2}"), make(r"\frac{1}{2}", is_display=True)
    assert inline is not None
    assert display is not None
    assert display.ascent > inline.ascent


def test_what_cannot_be_drawn_is_known_and_not_asked_again(
    qtbot: QtBot, maker: FormulaMaker, make: Make
) -> None:
    assert make(r"\unknowncommand") is None
    wait_until_drawn(qtbot, maker)
    assert make(r"\unknowncommand") is None
    assert not maker.is_busy


def test_what_is_too_much_never_reaches_the_process(maker: FormulaMaker, make: Make) -> None:
    assert make("x" * 1_000_000) is None
    assert maker.pid == 0


def test_a_formula_that_hangs_ends_the_process_and_the_next_is_made(
    qtbot: QtBot, maker_with: Callable[..., FormulaMaker], caplog: pytest.LogCaptureFixture
) -> None:
    hang = "\nfor line in sys.stdin:\n  if 'hang' in line: time.sleep(600)\n  " + _ANSWER
    maker = maker_with(_READY + hang, timeout_ms=1500)
    maker.get(Maths("hang"))
    qtbot.waitUntil(lambda: maker.pid != 0)
    first = psutil.Process(maker.pid)
    maker.get(Maths("good"))
    qtbot.waitUntil(lambda: maker.is_known(Maths("good")), timeout=PATIENCE_MS)
    assert maker.is_known(Maths("hang"))
    assert maker.get(Maths("hang")) is None
    assert maker.get(Maths("good")) is not None
    first.wait(60)
    assert maker.pid != first.pid
    assert "took too long" in caplog.text


def test_a_process_that_dies_of_a_formula_is_started_again(
    qtbot: QtBot, maker_with: Callable[..., FormulaMaker], caplog: pytest.LogCaptureFixture
) -> None:
    maker = maker_with(_READY + "\nfor line in sys.stdin:\n  if 'die' in line: sys.exit(1)\n  " + _ANSWER)
    for tex in ("die", "good"):
        maker.get(Maths(tex))
    qtbot.waitUntil(lambda: maker.is_known(Maths("good")), timeout=PATIENCE_MS)
    assert maker.get(Maths("die")) is None
    assert maker.get(Maths("good")) is not None
    assert "ended" in caplog.text


@pytest.mark.parametrize(
    "program",
    ["import sys; sys.exit(1)", _READY + "\nfor line in sys.stdin: print('no formula', flush=True)"],
)
def test_a_process_that_is_no_use_makes_everything_its_source(
    qtbot: QtBot, maker_with: Callable[..., FormulaMaker], program: str, caplog: pytest.LogCaptureFixture
) -> None:
    maker = maker_with(program)
    every = [Maths(str(number)) for number in range(MAX_FAILED_STARTS + 3)]
    for maths in every:
        maker.get(maths)
    qtbot.waitUntil(lambda: all(map(maker.is_known, every)), timeout=PATIENCE_MS)
    assert all(maker.get(maths) is None for maths in every)
    assert caplog.text


def test_a_text_full_of_formulas_that_hang_is_given_up(
    qtbot: QtBot,
    maker_with: Callable[..., FormulaMaker],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(maker_module, "MAX_LOSSES", 2)
    maker = maker_with(_READY + "time.sleep(600)", timeout_ms=50)
    every = [Maths(str(number)) for number in range(10)]
    for maths in every:
        maker.get(maths)
    qtbot.waitUntil(lambda: all(map(maker.is_known, every)), timeout=PATIENCE_MS)
    assert caplog.text.count("took too long") == 3
    assert maker.pid == 0


def test_a_program_that_is_not_there(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    maker = FormulaMaker(command=("/no/such/program",))
    maker.get(Maths("x"))
    qtbot.waitUntil(lambda: maker.is_known(Maths("x")), timeout=PATIENCE_MS)
    assert maker.get(Maths("x")) is None
    assert "could not be started" in caplog.text
    maker.rest()


def test_it_ends_when_nothing_is_to_be_made(qtbot: QtBot, maker_with: Callable[..., FormulaMaker]) -> None:
    maker = maker_with(_READY + "\nfor line in sys.stdin: " + _ANSWER, idle_ms=300)
    for tex in ("x", "y"):
        maker.get(Maths(tex))
        qtbot.waitUntil(lambda: maker.pid != 0)
        process = psutil.Process(maker.pid)
        qtbot.waitUntil(lambda: maker.pid == 0, timeout=PATIENCE_MS)
        process.wait(60)
        assert maker.get(Maths(tex)) is not None


def test_it_ends_with_its_owner(qtbot: QtBot) -> None:
    maker = FormulaMaker()
    maker.get(Maths("x"))
    qtbot.waitUntil(lambda: maker.is_known(Maths("x")), timeout=PATIENCE_MS)
    process = psutil.Process(maker.pid)
    gone: list[bool] = []
    maker.destroyed.connect(lambda: gone.append(True))
    maker.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    process.wait(60)


def test_the_process_has_little_memory_and_no_internet() -> None:
    import subprocess

    program = (
        "from ui.transcript.formulas import worker\n"
        "worker.limit_memory(); print(worker.forbid_internet())\n"
        "import socket\n"
        "try: socket.socket(socket.AF_INET)\n"
        "except PermissionError: print('no socket')\n"
        "try: bytearray(2**30)\n"
        "except MemoryError: print('no memory')\n"
    )
    said = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True).stdout
    if sys.platform == "linux":
        assert said.split("\n")[:3] == ["True", "no socket", "no memory"]
