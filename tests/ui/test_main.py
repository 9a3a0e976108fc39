"""What starts: the window, the terminal, or the command line; Qt only for the window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ui import __main__ as entry


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_command_line_starts_without_qt(argument: str, repository: Path) -> None:
    code = (
        "import sys; from ui.__main__ import main; code = main([sys.argv[1]]);"
        "sys.exit('PySide6 was imported' if 'PySide6' in sys.modules else code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, argument], cwd=repository, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_where_a_window_can_be_shown(environ: dict[str, str], platform: str, expected: bool) -> None:
    assert entry.has_display(environ, platform) is expected


def test_without_a_display_the_chat_opens_in_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []

    def run_program(argv: list[str], **_: object) -> int:
        commands.append(argv)
        return 0

    monkeypatch.setattr("app.cli.main.run_program", run_program)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert entry.main([]) == 0
    assert commands == [["chat"]]
    assert capsys.readouterr().err == "There is no display here, so the chat opens in the terminal.\n"


def test_a_missing_system_library_is_one_sentence(repository: Path) -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'PySide6.QtGui':\n"
        "            raise ImportError('libEGL.so.1: cannot open shared object file', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from ui.__main__ import main\n"
        "sys.exit(main([]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "libEGL.so.1" in result.stderr


def test_no_source_is_read_for_the_window(repository: Path) -> None:
    code = (
        "import linecache; from ui.__main__ import import_window; import_window(); import markdown_it\n"
        "print([name for name in linecache.cache if 'ui/' in name or 'markdown_it' in name])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_the_window_starts_without_the_heavy_libraries(repository: Path) -> None:
    code = (
        "import sys, ui.application\n"
        "names = ('sqlalchemy', 'sqlcipher3', 'llama_cpp', 'numpy', 'jinja2', 'PySide6.QtNetwork')\n"
        "heavy = [name for name in names if name in sys.modules]\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
