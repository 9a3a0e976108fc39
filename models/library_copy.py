"""Copies a model with all its files into the models folder, under names that are free there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from models.errors import LibraryError
from models.file_work import FileWork, Hashed
from models.model_parts import name_of_part, part_name

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_LONGEST_STEM_BYTES = 200


def file_stem(parts: Sequence[Path], title: str) -> str:
    """The beginning of the copies' names: that of the files, or made of the title where they have no ending.

    Ollama and the cache of Hugging Face name their files by their hash.
    """
    name = part_name(parts[0].name)
    if name is not None:
        return name.prefix
    if parts[0].suffix.lower() == ".gguf":
        return parts[0].stem
    stem = _NOT_IN_NAMES.sub("-", title).strip(" .-") or "model"
    return stem.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore")


def free_names(folder: Path, stem: str, count: int) -> list[Path]:
    """Paths of `count` files in the folder of which none is taken: `stem`, else `stem (2)` and so on."""
    for number in range(1, 1000):
        tried = stem if number == 1 else f"{stem} ({number})"
        names = [f"{tried}.gguf"]
        if count > 1:
            names = [name_of_part(tried, part, count) for part in range(1, count + 1)]
        paths = [folder / name for name in names]
        if not any(path.exists() or path.is_symlink() for path in paths):
            return paths
    raise LibraryError(
        f"There are too many files called {stem} in the models folder.", kept="Nothing was copied."
    )


def copy_files(parts: Sequence[Path], destinations: Sequence[Path], work: FileWork) -> list[Hashed]:
    """Copy all files or none; gives what each was when it was read, with the copy's modification time.

    Raises `LibraryError`.
    """
    done: list[Hashed] = []
    try:
        for part, destination in zip(parts, destinations, strict=True):
            hashed = work.copy(part, destination)
            done.append(Hashed(hashed.sha256, hashed.size_bytes, destination.stat().st_mtime_ns))
    except (LibraryError, OSError) as error:
        remove_files(destinations[: len(done)])
        if isinstance(error, OSError):
            raise LibraryError(f"The copy could not be finished: {error.strerror or error}.") from error
        raise
    return done


def remove_files(paths: Sequence[Path]) -> None:
    """Take copies back that nobody asked for in the end."""
    for path in paths:
        path.unlink(missing_ok=True)
