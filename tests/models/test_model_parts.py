"""Models in several files are one model, and what is wrong with a set of files is said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from models.engine_paths import engine_can_open, engine_path_problem
from models.library import list_model_files, read_model_file
from models.model_parts import first_part, name_of_part, part_name, parts_of
from tests.models.model_sets import NAMES, write_parts
from tests.models.tiny_gguf import truncate, write_tiny_gguf


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a-00001-of-00003.gguf", ("a", 1, 3)),
        ("a-b 中文-00012-of-00012.gguf", ("a-b 中文", 12, 12)),
        ("a-00004-of-00003.gguf", None),
        ("a-00000-of-00003.gguf", None),
        ("a-00001-of-00001.gguf", None),
        ("a-00001-of-99999.gguf", None),
        ("a-1-of-3.gguf", None),
        ("a-00001-of-00003.gguf.part", None),
        ("-00001-of-00003.gguf", None),
        ("a.gguf", None),
    ],
)
def test_names_of_parts(name: str, expected: tuple[str, int, int] | None) -> None:
    assert part_name(name) == expected
    if expected:
        assert name_of_part(*expected) == name
        assert len(parts_of(Path("x") / name)) == expected[2]
    else:
        assert parts_of(Path("x") / name) == (Path("x") / name,)


def test_any_part_stands_for_the_model(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    assert first_part(paths[2]) == paths[0]
    for path in paths:
        file = read_model_file(path)
        assert (file.path, file.paths, file.problem) == (paths[0], tuple(paths), "")
        assert file.size_bytes == sum(path.stat().st_size for path in paths)
        assert file.title == "Tiny"


def test_a_set_is_listed_once(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    single = write_tiny_gguf(tmp_path / "a.gguf")
    assert [file.path for file in list_model_files(tmp_path, [paths[1]])] == [single, paths[0]]


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ([1], "part 2 is missing, of 4. Put big-00002-of-00004.gguf into the same folder."),
        ([0], "part 1 is missing, of 4. Put big-00001-of-00004.gguf into the same folder."),
        ([0, 2], "parts 1, 3 are missing, of 4."),
        ([0, 1, 2, 3], "There is no such model file."),
    ],
)
def test_missing_parts_are_named(tmp_path: Path, gone: list[int], words: str) -> None:
    paths = write_parts(tmp_path, count=4)
    for index in gone:
        paths[index].unlink()
    file = read_model_file(paths[0])
    assert words in file.problem
    assert file.size_bytes == sum(path.stat().st_size for path in paths if path.exists())
    assert file.title == ("big" if 0 in gone else "Tiny")


def test_a_part_cut_short_is_named(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    truncate(paths[1], 100)
    assert read_model_file(paths[0]).problem.startswith("Part 2: This model file is not complete: ")


def test_name_and_header_have_to_agree(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    (tmp_path / "other").mkdir()
    for number, path in enumerate(paths[:2], start=1):
        path.rename(tmp_path / "other" / f"big-{number:05d}-of-00002.gguf")
    problem = read_model_file(tmp_path / "other" / "big-00001-of-00002.gguf").problem
    assert "Part 1 says that the model has 3 parts, its name says 2." in problem


def test_parts_in_the_wrong_order_are_told(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    paths[1].rename(tmp_path / "x")
    paths[2].rename(paths[1])
    (tmp_path / "x").rename(paths[2])
    assert "The file named part 2 says that it is part 3." in read_model_file(paths[0]).problem


def test_a_first_part_with_another_name_cannot_find_the_others(tmp_path: Path) -> None:
    path = write_parts(tmp_path)[0].rename(tmp_path / "model.gguf")
    problem = read_model_file(path).problem
    assert "This is the first of 3 files of a model" in problem
    assert '"...-00001-of-00003.gguf"' in problem


def test_a_whole_model_may_have_the_name_of_a_part(tmp_path: Path) -> None:
    """gguf-split merged them, and nobody renamed the result."""
    path = write_tiny_gguf(tmp_path / "big-00001-of-00003.gguf", changes={"split.count": 0})
    file = read_model_file(path)
    assert (file.problem, file.paths) == ("", (path,))


@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_kinds_work(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = write_tiny_gguf(folder / f"{name}.gguf", changes={"general.name": None})
    parts = write_parts(folder, prefix=f"parts {name}")
    files = list_model_files(tmp_path)
    assert sorted(file.path for file in files) == sorted([path, parts[0]])
    assert [file.problem for file in files] == ["", ""]
    assert engine_can_open(path, on_windows=True)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_name_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/gr\xfc\xdfe.gguf"))
    write_tiny_gguf(path)
    (file,) = list_model_files(tmp_path)
    assert "not valid text. Rename it" in file.problem
    assert file.title.isprintable()


def test_long_paths_are_a_problem_on_windows_alone() -> None:
    path = Path("C:/" + "d/" * 120 + "中" * 20)
    assert engine_can_open(path, on_windows=False)
    assert "263 characters long" in engine_path_problem(path, on_windows=True)
    assert engine_can_open(Path("C:/Users/Jürgen 中文/🤔.gguf"), on_windows=True)
