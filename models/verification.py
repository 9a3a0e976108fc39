"""Whether a model file is what was published, and still what it was when that was found out."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from models.library_records import FileRecord, ModelRecord


class Verification(enum.StrEnum):
    """VERIFIED: its bytes are those that were published. CHANGED: they are not, or the file is another now.

    UNVERIFIED: nobody has looked. UNKNOWN: its hash is known, but nothing to compare it with.
    """

    UNKNOWN = "unknown"
    VERIFIED = "verified"
    CHANGED = "changed"
    UNVERIFIED = "unverified"


class PublishedModel(Protocol):
    """A model of which the hash is known; `models.catalog.CatalogModel` is one."""

    @property
    def id(self) -> str:
        """Its name in the catalogue."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def file(self) -> str:
        """The name of its file."""

    @property
    def size_bytes(self) -> int:
        """The exact size of its file."""

    @property
    def sha256(self) -> str:
        """Of its file, in hexadecimal; "" where it has none."""


class Published:
    """The models of which the hash is known, to look a file up in."""

    def __init__(self, models: Iterable[PublishedModel]) -> None:
        self._by_id = {model.id: model for model in models if model.sha256}
        self._by_sha256 = {model.sha256: model for model in self._by_id.values()}
        self._by_name = {(model.file, model.size_bytes): model for model in self._by_id.values()}

    def by_id(self, model_id: str) -> PublishedModel | None:
        """The one of this name."""
        return self._by_id.get(model_id)

    def by_sha256(self, sha256: str) -> PublishedModel | None:
        """The one whose file has this hash."""
        return self._by_sha256.get(sha256)

    def of(self, path: Path, size_bytes: int, record: ModelRecord) -> PublishedModel | None:
        """The one that a file is: by what is remembered of it, by its hash, or by its name and exact size."""
        file = record.files.get(path.name)
        return (
            self._by_id.get(record.catalog_id)
            or (self._by_sha256.get(file.sha256) if file else None)
            or self._by_name.get((path.name, size_bytes))
        )


def verification_of(paths: Sequence[Path], record: ModelRecord, published: Published) -> Verification:
    """The worst that is to be said of any file of a model. Looks at sizes and times, not into the files."""
    states = {_of_file(path, record.files.get(path.name), published) for path in paths}
    for state in (Verification.CHANGED, Verification.UNVERIFIED, Verification.UNKNOWN):
        if state in states:
            return state
    return Verification.VERIFIED


def _of_file(path: Path, file: FileRecord | None, published: Published) -> Verification:
    if file is None:
        return Verification.UNVERIFIED
    try:
        status = path.stat()
    except (OSError, ValueError):  # it is gone; that it is missing is said elsewhere
        return Verification.UNVERIFIED
    if (status.st_size, status.st_mtime_ns) != (file.size_bytes, file.mtime_ns):
        return Verification.CHANGED
    if file.published_sha256:
        return Verification.VERIFIED if file.sha256 == file.published_sha256 else Verification.CHANGED
    return Verification.VERIFIED if published.by_sha256(file.sha256) else Verification.UNKNOWN


def warning_of(verification: Verification, record: ModelRecord) -> str:
    """What to tell the user of a file that is not what it was or should be; empty where it is fine."""
    if verification is not Verification.CHANGED:
        return ""
    if any(file.published_sha256 not in ("", file.sha256) for file in record.files.values()):
        return "Its bytes are not those that were published. Delete it and download it again."
    return (
        "It was changed on the disk since it was checked. Verify it again to see whether it is still whole."
    )
