"""What Ponder remembers of each model file, in one small JSON file: titles, notes, hashes, last use."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from models.errors import LibraryError
from models.whole_file import replace_file, set_aside

MAX_TITLE_CHARACTERS = 200
MAX_NOTE_CHARACTERS = 1000
MAX_RECORDS = 10_000
_MAX_FILE_BYTES = 16 * 1024 * 1024
_VERSION = 1

Sha256 = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
Size = Annotated[int, msgspec.Meta(ge=0)]


class FileRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file as it was when its hash was taken.

    `sha256` in hexadecimal of all its bytes then; `mtime_ns` its modification time then, in nanoseconds since
    1970. `published_sha256`: what it has to be, "" where nobody has said so.
    """

    sha256: Sha256
    size_bytes: Size
    mtime_ns: int
    published_sha256: Sha256 = ""


class ModelRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of one model. `files` by file name: it may have several parts.

    `title` and `note` are the user's own, "" where there are none. `catalog_id` "": not from the catalogue.
    `added_from` is the path that it was copied from. `is_listed`: it lies elsewhere and was added.
    `last_used` has a time zone.
    """

    title: Annotated[str, msgspec.Meta(max_length=MAX_TITLE_CHARACTERS)] = ""
    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE_CHARACTERS)] = ""
    catalog_id: str = ""
    added_from: str = ""
    is_listed: bool = False
    last_used: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    files: dict[str, FileRecord] = {}


class _RecordsFile(msgspec.Struct):
    version: int
    models: dict[str, ModelRecord]


class LibraryRecords:
    """The records by path: relative to the models folder where the file is in it, else absolute.

    Each change reads the file anew and replaces it in one step, so that a window and a terminal do not undo
    each other's changes. Methods may be called from any thread.
    """

    def __init__(self, file: Path, models_dir: Path) -> None:
        self._file = file
        self._models_dir = models_dir
        self._lock = threading.Lock()
        self.problem: LibraryError | None = None
        """What was wrong with the file when it was read last; it stays until somebody takes it away."""

    def read(self) -> dict[str, ModelRecord]:
        """Read all records, by `key`. An invalid file is set aside, and `problem` says so."""
        with self._lock:
            return self._read()

    def of(self, path: Path) -> ModelRecord:
        """Give the record of a model by its first file, an empty one where there is none."""
        return self.read().get(self.key(path), ModelRecord())

    def change(self, path: Path, change: Callable[[ModelRecord], ModelRecord]) -> None:
        """Replace the record of a model. Raises `LibraryError` where the file cannot be written."""
        key = self.key(path)
        with self._lock:
            records = self._read()
            records[key] = change(records.get(key, ModelRecord()))
            if records[key] == ModelRecord():
                del records[key]
            self._write(records)

    def forget(self, path: Path) -> ModelRecord:
        """Remove the record of a model and give it back. Raises `LibraryError`."""
        key = self.key(path)
        with self._lock:
            records = self._read()
            record = records.pop(key, None)
            if record is not None:
                self._write(records)
        return record or ModelRecord()

    def key(self, path: Path) -> str:
        """The name of a path in the records. Not valid text becomes so by `?`."""
        if path.is_relative_to(self._models_dir):
            path = path.relative_to(self._models_dir)
            text = path.as_posix()
        else:
            text = os.fspath(path)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    def path(self, key: str) -> Path:
        """The path of a name in the records."""
        return self._models_dir / key  # an absolute one stays as it is

    def _read(self) -> dict[str, ModelRecord]:
        try:
            return self._decoded()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise LibraryError(
                f"The list of your models in {self._file} cannot be read: {error.strerror or error}.",
                kept="The file was left as it is, and so were all model files.",
                advice="Give yourself the right to read it.",
                details=repr(error),
            ) from error
        except ValueError as error:
            self._set_aside(error)
            return {}

    def _decoded(self) -> dict[str, ModelRecord]:
        """Raises OSError where it cannot be read, and ValueError where it is not valid."""
        if self._file.exists() and not self._file.is_file():
            raise ValueError("it is not a file")  # opening a pipe would wait for ever
        with self._file.open("rb") as file:
            untrusted_bytes = file.read(_MAX_FILE_BYTES + 1)
        if len(untrusted_bytes) > _MAX_FILE_BYTES:
            raise ValueError(f"it is larger than {_MAX_FILE_BYTES // 2**20} MiB")
        try:
            decoded = msgspec.json.decode(untrusted_bytes, type=_RecordsFile)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"{error}") from error
        if decoded.version != _VERSION:
            raise ValueError(f"it has version {decoded.version}, and this Ponder knows version {_VERSION}")
        if len(decoded.models) > MAX_RECORDS:
            raise ValueError(f"it has more than {MAX_RECORDS:,} models")
        return decoded.models

    def _set_aside(self, reason: ValueError) -> None:
        try:
            aside = set_aside(self._file)
        except OSError as error:
            raise LibraryError(
                f"The list of your models in {self._file} is not valid, and it cannot be set aside: "
                f"{error.strerror or error}.",
                kept="The file was left as it is, and so were all model files.",
                advice="Move it away yourself.",
                details=f"{reason}",
            ) from error
        self.problem = LibraryError(
            f"The list of your models was not valid ({reason}). A new one was begun.",
            kept=f"The old list was kept as {aside}; no model file was touched.",
            advice="Files from outside the models folder have to be added again.",
        )

    def _write(self, records: dict[str, ModelRecord]) -> None:
        content = msgspec.json.encode(_RecordsFile(_VERSION, records))
        content = msgspec.json.format(content, indent=2) + b"\n"
        try:
            replace_file(Path(os.path.realpath(self._file)), content)
        except OSError as error:
            raise LibraryError(
                f"The list of your models cannot be written to {self._file}: {error.strerror or error}.",
                kept="The list is as it was, and so are all model files.",
                advice="Make room or give yourself the right to write there.",
                details=repr(error),
            ) from error
