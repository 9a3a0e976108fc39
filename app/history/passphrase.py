"""Wraps the key of a history with a passphrase: scrypt, a one-time pad and an HMAC, all of hashlib."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from typing import Annotated

import msgspec

from app.errors import HistoryLockedError, InputError
from app.history.key import KEY_BYTES, Key

MIN_PASSPHRASE_CHARACTERS = 8
MAX_PASSPHRASE_CHARACTERS = 1_000
SCRYPT_N = 2**17
"""With r = 8 and p = 1 it takes 128 MiB and a third of a second, as OWASP advises:
https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt"""
_SALT_BYTES = 16
_SPARE_BYTES = 1024 * 1024
_WORDS = b"ponder wrapped key 1"

_Hex16 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
_Hex32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a passphrase opens; all but the numbers in hexadecimal digits.

    The numbers are those of scrypt.
    """

    salt: _Hex16
    wrapped: _Hex32
    check: _Hex32
    n: Annotated[int, msgspec.Meta(ge=2**14, le=2**20)]
    r: Annotated[int, msgspec.Meta(ge=8, le=16)] = 8
    p: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1


def checked_passphrase(text: str) -> str:
    """The passphrase, if it can be one. Raises `InputError`."""
    if not MIN_PASSPHRASE_CHARACTERS <= len(text) <= MAX_PASSPHRASE_CHARACTERS:
        raise InputError(
            f"A passphrase has at least {MIN_PASSPHRASE_CHARACTERS} characters.",
            advice="Five or six words that do not belong together are easy to remember and hard to guess.",
        )
    return text


def wrap(key: Key, passphrase: str) -> WrappedKey:
    """Wrap a key; takes a third of a second and 128 MiB. Raises `InputError` for a short passphrase."""
    bare = WrappedKey(salt=secrets.token_hex(_SALT_BYTES), wrapped="0" * 64, check="0" * 64, n=SCRYPT_N)
    pad, check_key = _stretched(checked_passphrase(passphrase), bare)
    wrapped = msgspec.structs.replace(bare, wrapped=_xor(key.secret, pad).hex())
    return msgspec.structs.replace(wrapped, check=_check_of(wrapped, check_key))


def unwrap(wrapped: WrappedKey, passphrase: str) -> Key:
    """The key. Raises `HistoryLockedError` where that is not the passphrase."""
    pad, check_key = _stretched(passphrase, wrapped)
    if not hmac.compare_digest(_check_of(wrapped, check_key), wrapped.check):
        raise HistoryLockedError(
            "That is not the passphrase.",
            kept="Nothing was changed.",
            advice="Try again.",
            needs="passphrase",
        )
    return Key(_xor(bytes.fromhex(wrapped.wrapped), pad))


def _stretched(passphrase: str, numbers: WrappedKey) -> tuple[bytes, bytes]:
    """A pad for the key, and a key for the check. The same letters typed on another system are the same."""
    both = hashlib.scrypt(
        unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass"),
        salt=bytes.fromhex(numbers.salt),
        n=numbers.n,
        r=numbers.r,
        p=numbers.p,
        maxmem=128 * numbers.n * numbers.r * numbers.p + _SPARE_BYTES,
        dklen=2 * KEY_BYTES,
    )
    return both[:KEY_BYTES], both[KEY_BYTES:]


def _check_of(wrapped: WrappedKey, check_key: bytes) -> str:
    numbers = f"{wrapped.n} {wrapped.r} {wrapped.p}".encode()
    content = bytes.fromhex(wrapped.salt) + bytes.fromhex(wrapped.wrapped)
    return hmac.digest(check_key, b"\0".join((_WORDS, numbers, content)), hashlib.sha256).hex()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))
