"""The program `ponder-engine` of a package: everything that computes away from the window. It has no Qt."""

from __future__ import annotations

import os
import sys

from models.own_programs import ENGINE_MODULES, run_asked_module


def main() -> int:
    """Run the module that was asked for."""
    os.environ.pop("LLAMA_CPP_LIB_PATH", None)  # llama-cpp-python would load libllama from there
    if run_asked_module(ENGINE_MODULES):
        return 0
    sys.stderr.write("This is a part of Ponder. It is started by `ponder`.\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
