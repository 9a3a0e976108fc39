"""Where a download may be put: names from the hub, checked by us, and made paths below the models folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from models.download_errors import UnsafeNameError

ENDING = ".gguf"
MAX_NAME_BYTES = 200
"""File systems allow 255; the rest is for the endings of a download on its way."""

# Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file, "Naming Conventions".
_RESERVED_ON_WINDOWS = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE
)
_FORBIDDEN = frozenset('<>:"/\\|?*')


def final_path(folder: Path, untrusted_repo: str, untrusted_path: str) -> Path:
    """Where the file of a repository goes: folder / owner__name / file name. Raises `UnsafeNameError`."""
    repo_parts = untrusted_repo.split("/")
    if len(repo_parts) != 2:
        raise _unsafe(untrusted_repo, "it is not of the form owner/name")
    for name in (*repo_parts, *untrusted_path.split("/")):
        require_safe_name(name)
    name = untrusted_path.rsplit("/", 1)[-1]
    if not name.lower().endswith(ENDING):
        raise _unsafe(name, f"it does not end in {ENDING}")
    repo_folder = "__".join(repo_parts)
    require_safe_name(repo_folder)
    return folder / repo_folder / name


def final_paths(folder: Path, untrusted_repo: str, untrusted_paths: Iterable[str]) -> tuple[Path, ...]:
    """The same for all files of a model, of which no two may get one name. Raises `UnsafeNameError`."""
    paths = tuple(final_path(folder, untrusted_repo, path) for path in untrusted_paths)
    if len({path.name.casefold() for path in paths}) != len(paths):
        raise _unsafe(paths[0].name, "two files of the model would get the same name")
    return paths


def require_safe_name(untrusted_name: str) -> None:
    """Raise `UnsafeNameError` where this is no harmless name of a file or folder on every system."""
    if not untrusted_name or untrusted_name.startswith("."):
        raise _unsafe(untrusted_name, "it is empty or begins with a dot")
    if len(untrusted_name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        raise _unsafe(untrusted_name[:40] + "…", "it is too long")
    if not untrusted_name.isprintable() or not _FORBIDDEN.isdisjoint(untrusted_name):
        raise _unsafe(untrusted_name, "it has characters that do not belong in the name of a file")
    if untrusted_name.endswith((".", " ")) or untrusted_name.startswith(" "):
        raise _unsafe(untrusted_name, "it begins or ends with a space, or ends with a dot")
    if _RESERVED_ON_WINDOWS.fullmatch(untrusted_name):
        raise _unsafe(untrusted_name, "Windows keeps this name for itself")


def require_no_link(*paths: Path) -> None:
    """Raise `UnsafeNameError` where one of these is there and is a link: it could lead anywhere."""
    for path in paths:
        if path.is_symlink() or (hasattr(path, "is_junction") and path.is_junction()):
            raise _unsafe(path.name, "it is a link to another place")


def _unsafe(untrusted_name: str, why: str) -> UnsafeNameError:
    shown = "".join(c if c.isprintable() else "�" for c in untrusted_name)
    return UnsafeNameError(
        f"The name “{shown}” cannot be used: {why}.",
        kept="Nothing was downloaded.",
        advice="Choose another file.",
    )
