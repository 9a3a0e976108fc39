"""What a file is by its beginning: a plain history, an encrypted one and with which key, or neither.

WARNING: on POSIX, closing any descriptor of a file drops the locks that SQLite holds on it in this
process (https://sqlite.org/howtocorrupt.html). Look at a history only while nobody here has it open.
"""

from __future__ import annotations

import enum
import zlib
from pathlib import Path

from app.history.key import ID_BYTES, Key

PLAIN_BEGINNING = b"SQLite format 3\x00"
APPLICATION_ID = 0x506E6472
"""\"Pndr\" in the header of a plain file."""
_APPLICATION_AT = 68
"""https://sqlite.org/fileformat2.html#the_database_header"""
PAGE_BYTES = 4096
_LEAST_PACKED_BYTES = PAGE_BYTES - 64
"""Random bytes cannot be packed into fewer; a page of a database, and one spoiled with a pattern, can."""


class FileKind(enum.Enum):
    """What the first page says."""

    EMPTY = "no file, or an empty one"
    PLAIN = "a database"
    ENCRYPTED = "nothing but random bytes"
    OTHER = "neither: damaged, or another program's"


def kind_of(path: Path) -> FileKind:
    """Look at the first page. Raises OSError, but not for a file that is not there."""
    page = _first_page(path)
    if not page:
        return FileKind.EMPTY
    if page.startswith(PLAIN_BEGINNING):
        return FileKind.PLAIN
    is_random = len(page) == PAGE_BYTES and len(zlib.compress(page)) >= _LEAST_PACKED_BYTES
    return FileKind.ENCRYPTED if is_random else FileKind.OTHER


def key_id_in(path: Path) -> str:
    """The id of the key that a file names, "" for a plain one or none. Raises OSError."""
    page = _first_page(path)
    return "" if not page or page.startswith(PLAIN_BEGINNING) else page[:ID_BYTES].hex()


def is_protected_as(path: Path, key: Key | None) -> bool:
    """Whether a file is plain (key None) or names this key. Raises OSError."""
    return key_id_in(path) == ("" if key is None else key.id)


def is_history_of(path: Path, key: Key | None) -> bool:
    """Whether a file names this key or, with None, is a plain file of Ponder's. Raises OSError."""
    if key is not None:
        return is_protected_as(path, key)
    page = _first_page(path)
    number = page[_APPLICATION_AT : _APPLICATION_AT + 4]
    return page.startswith(PLAIN_BEGINNING) and int.from_bytes(number) == APPLICATION_ID


def _first_page(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(PAGE_BYTES)
