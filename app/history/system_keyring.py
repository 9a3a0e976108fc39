"""The keyring of the system, as far as it can be trusted with a key: each call with a limit of time.

`keyring` is imported with the first call: it looks through all installed packages.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from app.errors import HistoryError
from app.history.key import Key

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

Result = TypeVar("Result")

SERVICE = "Ponder"
LIMIT_S = 30.0
"""A keyring that is locked asks its user for a password meanwhile."""
_LEAST_PRIORITY = 1
"""As `keyring` itself recommends: https://github.com/jaraco/keyring/blob/main/keyring/core.py"""
_NO_KEYRINGS = ("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer", "keyrings.alt")
"""The last one is a file, in plain text or with a password asked for in the terminal."""


class KeyringError(HistoryError):
    """The keyring of the system is not there, does not answer, or does not keep what it is given."""

    code = "keyring"


class SystemKeyring:
    """Reads, writes and deletes keys by their id. All methods may take `limit_s` and raise `KeyringError`."""

    def __init__(
        self, find_backend: Callable[[], KeyringBackend] | None = None, *, limit_s: float = LIMIT_S
    ) -> None:
        """`find_backend` None: as the package `keyring` chooses."""
        self._find_backend = find_backend or _chosen_backend
        self._limit_s = limit_s
        self._backend: KeyringBackend | None = None
        self._is_silent = False

    def try_again(self) -> None:
        """Ask one that did not answer once more: somebody wants it now."""
        self._is_silent = False

    def name(self) -> str:
        """What it calls itself."""
        return str(self._call(lambda backend: backend.name))

    def read(self, key_id: str) -> Key | None:
        """The key, None where it is not there."""
        found = self._call(lambda backend: backend.get_password(SERVICE, _entry(key_id)))
        if found is None:
            return None
        try:
            key = Key(bytes.fromhex(str(found)))
        except ValueError:
            return None
        return key if key.id == key_id else None

    def write(self, key: Key) -> None:
        """Store it and read it back."""
        self._call(lambda backend: backend.set_password(SERVICE, _entry(key.id), key.secret.hex()))
        if self.read(key.id) != key:
            raise _unusable("it does not give back what it was given")

    def delete(self, key_id: str) -> None:
        """Forget a key; it may be gone already."""
        if self._call(lambda backend: backend.get_password(SERVICE, _entry(key_id))) is not None:
            self._call(lambda backend: backend.delete_password(SERVICE, _entry(key_id)))

    def _call(self, ask: Callable[[KeyringBackend], Result]) -> Result:
        """On a thread of its own, which is left behind where it does not come back; it is not asked again."""
        if self._is_silent:
            raise _unusable("it does not answer")
        answers: queue.SimpleQueue[tuple[Result | None, Exception | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                if self._backend is None:
                    self._backend = usable_backend(self._find_backend())
                answers.put((ask(self._backend), None))
            except Exception as error:  # noqa: BLE001 - somebody else's code, which may raise anything
                answers.put((None, error))

        threading.Thread(target=work, name="keyring", daemon=True).start()
        try:
            answer, error = answers.get(timeout=self._limit_s)
        except queue.Empty:
            self._is_silent = True
            raise _unusable("it does not answer") from None
        if isinstance(error, KeyringError):
            raise error
        if error is not None:  # not chained: its text may quote what it was given
            raise _unusable("it failed", details=type(error).__name__)
        return answer  # type: ignore[return-value]  # of the kind that `ask` gives


def usable_backend(backend: Any) -> KeyringBackend:
    """The backend, or the best one of a chain. Raises `KeyringError` where none can be trusted with a key."""
    chained = getattr(backend, "backends", None) if "chainer" in type(backend).__module__ else None
    for each in [backend] if chained is None else chained:
        module = type(each).__module__
        if each.priority >= _LEAST_PRIORITY and not module.startswith(_NO_KEYRINGS):
            found: KeyringBackend = each
            return found
    raise _unusable("there is none that works", details=type(backend).__module__)


def _chosen_backend() -> KeyringBackend:
    if sys.platform != "darwin":
        # WORKAROUND: `keyring` imports all its backends; that of macOS looks for Apple's libraries, for which
        # Python starts ldconfig, gcc and ld three times each. It goes without what cannot be imported:
        # https://github.com/jaraco/keyring/blob/main/keyring/backends/macOS/__init__.py
        sys.modules.setdefault("keyring.backends.macOS.api", None)  # type: ignore[arg-type]
    import keyring

    return keyring.get_keyring()


def _entry(key_id: str) -> str:
    return f"history {key_id}"


def _unusable(why: str, details: str = "") -> KeyringError:
    return KeyringError(
        f"The keyring of this system cannot be used: {why}.",
        kept="Nothing was changed.",
        advice="Use a passphrase instead, or start the keyring and try again.",
        details=details,
    )
