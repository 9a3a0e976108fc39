"""The files of a repository on the hub server: real ones on disk (sparse ones too), or bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServedFile:
    """One file. Its ETag at the CDN is not its SHA-256, as it is not with the real hub."""

    content: bytes | Path
    size_bytes: int
    sha256: str
    in_lfs: bool

    @property
    def etag(self) -> str:
        """The CDN's name for these bytes, in quotes."""
        return f'"{hashlib.md5(self.sha256.encode(), usedforsecurity=False).hexdigest()}"'

    @property
    def blob_id(self) -> str:
        """Git's name for the file (of the same form, not the same value)."""
        return hashlib.sha1(self.sha256.encode(), usedforsecurity=False).hexdigest()

    def read(self, offset: int, count: int) -> bytes:
        """Give `count` bytes from `offset`."""
        if isinstance(self.content, bytes):
            return self.content[offset : offset + count]
        with self.content.open("rb") as file:
            file.seek(offset)
            return file.read(count)


def served_file(content: bytes | Path, *, sha256: str = "", in_lfs: bool = True) -> ServedFile:
    """Make a file to serve. `sha256` saves reading a large one to find it out."""
    if isinstance(content, bytes):
        return ServedFile(content, len(content), sha256 or hashlib.sha256(content).hexdigest(), in_lfs)
    if not sha256:
        with content.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ServedFile(content, content.stat().st_size, sha256, in_lfs)


@dataclass(slots=True)
class Repository:
    """The commits of one repository, oldest first; the branch `main` is at the last one."""

    name: str
    commits: dict[str, dict[str, ServedFile]] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    token: str = ""  # that opens it, where it is gated or private

    @property
    def head(self) -> str:
        """The last commit."""
        return next(reversed(self.commits))

    def add_commit(self) -> str:
        """Begin a commit with the files of the last one."""
        files = dict(self.commits[self.head]) if self.commits else {}
        commit = hashlib.sha1(f"{self.name} {len(self.commits)}".encode(), usedforsecurity=False).hexdigest()
        self.commits[commit] = files
        return commit

    def commit_of(self, revision: str) -> str:
        """The commit that a branch or commit names, or an empty text."""
        if revision == "main":
            return self.head
        return revision if revision in self.commits else ""

    def info_json(self, commit: str, *, with_blobs: bool) -> bytes:
        """Make the answer of /api/models/{repo}."""
        siblings: list[dict[str, object]] = []
        for path, file in self.commits[commit].items():
            sibling: dict[str, object] = {"rfilename": path}
            if with_blobs:
                sibling |= {"size": file.size_bytes, "blobId": file.blob_id}
                if file.in_lfs:
                    sibling["lfs"] = {"sha256": file.sha256, "size": file.size_bytes, "pointerSize": 135}
            siblings.append(sibling)
        info = {
            "_id": self.head[:24],
            "id": self.name,
            "modelId": self.name,
            "author": self.name.split("/")[0],
            "sha": commit,
            "lastModified": "2026-01-20T10:00:00.000Z",
            "createdAt": "2026-01-20T10:00:00.000Z",
            "private": self.private,
            "gated": "manual" if self.gated else False,
            "disabled": False,
            "downloads": 1,
            "likes": 1,
            "tags": ["gguf"],
            "siblings": siblings,
        }
        return json.dumps(info).encode()

    def tree_json(self, commit: str) -> bytes:
        """Make the answer of /api/models/{repo}/tree/{revision}?recursive=true, without folders."""
        entries: list[dict[str, object]] = []
        for path, file in self.commits[commit].items():
            entry: dict[str, object] = {"type": "file", "oid": file.blob_id, "size": file.size_bytes}
            entry["path"] = path
            if file.in_lfs:
                entry["lfs"] = {"oid": file.sha256, "size": file.size_bytes, "pointerSize": 135}
            entries.append(entry)
        return json.dumps(entries).encode()
