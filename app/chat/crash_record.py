"""Remembers which model files ended the engine, so that none of them does so at every start of Ponder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from models.whole_file import replace_file

MAX_DEATHS = 2
"""A model that ended the engine so often, without an answer in between, is not loaded by itself."""
_MAX_MODELS = 50
_MAX_FILE_BYTES = 1024 * 1024
_CLOCK_TOLERANCE_S = 5.0
"""The start of a process is counted from the start of the computer, which moves with its clock."""


class _Loading(msgspec.Struct, frozen=True):
    """The program that loads a model. One that went away in the middle may have been taken along."""

    pid: int
    started_s: float


class _Model(msgspec.Struct, frozen=True):
    """A model file as it was: another file under its name starts with a clean record."""

    path: str
    size_bytes: int
    modified_ns: int
    deaths: int = 0
    loading: _Loading | None = None


class _Content(msgspec.Struct, frozen=True):
    """The whole file."""

    models: tuple[_Model, ...] = ()


class CrashRecord:
    """A small JSON file with the paths of the models that ended the engine, and nothing of any chat.

    It is a help and no promise: a file that cannot be read counts as empty, and one that cannot be
    written stays as it is. Two programs that write at the same moment may lose one of the deaths.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def deaths(self, model_path: Path) -> int:
        """How often the model ended the engine since its last answer, loads that took all along included."""
        model = self._find(model_path)
        return model.deaths + (model.loading is not None and not _still_runs(model.loading))

    def begin_loading(self, model_path: Path) -> None:
        """Note that the model is being loaded: it counts as a death if this program ends before the load."""
        me = _Loading(os.getpid(), psutil.Process().create_time())
        deaths = self.deaths(model_path)
        self._change(model_path, lambda model: msgspec.structs.replace(model, deaths=deaths, loading=me))

    def end_loading(self, model_path: Path) -> None:
        """Note that the load has come to its end, good or bad, and the program is still there."""
        self._change(model_path, lambda model: msgspec.structs.replace(model, loading=None))

    def count_death(self, model_path: Path) -> None:
        """Note that the engine ended, with this model, though nobody had told it to."""
        self._change(
            model_path, lambda model: msgspec.structs.replace(model, deaths=model.deaths + 1, loading=None)
        )

    def forgive(self, model_path: Path) -> None:
        """Note that the model gave an answer: what was before does not count any more."""
        self._change(model_path, lambda model: msgspec.structs.replace(model, deaths=0, loading=None))

    def _find(self, model_path: Path) -> _Model:
        wanted = _describe(model_path)
        for model in self._read().models:
            if (model.path, model.size_bytes, model.modified_ns) == (
                wanted.path,
                wanted.size_bytes,
                wanted.modified_ns,
            ):
                return model
        return wanted

    def _change(self, model_path: Path, change: Callable[[_Model], _Model]) -> None:
        before = self._find(model_path)
        after = change(before)
        if after == before:
            return
        others = [model for model in self._read().models if model.path != after.path]
        is_worth_keeping = after.deaths or after.loading
        kept = [*others, after] if is_worth_keeping else others
        self._write(_Content(tuple(kept[-_MAX_MODELS:])))

    def _read(self) -> _Content:
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=_Content)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return _Content()

    def _write(self, content: _Content) -> None:
        # It is for the time after the whole computer has stopped, too. A full disk, a path that is no
        # text: see the class.
        with contextlib.suppress(OSError, UnicodeEncodeError):
            replace_file(self._path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def _describe(model_path: Path) -> _Model:
    path = str(model_path.absolute())
    try:
        status = model_path.stat()
    except OSError:
        return _Model(path, 0, 0)
    return _Model(path, status.st_size, status.st_mtime_ns)


def _still_runs(program: _Loading) -> bool:
    try:
        started_s = psutil.Process(program.pid).create_time()
    except (psutil.Error, ValueError):
        return False
    return bool(abs(started_s - program.started_s) < _CLOCK_TOLERANCE_S)
