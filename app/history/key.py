"""The key of a history: 256 random bits that never show by accident, and the same as text to write down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import NoReturn

from app.errors import InputError

KEY_BYTES = 32
ID_BYTES = 16
"""As long as the salt in the first bytes of an SQLCipher file, which is where the id stands."""
_ID_WORDS = b"ponder history key"
_CHECK_WORDS = b"ponder recovery key"
_CHECK_BYTES = 3
_GROUP = 4
_STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters that are not mistaken for digits: https://www.crockford.com/base32.html"""
_TEXT_CHARACTERS = (KEY_BYTES + _CHECK_BYTES) * 8 // 5
_AS_READ = str.maketrans({"I": "1", "L": "1", "O": "0"})


class Key:
    """A secret. It cannot be printed, pickled or changed; `id` may be seen by anybody."""

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")
        self._secret = bytes(secret)
        self.id: str = hmac.digest(self._secret, _ID_WORDS, hashlib.sha256)[:ID_BYTES].hex()

    @classmethod
    def random(cls) -> Key:
        """A new one."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_recovery_text(cls, untrusted_text: str) -> Key:
        """The key that was written down; spaces, dashes and case do not matter. Raises `InputError`."""
        letters = "".join(each for each in untrusted_text.upper() if each.isalnum()).translate(_AS_READ)
        if len(letters) != _TEXT_CHARACTERS or set(letters) - set(_CROCKFORD):
            raise InputError(
                "This is not a recovery key.", advice=f"It has {_TEXT_CHARACTERS} letters and digits."
            )
        whole = base64.b32decode(letters.translate(str.maketrans(_CROCKFORD, _STANDARD)))
        secret, check = whole[:KEY_BYTES], whole[KEY_BYTES:]
        if not hmac.compare_digest(check, _check_of(secret)):
            raise InputError(
                "There is a mistake in this recovery key.", advice="Compare it letter by letter."
            )
        return cls(secret)

    @property
    def secret(self) -> bytes:
        """The bytes, for who must store or wrap them."""
        return self._secret

    @property
    def for_sqlcipher(self) -> str:
        """A raw key with its salt, as https://www.zetetic.net/sqlcipher/sqlcipher-api/#key has it."""
        return f"x'{self._secret.hex()}{self.id}'"

    @property
    def recovery_text(self) -> str:
        """The key to print or write down: 14 groups of 4 letters and digits."""
        whole = base64.b32encode(self._secret + _check_of(self._secret)).decode("ascii")
        letters = whole.translate(str.maketrans(_STANDARD, _CROCKFORD))
        return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))

    def __eq__(self, other: object) -> bool:
        """Whether it is the same secret, in constant time."""
        return isinstance(other, Key) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        """By the id, which is no secret."""
        return hash(self.id)

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Key({self.id[:8]}…)"

    def __reduce__(self) -> NoReturn:
        """A copy of it would be out of sight."""
        raise TypeError("a key is not pickled")


def _check_of(secret: bytes) -> bytes:
    return hashlib.sha256(_CHECK_WORDS + secret).digest()[:_CHECK_BYTES]
