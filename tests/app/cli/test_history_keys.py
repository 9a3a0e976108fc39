"""`ponder history encrypt`, `decrypt`, `change-key`, `recovery-key`, and what reads such a history."""

from __future__ import annotations

import os
from contextlib import closing

import keyring.core
import pytest

from app.history import passphrase
from app.history.file_kind import FileKind, key_id_in, kind_of
from app.history.key import Key
from app.history.protection import Protection
from app.history.store import HistoryStore
from tests.app.cli.conftest import CommandLine
from tests.app.history.file_keyring import MemoryKeyring
from tests.app.history.filled import add_turn, holds

PASSPHRASE = b"five words for a key\n"
CANARY = "Theodora's secret"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    monkeypatch.setattr(passphrase, "SCRYPT_N", 2**14)
    return backend


@pytest.fixture
def filled(ponder: CommandLine) -> CommandLine:
    ponder.paths.make_folders()
    with closing(HistoryStore(ponder.paths.history_file)) as history:
        add_turn(history, f"{CANARY}?")
        history.back_up()
    return ponder


def test_to_encrypt_and_back(filled: CommandLine, memory: MemoryKeyring) -> None:
    path = filled.paths.history_file
    done = filled("history", "encrypt")
    assert done.exit_code == 0
    assert done.stdout.startswith("Your history is encrypted. Its key is in the keyring")
    assert "recovery-key" in done.stderr
    assert kind_of(path) is FileKind.ENCRYPTED
    assert holds(path.parent, CANARY) == []
    assert CANARY in filled("history", "list").stdout
    assert filled("history", "encrypt", "--json").stderr.startswith(
        "ponder: The history is encrypted already"
    )
    assert filled("history", "verify").exit_code == 0
    assert filled("history", "backup").exit_code == 0
    assert filled("history", "restore", "--yes").exit_code == 0
    assert CANARY in filled("history", "search", "Theodora").stdout
    assert "nobody is there" in filled("history", "decrypt").error(2)
    assert filled("history", "decrypt", "--yes").stdout == "Your history is not encrypted.\n"
    assert kind_of(path) is FileKind.PLAIN
    assert memory.entries == {}


def test_the_recovery_key_is_shown_and_opens_what_lost_its_keyring(
    filled: CommandLine, memory: MemoryKeyring
) -> None:
    filled("history", "encrypt")
    shown = filled("history", "recovery-key")
    text = shown.stdout.strip()
    assert Key.from_recovery_text(text).id == key_id_in(filled.paths.history_file)
    assert filled("history", "encrypt", "--json").stdout.count('"recovery_key_saved": true') == 1
    memory.entries.clear()
    locked = filled("history", "list")
    assert locked.exit_code == 1
    assert "key is not there" in locked.stderr
    assert locked.stdout == ""
    opened = filled("history", "list", stdin=text.encode() + b"\n")
    assert CANARY in opened.stdout
    assert text not in opened.stdout + opened.stderr
    assert CANARY in filled("history", "list").stdout  # the keyring has it again


def test_a_passphrase_is_read_from_standard_input_and_never_shown(
    filled: CommandLine, memory: MemoryKeyring
) -> None:
    assert filled("history", "encrypt", "--passphrase").error(2).startswith("There is no new passphrase")
    assert "8 characters" in filled("history", "encrypt", "--passphrase", stdin=b"short\n").error(2)
    done = filled("history", "encrypt", "--passphrase", stdin=PASSPHRASE)
    assert done.stdout == "Your history is encrypted. Your passphrase opens it.\n"
    assert memory.entries == {}
    for arguments in (
        ("history", "list"),
        ("history", "verify"),
        ("history", "backup"),
        ("history", "list", "--json"),
    ):
        assert filled(*arguments).exit_code == 1
        wrong = filled(*arguments, stdin=b"another passphrase\n")
        assert "not the passphrase" in wrong.stderr
        right = filled(*arguments, stdin=PASSPHRASE)
        assert right.exit_code == 0
        assert PASSPHRASE.decode().strip() not in right.stdout + right.stderr


def test_a_new_key_by_the_same_or_another_way(filled: CommandLine, memory: MemoryKeyring) -> None:
    path = filled.paths.history_file
    assert "not encrypted" in filled("history", "change-key").error(1)
    filled("history", "encrypt")
    before = key_id_in(path)
    assert filled("history", "change-key").exit_code == 0
    assert key_id_in(path) != before
    before = key_id_in(path)
    assert "passphrase" in filled("history", "encrypt", "--passphrase", stdin=PASSPHRASE).stdout
    assert key_id_in(path) == before
    both = PASSPHRASE + b"another passphrase\n"
    assert filled("history", "change-key", stdin=both).exit_code == 0
    assert key_id_in(path) != before
    assert filled("history", "encrypt", "--keyring", stdin=b"another passphrase\n").exit_code == 0
    assert CANARY in filled("history", "list").stdout
    assert len(memory.entries) == 1


def test_a_question_that_is_saved_makes_an_encrypted_history(
    ponder: CommandLine, memory: MemoryKeyring
) -> None:
    assert ponder("ask", "--save", f"{CANARY}?", fake=("--answer", CANARY)).exit_code == 0
    assert kind_of(ponder.paths.history_file) is FileKind.ENCRYPTED
    assert holds(ponder.paths.data_dir, CANARY) == []
    assert CANARY in ponder("history", "show", "1").stdout


def test_doctor_says_how_the_history_is_kept(filled: CommandLine, memory: MemoryKeyring) -> None:
    assert "The history is not encrypted." in filled("doctor").stdout
    filled("history", "encrypt")
    assert "The history is encrypted, and its key is at hand." in filled("doctor").stdout
    memory.entries.clear()
    report = filled("doctor", "--json").object
    assert report["history_protection"] == "encrypted"
    assert {each["text"]: each["result"] for each in report["promises"]}["The history is intact"].startswith(
        "cannot"
    )


def test_while_the_window_is_open_nothing_is_switched(filled: CommandLine, memory: MemoryKeyring) -> None:
    filled.paths.lock_file.write_text(f"{os.getpid()}\nponder\n")
    assert "window is open" in filled("history", "encrypt").error(1)
    assert Protection(filled.paths.history_file).key() is None
