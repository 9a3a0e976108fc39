"""Names for the files of an export: made of titles, safe on every system, each once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_BYTES = 100
"""Of a name in UTF-8, without its ending: room for a long folder before it, on Windows too."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: not even with an ending.
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?\s*$", re.IGNORECASE
)
_UNTITLED = "chat"


def file_names(titles: Iterable[str], ending: str, taken: Iterable[str] = ()) -> list[str]:
    """A name for each title, with the ending. None of them is in `taken`, nor twice, whatever the case."""
    used = {_folded(name) for name in taken}
    names = []
    for title in titles:
        stem = safe_stem(title)
        name, number = f"{stem}.{ending}", 2
        while _folded(name) in used:
            name, number = f"{_shortened(stem, MAX_BYTES - 8)} ({number}).{ending}", number + 1
        used.add(_folded(name))
        names.append(name)
    return names


def safe_stem(title: str) -> str:
    """The title without what a file name must not hold; never empty."""
    text = unicodedata.normalize("NFC", title.encode("utf-8", "replace").decode("utf-8"))
    text = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else c for c in text
    )
    text = " ".join(_FORBIDDEN.sub(" ", text).split())
    text = _shortened(text, MAX_BYTES).strip(" .")
    if _RESERVED.match(text):
        text = f"{text[:3]}_{text[3:]}"
    return text or _UNTITLED


def _shortened(text: str, max_bytes: int) -> str:
    while len(text.encode()) > max_bytes:
        text = text[:-1]
        while text and unicodedata.combining(text[-1]):
            text = text[:-1]
    return text.rstrip(" .")


def _folded(name: str) -> str:
    """Two names that a file system may take for one fold to the same."""
    return unicodedata.normalize("NFKC", name).casefold()
