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


_WITH_A_BUG = """
import sys
from ui import application, crash, crash_dialog

class Reporter(crash.CrashReporter):
    def install(self, log_dir):
        super().install(log_dir)
        self.report(ValueError())

class Dialog(crash_dialog.CrashDialog):
    def showEvent(self, event):
        print("shown", flush=True)

crash_dialog.CrashDialog, application.CrashReporter = Dialog, Reporter
sys.exit(application.run_window())
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal the POSIX way")
@pytest.mark.real_engine
def test_an_open_report_of_a_bug_does_not_keep_the_program(
    repository: Path, home: Path, mini_model: Path
) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", _WITH_A_BUG],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "shown\n"
            program.send_signal(signal.SIGTERM)
            output, errors = program.communicate(timeout=30)
        finally:
            program.kill()
    assert (program.returncode, output) == (0, "")
    assert "builtins.ValueError" in errors
    assert not (home / "ponder" / "ponder.lock").exists()


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
