"""What the linters cannot say: who may open a network, where code may lie, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = ("models", "app", "ui")
NETWORK_MODULES = (
    "socket",
    "socketserver",
    "http",
    "urllib.request",
    "ftplib",
    "smtplib",
    "xmlrpc",
    "asyncio",
    "multiprocessing",
    "httpx",
    "httpx2",
    "requests",
    "urllib3",
    "aiohttp",
    "huggingface_hub",
    "webbrowser",
    "PySide6.QtNetwork",
    "PySide6.QtWebEngineCore",
    "PySide6.QtWebEngineWidgets",
)
"""What could open a network. `multiprocessing` is here for its listeners and its semaphores."""

NETWORK_HOMES = (
    "models/hub.py",
    "models/hub_connection.py",
    "models/remote_file.py",
    "models/transfer_connection.py",
)
"""The only files that may, for what a user downloads. import-linter keeps chat and engine from them."""

MAX_FILE_LINES = 500
MAX_TEST_FILE_LINES = 700
"""Tables of cases may be longer than code."""


def python_files(repository: Path, *folders: str) -> list[Path]:
    """All Python files of these folders, at least one."""
    files = sorted(file for folder in folders for file in (repository / folder).rglob("*.py"))
    assert files
    return files


def imported_names(source: str) -> Iterator[str]:
    """Each module that is imported, inside functions too, and each name as if it were a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"__import__", "import_module", "importlib.import_module"}
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def opens_network(name: str) -> bool:
    """Whether importing `name` imports one of NETWORK_MODULES."""
    return any(name == module or name.startswith(f"{module}.") for module in NETWORK_MODULES)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import socket", True),
        ("def f():\n    from urllib import request", True),
        ("from PySide6 import QtNetwork", True),
        ("from PySide6.QtNetwork import QLocalServer", True),
        ("import importlib\nimportlib.import_module('http.client')", True),
        ("from urllib.parse import urlsplit\nfrom PySide6 import QtCore\nimport socketlike", False),
    ],
)
def test_the_search_for_imports_sees_them(source: str, expected: bool) -> None:
    assert any(map(opens_network, imported_names(source))) is expected


def test_no_module_but_those_for_downloads_can_open_a_network(repository: Path) -> None:
    assert all((repository / home).is_file() for home in NETWORK_HOMES)
    found = {
        f"{file.relative_to(repository)}: {name}"
        for file in python_files(repository, *ROOMS)
        if file.relative_to(repository).as_posix() not in NETWORK_HOMES
        for name in imported_names(file.read_text(encoding="utf-8"))
        if opens_network(name)
    }

    assert not found


def test_resources_hold_no_code(repository: Path) -> None:
    code = [path.name for path in (repository / "resources").rglob("*.py") if path.read_text().strip()]

    assert not code


def test_files_stay_short(repository: Path) -> None:
    too_long = {
        str(file.relative_to(repository)): lines
        for limit, folders in ((MAX_FILE_LINES, (*ROOMS, "tools")), (MAX_TEST_FILE_LINES, ("tests",)))
        for file in python_files(repository, *folders)
        if (lines := file.read_text(encoding="utf-8").count("\n")) > limit
    }

    assert not too_long


def test_nothing_is_put_off(repository: Path) -> None:
    """What is still to do stands in an issue, where it is seen."""
    words = ("TO" + "DO", "FIX" + "ME", "X" * 3)
    files = [*python_files(repository, *ROOMS, "tests", "tools"), *(repository / "tools").glob("*.sh")]
    found = [
        f"{file.relative_to(repository)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if any(word in line for word in words)
    ]

    assert not found


def test_models_and_app_start_without_qt() -> None:
    """The terminal must work where Qt cannot be loaded at all."""
    script = (
        "import importlib, pkgutil, sys, app, models\n"
        "for package in (models, app):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.endswith('__main__') and 'models.engine.' not in module.name:\n"
        "            importlib.import_module(module.name)\n"
        "print(*[name for name in sys.modules if name.startswith(('PySide6', 'llama_cpp', 'shiboken6'))])\n"
    )

    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert child.returncode == 0, child.stderr
    assert child.stdout.strip() == ""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None cannot lose references from Python 3.12 on")
def test_qt_keeps_its_references_to_none(qapp: object) -> None:
    """PySide6 6.12.0 dropped one at every call that returns nothing, until the interpreter aborted."""
    from PySide6.QtCore import QCoreApplication

    before = sys.getrefcount(None)
    for _ in range(500):
        QCoreApplication.processEvents()
    lost = before - sys.getrefcount(None)

    assert lost < 5, "this PySide6 aborts on this Python: pin another one"
