"""Writes models in several files, and stands in for the catalogue: for tests of the library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.models.tiny_gguf import Tensor, Typed, header_bytes, write_tiny_gguf

NAMES = (
    "with spaces in it",
    "emoji 🤔👩‍👩‍👧",
    "中文模型",
    "Größe und Übermaß",
    "Привет",
    "a'b(c);d&e",
    "ends.with.dots.",
)
"""Names that people give their files and folders."""


@dataclass(frozen=True)
class PublishedFile:
    """A model whose hash is known, as the catalogue has it."""

    id: str
    title: str
    file: str
    size_bytes: int
    sha256: str


def sha256_of(path: Path) -> str:
    """The hash of a small file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def published(path: Path, model_id: str = "r1-tiny", title: str = "R1 Tiny") -> PublishedFile:
    """The catalogue's word on a file: that it is as it is now."""
    return PublishedFile(model_id, title, path.name, path.stat().st_size, sha256_of(path))


def write_parts(folder: Path, prefix: str = "big", count: int = 3) -> list[Path]:
    """Write a model in several files, the first of which says what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{prefix}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]
    write_tiny_gguf(paths[0], changes={"split.no": Typed(2, b"\0\0"), "split.count": count})
    for number, path in enumerate(paths[1:], start=1):
        header = header_bytes({"split.no": number, "split.count": count}, (Tensor("x", (8,)),))
        path.write_bytes(header + bytes(-len(header) % 32 + 32) + bytes([number]))
    return paths
