"""What is quick to see of packages: entry points, metadata, desktop entry, workflows, the pinned llama.cpp.

`make package` and `make package-test` do the rest, which takes long.
"""

from __future__ import annotations

import ast
import configparser
import importlib.util
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from app.version import LLAMA_BINDINGS, LLAMA_CPP_COMMIT
from models.own_programs import ENGINE_MODULES, OWN_PROCESS_OPTION, WINDOW_MODULES

ROOT = Path(__file__).parent.parent.parent
PACKAGING = ROOT / "packaging"
LINUX = PACKAGING / "linux"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def load_script(name: str) -> ModuleType:
    """A script of packaging/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def version() -> str:
    """The one in pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def test_the_named_commit_belongs_to_the_pinned_bindings() -> None:
    pins = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    assert f"llama-cpp-python=={LLAMA_BINDINGS} " in pins
    assert re.fullmatch(r"[0-9a-f]{9,40}", LLAMA_CPP_COMMIT)


def test_the_plan_is_python_and_names_scripts_that_are_there() -> None:
    plan = (ROOT / "build.spec").read_text(encoding="utf-8")
    ast.parse(plan)
    scripts = re.findall(r'"(program_\w+\.py)"', plan)
    assert sorted(scripts) == ["program_engine.py", "program_window.py"]
    assert all((PACKAGING / name).is_file() for name in scripts)


@pytest.mark.parametrize("module", [*ENGINE_MODULES, *WINDOW_MODULES])
def test_every_process_of_ours_is_a_module(module: str) -> None:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    assert "__main__" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "words"), [("engine", "a part of Ponder"), ("window", "ponder ")])
def test_the_programs_start_from_a_checkout_too(name: str, words: str) -> None:
    arguments = ["--version"] if name == "window" else [OWN_PROCESS_OPTION, "antigravity"]
    script = (
        f"import sys; sys._MEIPASS = '/nowhere'; sys.argv[1:] = {arguments!r}; "
        f"sys.path.insert(0, {str(ROOT)!r}); "
        f"import runpy; runpy.run_path({str(PACKAGING / f'program_{name}.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert words in done.stdout + done.stderr


def test_what_stays_out() -> None:
    belongs_inside = load_script("contents").belongs_inside
    assert belongs_inside("PySide6/Qt/plugins/platforms/libqxcb.so", "/opt/x/libqxcb.so")
    assert not belongs_inside("PySide6/Qt/plugins/tls/libqopensslbackend.so", "/opt/x/libqopensslbackend.so")
    assert not belongs_inside("PySide6/Qt/translations/qtbase_de.qm", "/opt/x/qtbase_de.qm")
    assert not belongs_inside("PySide6/Qt/lib/libQt6Network.so.6", "/opt/x/libQt6Network.so.6")
    assert not belongs_inside("ponder-0.1.0.dist-info/direct_url.json", "/opt/x/direct_url.json")
    if sys.platform == "linux":
        assert belongs_inside("libxcb-cursor.so.0", "/lib/x86_64-linux-gnu/libxcb-cursor.so.0")
        assert not belongs_inside("libstdc++.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6")


def test_newer_instructions_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    check = load_script("check_folder")
    disassembly = (
        "   1000:\tmovaps %xmm0,%xmm1\n   1003:\tmulps  %xmm1,%xmm2\n   1006:\tverr   %ax\n"
        "   1009:\tvaddps %xmm0,%xmm1,%xmm2\n   100d:\tvmovups (%rax),%ymm0\n"
        "   1011:\tvpxorq %zmm1,%zmm1,%zmm1\n"
    )
    monkeypatch.setattr(check, "_run", lambda *_command: disassembly)
    assert check.newer_instructions(Path("libllama.so")) == 3


def test_the_newest_symbol_version_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    check = load_script("check_folder")
    table = " DF *UND* (GLIBC_2.9) a\n DF *UND* (GLIBC_2.35) b\n DF *UND* (GLIBCXX_3.4.30) c\n"
    monkeypatch.setattr(check, "_run", lambda *_command: table)
    assert check.newest_version(Path("x.so"), "GLIBC") == (2, 35)
    assert check.newest_version(Path("x.so"), "GLIBCXX") == (3, 4, 30)


def test_the_desktop_entry_is_whole() -> None:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys are told apart by case
    parser.read_string((LINUX / "ponder.desktop").read_text(encoding="utf-8"))
    entry = dict(parser["Desktop Entry"])
    assert {"Type", "Name", "Comment", "Exec", "Icon", "Categories"} <= entry.keys()
    assert (entry["Exec"], entry["Icon"], entry["Terminal"]) == ("ponder", "ponder", "false")
    assert all(entry[name].endswith(";") for name in ("Categories", "Keywords"))


def test_the_appstream_data_is_of_this_version() -> None:
    (path,) = LINUX.glob("*.metainfo.xml")
    component = ET.fromstring(path.read_text(encoding="utf-8"))
    name = load_script("contents").APP_ID
    assert component.findtext("id") == name == path.name.removesuffix(".metainfo.xml")
    assert component.findtext("launchable") == "ponder.desktop"
    release = component.find("releases/release")
    assert release is not None
    assert release.get("version") == version()


def test_the_package_is_of_the_glibc_that_is_checked() -> None:
    control = (LINUX / "control").read_text(encoding="utf-8")
    glibc = ".".join(map(str, load_script("check_folder").MAX_GLIBC))
    assert f"libc6 (>= {glibc})" in control


def test_flatpak_has_a_network_only_where_it_says_so() -> None:
    without, with_it = (
        yaml.safe_load((PACKAGING / "flatpak" / name).read_text(encoding="utf-8"))
        for name in ("io.github.ponder_app.Ponder.yml", "with-network.yml")
    )
    assert "--share=network" not in without["finish-args"]
    assert "--share=network" in with_it["finish-args"]
    with_it["finish-args"].remove("--share=network")
    assert without == with_it


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_yaml_and_call_what_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert all("runs-on" in job and job["steps"] for job in jobs.values())
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"run: make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for script in re.findall(r"(?:packaging|tools)/[\w/]+\.(?:sh|ps1)", text):
        assert (ROOT / script).is_file(), script


def test_windows_numbers_come_from_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = load_script("version_information")
    monkeypatch.setattr(script, "BUILD", tmp_path)
    text = script.write_windows_version("ponder-engine").read_text(encoding="utf-8")
    numbers = ", ".join([*version().split("."), "0"])
    assert f"filevers=({numbers})" in text
    assert f"'{version()}'" in text
