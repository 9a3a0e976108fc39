"""The commands that start Ponder's own processes, from a checkout and from a package alike."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

OWN_PROCESS_OPTION: Final = "--own-process"
"""What a packaged program is given first where it shall run one of its modules; no word for users."""
WINDOW_PROGRAM: Final = "ponder"
ENGINE_PROGRAM: Final = "ponder-engine"


def is_packaged() -> bool:
    """Whether this is a package: no Python of its own, no sources, but the two programs."""
    return bool(getattr(sys, "frozen", False))


def own_command(module: str, *, needs_qt: bool = False) -> tuple[str, ...]:
    """The command that runs a module of ours as a process.

    In a package the engine's program has no Qt in it and the window's no llama.cpp, so it matters what the
    module needs. The scripts in `packaging` that begin with `program_` say which program runs what.
    """
    if not is_packaged():
        # -P: a folder named `models` where the user happens to stand must not be taken for ours.
        return (sys.executable, "-P", "-m", module)
    beside = Path(sys.executable)
    program = WINDOW_PROGRAM if needs_qt else ENGINE_PROGRAM
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
