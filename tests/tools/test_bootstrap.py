"""`make run`: what it does on a computer that lacks something, and that it does nothing the second time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("make and sh are for Linux and macOS", allow_module_level=True)

ORDINARY_TOOLS = (
    "sh",
    "dirname",
    "uname",
    "touch",
    "rm",
    "cat",
    "tail",
    "sort",
    "sed",
    "find",
    "grep",
    "env",
    "mktemp",
)


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """What a fresh clone holds of the files that matter here."""
    folder = tmp_path / "ponder"
    shutil.copytree(repository / "requirements", folder / "requirements")
    (folder / "tools").mkdir()
    for name in ("Makefile", "pyproject.toml", "tools/bootstrap.sh"):
        shutil.copy(repository / name, folder / name)
    return folder


class Computer:
    """A computer that has the ordinary tools and the programs it is given, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._bin = folder / "bin"
        self._bin.mkdir()
        for name in ORDINARY_TOOLS:
            found = shutil.which(name)
            assert found is not None
            (self._bin / name).symlink_to(found)

    def add(self, name: str, script: str) -> None:
        """Give it a program."""
        (self._bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self._bin / name).chmod(0o755)

    def bootstrap(self, checkout: Path) -> subprocess.CompletedProcess[str]:
        """Run `tools/bootstrap.sh run`."""
        return subprocess.run(
            ["/bin/sh", "tools/bootstrap.sh", "run"],
            cwd=checkout,
            env={"PATH": str(self._bin), "HOME": str(self._bin)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_a_user_who_may_not_install_gets_the_one_command(computer: Computer, checkout: Path) -> None:
    computer.add("id", "echo 1000")
    computer.add("sudo", "exit 1")
    computer.add("apt-get", "echo 'must not run' >&2; exit 1")

    result = computer.bootstrap(checkout)

    assert result.returncode == 1
    assert "it lacks Python." in result.stderr
    assert "sudo apt-get update && sudo apt-get install --yes python3 python3-venv" in result.stderr
    assert "must not run" not in result.stderr


def test_root_gets_it_installed(computer: Computer, checkout: Path) -> None:
    computer.add("id", "echo 0")
    computer.add("apt-get", f'echo "$@" >> {checkout}/apt.log')

    result = computer.bootstrap(checkout)

    asked_for = (checkout / "apt.log").read_text().splitlines()
    assert asked_for == ["update", "install --yes --no-install-recommends python3 python3-venv"]
    assert "there is no Python 3.11 to 3.14 here" in result.stderr  # this apt-get installed nothing


def test_a_system_without_apt_is_told_what_is_missing(computer: Computer, checkout: Path) -> None:
    result = computer.bootstrap(checkout)

    assert result.returncode == 1
    assert "Install what Debian calls: python3 python3-venv" in result.stderr


def test_an_old_python_is_not_taken(computer: Computer, checkout: Path) -> None:
    computer.add("python3", "exit 1")  # what `sys.exit(not 3.11 <= version)` does on an old one

    result = computer.bootstrap(checkout)

    assert "it lacks Python." in result.stderr
    assert not (checkout / ".venv").exists()


def test_a_second_make_run_installs_nothing(checkout: Path) -> None:
    before = subprocess.run(["make", "-n", "run"], cwd=checkout, capture_output=True, text=True, check=True)
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".installed-for-run").touch()

    after = subprocess.run(["make", "-n", "run"], cwd=checkout, capture_output=True, text=True, check=True)

    assert "bootstrap" in before.stdout
    assert after.stdout.split() == [".venv/bin/python", "-m", "ui"]


def test_changed_requirements_are_installed(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".installed-for-run").touch()
    subprocess.run(["touch", "-d", "+1 minute", "requirements/run.txt"], cwd=checkout, check=True)

    result = subprocess.run(["make", "-n", "run"], cwd=checkout, capture_output=True, text=True, check=True)

    assert "tools/bootstrap.sh run" in result.stdout
