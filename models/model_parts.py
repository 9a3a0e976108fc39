"""Models that consist of several files, `name-00001-of-00003.gguf` and so on: their names, put together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from models.errors import ModelFileError
from models.gguf_info import GgufInfo, read_gguf_info, require_chat_model

MAX_PARTS = 1000
"""The largest sets in use have some 80; a name that claims more is taken for one file."""

_PART_NAME = re.compile(r"(?P<prefix>.+)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})\.gguf")


class PartName(NamedTuple):
    """What the name of a part says: part `number` of `total`, counted from 1."""

    prefix: str
    number: int
    total: int


def part_name(name: str) -> PartName | None:
    """Take the name of a file apart; None where it does not name a part of a model in several files."""
    match = _PART_NAME.fullmatch(name)
    if match is None:
        return None
    number, count = int(match["number"]), int(match["count"])
    if not 1 <= number <= count <= MAX_PARTS or count == 1:
        return None
    return PartName(match["prefix"], number, count)


def name_of_part(prefix: str, number: int, count: int) -> str:
    """The name that llama.cpp looks for. Source: llama_split_path in src/llama.cpp."""
    return f"{prefix}-{number:05d}-of-{count:05d}.gguf"


def parts_of(path: Path) -> tuple[Path, ...]:
    """All files of the model that `path` belongs to, in order, whether they are there or not."""
    name = part_name(path.name)
    if name is None:
        return (path,)
    return tuple(
        path.with_name(name_of_part(name.prefix, number, name.total)) for number in range(1, name.total + 1)
    )


def first_part(path: Path) -> Path:
    """The file that stands for the whole model: the only one, or part 1."""
    return parts_of(path)[0]


def first_parts(paths: Iterable[Path]) -> list[Path]:
    """Each model once, in the order of its first file that is met. The part 1 may be missing on the disk."""
    return list(dict.fromkeys(first_part(path) for path in paths))


def size_on_disk_bytes(paths: Iterable[Path]) -> int:
    """Size of those files that are there."""
    total_bytes = 0
    for path in paths:
        try:
            total_bytes += path.stat().st_size if path.is_file() else 0
        except (OSError, ValueError):  # it went away in between, or its name is none
            continue
    return total_bytes


def check_parts(parts: tuple[Path, ...], first: GgufInfo) -> None:
    """Check that one can chat with the model, and that all its files are there and belong together.

    `first` is what the first of `parts` says of itself. Raises `ModelFileError`.
    """
    if first.split_count > 1 and len(parts) == 1 and first.split_number == 1:
        raise ModelFileError(
            f"This is the first of {first.split_count:,} files of a model, but by its name the others "
            "cannot be found.",
            advice=f'Give them their names back: "...{name_of_part("", 1, first.split_count)}" and so on.',
        )
    require_chat_model(first)
    if len(parts) == 1:
        return
    _require_all(parts)
    for number, part in enumerate(parts, start=1):
        info = first if number == 1 else _read_part(part, number)
        if info.split_count != len(parts):
            raise ModelFileError(
                f"Part {number} says that the model has {info.split_count:,} parts, its name says "
                f"{len(parts)}.",
                advice="Download all parts again from one place.",
            )
        if info.split_number != number:
            raise ModelFileError(
                f"The file named part {number} says that it is part {info.split_number:,}.",
                advice="Download all parts again from one place.",
            )


def _require_all(parts: tuple[Path, ...]) -> None:
    missing = [number for number, part in enumerate(parts, start=1) if not part.is_file()]
    if missing:
        raise missing_parts(missing, parts)


def missing_parts(missing: list[int], parts: tuple[Path, ...]) -> ModelFileError:
    """Make the error for a model of which some files are not there."""
    numbers = ", ".join(f"{number}" for number in missing[:5]) + (" and more" if len(missing) > 5 else "")
    which = f"part {numbers} is" if len(missing) == 1 else f"parts {numbers} are"
    return ModelFileError(
        f"This model is not complete: {which} missing, of {len(parts)}.",
        advice=f"Put {parts[missing[0] - 1].name} into the same folder"
        + (" and the others too." if len(missing) > 1 else "."),
        details=os.fspath(parts[0].parent),
    )


def _read_part(part: Path, number: int) -> GgufInfo:
    try:
        return read_gguf_info(part)
    except ModelFileError as error:
        error.message = f"Part {number}: {error.message}"
        raise
