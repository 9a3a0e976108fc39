"""“Delete everything” does what it says, and leaves alone what is not Ponder's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.delete_everything import DeletionError, delete_everything
from app.history.key import Key
from app.history.key_file import KeptKey, KeyFile, save_key_file
from app.history.records import TurnState
from app.history.store import HistoryStore
from app.history.system_keyring import SystemKeyring
from app.paths import Paths
from models.engine.protocol import Usage
from tests.app.history.file_keyring import MemoryKeyring

CANARY = "PLATYPUS"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A folder that has been used, with a file of somebody else's in it."""
    paths = Paths.from_environment({"PONDER_HOME": str(tmp_path / "ponder")})
    paths.make_folders()
    with HistoryStore(paths.history_file) as history:
        turn = history.begin_turn(None, f"What is a {CANARY}?", "A model")
        history.end_turn(turn.id, state=TurnState.FINISHED, answer=f"A {CANARY}.", usage=Usage())
        history.back_up()
    (paths.data_dir / "history.damaged-2026-11-01.db").write_text(CANARY)
    paths.settings_file.write_text(json.dumps({"theme": "dark"}))
    (paths.log_dir / "fault.log").write_text("a fault")
    (paths.models_dir / "somebody__model").mkdir()
    (paths.models_dir / "somebody__model" / "model.gguf").write_bytes(b"GGUF")
    (paths.data_dir / "thesis.txt").write_text("not ours")
    return paths


def left(paths: Paths) -> set[str]:
    return {path.name for path in paths.data_dir.rglob("*") if path.is_file()}


def test_chats_backups_settings_and_logs_are_gone_and_models_stay(paths: Paths) -> None:
    delete_everything(paths, SystemKeyring(MemoryKeyring), with_models=False)
    assert left(paths) == {"model.gguf", "thesis.txt"}


def test_models_go_too_where_that_is_wanted(paths: Paths) -> None:
    delete_everything(paths, SystemKeyring(MemoryKeyring), with_models=True)
    assert left(paths) == {"thesis.txt"}


def test_the_words_are_overwritten_first(paths: Paths) -> None:
    other_name = paths.data_dir / "another name"
    (paths.data_dir / "history.damaged-2026-11-01.db").unlink()
    with paths.history_file.open("rb") as still_open:
        delete_everything(paths, SystemKeyring(MemoryKeyring), with_models=False)
        assert CANARY.encode() not in still_open.read()
    assert not other_name.exists()


def test_the_keyring_forgets_the_key(paths: Paths) -> None:
    backend = MemoryKeyring()
    keyring, key = SystemKeyring(lambda: backend), Key.random()
    keyring.write(key)
    save_key_file(paths.history_file, KeyFile(keys=(KeptKey(key.id),)))
    delete_everything(paths, keyring, with_models=False)
    assert SystemKeyring(lambda: backend).read(key.id) is None
    assert left(paths) == {"model.gguf", "thesis.txt"}


def test_what_cannot_be_deleted_is_named_and_the_rest_goes(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("app.delete_everything.wipe_file", refuse)
    with pytest.raises(DeletionError) as raised:
        delete_everything(paths, SystemKeyring(MemoryKeyring), with_models=False)
    assert str(paths.history_file) in str(raised.value)
    assert "settings.json" not in left(paths)
