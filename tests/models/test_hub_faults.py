"""Every way a hub can fail, with the sentence that the user reads."""

from __future__ import annotations

import base64
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from models.download_errors import (
    MAX_RETRY_AFTER_S,
    DiskFullError,
    DownloadError,
    FolderNotWritableError,
    HubBrokenError,
    HubBusyError,
    HubRefusedError,
    HubUnreachableError,
    NotOnHubError,
    RangeRefusedError,
    TooManyRedirectsError,
    UnsafeRedirectError,
    error_of_answer,
    file_error,
    retry_after_s,
)
from models.hub import Hub, HubFile, NetworkSettings
from tests.hub_server import Fault, HubServer, faults
from tests.hub_server.proxy import ConnectProxy
from tests.hub_server.tls import make_certificates
from tests.network_guard import NetworkGuard

pytestmark = pytest.mark.loopback

REPO = "owner/R1-GGUF"
FILE = "r1-Q4_K_M.gguf"
TOKEN = "hf_tokenOfTheUser"

Ask = Callable[[Hub], object]
MODEL = HubFile(REPO, "main", FILE, 1, "", "", (FILE,))
QUESTIONS = [
    pytest.param(lambda hub: hub.list_gguf_files(REPO), id="list"),
    pytest.param(lambda hub: hub.locate(REPO, "main", FILE), id="locate"),
    pytest.param(lambda hub: hub.remote_shape(MODEL), id="shape"),
]


@pytest.fixture
def hub(hub_server: HubServer, mini_model: Path) -> Hub:
    hub_server.add_file(REPO, FILE, mini_model)
    return Hub(NetworkSettings(endpoint=hub_server.url, token=TOKEN))


@pytest.fixture
def impatient_hub(hub: Hub, hub_server: HubServer) -> Hub:
    return Hub(NetworkSettings(endpoint=hub_server.url, token=TOKEN), timeout_s=0.3)


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (faults.gated(401), HubRefusedError, "accepted its licence"),
        (faults.gated(403), HubRefusedError, "accepted its licence"),
        (faults.unauthorized(), HubRefusedError, "does not accept this access token"),
        (faults.disabled(), HubRefusedError, "switched owner/R1-GGUF off"),
        (Fault(status=403), HubRefusedError, "does not give owner/R1-GGUF"),
        (faults.repo_not_found(401), NotOnHubError, "no repository owner/R1-GGUF"),
        (faults.repo_not_found(404), NotOnHubError, "no repository owner/R1-GGUF"),
        (faults.revision_not_found(), NotOnHubError, "no such revision"),
        (faults.entry_not_found(), NotOnHubError, "no such file"),
        (Fault(status=404), NotOnHubError, "The hub has no owner/R1-GGUF"),
        (faults.too_many_requests("90"), HubBusyError, "in 90 seconds"),
        (faults.server_error(500), HubBrokenError, "error 500"),
        (faults.server_error(503), HubBrokenError, "error 503"),
        (Fault(status=418), HubBrokenError, "does not understand"),
        (faults.proxy_wants_password(), HubUnreachableError, "proxy does not let Ponder through"),
        (faults.redirect_loop(), TooManyRedirectsError, "redirects in circles"),
        (
            Fault(redirect_to="http://["),
            HubBrokenError,
            "not what the protocol says|without encryption",
        ),
    ],
)
def test_a_fault_has_its_own_sentence(
    hub: Hub, hub_server: HubServer, ask: Ask, fault: Fault, error: type[DownloadError], says: str
) -> None:
    hub_server.fail(fault)

    with pytest.raises(error, match=says) as failed:
        ask(hub)

    assert failed.value.message.endswith(".")
    assert failed.value.advice
    assert TOKEN not in f"{failed.value} {failed.value.details}"


@pytest.mark.parametrize("ask", QUESTIONS)
def test_an_answer_that_does_not_come(impatient_hub: Hub, hub_server: HubServer, ask: Ask) -> None:
    hub_server.fail(Fault(first_byte_after_s=30))

    with pytest.raises(HubUnreachableError, match="did not answer in time") as failed:
        ask(impatient_hub)

    assert failed.value.message.endswith(".")
    assert failed.value.advice
    assert TOKEN not in f"{failed.value} {failed.value.details}"


@pytest.mark.parametrize("fault", [Fault(reset_at=0), Fault(end_at=10)])
def test_an_answer_that_breaks_off(hub: Hub, hub_server: HubServer, fault: Fault) -> None:
    hub_server.fail(fault, "api")

    with pytest.raises(HubUnreachableError, match="lost"):
        hub.list_gguf_files(REPO)


def test_an_answer_that_stalls(impatient_hub: Hub, hub_server: HubServer) -> None:
    hub_server.fail(Fault(stall_at=10), "api")

    with pytest.raises(HubUnreachableError, match="did not answer in time"):
        impatient_hub.list_gguf_files(REPO)


@pytest.mark.parametrize("ask", QUESTIONS)
def test_a_refused_connection(hub_server: HubServer, ask: Ask) -> None:
    with pytest.raises(HubUnreachableError, match="refused the connection"):
        ask(Hub(NetworkSettings(endpoint=hub_server.refused_url)))


@pytest.mark.parametrize("ask", QUESTIONS)
def test_a_refused_proxy(hub: Hub, hub_server: HubServer, ask: Ask) -> None:
    with pytest.raises(HubUnreachableError, match="hub and proxy in the settings"):
        ask(Hub(NetworkSettings(proxy=hub_server.refused_url)))

    assert hub_server.requests == []


def test_a_name_that_leads_nowhere(network_guard: NetworkGuard) -> None:
    if os.environ.get("PONDER_TEST_OFFLINE") != "1":
        pytest.skip("run `make test`: it takes the network away first, and nobody is asked for the name")
    hub = Hub(NetworkSettings(endpoint="https://no-such-hub.invalid"))

    with network_guard.allowed(), pytest.raises(HubUnreachableError, match="was not found"):
        hub.list_gguf_files(REPO)


def test_a_fault_of_the_cdn_does_not_show_its_signed_address(hub: Hub, hub_server: HubServer) -> None:
    hub_server.fail(Fault(status=403, body=b"<Error/>"), "cdn")

    with pytest.raises(HubRefusedError) as failed:
        hub.remote_shape(MODEL)

    assert hub_server.requests_to("cdn")[0].query.startswith("X-Signature=")
    assert "Signature" not in f"{failed.value} {failed.value.details}"


@pytest.mark.parametrize("ask", QUESTIONS[:1])
@pytest.mark.parametrize("target", ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_a_redirect_without_encryption_is_not_followed(
    hub: Hub, hub_server: HubServer, ask: Ask, target: str
) -> None:
    hub_server.fail(Fault(redirect_to=target))

    with pytest.raises(UnsafeRedirectError, match="without encryption"):
        ask(hub)


# --- over TLS, as the real hub ---


def test_the_token_goes_to_the_hubs_own_host_and_nowhere_else(tmp_path: Path, mini_model: Path) -> None:
    certificates = make_certificates(tmp_path)
    with (
        HubServer(tls=certificates.server) as server,
        ConnectProxy({"huggingface.co:443": server.port}) as proxy,
    ):
        server.add_file(REPO, FILE, mini_model)
        server.require_licence(REPO, accepted_with=TOKEN)
        proxy.routes = {**proxy.routes, server.cdn_url.removeprefix("https://"): int(server.cdn_url[-5:])}
        hub = Hub(NetworkSettings(token=TOKEN, proxy=proxy.url), tls=certificates.client)

        (model,) = hub.list_gguf_files(REPO)
        location = hub.locate(REPO, "main", FILE)
        hub.remote_shape(model)

    assert location.url == f"https://huggingface.co/{REPO}/resolve/{location.commit}/{FILE}"
    assert location.headers == {"Authorization": f"Bearer {TOKEN}"}
    assert TOKEN not in repr(location)
    sent = {(request.place, request.authorization) for request in server.requests}
    bearer = f"Bearer {TOKEN}"
    assert sent == {("api", bearer), ("head", bearer), ("get", bearer), ("cdn", "")}
    assert proxy.heads
    assert all(TOKEN not in head for head in proxy.heads)


def test_without_a_token_a_gated_model_says_what_to_do(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with HubServer(tls=certificates.server) as server:
        server.add_file(REPO, FILE, b"1")
        server.require_licence(REPO, accepted_with=TOKEN)
        mirror = Hub(NetworkSettings(endpoint=server.url, token=TOKEN), tls=certificates.client)

        with pytest.raises(HubRefusedError, match=f"https://huggingface.co/{REPO}") as failed:
            mirror.locate(REPO, "main", FILE)

    assert failed.value.is_gated
    assert [request.authorization for request in server.requests] == [""]  # a mirror gets no token


def test_a_redirect_from_tls_to_plain_http_is_not_followed(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with HubServer(tls=certificates.server) as server, HubServer() as plain:
        server.fail(Fault(redirect_to=f"{plain.url}/api/models/{REPO}"))
        hub = Hub(NetworkSettings(endpoint=server.url), tls=certificates.client)

        with pytest.raises(UnsafeRedirectError):
            hub.list_gguf_files(REPO)

    assert plain.requests == []


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with (
        HubServer(tls=make_certificates(tmp_path).server) as server,
        pytest.raises(HubUnreachableError, match="certificate is not trusted"),
    ):
        Hub(NetworkSettings(endpoint=server.url)).list_gguf_files(REPO)

    assert server.requests == []


def test_a_proxy_that_wants_a_password(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    password = base64.b64encode(b"me:open sesame").decode()
    with (
        HubServer(tls=certificates.server) as server,
        ConnectProxy({"huggingface.co:443": server.port}, password=password) as proxy,
    ):
        server.add_file(REPO, FILE, b"1")
        with pytest.raises(HubUnreachableError, match="proxy does not let Ponder through"):
            Hub(NetworkSettings(proxy=proxy.url), tls=certificates.client).list_gguf_files(REPO)

        known = proxy.url.replace("http://", "http://me:open%20sesame@")
        files = Hub(NetworkSettings(proxy=known), tls=certificates.client).list_gguf_files(REPO)

    assert [file.path for file in files] == [FILE]


# --- the environment of the user ---

_CHILD = """
import sys
from models.hub import Hub, NetworkSettings
hub = Hub(NetworkSettings(endpoint=sys.argv[1]))
(file,) = hub.list_gguf_files("owner/R1-GGUF")
hub.locate(file.repo, file.revision, file.path)
from models.hub_connection import hub_library
from huggingface_hub import constants as known
print(known.ENDPOINT, known.HF_HUB_OFFLINE, known.HF_HUB_DISABLE_TELEMETRY, "hf_xet" in sys.modules)
"""


def test_the_users_environment_changes_nothing(hub_server: HubServer, home: Path, repository: Path) -> None:
    hub_server.add_file(REPO, FILE, b"1")
    own = home / "hf"
    own.mkdir()
    (own / "token").write_text("hf_stored")
    settings = {
        "HF_ENDPOINT": hub_server.refused_url,
        "HF_TOKEN": "hf_environment",
        "HUGGING_FACE_HUB_TOKEN": "hf_environment",
        "HF_HOME": str(own),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_ETAG_TIMEOUT": "not a number",
        "HF_HUB_USER_AGENT_ORIGIN": "somebody",
        "HF_DEBUG": "1",
        "HUGGINGFACE_CO_STAGING": "1",
        "HTTP_PROXY": hub_server.refused_url,
        "HTTPS_PROXY": hub_server.refused_url,
        "ALL_PROXY": hub_server.refused_url,
        "AI_AGENT": "an-agent",
    }
    command = [sys.executable, "-W", "error", "-c", _CHILD, hub_server.url]

    child = subprocess.run(
        command, env={**os.environ, **settings}, cwd=repository, capture_output=True, text=True, check=False
    )

    assert child.stderr == ""
    assert child.stdout.split() == ["https://huggingface.co", "False", "True", "False"]
    assert [(request.method, request.authorization) for request in hub_server.requests] == [
        ("GET", ""),
        ("HEAD", ""),
    ]
    assert {request.headers["user-agent"] for request in hub_server.requests} == {"Ponder"}
    assert [path.name for path in home.rglob("*")] == ["hf", "token"]


# --- errors made from numbers ---


def test_how_long_a_busy_hub_wants_to_be_left_alone() -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    later = format_datetime(now + timedelta(minutes=3), usegmt=True)

    assert retry_after_s({"Retry-After": "7"}) == 7
    assert retry_after_s({"Retry-After": later, "Date": format_datetime(now, usegmt=True)}) == 180
    assert retry_after_s({"Retry-After": format_datetime(now - timedelta(days=9), usegmt=True)}) == 0
    assert retry_after_s({"Retry-After": "9" * 30}) == MAX_RETRY_AFTER_S
    for nothing in ("", "soon", "-1", "١", "Wed, 99 Nov 2026 99:99:99 GMT"):
        assert retry_after_s({"Retry-After": nothing}) is None
    assert "3 minutes" in str(HubBusyError(180))


def test_a_range_that_is_refused() -> None:
    assert isinstance(error_of_answer(416, {}), RangeRefusedError)


@pytest.mark.parametrize(
    ("number", "error", "says"),
    [
        (errno.ENOSPC, DiskFullError, "disk is full"),
        (errno.EFBIG, DiskFullError, "FAT32"),
        (errno.EROFS, FolderNotWritableError, "cannot write into the folder “models”"),
        (errno.EACCES, FolderNotWritableError, "cannot write"),
        (errno.EIO, DownloadError, "could not be written"),
    ],
)
def test_errors_of_the_disk(number: int, error: type[DownloadError], says: str) -> None:
    made = file_error(OSError(number, os.strerror(number)), Path("models") / "r1.gguf.part")

    assert type(made) is error
    assert says in str(made)
    assert made.kept == "What was fetched so far is kept."
