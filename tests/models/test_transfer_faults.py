"""Every fault of the way: the right sentence, nothing wrong under a final name, little fetched twice."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from models import transfer
from models.download_status import DownloadState
from models.transfer import TransferLimits
from tests.hub_server import Fault, HubServer, faults
from tests.models.download_rig import FETCHED_TWICE_BYTES, FILE, IMPATIENT, MB, DownloadRig, content_of

pytestmark = pytest.mark.loopback

SIZE = 14 * MB
HALF = 8 * MB


@pytest.fixture
def rig(hub_server: HubServer, tmp_path: Path) -> Iterator[DownloadRig]:
    rig = DownloadRig(hub_server, tmp_path / "models")
    yield rig
    rig.close()


@dataclass(frozen=True)
class Case:
    """A fault that stays until it is healed: how the download fails, and in which words."""

    fault: Fault
    code: str
    words: str
    places: tuple[str, ...] = ("cdn",)


LASTING = {
    "a reset in the middle": Case(Fault(reset_at=2 * MB), "", "lost"),
    "a reset at once": Case(Fault(reset_at=0), "hub_unreachable", "connection to the hub was lost"),
    "a stall at once": Case(Fault(stall_at=0), "hub_unreachable", "did not answer in time"),
    "a slow start": Case(Fault(first_byte_after_s=30), "hub_unreachable", "did not answer in time"),
    "401": Case(faults.unauthorized(), "hub_refused", "does not accept this access token", ("head",)),
    "401 at the CDN": Case(Fault(status=401), "hub_refused", "does not give"),
    "403 at the CDN": Case(Fault(status=403), "hub_refused", "does not give"),
    "403 gated": Case(faults.gated(), "hub_refused", "accepted its licence", ("head",)),
    "403 gated, later": Case(faults.gated(), "hub_refused", "accepted its licence", ("get",)),
    "404": Case(faults.entry_not_found(), "not_on_hub", "no such file", ("head",)),
    "404 at the CDN": Case(Fault(status=404), "not_on_hub", "no such file"),
    "416": Case(faults.range_not_satisfiable(), "range_refused", "does not go on"),
    "429 for long": Case(faults.too_many_requests("4000"), "hub_busy", "Try again in 67 minutes"),
    "429 without a time": Case(faults.too_many_requests(), "hub_busy", "asked too often"),
    "429 at the hub": Case(faults.too_many_requests("4000"), "hub_busy", "in 67 minutes", ("head",)),
    "500": Case(faults.server_error(500), "hub_broken", "trouble of its own (error 500)"),
    "503 at the hub": Case(faults.server_error(503), "hub_broken", "error 503", ("head",)),
    "a truncated body": Case(Fault(end_at=0), "hub_unreachable", "connection to the hub was lost"),
    "another range": Case(Fault(content_range="bytes 5-9/10"), "", "does not go on"),
    "a redirect loop": Case(faults.redirect_loop(), "too_many_redirects", "in circles"),
    "plain http": Case(
        Fault(redirect_to="http://192.0.2.1/x"), "unsafe_redirect", "address without encryption"
    ),
    "another scheme": Case(Fault(redirect_to="file:///etc/passwd"), "unsafe_redirect", "without encryption"),
    "a redirect to nowhere": Case(Fault(status=302), "hub_broken", "redirects to nowhere"),
    "another file": Case(Fault(content=b"x" * MB), "size_mismatch", "not the one that was asked for"),
    "a packed answer": Case(
        Fault(status=200, headers={"Content-Encoding": "gzip"}, body=b"x"), "hub_broken", "cannot be used"
    ),
    "no content": Case(Fault(status=204), "hub_broken", "204"),
    "one flipped byte": Case(Fault(flip_at=2 * MB), "hash_mismatch", "arrived damaged twice"),
    "another file of the same size": Case(
        Fault(content=content_of(3 * MB, 99)), "hash_mismatch", "arrived damaged twice"
    ),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_fails_in_the_right_words_and_can_be_resumed(rig: DownloadRig, name: str) -> None:
    case = LASTING[name]
    content = rig.serve(3 * MB)
    if "did not answer in time" in case.words:
        rig.notice_stalls_soon()
    rig.server.fail(case.fault, *case.places)  # type: ignore[arg-type]
    status = rig.run()
    if not case.code:  # it gets through in spite of it, since each go brings something new
        assert status.state is DownloadState.DONE, status
    else:
        assert (status.state, status.error.code) == (DownloadState.FAILED, case.code), status
        assert case.words in str(status.error)
        assert status.error.kept
        assert status.error.advice
        assert not rig.final().exists()
        rig.server.heal()
        assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    assert rig.names() == [FILE]


PASSING = {
    "a reset": Fault(reset_at=HALF),
    "two stalls": Fault(stall_at=HALF // 2),
    "a truncated body": Fault(end_at=HALF),
    "401 in between": Fault(status=500),
    "416": faults.range_not_satisfiable(),
    "429": faults.too_many_requests("0"),
    "a range of something else": Fault(content_range="bytes 1-2/3"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_in_the_middle_costs_next_to_nothing(rig: DownloadRig, name: str) -> None:
    content = rig.serve(SIZE)
    if "stall" in name:
        rig.notice_stalls_soon()
    rig.server.fail(Fault(reset_at=HALF), "cdn", times=1)
    rig.server.fail(PASSING[name], "cdn", times=1)
    status = rig.run()
    assert status.state is DownloadState.DONE, status
    assert rig.final().read_bytes() == content
    assert rig.server.file_bytes_sent - SIZE <= FETCHED_TWICE_BYTES
    starts = [request.range for request in rig.server.requests_to("cdn")]
    assert starts[0] == ""
    assert all(start.startswith("bytes=") for start in starts[1:])


def test_a_line_that_breaks_all_the_time_gets_there(rig: DownloadRig) -> None:
    content = rig.serve(SIZE)
    rig.server.fail(Fault(end_at=MB), "cdn")
    assert rig.run().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    assert len(rig.server.requests_to("cdn")) >= 14
    assert rig.server.file_bytes_sent - SIZE <= FETCHED_TWICE_BYTES


def test_a_stall_in_the_middle_is_noticed(rig: DownloadRig) -> None:
    content = rig.serve(SIZE)
    rig.notice_stalls_soon()
    rig.server.fail(Fault(stall_at=HALF), "cdn", times=1)
    assert rig.run().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    assert any("has sent nothing for" in news.notice for news in rig.news)


def test_nobody_there_and_then_somebody_is(rig: DownloadRig) -> None:
    content = rig.serve(SIZE)
    rig.settings = rig.settings.__class__(endpoint=rig.server.refused_url)
    status = rig.run()
    assert (status.state, status.error.code) == (DownloadState.FAILED, "hub_unreachable")
    assert status.error.message == "The hub refused the connection."
    assert any("Ponder tries again in" in news.notice for news in rig.news)
    rig.settings = rig.settings.__class__(endpoint=rig.server.url)
    assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.final().read_bytes() == content


def test_a_name_that_leads_nowhere(rig: DownloadRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(*question: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    rig.serve()
    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    rig.settings = rig.settings.__class__(endpoint="https://no-such-hub.invalid")
    status = rig.run()
    assert (status.state, status.error.code) == (DownloadState.FAILED, "hub_unreachable")
    assert "name leads to no address" in status.error.message


def test_the_cable_is_pulled_and_put_back(rig: DownloadRig) -> None:
    content = rig.serve(SIZE)
    rig.limits = TransferLimits(reserve_bytes=0, first_pause_s=0.05, longest_pause_s=0.1, tries=50)
    rig.new_queue()
    rig.server.fail(Fault(bytes_per_s=20 * MB), "cdn", times=1)
    rig.queue.add(rig.request())
    rig.wait_for(lambda news: news.done_bytes > 0 and news.state is DownloadState.RUNNING)
    rig.server.go_away()
    rig.wait_for(lambda news: "tries again" in news.notice)
    rig.server.come_back()
    assert rig.wait_until(DownloadState.DONE, DownloadState.FAILED).state is DownloadState.DONE
    assert rig.final().read_bytes() == content


def test_one_flipped_byte_is_fetched_once_more(rig: DownloadRig) -> None:
    content = rig.serve(SIZE)
    rig.server.fail(Fault(flip_at=HALF), "cdn", times=1)
    assert rig.run().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    assert any("damaged on the way" in news.notice for news in rig.news)


def test_a_hash_that_is_wrong_twice_is_told_with_both(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    rig.server.fail(Fault(flip_at=HALF), "cdn")
    problem = rig.run().error
    expected = rig.request().files[0].sha256
    assert expected in problem.message
    assert len([word for word in problem.message.replace(",", "").split() if len(word) == 64]) >= 1
    assert rig.names() == []


def test_the_catalogue_wins_over_the_hub(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    request = rig.request()
    rig.serve(SIZE, seed=2)  # the hub has another file by now, and says so of it
    status = rig.run(request)
    assert status.error.code == "hash_mismatch"
    rig.serve(SIZE + 1, seed=3)
    assert rig.resume_to_the_end().error.code == "size_mismatch"
    assert not rig.final().exists()


@pytest.mark.parametrize("fault", [Fault(ignores_range=True), Fault(etag='"another"')])
def test_a_server_that_does_not_go_on_begins_anew_without_writing_double(
    rig: DownloadRig, fault: Fault
) -> None:
    content = rig.serve(SIZE)
    rig.server.fail(Fault(reset_at=HALF), "cdn", times=1)
    rig.server.fail(fault, "cdn")
    assert rig.run().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    assert [request.status for request in rig.server.requests_to("cdn")] == [200, 200]
    assert any("begins anew" in news.notice for news in rig.news)


def test_another_file_on_resume_is_not_glued_to_the_old_one(rig: DownloadRig) -> None:
    """Where nobody knows the hash beforehand, and `main` moves on in between."""
    rig.serve(SIZE)
    rig.server.fail(Fault(reset_at=HALF), "cdn", times=1)
    rig.server.fail(Fault(status=404), "cdn", times=1)
    request = rig.request(with_hash=False)
    request = request.__class__(request.id, request.title, request.repo, "main", request.files)
    assert rig.run(request).state is DownloadState.FAILED
    rig.server.add_commit(request.repo)
    content = rig.serve(SIZE, seed=2)
    assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.final().read_bytes() == content


def test_a_server_that_ignores_ranges_and_breaks_off_is_given_up(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    rig.server.fail(Fault(ignores_range=True, end_at=HALF), "cdn")
    assert rig.run().error.code == "hub_unreachable"
    assert len(rig.server.requests_to("cdn")) <= IMPATIENT.tries + 1


def test_a_lasting_416_does_not_throw_away_what_is_there(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    rig.server.fail(Fault(reset_at=HALF), "cdn", times=1)
    rig.server.fail(faults.range_not_satisfiable(), "cdn")
    assert rig.run().error.code == "range_refused"
    assert rig.part().stat().st_size > HALF - FETCHED_TWICE_BYTES
    rig.server.heal()
    assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.server.file_bytes_sent - SIZE <= FETCHED_TWICE_BYTES


def test_retry_after_is_heeded(rig: DownloadRig) -> None:
    rig.serve()
    rig.server.fail(faults.too_many_requests("1"), "cdn", times=1)
    began_s = time.monotonic()
    assert rig.run().state is DownloadState.DONE
    assert time.monotonic() - began_s >= 1
    assert any("tries again in 1 s" in news.notice for news in rig.news)


def test_a_signed_address_that_ran_out_is_asked_for_anew(rig: DownloadRig) -> None:
    content = rig.serve(SIZE)
    rig.server.fail(Fault(reset_at=HALF), "cdn", times=1)
    rig.server.fail(Fault(first_byte_after_s=0.1), "get", times=1)
    rig.server.expire_signed_urls()
    assert rig.run().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    sidecar_urls = [news.notice for news in rig.news]
    assert all("secret" not in text for text in sidecar_urls)


def test_no_signature_and_no_token_gets_to_the_disk(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    rig.server.fail(Fault(reset_at=HALF), "cdn", times=1)
    rig.server.fail(Fault(status=404), "cdn")
    assert rig.run().state is DownloadState.FAILED
    for path in rig.folder.rglob("*.json"):
        assert "secret" not in path.read_text()
        assert "?" not in path.read_text().replace("advice?", "")


def test_the_time_of_day_does_not_matter(rig: DownloadRig, monkeypatch: pytest.MonkeyPatch) -> None:
    content = rig.serve(SIZE)
    rig.server.fail(Fault(bytes_per_s=20 * MB), "cdn")
    real = time.time
    jumps = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(jumps) * 10**8)
    assert rig.run().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    running = [news for news in rig.news if news.state is DownloadState.RUNNING]
    assert all(0 <= news.speed_bytes_per_s < 10**9 for news in running)


def test_offline_nothing_is_asked(rig: DownloadRig) -> None:
    rig.serve()
    rig.settings = rig.settings.__class__(endpoint=rig.server.url, offline=True)
    status = rig.run()
    assert (status.state, status.error.code) == (DownloadState.FAILED, "offline")
    assert rig.server.requests == []
    assert rig.names() == []


def test_going_offline_ends_the_next_go(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    rig.notice_stalls_soon()
    rig.server.fail(Fault(stall_at=HALF), "cdn")
    rig.queue.add(rig.request())
    rig.wait_for(lambda news: news.done_bytes >= HALF - MB)
    rig.settings = rig.settings.__class__(endpoint=rig.server.url, offline=True)
    assert rig.wait_until(DownloadState.FAILED).error.code == "offline"
    assert rig.part().stat().st_size >= HALF - MB


def test_room_that_goes_away_in_the_middle_is_noticed(
    rig: DownloadRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = rig.serve(SIZE)
    monkeypatch.setattr(transfer, "ROOM_EVERY_BYTES", MB)

    def shrinking(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(free=SIZE if rig.part().stat().st_size < HALF else SIZE // 4)

    monkeypatch.setattr(shutil, "disk_usage", shrinking)
    rig.limits = TransferLimits(reserve_bytes=0)
    rig.new_queue()
    rig.server.fail(Fault(bytes_per_s=60 * MB), "cdn")
    status = rig.run()
    assert status.error.code == "disk_full"
    assert status.done_bytes >= HALF
    monkeypatch.undo()
    assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.final().read_bytes() == content


def test_too_little_room_is_said_before_a_byte_is_fetched(rig: DownloadRig) -> None:
    rig.serve(SIZE)
    rig.limits = TransferLimits(reserve_bytes=10**18)
    rig.new_queue()
    status = rig.run()
    assert status.error.code == "disk_full"
    assert status.error.message.startswith("There is not enough room on the disk: 0.0 GB are to come")
    assert rig.server.requests_to("cdn") == []
