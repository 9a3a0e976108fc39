"""Ctrl+C and the end of the session close the program properly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from ui.quit_signals import QuitSignals


@pytest.mark.skipif(os.name != "posix", reason="sends a signal the POSIX way")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_becomes_a_qt_signal_and_the_handlers_come_back(
    number: signal.Signals, qtbot: QtBot
) -> None:
    before = signal.getsignal(number)
    quit_signals = QuitSignals()
    with qtbot.waitSignal(quit_signals.quit_requested):
        os.kill(os.getpid(), number)
    quit_signals.uninstall()
    assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name != "posix", reason="sends a signal the POSIX way")
@pytest.mark.real_engine
def test_the_program_ends_with_its_engine(repository: Path, home: Path, mini_model: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "ui"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        engines: list[psutil.Process] = []
        while not engines and program.poll() is None:
            engines = psutil.Process(program.pid).children(recursive=True)
        program.send_signal(signal.SIGTERM)
        output, errors = program.communicate(timeout=60)
    assert (program.returncode, output, errors) == (0, "", "")
    assert not any(engine.is_running() for engine in engines)
    assert not (home / "ponder" / "ponder.lock").exists()
