"""A hub server on 127.0.0.1: the Hugging Face protocol, with faults that can be switched on.

    with HubServer() as server:                        # or the fixture `hub_server` (fixtures.py)
        file = server.add_file("owner/name", "model-Q4_K_M.gguf", b"GGUF..." or Path(...))
        settings = NetworkSettings(endpoint=server.url)
        server.fail(Fault(reset_at=70_000), "cdn", times=2)      # the next two answers of the CDN
        server.fail(faults.too_many_requests("3"), "get")        # then this, until heal()
        ...
        assert [r.range for r in server.requests_to("cdn")] == ["", "bytes=70000-"]

Two servers on two ports stand for two hosts: the hub (`url`) and the CDN (`cdn_url`), to which the
hub redirects for files in LFS with a signed address, as the real one does. A signed address is refused
after `expire_signed_urls()`. Where a request went is one of the `Place`s:

    "api"   /api/models/...                    "head"  HEAD /{repo}/resolve/{revision}/{path} at the hub
    "cdn"   the bytes of a file in LFS         "get"   GET  /{repo}/resolve/{revision}/{path} at the hub
    "other" anything else, which is 404

`fail(fault, place, path=glob of the file's path, times=n or None)`: faults are used up in the order
they were given; one without `times` stays until `heal()`. `requests` has every request with what was
sent in answer. `go_away()` refuses connections and drops those that stand, `come_back()` ends that;
`refused_url` is an address where nobody ever listens. An absolute-form request (of a client that
takes this server for its proxy) is answered as if it were sent to it directly.
"""

from __future__ import annotations

import fnmatch
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote, unquote

from tests.hub_server import faults
from tests.hub_server.connection import Listener
from tests.hub_server.content import Repository, ServedFile, served_file
from tests.hub_server.faults import Fault
from tests.hub_server.requests import API_PATH, RESOLVE_PATH, Place, RecordedRequest, file_path

__all__ = ["HubServer", "Place", "RecordedRequest"]

_COUNTED_AFTER_S = 30.0


@dataclass(slots=True)
class _Rule:
    fault: Fault
    places: tuple[Place, ...]
    path: str
    left: int | None


class HubServer:
    """The hub and its CDN. Serves from the end of `__init__` until `close`. See the top of this file."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._repositories: dict[str, Repository] = {}
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._signature = 1
        self.requests: list[RecordedRequest] = []
        self._refusing = socket.socket()
        self._refusing.bind(("127.0.0.1", 0))
        self._hub = Listener(self, is_cdn=False)
        self._cdn = Listener(self, is_cdn=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The hub's endpoint, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self._hub.port}"

    @property
    def cdn_url(self) -> str:
        """Where the CDN is."""
        return f"{self._scheme}://127.0.0.1:{self._cdn.port}"

    @property
    def refused_url(self) -> str:
        """An address on which every connection is refused."""
        return f"http://127.0.0.1:{self._refusing.getsockname()[1]}"

    @property
    def port(self) -> int:
        """The hub's port."""
        return self._hub.port

    def add_file(
        self, repo: str, path: str, content: bytes | Path, *, sha256: str = "", in_lfs: bool = True
    ) -> ServedFile:
        """Put a file into the last commit of a repository, which is made where it is not there."""
        file = served_file(content, sha256=sha256, in_lfs=in_lfs)
        self._repository(repo).commits[self.commit(repo)][path] = file
        return file

    def commit(self, repo: str) -> str:
        """Give the commit that `main` is at."""
        return self._repository(repo).head

    def add_commit(self, repo: str) -> str:
        """Begin a new commit with the same files; what is added from now on belongs to it."""
        return self._repository(repo).add_commit()

    def require_licence(self, repo: str, *, accepted_with: str = "") -> None:
        """Make the files gated: 401 without a token, 403 with another than the one that accepted it."""
        repository = self._repository(repo)
        repository.gated, repository.token = True, accepted_with

    def make_private(self, repo: str, *, token: str) -> None:
        """Show the repository to this token only."""
        repository = self._repository(repo)
        repository.private, repository.token = True, token

    def expire_signed_urls(self) -> None:
        """Let the CDN refuse every address that was given out so far, with 403."""
        with self._lock:
            self._signature += 1

    def fail(self, fault: Fault, *places: Place, path: str = "*", times: int | None = None) -> None:
        """Answer the next `times` fitting requests so, or all of them. No place: everywhere."""
        with self._lock:
            self._rules.append(_Rule(fault, places, path, times))

    def heal(self) -> None:
        """Take all faults back."""
        with self._lock:
            self._rules.clear()

    def requests_to(self, *places: Place) -> list[RecordedRequest]:
        """Give the requests to these places, in their order."""
        with self._lock:
            return [request for request in self.requests if request.place in places]

    @property
    def file_bytes_sent(self) -> int:
        """How many bytes of files went out in all. Waits for the answers that are being sent."""
        requests = self.requests_to("get", "cdn")
        for request in requests:
            assert request.all_counted.wait(_COUNTED_AFTER_S), f"still being sent: {request}"
        return sum(request.sent_bytes for request in requests if request.status < 300)

    def release(self) -> None:
        """End every stalled or slow answer: their connections are closed. Later faults do not wait either."""
        self._hub.released.set()
        self._cdn.released.set()

    def go_away(self) -> None:
        """Stop listening and drop every connection, as when the cable is pulled."""
        self._hub.stop()
        self._cdn.stop()

    def come_back(self) -> None:
        """Listen on the same ports again."""
        self._hub = Listener(self, is_cdn=False, port=self._hub.port)
        self._cdn = Listener(self, is_cdn=True, port=self._cdn.port)

    def close(self) -> None:
        """End all answers and threads."""
        self.go_away()
        self._refusing.close()

    # --- what the request handlers ask ---

    @property
    def _scheme(self) -> str:
        return "https" if self._tls else "http"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The certificate to serve with."""
        return self._tls

    def _repository(self, name: str) -> Repository:
        repository = self._repositories.get(name)
        if repository is None:
            repository = self._repositories[name] = Repository(name)
            repository.add_commit()
        return repository

    def fault_for(self, request: RecordedRequest) -> Fault | None:
        """Note the request, and give the fault that applies to it; counts it as used."""
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                fits = not rule.places or request.place in rule.places
                if rule.left != 0 and fits and fnmatch.fnmatchcase(file_path(request), rule.path):
                    if rule.left is not None:
                        rule.left -= 1
                    return rule.fault
        return None

    def api_answer(self, path: str, query: str, token: str) -> Fault | bytes:
        """Answer /api/models/..."""
        match = API_PATH.fullmatch(path)
        repository = self._repositories.get(match[1]) if match else None
        if match is None or repository is None or (repository.private and token != repository.token):
            return faults.repo_not_found(404 if token else 401)
        commit = repository.commit_of(unquote(match[3] or "main"))
        if not commit:
            return faults.revision_not_found()
        if match[2] == "tree":
            return repository.tree_json(commit)
        return repository.info_json(commit, with_blobs="blobs" in parse_qs(query))

    def resolve(self, path: str, token: str) -> Fault | tuple[str, ServedFile, str]:
        """Give commit, file, and where it is at the CDN (empty for one that is in git)."""
        match = RESOLVE_PATH.fullmatch(path)
        repository = self._repositories.get(match[1]) if match else None
        if match is None or repository is None or (repository.private and token != repository.token):
            return faults.repo_not_found(404 if token else 401)
        commit = repository.commit_of(unquote(match[2]))
        if not commit:
            return faults.revision_not_found()
        file = repository.commits[commit].get(unquote(match[3]))
        if file is None:
            return faults.entry_not_found()
        if repository.gated and token != (repository.token or None):
            return faults.gated(403 if token else 401)
        if not file.in_lfs:
            return commit, file, ""
        where = f"/repos/{quote(repository.name)}/{commit}/{match[3]}"
        return commit, file, f"{self.cdn_url}{where}?X-Signature={self._signature}-secret&Expires=1"

    def at_cdn(self, path: str, query: str) -> Fault | ServedFile:
        """Give the file at a signed address of the CDN."""
        if parse_qs(query).get("X-Signature") != [f"{self._signature}-secret"]:
            return Fault(
                status=403, headers={"Content-Type": "application/xml"}, body=b"<Error>Expired</Error>"
            )
        _, _, owner, name, commit, quoted = path.split("/", 5)
        return self._repositories[f"{owner}/{name}"].commits[commit][unquote(quoted)]
