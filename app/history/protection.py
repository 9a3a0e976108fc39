"""How one history is protected: finds its key, opens it, and says so where the key is not there.

No method is for the GUI thread: a keyring may take its time, and so does a passphrase. They are called from
one thread at a time; a lock sees to it.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
from sqlcipher3 import dbapi2 as driver

from app.errors import HistoryError, HistoryLockedError, InputError
from app.history import backups, key_file, rewriting
from app.history.backups import list_backups
from app.history.connection import read_only
from app.history.file_kind import FileKind, key_id_in, kind_of
from app.history.key import Key
from app.history.key_file import KeptKey, KeyFile, Reminder
from app.history.passphrase import unwrap
from app.history.protection_state import KeptBy, ProtectionState, reminder_for
from app.history.store import HistoryStore
from app.history.system_keyring import KeyringError, SystemKeyring

_TIDY_WAIT_S = 0.0
_NOTHING = "Nothing was changed."


class Protection:
    """Knows the keys of the history at a path, as far as they can be had."""

    def __init__(self, history: Path, keyring: SystemKeyring | None = None) -> None:
        """`keyring` None: that of this system."""
        self.history = history.absolute()
        self.keyring = keyring or SystemKeyring()
        self.lock = threading.RLock()
        self._known: dict[str, Key] = {}
        self._current: Key | None = None
        self._keyring_problem = ""

    def open_history(self) -> HistoryStore:
        """Open the history; a new one is encrypted where the keyring works.

        Raises `HistoryLockedError` where its key is not there, and as `HistoryStore`.
        """
        with self.lock:
            key = self.key()
            store = HistoryStore(self.history, key)
            self._current = key
            try:
                self.tidy()
            except BaseException:
                store.close()
                raise
            return store

    def key(self) -> Key | None:
        """The key of the history, None for a plain one; of a damaged or missing one that which it had.

        Nobody in this process may have it open. Raises `HistoryLockedError`.
        """
        with self.lock:
            try:
                kind = kind_of(self.history)
            except OSError:
                return None  # whoever opens it next says what is wrong with it
            match kind:
                case FileKind.PLAIN:
                    return None
                case FileKind.ENCRYPTED:
                    return self._key_of_file()
                case FileKind.OTHER:
                    return self._last_key()
                case FileKind.EMPTY:
                    return self._last_key() if list_backups(self.history) else self._key_of_new_history()

    def opened_key(self) -> Key | None:
        """The key with which it was opened last, for another connection of this process."""
        return self._current

    def key_for_repair(self) -> Key | None:
        """The key that goes on with this history, should it be damaged, or its own lost for good."""
        with self.lock:
            if self._current is not None:
                return self._current
            try:
                return self.key()
            except HistoryLockedError:
                return self._last_key() or self._new_key()

    def forget(self) -> None:
        """Forget all keys: what a passphrase opens is locked from now on. The history must be closed."""
        with self.lock:
            self._known.clear()
            self._current = None

    def unlock(self, untrusted_secret: str) -> None:
        """Take a passphrase or a recovery key; `open_history` works after that, as long as this object lives.

        A recovery key goes back into the keyring, if there is one that works. Raises `HistoryLockedError`
        where it is wrong, `InputError` for a mistyped recovery key.
        """
        with self.lock:
            wrapped = [kept for kept in self._kept_keys() if kept.wrapped is not None]
            try:
                key = Key.from_recovery_text(untrusted_secret)
            except InputError:
                if not wrapped:
                    raise
                self._unlock_with_passphrase(wrapped, untrusted_secret)
                return
            if not self._fits(key):
                raise HistoryLockedError(
                    "This is the recovery key of another history.",
                    kept=_NOTHING,
                    advice="Look for a newer one.",
                )
            self._known[key.id] = key
            self._keep_again(key)

    def recovery_text(self) -> str:
        """The recovery key of the history that is open. Raises `HistoryError` for a plain one."""
        with self.lock:
            key = self._current or self.key()
            if key is None:
                raise HistoryError("The history is not encrypted, so it has no recovery key.", kept=_NOTHING)
            return key.recovery_text

    def note_recovery_key_saved(self) -> None:
        """The user has it. Raises `HistoryError`."""
        with self.lock:
            self.save(msgspec.structs.replace(self.load(), recovery_key_saved=True))

    def note_reminded(self, reminder: Reminder) -> None:
        """The user was told. Raises `HistoryError`."""
        with self.lock:
            content = self.load()
            if reminder not in content.reminded:
                self.save(msgspec.structs.replace(content, reminded=(*content.reminded, reminder)))

    def state(self) -> ProtectionState:
        """How it is kept now; call it once the history was opened. Never raises because of the keyring."""
        with self.lock:
            content = self._loaded_or_empty()
            name, problem = "", self._keyring_problem
            try:
                name = self.keyring.name()
            except KeyringError as error:
                problem = error.message
            kept_by = self._kept_by(content)
            return ProtectionState(
                kept_by=kept_by,
                keyring_name=name,
                keyring_problem=problem,
                recovery_key_saved=content.recovery_key_saved,
                plain_files=self._plain_files() if kept_by else (),
                reminder=reminder_for(kept_by, problem, content),
            )

    # For `app.history.switching`; hold `lock`.

    def load(self) -> KeyFile:
        """What `key.json` says. Raises `HistoryError`."""
        return key_file.load_key_file(self.history)

    def save(self, content: KeyFile) -> None:
        """Write `key.json`. Raises `HistoryError`."""
        key_file.save_key_file(self.history, content)

    def store_in_keyring(self, key: Key) -> None:
        """Store it and read it back; until `key.json` names it, the next start would forget it again.

        Raises `KeyringError`, `HistoryError`.
        """
        content = self._loaded_or_empty()
        self.save(msgspec.structs.replace(content, to_forget=(*content.to_forget, key.id)))
        try:
            self.keyring.write(key)
        except KeyringError:
            self.save(content)
            raise

    def know(self, key: Key) -> None:
        """A key that a file may have soon."""
        self._known[key.id] = key

    def remember(self, key: Key | None) -> None:
        """Go on with the key that the history has from now on."""
        if key is not None:
            self._known[key.id] = key
        self._current = key

    def tidy(self) -> None:
        """Remove what a kill left of a switch, and forget keys that no file needs any more.

        Call it once the history was opened with `remember`ed key. While another process is at it, nothing
        happens. Raises `HistoryError`.
        """
        content = self._loaded_or_empty()
        needed = len(content.keys) > (self._current is not None) or content.to_forget
        if not needed and not rewriting.has_leftovers(self.history):
            return
        try:
            with backups.only_one(self.history, wait_s=_TIDY_WAIT_S):
                rewriting.clear_leftovers(self.history)
                self._forget_unneeded()
        except HistoryError:
            return  # the next start does it; until then everything opens

    # Keys

    def _key_of_file(self) -> Key:
        named = key_id_in(self.history)
        tried: dict[str, str] = {}
        for kept in sorted(self._kept_keys(), key=lambda kept: kept.id != named):
            key = self._obtain(kept.id, tried)
            if key is not None and self._fits(key):
                return key
        key = self._obtain(named, tried)  # `key.json` may be lost
        if key is not None:
            return key
        for known in self._known.values():
            if self._fits(known):
                return known
        raise self._locked(named, tried)

    def _last_key(self) -> Key | None:
        """The key that the files of this history have, as far as it can be had."""
        for kept in self._kept_keys():
            if (key := self._obtain(kept.id, {})) is not None:
                return key
        return next(iter(self._known.values()), None)

    def _key_of_new_history(self) -> Key | None:
        """For a history that is about to be made: None where there is no keyring that works."""
        for kept in self._kept_keys():
            if (key := self._obtain(kept.id, {})) is not None:
                return key
            if kept.wrapped is not None:
                raise self._locked(kept.id, {})
        return self._new_key()

    def _new_key(self) -> Key | None:
        """Another one, which the keyring keeps; None where there is none that works."""
        key = Key.random()
        try:
            self.keyring.name()
            self.store_in_keyring(key)
        except KeyringError as error:
            self._keyring_problem = error.message
            return None
        self.save(with_new_key(self._loaded_or_empty(), KeptKey(key.id)))  # with keys of what was set aside
        self._known[key.id] = key
        return key

    def _obtain(self, key_id: str, tried: dict[str, str]) -> Key | None:
        """From memory or the keyring; `tried` gets what was wrong with the keyring."""
        if key_id in self._known:
            return self._known[key_id]
        try:
            key = self.keyring.read(key_id)
        except KeyringError as error:
            tried[key_id] = error.message
            return None
        if key is not None:
            self._known[key_id] = key
        return key

    def _fits(self, key: Key) -> bool:
        """Whether the history opens with it; where that cannot be seen, whether it was in use here."""
        if key_id_in(self.history) == key.id:
            return True
        if kind_of(self.history) is not FileKind.ENCRYPTED:
            known = {kept.id for kept in self._kept_keys()}
            return key.id in known | {key_id_in(backup.path) for backup in list_backups(self.history)}
        try:
            with read_only(self.history, key) as connection:
                connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
        except (driver.Error, HistoryLockedError):
            return False
        return True

    def _unlock_with_passphrase(self, wrapped: list[KeptKey], passphrase: str) -> None:
        last_error: HistoryLockedError | None = None
        for kept in wrapped:
            assert kept.wrapped is not None
            try:
                key = unwrap(kept.wrapped, passphrase)
            except HistoryLockedError as error:
                last_error = error
                continue
            self._known[key.id] = key
            return
        if last_error is not None:
            raise last_error

    def _keep_again(self, key: Key) -> None:
        """A key that was typed goes back to where it was lost from."""
        kept = next((kept for kept in self._kept_keys() if kept.id == key.id), None)
        if kept is not None and kept.wrapped is not None:
            return
        try:
            self.store_in_keyring(key)
        except KeyringError:
            return  # it is asked for again at the next start
        content = self._loaded_or_empty()
        others = tuple(each for each in content.keys if each.id != key.id)
        to_forget = tuple(each for each in content.to_forget if each != key.id)
        content = msgspec.structs.replace(content, keys=(KeptKey(key.id), *others), to_forget=to_forget)
        self.save(content)

    def _locked(self, key_id: str, tried: dict[str, str]) -> HistoryLockedError:
        kept = {kept.id: kept for kept in self._kept_keys()}
        named = kept.get(key_id) or next(iter(kept.values()), None)
        if named is not None and named.wrapped is not None and named.id not in self._known:
            return HistoryLockedError(
                "The history is locked.", kept=_NOTHING, advice="Its passphrase opens it.", needs="passphrase"
            )
        if kept and all(each in self._known for each in kept):
            return HistoryLockedError(
                f"{self.history} has another key than this Ponder, or its beginning is damaged.",
                kept=_NOTHING,
                advice="The recovery key of that time opens it, if it is not damaged.",
            )
        why = next(iter(tried.values()), "The keyring of this system does not have it.")
        return HistoryLockedError(
            f"The history is encrypted, and its key is not there. {why}",
            kept=_NOTHING,
            advice="The recovery key opens it.",
        )

    # Files

    def _kept_keys(self) -> tuple[KeptKey, ...]:
        return self._loaded_or_empty().keys

    def _loaded_or_empty(self) -> KeyFile:
        """One that cannot be understood is left as it is, and the recovery key opens the history."""
        try:
            return self.load()
        except HistoryError:
            return KeyFile()

    def _kept_by(self, content: KeyFile) -> KeptBy:
        if self._current is None:
            return ""
        kept = next((kept for kept in content.keys if kept.id == self._current.id), None)
        if kept is not None and kept.wrapped is not None:
            return "passphrase"
        try:
            return "keyring" if self.keyring.read(self._current.id) is not None else "nothing"
        except KeyringError:
            return "nothing"

    def _plain_files(self) -> tuple[Path, ...]:
        others = self.history.parent.glob("history.damaged-*.db")
        return tuple(sorted(file for file in others if kind_of(file) is FileKind.PLAIN))

    def _forget_unneeded(self) -> None:
        content = self.load()
        files = [backup.path for backup in list_backups(self.history)]
        files += [file for file in self.history.parent.glob("history*.db") if file != self.history]
        named = {key_id_in(file) for file in files}
        ids = {kept.id for kept in content.keys}
        if named - ids - {""}:
            return  # a file that says nothing we know may need any of them
        if self._current is not None:
            named.add(self._current.id)
        dropped = tuple(kept.id for kept in content.keys if kept.id not in named)
        kept = tuple(kept for kept in content.keys if kept.id in named)
        to_forget = tuple(dict.fromkeys((*content.to_forget, *dropped)))
        content = msgspec.structs.replace(content, keys=kept, to_forget=to_forget)
        self.save(content)
        wrapped = {each.id for each in kept if each.wrapped is not None}
        for key_id in to_forget:
            if key_id in wrapped or key_id not in named:
                self.keyring.delete(key_id)
            if key_id not in named:
                self._known.pop(key_id, None)
        self.save(msgspec.structs.replace(content, to_forget=()))


def with_new_key(content: KeyFile, kept: KeptKey) -> KeyFile:
    """With one more key, of which nobody has the recovery key yet."""
    reminded = tuple(each for each in content.reminded if each != "save the recovery key")
    return msgspec.structs.replace(
        content,
        keys=(kept, *content.keys),
        to_forget=tuple(each for each in content.to_forget if each != kept.id),
        recovery_key_saved=False,
        reminded=reminded,
    )
