"""Changes how a history is encrypted: on, off, another key, another place for the key.

At each moment the file on the disk opens with a key that is stored: the new key is stored and read back
before the file is replaced, and the old one is forgotten after. The history must be closed.
"""

from __future__ import annotations

from contextlib import closing, suppress

import msgspec

from app.errors import HistoryError
from app.history import backups
from app.history.connection import connect, explained_errors
from app.history.key import Key
from app.history.key_file import KeptKey
from app.history.passphrase import wrap
from app.history.protection import Protection, with_new_key
from app.history.rewriting import STEPS_BETWEEN_LOOKS, Progress, rewrite

_REWRITING = 0.65
"""The part of the work that is done when the new file is in its place; the rest is its backup."""


def encrypt(protection: Protection, passphrase: str | None, progress: Progress) -> None:
    """Encrypt a plain history, or give an encrypted one a new key; the keyring keeps it, or a passphrase.

    All backups are replaced by a new one. Raises `HistoryError`, `InputError`; then nothing was changed.
    """
    with protection.lock:
        new = Key.random()
        kept = _keep(protection, new, passphrase)
        _switch(protection, new, kept, progress)


def decrypt(protection: Protection, progress: Progress) -> None:
    """Take the encryption away; nothing happens to a plain history. Raises `HistoryError`."""
    with protection.lock:
        if protection.key() is not None:
            _switch(protection, None, None, progress)


def move_key(protection: Protection, passphrase: str | None) -> None:
    """Keep the same key by a (new) passphrase, or None, in the keyring. The file stays as it is.

    Raises `HistoryError`, `InputError`.
    """
    with protection.lock:
        key = protection.key()
        if key is None:
            raise HistoryError("The history is not encrypted.", kept="Nothing was changed.")
        kept = _keep(protection, key, passphrase)
        content = protection.load()
        others = tuple(each for each in content.keys if each.id != key.id)
        to_forget = content.to_forget if passphrase is None else (*content.to_forget, key.id)
        protection.save(
            msgspec.structs.replace(content, keys=(kept, *others), to_forget=_without(to_forget, kept))
        )
        protection.remember(key)
        protection.tidy()


def _without(to_forget: tuple[str, ...], kept: KeptKey) -> tuple[str, ...]:
    """The keyring must not forget what it is to keep."""
    return tuple(each for each in to_forget if each != kept.id or kept.wrapped is not None)


def _keep(protection: Protection, key: Key, passphrase: str | None) -> KeptKey:
    """Have the key stored, or wrapped, before anything needs it."""
    if passphrase is not None:
        return KeptKey(key.id, wrap(key, passphrase))
    protection.keyring.try_again()
    protection.store_in_keyring(key)
    return KeptKey(key.id)


def _switch(protection: Protection, new: Key | None, kept: KeptKey | None, progress: Progress) -> None:
    history = protection.history
    old = protection.key()
    if new is not None:
        protection.know(new)
    with backups.only_one(history):
        try:
            if kept is not None:
                protection.save(with_new_key(protection.load(), kept))
            rewrite(history, old, new, lambda done: progress(done * _REWRITING))
        except BaseException:
            with suppress(HistoryError):  # the next start does it
                _give_up(protection, old, new)
            raise
        _replace_backups(protection, new, progress)
    protection.remember(new)
    if new is None:  # its user does not want to be asked again
        protection.note_reminded("can be encrypted")
    protection.tidy()
    progress(1.0)


def _give_up(protection: Protection, old: Key | None, new: Key | None) -> None:
    """The file was not replaced, or it was and only its old self could not be overwritten."""
    if protection.key() == old and new is not None:
        content = protection.load()
        remaining = tuple(each for each in content.keys if each.id != new.id)
        protection.save(
            msgspec.structs.replace(content, keys=remaining, to_forget=(*content.to_forget, new.id))
        )


def _replace_backups(protection: Protection, key: Key | None, progress: Progress) -> None:
    """One backup with the new key in place of all. Where there is no room, upkeep does it later."""
    history = protection.history
    done = _REWRITING

    def look() -> int:
        nonlocal done
        done += (1.0 - done) * 0.02  # nobody knows how long it takes
        progress(done)
        return 0

    with (
        explained_errors(history, "backed up", "The encryption is changed."),
        closing(connect(history, key)) as connection,
    ):
        connection.set_progress_handler(look, STEPS_BETWEEN_LOOKS)
        with suppress(backups.NoRoomError):
            backups.replace_outdated(connection, history, key)
