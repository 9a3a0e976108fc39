"""The list of downloads on the disk (downloads.json), shared by all Ponders that use one models folder."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from models.download_status import DownloadRequest
from models.whole_file import replace_file

FILE_NAME = "downloads.json"
VERSION = 1
_LOCK_TIMEOUT_S = 3.0
_log = logging.getLogger(__name__)


class SavedDownload(msgspec.Struct, frozen=True):
    """A download that is not over. `total_bytes` as far as it is known."""

    request: DownloadRequest
    total_bytes: int = 0


class _SavedList(msgspec.Struct, frozen=True):
    version: int
    downloads: tuple[SavedDownload, ...]


class DownloadStore:
    """Reads and writes the list. Where it cannot be written, that is logged: the downloads go on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock_path = folder / (FILE_NAME + ".lock")

    def load(self) -> tuple[SavedDownload, ...]:
        """What is saved. A list that cannot be read is put aside; what was fetched is kept all the same."""
        try:
            saved = msgspec.json.decode(self._path.read_bytes(), type=_SavedList)
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError) as error:
            _log.info("the list of downloads cannot be read: %r", error)
            self._put_aside()
            return ()
        return saved.downloads if saved.version == VERSION else ()

    def save(self, changed: Sequence[SavedDownload], gone: Collection[str]) -> None:
        """Change the entries of these downloads and leave those of other Ponders as they are."""
        try:
            with self._locked():
                entries = {saved.request.id: saved for saved in self.load()}
                entries.update({saved.request.id: saved for saved in changed})
                for download_id in gone:
                    entries.pop(download_id, None)
                self._write(_SavedList(VERSION, tuple(entries.values())))
        except (OSError, Timeout) as error:
            _log.info("the list of downloads was not saved: %r", error)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(self._lock_path, timeout=_LOCK_TIMEOUT_S, thread_local=False, is_singleton=False)
        with lock:
            yield

    def _write(self, saved: _SavedList) -> None:
        replace_file(self._path, msgspec.json.format(msgspec.json.encode(saved)))

    def _put_aside(self) -> None:
        try:
            self._path.replace(self._path.with_name(FILE_NAME + ".unreadable"))
        except OSError as error:
            _log.info("the unreadable list of downloads stays: %r", error)
