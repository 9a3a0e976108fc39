"""Names of repositories, revisions and files, typed by people or sent by the hub: checked and taken apart."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from models.download_errors import UnsafeNameError

MAX_REPOSITORY_LENGTH = 96
MAX_PATH_LENGTH = 500
HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_REVISION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,98}[A-Za-z0-9_])?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OTHER_KINDS = {"datasets", "spaces", "kernels", "collections", "papers", "docs"}

# What people write behind a model's name, as llama.cpp's quantize names its kinds.
_QUANTISATION = re.compile(
    r"(?<![A-Z0-9])("
    r"I?Q[1-8](?:_(?:K(?:_(?:XXS|XS|S|M|L|XL|P))?|[01](?:_[48]_[48])?|XXS|XS|S|M|L|NL|XL))?"
    r"|TQ[12]_0|MXFP4|NVFP4|BF16|F16|F32|FP16|FP32"
    r")(?![A-Z0-9])"
)
_OTHER_NUMBER_NAMES = {"FP16": "F16", "FP32": "F32"}
_NO_MODELS = re.compile(r"mmproj|ggml-vocab|vocab-only|[-_.]vocab\.gguf$|imatrix")
"""Files that end in .gguf and are no language models: eyes and ears of one, a vocabulary, statistics."""


def repository_id(untrusted_text: str, *, other_host: str = "") -> str:
    """Give the id (owner/name) of what a person wrote: an id, or the address of its page at the hub.

    `other_host` is that of a mirror, whose addresses are understood too. Raises `UnsafeNameError`.
    """
    text = untrusted_text.strip()
    if "://" in text or text.startswith(HUB_HOSTS):
        text = _path_of_page(text, other_host)
    names = text.split("/")
    rules = (
        len(names) == 2,
        all(_NAME.fullmatch(name) for name in names),
        "--" not in text and ".." not in text,
        len(text) <= MAX_REPOSITORY_LENGTH,
        not text.endswith(".git"),
    )
    if not all(rules):
        raise _no_repository(untrusted_text)
    return text


def _path_of_page(text: str, other_host: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname or ""
    except ValueError as error:
        raise _no_repository(text) from error
    names = parts.path.strip("/").split("/")
    if parts.scheme not in ("https", "http") or host not in (*HUB_HOSTS, other_host):
        raise _no_repository(text)
    if names[0] in _OTHER_KINDS or len(names) < 2:
        raise _no_repository(text)
    return "/".join(names[:2])


def checked_revision(untrusted_revision: str) -> str:
    """Give a branch, tag or commit as it is. Raises `UnsafeNameError` where it is none."""
    if (
        not _REVISION.fullmatch(untrusted_revision)
        or ".." in untrusted_revision
        or "//" in untrusted_revision
    ):
        raise UnsafeNameError(
            f"“{_shown(untrusted_revision)}” is no revision of a repository.",
            advice="Leave it out, or take a commit from the repository's page.",
        )
    return untrusted_revision


def checked_path(untrusted_path: str) -> str:
    """Give the path of a file in a repository as it is. Raises `UnsafeNameError` where it leads out of it."""
    if not is_safe_path(untrusted_path):
        raise UnsafeNameError(
            f"“{_shown(untrusted_path)}” is no name of a file that Ponder uses.",
            advice="Choose another file.",
        )
    return untrusted_path


def is_safe_path(untrusted_path: str) -> bool:
    """Whether this is a plain relative path: no way up, no drive, no characters one cannot see."""
    names = untrusted_path.split("/")
    return (
        len(untrusted_path) <= MAX_PATH_LENGTH
        and untrusted_path.isprintable()
        and "\\" not in untrusted_path
        and ":" not in untrusted_path
        and all(name.strip() and name not in (".", "..") for name in names)
    )


def is_commit(untrusted_text: str) -> bool:
    """Whether this is the full name of a commit."""
    return _COMMIT.fullmatch(untrusted_text) is not None


def is_sha256(untrusted_text: str) -> bool:
    """Whether this is a SHA-256 in hexadecimal, lower case."""
    return _SHA256.fullmatch(untrusted_text) is not None


def is_model_file(path: str) -> bool:
    """Whether a file is a GGUF model, by its name."""
    lower = path.lower()
    return lower.endswith(".gguf") and not _NO_MODELS.search(lower)


def quantisation_of(path: str) -> str:
    """Give the quantisation that the name of a file states, such as "Q4_K_M", or an empty text."""
    folders, _, name = path.upper().rpartition("/")
    for text in (name, folders):
        found = _QUANTISATION.findall(text)
        if found:
            stated: str = found[-1]
            return _OTHER_NUMBER_NAMES.get(stated, stated)
    return ""


def _no_repository(untrusted_text: str) -> UnsafeNameError:
    return UnsafeNameError(
        f"“{_shown(untrusted_text)}” is no model repository.",
        kept="Nothing was asked of the hub.",
        advice="Write owner/name, or paste the address of its page.",
    )


def _shown(untrusted_text: str) -> str:
    shown = "".join(character if character.isprintable() else "�" for character in untrusted_text[:101])
    return shown if len(shown) <= 100 else shown[:99] + "…"
