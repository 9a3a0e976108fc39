"""What the real huggingface_hub asks of a hub, and what becomes of the answers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.download_errors import (
    HubBrokenError,
    HubUnreachableError,
    NotOnHubError,
    OfflineError,
    UnsafeNameError,
)
from models.errors import ModelFileError
from models.hub import Hub, HubFile, NetworkSettings
from models.model_shape import read_shape
from models.remote_file import PIECE_BYTES
from tests.hub_server import Fault, HubServer
from tests.models.model_sets import write_parts
from tests.models.tiny_gguf import write_tiny_gguf

pytestmark = pytest.mark.loopback

REPO = "owner/R1-GGUF"
ALLOWED_HEADERS = {"host", "accept", "accept-encoding", "connection", "user-agent", "range"}


@pytest.fixture
def hub(hub_server: HubServer) -> Hub:
    return Hub(NetworkSettings(endpoint=hub_server.url), timeout_s=5)


# --- listing ---


def test_a_repository_is_listed_with_one_request(hub: Hub, hub_server: HubServer) -> None:
    small = hub_server.add_file(REPO, "r1-Q4_K_M.gguf", b"small")
    large = hub_server.add_file(REPO, "r1-Q8_0.gguf", b"a larger one")
    commit = hub_server.commit(REPO)

    files = hub.list_gguf_files(f"https://huggingface.co/{REPO}/tree/main")

    assert files == [
        HubFile(REPO, commit, "r1-Q4_K_M.gguf", 5, small.sha256, "Q4_K_M", ("r1-Q4_K_M.gguf",)),
        HubFile(REPO, commit, "r1-Q8_0.gguf", 12, large.sha256, "Q8_0", ("r1-Q8_0.gguf",)),
    ]
    assert [str(request) for request in hub_server.requests] == [
        f"GET /api/models/{REPO}/revision/main?blobs=true"
    ]


def test_parts_are_one_model_and_other_files_are_left_out(hub: Hub, hub_server: HubServer) -> None:
    parts = tuple(f"Q8_0/r1-Q8_0-{number:05d}-of-00003.gguf" for number in (1, 2, 3))
    for part in reversed(parts):
        hub_server.add_file(REPO, part, part.encode())
    hub_server.add_file(REPO, "r1-BF16-00001-of-00002.gguf", b"its second part is missing")
    for other in ("README.md", "mmproj-F16.gguf", "r1.imatrix.gguf", "model.safetensors", "a/../../up.gguf"):
        hub_server.add_file(REPO, other, b"other", in_lfs=False)
    hub_server.add_file(REPO, "empty.gguf", b"")

    (model,) = hub.list_gguf_files(REPO)

    assert model.parts == parts
    assert model.path == parts[0]
    assert model.size_bytes == sum(len(part) for part in parts)
    assert (model.sha256, model.quantisation) == ("", "Q8_0")


def test_a_list_is_pinned_to_the_commit_it_was_made_of(hub: Hub, hub_server: HubServer) -> None:
    old = hub_server.add_file(REPO, "r1.gguf", b"old")
    (listed,) = hub.list_gguf_files(REPO)
    hub_server.add_commit(REPO)
    hub_server.add_file(REPO, "r1.gguf", b"newer")

    location = hub.locate(REPO, listed.revision, listed.path)

    assert (location.commit, location.sha256, location.size_bytes) == (listed.revision, old.sha256, 3)
    assert hub.list_gguf_files(REPO)[0].size_bytes == 5
    assert hub.list_gguf_files(REPO, listed.revision)[0].size_bytes == 3


# --- locating ---


def test_a_file_is_located_with_one_request_to_the_hub(hub: Hub, hub_server: HubServer) -> None:
    path = "Größe/r1 🤔 #1-Q4_K_M.gguf"
    file = hub_server.add_file(REPO, path, b"1234567")

    location = hub.locate(REPO, "main", path)

    assert location.commit == hub_server.commit(REPO)
    assert (location.size_bytes, location.sha256, location.etag) == (7, file.sha256, file.sha256)
    assert location.url.startswith(f"{hub_server.url}/{REPO}/resolve/{location.commit}/Gr%C3%B6%C3%9Fe/")
    assert location.headers == {}
    assert [request.method for request in hub_server.requests] == ["HEAD"]


def test_a_file_outside_of_lfs_has_no_known_hash(hub: Hub, hub_server: HubServer) -> None:
    hub_server.add_file(REPO, "small.gguf", b"12", in_lfs=False)

    location = hub.locate(REPO, "main", "small.gguf")

    assert (location.size_bytes, location.sha256) == (2, "")


def test_a_repository_that_was_renamed_is_followed(hub: Hub, hub_server: HubServer) -> None:
    file = hub_server.add_file("owner/New", "r1.gguf", b"123")
    hub_server.fail(Fault(redirect_to="/api/models/owner/New?blobs=true"), "api", times=1)
    hub_server.fail(Fault(redirect_to="/owner/New/resolve/main/r1.gguf"), "head", times=1)

    (listed,) = hub.list_gguf_files(REPO)
    location = hub.locate(REPO, "main", "r1.gguf")

    assert (listed.repo, listed.sha256, location.sha256) == (REPO, file.sha256, file.sha256)


# --- what is asked, and what is not ---


def test_nothing_but_the_questions_reaches_the_server(
    hub: Hub, hub_server: HubServer, tmp_path: Path
) -> None:
    write_tiny_gguf(tmp_path / "r1.gguf")
    hub_server.add_file(REPO, "r1.gguf", tmp_path / "r1.gguf")
    commit = hub_server.commit(REPO)

    (model,) = hub.list_gguf_files(REPO)
    hub.remote_shape(model)

    asked = [f"{request.place} {request.method} {request.path}" for request in hub_server.requests]
    assert asked == [
        f"api GET /api/models/{REPO}/revision/main",
        f"head HEAD /{REPO}/resolve/{commit}/r1.gguf",
        f"get GET /{REPO}/resolve/{commit}/r1.gguf",
        f"cdn GET /repos/{REPO}/{commit}/r1.gguf",
    ]
    for request in hub_server.requests:
        assert set(request.headers) <= ALLOWED_HEADERS
        assert request.headers["user-agent"] == "Ponder"


def test_offline_nothing_is_asked(hub_server: HubServer) -> None:
    hub_server.add_file(REPO, "r1.gguf", b"1")
    hub = Hub(NetworkSettings(endpoint=hub_server.url, offline=True))
    model = HubFile(REPO, "main", "r1.gguf", 1, "", "", ("r1.gguf",))

    for ask in (
        lambda: hub.list_gguf_files(REPO),
        lambda: hub.locate(REPO, "main", "r1.gguf"),
        lambda: hub.remote_shape(model),
    ):
        with pytest.raises(OfflineError):
            ask()

    assert hub_server.requests == []


@pytest.mark.parametrize(
    "repo", ["../../api", "owner", "owner/..", "owner/na--me", "https://evil.example/o/n"]
)
def test_a_repository_that_is_none_is_not_asked_for(hub: Hub, hub_server: HubServer, repo: str) -> None:
    with pytest.raises(UnsafeNameError):
        hub.list_gguf_files(repo)
    with pytest.raises(UnsafeNameError):
        hub.locate(repo, "main", "r1.gguf")

    assert hub_server.requests == []


@pytest.mark.parametrize("path", ["../r1.gguf", "/etc/r1.gguf", "a//r1.gguf", "C:\\r1.gguf", "a\nb.gguf", ""])
def test_a_file_that_leads_out_is_not_asked_for(hub: Hub, hub_server: HubServer, path: str) -> None:
    with pytest.raises(UnsafeNameError):
        hub.locate(REPO, "main", path)
    with pytest.raises(UnsafeNameError):
        hub.locate(REPO, "../main", "r1.gguf")

    assert hub_server.requests == []


def test_the_environment_is_left_as_it_was(
    hub: Hub, hub_server: HubServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(home / "of the user"))
    hub_server.add_file(REPO, "r1.gguf", b"1")
    before = dict(os.environ)

    hub.list_gguf_files(REPO)

    assert dict(os.environ) == before
    assert list(home.iterdir()) == []


def test_no_cookie_is_kept(hub: Hub, hub_server: HubServer) -> None:
    hub_server.add_file(REPO, "r1.gguf", b"1")
    hub_server.fail(Fault(redirect_to="itself", headers={"Set-Cookie": "id=1"}), "api", times=1)

    hub.list_gguf_files(REPO)
    hub.list_gguf_files(REPO)

    assert len(hub_server.requests) == 3
    assert not any("cookie" in request.headers for request in hub_server.requests)


def test_two_hubs_at_once_keep_to_their_own_connections(hub_server: HubServer) -> None:
    with HubServer() as other:
        for server, file in ((hub_server, "here.gguf"), (other, "there.gguf")):
            server.add_file(REPO, file, b"1")
            server.fail(Fault(first_byte_after_s=0.01), "api")
        hubs = [Hub(NetworkSettings(endpoint=server.url)) for server in (hub_server, other)]

        with ThreadPoolExecutor(8) as pool:
            lists = list(pool.map(lambda hub: hub.list_gguf_files(REPO), hubs * 20))

    assert [files[0].path for files in lists] == ["here.gguf", "there.gguf"] * 20


def test_the_library_is_imported_with_the_first_question(repository: Path) -> None:
    command = "import sys, models.hub; print(sorted({'huggingface_hub', 'httpx2'} & set(sys.modules)))"

    child = subprocess.run(
        [sys.executable, "-c", command], cwd=repository, capture_output=True, text=True, check=True
    )

    assert child.stdout == "[]\n"


# --- the shape of a model that is not here ---


def test_the_shape_of_a_model_is_read_from_its_beginning(
    hub: Hub, hub_server: HubServer, mini_model: Path, tmp_path: Path
) -> None:
    large = tmp_path / "r1-Q8_0.gguf"
    large.write_bytes(mini_model.read_bytes())
    os.truncate(large, 3_000_000_000)  # a sparse file
    hub_server.add_file(REPO, large.name, large, sha256="0" * 64)

    shape = hub.remote_shape(hub.list_gguf_files(REPO)[0])

    here = read_shape(mini_model)
    assert (shape.groups, shape.layers) == (here.groups, here.layers)
    assert shape.size_bytes == 3_000_000_000
    assert hub_server.file_bytes_sent <= PIECE_BYTES


def test_a_long_header_comes_in_pieces_and_the_hub_redirects_once(
    hub: Hub, hub_server: HubServer, tmp_path: Path
) -> None:
    tokens = [f"{number:060d}" for number in range(70_000)]
    path = write_tiny_gguf(tmp_path / "r1.gguf", changes={"tokenizer.ggml.tokens": tokens})
    hub_server.add_file(REPO, "r1.gguf", path)

    shape = hub.remote_shape(hub.list_gguf_files(REPO)[0])

    assert shape == read_shape(path)
    assert [request.range for request in hub_server.requests_to("cdn")] == [
        f"bytes=0-{PIECE_BYTES - 1}",
        f"bytes={PIECE_BYTES}-{2 * PIECE_BYTES - 1}",
        f"bytes={2 * PIECE_BYTES}-{path.stat().st_size - 1}",
    ]
    assert len(hub_server.requests_to("get")) == 1


def test_the_shape_of_a_model_in_parts(hub: Hub, hub_server: HubServer, tmp_path: Path) -> None:
    parts = write_parts(tmp_path)
    for part in parts:
        hub_server.add_file(REPO, f"Q8_0/{part.name}", part)

    assert hub.remote_shape(hub.list_gguf_files(REPO)[0]) == read_shape(parts[0])


def test_a_file_that_is_no_model_is_told_from_its_beginning(hub: Hub, hub_server: HubServer) -> None:
    hub_server.add_file(REPO, "r1.gguf", b"<!doctype html><html>" * 1000)

    with pytest.raises(ModelFileError, match="web page"):
        hub.remote_shape(hub.list_gguf_files(REPO)[0])


@pytest.mark.parametrize(
    "fault",
    [
        Fault(content_range="bytes 7-15/16"),
        Fault(content=b"GGUF"),
        Fault(end_at=100),
        Fault(headers={"Content-Encoding": "gzip"}, status=200, body=b"\x1f\x8b"),
    ],
)
def test_a_wrong_piece_is_no_shape(hub: Hub, hub_server: HubServer, mini_model: Path, fault: Fault) -> None:
    hub_server.add_file(REPO, "r1.gguf", mini_model)
    (model,) = hub.list_gguf_files(REPO)
    hub_server.fail(fault, "cdn")

    with pytest.raises((HubBrokenError, HubUnreachableError)):
        hub.remote_shape(model)


def test_a_server_without_ranges_is_left_after_the_beginning(
    hub: Hub, hub_server: HubServer, mini_model: Path
) -> None:
    hub_server.add_file(REPO, "r1.gguf", mini_model)
    hub_server.fail(Fault(ignores_range=True), "cdn")

    assert hub.remote_shape(hub.list_gguf_files(REPO)[0]) == read_shape(mini_model)


# --- whatever a hub answers ---

_KEYS = st.sampled_from(
    ["id", "sha", "siblings", "rfilename", "size", "lfs", "sha256", "createdAt", "gated", "tags"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(answer=st.dictionaries(_KEYS, _JSON, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_that_makes_no_sense_is_the_hubs_fault(
    hub: Hub, hub_server: HubServer, answer: object
) -> None:
    hub_server.heal()
    hub_server.fail(Fault(status=200, body=json.dumps(answer).encode()), "api")

    try:
        files = hub.list_gguf_files(REPO)
    except HubBrokenError:
        return
    assert all(isinstance(file, HubFile) for file in files)


def test_an_endless_answer_is_cut(hub: Hub, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.hub_connection.MAX_ANSWER_BYTES", 100_000)
    hub_server.fail(Fault(status=200, body=b" " * 200_000), "api")

    with pytest.raises(HubBrokenError, match="longer than"):
        hub.list_gguf_files(REPO)


def test_an_error_page_is_not_read(hub: Hub, hub_server: HubServer) -> None:
    page = io.BytesIO(b"<p>token hf_secret</p>" * 10_000).getvalue()
    hub_server.fail(Fault(status=404, body=page, headers={"Content-Type": "text/plain"}), "api")

    with pytest.raises(NotOnHubError) as failed:
        hub.list_gguf_files(REPO)

    assert "secret" not in f"{failed.value} {failed.value.details} {failed.value.__cause__}"
