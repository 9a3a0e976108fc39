"""One file's transfer: stopped and gone on with at any place, and where its requests may lead."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.download_errors import DownloadError, TooManyRedirectsError, UnsafeRedirectError
from models.download_status import RequestedFile
from models.hub import FileLocation
from models.stop_signal import StoppedError, StopSignal
from models.transfer import Transfer, TransferLimits, TransferNews
from models.transfer_connection import MAX_REDIRECTS, _redirected, _require_safe_url
from tests.hub_server import Fault, HubServer
from tests.models.download_rig import FILE, IMPATIENT, MB, REPO, content_of

pytestmark = pytest.mark.loopback

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SIZE = 3 * MB + 17
TOKEN = {"Authorization": "Bearer hf_secret"}


class OneFile:
    """A file on the server, and transfers of it to one place."""

    def __init__(self, server: HubServer, folder: Path, size_bytes: int = SIZE) -> None:
        self.server = server
        self.content = content_of(size_bytes)
        self.final = folder / "o__n" / FILE
        server.add_file(REPO, FILE, self.content)
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        self.stop = StopSignal()
        self.news: list[TransferNews] = []
        self.url = f"{server.url}/{REPO}/resolve/{server.commit(REPO)}/{FILE}"
        self.headers: dict[str, str] = {}

    def locate(self) -> FileLocation:
        return FileLocation(self.url, len(self.content), self.sha256, self.sha256, "c" * 40, self.headers)

    def transfer(self, stop_at_bytes: int = -1, limits: TransferLimits = IMPATIENT) -> Transfer:
        """A new transfer, which is stopped as soon as so many bytes are there."""
        self.stop = StopSignal()

        def tell(news: TransferNews) -> None:
            self.news.append(news)
            if 0 <= stop_at_bytes <= news.done_bytes and not news.is_checking:
                self.stop.set()

        wanted = RequestedFile(FILE, len(self.content), self.sha256)
        return Transfer(self.final, REPO, wanted, self.locate, tell, self.stop, tls=TLS, limits=limits)

    def go(self, stop_at_bytes: int = -1) -> bool:
        """Fetch until it is done or stopped: whether it is done."""
        transfer = self.transfer(stop_at_bytes)
        try:
            transfer.fetch()
            transfer.publish()
        except StoppedError:
            return False
        finally:
            transfer.close()
            self.stop.join(60)
        return True


@pytest.fixture
def one_file(hub_server: HubServer, tmp_path: Path) -> OneFile:
    return OneFile(hub_server, tmp_path)


places = st.integers(0, SIZE)
goes = st.one_of(
    st.builds(lambda at: (Fault(), at), places),
    st.builds(lambda at: (Fault(reset_at=at), SIZE + 1), places),
    st.builds(lambda at: (Fault(end_at=at), SIZE + 1), places),
    st.builds(lambda at, stop: (Fault(end_at=at), stop), places, places),
    st.just((Fault(ignores_range=True), SIZE // 2)),
    st.just((Fault(etag='"another"'), SIZE + 1)),
    st.just((Fault(content_range="bytes 0-1/2"), SIZE + 1)),
)


@pytest.mark.proof
def test_stopped_and_gone_on_with_anywhere_the_file_is_right_to_the_byte(tmp_path: Path) -> None:
    with HubServer() as server:
        one_file = OneFile(server, tmp_path)

        @settings(max_examples=max(settings().max_examples // 3, 20))
        @given(st.lists(goes, max_size=6))
        def check(breaks: list[tuple[Fault, int]]) -> None:
            one_file.final.unlink(missing_ok=True)
            for fault, stop_at_bytes in breaks:
                server.heal()
                server.fail(fault, "cdn", times=1)
                if one_file.go(stop_at_bytes):
                    break
                assert not one_file.final.exists()
            server.heal()
            assert one_file.final.exists() or one_file.go()
            assert one_file.final.read_bytes() == one_file.content
            assert [path.name for path in one_file.final.parent.iterdir()] == [FILE]

        check()


def test_a_stop_loses_no_byte_that_came(one_file: OneFile) -> None:
    assert not one_file.go(MB)
    kept = one_file.final.with_name(FILE + ".part").stat().st_size
    assert kept >= MB
    assert kept == max(news.done_bytes for news in one_file.news)
    assert one_file.go()
    assert one_file.server.requests_to("cdn")[-1].range == f"bytes={kept}-"
    assert one_file.server.requests_to("cdn")[-1].headers["if-range"].startswith('"')


def test_what_is_there_is_checked_before_it_is_gone_on_with(one_file: OneFile) -> None:
    one_file.go(2 * MB)
    one_file.news.clear()
    assert one_file.go()
    checked = [news.done_bytes for news in one_file.news if news.is_checking]
    assert checked == sorted(checked)
    assert checked[0] > 0


def test_the_token_goes_to_the_host_of_the_address_and_nowhere_else(one_file: OneFile) -> None:
    one_file.headers = TOKEN
    assert one_file.go()
    assert [request.authorization for request in one_file.server.requests_to("get")] == ["Bearer hf_secret"]
    assert [request.authorization for request in one_file.server.requests_to("cdn")] == [""]


def test_a_token_that_was_dropped_stays_dropped_when_it_leads_back(one_file: OneFile) -> None:
    one_file.headers = TOKEN
    server = one_file.server
    back = one_file.url + "?again"
    server.fail(Fault(redirect_to=f"{server.cdn_url}/repos/o/n/c/elsewhere"), "get", times=1)
    server.fail(Fault(redirect_to=back), "cdn", times=1)
    assert one_file.go()
    sent = [(request.place, request.authorization) for request in server.requests]
    assert sent == [("get", "Bearer hf_secret"), ("cdn", ""), ("get", ""), ("cdn", "")]


def test_no_header_of_ours_says_more_than_needed(one_file: OneFile) -> None:
    one_file.go()
    for request in one_file.server.requests:
        assert set(request.headers) <= {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert request.headers["user-agent"] == "Ponder"


def test_five_redirects_are_followed_and_no_more(one_file: OneFile) -> None:
    server = one_file.server
    server.fail(Fault(redirect_to=one_file.url), "get", times=MAX_REDIRECTS - 1)
    assert one_file.go()
    one_file.final.unlink()
    server.fail(Fault(redirect_to=one_file.url), "get", times=MAX_REDIRECTS)
    with pytest.raises(TooManyRedirectsError):
        one_file.go()


@pytest.mark.parametrize(
    ("before", "target", "is_allowed"),
    [
        ("https://huggingface.co/a", "https://cdn.example/b", True),
        ("https://huggingface.co/a", "/b", True),
        ("https://huggingface.co/a", "//cdn.example/b", True),
        ("https://huggingface.co/a", "http://cdn.example/b", False),
        ("https://huggingface.co/a", "http://127.0.0.1:8080/b", False),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:2/b", True),
        ("http://localhost:1/a", "http://[::1]:2/b", True),
        ("http://127.0.0.1:1/a", "https://cdn.example/b", True),
        ("http://127.0.0.1:1/a", "http://192.168.0.1/b", False),
        ("http://127.0.0.1:1/a", "http://127.0.0.1.evil.example/b", False),
        ("https://huggingface.co/a", "ftp://cdn.example/b", False),
        ("https://huggingface.co/a", "data:text/plain,x", False),
        ("https://huggingface.co/a", "http://", False),
    ],
)
def test_where_a_redirect_may_lead(before: str, target: str, is_allowed: bool) -> None:
    if is_allowed:
        _redirected(httpx2.URL(before), target)
    else:
        with pytest.raises(DownloadError):
            _redirected(httpx2.URL(before), target)


def test_the_first_address_is_held_to_the_same_rule() -> None:
    _require_safe_url(httpx2.URL("https://huggingface.co"), before=None)
    _require_safe_url(httpx2.URL("http://127.0.0.1:1"), before=None)
    with pytest.raises(UnsafeRedirectError):
        _require_safe_url(httpx2.URL("http://huggingface.co"), before=None)
