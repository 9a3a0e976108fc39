"""What a request to the hub server was, and where it went."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

Place = Literal["api", "head", "get", "cdn", "other"]

API_PATH = re.compile(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?/?")
RESOLVE_PATH = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass(slots=True)
class RecordedRequest:
    """One request and what came of it. Header names are in lower case."""

    place: Place
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int = 0
    sent_bytes: int = 0  # of the body, handed to the kernel: the client may have got fewer
    # Set when no more of the body will be counted: the client can have the last byte before it is.
    all_counted: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)

    @property
    def range(self) -> str:
        """The Range header, or an empty text."""
        return self.headers.get("range", "")

    @property
    def authorization(self) -> str:
        """The Authorization header, or an empty text."""
        return self.headers.get("authorization", "")

    def __str__(self) -> str:
        """The request as one line: method, path and query."""
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


def file_path(request: RecordedRequest) -> str:
    """The path of the file inside its repository; of other requests the whole path."""
    if match := RESOLVE_PATH.fullmatch(request.path):
        return unquote(match[3])
    return unquote(request.path.split("/", 5)[5]) if request.place == "cdn" else request.path
