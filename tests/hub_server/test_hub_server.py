"""The hub server itself: what the other tests rely on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.hub_server import Fault, HubServer, faults
from tests.hub_server.fixtures import hub_server

pytestmark = pytest.mark.loopback

__all__ = ["hub_server"]

REPO = "owner/name"
CONTENT = bytes(range(256)) * 4_000


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, follow_redirects=True, timeout=60) as client:
        yield client


@pytest.fixture
def url(hub_server: HubServer) -> str:
    hub_server.add_file(REPO, "a.gguf", CONTENT)
    return f"{hub_server.url}/{REPO}/resolve/main/a.gguf"


def test_a_file_comes_by_way_of_the_cdn(hub_server: HubServer, client: httpx2.Client, url: str) -> None:
    answer = client.get(url)

    redirect = answer.history[0].headers
    assert redirect["X-Linked-Etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert redirect["X-Linked-Size"] == str(len(CONTENT))
    assert redirect["X-Repo-Commit"] == hub_server.commit(REPO)
    assert str(answer.url).startswith(hub_server.cdn_url)
    assert answer.content == CONTENT
    assert hub_server.file_bytes_sent == len(CONTENT)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-", 1000, 1_024_000),
        ("bytes=-10", 1_023_990, 1_024_000),
        ("bytes=5-99999999", 5, 1_024_000),
    ],
)
def test_ranges(client: httpx2.Client, url: str, asked: str, start: int, end: int) -> None:
    answer = client.get(url, headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024000"
    assert answer.content == CONTENT[start:end]


def test_if_range(client: httpx2.Client, url: str) -> None:
    etag = client.head(url).headers["ETag"]

    same = client.get(url, headers={"Range": "bytes=9-", "If-Range": etag})
    other = client.get(url, headers={"Range": "bytes=9-", "If-Range": '"other"'})
    beyond = client.get(url, headers={"Range": "bytes=1024000-"})

    assert (same.status_code, other.status_code, beyond.status_code) == (206, 200, 416)


@pytest.mark.parametrize("content", [CONTENT, Path("a.gguf")])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(reset_at=70_000), httpx2.ReadError),
        (Fault(end_at=70_000), httpx2.RemoteProtocolError),
        (Fault(stall_at=70_000), httpx2.ReadTimeout),
        (Fault(bytes_per_s=1.0, stall_at=70_000), httpx2.ReadTimeout),
        (Fault(first_byte_after_s=30), httpx2.ReadTimeout),
        (faults.redirect_loop(), httpx2.TooManyRedirects),
    ],
)
def test_faults_that_break_off(
    hub_server: HubServer,
    client: httpx2.Client,
    tmp_path: Path,
    content: bytes | Path,
    fault: Fault,
    error: type[Exception],
) -> None:
    if isinstance(content, Path):
        content = tmp_path / content
        content.write_bytes(CONTENT)
    hub_server.add_file(REPO, "a.gguf", content)
    hub_server.fail(fault, "cdn")
    received = bytearray()

    if error is httpx2.ReadTimeout:
        client.timeout = httpx2.Timeout(0.3)

    def fetch() -> None:
        with client.stream("GET", f"{hub_server.url}/{REPO}/resolve/main/a.gguf") as answer:
            for piece in answer.iter_raw():
                received.extend(piece)

    with pytest.raises(error):
        fetch()

    assert CONTENT.startswith(received)
    assert len(received) <= 70_000


def test_faults_are_used_up_in_their_order(hub_server: HubServer, client: httpx2.Client, url: str) -> None:
    hub_server.fail(faults.server_error(502), "cdn", times=2)
    hub_server.fail(Fault(flip_at=70_000), "cdn", path="a.*", times=1)
    hub_server.fail(faults.server_error(500), "cdn", path="b.*")

    answers = [client.get(url) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [502, 502, 200, 200]
    flipped = bytearray(CONTENT)
    flipped[70_000] ^= 1
    assert answers[2].content == flipped
    assert answers[3].content == CONTENT


def test_the_server_goes_away_and_comes_back(hub_server: HubServer, client: httpx2.Client, url: str) -> None:
    hub_server.fail(Fault(stall_at=10), "cdn", times=1)
    with client.stream("GET", url) as stalled:
        hub_server.go_away()
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            stalled.read()
    with pytest.raises(httpx2.ConnectError):
        client.get(url)

    hub_server.come_back()

    assert client.get(url).content == CONTENT


def test_signed_addresses_expire(hub_server: HubServer, client: httpx2.Client, url: str) -> None:
    signed = client.get(url).url
    hub_server.expire_signed_urls()

    assert client.get(signed).status_code == 403
    assert client.get(url).content == CONTENT


def test_a_sparse_file_takes_no_room_and_no_time(
    hub_server: HubServer, client: httpx2.Client, tmp_path: Path
) -> None:
    path = tmp_path / "large.gguf"
    path.touch()
    os.truncate(path, 5_000_000_000)
    hub_server.add_file(REPO, path.name, path, sha256="0" * 64)

    answer = client.get(
        f"{hub_server.url}/{REPO}/resolve/main/large.gguf", headers={"Range": "bytes=4999999990-"}
    )

    assert answer.content == bytes(10)
    assert answer.headers["Content-Range"] == "bytes 4999999990-4999999999/5000000000"
