"""Opens the file that an import begins with: a JSON text, or a zip archive that holds some.

The names in an archive choose what is read; none is ever a path. What is unpacked stays in memory, since it
holds the thinking of other programs, which must not come to the disk.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import ImportRefusedError

MAX_BYTES = 2**30
"""Of one list of chats. Ten years of talking every day have a tenth of it."""
MAX_LISTS = 1_000
MAX_ENTRIES = 200_000
_PIECE_BYTES = 2**20
_LISTS = re.compile(r"(?:^|[/\\])conversations(?:-\d{1,6})?\.json$", re.IGNORECASE)
_CHATS = re.compile(r"\.conversation\.json$", re.IGNORECASE)
_ZIP_MAGIC = b"PK\x03\x04"
_GPT4ALL_MAGIC = b"\xf5\xd5\x53\xcc"
"""https://github.com/nomic-ai/gpt4all, gpt4all-chat/src/chatlistmodel.cpp, CHAT_FORMAT_MAGIC."""

# What zipfile raises for archives that are none, are cut, are locked, or lie about themselves.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class JsonText:
    """One JSON text, and what to call it."""

    name: str
    untrusted: bytes


def json_texts(path: Path, *, max_bytes: int = MAX_BYTES) -> Iterator[JsonText]:
    """The texts with chats in the file. Raises `ImportRefusedError`, perhaps after some."""
    try:
        with path.open("rb") as file:
            beginning = file.read(4)
            file.seek(0)
            if beginning == _GPT4ALL_MAGIC:
                raise _refused(
                    path,
                    "it is a chat of GPT4All, whose binary format Ponder does not read",
                    "Copy the chat as text from GPT4All.",
                )
            if beginning != _ZIP_MAGIC:
                untrusted = file.read(max_bytes + 1)
                if len(untrusted) > max_bytes:
                    raise _too_large(path, max_bytes)
                yield JsonText(path.name, untrusted)
                return
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "the name is none"
        raise _refused(path, f"it cannot be read ({reason})", "") from error
    yield from _texts_in_archive(path, max_bytes)


def _texts_in_archive(path: Path, max_bytes: int) -> Iterator[JsonText]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise _refused(path, f"it holds more than {MAX_ENTRIES:,} files", "")
            chosen = [entry for entry in entries if _holds_chats(entry.filename)]
            if not chosen:
                raise _refused(
                    path, "there is no conversations.json in it", "Take the archive as you got it."
                )
            if len(chosen) > MAX_LISTS:
                raise _refused(path, f"it holds more than {MAX_LISTS:,} lists of chats", "")
            room = max_bytes
            for entry in sorted(chosen, key=lambda each: each.filename):
                untrusted = _unpacked(archive, entry, room)
                if untrusted is None:
                    raise _too_large(path, max_bytes)
                room -= len(untrusted)
                yield JsonText(_last_part(entry.filename), untrusted)
    except _ZIP_ERRORS as error:
        locked = isinstance(error, RuntimeError) and not isinstance(error, NotImplementedError)
        reason = "it is locked with a password" if locked else "the archive is damaged"
        raise _refused(path, reason, "Unpack it yourself." if locked else "Fetch it once more.") from error


def _holds_chats(name: str) -> bool:
    return "__MACOSX" not in name and bool(_LISTS.search(name) or _CHATS.search(name))


def _last_part(name: str) -> str:
    return re.split(r"[/\\]", name)[-1][:100]


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes | None:
    """The bytes of the entry; None where there are more than `room`, whatever it says of its size."""
    pieces, count = [], 0
    with archive.open(entry) as file:
        while piece := file.read(min(_PIECE_BYTES, room - count + 1)):
            count += len(piece)
            if count > room:
                return None
            pieces.append(piece)
    return b"".join(pieces)


def _too_large(path: Path, max_bytes: int) -> ImportRefusedError:
    return _refused(path, f"its chats have more than {max_bytes >> 20:,} MB", "")


def _refused(path: Path, reason: str, advice: str) -> ImportRefusedError:
    return ImportRefusedError(
        f"“{path.name}” was not imported: {reason}.", kept="The history is as it was.", advice=advice
    )
