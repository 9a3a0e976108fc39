"""Names that come from the hub: none of them leads out of the models folder, or trips a system up."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.download_errors import UnsafeNameError
from models.download_paths import final_path, final_paths, require_no_link

FOLDER = Path("/home/zoë/Modelle 🦙")


def test_a_file_goes_into_the_folder_of_its_repository() -> None:
    path = final_path(FOLDER, "bartowski/R1-GGUF", "Q4/R1-Q4_K_M-00001-of-00002.gguf")
    assert path == FOLDER / "bartowski__R1-GGUF" / "R1-Q4_K_M-00001-of-00002.gguf"
    assert final_path(FOLDER, "深度求索/模型", "größe 7B.GGUF").parent.name == "深度求索__模型"


@pytest.mark.parametrize(
    "name",
    [
        "../x.gguf", "a/../x.gguf", "/etc/x.gguf", "..", "", "a//x.gguf", "a\\x.gguf", "C:x.gguf",
        "C:\\x.gguf", "\\\\server\\share\\x.gguf", "con.gguf", "NUL.gguf", "com1.gguf", "LPT9 .gguf",
        "aux/x.gguf", "COM².gguf", "x.gguf.", "x.gguf ", " x.gguf", ".x.gguf", "x\0.gguf", "x\n.gguf",
        "x\u202efug.gguf", "x?.gguf", "x*.gguf", "x.gguf:stream", "x.py", "x.gguf.part", "x" * 300 + ".gguf",
        "ö" * 110 + ".gguf", "x\ud800.gguf", "$(x)|.gguf",
    ],
)  # fmt: skip
def test_a_name_that_is_not_harmless_is_refused(name: str) -> None:
    with pytest.raises(UnsafeNameError) as refused:
        final_path(FOLDER, "owner/name", name)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "repo", ["name", "a/b/c", "../name", "owner/..", "/name", "owner/", "nul/x.", "a\\b/c", "con/x."]
)
def test_a_repository_that_is_not_harmless_is_refused(repo: str) -> None:
    with pytest.raises(UnsafeNameError):
        final_path(FOLDER, repo, "x.gguf")


def test_no_two_files_of_a_model_get_one_name() -> None:
    with pytest.raises(UnsafeNameError, match="the same name"):
        final_paths(FOLDER, "owner/name", ["a/x.gguf", "b/X.gguf"])


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.gguf").symlink_to("/etc/passwd")
    (tmp_path / "file.gguf").touch()
    require_no_link(tmp_path / "file.gguf", tmp_path / "absent.gguf")
    with pytest.raises(UnsafeNameError, match="link"):
        require_no_link(tmp_path / "link.gguf")


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_the_hub_says_the_path_stays_in_the_folder(repo: str, name: str) -> None:
    try:
        path = final_path(FOLDER, f"o{repo}/n", f"{name}.gguf")
    except UnsafeNameError:
        return
    assert path.parent.parent == FOLDER
    for flavour in (PurePosixPath, PureWindowsPath):
        assert flavour(path.name).name == path.name
        assert flavour(path.parent.name).name == path.parent.name
