"""Takes values out of JSON that nobody vouches for: the right type, or nothing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_S = 253_402_300_799.0  # the last second of the year 9999
UNKNOWN_TIME = _EPOCH
"""Where a file says no time: the same at each import, so that a second one finds the chat again."""


def text_of(untrusted: Any) -> str:
    """The text, "" where it is none."""
    return untrusted if isinstance(untrusted, str) else ""


def list_of(untrusted: Any) -> list[Any]:
    """The list, an empty one where it is none."""
    return untrusted if isinstance(untrusted, list) else []


def object_of(untrusted: Any) -> dict[str, Any]:
    """The object, an empty one where it is none."""
    return untrusted if isinstance(untrusted, dict) else {}


def time_from_seconds(untrusted: Any) -> datetime | None:
    """A moment as seconds since 1970, to the microsecond."""
    if isinstance(untrusted, bool) or not isinstance(untrusted, int | float):
        return None
    if not math.isfinite(untrusted) or not 0 < untrusted <= _MAX_S:
        return None
    return _EPOCH + timedelta(microseconds=round(untrusted * 1_000_000))


def time_from_milliseconds(untrusted: Any) -> datetime | None:
    """A moment as milliseconds since 1970."""
    if isinstance(untrusted, bool) or not isinstance(untrusted, int | float) or abs(untrusted) > _MAX_S * 1e3:
        return None
    return time_from_seconds(untrusted / 1000)


def time_from_iso(untrusted: Any) -> datetime | None:
    """A moment as ISO 8601 writes it; without a zone it is UTC."""
    if not isinstance(untrusted, str) or len(untrusted) > 64:
        return None
    try:
        moment = datetime.fromisoformat(untrusted)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment >= _EPOCH else None
