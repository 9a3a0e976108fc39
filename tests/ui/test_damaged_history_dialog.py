"""The dialog for a damaged history, with scripted findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.chat.events import Noticed
from app.errors import HistoryDamagedError, InputError
from app.history import backups
from app.history.backups import Backup
from app.history.connection import connect
from app.history.damage import GoodBackup, WhatIsLeft
from app.history.records import TurnState
from app.history.salvage import Recovered
from app.history.store import HistoryStore
from models.engine.protocol import Usage
from tests.app.history.filled import fill, spoil, titles
from tests.ui.conftest import Opened
from ui.bridges.background import Background
from ui.damaged_history_dialog import DamagedHistoryDialog, DamagedHistoryGuide

MADE_AT = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
BACKUP = GoodBackup(Backup(Path("history-2026-11-21T101500.db"), MADE_AT, 9), 12)
NOTHING = Recovered(0, 0, 0)


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[DamagedHistoryDialog]:
    parent = QWidget()
    parent.resize(900, 700)
    qtbot.addWidget(parent)
    parent.show()
    dialog = DamagedHistoryDialog(HistoryDamagedError("The <b>history</b> is damaged."), parent)
    dialog.open()
    yield dialog
    parent.close()


def offered(dialog: DamagedHistoryDialog) -> list[str]:
    buttons = (dialog.restore_button, dialog.recover_button, dialog.empty_button)
    return [button.text() for button in buttons if button.isVisible() and button.isEnabled()]


def test_nothing_is_offered_before_it_is_known(dialog: DamagedHistoryDialog) -> None:
    assert offered(dialog) == []
    assert "Looking" in dialog.state_label.text()


def test_all_three_ways(dialog: DamagedHistoryDialog, qtbot: QtBot) -> None:
    dialog.show_left(WhatIsLeft(BACKUP, Recovered(10, 28, 31)))
    local = BACKUP.backup.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
    assert offered(dialog) == [
        f"Restore 12 conversations from {local}",
        "Recover what can be read, 28 of 31 questions",
        "Begin an empty history",
    ]
    assert dialog.restore_button.isDefault()
    assert not dialog.state_label.isVisible()
    with qtbot.waitSignal(dialog.restore_chosen) as chosen:
        dialog.restore_button.click()
    assert chosen.args == [BACKUP.backup.path]
    assert offered(dialog) == []
    dialog.show_problem("The disk is full.")
    assert len(offered(dialog)) == 3
    assert dialog.state_label.text() == "The disk is full."


def test_without_a_backup_recovery_comes_first(dialog: DamagedHistoryDialog, qtbot: QtBot) -> None:
    dialog.show_left(WhatIsLeft(None, Recovered(1, 1, 1)))
    assert offered(dialog) == [
        "Recover what can be read, 1 of 1 question",
        "Begin an empty history",
    ]
    assert dialog.recover_button.isDefault()
    with qtbot.waitSignal(dialog.recover_chosen):
        dialog.recover_button.click()


def test_where_nothing_is_left_only_an_empty_one(dialog: DamagedHistoryDialog, qtbot: QtBot) -> None:
    dialog.show_left(WhatIsLeft(None, NOTHING))
    assert offered(dialog) == ["Begin an empty history"]
    assert not dialog.empty_button.isDefault()
    with qtbot.waitSignal(dialog.empty_chosen):
        dialog.empty_button.click()


def test_not_now_chooses_nothing(dialog: DamagedHistoryDialog, qtbot: QtBot) -> None:
    dialog.show_left(WhatIsLeft(BACKUP, NOTHING))
    chosen: list[str] = []
    dialog.restore_chosen.connect(lambda _: chosen.append("restore"))
    dialog.empty_chosen.connect(lambda: chosen.append("empty"))
    (close,) = [button for button in dialog.findChildren(QPushButton) if button.text() == "Not now"]
    with qtbot.waitSignal(dialog.rejected):
        close.click()
    assert chosen == []


@dataclass
class Guided:
    """A guide over a real file, with a chat that repairs at once, or not before `go_on`."""

    guide: DamagedHistoryGuide
    window: QWidget
    path: Path
    notice: Noticed
    repairs: list[Callable[[], None]]

    @property
    def dialog(self) -> DamagedHistoryDialog:
        found = self.window.findChildren(DamagedHistoryDialog)
        (dialog,) = [each for each in found if each.isVisible()]
        return dialog


@pytest.fixture
def guided(qtbot: QtBot, tmp_path: Path) -> Iterator[Guided]:
    path = tmp_path / "history.db"
    fill(path, 20)
    with closing(connect(path)) as connection, backups.only_one(path):
        backups.make_backup(connection, path)
    spoil(path, 5, 8)
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    background = Background()
    repairs: list[Callable[[], None]] = []
    guide = DamagedHistoryGuide(window, path, background, repairs.append)
    yield Guided(guide, window, path, Noticed(HistoryDamagedError("It is damaged."), lasting=True), repairs)
    background.close()
    window.close()


def test_the_guide_offers_what_is_left_and_restores(guided: Guided, qtbot: QtBot) -> None:
    guided.guide.take(Noticed(InputError("Something else.")))
    assert guided.window.findChildren(DamagedHistoryDialog) == []
    guided.guide.take(guided.notice)
    dialog = guided.dialog
    guided.guide.take(guided.notice)
    qtbot.waitUntil(lambda: len(offered(dialog)) == 3)
    assert "20 conversations" in dialog.restore_button.text()
    dialog.restore_button.click()
    (repair,) = guided.repairs
    with qtbot.waitSignal(dialog.accepted):
        repair()
    assert len(titles(guided.path)) == 20


@pytest.mark.parametrize("way", ["recover_button", "empty_button"])
def test_the_guide_recovers_or_begins_an_empty_one(guided: Guided, qtbot: QtBot, way: str) -> None:
    guided.guide.take(guided.notice)
    dialog = guided.dialog
    qtbot.waitUntil(lambda: len(offered(dialog)) == 3)
    getattr(dialog, way).click()
    with qtbot.waitSignal(dialog.accepted):
        guided.repairs[0]()
    assert (len(titles(guided.path)) > 0) is (way == "recover_button")
    assert len(list(guided.path.parent.glob("history.damaged-*.db"))) == 1


def test_a_repair_that_fails_is_said_in_the_dialog_and_can_be_tried_again(
    guided: Guided, qtbot: QtBot
) -> None:
    guided.guide.take(guided.notice)
    dialog = guided.dialog
    qtbot.waitUntil(lambda: len(offered(dialog)) == 3)
    dialog.restore_button.click()
    guided.guide.take(Noticed(HistoryDamagedError("The disk is full.")))
    assert dialog.state_label.text() == "The disk is full."
    assert len(offered(dialog)) == 3
    with qtbot.waitSignal(dialog.finished):
        dialog.reject()
    guided.guide.take(guided.notice)
    qtbot.waitUntil(lambda: len(offered(guided.dialog)) == 3)


def test_the_window_offers_the_newest_backup_and_goes_on_with_it(opened: Opened) -> None:
    """The real files: a history with a backup is damaged, restored from the dialog, and read again."""
    path = opened.paths.history_file
    with HistoryStore(path) as history:
        history.end_turn(
            history.begin_turn(None, "What stays?", "m").id,
            state=TurnState.FINISHED,
            answer="This.",
            usage=Usage(),
        )
    with closing(connect(path)) as connection, backups.only_one(path):
        backups.make_backup(connection, path)
    path.write_bytes(b"no database " * 1000)
    opened.say(Noticed(HistoryDamagedError("It is damaged."), lasting=True))
    dialog = opened.window.findChild(DamagedHistoryDialog)
    assert dialog is not None
    opened.qtbot.waitUntil(dialog.restore_button.isVisible)
    assert len(opened.page.notice_bars.notices()) == 1
    dialog.restore_button.click()
    opened.qtbot.waitUntil(lambda: not opened.page.notice_bars.notices())
    with HistoryStore(path) as history:
        assert [summary.title for summary in history.conversations()] == ["What stays?"]
