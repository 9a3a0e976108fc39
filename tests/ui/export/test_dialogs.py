"""Export and import in the window: the real store and thread, the real process for pages."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QFileDialog

from app.chat.events import ConversationsListed
from app.history.records import Folder
from app.history.transfer.exporting import Form
from app.history.transfer.importing import import_files
from app.history.transfer.store import TransferStore
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import summary
from ui.export.dialogs import ExportDialog, ImportDialog
from ui.export.orders import ExportOrder, choices

EXAMPLES = Path(__file__).parents[2] / "app" / "history" / "transfer" / "examples"
PATIENCE_MS = 20_000
Kind = TypeVar("Kind", ExportDialog, ImportDialog)


@pytest.fixture
def filled(opened: Opened) -> Opened:
    """A window over a history of two chats."""
    with TransferStore(opened.paths.history_file) as store:
        files = [EXAMPLES / "claude_conversations.json", EXAMPLES / "lm_studio.conversation.json"]
        import_files(files, store)
        listed = ConversationsListed(tuple(store.conversations()), tuple(store.folders()))
    opened.say(listed)
    return opened


def last(opened: Opened, kind: type[Kind]) -> Kind:
    """The dialog that was opened last."""
    return opened.window.findChildren(kind)[-1]


def test_the_menu_of_a_chat_offers_its_export(filled: Opened) -> None:
    view = filled.window.sidebar.conversation_view
    index = view.rows.index_of(1)
    menu = view.menu_of(index)
    [action] = [action for action in menu.actions() if action.text() == "Export…"]
    menu.close()
    action.trigger()
    dialog = last(filled, ExportDialog)

    assert dialog.what_button.text() == "“Bread”"
    dialog.main_button.click()
    [place] = dialog.findChildren(QFileDialog)
    assert Path(place.selectedFiles()[0]).name == "Bread.md"
    assert place.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    place.reject()
    dialog.reject()


def test_a_folder_is_asked_for_where_there_will_be_several_files(filled: Opened, tmp_path: Path) -> None:
    filled.window.settings_page.export_button.click()
    dialog = last(filled, ExportDialog)
    assert dialog.what_button.text() == "Everything, 2 chats"
    dialog.form_buttons.button(2).click()
    assert dialog.form_label.text() == "Pages to print or to send."
    dialog.main_button.click()
    [place] = dialog.findChildren(QFileDialog)
    assert place.fileMode() is QFileDialog.FileMode.Directory
    place.fileSelected.emit(str(tmp_path / "pdfs"))
    place.reject()
    assert (dialog.is_running, dialog.main_button.text()) == (True, "Stop")
    filled.qtbot.waitUntil(lambda: not dialog.is_running, timeout=PATIENCE_MS)

    names = sorted(entry.name for entry in (tmp_path / "pdfs").iterdir())
    assert names == ["Bread.pdf", "Squares.pdf"]
    assert dialog.status_label.text().splitlines()[0] == f"2 chats written to {tmp_path / 'pdfs'}"
    assert "2 other versions" in dialog.status_label.text()
    dialog.reject()


def test_an_export_that_fails_says_why_and_can_be_tried_again(filled: Opened, tmp_path: Path) -> None:
    filled.window.settings_page.export_button.click()
    dialog = last(filled, ExportDialog)
    order = ExportOrder((1, 2), Form.JSON, tmp_path / "no folder" / "a.json", False, True)
    dialog._export(order)
    filled.qtbot.waitUntil(lambda: not dialog.is_running, timeout=PATIENCE_MS)
    assert "No such file" in dialog.error_label.text()
    dialog._export(ExportOrder((1, 2), Form.JSON, tmp_path / "a.json", False, True))
    filled.qtbot.waitUntil(lambda: not dialog.is_running, timeout=PATIENCE_MS)

    assert not dialog.error_label.isVisible()
    assert len(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["chats"]) == 2
    dialog.reject()


def test_everything_and_a_folder_are_more_than_what_the_window_lists(filled: Opened, tmp_path: Path) -> None:
    filled.window.settings_page.export_button.click()
    dialog = last(filled, ExportDialog)
    dialog._export(ExportOrder((1,), Form.JSON, tmp_path / "a.json", False, True))
    filled.qtbot.waitUntil(lambda: not dialog.is_running, timeout=PATIENCE_MS)
    assert len(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["chats"]) == 2
    dialog.reject()


def test_with_unlisted_chats_nothing_is_counted() -> None:
    folder = Folder(3, "Kitchen", datetime.now(UTC))
    found = choices((summary(1, "Bread"),), (folder,), None, has_more=True)
    assert [choice.words for choice in found] == ["The folder “Kitchen”", "Everything"]


def test_an_import_lists_what_was_left_out_and_the_chats(filled: Opened, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    chats = json.loads((EXAMPLES / "chatgpt_conversations.json").read_text(encoding="utf-8"))
    file.write_text(json.dumps([*chats, {"title": "<b>Broken</b>", "mapping": {}}]), encoding="utf-8")
    filled.window.settings_page.import_button.click()
    dialog = last(filled, ImportDialog)
    dialog.main_button.click()
    [place] = dialog.findChildren(QFileDialog)
    place.filesSelected.emit([str(file), str(EXAMPLES / "claude_conversations.json")])
    place.reject()
    filled.qtbot.waitUntil(lambda: not dialog.is_running, timeout=PATIENCE_MS)

    assert dialog.status_label.text() == "1 chat imported.\nThere already: 1 chat."
    assert dialog.details.toPlainText().splitlines() == [
        "Left out: 1 message of a tool",
        "Left out: 1 picture or file",
        "Left out: 2 thoughts",
        "Not read: “<b>Broken</b>” in conversations.json. There is no question in it.",
    ]
    assert ("list_again", None) in filled.chat.orders
    dialog.reject()


def test_closing_the_dialog_or_the_window_stops_an_import(filled: Opened, tmp_path: Path) -> None:
    file = tmp_path / "conversations.json"
    chats = [
        {"created_at": f"2025-01-01T00:00:00.{n:06}Z", "chat_messages": [{"sender": "human", "text": str(n)}]}
        for n in range(5_000)
    ]
    file.write_text(json.dumps(chats), encoding="utf-8")
    for closes_window in (False, True):
        filled.window.settings_page.import_button.click()
        dialog = last(filled, ImportDialog)
        dialog._import([str(file)])
        # No waitSignal: more emissions of that thread are on their way when it lets go of its slot.
        filled.qtbot.waitUntil(lambda: dialog.progress.value() > 0, timeout=PATIENCE_MS)  # noqa: B023
        if closes_window:
            filled.window.close()
        else:
            dialog.reject()
    with TransferStore(filled.paths.history_file) as store:
        assert 2 < len(store.conversations()) < 5_000


def test_temporary_chats_are_not_offered(opened: Opened) -> None:
    temporary = dataclasses.replace(summary(-1, "Secret"), is_temporary=True)
    opened.say(ConversationsListed((temporary, summary(2, "Bread"))))

    assert [choice.ids for choice in choices((temporary, summary(2, "Bread")), (), -1)] == [(2,)]
    view = opened.window.sidebar.conversation_view
    menu = view.menu_of(view.rows.index_of(-1))
    assert "Export…" not in [action.text() for action in menu.actions()]
    menu.close()
