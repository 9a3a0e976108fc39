"""Makes a package's folder small and always the same: `python packaging/finish_folder.py FOLDER SECONDS`.

Debugging symbols and paths of the building computer go, libraries that stand in it twice stand there once,
and every file gets the time that was given (seconds since 1970) and plain rights.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

_ELF = b"\x7fELF"


def strip(folder: Path) -> int:
    """Take the symbols for debuggers out of what still has some. Gives how many bytes that saved."""
    saved = 0
    for path in _libraries(folder):
        sections = _readelf("-SW", path)
        if ".symtab" not in sections and ".debug_info" not in sections:
            continue
        if path.parent == folder:
            continue  # a program: PyInstaller's archive stands behind its last section
        before = path.stat().st_size
        subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)
        saved += before - path.stat().st_size
    return saved


def forget_origins(folder: Path) -> None:
    """Take away where a library looked for others on the building computer: here they lie together."""
    for path in _libraries(folder):
        found = re.search(r"\((?:RPATH|RUNPATH)\).*\[(/.*)\]", _readelf("-dW", path))
        if found:
            content = path.read_bytes()
            old = found[1].encode() + b"\0"
            path.write_bytes(content.replace(old, b"$ORIGIN".ljust(len(old), b"\0")))


def _libraries(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if _begins_as_elf(path)]


def _readelf(option: str, path: Path) -> str:
    return subprocess.run(["readelf", option, str(path)], capture_output=True, text=True, check=True).stdout


def _begins_as_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _ELF


def merge_copies(folder: Path) -> int:
    """Let libraries with the same bytes in one folder be one file and links to it. Gives the bytes saved."""
    saved = 0
    known: dict[tuple[Path, bytes], Path] = {}
    for path in _libraries(folder):
        key = (path.parent, hashlib.sha256(path.read_bytes()).digest())
        first = known.setdefault(key, path)
        if first is not path:
            saved += path.stat().st_size
            path.unlink()
            path.symlink_to(first.name)
    return saved


def make_plain(folder: Path, seconds: int) -> None:
    """Give every file and folder the same time, and rights that say only who may run it."""
    for path in sorted([folder, *folder.rglob("*")], reverse=True):
        if not path.is_symlink():
            is_program = path.is_dir() or (path.parent == folder and _begins_as_elf(path))
            path.chmod(0o755 if is_program else 0o644)
        os.utime(path, (seconds, seconds), follow_symlinks=False)


def main() -> int:
    """Do all that and say what was saved."""
    folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
    forget_origins(folder)
    saved = strip(folder) + merge_copies(folder)
    make_plain(folder, seconds)
    sys.stdout.write(f"{saved / 1e6:.0f} MB less: no debugging symbols, no library twice\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
