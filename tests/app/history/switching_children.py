"""Switches the encryption of a history: `python -m` this, `once`, a path, how; or `raise`, a folder, a seed.

To `raise`, a line of input forks one that switches to and fro until it is killed: it says its number,
"done WHAT" after each switch, and adds a conversation at its start ("asked ID"); the nursery says "gone" once
it is dead.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from keyring.backend import KeyringBackend

from app.history.key import Key
from app.history.protection import Protection
from app.history.switching import decrypt, encrypt, move_key
from app.history.system_keyring import SystemKeyring
from tests.app.history.children import say
from tests.app.history.file_keyring import FileKeyring
from tests.app.history.filled import add_turn

Result = TypeVar("Result")


class InThisThread(SystemKeyring):
    """Strace gives no order between threads."""

    def _call(self, ask: Callable[[KeyringBackend], Result]) -> Result:
        return ask(self._find_backend())


def switch_until_killed(history: Path, chance: random.Random) -> None:
    """Open it as a start of Ponder does, then switch for ever."""
    protection = Protection(history)
    with protection.open_history() as store:
        say(f"asked {add_turn(store, f'Number {chance.getrandbits(40)}?').id}")
    while True:
        match chance.choice(["on", "on", "off", "moved"]):
            case "on":
                encrypt(protection, None, lambda _: None)
                say("done on")
            case "off":
                decrypt(protection, lambda _: None)
                say("done off")
            case "moved" if protection.key() is not None:
                move_key(protection, None)
                say("done moved")
            case _:
                pass


def raise_switchers(folder: str, seed: str) -> None:
    """For each line of input fork one that works until it is killed, and say when it is gone."""
    Key.random()
    for number, _ in enumerate(sys.stdin):
        pid = os.fork()
        if pid == 0:
            say(str(os.getpid()))
            switch_until_killed(Path(folder, "history.db"), random.Random(f"{seed} {number}"))
        os.waitpid(pid, 0)
        say("gone")


def switch_once(path: str, how: str) -> None:
    """Switch in one way, and say when it is done."""
    backend = FileKeyring()  # type: ignore[no-untyped-call]
    protection = Protection(Path(path), InThisThread(lambda: backend))
    if how == "decrypt":
        decrypt(protection, lambda _: None)
    else:
        encrypt(protection, None, lambda _: None)
    say("done")


if __name__ == "__main__":
    {"raise": raise_switchers, "once": switch_once}[sys.argv[1]](*sys.argv[2:])
