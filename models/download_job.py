"""One download from its first byte to its final names: all files of a model, or none."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.download_errors import BusyElsewhereError, DownloadError
from models.download_paths import final_paths
from models.download_status import DownloadRequest
from models.part_file import PartFile
from models.stop_signal import StopSignal
from models.transfer import Transfer, TransferLimits, TransferNews

if TYPE_CHECKING:
    from models.hub import FileLocation, Hub


class DownloadJob:
    """Fetches the files of a request one after the other, and gives them their names when all are right.

    `hub` is asked anew for each go, so that a change of the settings is heeded. `tell` gets news of all
    files together.
    """

    def __init__(
        self,
        request: DownloadRequest,
        folder: Path,
        hub: Callable[[], Hub],
        tell: Callable[[TransferNews], None],
        stop: StopSignal,
        limits: TransferLimits,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._request = request
        self._finals = final_paths(folder, request.repo, [file.path for file in request.files])
        self._hub = hub
        self._tell_listener = tell
        self._stop = stop
        self._limits = limits
        self._tls = tls
        self._sizes = [file.size_bytes for file in request.files]

    def run(self) -> tuple[str, ...]:
        """Return the SHA-256 of the files when all stand under their final names.

        Raises `DownloadError`s, and `StoppedError`; what was fetched is kept as `.part` files then.
        """
        transfers: list[Transfer] = []
        self._ask_for_sizes()
        try:
            for index in range(len(self._finals)):
                transfers.append(self._transfer(index))
                transfers[-1].fetch()
            self._stop.check()
            hashes = tuple(transfer.sha256 for transfer in transfers)
            for transfer in reversed(transfers):  # part 1, which stands for the whole model, comes last
                transfer.publish()
            return hashes
        finally:
            for transfer in transfers:
                transfer.close()

    def throw_away(self) -> None:
        """Remove what was fetched, but what another Ponder is fetching. Files under final names stay."""
        for final in self._finals:
            part = PartFile(final)
            try:
                part.open()
            except BusyElsewhereError:
                continue
            part.discard()

    def _ask_for_sizes(self) -> None:
        """Ask for the sizes of the files that come later: for the progress, and for the room they need.

        Where the hub does not answer now, the first file's turn is next, and that is patient.
        """
        for index, file in enumerate(self._request.files):
            if index and not self._sizes[index]:
                try:
                    self._sizes[index] = self._stop.call(partial(self._locate, file.path)).size_bytes
                except DownloadError:
                    return

    def _transfer(self, index: int) -> Transfer:
        file = self._request.files[index]
        return Transfer(
            self._finals[index],
            self._request.repo,
            file,
            partial(self._locate, file.path),
            partial(self._tell, index),
            self._stop,
            proxy=self._hub().settings.proxy,
            tls=self._tls,
            limits=self._limits,
            later_bytes=sum(self._sizes[index + 1 :]),
        )

    def _locate(self, path: str) -> FileLocation:
        return self._hub().locate(self._request.repo, self._request.revision, path)

    def _tell(self, index: int, news: TransferNews) -> None:
        self._sizes[index] = news.total_bytes
        total_bytes = sum(self._sizes) if all(self._sizes) else 0
        before_bytes = sum(self._sizes[:index])
        self._tell_listener(
            TransferNews(before_bytes + news.done_bytes, total_bytes, news.is_checking, news.notice)
        )
