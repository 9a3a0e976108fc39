"""Tells what is inside a package: a bill of materials (CycloneDX) and the licence of each part.

`python packaging/inventory.py FOLDER LLAMA_SOURCE` reads PyInstaller's records in build/pyinstaller. It
traces every file to the package it came from, and ends with an error where it cannot.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from version_information import BUILD, ROOT, llama_commit, version

LICENCES = Path(__file__).resolve().parent / "licences"
RECORDS = BUILD / "pyinstaller"
BILL_NAME = "sbom.cdx.json"


@dataclass
class Part:
    """Something of others that is inside: name, version, SPDX licence, where its texts lie."""

    name: str
    version: str
    licence: str
    source: str
    url: str
    texts: list[Path] = field(default_factory=list)


class UnknownOriginError(Exception):
    """A file whose origin is not known."""


def parts_inside(llama_source: Path) -> list[Part]:
    """Every part, by name. Raises `UnknownOriginError`."""
    tracer = _Tracer(llama_source)
    for source in sorted(set(_sources())):
        tracer.trace(source)
    parts = [*tracer.parts.values(), *_inside_of_parts(tracer.parts, llama_source)]
    return sorted(parts, key=lambda part: part.name.lower())


def _sources() -> Iterator[Path]:
    """The files on this computer that PyInstaller took."""
    for record in sorted(RECORDS.glob("build/*.toc")):
        if record.name.startswith(("PYZ", "COLLECT")):
            for entry in _entries(ast.literal_eval(record.read_text(encoding="utf-8"))):
                path = Path(entry)
                if path.is_absolute() and path.is_file() and BUILD not in path.parents:
                    yield path


def _entries(record: object) -> Iterator[str]:
    """The middle of each (name, file, kind), at whatever depth."""
    if isinstance(record, tuple | list):
        if len(record) == 3 and all(isinstance(each, str) for each in record):
            if record[2] != "SYMLINK":
                yield record[1]
        else:
            for each in record:
                yield from _entries(each)


class _Tracer:
    """Finds out which part a file is of."""

    def __init__(self, llama_source: Path) -> None:
        self.parts: dict[str, Part] = {}
        self._llama_source = llama_source
        self._standard_library = Path(sysconfig.get_path("stdlib")).resolve()
        self._base = Path(sys.base_prefix).resolve()
        self._owners = {
            str(path.locate().resolve()): distribution
            for distribution in importlib.metadata.distributions()
            for path in distribution.files or ()
        }

    def trace(self, path: Path) -> None:
        """Note the part that a file is of. Raises `UnknownOriginError`."""
        real = path.resolve()
        if ROOT in real.parents and not real.is_relative_to(ROOT / ".venv"):
            return  # ours
        owner = self._owners.get(str(real))
        if owner is not None:
            self._add_distribution(owner)
        elif "site-packages" not in real.parts and (
            real.is_relative_to(self._standard_library) or real.is_relative_to(self._base / "lib")
        ):
            self._add_python()
        elif "package-libraries" in str(real):
            pass  # llama.cpp, added below in any case; libgomp likewise
        else:
            self._add_debian_package(real)

    def _add_distribution(self, owner: importlib.metadata.Distribution) -> None:
        name = owner.metadata["Name"]
        if name.lower() in ("ponder", "pyinstaller"):  # whose loader may go with any program, by its licence
            return
        if name in self.parts:
            return
        texts = [
            Path(str(path.locate()))
            for path in owner.files or ()
            if re.search(r"dist-info/.*(licen[cs]e|copying|notice)", str(path), re.IGNORECASE)
        ]
        own_text = LICENCES / f"{name}.txt"
        if own_text.exists():  # it has none in it
            texts.append(own_text)
        elif name in ("PySide6_Essentials", "shiboken6"):
            texts.append(LICENCES / "NOTICE-Qt.txt")
        self.parts[name] = Part(
            name,
            owner.version,
            _licence_of(owner),
            f"pkg:pypi/{name.lower()}@{owner.version}",
            _home_page(owner),
            texts,
        )

    def _add_python(self) -> None:
        number = platform.python_version()
        text = self._standard_library / "LICENSE.txt"
        self.parts["Python"] = Part(
            "Python", number, "PSF-2.0", f"pkg:generic/python@{number}", "https://www.python.org/", [text]
        )

    def _add_debian_package(self, real: Path) -> None:
        name, number = _debian_package(real)
        self.parts[name] = Part(
            name,
            number,
            "",
            f"pkg:deb/debian/{name}@{number}",
            "",
            [Path("/usr/share/doc") / name / "copyright"],
        )


def _debian_package(real: Path) -> tuple[str, str]:
    for candidate in (str(real), str(real).removeprefix("/usr")):
        found = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            name = found.stdout.partition(":")[0]
            asked = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=True
            )
            return name, asked.stdout
    raise UnknownOriginError(f"{real} is in the package and nobody knows where it is from")


def _licence_of(owner: importlib.metadata.Distribution) -> str:
    stated = owner.metadata.get("License-Expression") or owner.metadata.get("License") or ""
    if stated and "\n" not in stated:
        return stated
    classifiers = owner.metadata.get_all("Classifier") or ()
    return " AND ".join(each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::"))


def _home_page(owner: importlib.metadata.Distribution) -> str:
    """What the package states, "" where it states none."""
    named = {}
    for each in owner.metadata.get_all("Project-URL") or ():
        name, _, url = each.partition(",")
        named[name.strip().lower()] = url.strip()
    stated = (named.get(name) for name in ("homepage", "home", "repository", "source", "source code"))
    return next((url for url in stated if url), owner.metadata.get("Home-page") or "")


def _inside_of_parts(parts: dict[str, Part], llama_source: Path) -> Iterator[Part]:
    """What came with a part and has a licence of its own."""
    commit = llama_commit()
    yield Part(
        "llama.cpp",
        commit,
        "MIT",
        f"pkg:github/ggml-org/llama.cpp@{commit}",
        "https://github.com/ggml-org/llama.cpp",
        [llama_source / "vendor" / "llama.cpp" / "LICENSE"],
    )
    qt = parts["PySide6_Essentials"].version
    yield _generic("Qt", qt, "LGPL-3.0-only", "https://www.qt.io/", "NOTICE-Qt", "LGPL-3.0", "GPL-3.0")
    if sys.platform == "linux":
        yield _generic("ICU", "73", "Unicode-3.0", "https://icu.unicode.org/", "ICU")
    if "sqlcipher3" in parts:
        yield _generic("SQLCipher", "4", "BSD-3-Clause", "https://www.zetetic.net/sqlcipher/", "SQLCipher")
        yield _generic("OpenSSL", "3", "Apache-2.0", "https://www.openssl.org/", "Apache-2.0")
    if "ziamath" in parts:
        yield _generic("STIX-Two-Math", "2.11", "OFL-1.1", "https://www.stixfonts.org/", "STIX-Two")
        yield _generic("DejaVu-Sans", "2.37", "Bitstream-Vera", "https://dejavu-fonts.github.io/", "DejaVu")
    if any((llama_source.parent / f"package-libraries-{parts['llama_cpp_python'].version}").glob("libgomp*")):
        yield Part(
            "libgomp",
            "12",
            "GPL-3.0-or-later WITH GCC-exception-3.1",
            "pkg:generic/libgomp@12",
            "https://gcc.gnu.org/",
            [Path("/usr/share/doc/libgomp1/copyright")],
        )


def _generic(name: str, number: str, licence: str, url: str, *texts: str) -> Part:
    source = f"pkg:generic/{name.lower()}@{number}"
    return Part(name, number, licence, source, url, [LICENCES / f"{text}.txt" for text in texts])


def write_licences(parts: list[Part], folder: Path) -> None:
    """One folder for each part, with its texts, and a list. Raises `UnknownOriginError` without a text."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", folder / "Ponder.txt")
    lines = [f"Ponder {version()}, MIT licence (Ponder.txt), has these parts of others inside.", ""]
    for part in parts:
        where = folder / part.name.replace(" ", "-")
        if not part.texts:
            raise UnknownOriginError(f"{part.name} has no licence text")
        where.mkdir()
        for text in part.texts:
            shutil.copy(text, where / text.name)
        lines.append(f"{part.name} {part.version}: {part.licence or 'see its text'}. {part.url}")
    (folder / "LIST.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _references(part: Part) -> list[ExternalReference]:
    return [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.url))] if part.url else []


def write_bill(parts: list[Part], path: Path) -> None:
    """The bill of materials as CycloneDX 1.6, the same bytes for the same parts."""
    licences = LicenseFactory()
    bom = Bom()
    bom.metadata.component = Component(
        name="Ponder",
        version=version(),
        type=ComponentType.APPLICATION,
        bom_ref="ponder",
        licenses=[licences.make_with_id("MIT")],
    )
    for part in parts:
        bom.components.add(
            Component(
                name=part.name,
                version=part.version,
                type=ComponentType.LIBRARY,
                bom_ref=part.source,
                purl=PackageURL.from_string(part.source),
                licenses=[licences.make_from_string(part.licence)] if part.licence else [],
                external_references=_references(part),
            )
        )
    bom.register_dependency(bom.metadata.component, bom.components)
    bill = json.loads(JsonV1Dot6(bom).output_as_string())
    bill.pop("serialNumber", None)  # a random one
    bill["metadata"].pop("timestamp", None)
    path.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> int:
    """Write both into the folder of the package."""
    folder, llama_source = Path(sys.argv[1]), Path(sys.argv[2])
    parts = parts_inside(llama_source)
    write_licences(parts, folder / "licences")
    write_bill(parts, folder / BILL_NAME)
    sys.stdout.write(f"{len(parts)} parts of others are inside\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
