"""The commands that start Ponder's own processes, from a checkout and from a package alike."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

OWN_PROCESS_OPTION: Final = "--own-process"
"""What a packaged program is given first where it shall run one of its modules; no word for users."""
ENGINE_MODULES: Final = (
    "models.engine.worker",
    "models.engine.device_probe",
    "ui.transcript.formulas.worker",
)
"""What `ponder-engine` runs: it has llama.cpp and no Qt, no history and no network in it."""
WINDOW_MODULES: Final = ("ui.export.worker", "app.privacy_child")
"""What `ponder` runs, beside the window and the command line: it has no llama.cpp in it."""


def is_packaged() -> bool:
    """Whether this is a package: no Python of its own, no sources, but the two programs."""
    return bool(getattr(sys, "frozen", False))


def own_command(module: str) -> tuple[str, ...]:
    """The command that runs a module of ours as a process: `ENGINE_MODULES` or `WINDOW_MODULES` names it."""
    if not is_packaged():
        # -P: a folder named `models` where the user happens to stand must not be taken for ours.
        return (sys.executable, "-P", "-m", module)
    beside = Path(sys.executable)
    program = "ponder-engine" if module in ENGINE_MODULES else "ponder"
    return (str(beside.with_name(program + beside.suffix)), OWN_PROCESS_OPTION, module)


def run_asked_module(known_modules: Collection[str]) -> bool:
    """Run the module that the arguments of this program ask for; False: they ask for none.

    The modules of a package are no files, so this is its `python -m`.
    """
    match sys.argv[1:]:
        case [option, module, *arguments] if option == OWN_PROCESS_OPTION and module in known_modules:
            sys.argv[1:] = arguments
            runpy.run_module(module, run_name="__main__")
            return True
    return False
