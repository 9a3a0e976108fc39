"""The connection to the hub: huggingface_hub as we let it work, and what each of its requests is held to.

huggingface_hub reads its environment once, when it is imported, and has one HTTP client for the whole
process. So it is imported in a clean environment, and gets a client that does nothing but ask, for each
request, for the connection of the `Hub` that makes it.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

import httpx2

from models.download_errors import HubBrokenError, HubUnreachableError, UnsafeRedirectError
from models.hub_settings import NetworkSettings, is_loopback, may_have_token

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.file_download import HfFileMetadata

MAX_REDIRECTS = 5
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""The list of a repository with ten thousand files takes some 3 MB."""
MAX_ANSWER_S = 60.0

_ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    # Where nothing can be read or written, on any system: we use no cache and no stored token.
    "HF_HOME": os.path.join(os.devnull, "huggingface"),  # noqa: PTH118 (Path would make it "NUL" on Windows)
}
_NOT_PASSED_ON = ("HF_", "HUGGING", "TRANSFORMERS_OFFLINE")


class HubLibrary(NamedTuple):
    """The parts of huggingface_hub that we use."""

    api_class: type[HfApi]
    file_metadata: Callable[..., HfFileMetadata]
    file_url: Callable[..., str]
    http_error: type[httpx2.HTTPError]


_import_lock = threading.Lock()  # as huggingface_hub, the environment is one for the whole process
_connection_in_use: ContextVar[httpx2.BaseTransport] = ContextVar("_connection_in_use")


def hub_library() -> HubLibrary:
    """Import huggingface_hub (the first time some 300 ms), with nothing of the user's environment."""
    with _import_lock:
        return _imported_library()


@functools.cache
def _imported_library() -> HubLibrary:
    with _clean_environment():
        from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url, set_client_factory
        from huggingface_hub.errors import HfHubHTTPError
    set_client_factory(_shared_client)
    # It shows what servers write into a header, on stderr.
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    return HubLibrary(HfApi, get_hf_file_metadata, hf_hub_url, HfHubHTTPError)


@contextlib.contextmanager
def _clean_environment() -> Iterator[None]:
    hidden = {name: value for name, value in os.environ.items() if name.startswith(_NOT_PASSED_ON)}
    for name in hidden:
        del os.environ[name]
    os.environ.update(_ENVIRONMENT)
    try:
        yield
    finally:
        for name in _ENVIRONMENT:
            del os.environ[name]
        os.environ.update(hidden)


def _shared_client() -> httpx2.Client:
    return httpx2.Client(
        transport=_ConnectionInUse(),
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        trust_env=False,
        headers={"Accept-Encoding": "identity"},
    )


@contextlib.contextmanager
def connected(settings: NetworkSettings, tls: ssl.SSLContext | None) -> Iterator[httpx2.Client]:
    """Let huggingface_hub, in this thread, work over a connection with these (checked) settings.

    Gives a client of our own over the same connection, which ends with the block.
    """
    with CheckedConnection(settings, tls) as connection:
        token = _connection_in_use.set(connection)
        try:
            yield httpx2.Client(
                transport=connection,
                follow_redirects=True,
                max_redirects=MAX_REDIRECTS,
                trust_env=False,
                headers={"Accept-Encoding": "identity", "User-Agent": "Ponder"},
            )
        finally:
            _connection_in_use.reset(token)


class _ConnectionInUse(httpx2.BaseTransport):
    """Hands each request of the one client to the connection of the thread it is made in."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return _connection_in_use.get().handle_request(request)


class CheckedConnection(httpx2.BaseTransport):
    """Holds every request, redirected ones too, to our rules, and every answer to its limits."""

    def __init__(self, settings: NetworkSettings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._tls = tls
        self._transports: dict[str, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises `UnsafeRedirectError`, `HubBrokenError` and httpx2's errors."""
        url = request.url
        allows_plain = self._settings.endpoint.startswith("http://")
        is_plain_but_here = url.scheme == "http" and allows_plain and is_loopback(url.host)
        if url.scheme != "https" and not is_plain_but_here:
            raise UnsafeRedirectError(
                f"The hub leads to an address without encryption ({url.scheme}://{url.host}).",
                kept="Nothing was asked of that address.",
                advice="If you use a mirror, check its address in the settings.",
            )
        if not may_have_token(str(url)):
            request.headers.pop("Authorization", None)
        response = self._transport(url.scheme).handle_request(request)
        response.headers.pop("Set-Cookie", None)
        if response.status_code >= 400:
            return _without_body(response)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise broken_answer("it is packed, though it was not to be")
        response.stream = _BoundedStream(response.stream)
        return response

    def close(self) -> None:
        """End all its connections."""
        for transport in self._transports.values():
            transport.close()

    def _transport(self, scheme: str) -> httpx2.HTTPTransport:
        """Reading whom the system trusts takes some 30 ms, so it is done for https only."""
        if scheme not in self._transports:
            nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if scheme == "http" else True
            self._transports[scheme] = httpx2.HTTPTransport(
                verify=self._tls or nobody, trust_env=False, proxy=self._settings.proxy or None
            )
        return self._transports[scheme]


def _without_body(response: httpx2.Response) -> httpx2.Response:
    """Leave only status and headers of a refusal: what it says at length is of no use to us."""
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in ("content-length", "content-type", "content-encoding", "transfer-encoding")
    ]
    response.close()
    return httpx2.Response(response.status_code, headers=headers, content=b"")


def broken_answer(why: str) -> HubBrokenError:
    """Make the error for an answer that is not what the protocol allows."""
    return HubBrokenError(
        f"The hub's answer cannot be used: {why}.",
        advice="Try again later. If you use a mirror, check its address in the settings.",
    )


class _BoundedStream(httpx2.SyncByteStream):
    """An answer's body, which ends after so many bytes and so much time."""

    def __init__(self, stream: object) -> None:
        assert isinstance(stream, httpx2.SyncByteStream)
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        deadline = time.monotonic() + MAX_ANSWER_S
        left_bytes = MAX_ANSWER_BYTES
        for piece in self._stream:
            left_bytes -= len(piece)
            if left_bytes < 0:
                raise broken_answer(f"it is longer than {MAX_ANSWER_BYTES // 2**20} MiB")
            if time.monotonic() > deadline:
                raise HubUnreachableError(
                    "The hub's answer did not come to an end.",
                    advice="Try again later, or over another network.",
                )
            yield piece

    def close(self) -> None:
        self._stream.close()
