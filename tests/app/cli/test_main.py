"""Help, version, exit codes, and what a bug looks like."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.cli.main import run_program
from app.cli.output import one_line, printable
from tests.app.cli.conftest import CommandLine


@pytest.mark.parametrize(
    "command", [[], ["ask"], ["chat"], ["bench"], ["doctor"], ["history"], ["history", "show"]]
)
def test_every_command_has_help_that_fits_a_terminal(ponder: CommandLine, command: list[str]) -> None:
    run = ponder(*command, "--help")
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout.startswith(f"usage: {' '.join(['ponder', *command])} ")
    assert max(map(len, run.stdout.splitlines())) <= 110


def test_help_names_every_command(ponder: CommandLine) -> None:
    text = ponder("--help").stdout
    for word in (
        "ponder ask",
        "ponder chat",
        "ponder history",
        "ponder bench",
        "ponder doctor",
        "PONDER_HOME",
    ):
        assert word in text


def test_the_version_is_that_of_the_project(ponder: CommandLine, repository: Path) -> None:
    stated = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["version"]
    assert ponder("--version").stdout == f"ponder {stated}\n"


def test_an_unknown_command_is_one_line(ponder: CommandLine) -> None:
    assert "invalid choice: 'aks'" in ponder("aks").error(exit_code=2)


def test_python_m_app_is_ponder(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "ask", ""], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ponder: The question is empty. Write something to ask.\n"


@pytest.mark.parametrize("where", ["main thread", "other thread"])
def test_a_bug_shows_where_and_never_what_was_written(repository: Path, where: str) -> None:
    program = (
        "import sys, threading; from app.cli import main as cli\n"
        "def broken(*_, **__): raise RuntimeError('secret words of the chat')\n"
        "def elsewhere(*_, **__):\n"
        "    threading.Thread(target=broken).start(); threading.Event().wait()\n"
        f"cli.main = {'broken' if where == 'main thread' else 'elsewhere'}\n"
        "sys.exit(cli.run_program([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "RuntimeError" in done.stderr
    assert "in broken" in done.stderr
    assert "secret" not in done.stderr


def test_a_pipe_gets_utf8_wherever_it_runs(repository: Path, ponder: CommandLine) -> None:
    command = ponder.command("ask", "中文 é", fake=("--answer", "{question}"))
    environment = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0", "LC_ALL": "C", "PATH": ""}
    done = subprocess.run(
        command, cwd=repository, capture_output=True, env=environment, timeout=60, check=False
    )
    assert done.stdout == "中文 é\n".encode(), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix")
def test_closed_streams_are_no_bug(repository: Path, ponder: CommandLine) -> None:
    script = 'exec "$@" <&- >&- 2>&-'
    for arguments, exit_code in ((["ask", "hi"], 0), (["ask", "-"], 2), (["chat"], 0)):
        command = ["sh", "-c", script, "sh", *ponder.command(*arguments)]
        done = subprocess.run(command, cwd=repository, timeout=60, check=False)
        assert done.returncode == exit_code


def test_printable_takes_out_control_characters_alone() -> None:
    every = "".join(map(chr, range(0x250)))
    assert set(every) - set(printable(every)) == {
        chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
    }
    assert one_line(" a\n\tb\x1b[0m  c\r\n") == "a b[0m c"


def test_run_program_gives_the_exit_code(ponder: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    assert run_program(["ask", ""]) == 2
    assert ponder.capsys.readouterr().err.startswith("ponder: ")
