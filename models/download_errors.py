"""What can go wrong between Ponder and the hub, and on the disk that a download goes to.

DownloadError                   (an AppError: what happened, what was kept, what to do)
├── OfflineError                the offline switch is on: nothing was asked
├── NetworkSettingsError        the address of hub or proxy, or the token, is none
├── UnsafeNameError             a name of a repository or file that Ponder does not use
├── HubUnreachableError         refused, name not found, timed out, proxy, certificate, connection lost
├── HubRefusedError             401, 403, a licence to accept first
├── NotOnHubError               no such repository, revision or file
├── HubBusyError                429: `retry_after_s`
├── HubBrokenError              5xx, or an answer that cannot be used
│   ├── TooManyRedirectsError
│   └── UnsafeRedirectError         it leads to an address without encryption
├── RangeRefusedError           416: what is there is no beginning of what the hub has
├── ChangedOnHubError           the file at the hub is another one by now
├── SizeMismatchError, HashMismatchError      what came is not what was announced
├── DiskFullError, FolderNotWritableError     the disk
└── BusyElsewhereError          another Ponder downloads the same file

No text and no `details` here holds a token or the query of an address, which may be a signature.
"""

from __future__ import annotations

import email.utils
import errno
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from models.errors import AppError

FETCHED_IS_KEPT = "What was fetched so far is kept."
MAX_RETRY_AFTER_S = 24 * 3600.0


class DownloadError(AppError):
    """A model could not be looked up or fetched."""

    code = "download"


class OfflineError(DownloadError):
    """The offline switch is on."""

    code = "offline"

    def __init__(self) -> None:
        super().__init__(
            "Ponder works offline.",
            kept="Nothing was asked of the hub.",
            advice="Switch “Work offline” off in the settings to look for models or download them.",
        )


class NetworkSettingsError(DownloadError):
    """The address of the hub or the proxy, or the access token, cannot be used."""

    code = "network_settings"


class UnsafeNameError(DownloadError):
    """A name of a repository, revision or file that Ponder does not use."""

    code = "unsafe_name"


class HubUnreachableError(DownloadError):
    """No connection to the hub, or it was lost."""

    code = "hub_unreachable"


class HubRefusedError(DownloadError):
    """The hub knows what was asked for and does not give it. `is_gated`: a licence has to be accepted."""

    code = "hub_refused"
    is_gated = False


class NotOnHubError(DownloadError):
    """The hub has no such repository, revision or file."""

    code = "not_on_hub"


class HubBusyError(DownloadError):
    """The hub asks for patience: for `retry_after_s` seconds, or for some time where that is None."""

    code = "hub_busy"

    def __init__(self, retry_after_s: float | None = None, *, kept: str = "", details: str = "") -> None:
        wait = "in a while" if retry_after_s is None else f"in {_duration(retry_after_s)}"
        super().__init__(
            "The hub has too much to do, or was asked too often from here.",
            kept=kept,
            advice=f"Try again {wait}.",
            details=details,
        )
        self.retry_after_s = retry_after_s


class HubBrokenError(DownloadError):
    """The hub failed, or its answer cannot be used."""

    code = "hub_broken"


class TooManyRedirectsError(HubBrokenError):
    """The hub redirects in circles."""

    code = "too_many_redirects"


class UnsafeRedirectError(HubBrokenError):
    """The hub leads to an address without encryption."""

    code = "unsafe_redirect"


class RangeRefusedError(DownloadError):
    """The hub does not go on from where the download stands."""

    code = "range_refused"


class ChangedOnHubError(DownloadError):
    """The file at the hub is another one by now."""

    code = "changed_on_hub"


class SizeMismatchError(DownloadError):
    """The file has another size than was announced."""

    code = "size_mismatch"


class HashMismatchError(DownloadError):
    """The file has another SHA-256 than was announced."""

    code = "hash_mismatch"


class DiskFullError(DownloadError):
    """There is no room on the disk."""

    code = "disk_full"


class FolderNotWritableError(DownloadError):
    """The folder cannot be written to."""

    code = "folder_not_writable"


class BusyElsewhereError(DownloadError):
    """Another Ponder works on the same file."""

    code = "busy_elsewhere"


def error_of_answer(
    status: int, headers: Mapping[str, str], *, about: str = "", kept: str = FETCHED_IS_KEPT
) -> DownloadError:
    """Make the error for an answer of the hub or its CDN that is no success.

    `headers` are looked up by name in any case (as httpx2 does) and believed only as far as the hub's own
    codes go. `about` is a checked repository id, for the text.
    """
    code, said = headers.get("X-Error-Code", ""), headers.get("X-Error-Message", "")
    details = f"HTTP {status} {code}".strip()[:100]
    if code == "GatedRepo":
        return _gated(status, about, kept, details)
    if code in _NOT_FOUND or status in (404, 410):
        return _not_found(code, about, kept, details)
    if status == 407:
        return _proxy_refused(kept, details)
    if status in (401, 403):
        return _refused(status, said, about, kept, details)
    if status == 416:
        return RangeRefusedError(
            "The hub does not go on from where this download stands.",
            kept=kept,
            advice="Begin it again.",
            details=details,
        )
    if status == 429:
        return HubBusyError(retry_after_s(headers), kept=kept, details=details)
    if status >= 500:
        return HubBrokenError(
            f"The hub has trouble of its own (error {status}).",
            kept=kept,
            advice="Try again in a few minutes.",
            details=details,
        )
    return HubBrokenError(
        f"The hub gave an answer that Ponder does not understand ({status}).",
        kept=kept,
        advice="Try again later.",
        details=details,
    )


_NOT_FOUND = ("RepoNotFound", "RevisionNotFound", "EntryNotFound")


def _gated(status: int, about: str, kept: str, details: str) -> HubRefusedError:
    page = f"https://huggingface.co/{about}" if about else "its page at huggingface.co"
    if status == 401:
        advice = f"Log in at {page}, accept the licence there, then give Ponder an access token of yours."
    else:
        advice = f"Accept the licence at {page} with the account that the access token belongs to."
    error = HubRefusedError(
        f"The publisher of {about or 'this model'} gives it only to those who accepted its licence.",
        kept=kept,
        advice=advice,
        details=details,
    )
    error.is_gated = True
    return error


def _refused(status: int, said: str, about: str, kept: str, details: str) -> HubRefusedError:
    if said == "Invalid credentials in Authorization header":
        message = "The hub does not accept this access token."
        advice = "Check it at huggingface.co/settings/tokens, or go on without one: most models need none."
    elif said == "Access to this resource is disabled.":
        message = f"The hub has switched {about or 'this repository'} off."
        advice = "Choose another model."
    else:
        message = f"The hub does not give {about or 'this file'} to you (error {status})."
        advice = "It may be private. If you have access to it, give Ponder an access token of yours."
    return HubRefusedError(message, kept=kept, advice=advice, details=details)


def _not_found(code: str, about: str, kept: str, details: str) -> NotOnHubError:
    if code == "EntryNotFound":
        message = f"There is no such file in {about or 'the repository'} any more, or there never was."
        advice = "Look at its list of files again."
    elif code == "RevisionNotFound":
        message = f"{about or 'The repository'} has no such revision."
        advice = "Look at its list of files again, without a revision."
    elif code == "RepoNotFound":
        message = f"There is no repository {about} on the hub.".replace("  ", " ")
        advice = "Check its name. If it is private, give Ponder an access token of yours."
    else:
        message = f"The hub has no {about or 'such file'}."
        advice = "Check the name, and the address of the hub in the settings."
    return NotOnHubError(message, kept=kept, advice=advice, details=details)


def _proxy_refused(kept: str, details: str) -> HubUnreachableError:
    return HubUnreachableError(
        "The proxy does not let Ponder through.",
        kept=kept,
        advice="It may want a name and a password: http://NAME:PASSWORD@HOST:PORT in the settings.",
        details=details,
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How many seconds the hub wants to be left alone, at most a day; None where it does not say.

    A date counts from the server's own clock where it tells it, since ours may be wrong.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    until = _http_date(text)
    if until is None:
        return None
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def _http_date(text: str) -> datetime | None:
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _duration(seconds: float) -> str:
    if seconds < 100:
        whole = max(round(seconds), 1)
        return f"{whole} second{'' if whole == 1 else 's'}"
    return f"{round(seconds / 60)} minutes" if seconds < 6000 else f"{round(seconds / 3600)} hours"


def error_of_connection(error: Exception, *, kept: str = FETCHED_IS_KEPT) -> HubUnreachableError:
    """Make the error for a connection that did not come about, or broke.

    `error` is a `TransportError` of httpx2. Classes are known by their names, so that this file needs nothing
    that could open a network. The library's own text is not used: it may hold an address.
    """
    causes = list(_causes(error))
    names = {kind.__name__ for each in causes for kind in type(each).__mro__}
    details = " < ".join(dict.fromkeys(type(each).__name__ for each in causes))
    if "ProxyError" in names:
        return _proxy_refused(kept, details)
    if "gaierror" in names:
        message = "The hub was not found: its name leads to no address."
        advice = "Check the connection to the internet, and the address of the hub in the settings."
    elif "SSLCertVerificationError" in names:
        message = "The hub could not prove that it is the hub: its certificate is not trusted here."
        advice = "Somebody may be in between (a company's proxy, a hotel's login page). Check the date, too."
    elif "ConnectionRefusedError" in names:
        message = "The hub refused the connection."
        advice = "Check the connection to the internet, and the addresses of hub and proxy in the settings."
    elif "TimeoutException" in names or "TimeoutError" in names:
        message = "The hub did not answer in time."
        advice = "Check the connection to the internet, then try again."
    elif "ConnectError" in names:
        message = "The hub cannot be reached."
        advice = "Check the connection to the internet."
    else:
        message = "The connection to the hub was lost."
        advice = "Check the connection to the internet, then try again."
    return HubUnreachableError(message, kept=kept, advice=advice, details=details)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, ten at most."""
    for _ in range(10):
        yield error
        cause = error.__cause__ or error.__context__
        if cause is None:
            return
        error = cause


def file_error(error: OSError, path: Path) -> DownloadError:
    """Make the error for a file or folder that could not be written."""
    details = f"{error.strerror or error} ({errno.errorcode.get(error.errno or 0, error.errno)}): {path}"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DiskFullError(
            "The disk is full.",
            kept=FETCHED_IS_KEPT,
            advice="Make room on it, or choose a smaller model, then resume the download.",
            details=details,
        )
    if error.errno == errno.EFBIG:
        return DiskFullError(
            "This disk cannot hold a file this large.",
            kept=FETCHED_IS_KEPT,
            advice="Disks formatted as FAT32 end at 4 GB. Choose a folder on another one in the settings.",
            details=details,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT):
        return FolderNotWritableError(
            f"Ponder cannot write into the folder “{path.parent.name}”.",
            kept=FETCHED_IS_KEPT,
            advice="Check that it is there and belongs to you, or choose another folder.",
            details=details,
        )
    return DownloadError(
        f"The file could not be written: {error.strerror or 'the disk reports an error'}.",
        kept=FETCHED_IS_KEPT,
        advice="Check the disk, then resume the download.",
        details=details,
    )
