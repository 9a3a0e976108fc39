"""One request for the bytes of a file: our rules for redirects, and a body that can be left at any moment.

Only here, and in hub.py, is a network used.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from models.download_errors import (
    FETCHED_IS_KEPT,
    HubBrokenError,
    HubUnreachableError,
    RangeRefusedError,
    TooManyRedirectsError,
    UnsafeRedirectError,
    error_of_answer,
    error_of_connection,
)
from models.hub_settings import is_loopback
from models.stop_signal import StopSignal

if TYPE_CHECKING:
    from models.hub import FileLocation

MAX_REDIRECTS = 5
READ_POLL_S = 0.1
"""How long a read waits before it lets its caller look around."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class Body:
    """The answer's bytes, as they come. `start_bytes` is where in the file they begin, 0 for the whole file.

    `whole_bytes` is the size of the whole file by this server's word. `etag` is strong, or "".
    """

    def __init__(self, response: httpx2.Response, start_bytes: int, whole_bytes: int, count: int) -> None:
        self.start_bytes = start_bytes
        self.whole_bytes = whole_bytes
        self.etag = _strong_etag(response.headers.get("etag", ""))
        self._response = response
        self._left_bytes = count
        self._stream: httpcore2.NetworkStream = response.extensions["network_stream"]
        self._socket = _plain_socket(self._stream)
        # The first piece comes through httpx2, which has it buffered behind the headers. After it nothing is
        # buffered, and the connection itself is read: faster, and a read that finds nothing breaks nothing.
        self._pieces = response.iter_raw()  # closes the connection when it is collected
        self._first = memoryview(next(self._pieces, b""))
        self._is_first = True
        if self._socket is not None:
            self._socket.settimeout(READ_POLL_S)

    def read_into(self, view: memoryview) -> int:
        """Fill the view as far as bytes are there: how many. 0 where none came in `READ_POLL_S`.

        Raises `HubUnreachableError` where the connection is lost before the last byte.
        """
        if self._is_first:
            count = min(len(view), len(self._first), self._left_bytes)
            view[:count] = self._first[:count]
            self._first = self._first[count:]
            self._is_first = len(self._first) > 0
            if count:
                self._left_bytes -= count
                return count
        try:
            count = self._read_on(view[: min(len(view), self._left_bytes)])
        except (TimeoutError, httpcore2.ReadTimeout):
            return 0
        except (OSError, httpcore2.NetworkError) as error:
            raise _connection_lost(repr(error)) from error
        if not count:
            raise _connection_lost(f"closed {self._left_bytes} bytes before the end")
        self._left_bytes -= count
        return count

    def _read_on(self, view: memoryview) -> int:
        if self._socket is not None:
            return self._socket.recv_into(view)
        data = self._stream.read(len(view), timeout=READ_POLL_S)
        view[: len(data)] = data
        return len(data)

    @property
    def is_finished(self) -> bool:
        """Whether the last byte is there."""
        return self._left_bytes == 0

    def close(self) -> None:
        """End the connection."""
        self._response.close()


class TransferClient:
    """Asks for files over one `httpx2.Client`. `open` works in another thread, so that it can be left.

    `tls`: whom to trust, None for those that the system trusts.
    """

    def __init__(
        self, *, proxy: str, tls: ssl.SSLContext | None, connect_timeout_s: float, stall_timeout_s: float
    ) -> None:
        self._proxy = proxy
        self._tls = tls
        self._timeout = httpx2.Timeout(stall_timeout_s, connect=connect_timeout_s)
        self._client: httpx2.Client | None = None
        self._stream: httpcore2.NetworkStream | None = None

    def open(
        self,
        location: FileLocation,
        start_bytes: int,
        etag: str,
        stop: StopSignal,
        tick: Callable[[], None],
    ) -> Body:
        """Ask for the file from this byte on, following redirects.

        The location's headers go to the host of its address only. `etag` is that of the server which sent
        what is there; where it has another one by now, it sends the whole file. `tick` is called during the
        wait. Raises `HubUnreachableError`, `HubBusyError`, `HubRefusedError`, `NotOnHubError`,
        `HubBrokenError`, `RangeRefusedError`, `StoppedError`.
        """
        headers = {"Accept-Encoding": "identity", "User-Agent": "Ponder"}
        if start_bytes:
            headers["Range"] = f"bytes={start_bytes}-"
            if etag:
                headers["If-Range"] = etag

        def ask() -> Body:
            return self._follow(httpx2.URL(location.url), headers, location.headers, start_bytes)

        return stop.call(ask, interrupt=self._interrupt, throw_away=Body.close, tick=tick)

    def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _follow(
        self, url: httpx2.URL, headers: Mapping[str, str], secret_headers: Mapping[str, str], start_bytes: int
    ) -> Body:
        first_origin = _origin(url)
        _require_safe_url(url, before=None)
        for _ in range(MAX_REDIRECTS + 1):
            if _origin(url) != first_origin:
                secret_headers = {}  # and they stay away, even if it leads back
            response = self._send(url, {**headers, **secret_headers})
            if response.status_code not in _REDIRECTS:
                return _body_of(response, start_bytes)
            response.close()
            url = _redirected(url, response.headers.get("location", ""))
        raise TooManyRedirectsError(
            f"The hub redirects in circles (more than {MAX_REDIRECTS} times).",
            kept=FETCHED_IS_KEPT,
            advice="Try again later.",
        )

    def _send(self, url: httpx2.URL, headers: Mapping[str, str]) -> httpx2.Response:
        client = self._client = self._client or httpx2.Client(
            proxy=self._proxy or None,
            verify=self._tls or True,
            timeout=self._timeout,
            trust_env=False,
            follow_redirects=False,
        )
        request = client.build_request("GET", url, headers=headers, extensions={"trace": self._trace})
        try:
            return client.send(request, stream=True)
        except httpx2.TransportError as error:
            raise error_of_connection(error) from error

    def _trace(self, event: str, facts: Mapping[str, Any]) -> None:
        """Keep hold of the connection. https://www.encode.io/httpcore/extensions/#trace."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):  # TLS takes the socket over
            self._stream = facts["return_value"]

    def _interrupt(self) -> None:
        """End a wait for the server; called by another thread than the one that waits."""
        stream = self._stream
        connection = stream.get_extra_info("socket") if stream else None
        if connection is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _plain_socket(stream: httpcore2.NetworkStream) -> socket.socket | None:
    """The connection's own socket, where what it gives is the body: not where TLS runs inside of TLS."""
    if isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject):
        return None
    connection = stream.get_extra_info("socket")
    return connection if isinstance(connection, socket.socket) else None


def _body_of(response: httpx2.Response, start_bytes: int) -> Body:
    try:
        return _checked_body(response, start_bytes)
    except httpx2.TransportError as error:
        response.close()
        raise error_of_connection(error) from error
    except BaseException:
        response.close()
        raise


def _checked_body(response: httpx2.Response, start_bytes: int) -> Body:
    if response.status_code not in (200, 206):
        raise error_of_answer(response.status_code, response.headers)
    length = response.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or response.headers.get("content-encoding"):
        raise _broken("it does not say how long the file is")
    count = int(length)
    if response.status_code == 200:
        return Body(response, 0, count, count)
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if match is None or match[3] == "*":
        raise _wrong_range("it sends a part of the file and does not say which")
    first, last, whole = int(match[1]), int(match[2]), int(match[3])
    if first != start_bytes or last - first + 1 != count or last != whole - 1:
        raise _wrong_range(f"it was asked for bytes from {start_bytes:,} on and sends {first:,} to {last:,}")
    return Body(response, first, whole, count)


def _redirected(url: httpx2.URL, untrusted_location: str) -> httpx2.URL:
    try:
        target = url.join(untrusted_location)
    except (httpx2.InvalidURL, ValueError) as error:
        raise _broken("it redirects to something that is no address") from error
    if not untrusted_location:
        raise _broken("it redirects to nowhere")
    _require_safe_url(target, before=url)
    return target


def _require_safe_url(url: httpx2.URL, *, before: httpx2.URL | None) -> None:
    """Let https through, and http on this computer itself (a mirror, the tests), unless https led there."""
    if url.scheme == "https" and url.host:
        return
    if url.scheme == "http" and is_loopback(url.host) and (before is None or _is_plain_loopback(before)):
        return
    raise UnsafeRedirectError(
        f"The hub leads to an address without encryption ({url.scheme}://{url.host}), where anybody on the "
        "way could read along and change the file.",
        kept=f"Nothing was asked of that address. {FETCHED_IS_KEPT}",
        advice="If you use a mirror, check its address in the settings.",
    )


def _is_plain_loopback(url: httpx2.URL) -> bool:
    """Whether the address is http on this computer itself."""
    return url.scheme == "http" and is_loopback(url.host)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _strong_etag(untrusted_etag: str) -> str:
    """An ETag that promises the same bytes, of a sensible length, or an empty text."""
    is_strong = untrusted_etag.startswith('"') and untrusted_etag.endswith('"') and len(untrusted_etag) <= 200
    return untrusted_etag if is_strong else ""


def _broken(why: str) -> HubBrokenError:
    """The hub's answer is not what the protocol allows."""
    return HubBrokenError(
        f"The hub's answer cannot be used: {why}.",
        kept=FETCHED_IS_KEPT,
        advice="Try again later.",
    )


def _wrong_range(why: str) -> RangeRefusedError:
    return RangeRefusedError(
        f"The hub does not go on from where this download stands: {why}.",
        kept=FETCHED_IS_KEPT,
        advice="Try again later.",
    )


def _connection_lost(details: str) -> HubUnreachableError:
    """The connection ended in the middle of the file."""
    return HubUnreachableError(
        "The connection to the hub was lost.",
        kept=FETCHED_IS_KEPT,
        advice="Check the connection to the internet, then resume the download.",
        details=details,
    )
