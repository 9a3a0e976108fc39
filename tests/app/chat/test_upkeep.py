"""The history is looked after while the chat goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.chat import controller as controller_module
from app.chat.events import ConversationsListed, Noticed, TurnEnded
from app.errors import HistoryDamagedError, HistoryError
from app.history import backups
from app.history.backups import list_backups
from app.history.damage import recover
from app.history.store import HistoryStore
from tests.app.chat.conftest import StartController
from tests.app.history.filled import fill, spoil

CANARY = "canary Theodora"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_backup_comes_with_the_first_answer_and_a_deletion_reaches_it(
    tmp_path: Path, start_controller: StartController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller_module, "UPKEEP_DELAY_S", 0.0)
    path = tmp_path / "history.db"
    controller, listener = start_controller(open_history=lambda: HistoryStore(path))
    controller.ask(f"Who is {CANARY}?")
    turn = listener.wait_for(TurnEnded).turn
    wait_until(lambda: len(list_backups(path)) == 1)
    (before,) = list_backups(path)
    controller.delete_conversation(turn.conversation_id)
    controller.forget_deleted()
    wait_until(lambda: before not in list_backups(path) and not backups.has_deletions(path))
    controller.close()
    folder = backups.backups_folder(path)
    for file in (path, *folder.iterdir()):
        assert CANARY.encode() not in file.read_bytes()


def test_damage_that_the_upkeep_finds_is_said(
    tmp_path: Path, start_controller: StartController, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.db"

    def find_damage(*_arguments: object, **_options: object) -> None:
        raise HistoryDamagedError("The history is damaged.")

    monkeypatch.setattr(controller_module, "UPKEEP_DELAY_S", 0.0)
    monkeypatch.setattr(backups, "make_backup", find_damage)
    controller, listener = start_controller(open_history=lambda: HistoryStore(path))
    controller.ask("Who?")
    noticed = listener.wait_for(Noticed)
    assert isinstance(noticed.error, HistoryDamagedError)
    assert noticed.lasting


def test_a_damaged_history_is_repaired_while_it_is_closed(
    tmp_path: Path, start_controller: StartController
) -> None:
    path = tmp_path / "history.db"
    fill(path, 20)
    spoil(path, 5, 8)
    controller, listener = start_controller(open_history=lambda: HistoryStore(path))
    assert isinstance(listener.wait_for(Noticed).error, HistoryDamagedError)
    controller.ask("Is this kept?")
    listener.wait_for(TurnEnded)

    def fail() -> None:
        raise HistoryError("There is no room.")

    listener.forget()
    controller.repair_history(fail)
    listener.wait_for(Noticed, lambda noticed: "no room" in noticed.error.message)
    listener.wait_for(Noticed, lambda noticed: isinstance(noticed.error, HistoryDamagedError))

    def repair() -> None:
        recover(path)

    listener.forget()
    controller.repair_history(repair)
    listener.wait_for(ConversationsListed, lambda listed: len(listed.conversations) == 20)
    controller.ask("And is this?")
    turn = listener.wait_for(TurnEnded).turn
    controller.close()
    with HistoryStore(path) as history:
        assert history.conversation(turn.conversation_id).turns == (turn,)
