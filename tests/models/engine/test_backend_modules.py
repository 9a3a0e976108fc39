"""llama.cpp's modules come from its own folder, whatever lies elsewhere."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.engine.backend_modules import GPU_VARIABLE, BackendError, load_modules

MODULE_NAME = "ggml-cpu-x64.dll" if os.name == "nt" else "libggml-cpu-x64.so"


class Library:
    """libllama with the loader's functions, as far as they are called. It notes what it was asked for."""

    def __init__(self, folder: Path, *, runs: bool = True) -> None:
        self._name = str(folder / "libllama.so")
        self.asked: list[Path] = []
        self.named_elsewhere: list[str | None] = []
        self.ggml_backend_load_all_from_path = self._load
        self.ggml_backend_reg_count = _Function(int(runs))

    def _load(self, folder: ctypes.c_char_p) -> None:
        assert folder.value is not None
        self.asked.append(Path(os.fsdecode(folder.value)))
        self.named_elsewhere.append(os.environ.get("GGML_BACKEND_PATH"))


class _Function(SimpleNamespace):
    def __init__(self, result: int) -> None:
        super().__init__(restype=None)
        self._result = result

    def __call__(self) -> int:
        return self._result


def _load(library: Library) -> None:
    as_library: Any = library
    load_modules(as_library)


def test_modules_are_loaded_by_the_absolute_path_of_their_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / MODULE_NAME).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(GPU_VARIABLE, raising=False)
    monkeypatch.setenv("GGML_BACKEND_PATH", str(tmp_path / "planted.so"))
    library = Library(Path("ours"))
    _load(library)
    assert library.asked == [ours]
    assert library.named_elsewhere == [None]


def test_where_all_is_built_in_nothing_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "libggml-cpu.so").touch()
    library = Library(tmp_path)
    _load(library)
    assert library.asked == []


def test_modules_that_do_not_run_here_are_an_error_before_llama_cpp_looks_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MODULE_NAME).touch()
    monkeypatch.delenv(GPU_VARIABLE, raising=False)
    with pytest.raises(BackendError, match="runs on this processor"):
        _load(Library(tmp_path, runs=False))
