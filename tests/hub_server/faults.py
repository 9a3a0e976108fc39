"""What can go wrong between Ponder and the hub, as values: give one to `HubServer.fail`.

A `Fault` is one answer that is not as it should be; its fields can be combined. The functions below
make those that the real hub and its CDN give, with their headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TO_ITSELF = "itself"
"""As `redirect_to`: the address that was asked for, again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong answer. Places (`*_at`) count bytes of this answer's body, `flip_at` those of the file.

    status, headers, body   answered in place of the file
    redirect_to             answered with 302 (or `status`) and this `Location`
    first_byte_after_s      a slow start: the answer begins so much later
    bytes_per_s             a slow line
    reset_at                the connection is reset (RST) after so many bytes
    end_at                  it is closed after so many bytes, though Content-Length promised more
    stall_at                nothing more comes after so many bytes, and the connection stays open
    flip_at                 one bit of this byte of the file is wrong
    ignores_range           the whole file with 200, whatever range was asked for
    content                 other bytes than those of the file (of any length), with an ETag of their own
    etag                    another ETag, for the right bytes
    content_range           a 206 that claims to be this range
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    redirect_to: str = ""
    first_byte_after_s: float = 0.0
    bytes_per_s: float = 0.0
    reset_at: int | None = None
    end_at: int | None = None
    stall_at: int | None = None
    flip_at: int | None = None
    ignores_range: bool = False
    content: bytes | Path | None = None
    etag: str = ""
    content_range: str = ""


def _refusal(status: int, code: str, message: str) -> Fault:
    return Fault(status=status, headers={"X-Error-Code": code, "X-Error-Message": message})


def unauthorized() -> Fault:
    """Give what the hub answers to a token it does not know."""
    return Fault(status=401, headers={"X-Error-Message": "Invalid credentials in Authorization header"})


def repo_not_found(status: int = 404) -> Fault:
    """Give what the hub answers for a repository that is not there; 401 where nobody is logged in."""
    return _refusal(status, "RepoNotFound", "Repository not found")


def entry_not_found() -> Fault:
    """Give what the hub answers for a file that is not in the repository."""
    return _refusal(404, "EntryNotFound", "Entry not found")


def revision_not_found() -> Fault:
    """Give what the hub answers for a revision that is not there."""
    return _refusal(404, "RevisionNotFound", "Invalid rev id")


def gated(status: int = 403) -> Fault:
    """Give what the hub answers where a licence has to be accepted first; 401 where nobody is logged in."""
    return _refusal(status, "GatedRepo", "Access to this model is restricted. Visit its page to ask for it.")


def disabled() -> Fault:
    """Give what the hub answers for a repository that was switched off."""
    return Fault(status=403, headers={"X-Error-Message": "Access to this resource is disabled."})


def too_many_requests(retry_after: str = "") -> Fault:
    """Give 429; `retry_after` is a number of seconds, or a date as HTTP writes it."""
    return Fault(status=429, headers={"Retry-After": retry_after} if retry_after else {})


def server_error(status: int = 500) -> Fault:
    """Give an error of the server: 500, 502, 503, 504."""
    return Fault(status=status, headers={"Content-Type": "text/html"}, body=b"<h1>Something broke</h1>")


def range_not_satisfiable() -> Fault:
    """Give 416, whatever range was asked for."""
    return Fault(status=416, headers={"Content-Range": "bytes */0"})


def proxy_wants_password() -> Fault:
    """Give 407, as a proxy does."""
    return Fault(status=407, headers={"Proxy-Authenticate": 'Basic realm="office"'})


def redirect_loop() -> Fault:
    """Redirect to the address that was asked for."""
    return Fault(redirect_to=TO_ITSELF)
