"""Which Ponder this is."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

LLAMA_CPP_COMMIT = "0c1e57098"
"""The commit of ggml-org/llama.cpp inside `LLAMA_BINDINGS`: its CHANGELOG.md names it.

`packaging/build_llama.sh` compares the two with the sources that it builds.
"""
LLAMA_BINDINGS = "0.3.36"
"""The llama-cpp-python that requirements/run.txt pins."""


def version() -> str:
    """The version, of the installed package or else of the checkout that this file stands in."""
    try:
        return importlib.metadata.version("ponder")
    except importlib.metadata.PackageNotFoundError:
        project = Path(__file__).resolve().parent.parent / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
