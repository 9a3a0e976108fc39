"""`key.json` beside the history: which keys its files have and how each is kept, without a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from app.errors import HistoryError
from app.history.backups import sync
from app.history.passphrase import WrappedKey
from models.whole_file import replace_file, set_aside

_MAX_FILE_BYTES = 64 * 1024
_ABOUT = "How the history beside this file is encrypted. The key itself is not in here."

KeyId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Reminder = Literal["save the recovery key", "not encrypted", "can be encrypted"]


class KeptKey(msgspec.Struct, frozen=True):
    """One key by its id: wrapped by a passphrase, or, where `wrapped` is None, in the system's keyring."""

    id: KeyId
    wrapped: WrappedKey | None = None


class KeyFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The keys in use, that of new files first; more than one while the encryption is changed.

    `to_forget`: keys that the keyring may still hold, though no file needs them. `reminded`: what
    the user was told once.
    """

    about: str = ""
    keys: tuple[KeptKey, ...] = ()
    to_forget: tuple[KeyId, ...] = ()
    recovery_key_saved: bool = False
    reminded: tuple[str, ...] = ()


def key_file_of(history: Path) -> Path:
    """Where it is."""
    return history.with_name("key.json")


def load_key_file(history: Path) -> KeyFile:
    """Read it; no file is an empty one. Raises `HistoryError` where it cannot be understood."""
    path = key_file_of(history)
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=KeyFile)
    except FileNotFoundError:
        return KeyFile()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HistoryError(
            f"{path} cannot be read, so the passphrase of the history is of no use.",
            kept="Nothing was changed.",
            advice="Bring the file back from a copy, or open the history with the recovery key.",
            details=type(error).__name__,
        ) from error


def save_key_file(history: Path, content: KeyFile) -> None:
    """Replace it whole; it is on the disk when this returns. Raises `HistoryError`.

    An empty one is removed. One that cannot be understood is set aside first.
    """
    path = key_file_of(history)
    try:
        if content == KeyFile(about=content.about):
            path.unlink(missing_ok=True)
        else:
            encoded = msgspec.json.encode(msgspec.structs.replace(content, about=_ABOUT))
            replace_file(
                path, msgspec.json.format(encoded) + b"\n", before=lambda: _set_aside_if_invalid(history)
            )
        sync(path.parent)
    except OSError as error:
        raise HistoryError(
            f"How the history is encrypted could not be written to {path}: {error.strerror or error}.",
            kept="The history is as it was.",
            advice="Make room on the disk, or give yourself the right to write to Ponder's folder.",
            details=repr(error),
        ) from error


def _set_aside_if_invalid(history: Path) -> None:
    try:
        load_key_file(history)
    except HistoryError:
        set_aside(key_file_of(history))
