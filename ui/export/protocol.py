"""What Ponder and the process that renders chats say to each other.

Each line in is a `Page`, as JSON; the answer is a line with a `Rendered` and then so many bytes.
"""

from __future__ import annotations

import msgspec

from app.history.transfer.exporting import Form
from app.history.transfer.records import ChatRecord


class Page(msgspec.Struct, frozen=True):
    """Make this chat a page. Form: HTML or PDF."""

    form: Form
    chat: ChatRecord


class Rendered(msgspec.Struct, frozen=True):
    """The page follows, so many bytes of it."""

    size_bytes: int
