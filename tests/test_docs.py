"""The documents say what is there: links lead somewhere, and the commands they name exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
MAKE_TARGET = re.compile(r"`make ([a-z]+)|^make ([a-z]+)", re.MULTILINE)


def documents(repository: Path) -> list[Path]:
    """All Markdown files a reader may open, at least ten."""
    found = [*repository.glob("*.md"), *(repository / "docs").rglob("*.md")]
    assert len(found) >= 10
    return found


def test_links_lead_somewhere(repository: Path) -> None:
    broken = {
        f"{document.relative_to(repository)}: {target}"
        for document in documents(repository)
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    }

    assert not broken


def test_files_that_are_named_exist(repository: Path) -> None:
    """A path in backticks that begins with one of our folders."""
    path = re.compile(r"`((?:models|app|ui|tests|tools|requirements|docs|resources)/[\w./-]*\w)`")
    missing = {
        f"{document.relative_to(repository)}: {name}"
        for document in documents(repository)
        for name in path.findall(document.read_text(encoding="utf-8"))
        if not (repository / name).exists()
    }

    assert not missing


def test_every_decision_is_listed(repository: Path) -> None:
    decisions = repository / "docs" / "decisions"
    listed = set(LINK.findall((decisions / "README.md").read_text(encoding="utf-8")))

    assert listed == {page.name for page in decisions.glob("0*.md")}


def test_make_targets_that_are_named_exist(repository: Path) -> None:
    listed = subprocess.run(
        ["make", "help"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    targets = set(re.findall(r"^  make (\w+)", listed, re.MULTILINE))
    named = {
        first or second
        for document in documents(repository)
        for first, second in MAKE_TARGET.findall(document.read_text(encoding="utf-8"))
    }

    assert {"run", "test", "check"} <= named <= targets


@pytest.mark.parametrize("file", ["run.txt", "dev.txt", "build.txt", "smollm2.txt"])
def test_every_requirement_is_pinned_with_its_hashes(repository: Path, file: str) -> None:
    text = (repository / "requirements" / file).read_text(encoding="utf-8")

    requirements = text.replace("\\\n", " ").splitlines()

    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==\S+ ", requirement), requirement
        assert " --hash=sha256:" in requirement, requirement
    assert "://" not in text


def test_the_locked_packages_are_those_of_pyproject(repository: Path) -> None:
    """`make lock` was run after the last change of the dependencies."""
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    for file, wanted in (
        ("run.txt", project["dependencies"]),
        ("dev.txt", [*project["dependencies"], *project["optional-dependencies"]["dev"]]),
    ):
        locked = (repository / "requirements" / file).read_text(encoding="utf-8")
        names = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
        missing = {name for line in wanted if (name := _normal_name(line)) not in names}
        assert not missing, f"run `make lock`: {file} lacks {missing}"


def _normal_name(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()
