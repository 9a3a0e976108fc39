"""Checks what a package's folder promises: `python packaging/check_folder.py FOLDER`.

Its size; that it starts on the oldest supported system (glibc, libstdc++); that no instruction that an old
processor lacks stands outside the modules for newer ones; that each program has only what it needs; that
libraries can be loaded; and that nothing tells of the computer it was built on.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

MAX_SIZE_BYTES = 260_000_000
MAX_GLIBC = (2, 35)
"""Ubuntu 22.04 has this one, Debian 12 2.36."""
MAX_GLIBCXX = (3, 4, 30)
"""libstdc++ of GCC 12: Ubuntu 22.04 and Debian 12."""
BASELINE_ONLY = ("libllama", "libggml.so", "libggml-base", "libggml-cpu-x64", "libggml-vulkan")
"""Of llama.cpp, what runs on every x86-64. The other modules are for processors that have what they need."""

_VERSION = re.compile(r"\((GLIBC|GLIBCXX)_([0-9.]+)\)")
_SEGMENT = re.compile(r"^\s+LOAD\s+(0x\w+)\s+(0x\w+)\s+0x\w+\s.*\s(0x\w+)$", re.MULTILINE)
_AVX = re.compile(r"^\s+[0-9a-f]+:\s+(?:[a-z0-9]+\s.*%[yz]mm|v[a-z0-9]+\s.*%xmm)", re.MULTILINE)
"""What uses the longer registers, or the shorter ones in the way of AVX, whose names begin with v."""
_FORBIDDEN_NAMES = re.compile(r"hf_xet|Qt6(Network|Qml|Quick|WebEngine)|openblas|libtk8|pytest|libmtmd", re.I)


def findings(folder: Path, forbidden_words: Sequence[str] = ()) -> Iterator[str]:
    """Everything that is wrong, in words."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    if size > MAX_SIZE_BYTES:
        yield f"it is {size / 1e6:.0f} MB large, more than {MAX_SIZE_BYTES / 1e6:.0f}"
    for path in files:
        if _FORBIDDEN_NAMES.search(path.name):
            yield f"{path.relative_to(folder)} does not belong in it"
        content = path.read_bytes()
        for word in forbidden_words:
            # Python's own prefix is built into its library.
            if word.encode() in content and not path.name.startswith("libpython"):
                yield f"{path.relative_to(folder)} tells of the building computer: {word}"
        if content.startswith(b"\x7fELF"):
            yield from (f"{path.relative_to(folder)}: {each}" for each in _of_library(path))
    yield from _of_links(folder)


def _of_library(path: Path) -> Iterator[str]:
    for name, most in (("GLIBC", MAX_GLIBC), ("GLIBCXX", MAX_GLIBCXX)):
        newest = newest_version(path, name)
        if newest > most:
            yield f"needs {name} {_dotted(newest)}, newer than {_dotted(most)}"
    headers = _run("readelf", "-lW", str(path))
    for offset, address, alignment in _SEGMENT.findall(headers):
        if (int(address, 16) - int(offset, 16)) % int(alignment, 16):
            yield "cannot be loaded: a segment is not aligned to a page"
    if path.name.startswith(BASELINE_ONLY):
        newer = newer_instructions(path)
        if newer:
            yield f"has {newer} instructions that an old processor lacks (AVX)"
        if "RUNPATH" in _run("readelf", "-dW", str(path)):
            yield "has a RUNPATH, which LD_LIBRARY_PATH goes before"


def newest_version(path: Path, name: str) -> tuple[int, ...]:
    """The newest version of glibc's or libstdc++'s symbols that a library asks for, () if none."""
    found = {text for each, text in _VERSION.findall(_run("objdump", "-T", str(path))) if each == name}
    return max((tuple(map(int, text.split("."))) for text in found), default=())


def newer_instructions(path: Path) -> int:
    """How many instructions of a library need AVX or more, by its disassembly."""
    return len(_AVX.findall(_run("objdump", "-d", "--no-show-raw-insn", str(path))))


def _of_links(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            yield f"{path.relative_to(folder)} leads out of it"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _run(*command: str) -> str:
    environment = os.environ | {"LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def main() -> int:
    """Print what is wrong. Gives 1 where something is."""
    folder = Path(sys.argv[1])
    wrong = list(findings(folder, sys.argv[2:]))
    for each in wrong:
        sys.stderr.write(f"{each}\n")
    libraries = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    sys.stdout.write(
        f"glibc {_dotted(max(newest_version(path, 'GLIBC') for path in libraries))}, "
        f"libstdc++ {_dotted(max(newest_version(path, 'GLIBCXX') for path in libraries))}, "
        f"{sum(path.stat().st_size for path in folder.rglob('*') if not path.is_symlink()) / 1e6:.0f} MB\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
