"""The key: never shown by accident, written down and typed again, wrapped by a passphrase."""

from __future__ import annotations

import pickle
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import HistoryLockedError, InputError
from app.history import passphrase
from app.history.key import Key
from app.history.passphrase import WrappedKey, unwrap, wrap

KEY = Key(bytes(range(32)))


def test_a_key_does_not_show_itself() -> None:
    secret = KEY.secret.hex()
    for shown in (repr(KEY), str(KEY), f"{KEY}", f"{KEY!a}", repr({"key": KEY}), KEY.id):
        assert secret[:12] not in shown
        assert KEY.recovery_text[:9] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_random_keys_differ_and_are_named_by_their_secret() -> None:
    keys = [Key.random() for _ in range(20)]
    assert len({key.id for key in keys}) == 20
    assert Key(keys[0].secret) == keys[0] != keys[1]
    assert Key(keys[0].secret).id == keys[0].id


@given(st.binary(min_size=32, max_size=32))
def test_a_recovery_key_is_read_back_however_it_is_typed(secret: bytes) -> None:
    key = Key(secret)
    text = key.recovery_text
    groups = text.split("-")
    assert (len(groups), {len(group) for group in groups}) == (14, {4})
    typed = text.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert Key.from_recovery_text(text) == Key.from_recovery_text(f"  {typed}\n") == key


@given(st.integers(0, 55), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_letter_is_noticed(place: int, letter: str) -> None:
    letters = KEY.recovery_text.replace("-", "")
    wrong = letters[:place] + letter + letters[place + 1 :]
    if wrong != letters:
        with pytest.raises(InputError, match="mistake"):
            Key.from_recovery_text(wrong)


@given(st.text(max_size=200))
def test_anything_else_is_no_recovery_key(text: str) -> None:
    with pytest.raises(InputError):
        Key.from_recovery_text(text)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "SCRYPT_N", 2**14)


@pytest.mark.usefixtures("_quick")
def test_a_passphrase_opens_what_it_wrapped_and_no_other_does() -> None:
    wrapped = wrap(KEY, "correct horse battery — é")
    assert unwrap(wrapped, "correct horse battery — e\u0301") == KEY  # the same, as another system types it
    with pytest.raises(HistoryLockedError, match="not the passphrase"):
        unwrap(wrapped, "correct horse battery — e")
    again = wrap(KEY, "correct horse battery — é")
    assert (again.salt, again.wrapped) != (wrapped.salt, wrapped.wrapped)
    assert KEY.secret.hex() not in msgspec.json.encode(wrapped).decode()


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("field", ["salt", "wrapped", "check"])
def test_a_wrapped_key_that_was_changed_does_not_open(field: str) -> None:
    wrapped = wrap(KEY, "correct horse")
    digits: str = getattr(wrapped, field)
    other = string.hexdigits[(int(digits[0], 16) + 1) % 16]
    with pytest.raises(HistoryLockedError):
        unwrap(msgspec.structs.replace(wrapped, **{field: other + digits[1:]}), "correct horse")


def test_a_passphrase_is_hard_to_guess() -> None:
    wrapped = wrap(KEY, "correct horse")
    assert (wrapped.n, wrapped.r, wrapped.p) == (2**17, 8, 1)
    assert unwrap(wrapped, "correct horse") == KEY


@pytest.mark.usefixtures("_quick")
def test_numbers_that_would_take_all_memory_are_refused() -> None:
    text = msgspec.json.encode(wrap(KEY, "correct horse")).replace(b'"n":16384', b'"n":1073741824')
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=WrappedKey)


@pytest.mark.parametrize("text", ["", "short", "x" * 1001])
def test_a_passphrase_of_a_few_letters_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        wrap(KEY, text)
