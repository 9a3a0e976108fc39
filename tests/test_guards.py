"""The guards of conftest.py: each must fail a test that deserves it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BAD_TESTS = """
import logging, subprocess, sys, threading
import pytest
from tests import leaks

leaks.PATIENCE_S = 0.2
KEPT = []

def test_leaves_a_daemon_thread():
    threading.Thread(target=threading.Event().wait, args=(60,), name="left", daemon=True).start()

def test_leaves_a_process():
    KEPT.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

def test_logs_a_warning():
    logging.getLogger("ponder").warning("unexpected")

def test_swallows_a_refused_connection():
    import socket
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    except Exception:
        pass

@pytest.mark.loopback
def test_goes_further_than_this_computer():
    import socket
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    except Exception:
        pass

def test_leaves_a_timer(qtbot):
    from PySide6.QtCore import QTimer
    KEPT.append(QTimer()); KEPT[-1].start(1000)

def test_leaves_a_qthread(qtbot):
    from PySide6.QtCore import QThread
    KEPT.append(QThread()); KEPT[-1].start()

def test_leaves_a_window(qtbot):
    from PySide6.QtWidgets import QWidget
    KEPT.append(QWidget()); KEPT[-1].show()

def test_warns_through_qt(qtbot):
    from PySide6.QtCore import qWarning
    qWarning("careless")

def test_python_warning():
    import warnings
    warnings.warn("careless")

def test_fails_and_leaves_a_thread_too():
    threading.Thread(target=threading.Event().wait, args=(5,), daemon=True).start()
    assert False
"""

GOOD_TESTS = """
import logging, os, socket, subprocess, sys, threading
from pathlib import Path
import pytest

def test_home_is_empty_and_ours(home, tmp_path):
    assert Path.home() == home and not list(home.iterdir())
    assert Path(os.environ["PONDER_HOME"]).is_relative_to(tmp_path)

def test_tidy(qtbot):
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QWidget
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    QTimer(widget).start(10)
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()
    subprocess.run([sys.executable, "-c", ""], check=True)

def test_local_sockets_are_no_network():
    left, right = socket.socketpair()
    left.close()
    right.close()

@pytest.mark.loopback
def test_a_server_of_its_own_may_be_talked_to():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = ("localhost", server.getsockname()[1])
        with socket.create_connection(address, timeout=5):
            pass

def test_expected_warning(caplog):
    logging.getLogger("ponder").warning("expected")
    assert "expected" in caplog.text
"""


def outcomes(repository: Path, tests: Path) -> dict[str, list[str]]:
    """Run a file of tests under our conftest; the outcomes of each, in order."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-c",
        "pyproject.toml",
        "-p",
        "no:cacheprovider",
    ]
    run = subprocess.run(
        [*command, "--rootdir", str(tests.parent), "-rA", "--tb=no", str(tests)],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found: dict[str, list[str]] = {}
    for line in run.stdout.splitlines():
        outcome, _, rest = line.partition(" ")
        if outcome in {"PASSED", "FAILED", "ERROR"} and "::" in rest:
            name = rest.partition("::")[2].partition(" ")[0]
            found.setdefault(name, []).append(outcome)
    assert found, run.stdout + run.stderr
    return found


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    return tmp_path / "test_sample.py"


def test_what_deserves_to_fail_fails(repository: Path, test_file: Path) -> None:
    test_file.write_text(BAD_TESTS)

    found = outcomes(repository, test_file)

    assert len(found) == BAD_TESTS.count("def test_")
    fine = [name for name, results in found.items() if results == ["PASSED"]]
    assert not fine, "these should have failed"
    assert found["test_fails_and_leaves_a_thread_too"] == ["FAILED"], "one failure is enough"


def test_tidy_tests_pass(repository: Path, test_file: Path) -> None:
    test_file.write_text(GOOD_TESTS)

    found = outcomes(repository, test_file)

    assert set(map(tuple, found.values())) == {("PASSED",)}, found
    assert len(found) == GOOD_TESTS.count("def test_")
