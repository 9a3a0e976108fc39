"""Which version is packed, in the forms that packers ask for: `python packaging/version_information.py`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


def version() -> str:
    """The version in pyproject.toml, the only place where it is written."""
    return str(_project()["version"])


def write_windows_version(program: str) -> Path:
    """Write what Windows shows in a program's properties, in PyInstaller's form. Gives the file."""
    numbers = tuple([*map(int, version().split(".")), 0, 0, 0, 0][:4])
    texts = {
        "CompanyName": "The Ponder authors",
        "FileDescription": "Ponder" if program == "ponder" else f"Ponder ({program})",
        "FileVersion": version(),
        "InternalName": program,
        "LegalCopyright": "The Ponder authors. MIT licence.",
        "OriginalFilename": f"{program}.exe",
        "ProductName": "Ponder",
        "ProductVersion": version(),
    }
    strings = ", ".join(f"StringStruct({name!r}, {text!r})" for name, text in texts.items())
    path = BUILD / f"{program}-version.txt"
    path.write_text(
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}), kids=["
        f"StringFileInfo([StringTable('040904B0', [{strings}])]), "
        "VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n",
        encoding="utf-8",
    )
    return path


def llama_commit() -> str:
    """The commit of llama.cpp that is inside."""
    sys.path.insert(0, str(ROOT))
    from app.version import LLAMA_CPP_COMMIT

    return LLAMA_CPP_COMMIT


def _project() -> dict[str, object]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, object] = tomllib.loads(text)["project"]
    return project


if __name__ == "__main__":
    sys.stdout.write(version() + "\n")
