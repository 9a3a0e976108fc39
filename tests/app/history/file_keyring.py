"""Keyrings for tests, behind the real API of `keyring`: in memory, in a file, and bad ones."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from app.history.backups import sync
from models.whole_file import replace_file

FILE_VARIABLE = "PONDER_TEST_KEYRING"


class MemoryKeyring(KeyringBackend):
    """Keeps everything as long as it lives; `broken` has it raise something odd."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken is not None:
            raise self.broken
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps entries in the file that `PONDER_TEST_KEYRING` names, whole and synced."""

    priority = 5

    @property
    def _path(self) -> Path:
        return Path(os.environ[FILE_VARIABLE])

    def entries(self) -> dict[str, str]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self.entries() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        entries = self.entries()
        if entries.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError
        self._write(entries)

    def _write(self, entries: dict[str, str]) -> None:
        replace_file(self._path, json.dumps(entries).encode())
        sync(self._path.parent)


class ForgetfulKeyring(MemoryKeyring):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class SilentKeyring(MemoryKeyring):
    """Does not come back before `let_go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.let_go.wait()

    def get_password(self, service: str, username: str) -> str | None:
        self.let_go.wait()
        return None
