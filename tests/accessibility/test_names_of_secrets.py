"""The dialogs about keys, deleting, exporting and the lock: every control has a name, no secret is one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.errors import HistoryLockedError
from tests.accessibility.walk import controls, problems, spoken_name
from ui.delete_everything_dialog import DeleteEverythingDialog
from ui.export.dialogs import ExportDialog, ImportDialog
from ui.export.orders import Choice
from ui.lock.lock_page import LockPage
from ui.privacy.passphrase_dialog import PassphraseDialog
from ui.privacy.recovery_key_dialog import RecoveryKeyDialog
from ui.privacy.unlock_dialog import UnlockDialog

KEY = "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ-2345-6789"
MAKERS: dict[str, Callable[[QWidget], QWidget]] = {
    "delete everything": DeleteEverythingDialog,
    "lock": LockPage,
    "export": lambda parent: ExportDialog([Choice("“Tom & Jerry”", "Tom & Jerry", (1,))], parent),
    "import": ImportDialog,
    "passphrase": lambda parent: PassphraseDialog("A new passphrase", parent),
    "recovery key": lambda parent: RecoveryKeyDialog(KEY, parent),
    "unlock": lambda parent: UnlockDialog(HistoryLockedError("It is locked.", needs="passphrase"), parent),
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_control_has_a_name(qtbot: QtBot, name: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    part = MAKERS[name](window)
    part.show()
    found = list(controls(part))
    assert found
    assert problems(part) == []
    assert not any(KEY[:9] in spoken_name(control) for control in found)
    part.close()
