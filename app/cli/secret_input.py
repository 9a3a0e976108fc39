"""Asks for a passphrase or a recovery key: unseen in a terminal, else one line of standard input."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from app.errors import HistoryLockedError, InputError

if TYPE_CHECKING:
    from app.cli.surroundings import Surroundings
    from app.history.key import Key
    from app.history.protection import Protection

_MAX_BYTES = 8 * 1024
_TRIES = 3


def read_secret(surroundings: Surroundings, prompt: str) -> str | None:
    """What was typed, None where the input is at its end. Raises `InputError` for what is not UTF-8."""
    if surroundings.stdin.isatty():
        try:
            return getpass.getpass(prompt)
        except EOFError:
            return None
    untrusted_bytes = surroundings.stdin.readline(_MAX_BYTES)
    try:
        return untrusted_bytes.decode("utf-8").rstrip("\r\n") if untrusted_bytes else None
    except UnicodeDecodeError:
        raise InputError("Standard input is not UTF-8 text.") from None


def unlocked_key(protection: Protection, surroundings: Surroundings) -> Key | None:
    """The key of the history, None for a plain one; asks where it must. Raises `HistoryLockedError`."""
    tries = _TRIES if surroundings.stdin.isatty() else 1
    while True:
        try:
            return protection.key()
        except HistoryLockedError as locked:
            surroundings.output.aside(f"{locked.message}\n")
            prompt = "Passphrase: " if locked.needs == "passphrase" else "Recovery key: "
            secret = read_secret(surroundings, prompt)
            if not secret:
                raise
            tries -= 1
            try:
                protection.unlock(secret)
            except (HistoryLockedError, InputError) as wrong:
                if not tries:
                    raise
                surroundings.output.aside(f"{wrong.message}\n")
