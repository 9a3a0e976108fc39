"""The hub: what model files a repository has, where they are, and what their headers say.

huggingface_hub stands behind this small interface, and is imported with the first question. No method
here writes anything to the disk. The bytes of a model are fetched by `models.transfer`.
"""

from __future__ import annotations

import contextlib
import ssl
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from models import hub_names as names
from models.download_errors import (
    DownloadError,
    HubBrokenError,
    OfflineError,
    TooManyRedirectsError,
    error_of_answer,
    error_of_connection,
)
from models.hub_settings import NetworkSettings, checked_settings, token_for
from models.model_parts import PartName, part_name
from models.model_shape import ModelShape, shape_from_headers

if TYPE_CHECKING:
    import httpx2

__all__ = ["FileLocation", "Hub", "HubFile", "NetworkSettings"]

ANSWER_TIMEOUT_S = 20.0
MAX_FILE_BYTES = 2**50


class HubFile(msgspec.Struct, frozen=True):
    """A model in a repository, pinned to a commit.

    `parts` are the paths of all its files in order, `path` is the first of them, `size_bytes` their sum.
    `sha256` is that of a model in one file, "" where it is in several, or the hub does not say.
    `quantisation` is what its name says, "" for nothing.
    """

    repo: str
    revision: str
    path: str
    size_bytes: int
    sha256: str
    quantisation: str
    parts: tuple[str, ...]


class FileLocation(msgspec.Struct, frozen=True):
    """Where one file is. `headers` hold the token where there is one: they are for the host of `url` only.

    `url` is the hub's own, pinned to `commit`; the hub redirects from it to its CDN. `etag` is the hub's.
    """

    url: str
    size_bytes: int
    sha256: str
    etag: str
    commit: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        """Everything but the token."""
        return f"FileLocation({self.url!r}, {self.size_bytes}, {self.sha256!r}, commit={self.commit!r})"


class Hub:
    """Asks the hub. Every method blocks, and raises `DownloadError`s; offline, before any socket is made.

    `tls`: whom to trust, None for those that the system trusts. `timeout_s`: how long the hub may be silent.
    """

    def __init__(
        self,
        settings: NetworkSettings,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """Take over the settings. Raises `NetworkSettingsError`."""
        self._settings = checked_settings(settings)
        self._tls = tls
        self._timeout_s = timeout_s

    @property
    def settings(self) -> NetworkSettings:
        """How it reaches the hub, tidied."""
        return self._settings

    def list_gguf_files(self, repo: str, revision: str = "main") -> list[HubFile]:
        """List the models of a repository, smallest first: one request, to the endpoint.

        `repo` may be the address of its page, too. Left out: what is no language model (projectors,
        vocabularies), and models of which a part is missing.
        """
        repo = names.repository_id(repo, other_host=self._host)
        names.checked_revision(revision)
        with self._asking(repo):
            from models.hub_connection import hub_library

            api = hub_library().api_class(
                endpoint=self._settings.endpoint, token=self._token, headers={"user-agent": "Ponder"}
            )
            with _reading_the_answer():
                found = api.model_info(repo, revision=revision, files_metadata=True, timeout=self._timeout_s)
                commit = str(found.sha)
                siblings = [_sibling(each) for each in found.siblings or []]
        if not names.is_commit(commit):
            raise _broken("it does not say which commit it tells of")
        return _models(repo, commit, {path: (size, sha256) for path, size, sha256 in siblings})

    def locate(self, repo: str, revision: str, path: str) -> FileLocation:
        """Tell where a file is, and what it must be: one request (HEAD), to the endpoint."""
        repo = names.repository_id(repo, other_host=self._host)
        names.checked_revision(revision)
        names.checked_path(path)
        with self._asking(repo):
            from models.hub_connection import hub_library

            library, endpoint = hub_library(), self._settings.endpoint
            with _reading_the_answer():
                found = library.file_metadata(
                    library.file_url(repo, path, revision=revision, endpoint=endpoint),
                    token=self._token,
                    timeout=self._timeout_s,
                    headers={"user-agent": "Ponder"},
                    endpoint=endpoint,
                )
            commit, size_bytes, etag = found.commit_hash or revision, found.size, found.etag or ""
            if not names.is_commit(commit):
                raise _broken("it does not say which commit the file is of")
            if size_bytes is None or not 0 <= size_bytes <= MAX_FILE_BYTES:
                raise _broken("it does not say how large the file is")
            url = library.file_url(repo, path, revision=commit, endpoint=endpoint)
        sha256 = etag if names.is_sha256(etag) else ""
        return FileLocation(url, size_bytes, sha256, etag, commit, self._secret_headers())

    def remote_shape(self, model: HubFile) -> ModelShape:
        """Read the shape of a model that is not here from the beginning of its files, into memory only.

        Fetches some 2 to 8 MiB, in pieces, and never more than the header may be long. Raises
        `ModelFileError` too, where the header is not that of a model that can be used.
        """
        repo = names.repository_id(model.repo, other_host=self._host)
        locations = [self.locate(repo, model.revision, part) for part in model.parts]
        with self._asking(repo) as client, contextlib.ExitStack() as opened:
            from models.remote_file import PIECE_BYTES, SMALL_PIECE_BYTES, RemoteFile

            files = []
            for number, location in enumerate(locations):
                remote = RemoteFile(
                    client,
                    location.url,
                    location.headers,
                    location.size_bytes,
                    self._timeout_s,
                    SMALL_PIECE_BYTES if number else PIECE_BYTES,
                )
                open_file = cast("BinaryIO", opened.enter_context(contextlib.closing(remote)))
                files.append((open_file, location.size_bytes))
            return shape_from_headers(files)

    @property
    def _host(self) -> str:
        return self._settings.endpoint.partition("://")[2].partition("/")[0].partition(":")[0]

    @property
    def _token(self) -> str | bool:
        """What huggingface_hub is told: False keeps it from looking for one."""
        return token_for(self._settings) or False

    def _secret_headers(self) -> dict[str, str]:
        token = token_for(self._settings)
        return {"Authorization": f"Bearer {token}"} if token else {}

    @contextlib.contextmanager
    def _asking(self, repo: str) -> Iterator[httpx2.Client]:
        """Around every question: a connection, and our errors in the place of those of the libraries."""
        if self._settings.offline:
            raise OfflineError
        import httpx2

        from models.hub_connection import connected, hub_library

        try:
            with connected(self._settings, self._tls) as client:
                yield client
        except DownloadError:
            raise
        except httpx2.TooManyRedirects as error:
            raise TooManyRedirectsError(
                "The hub redirects in circles.",
                advice="Try again later, or check its address in the settings.",
            ) from error
        except httpx2.TransportError as error:
            raise error_of_connection(error, kept="") from error
        except hub_library().http_error as error:
            response: httpx2.Response = error.response  # type: ignore[attr-defined]
            raise error_of_answer(response.status_code, response.headers, about=repo, kept="") from error
        except httpx2.InvalidURL as error:
            raise _broken("it redirects to something that is no address") from error


@contextlib.contextmanager
def _reading_the_answer() -> Iterator[None]:
    """Around huggingface_hub, which takes an answer apart without looking whether it is one."""
    from models.hub_connection import hub_library

    try:
        yield
    except hub_library().http_error:  # some of them are ValueErrors as well
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _broken("it is not what the protocol says", type(error).__name__) from error


def _sibling(untrusted_file: Any) -> tuple[str, int, str]:
    """Path, size in bytes and SHA-256 of one file of the list. Raises `TypeError` where it is none."""
    path, size_bytes, lfs = untrusted_file.rfilename, untrusted_file.size, untrusted_file.lfs
    sha256 = lfs.sha256 if lfs else ""
    if not isinstance(path, str) or not isinstance(sha256, str):
        raise TypeError("a file of the list has no name")
    is_size = type(size_bytes) is int and 0 <= size_bytes <= MAX_FILE_BYTES
    return path, size_bytes if is_size else 0, sha256 if names.is_sha256(sha256) else ""


def _models(repo: str, commit: str, files: Mapping[str, tuple[int, str]]) -> list[HubFile]:
    """Put the parts of models together. `files`: size and SHA-256 by path."""
    sharded: dict[tuple[str, str, int], dict[int, str]] = defaultdict(dict)
    found = []
    for path, (size_bytes, sha256) in files.items():
        if not size_bytes or not names.is_model_file(path) or not names.is_safe_path(path):
            continue
        folder, _, name = path.rpartition("/")
        part: PartName | None = part_name(name)
        if part:
            sharded[folder, part.prefix, part.total][part.number] = path
        else:
            quantisation = names.quantisation_of(path)
            found.append(HubFile(repo, commit, path, size_bytes, sha256, quantisation, (path,)))
    for (_, _, total), numbered in sharded.items():
        if len(numbered) == total:
            parts = tuple(numbered[number] for number in sorted(numbered))
            size_bytes = sum(files[part][0] for part in parts)
            quantisation = names.quantisation_of(parts[0])
            found.append(HubFile(repo, commit, parts[0], size_bytes, "", quantisation, parts))
    return sorted(found, key=lambda file: (file.size_bytes, file.path))


def _broken(why: str, details: str = "") -> HubBrokenError:
    return HubBrokenError(
        f"The hub's answer cannot be used: {why}.",
        advice="Try again later. If you use a mirror, check its address in the settings.",
        details=details,
    )
