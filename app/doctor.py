"""What Ponder finds on this computer, and whether each promise that can be checked here holds."""

from __future__ import annotations

import enum
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.doctor_engine import EngineCheck, check_engine
from app.errors import AppError, HistoryError, HistoryLockedError
from app.history.inspection import HistoryInspection, inspect_history, sqlite_version
from app.history.key import Key
from app.history.protection import Protection
from app.paths import Paths
from app.privacy_trial import try_privacy
from app.settings import Settings, load_settings
from app.version import version
from models.hardware import measure_machine
from models.library import ModelFile, built_in, list_model_files
from models.machine import Machine

_PACKAGES = ("PySide6_Essentials", "llama-cpp-python", "SQLAlchemy", "msgspec", "Jinja2", "rich")
_NO_TRIAL = "the engine could not be tried, or this system does not show it"
_RIGHTS = "the access rights of the file and its folder"
_NO_RIGHTS = "this system has no such access rights"


class Outcome(enum.StrEnum):
    """How the check of a promise ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_HERE = "cannot be checked here"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise. `how` says what was looked at, and what was found where it failed."""

    text: str
    outcome: Outcome
    how: str


@dataclass(frozen=True, slots=True)
class PathReport:
    """A folder or file of Ponder's. `state`: "writable", "will be made", "not writable"."""

    name: str
    path: Path
    state: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that `ponder doctor` shows."""

    versions: dict[str, str]
    paths: tuple[PathReport, ...]
    settings_problem: str
    history_protection: str
    machine: Machine
    models: tuple[ModelFile, ...]
    promises: tuple[Promise, ...]

    @property
    def all_hold(self) -> bool:
        """No promise was found broken."""
        return all(promise.outcome is not Outcome.FAILED for promise in self.promises)


def examine(
    paths: Paths,
    built_in_model: Path,
    engine_command: Sequence[str] | None = None,
    *,
    tries_privacy: bool = False,
) -> Report:
    """Look at everything. Takes some seconds: it asks the model in the box a question.

    `tries_privacy`: it also chats along every path on which a thought could reach the disk, and looks for it
    in every byte that was written.
    """
    settings, problem = load_settings(paths.settings_file)
    key, protection, locked = _history_key(paths)
    engine = check_engine(built_in_model, engine_command)
    return Report(
        versions=_versions(engine.version),
        paths=_path_reports(paths),
        settings_problem=str(problem) if problem else "",
        history_protection=protection,
        machine=measure_machine(
            disk_folder=paths.models_dir, bandwidth_file=paths.bandwidth_file, probes_bandwidth=False
        ),
        models=_models(paths, built_in_model, settings),
        promises=(
            *_engine_promises(engine),
            *_history_promises(paths, key, locked),
            *(_privacy_promises(paths, built_in_model, engine_command) if tries_privacy else ()),
        ),
    )


def _versions(engine_version: str) -> dict[str, str]:
    versions = {
        "Ponder": version(),
        "Python": platform.python_version(),
        "System": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "Engine": engine_version or "does not start",
        "SQLite": sqlite_version(),
    }
    return versions | {name: _package_version(name) or "not installed" for name in _PACKAGES}


def _package_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _path_reports(paths: Paths) -> tuple[PathReport, ...]:
    named = {
        "History": paths.history_file,
        "Settings": paths.settings_file,
        "Models": paths.models_dir,
        "Logs": paths.log_dir,
    }
    return tuple(PathReport(name, path, _path_state(path)) for name, path in named.items())


def _path_state(path: Path) -> str:
    if path.exists():
        return "writable" if os.access(path, os.W_OK) else "not writable"
    nearest = next(parent for parent in path.parents if parent.exists())
    return "will be made" if os.access(nearest, os.W_OK | os.X_OK) else "not writable"


def _models(paths: Paths, built_in_model: Path, settings: Settings) -> tuple[ModelFile, ...]:
    """The model in the box, those in the folder, the chosen one, and those that were opened elsewhere."""
    names = [settings.model_path, *settings.opened_models]
    others = [path for path in (Path(name) for name in names if name) if path != built_in_model]
    return (built_in(built_in_model), *list_model_files(paths.models_dir, others))


def _promise(text: str, problem: str | None, how: str, why_not: str = "") -> Promise:
    """`problem` None: not checked, `why_not` says why; "": it holds, `how` says how that was seen."""
    if problem is None:
        return Promise(text, Outcome.NOT_HERE, why_not)
    return Promise(text, Outcome.FAILED, problem) if problem else Promise(text, Outcome.OK, how)


def _engine_promises(engine: EngineCheck) -> tuple[Promise, ...]:
    sandboxed = "; it cannot open internet sockets: the system enforces it" if engine.sandboxed else ""
    return (
        _promise(
            "The model in the box answers",
            engine.answer_problem,
            f"asked “{engine.question}”, {engine.seconds:.1f} s until the answer was there",
        ),
        _promise(
            "The engine opens no network socket",
            engine.socket_problem,
            f"looked {engine.socket_looks} times at what it holds open while it loaded and wrote{sandboxed}",
            _NO_TRIAL,
        ),
        _promise(
            "Thinking is never written to disk",
            engine.thought_problem,
            f"stored that question in a folder of its own and looked for the thought in every byte of "
            f"its {engine.stored_files} files",
            _NO_TRIAL,
        ),
        _promise(
            "A crash of the engine leaves no core file with your words",
            engine.core_problem,
            "its limit for core files leaves no room for one, and none for a program that gathers them",
            _NO_TRIAL,
        ),
        _promise("The engine ends when it is told to", engine.end_problem, "its process is gone", _NO_TRIAL),
    )


def _history_key(paths: Paths) -> tuple[Key | None, str, str]:
    """The key of the history as far as nobody need be asked, how it is kept, and why it cannot be read."""
    if not paths.history_file.exists():
        return None, "", ""
    try:
        key = Protection(paths.history_file).key()
    except HistoryLockedError as error:
        return None, "encrypted", error.message
    return key, "not encrypted" if key is None else "encrypted, and its key is at hand", ""


def _history_promises(paths: Paths, key: Key | None, locked: str) -> tuple[Promise, ...]:
    path = paths.history_file
    texts = ("The history is intact", "The history holds no thinking", "Only you can read the history")
    if not path.exists():
        return tuple(_promise(text, None, "", "there is no history yet") for text in texts)
    try:
        found = inspect_history(path, key)
    except HistoryError as error:
        problem = None if locked else str(error)
        return (
            *(_promise(text, problem, "", locked) for text in texts[:2]),
            _promise(texts[2], _readers_problem(paths), _RIGHTS, _NO_RIGHTS),
        )
    return (
        _promise(texts[0], "; ".join(found.problems), "SQLite's own check of every page"),
        _promise(
            texts[1],
            _thoughts_problem(found),
            f"no column could hold it, and none of {found.turn_count:,} answers has a thought in it",
        ),
        _promise(texts[2], _readers_problem(paths), _RIGHTS, _NO_RIGHTS),
    )


def _thoughts_problem(found: HistoryInspection) -> str:
    if found.unknown_columns:
        return f"there are columns that Ponder did not make: {', '.join(found.unknown_columns)}"
    if found.turns_with_thoughts:
        first, count = found.turns_with_thoughts[0], len(found.turns_with_thoughts)
        return f"{count:,} answers have a thinking tag in them, the first is that of turn {first}"
    return ""


def _readers_problem(paths: Paths) -> str | None:
    """What lets others read the history; None where the system has no such access rights."""
    if os.name == "nt":
        return None
    open_to_others = 0o077
    if not paths.data_dir.stat().st_mode & open_to_others:
        return ""
    mode = paths.history_file.stat().st_mode & 0o777
    return f"others may read {paths.history_file} (its mode is {mode:o})" if mode & open_to_others else ""


def _privacy_promises(
    paths: Paths, built_in_model: Path, engine_command: Sequence[str] | None
) -> tuple[Promise, ...]:
    folders = (paths.data_dir, paths.config_dir, paths.log_dir)
    try:
        result = try_privacy(built_in_model, folders, engine_command)
    except AppError as error:
        return (_promise("No thought is on the disk", None, "", str(error)),)
    where = f"the {result.searched_files:,} files that were written, {result.searched_bytes:,} bytes"
    return tuple(
        _promise(
            f"A thought {path.name} is nowhere on the disk",
            path.problem,
            f"looked for {len(path.secrets):,} lines of it in {where}",
            path.why_not,
        )
        for path in result.paths
    )
