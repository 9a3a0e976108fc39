"""The words and options of `ponder history encrypt`, `decrypt`, `change-key` and `recovery-key`."""

from __future__ import annotations

import argparse

from app.cli.arguments import Parser

_Commands = argparse._SubParsersAction  # argparse gives this type no public name

_ASKED = (
    "A passphrase is asked for unseen; without a terminal it is read from standard input, one line, the "
    "present\none before a new one. It is never an argument."
)
_STATE = (
    "--json prints one object: encrypted, kept_by (keyring, passphrase, nothing, or empty), "
    "recovery_key_saved,\nplain_files (damaged histories that were set aside and are not encrypted)."
)


def add_keys(actions: _Commands[Parser]) -> None:
    """Add the four actions. `run` in the result is `history` and the action."""
    encrypt = actions.add_parser(
        "encrypt",
        help="encrypt the history, or change where its key is kept",
        description="The key is random, and the keyring of the system keeps it, or a passphrase does. "
        f"All backups are\nreplaced by a new one.\n\n{_ASKED}\n\n{_STATE}",
    )
    decrypt = actions.add_parser(
        "decrypt",
        help="store the history without encryption",
        description=f"The key is forgotten, and all backups are replaced by a new one.\n\n{_STATE}",
    )
    change_key = actions.add_parser(
        "change-key",
        help="encrypt the history anew with another key",
        description="The old recovery key opens nothing any more; all backups are replaced by a new one.\n\n"
        f"{_ASKED}\n\n{_STATE}",
    )
    recovery_key = actions.add_parser(
        "recovery-key",
        help="show the recovery key",
        description="It opens the history when keyring or passphrase are lost. Print it.\n\n"
        "--json prints one object: recovery_key.",
    )
    for action in (encrypt, change_key):
        where = action.add_mutually_exclusive_group()
        where.add_argument("--passphrase", action="store_true", help="keep the key by a new passphrase")
        where.add_argument("--keyring", action="store_true", help="keep the key in the system's keyring")
    decrypt.add_argument("--yes", action="store_true", help="do not ask first")
    for name, action in (
        ("encrypt", encrypt),
        ("decrypt", decrypt),
        ("change-key", change_key),
        ("recovery-key", recovery_key),
    ):
        action.set_defaults(run=f"history {name}")
        action.add_argument("--json", action="store_true", help="for machines")
