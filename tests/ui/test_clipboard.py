"""Every way to the clipboard cleans: what is pasted into a terminal, or anywhere, does nothing there."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QPlainTextEdit, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from app.settings import Settings
from models.reasoning import PieceKind
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import settle
from ui.about import AboutDialog
from ui.composer.composer import Composer
from ui.composer.question_edit import QuestionEdit
from ui.crash_dialog import CrashDialog
from ui.library.facts_list import FactsList
from ui.link_question import LinkQuestion
from ui.notice_bar import Notice
from ui.privacy.recovery_key_dialog import RecoveryKeyDialog
from ui.settings.settings_page import SettingsPage
from ui.theme import Theme
from ui.transcript.clipboard import PlainReport, SelectableLabel, put_in_selection, put_on_clipboard
from ui.transcript.copied_chat import chat_as_markdown, chat_as_text
from ui.transcript.note import note_frame
from ui.transcript.untrusted_text import REPLACEMENT, shown
from ui.transcript.view import TranscriptView
from ui.widgets.concealed_copy import CONCEALING_FORMATS
from ui.widgets.copy_button import CopyButton
from ui.widgets.safe_browser import SafeBrowser

HOSTILE = "\x1b[31mred \u202eevil\u2066 \x1b]0;pwn\x07 \x9b2J \x08\x7f"
ANSWER = (
    f"{HOSTILE} **b**\n\n- one {HOSTILE}\n  - two\n\n| a{HOSTILE} | b |\n|---|---|\n| 1 | {HOSTILE} |\n\n"
    f"```sh{HOSTILE}\necho {HOSTILE}\n```\n\n$x{HOSTILE}$ [link](https://example.com/)\n"
)
CTRL = Qt.KeyboardModifier.ControlModifier
UI = Path(__file__).parent.parent.parent / "ui"


def clipboard_text() -> str:
    return QGuiApplication.clipboard().text()


def check(copy: Callable[[], object], *, is_concealed: bool = False) -> str:
    """Do it; gives what is on the clipboard then."""
    QGuiApplication.clipboard().setText("nothing")
    copy()
    text = clipboard_text()
    assert text not in ("", "nothing")
    assert text == shown(text), repr(text)
    mime = QGuiApplication.clipboard().mimeData()
    assert not mime.hasHtml()
    assert (set(CONCEALING_FORMATS) <= set(mime.formats())) is is_concealed
    return text


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(800, 900)
    view.show()
    view.begin_turn(make_turn(1, HOSTILE))
    view.append(1, PieceKind.REASONING, f"A thought {HOSTILE}", 3)
    view.append(1, PieceKind.ANSWER, ANSWER, 3)
    view.end_turn(make_turn(1, HOSTILE, ANSWER, TurnState.FINISHED, USAGE), None)
    settle(view)
    turn = view.turn_widget(1)
    assert turn is not None
    turn.thinking.unfold()
    settle(view)
    return view


def test_only_one_module_touches_the_clipboard() -> None:
    touching = {"clipboard", "setMimeData"}
    found = set()
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found |= {path.relative_to(UI).as_posix()} if node.func.attr in touching else set()
    assert found == {"transcript/clipboard.py"}


def test_every_text_that_can_be_selected_makes_its_own_copy() -> None:
    """Qt's own would take the characters as they are."""
    assert all(
        "createMimeDataFromSelection" in vars(kind) for kind in (SafeBrowser, QuestionEdit, PlainReport)
    )
    editors = ("QPlainTextEdit", "QTextEdit", "QTextBrowser")
    for path in UI.rglob("*.py"):
        assert not [kind for kind in editors if re.search(rf"\b{kind}\(\w", path.read_text("utf-8"))], path


def test_every_label_that_can_be_selected_is_of_the_kind_that_cleans() -> None:
    setting = [
        path.relative_to(UI).as_posix()
        for path in UI.rglob("*.py")
        if re.search(r"setTextInteractionFlags|textInteractionFlags=", path.read_text("utf-8"))
    ]
    assert setting == ["transcript/clipboard.py"]


def test_labels(qtbot: QtBot) -> None:
    """By key, by menu, by what Qt takes of them itself."""
    parent = QWidget()
    qtbot.addWidget(parent)
    facts = FactsList("Facts")
    facts.add_facts([("Name", HOSTILE)])
    settings = SettingsPage(Settings(), Path(f"a{HOSTILE}"), Path("b"))

    widgets = [Notice(HOSTILE), facts, settings, Composer(), AboutDialog(parent)]
    labels = [note_frame(HOSTILE, "red", QWidget(), parent).findChildren(SelectableLabel)[0]]
    for widget in widgets:
        qtbot.addWidget(widget)
        labels += widget.findChildren(SelectableLabel)
    assert len(labels) == len(widgets) + 1
    for label in labels:
        label.setText(f"{HOSTILE}\r\nand 🙂 so")
        assert label.text() == shown(label.text())
        label.select_all()
        text = check(lambda label=label: qtbot.keyClick(label, Qt.Key.Key_C, CTRL))  # type: ignore[misc]
        assert text.startswith(REPLACEMENT)
        assert text.endswith("\nand 🙂 so")
        at = label.rect().center()
        reason = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(label, QContextMenuEvent(reason, at, label.mapToGlobal(at)))
        (menu,) = label.findChildren(QMenu)
        copy, select_all = menu.actions()
        check(copy.trigger)
        label.setSelection(0, 0)
        select_all.trigger()
        assert label.selectedText() == label.text().replace("\n", "\u2029")
        menu.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_all_buttons(view: TranscriptView) -> None:
    buttons = view.findChildren(CopyButton)
    assert {button.accessibleName() for button in buttons} == {
        "Copy the question",
        "Copy the answer",
        "Copy the answer as text",
        "Copy code 1",
    }
    for button in buttons:
        text = check(button.click)
        assert REPLACEMENT in text
        button._said.stop()


def test_all_of_the_menus(view: TranscriptView) -> None:
    turn = view.turn_widget(1)
    assert turn is not None
    thought, answer = turn.thinking.text_views()[0], turn.answer
    words = answer.document().toPlainText()
    names: dict[str, bool] = {}
    for text, position in (
        (turn.question, 1),
        (thought, 1),
        (answer, words.index("one")),
        (answer, words.index("link") + 1),
    ):
        view.selection.select_all()
        menu = menu_at(view, text, position)
        for action in menu.actions():
            if action.text().startswith("Copy"):
                names[action.text()] = action.text() == "Copy this thought"
                check(action.trigger, is_concealed=names[action.text()])
        menu.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert set(names) == {
        "Copy\tCtrl+C",
        "Copy as Markdown",
        "Copy the question",
        "Copy this thought",
        "Copy the answer as text",
        "Copy the answer as Markdown",
        "Copy the address of the link",
    }


def menu_at(view: TranscriptView, text: SafeBrowser, position: int) -> QMenu:
    cursor = text.textCursor()
    cursor.setPosition(position)
    where = text.cursorRect(cursor).center() + QPoint(2, 0)
    at = text.viewport().mapToGlobal(where)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(text.viewport(), QContextMenuEvent(reason, where, at))
    (menu,) = [menu for menu in view.findChildren(QMenu) if menu.isVisible() and menu.parent() is view]
    return menu


def test_keys_the_middle_button_and_the_whole_chat(view: TranscriptView) -> None:
    view.selection.select_all()
    check(view.selection.copy)
    check(lambda: view.selection.copy(as_markdown=True))
    for made in (chat_as_markdown, chat_as_text):
        check(lambda made=made: put_on_clipboard(made(view.turns())))  # type: ignore[misc]
    put_in_selection(HOSTILE)
    turn = view.turn_widget(1)
    assert turn is not None
    for text in view.findChildren(SafeBrowser):
        text.selectAll()
        is_thought = text in turn.thinking.text_views()
        check(lambda text=text: QTextEdit.copy(text), is_concealed=is_thought)  # type: ignore[misc]


def test_fields_and_reports(qtbot: QtBot) -> None:
    texts: list[QPlainTextEdit] = [QuestionEdit(), PlainReport()]
    for text in texts:
        qtbot.addWidget(text)
        text.setPlainText(HOSTILE)
        text.selectAll()
        assert REPLACEMENT in check(text.copy)
        cursor = text.textCursor()
        cursor.setPosition(3)
        text.setTextCursor(cursor)


def test_dialogs(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    crash = CrashDialog(f"report {HOSTILE}", parent)
    check(crash.copy_button.click)
    crash.report_text.selectAll()
    check(crash.report_text.copy)
    crash.close()
    link = LinkQuestion("https://example.com/%1B%E2%80%AE", lambda _url: True, parent)
    assert check(link.copy_button.click) == "https://example.com/%1B%E2%80%AE"
    link.close()
    key = RecoveryKeyDialog("ABCD-EFGH\x1b", parent)
    check(key.copy_button.click, is_concealed=True)
    key.close()
    about = AboutDialog(parent)
    check(about.copy_button.click)
    about.copy_button._said.stop()
    about.close()
    page = SettingsPage(Settings(), tmp_path / "a\x1b[31m", tmp_path)
    qtbot.addWidget(page)
    check(page.copy_button.click)
