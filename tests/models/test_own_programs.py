"""Ponder's own processes: as modules from a checkout, by the two programs from a package."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from models.own_programs import (
    ENGINE_MODULES,
    OWN_PROCESS_OPTION,
    WINDOW_MODULES,
    own_command,
    run_asked_module,
)


def test_a_checkout_runs_the_module_with_its_own_python() -> None:
    assert own_command("models.engine.worker") == (sys.executable, "-P", "-m", "models.engine.worker")


@pytest.mark.parametrize(
    ("running", "module", "started"),
    [
        ("/usr/lib/ponder/ponder", "models.engine.worker", "/usr/lib/ponder/ponder-engine"),
        ("/usr/lib/ponder/ponder", "ui.export.worker", "/usr/lib/ponder/ponder"),
        ("/usr/lib/ponder/ponder-engine", "models.engine.worker", "/usr/lib/ponder/ponder-engine"),
        ("/Ponder/ponder-cli.exe", "models.engine.device_probe", "/Ponder/ponder-engine.exe"),
    ],
)
def test_a_package_runs_it_with_the_program_beside_the_running_one(
    monkeypatch: pytest.MonkeyPatch, running: str, module: str, started: str
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", running)
    assert own_command(module) == (str(Path(started)), OWN_PROCESS_OPTION, module)


def test_every_process_of_ours_is_in_one_of_the_programs() -> None:
    root = Path(__file__).parent.parent.parent
    sources = [
        path.read_text(encoding="utf-8")
        for room in ("models", "app", "ui")
        for path in (root / room).rglob("*.py")
    ]
    asked = {name for text in sources for name in re.findall(r'own_command\("([\w.]+)"', text)}
    assert asked
    assert asked <= {*ENGINE_MODULES, *WINDOW_MODULES}


def test_a_known_module_is_run_with_the_rest_of_the_arguments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "asked_module.py").write_text(
        "import pathlib, sys\npathlib.Path(sys.argv[1]).write_text(__name__)\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    written = tmp_path / "written"
    monkeypatch.setattr(sys, "argv", ["ponder", OWN_PROCESS_OPTION, "asked_module", str(written)])
    assert run_asked_module(["asked_module"])
    assert written.read_text(encoding="utf-8") == "__main__"


@pytest.mark.parametrize(
    "arguments", [[], ["ask", "Why?"], [OWN_PROCESS_OPTION], [OWN_PROCESS_OPTION, "antigravity"]]
)
def test_nothing_else_is_run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ponder", *arguments])
    assert not run_asked_module(["models.engine.worker"])
