"""Downloads over TLS, from names of the real hub, through a proxy: as it is outside of tests."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.download_errors import DownloadError, HubUnreachableError
from models.download_status import RequestedFile
from models.hub import FileLocation
from models.stop_signal import StoppedError, StopSignal
from models.transfer import Transfer, TransferLimits
from tests.hub_server import Fault, HubServer
from tests.hub_server.proxy import ConnectProxy
from tests.hub_server.tls import Certificates, make_certificates
from tests.models.download_rig import FILE, IMPATIENT, MB, REPO, content_of

pytestmark = pytest.mark.loopback

CONTENT = content_of(5 * MB + 3)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture
def server(certificates: Certificates) -> Iterator[HubServer]:
    with HubServer(tls=certificates.server) as server:
        server.add_file(REPO, FILE, CONTENT)
        yield server


def transfer_of(
    server: HubServer,
    folder: Path,
    tls: Certificates | None,
    *,
    host: str = "",
    proxy: str = "",
    stop: StopSignal | None = None,
    limits: TransferLimits = IMPATIENT,
) -> Transfer:
    base = f"https://{host}" if host else server.url
    url = f"{base}/{REPO}/resolve/{server.commit(REPO)}/{FILE}"
    location = FileLocation(url, len(CONTENT), SHA256, SHA256, "c" * 40, {"Authorization": "Bearer hf_x"})
    return Transfer(
        folder / "o__n" / FILE,
        REPO,
        RequestedFile(FILE, len(CONTENT), SHA256),
        lambda: location,
        lambda news: None,
        stop or StopSignal(),
        proxy=proxy,
        tls=tls.client if tls else None,
        limits=limits,
    )


def run(transfer: Transfer) -> bytes:
    try:
        transfer.fetch()
        transfer.publish()
    finally:
        transfer.close()
    return transfer.final.read_bytes()


def test_over_tls_every_byte_arrives(server: HubServer, certificates: Certificates, tmp_path: Path) -> None:
    server.fail(Fault(end_at=3 * MB), "cdn", times=1)
    assert run(transfer_of(server, tmp_path, certificates)) == CONTENT
    assert [request.authorization for request in server.requests_to("cdn")] == ["", ""]


def test_a_certificate_that_nobody_trusts_is_refused(server: HubServer, tmp_path: Path) -> None:
    with pytest.raises(HubUnreachableError, match="certificate is not trusted"):
        run(transfer_of(server, tmp_path, None))
    assert server.requests == []


def test_a_slow_line_over_tls_breaks_nothing(
    server: HubServer, certificates: Certificates, tmp_path: Path
) -> None:
    """Reads that find nothing, again and again, in the middle of records."""
    server.fail(Fault(bytes_per_s=6 * MB), "cdn")
    assert run(transfer_of(server, tmp_path, certificates)) == CONTENT
    assert len(server.requests_to("cdn")) == 1


@pytest.mark.parametrize("fault", [Fault(stall_at=2 * MB), Fault(first_byte_after_s=30)])
def test_a_stall_over_tls_is_left_at_once(
    server: HubServer, certificates: Certificates, tmp_path: Path, fault: Fault
) -> None:
    server.fail(fault, "cdn")
    stop = StopSignal()
    patient = TransferLimits(reserve_bytes=0)
    transfer = transfer_of(server, tmp_path, certificates, stop=stop, limits=patient)
    stopped_s: list[float] = []

    def fetch() -> None:
        with pytest.raises(StoppedError):
            run(transfer)
        stopped_s.append(time.monotonic())

    thread = threading.Thread(target=fetch)
    thread.start()
    deadline_s = time.monotonic() + 60
    while not server.requests_to("cdn") or (fault.stall_at and not server.requests_to("cdn")[0].sent_bytes):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    began_s = time.monotonic()
    stop.set()
    thread.join(60)
    assert stopped_s[0] - began_s < patient.stall_timeout_s / 3
    stop.join(60)
    assert [each.name for each in threading.enumerate() if each.name.startswith("download")] == []


def test_through_a_proxy_to_the_real_name(
    server: HubServer, certificates: Certificates, tmp_path: Path
) -> None:
    server.fail(Fault(redirect_to=f"https://cdn.example{server_cdn_path(server)}"), "get", times=1)
    routes = {"huggingface.co:443": server.port, "cdn.example:443": urlsplit(server.cdn_url).port or 0}
    with ConnectProxy(routes) as proxy:
        transfer = transfer_of(server, tmp_path, certificates, host="huggingface.co", proxy=proxy.url)
        assert run(transfer) == CONTENT
        assert [head.split(" ", 2)[1] for head in proxy.heads] == ["huggingface.co:443", "cdn.example:443"]
        assert all("hf_x" not in head for head in proxy.heads)
    assert [request.authorization for request in server.requests] == ["Bearer hf_x", ""]


def test_a_proxy_that_wants_a_password_says_so(
    server: HubServer, certificates: Certificates, tmp_path: Path
) -> None:
    with ConnectProxy({}, password="eDp5") as proxy:
        transfer = transfer_of(server, tmp_path, certificates, host="huggingface.co", proxy=proxy.url)
        with pytest.raises(DownloadError, match="proxy does not let Ponder through"):
            run(transfer)


def server_cdn_path(server: HubServer) -> str:
    """Where the file is at the CDN, signed."""
    _, _, location = server.resolve(f"/{REPO}/resolve/main/{FILE}", "")  # type: ignore[misc]
    parts = urlsplit(str(location))
    return f"{parts.path}?{parts.query}"
