"""The crash dialog says where it happened and never what was written."""

from __future__ import annotations

import faulthandler
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.crash import CrashReporter, crash_report
from ui.crash_dialog import CrashDialog

SECRET = "my landlord's secret"


def bug() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        local_secret = SECRET.upper()
        raise ValueError(local_secret) from error


def caught() -> BaseException:
    with pytest.raises(ValueError, match="SECRET") as info:
        bug()
    return info.value


@pytest.fixture
def reporter(qtbot: QtBot, tmp_path: Path) -> Iterator[CrashReporter]:
    was_enabled = faulthandler.is_enabled()
    hooks = sys.excepthook, threading.excepthook
    reporter = CrashReporter()
    reporter.install(tmp_path / "logs")
    yield reporter
    reporter.uninstall()
    sys.excepthook, threading.excepthook = hooks
    if was_enabled and sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)
    for dialog in dialogs():
        dialog.close()


def dialogs() -> list[CrashDialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, CrashDialog)]


def test_the_report_has_places_and_kinds_and_no_message() -> None:
    report = crash_report(caught())
    assert SECRET.lower() not in report.lower()
    assert "tests/ui/test_crash.py, line" in report
    assert "in bug" in report
    assert "ValueError" in report
    assert "KeyError" in report
    assert "Qt 6." in report
    assert str(Path.home()) not in report


def test_a_bug_on_another_thread_opens_one_dialog_here(
    reporter: CrashReporter, qtbot: QtBot, capfd: pytest.CaptureFixture[str]
) -> None:
    threads = [threading.Thread(target=bug) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    qtbot.waitUntil(lambda: len(dialogs()) == 1)
    (dialog,) = dialogs()
    assert SECRET.lower() not in dialog.report_text.toPlainText().lower()
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == dialog.report_text.toPlainText()
    errors = capfd.readouterr().err
    assert errors.count("builtins.ValueError") == 3
    assert SECRET.lower() not in errors.lower()


def test_deadly_signals_have_a_file(reporter: CrashReporter, tmp_path: Path) -> None:
    assert (tmp_path / "logs" / "fault.log").exists()
    assert faulthandler.is_enabled()
