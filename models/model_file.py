"""One model file, or several that make up one model: what it says of itself, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models.engine_paths import engine_path_problem
from models.errors import ModelFileError
from models.gguf_header import printable
from models.gguf_info import GgufInfo, read_gguf_info
from models.model_parts import (
    check_parts,
    first_parts,
    missing_parts,
    part_name,
    parts_of,
    size_on_disk_bytes,
)

BUILT_IN_TITLE = "Ponder Mini"
"""The name of the model in the box."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model file. `problem` says why one cannot chat with it, and is empty where one can.

    `title` is one line fit to show. `info` is what the file says of itself, None where it cannot be
    read. A model in several files is one of these: `path` is the first, `paths` are all that it should
    have, and `size_bytes` is what stands on the disk, 0 where nothing does.
    """

    path: Path
    title: str
    size_bytes: int
    info: GgufInfo | None
    problem: str = ""
    paths: tuple[Path, ...] = ()


def built_in(path: Path) -> ModelFile:
    """Read the model in the box."""
    return read_model_file(path, BUILT_IN_TITLE)


def list_model_files(models_dir: Path, also: Iterable[Path] = ()) -> list[ModelFile]:
    """Read the model files in the models folder and its subfolders, by path, then those of `also`.

    The folder need not be there. `also` are files elsewhere, in their order: each of them is listed
    once, even if it is gone, unless it is in the folder anyway. Reads the headers of all the files, so
    it takes some time.
    """
    return [read_model_file(path) for path in first_parts([*files_in_folder(models_dir), *also])]


def read_model_file(path: Path, title: str = "") -> ModelFile:
    """Read one file; what is wrong with it becomes its `problem`. `title` "": as the file has it.

    Any part of a model in several files stands for all of it.
    """
    info, problem = None, ""
    paths = parts_of(path)
    try:
        name_problem = engine_path_problem(paths[0])
        if name_problem:
            raise ModelFileError(name_problem)
        there = [part.is_file() for part in paths]
        if any(there) and not there[0]:
            raise missing_parts([number for number, is_there in enumerate(there, 1) if not is_there], paths)
        info = read_gguf_info(paths[0])
        if info.split_count == 1 and sum(there) == 1:
            paths = paths[:1]  # whole after all, and only its name is that of a part
        check_parts(paths, info)
    except ModelFileError as error:
        problem = str(error)
    return ModelFile(
        path=paths[0],
        title=title or (info.name if info else "") or _stem(paths[0]),
        size_bytes=size_on_disk_bytes(paths),
        info=info,
        problem=problem,
        paths=paths,
    )


def files_in_folder(models_dir: Path) -> list[Path]:
    """The files in the models folder, without what is hidden there: the trash, and other tools' own."""
    if not models_dir.is_dir():
        return []
    found = (path for path in models_dir.rglob("*.gguf") if path.is_file())
    return sorted(
        path for path in found if not any(part.startswith(".") for part in path.relative_to(models_dir).parts)
    )


def _stem(path: Path) -> str:
    name = part_name(path.name)
    return printable(name.prefix if name else path.stem)
