"""The pictures that are kept, and what they were made with."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path

import PySide6.QtCore

FOLDER = Path(__file__).resolve().parent / "pictures"
MADE_WITH = FOLDER / "made-with.json"
THEMES = ("light", "dark")


def kept() -> list[Path]:
    """All kept pictures, by name."""
    return sorted(FOLDER.glob("*.png"))


def scale_of(path: Path) -> int:
    """How many pixels of the picture a pixel of the window has; it stands in its name."""
    return int(path.stem[-2])


def libraries() -> dict[str, str]:
    """The versions of what draws letters here."""
    return {"Qt": PySide6.QtCore.qVersion(), "FreeType": _freetype_version()}


def in_words() -> str:
    """Where what draws letters here is not what drew the pictures: a sentence about it."""
    made, here = json.loads(MADE_WITH.read_text("utf-8")), libraries()
    others = [f"{name} {made[name]}, here is {here[name]}" for name in made if made[name] != here.get(name)]
    return f"The pictures were made with {'; '.join(others)}." if others else ""


def _freetype_version() -> str:
    """Of the system's FreeType, which Qt uses on Linux."""
    try:
        freetype = ctypes.CDLL("libfreetype.so.6")
    except OSError:
        return "of Qt"
    library = ctypes.c_void_p()
    freetype.FT_Init_FreeType(ctypes.byref(library))
    numbers = [ctypes.c_int() for _ in range(3)]
    freetype.FT_Library_Version(library, *(ctypes.byref(number) for number in numbers))
    freetype.FT_Done_FreeType(library)
    return ".".join(str(number.value) for number in numbers)
