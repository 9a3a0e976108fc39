"""`ponder history encrypt`, `decrypt`, `change-key` and `recovery-key`: how the history is encrypted."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.cli.secret_input import read_secret
from app.cli.surroundings import Surroundings
from app.errors import HistoryError, InputError

if TYPE_CHECKING:
    from app.history.protection_state import ProtectionState

_BAR_CHARACTERS = 30


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """What the command line said; each action uses some of it."""

    json: bool
    passphrase: bool = False
    keyring: bool = False
    yes: bool = False


def change_protection(action: str, options: KeyOptions, surroundings: Surroundings) -> int:
    """Run one action; gives the exit code. Raises `AppError`."""
    surroundings.paths.make_folders()
    surroundings.require_window_closed()
    surroundings.open_history().close()
    key = surroundings.unlocked_key()
    match action:
        case "encrypt":
            return _encrypt(options, surroundings, is_encrypted=key is not None)
        case "decrypt":
            return _decrypt(options, surroundings, is_encrypted=key is not None)
        case "change-key":
            return _change_key(options, surroundings, is_encrypted=key is not None)
        case _:
            return _show_recovery_key(options, surroundings)


def _encrypt(options: KeyOptions, surroundings: Surroundings, *, is_encrypted: bool) -> int:
    from app.history.switching import encrypt, move_key

    protection = surroundings.protection()
    if is_encrypted and not (options.passphrase or options.keyring):
        surroundings.output.note("The history is encrypted already.")
    elif is_encrypted:
        move_key(protection, _new_passphrase(surroundings) if options.passphrase else None)
    else:
        passphrase = _new_passphrase(surroundings) if options.passphrase else None
        with _Bar(surroundings, "Encrypting") as bar:
            encrypt(protection, passphrase, bar.show)
    return _say_state(options, surroundings)


def _decrypt(options: KeyOptions, surroundings: Surroundings, *, is_encrypted: bool) -> int:
    from app.history.switching import decrypt

    if is_encrypted:
        if not options.yes and not _confirmed("Store all chats without encryption?", surroundings):
            surroundings.output.aside("Nothing was changed.\n")
            return 1
        with _Bar(surroundings, "Writing without encryption") as bar:
            decrypt(surroundings.protection(), bar.show)
    return _say_state(options, surroundings)


def _change_key(options: KeyOptions, surroundings: Surroundings, *, is_encrypted: bool) -> int:
    from app.history.switching import encrypt

    if not is_encrypted:
        raise HistoryError("The history is not encrypted.", advice="See: ponder history encrypt --help")
    protection = surroundings.protection()
    by_passphrase = options.passphrase or (
        not options.keyring and _state(surroundings).kept_by == "passphrase"
    )
    passphrase = _new_passphrase(surroundings) if by_passphrase else None
    with _Bar(surroundings, "Encrypting with a new key") as bar:
        encrypt(protection, passphrase, bar.show)
    return _say_state(options, surroundings)


def _show_recovery_key(options: KeyOptions, surroundings: Surroundings) -> int:
    protection = surroundings.protection()
    text = protection.recovery_text()
    if options.json:
        surroundings.output.json({"recovery_key": text})
    else:
        surroundings.output.line(text)
        surroundings.output.note("Whoever has it can read your history. Keep it away from this computer.")
    protection.note_recovery_key_saved()
    return 0


def _state(surroundings: Surroundings) -> ProtectionState:
    protection = surroundings.protection()
    protection.open_history().close()
    return protection.state()


def _say_state(options: KeyOptions, surroundings: Surroundings) -> int:
    from app.history.protection_state import state_in_words

    state = _state(surroundings)
    output = surroundings.output
    if options.json:
        output.json(
            {
                "encrypted": state.is_encrypted,
                "kept_by": state.kept_by,
                "recovery_key_saved": state.recovery_key_saved,
                "plain_files": [str(file) for file in state.plain_files],
            }
        )
        return 0
    output.line(state_in_words(state))
    if state.is_encrypted and not state.recovery_key_saved:
        output.note("Save the recovery key: ponder history recovery-key")
    for file in state.plain_files:
        output.note(f"{file} was set aside before and is not encrypted; delete it if you do not need it.")
    return 0


def _new_passphrase(surroundings: Surroundings) -> str:
    """Typed twice in a terminal; one line of a pipe. Raises `InputError`."""
    from app.history.passphrase import checked_passphrase

    passphrase = read_secret(surroundings, "New passphrase: ")
    if passphrase is None:
        raise InputError("There is no new passphrase.", advice="Give it on standard input, as one line.")
    checked_passphrase(passphrase)
    if surroundings.stdin.isatty() and read_secret(surroundings, "Once more: ") != passphrase:
        raise InputError("The two passphrases differ.", kept="Nothing was changed.")
    return passphrase


def _confirmed(question: str, surroundings: Surroundings) -> bool:
    if not surroundings.stdin.isatty():
        raise InputError("Nothing was changed: nobody is there to be asked.", advice="Add --yes to do it.")
    surroundings.output.aside(f"{question} [y/N] ")
    return surroundings.stdin.readline().strip().lower() in (b"y", b"yes")


class _Bar(contextlib.AbstractContextManager["_Bar"]):
    """A line on standard error that grows, where that is a terminal."""

    def __init__(self, surroundings: Surroundings, doing: str) -> None:
        self._output = surroundings.output
        self._is_shown = surroundings.output.stderr.isatty()
        self._doing = doing
        self._percent = -1

    def show(self, done: float) -> None:
        """So much is done, from 0 to 1."""
        percent = int(done * 100)
        if self._is_shown and percent != self._percent:
            self._percent = percent
            filled = "█" * (percent * _BAR_CHARACTERS // 100)
            self._output.stderr.write(f"\r{self._doing} {filled:·<{_BAR_CHARACTERS}} {percent:3} %")
            self._output.stderr.flush()

    def __exit__(self, *_what: object) -> None:
        """Leave the line."""
        if self._percent >= 0:
            self._output.stderr.write("\n")
