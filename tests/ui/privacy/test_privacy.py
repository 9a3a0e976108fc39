"""The guide over real files and the real API of `keyring`: opening, unlocking, switching, reminding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import keyring.core
import pytest
from keyring.backends import null
from PySide6.QtWidgets import QDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.chat.events import Noticed
from app.errors import AppError
from app.history import passphrase
from app.history.file_kind import FileKind, kind_of
from app.history.key import Key
from app.history.protection import Protection
from app.history.store import HistoryStore
from tests.app.history.file_keyring import MemoryKeyring
from tests.app.history.filled import add_turn, fill
from tests.ui.privacy.threaded_orders import ThreadedOrders
from ui.notice_bar import NoticeBars
from ui.privacy.passphrase_dialog import PassphraseDialog
from ui.privacy.privacy_card import PrivacyCard
from ui.privacy.privacy_guide import PrivacyGuide
from ui.privacy.recovery_key_dialog import RecoveryKeyDialog
from ui.privacy.unlock_dialog import UnlockDialog

PASSPHRASE = "five words for a key"


class Start:
    """One start of Ponder, as far as the history goes."""

    def __init__(self, path: Path, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.window = QWidget()
        self.window.resize(900, 700)
        qtbot.addWidget(self.window)
        self.window.show()
        self.bars = NoticeBars(self.window)
        self.card = PrivacyCard(self.window)
        self.card.show()
        self.guide = PrivacyGuide(self.window, path, self.bars, lambda act: act(self.card))
        self.orders = ThreadedOrders(self.guide)
        self.orders.noticed.connect(self.guide.take)
        self.guide.follow(self.orders)
        self.orders.open()

    def end(self) -> None:
        self.orders.close()
        self.guide.close()
        self.window.close()

    def says(self, words: str) -> None:
        """Wait until the card says these words."""
        self.qtbot.waitUntil(lambda: words in self.card.state_label.text())

    def dialog(self, kind: type[QDialog]) -> QDialog:
        self.qtbot.waitUntil(lambda: any(each.isVisible() for each in self.window.findChildren(kind)))
        (found,) = [each for each in self.window.findChildren(kind) if each.isVisible()]
        return found

    def offers(self) -> list[str]:
        return [notice.text for notice in self.bars.notices()]

    def press_in_question(self, text: str) -> None:
        buttons = [each for each in self.window.findChildren(QPushButton) if each.text() == text]
        (button,) = [each for each in buttons if isinstance(each.window(), QDialog)]
        button.click()

    def buttons(self) -> list[str]:
        return [each.text() for each in self.card.findChildren(QPushButton) if each.isVisibleTo(self.card)]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    monkeypatch.setattr(passphrase, "SCRYPT_N", 2**14)
    return backend


@pytest.fixture
def _no_keyring(monkeypatch: pytest.MonkeyPatch, memory: MemoryKeyring) -> None:
    backend = null.Keyring()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "history.db"


@pytest.fixture
def start(path: Path, qtbot: QtBot) -> Iterator[Callable[[], Start]]:
    starts: list[Start] = []

    def begin() -> Start:
        starts.append(Start(path, qtbot))
        return starts[-1]

    yield begin
    for each in starts:
        each.end()


def test_a_new_history_is_encrypted_and_the_next_start_reminds_once(
    start: Callable[[], Start], path: Path, memory: MemoryKeyring
) -> None:
    first = start()
    first.says("encrypted. Its key is in the keyring")
    assert kind_of(path) is FileKind.ENCRYPTED
    assert "not saved" in first.card.more_label.text()
    assert first.offers() == []
    first.end()
    second = start()
    second.says("encrypted")
    assert ["Save its recovery key" in text for text in second.offers()] == [True]
    second.end()
    third = start()
    third.says("encrypted")
    assert third.offers() == []


@pytest.mark.usefixtures("_no_keyring")
def test_without_a_keyring_it_is_said_and_a_passphrase_offered(
    start: Callable[[], Start], path: Path
) -> None:
    started = start()
    started.says("not encrypted")
    (offer,) = started.bars.notices()
    assert "no keyring that works" in offer.text
    assert started.buttons() == ["Use a passphrase…"]
    offer.action_button.click()
    dialog = started.dialog(PassphraseDialog)
    assert isinstance(dialog, PassphraseDialog)
    for first, second, problem in (
        ("short", "short", "at least 8"),
        (PASSPHRASE, PASSPHRASE + " ", "not the same"),
        (PASSPHRASE, PASSPHRASE, ""),
    ):
        dialog.field.setText(first)
        dialog.again_field.setText(second)
        dialog.choose_button.click()
        assert problem in dialog.problem_label.text()
    started.says("Your passphrase opens it")
    assert kind_of(path) is FileKind.ENCRYPTED


def test_a_locked_history_asks_until_it_is_right(
    start: Callable[[], Start], path: Path, memory: MemoryKeyring
) -> None:
    with HistoryStore(path) as history:
        add_turn(history, "What stays?")
    started = start()
    started.says("not encrypted")
    started.guide._encrypt(PASSPHRASE)
    started.says("Your passphrase opens it")
    started.end()
    again = start()
    dialog = again.dialog(UnlockDialog)
    assert isinstance(dialog, UnlockDialog)
    assert "locked" in again.card.state_label.text()
    dialog.field.setText("another passphrase")
    dialog.unlock_button.click()
    again.qtbot.waitUntil(lambda: "not the passphrase" in dialog.problem_label.text())
    assert dialog.isVisible()
    dialog.field.setText(PASSPHRASE)
    dialog.unlock_button.click()
    again.says("Your passphrase opens it")
    again.qtbot.waitUntil(lambda: again.orders.titles == ["What stays?"])
    again.qtbot.waitUntil(lambda: "unlock" not in str(again.offers()))


def test_put_off_it_can_be_unlocked_later(
    start: Callable[[], Start], path: Path, memory: MemoryKeyring
) -> None:
    first = start()
    first.says("encrypted")
    text = first.guide.protection().recovery_text()
    first.end()
    memory.entries.clear()
    again = start()
    again.dialog(UnlockDialog).reject()
    (offer,) = again.bars.notices()
    offer.action_button.click()
    dialog = again.dialog(UnlockDialog)
    assert isinstance(dialog, UnlockDialog)
    assert dialog.field.placeholderText() == "Recovery key"
    dialog.field.setText(text)
    dialog.unlock_button.click()
    again.says("Its key is in the keyring")
    assert len(memory.entries) == 1


def test_with_nothing_left_the_ways_of_a_damaged_history_are_offered(
    start: Callable[[], Start], memory: MemoryKeyring
) -> None:
    first = start()
    first.says("encrypted")
    first.end()
    memory.entries.clear()
    again = start()
    dialog = again.dialog(UnlockDialog)
    assert isinstance(dialog, UnlockDialog)
    with again.qtbot.waitSignal(again.guide.nothing_left) as offered:
        dialog.nothing_button.click()
    assert isinstance(offered.args, list)
    assert isinstance(offered.args[0], AppError)


def test_encrypting_shows_how_far_it_is_and_removing_asks_first(
    start: Callable[[], Start], path: Path, memory: MemoryKeyring
) -> None:
    fill(path, 3)
    started = start()
    started.says("not encrypted")
    assert ["can encrypt" in text for text in started.offers()] == [True]
    fractions: list[float] = []
    started.guide._progressed.connect(lambda _words, done: fractions.append(done))
    started.card.encrypt_button.click()
    started.says("Its key is in the keyring")
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.6
    assert set(started.buttons()) == {
        "Recovery key…",
        "Use a passphrase…",
        "New key…",
        "Remove encryption…",
    }
    started.card.decrypt_button.click()
    assert kind_of(path) is FileKind.ENCRYPTED
    started.press_in_question("Remove encryption")
    started.says("not encrypted")
    assert kind_of(path) is FileKind.PLAIN
    expected = [f"Question {number}?" for number in range(3)]
    started.qtbot.waitUntil(lambda: started.orders.titles == expected)


def test_what_fails_is_said_in_the_card(
    start: Callable[[], Start], path: Path, memory: MemoryKeyring
) -> None:
    fill(path, 1)
    started = start()
    started.says("not encrypted")
    memory.broken = RuntimeError("the secret")
    started.card.encrypt_button.click()
    started.qtbot.waitUntil(lambda: "cannot be used" in " ".join(started.offers()))
    assert "the secret" not in str(started.offers())
    assert kind_of(path) is FileKind.PLAIN
    assert Protection(path).key() is None


def test_the_recovery_key_is_shown_saved_and_then_counts_as_saved(
    start: Callable[[], Start], tmp_path: Path, memory: MemoryKeyring
) -> None:
    started = start()
    started.says("encrypted")
    started.card.recovery_button.click()
    dialog = started.dialog(RecoveryKeyDialog)
    assert isinstance(dialog, RecoveryKeyDialog)
    shown = Key.from_recovery_text(dialog.key_label.text())
    assert shown.secret.hex() in memory.entries.values()
    failures: list[AppError] = []
    dialog.failed.connect(failures.append)
    dialog.save_to(tmp_path / "missing" / "key.txt")
    assert len(failures) == 1
    dialog.save_to(tmp_path / "key.txt")
    assert (tmp_path / "key.txt").stat().st_mode & 0o077 == 0
    assert "type it there" in (tmp_path / "key.txt").read_text()
    started.qtbot.waitUntil(lambda: not started.card.more_label.isVisible())


def test_a_notice_of_something_else_opens_no_dialog(
    start: Callable[[], Start], memory: MemoryKeyring
) -> None:
    started = start()
    started.says("encrypted")
    started.guide.take(Noticed(AppError("Something else.")))
    assert started.window.findChildren(UnlockDialog) == []
