"""Deletes all that Ponder keeps: chats, backups, keys, settings, and the models if that is wanted."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from app.errors import AppError, HistoryError
from app.history.backups import backups_folder
from app.history.key_file import load_key_file
from app.history.system_keyring import SystemKeyring
from app.history.wiping import wipe_file
from app.paths import Paths

_OF_CHATS = ("history*.db", "history*.db-wal", "history*.db-shm", "history*.db-journal", "history*.lock")
_OF_DATA = (
    *("key*.json", "library*.json", "bandwidth.json", "corrections.json"),
    *("key.json.*.tmp", "library.json.*.tmp", "bandwidth.json.*.tmp", "corrections.json.*.tmp"),
)
_OF_CONFIG = ("settings*.json", "crashes*.json", "settings.json.*.tmp", "crashes.json.*.tmp")
_OF_LOGS = ("*.log", "*.log.*")


class DeletionError(AppError):
    """Not everything could be deleted."""


def delete_everything(paths: Paths, keyring: SystemKeyring, *, with_models: bool) -> None:
    """Overwrite and delete the chats and their backups, then all else; the keys are forgotten first.

    Nobody may have the history open. Only files with names of Ponder's own go, since the folder may hold
    others'. What cannot be deleted does not keep the rest: at the end `DeletionError` names it.
    """
    left = [*_forget_keys(paths.history_file, keyring)]
    for file in _chats(paths):
        left += _try(file, wipe_file)
    for file in _other_files(paths, with_models=with_models):
        left += _try(file, lambda path: path.unlink(missing_ok=True))
    if with_models and paths.models_dir.is_dir():
        for folder in [*paths.models_dir.glob("*__*"), paths.models_dir / ".trash"]:
            left += _try(folder, _remove_folder)
    _remove_empty_folders(paths, with_models=with_models)
    if left:
        raise DeletionError(
            "Not everything could be deleted.",
            kept=f"These are left: {'; '.join(left)}.",
            advice="Close what uses them, or delete them by hand.",
        )


def _forget_keys(history: Path, keyring: SystemKeyring) -> Iterator[str]:
    """Without its key an encrypted history is noise, wherever a copy of it may lie."""
    try:
        content = load_key_file(history)
        for key_id in {*content.to_forget, *(kept.id for kept in content.keys if kept.wrapped is None)}:
            keyring.delete(key_id)
    except HistoryError as error:
        yield f"the key in the keyring of this computer ({error})"


def _chats(paths: Paths) -> list[Path]:
    folder = backups_folder(paths.history_file)
    return [
        *_matching(paths.data_dir, _OF_CHATS),
        *(sorted(each for each in folder.iterdir() if each.is_file()) if folder.is_dir() else ()),
    ]


def _other_files(paths: Paths, *, with_models: bool) -> Iterator[Path]:
    yield from _matching(paths.data_dir, _OF_DATA)
    yield from _matching(paths.config_dir, _OF_CONFIG)
    yield from _matching(paths.log_dir, _OF_LOGS)
    if with_models:
        yield from _matching(paths.models_dir, ("downloads.json*", "*.gguf"))


def _remove_empty_folders(paths: Paths, *, with_models: bool) -> None:
    folders = [backups_folder(paths.history_file), paths.log_dir]
    folders += [paths.models_dir] if with_models else []
    for folder in (*folders, paths.config_dir, paths.data_dir):
        with contextlib.suppress(OSError):  # others' files are in it, or the lock of the window
            folder.rmdir()


def _matching(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(each for each in folder.glob(pattern) if each.is_file() or each.is_symlink())


def _remove_folder(folder: Path) -> None:
    """With all in it. A link is only taken away itself."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


def _try(path: Path, remove: Callable[[Path], None]) -> list[str]:
    """Give what is left of it, in words."""
    try:
        remove(path)
    except OSError as error:
        return [f"{path} ({error.strerror})"]
    return []
