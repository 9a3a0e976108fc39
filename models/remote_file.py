"""The beginning of a file at the hub, read like a file on disk, a piece at a time and into memory only."""

from __future__ import annotations

import io
from collections.abc import Mapping

import httpx2

from models.download_errors import HubBrokenError, error_of_answer
from models.gguf_header import MAX_HEADER_BYTES

PIECE_BYTES = 2 * 1024 * 1024
SMALL_PIECE_BYTES = 128 * 1024
"""For the later parts of a model, whose headers have no vocabulary in them."""


class RemoteFile(io.RawIOBase):
    """Reads forward; keeps one piece. Every method that reads raises `DownloadError`s and httpx2's."""

    def __init__(
        self,
        client: httpx2.Client,
        url: str,
        secret_headers: Mapping[str, str],
        size_bytes: int,
        timeout_s: float,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        super().__init__()
        self._client = client
        self._url = url
        self._secret_headers = secret_headers
        self._size_bytes = size_bytes
        self._timeout_s = timeout_s
        self._piece_bytes = piece_bytes
        self._position = 0
        self._piece = b""
        self._piece_position = 0
        self._fetched_bytes = 0

    def readable(self) -> bool:
        """Whether one can read: yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to this byte, counted from the beginning."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        self._position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Give the next `size` bytes, fewer only at the end of the file."""
        end = min(self._position + size, self._size_bytes)
        taken = []
        while self._position < end:
            offset = self._position - self._piece_position
            if not 0 <= offset < len(self._piece):
                self._piece = self._fetched()
                self._piece_position, offset = self._position, 0
            data = self._piece[offset : offset + end - self._position]
            taken.append(data)
            self._position += len(data)
        return b"".join(taken)

    def _fetched(self) -> bytes:
        """Fetch the piece that begins here."""
        last = min(self._position + self._piece_bytes, self._size_bytes) - 1
        wanted_bytes = last - self._position + 1
        self._fetched_bytes += wanted_bytes
        if self._fetched_bytes > MAX_HEADER_BYTES + PIECE_BYTES:
            raise _broken("the beginning of the file is too long")
        headers = {**self._secret_headers, "Range": f"bytes={self._position}-{last}"}
        with self._client.stream("GET", self._url, headers=headers, timeout=self._timeout_s) as response:
            if response.status_code >= 400:
                raise error_of_answer(response.status_code, response.headers, kept="")
            if response.status_code != 206 and (response.status_code != 200 or self._position):
                raise _broken("it does not give parts of files")
            if response.status_code == 206:
                self._check_range(response, last)
            # The redirect to the CDN need not be followed again for the next piece, nor the token be sent.
            if str(response.url) != self._url:
                self._url, self._secret_headers = str(response.url), {}
            data = b""
            for piece in response.iter_raw():
                data += piece
                if len(data) >= wanted_bytes:
                    return data[:wanted_bytes]
        raise _broken("it ends too early")

    def _check_range(self, response: httpx2.Response, last: int) -> None:
        given = response.headers.get("Content-Range", "")
        if not given.startswith(f"bytes {self._position}-{last}/"):
            raise _broken("it gives another part of the file than it was asked for")


def _broken(why: str) -> HubBrokenError:
    return HubBrokenError(f"The hub's answer cannot be used: {why}.", advice="Try again later.")
