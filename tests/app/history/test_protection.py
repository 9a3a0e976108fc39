"""Where the key is kept: the keyring, a passphrase, a recovery key; and switching between all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from keyring.backends import fail, null

from app.errors import HistoryError, HistoryLockedError, InputError
from app.history import passphrase
from app.history.backups import list_backups
from app.history.file_kind import FileKind, key_id_in, kind_of
from app.history.key import Key
from app.history.key_file import key_file_of, load_key_file
from app.history.protection import Protection
from app.history.store import HistoryStore
from app.history.switching import decrypt, encrypt, move_key
from app.history.system_keyring import KeyringError, SystemKeyring, usable_backend
from tests.app.history.file_keyring import ForgetfulKeyring, MemoryKeyring, SilentKeyring
from tests.app.history.filled import add_turn, fill, holds

CANARY = "Theodora's secret"
PASSPHRASE = "five words for a key"
NO_KEYRING: Any = null.Keyring()  # type: ignore[no-untyped-call]
FAILING: Any = fail.Keyring()  # type: ignore[no-untyped-call]


def nothing(_done: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "history é"
    folder.mkdir()
    return folder / "history.db"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "SCRYPT_N", 2**14)


@pytest.fixture
def memory() -> MemoryKeyring:
    return MemoryKeyring()


def protection(path: Path, backend: Any = None, limit_s: float = 5.0) -> Protection:
    """As a new start of Ponder has it; without a backend there is no keyring."""
    found = backend if backend is not None else NO_KEYRING
    return Protection(path, SystemKeyring(lambda: found, limit_s=limit_s))


def ask(of: Protection, question: str = f"{CANARY}?") -> None:
    with of.open_history() as history:
        add_turn(history, question)


def titles(of: Protection) -> list[str]:
    with of.open_history() as history:
        return sorted(each.title for each in history.conversations())


def secrets_in(folder: Path, memory: MemoryKeyring) -> list[str]:
    return [name for secret in memory.entries.values() for name in holds(folder, secret)]


def test_a_new_history_is_encrypted_where_the_keyring_works(path: Path, memory: MemoryKeyring) -> None:
    ask(protection(path, memory))
    assert kind_of(path) is FileKind.ENCRYPTED
    assert list(memory.entries) == [("Ponder", f"history {key_id_in(path)}")]
    assert titles(protection(path, memory)) == [f"{CANARY}?"]
    assert secrets_in(path.parent, memory) == holds(path.parent, CANARY) == []
    state = protection(path, memory)
    state.open_history().close()
    assert (state.state().kept_by, state.state().reminder) == ("keyring", "save the recovery key")


@pytest.mark.parametrize(
    "backend",
    [
        None,
        FAILING,
        ForgetfulKeyring(),
    ],
)
def test_without_a_keyring_a_new_history_is_plain_and_that_is_said(path: Path, backend: Any) -> None:
    of = protection(path, backend)
    ask(of)
    assert kind_of(path) is FileKind.PLAIN
    assert not key_file_of(path).exists()
    state = of.state()
    assert state.kept_by == ""
    assert state.keyring_problem
    assert state.reminder == "not encrypted"
    of.note_reminded("not encrypted")
    assert of.state().reminder is None


def test_a_backend_in_plain_text_is_no_keyring() -> None:
    plain = type("PlaintextKeyring", (MemoryKeyring,), {"__module__": "keyrings.alt.file"})()
    weak = type("Weak", (MemoryKeyring,), {"priority": 0.5})()
    for backend in (plain, weak, NO_KEYRING, FAILING):
        with pytest.raises(KeyringError):
            usable_backend(backend)


def test_of_a_chain_the_first_good_one_is_taken(memory: MemoryKeyring) -> None:
    weak = type("Weak", (MemoryKeyring,), {"priority": 0.5})()
    kind = type("Chain", (MemoryKeyring,), {"__module__": "keyring.backends.chainer"})
    chain = kind()
    chain.backends = [weak, memory]
    assert usable_backend(chain) is memory
    chain.backends = [weak]
    with pytest.raises(KeyringError):
        usable_backend(chain)


def test_a_keyring_that_does_not_answer_counts_as_none(path: Path) -> None:
    silent = SilentKeyring()
    of = protection(path, silent, limit_s=0.05)
    ask(of)
    assert kind_of(path) is FileKind.PLAIN
    assert "does not answer" in of.state().keyring_problem or of.state().keyring_name
    silent.let_go.set()


@pytest.mark.parametrize("raised", [RuntimeError("the secret"), ValueError(), KeyError("x")])
def test_whatever_a_keyring_raises_locks_and_quotes_nothing(
    path: Path, memory: MemoryKeyring, raised: Exception
) -> None:
    ask(protection(path, memory))
    before = path.read_bytes()
    memory.broken = raised
    with pytest.raises(HistoryLockedError) as caught:
        protection(path, memory).open_history()
    assert "the secret" not in str(caught.value) + caught.value.details
    assert path.read_bytes() == before
    memory.broken = None
    assert titles(protection(path, memory)) == [f"{CANARY}?"]


def test_a_lost_keyring_leads_to_the_recovery_key_and_never_to_an_empty_history(
    path: Path, memory: MemoryKeyring
) -> None:
    first = protection(path, memory)
    ask(first)
    recovery = first.recovery_text()
    memory.entries.clear()
    before = path.read_bytes()
    again = protection(path, memory)
    with pytest.raises(HistoryLockedError) as caught:
        again.open_history()
    assert caught.value.needs == "recovery key"
    with pytest.raises(HistoryLockedError, match="another history"):
        again.unlock(Key.random().recovery_text)
    with pytest.raises(InputError):
        again.unlock("no recovery key")
    assert path.read_bytes() == before
    again.unlock(recovery.lower())
    assert titles(again) == [f"{CANARY}?"]
    assert titles(protection(path, memory)) == [f"{CANARY}?"]  # the keyring has it again


def test_with_a_lost_keyring_that_stays_lost_the_recovery_key_opens_each_time(
    path: Path, memory: MemoryKeyring
) -> None:
    first = protection(path, memory)
    ask(first)
    for _ in range(2):
        without = protection(path)
        with pytest.raises(HistoryLockedError):
            without.open_history()
        without.unlock(first.recovery_text())
        assert titles(without) == [f"{CANARY}?"]
        assert without.state().kept_by == "nothing"


@pytest.mark.parametrize("content", [None, b"{ broken", b'{"keys": 3}'])
def test_without_the_key_file_the_keyring_is_asked_by_the_name_in_the_history(
    path: Path, memory: MemoryKeyring, content: bytes | None
) -> None:
    ask(protection(path, memory))
    key_file_of(path).unlink()
    if content is not None:
        key_file_of(path).write_bytes(content)
    assert titles(protection(path, memory)) == [f"{CANARY}?"]
    assert (key_file_of(path).read_bytes() if content else None) == content


def test_a_broken_key_file_is_set_aside_when_it_is_written_again(path: Path, memory: MemoryKeyring) -> None:
    of = protection(path, memory)
    ask(of)
    recovery = of.recovery_text()
    key_file_of(path).write_bytes(b"{ broken")
    memory.entries.clear()
    again = protection(path, memory)
    with pytest.raises(HistoryLockedError):
        again.open_history()
    again.unlock(recovery)
    assert titles(again) == [f"{CANARY}?"]
    assert path.with_name("key.invalid-1.json").read_bytes() == b"{ broken"
    assert [kept.id for kept in load_key_file(path).keys] == [key_id_in(path)]


def test_an_existing_plain_history_stays_plain_until_it_is_switched(
    path: Path, memory: MemoryKeyring
) -> None:
    fill(path, 3)
    of = protection(path, memory)
    assert len(titles(of)) == 3
    assert kind_of(path) is FileKind.PLAIN
    assert memory.entries == {}
    assert of.state().reminder == "can be encrypted"


def test_a_plain_history_is_encrypted_with_all_that_lies_beside_it(path: Path, memory: MemoryKeyring) -> None:
    with HistoryStore(path) as history:
        add_turn(history, f"{CANARY}?", f"{CANARY}." * 200)
        history.back_up()
        add_turn(history, "Another?")
    done: list[float] = []
    of = protection(path, memory)
    encrypt(of, None, done.append)
    assert holds(path.parent, CANARY) == secrets_in(path.parent, memory) == []
    assert titles(of) == titles(protection(path, memory)) == ["Another?", f"{CANARY}?"]
    (backup,) = list_backups(path)
    assert key_id_in(backup.path) == key_id_in(path) != ""
    assert done == sorted(done)
    assert done[-1] == 1.0
    with of.open_history() as history:
        assert history.search("Theodora")
        assert add_turn(history, "New?").id > 2  # ids go on


def test_a_passphrase_instead_of_a_keyring(path: Path) -> None:
    fill(path, 2)
    encrypt(protection(path), PASSPHRASE, nothing)
    again = protection(path)
    with pytest.raises(HistoryLockedError) as caught:
        again.open_history()
    assert caught.value.needs == "passphrase"
    with pytest.raises(HistoryLockedError, match="not the passphrase"):
        again.unlock("another passphrase")
    again.unlock(PASSPHRASE)
    assert len(titles(again)) == 2
    assert again.state().kept_by == "passphrase"
    with_recovery = protection(path)
    with_recovery.unlock(again.recovery_text())
    assert len(titles(with_recovery)) == 2


def test_the_key_moves_between_keyring_and_passphrase_and_leaves_nothing(
    path: Path, memory: MemoryKeyring
) -> None:
    of = protection(path, memory)
    ask(of)
    file_before = path.read_bytes()
    move_key(of, PASSPHRASE)
    assert memory.entries == {}
    locked = protection(path, memory)
    with pytest.raises(HistoryLockedError):
        locked.open_history()
    locked.unlock(PASSPHRASE)
    move_key(locked, "another passphrase")
    locked = protection(path, memory)
    with pytest.raises(HistoryLockedError):
        locked.unlock(PASSPHRASE)
    locked.unlock("another passphrase")
    move_key(locked, None)
    assert titles(protection(path, memory)) == [f"{CANARY}?"]
    assert all(kept.wrapped is None for kept in load_key_file(path).keys)
    assert path.read_bytes()[:4096] == file_before[:4096]


def test_a_new_key_forgets_the_old_one_and_the_old_recovery_key(path: Path, memory: MemoryKeyring) -> None:
    of = protection(path, memory)
    ask(of)
    of.note_recovery_key_saved()
    of.note_reminded("save the recovery key")
    old = of.recovery_text()
    with of.open_history() as history:
        history.back_up()
    encrypt(of, None, nothing)
    assert titles(protection(path, memory)) == [f"{CANARY}?"]
    assert len(memory.entries) == 1
    fresh = protection(path)
    with pytest.raises(HistoryLockedError, match="another history"):
        fresh.unlock(old)
    of.open_history().close()
    assert of.state().reminder == "save the recovery key"
    assert {key_id_in(each.path) for each in list_backups(path)} == {key_id_in(path)}


def test_encryption_is_taken_away_and_does_not_come_back_by_itself(path: Path, memory: MemoryKeyring) -> None:
    of = protection(path, memory)
    ask(of)
    decrypt(of, nothing)
    assert kind_of(path) is FileKind.PLAIN
    assert memory.entries == {}
    again = protection(path, memory)
    assert titles(again) == [f"{CANARY}?"]
    assert again.state().reminder is None
    with HistoryStore(path) as history:
        assert len(history.conversations()) == 1


def test_while_somebody_has_it_open_nothing_is_switched_and_nothing_lost(
    path: Path, memory: MemoryKeyring, repository: Path
) -> None:
    fill(path, 2)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.app.history.children", "write_turns", str(path), "3"],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        of = protection(path, memory)
        with pytest.raises(HistoryError, match="in use"):
            encrypt(of, None, nothing)
        child.stdin.write(b"\n")
        child.stdin.close()
        child.wait()
    assert kind_of(path) is FileKind.PLAIN
    assert len(titles(of)) == 5
    assert memory.entries == {}  # the key that was not needed is forgotten
    encrypt(of, None, nothing)
    assert len(titles(of)) == 5


def test_a_damaged_history_is_not_switched(path: Path, memory: MemoryKeyring) -> None:
    fill(path, 40)
    content = bytearray(path.read_bytes())
    content[10 * 4096 : 12 * 4096] = bytes([0xA5]) * 8192
    path.write_bytes(content)
    with pytest.raises(HistoryError):
        encrypt(protection(path, memory), None, nothing)
    assert path.read_bytes()[4096:] == bytes(content)[4096:]
    assert kind_of(path) is FileKind.PLAIN
    assert not list(path.parent.glob("history.new-*"))


def test_a_lost_history_without_backups_begins_anew_but_keeps_what_was_set_aside(
    path: Path, memory: MemoryKeyring
) -> None:
    ask(protection(path, memory))
    path.rename(path.with_name("history.damaged-2026-01-01T000000.db"))
    memory.entries.clear()
    of = protection(path, memory)
    assert titles(of) == []
    assert len(load_key_file(path).keys) == 2
    assert len(memory.entries) == 1


ASK_KEYRING = """
import sys
started = []
sys.addaudithook(lambda event, args: started.append(args[0]) if event == "subprocess.Popen" else None)
from app.history.system_keyring import KeyringError, SystemKeyring
try:
    SystemKeyring().name()
except KeyringError:
    pass
print("keyring.backends.SecretService" in sys.modules, started)
"""


def test_to_look_for_a_keyring_starts_no_process(repository: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON_KEYRING")}
    done = subprocess.run(
        [sys.executable, "-c", ASK_KEYRING],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True []\n"


def test_nothing_is_imported_for_a_keyring_before_it_is_needed(repository: Path) -> None:
    code = "import sys, app.history.protection; print('keyring' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    assert done.stdout == "False\n"
