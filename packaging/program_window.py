"""The program `ponder` of a package: the window, and the command line. It has no llama.cpp."""

from __future__ import annotations

import os
import sys

from models.own_programs import WINDOW_MODULES, run_asked_module

_OF_THE_PACKAGE = ("LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "QML2_IMPORT_PATH")
"""What PyInstaller sets for this process and would be wrong for a browser that is started from it."""


def leave_environment_as_it_was() -> None:
    """Set back what other programs would inherit. Ours is loaded already, or found without it."""
    for name in _OF_THE_PACKAGE:
        before = os.environ.pop(f"{name}_ORIG", None)
        if before is not None:
            os.environ[name] = before
        elif sys._MEIPASS in os.environ.get(name, ""):  # type: ignore[attr-defined]  # PyInstaller's own
            del os.environ[name]


def main() -> int:
    """Run the module that was asked for, else Ponder."""
    leave_environment_as_it_was()
    if run_asked_module(WINDOW_MODULES):
        return 0
    from ui.__main__ import main as run_ponder

    return run_ponder()


if __name__ == "__main__":
    sys.exit(main())
