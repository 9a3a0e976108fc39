"""Decides which addresses in an answer may become links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QUrl

ALLOWED_SCHEMES = frozenset({"http", "https", "mailto"})
MAX_ADDRESS_CHARS = 2_000

_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\x9f\\\u2028-\u202e\u2066-\u2069<>\"`{}|^]|%5c|%0[0-9a-f]|%1[0-9a-f]", re.I
)
_BARE = re.compile(r"(?<![A-Za-z0-9_/])https?://[a-z0-9][!#-;=?-\[\]_a-z~]*", re.I)
"""What may be an address. Letters other than ASCII end it: in Chinese no space stands behind it."""


def bare_addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Where http and https addresses stand in a text, and what they are as `safe_address` gives it.

    As GFM has it, punctuation at their end is none of theirs, nor a bracket that was opened before.
    Source: https://github.github.com/gfm/#autolinks-extension-
    """
    for found in _BARE.finditer(text) if "://" in text else ():
        end = found.end()
        while text[end - 1] in "?!.,:;*_~'])":
            inside = text[found.start() : end]
            if text[end - 1] == ")" and inside.count("(") >= inside.count(")"):
                break
            end -= 1
        address = safe_address(text[found.start() : end])
        if address is not None:
            yield found.start(), end, address


def safe_address(untrusted_address: str) -> str | None:
    """The address in its normal form (host in ASCII), or None where it must not become a link.

    Allowed are http, https and mailto, without user names, backslashes and control characters.
    """
    if len(untrusted_address) > MAX_ADDRESS_CHARS or _FORBIDDEN.search(untrusted_address):
        return None
    url = QUrl(untrusted_address, QUrl.ParsingMode.StrictMode)
    if not url.isValid() or url.scheme() not in ALLOWED_SCHEMES:
        return None
    if url.userInfo() or "@" in url.authority():
        return None
    if url.scheme() == "mailto":
        if url.host() or "@" not in url.path():
            return None
    elif not url.host():
        return None
    encoded = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
    return str(encoded)
