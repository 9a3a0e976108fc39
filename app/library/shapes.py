"""Reads the shapes of model files once, and again only where a file has changed."""

from __future__ import annotations

from pathlib import Path

from models.errors import ModelFileError
from models.library import LibraryModel
from models.model_shape import ModelShape, read_shape

_Stamp = tuple[int, int]


class ShapeReader:
    """Remembers what it read by the file's size and modification time."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[_Stamp, ModelShape | None]] = {}

    def shape(self, model: LibraryModel) -> ModelShape | None:
        """The shape of a model, None where it is not one that can be used."""
        if model.problem:
            return None
        try:
            found = model.path.stat()
        except OSError:  # it went away in between; the next listing says so
            return None
        stamp = (found.st_size, found.st_mtime_ns)
        known = self._read.get(model.path)
        if known is None or known[0] != stamp:
            known = (stamp, _shape_or_none(model.path))
            self._read[model.path] = known
        return known[1]


def _shape_or_none(path: Path) -> ModelShape | None:
    try:
        return read_shape(path)
    except ModelFileError:  # it can be talked with all the same; only nothing can be said of its memory
        return None
