"""Paths that the engine cannot open, told before it tries."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WINDOWS_PATH_CHARACTERS = 259
"""MAX_PATH without the final zero: llama.cpp opens files by `_wfopen`, without the prefix for long paths."""


def engine_can_open(path: Path, *, on_windows: bool = sys.platform == "win32") -> bool:
    """Whether the name of the file is one that llama.cpp can open. The file need not be there."""
    return not engine_path_problem(path, on_windows=on_windows)


def engine_path_problem(path: Path, *, on_windows: bool = sys.platform == "win32") -> str:
    """Why llama.cpp cannot open a file of this name, in a sentence or two; empty where it can.

    llama.cpp takes a name in UTF-8 and, on Windows, turns it into UTF-16 itself (`ggml_fopen` in
    ggml/src/ggml.c), so that names outside the code page work for those who call the library, as the engine
    does. https://github.com/ggml-org/llama.cpp/issues/18571 is about its programs, which get their arguments
    in the code page. Not tried on Windows.
    """
    text = os.fspath(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return (
            "The name of this file, or of a folder above it, is not valid text. "
            "Rename it, then the engine can open it."
        )
    units = len(text.encode("utf-16-le")) // 2
    if on_windows and units > WINDOWS_PATH_CHARACTERS:
        return (
            f"The path of this file is {units} characters long, and the engine can open paths of up to "
            f"{WINDOWS_PATH_CHARACTERS} on Windows. Move the file to a folder nearer to the top of the disk."
        )
    return ""
