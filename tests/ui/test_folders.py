"""The sidebar in its parts: pinned, temporary, folders, days, archived; menus, keys and dragging."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from app.chat.events import ConversationOpened, ConversationsFound, ConversationsListed
from app.history.records import Conversation, ConversationSummary, Folder, SearchHit
from tests.accessibility.walk import problems
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import summary
from ui.export.dialogs import ExportDialog
from ui.sidebar.conversation_list_model import DRAGGED_CHAT, Role, Row, RowKind
from ui.sidebar.conversation_view import ConversationView
from ui.sidebar.folder_dialog import FolderDialog
from ui.sidebar.sections import conversation_rows

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)
WORK, EMPTY = Folder(7, "Work & more", NOW), Folder(8, "Empty", NOW)


def chat(number: int, title: str, hours_ago: float = 0, **marks: object) -> ConversationSummary:
    made = summary(number, title, NOW - timedelta(hours=hours_ago))
    return dataclasses.replace(made, **marks)  # type: ignore[arg-type]


CHATS = (
    chat(-1, "Secret", 0, is_temporary=True),
    chat(1, "Lease", 1, is_pinned=True, folder_id=7),
    chat(2, "Queue", 2, folder_id=7),
    chat(3, "Today's", 3),
    chat(4, "Race", 4, folder_id=7),
    chat(5, "Put away", 5, is_archived=True, folder_id=7),
    chat(6, "Old", 24 * 40),
)


def picture(rows: list[Row]) -> list[str]:
    signs = {RowKind.HEADING: "# ", RowKind.NOTE: "- ", RowKind.CONVERSATION: ""}
    arrows = [{True: "> ", False: "v "}[row.is_folded] for row in rows]
    heads = [signs.get(row.kind, arrow) for row, arrow in zip(rows, arrows, strict=True)]
    return [("  " if row.is_inside else "") + head + row.text for row, head in zip(rows, heads, strict=True)]


def test_the_parts_in_their_order() -> None:
    rows = conversation_rows(CHATS, NOW, (EMPTY, WORK), {"archived"})
    assert picture(rows) == [
        "# Pinned",
        "Lease",
        "# Temporary",
        "Secret",
        "v Empty",
        "  - No chats in it yet",
        "v Work & more",
        "  Queue",
        "  Race",
        "# Today",
        "Today's",
        "# October",
        "Old",
        "> Archived",
    ]
    folded = conversation_rows(CHATS, NOW, (EMPTY, WORK), {7, 8})
    assert picture(folded)[4:6] == ["> Empty", "> Work & more"]
    assert picture(folded)[-2:] == ["v Archived", "  Put away"]
    assert [row.chats for row in folded if row.kind is RowKind.SECTION] == [0, 2, 1]
    assert picture(conversation_rows((), NOW)) == ["- No chats yet"]
    assert picture(conversation_rows((), NOW, (WORK,))) == ["v Work & more", "  - No chats in it yet"]


def test_a_chat_of_a_folder_that_is_not_listed_is_among_the_days() -> None:
    assert picture(conversation_rows((chat(2, "Queue", folder_id=99),), NOW)) == ["# Today", "Queue"]


@pytest.fixture
def filled(opened: Opened) -> Opened:
    opened.say(ConversationsListed(CHATS, (EMPTY, WORK)))
    opened.window.sidebar.conversation_view.setFocus()
    return opened


def view_of(opened: Opened) -> ConversationView:
    return opened.window.sidebar.conversation_view


def texts(opened: Opened) -> list[str]:
    rows = view_of(opened).rows
    return [rows.index(number).data() for number in range(rows.rowCount())]


def go_to(opened: Opened, index: QModelIndex) -> QModelIndex:
    assert index.isValid()
    view_of(opened).setCurrentIndex(index)
    return index


def press(opened: Opened, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    opened.qtbot.keyClick(view_of(opened), key, keys)


def menu_at(opened: Opened, index: QModelIndex) -> QMenu:
    return view_of(opened).menu_of(index)


def words_of(menu: QMenu) -> list[str]:
    return [action.text().split("\t")[0] for action in menu.actions() if not action.isSeparator()]


def choose(menu: QMenu, words: str) -> None:
    next(action for action in menu.actions() if action.text().split("\t")[0] == words).trigger()
    menu.close()


def part(menu: QMenu, words: str) -> QMenu:
    found = next(action for action in menu.actions() if action.text() == words).menu()
    assert isinstance(found, QMenu)
    return found


def test_folding_with_the_mouse_and_the_keys(filled: Opened) -> None:
    view = view_of(filled)
    centre = view.visualRect(view.rows.index_of_section(7)).center()
    filled.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert "Queue" not in texts(filled)
    go_to(filled, view.rows.index_of_section(7))
    for key, is_seen in (
        (Qt.Key.Key_Return, True),
        (Qt.Key.Key_Left, False),
        (Qt.Key.Key_Left, False),
        (Qt.Key.Key_Right, True),
        (Qt.Key.Key_Right, True),
        (Qt.Key.Key_Space, False),
    ):
        press(filled, key)
        assert ("Queue" in texts(filled)) is is_seen, key
        assert view.currentIndex().data(Role.SECTION) == 7
    press(filled, Qt.Key.Key_Right)
    go_to(filled, view.rows.index_of(4))
    press(filled, Qt.Key.Key_Left)
    assert view.currentIndex().data(Role.SECTION) == 7
    assert filled.chat.named("open") == []


def test_the_arrows_skip_what_cannot_be_chosen(filled: Opened) -> None:
    view = view_of(filled)
    go_to(filled, view.rows.index_of(-1))
    reached = []
    for _ in range(4):
        press(filled, Qt.Key.Key_Down)
        reached.append(view.currentIndex().data())
    assert reached == ["Empty", "Work & more", "Queue", "Race"]


def test_what_is_folded_stays_so_when_the_list_comes_again_and_the_keys_stay(filled: Opened) -> None:
    view = view_of(filled)
    go_to(filled, view.rows.index_of_section(7))
    press(filled, Qt.Key.Key_Return)
    filled.say(ConversationsListed(CHATS[1:], (WORK,)))
    assert "Queue" not in texts(filled)
    assert view.currentIndex().data(Role.SECTION) == 7
    go_to(filled, view.rows.index_of(3))
    filled.say(ConversationsListed((CHATS[1], CHATS[6]), (WORK,)))
    assert view.currentIndex().data() == "Old", "the row after the one that went"


def test_a_chat_that_comes_to_the_front_is_unfolded(filled: Opened) -> None:
    assert "Put away" not in texts(filled)
    filled.say(ConversationOpened(Conversation(CHATS[5], ())))
    assert "Put away" in texts(filled)
    assert view_of(filled).row_delegate.shown_id == 5
    go_to(filled, view_of(filled).rows.index_of_section("archived"))
    view_of(filled).setFocus()
    press(filled, Qt.Key.Key_Return)
    filled.say(ConversationsListed(CHATS, (WORK,)))
    assert "Put away" not in texts(filled), "folded again while it is in front"


def test_the_list_does_not_jump_when_it_comes_again(filled: Opened) -> None:
    many = tuple(chat(number, f"Chat {number}", number) for number in range(1, 300))
    filled.say(ConversationsListed(many))
    bar = view_of(filled).verticalScrollBar()
    bar.setValue(2_000)
    filled.say(ConversationsListed((chat(500, "New"), *many)))
    assert bar.value() == 2_000


def test_the_menu_of_a_chat(filled: Opened) -> None:
    rows = view_of(filled).rows
    menu = menu_at(filled, rows.index_of(2))
    assert words_of(menu) == ["Open", "Rename", "Pin", "Move to folder", "Archive", "Export…", "Delete"]
    assert words_of(part(menu, "Move to folder")) == ["Empty", "Work && more", "No folder", "New folder…"]
    choose(part(menu, "Move to folder"), "Work && more")
    assert filled.chat.named("move") == [], "it is there already"
    for words in ("Empty", "No folder"):
        choose(part(menu_at(filled, rows.index_of(2)), "Move to folder"), words)
    assert filled.chat.named("move") == [(2, 8), (2, None)]
    for words, name, order in (
        ("Open", "open", 2),
        ("Pin", "pin", (2, True)),
        ("Archive", "archive", (2, True)),
        ("Delete", "delete", 2),
    ):
        choose(menu_at(filled, rows.index_of(2)), words)
        assert filled.chat.named(name) == [order]
    choose(menu_at(filled, rows.index_of(1)), "Unpin")
    assert filled.chat.named("pin")[1:] == [(1, False)]
    filled.window.sidebar.orders.fold_requested.emit("archived")
    choose(menu_at(filled, rows.index_of(5)), "Bring back")
    assert filled.chat.named("archive")[1:] == [(5, False)]
    assert words_of(menu_at(filled, rows.index_of(-1))) == ["Open", "Rename", "Delete"]


def test_a_new_folder_for_a_chat(filled: Opened) -> None:
    menu = menu_at(filled, view_of(filled).rows.index_of(3))
    choose(part(menu, "Move to folder"), "New folder…")
    [dialog] = filled.window.findChildren(FolderDialog)
    assert problems(filled.window) == problems(dialog) == []
    assert dialog.focusWidget() is dialog.name_field
    filled.qtbot.keyClick(dialog.name_field, Qt.Key.Key_Return)
    assert dialog.isVisible(), "it has no name yet"
    filled.qtbot.keyClicks(dialog.name_field, "  Sums ")
    filled.qtbot.keyClick(dialog.name_field, Qt.Key.Key_Return)
    assert filled.chat.named("create_folder") == [("Sums", 3)]
    assert not dialog.isVisible()


def test_the_menu_of_a_folder_and_its_keys(filled: Opened) -> None:
    rows = view_of(filled).rows
    menu = menu_at(filled, rows.index_of_section(7))
    assert words_of(menu) == ["Rename", "Export folder…", "New folder…", "Delete folder, keep its chats"]
    choose(menu, "Delete folder, keep its chats")
    go_to(filled, rows.index_of_section(8))
    press(filled, Qt.Key.Key_Delete)
    assert filled.chat.named("delete_folder") == [7, 8]
    empty = menu_at(filled, rows.index_of_section(8))
    assert not next(action for action in empty.actions() if action.text() == "Export folder…").isEnabled()
    press(filled, Qt.Key.Key_F2)
    editor = view_of(filled).viewport().findChild(QLineEdit)
    assert editor is not None
    assert editor.accessibleName() == "Name of the folder"
    editor.setText("Full")
    filled.qtbot.keyClick(editor, Qt.Key.Key_Return)
    filled.qtbot.waitUntil(lambda: filled.chat.named("rename_folder") == [(8, "Full")])
    choose(menu_at(filled, rows.index_of_section("archived")), "New folder…")
    [dialog] = filled.window.findChildren(FolderDialog)
    dialog.name_field.setText("Another")
    dialog.make_button.click()
    assert filled.chat.named("create_folder") == [("Another", None)]
    go_to(filled, rows.index_of_section("archived"))
    press(filled, Qt.Key.Key_Delete)
    press(filled, Qt.Key.Key_F2)
    assert len(filled.chat.named("delete_folder")) == 2
    assert filled.chat.named("delete") == []


def test_a_folder_is_exported(filled: Opened) -> None:
    choose(menu_at(filled, view_of(filled).rows.index_of_section(7)), "Export folder…")
    [dialog] = filled.window.findChildren(ExportDialog)
    assert dialog.what_button.text() == "The folder “Work && more”, 4 chats"
    dialog.reject()


@pytest.fixture
def popups() -> Iterator[None]:
    yield
    while (menu := QApplication.activePopupWidget()) is not None:
        menu.close()


@pytest.mark.usefixtures("popups")
def test_the_menu_comes_by_mouse_and_by_keys(filled: Opened) -> None:
    view = view_of(filled)
    index = go_to(filled, view.rows.index_of(2))
    press(filled, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.activeAction().text() == "Open"
    menu.close()
    other = view.visualRect(view.rows.index_of(3)).center()
    for reason, words in (
        (QContextMenuEvent.Reason.Keyboard, "Rename"),
        (QContextMenuEvent.Reason.Mouse, "Delete"),
    ):
        event = QContextMenuEvent(reason, other, view.viewport().mapToGlobal(other))
        QApplication.sendEvent(view.viewport(), event)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        choose(menu, words)
    assert view.currentIndex() == index
    assert filled.chat.named("delete") == [3]
    below = QPoint(20, view.height() - 2)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, below, view.viewport().mapToGlobal(below))
    QApplication.sendEvent(view.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert words_of(menu) == ["New folder…"]


def test_a_hit_has_the_menu_of_its_chat(filled: Opened) -> None:
    sidebar = filled.window.sidebar
    sidebar.search_field.setText("odd")
    filled.say(ConversationsFound("odd", (SearchHit(4, "Race", 9, "an odd one", ((3, 6),)),)))
    menu = sidebar.hit_view.menu_of(sidebar.hit_view.rows.index(1))
    assert words_of(menu) == ["Open", "Pin", "Move to folder", "Archive", "Export…", "Delete"]
    turns: list[tuple[int, int]] = []
    sidebar.orders.turn_requested.connect(lambda chat_id, turn_id: turns.append((chat_id, turn_id)))
    choose(menu, "Open")
    assert (turns, filled.chat.named("open")) == ([(4, 9)], [4])
    sidebar.hit_view.setCurrentIndex(sidebar.hit_view.rows.index(1))
    filled.qtbot.keyClick(sidebar.hit_view, Qt.Key.Key_Delete)
    assert filled.chat.named("delete") == [4]
    sidebar.search_field.clear()


def test_what_a_search_found_may_not_be_listed(filled: Opened) -> None:
    filled.window.sidebar.search_field.setText("odd")
    filled.say(ConversationsFound("odd", (SearchHit(99, "Long ago", 9, "an odd one", ((3, 6),)),)))
    view = filled.window.sidebar.hit_view
    menu = view.menu_of(view.rows.index(1))
    assert words_of(menu) == ["Open", "Export…", "Delete"]
    choose(menu, "Export…")
    filled.say(ConversationOpened(Conversation(chat(99, "Long ago"), ())))
    filled.say(ConversationsListed(CHATS, (WORK,), has_more=True))
    assert filled.window.header.title_label.text() == "Long ago"
    filled.window.sidebar.search_field.clear()


def test_more_chats_are_listed_when_they_are_wanted(filled: Opened) -> None:
    filled.say(ConversationsListed(CHATS, (EMPTY, WORK), has_more=True))
    view = view_of(filled)
    last = view.rows.index(view.rows.rowCount() - 1)
    assert last.data() == "Older chats…"
    assert "None of the chats below" in texts(filled)
    spoken = view.rows.index_of_section("archived").data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Archived, 1 chat or more, folded"
    go_to(filled, last)
    press(filled, Qt.Key.Key_Return)
    view.scrollTo(last)
    centre = view.visualRect(last).center()
    filled.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert filled.chat.named("list_more") == [None, None]
    press(filled, Qt.Key.Key_Delete)
    press(filled, Qt.Key.Key_F2)
    assert filled.chat.named("delete") == []
    filled.say(ConversationsListed((*CHATS, chat(60, "Older", 24 * 41)), (EMPTY, WORK)))
    assert "Older chats…" not in texts(filled)


def test_a_chat_is_dropped_on_a_folder(filled: Opened) -> None:
    rows = view_of(filled).rows
    data = rows.mimeData([rows.index_of(3)])
    assert data.formats() == [DRAGGED_CHAT]
    folder, action = rows.index_of_section(8), Qt.DropAction.MoveAction
    assert rows.canDropMimeData(data, action, -1, -1, folder)
    rows.dropMimeData(data, action, -1, -1, folder)
    assert filled.chat.named("move") == [(3, 8)]
    hostile = QMimeData()
    hostile.setData(DRAGGED_CHAT, b"-1; x")
    rows.dropMimeData(hostile, action, -1, -1, folder)
    rows.dropMimeData(data, action, -1, -1, QModelIndex())
    assert len(filled.chat.named("move")) == 1
    drags = [Qt.ItemFlag.ItemIsDragEnabled in rows.index_of(each).flags() for each in (3, -1)]
    assert drags == [True, False]
    assert Qt.ItemFlag.ItemIsDropEnabled not in rows.index_of_section("archived").flags()
    assert "Today's" in texts(filled), "its row stays until the list comes again"


def test_a_chat_is_dragged_over_the_list(filled: Opened) -> None:
    view = view_of(filled)
    data = view.rows.mimeData([view.rows.index_of(3)])
    marked: list[int | None] = []
    targets = [view.rows.index_of_section(8), view.rows.index_of(2), view.rows.index_of_section(7)]
    for index in targets:
        place = view.visualRect(index).center()
        event = QDragMoveEvent(place, Qt.DropAction.MoveAction, data, LEFT, NO_KEYS)
        view.dragMoveEvent(event)  # the application passes none on that no drag stands behind
        marked.append(view.row_delegate.dropped_on)
        assert event.isAccepted() is (marked[-1] is not None)
    assert marked == [8, None, 7]
    at = view.visualRect(targets[0]).center().toPointF()
    drop = QDropEvent(at, Qt.DropAction.MoveAction, data, LEFT, NO_KEYS)
    view.dropEvent(drop)
    assert filled.chat.named("move") == [(3, 8)]
    assert view.row_delegate.dropped_on is None


def test_what_is_forgotten_is_not_in_the_list_nor_in_an_editor(filled: Opened) -> None:
    view = view_of(filled)
    go_to(filled, view.rows.index_of(3))
    press(filled, Qt.Key.Key_F2)
    assert view.state() is ConversationView.State.EditingState
    filled.window.sidebar.forget_chats()
    assert view.state() is not ConversationView.State.EditingState
    assert texts(filled) == ["No chats yet"]
    assert words_of(view.menu_of(QModelIndex())) == ["New folder…"]
    assert filled.chat.named("rename") == []


def test_what_a_screen_reader_hears(filled: Opened) -> None:
    rows = view_of(filled).rows
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert rows.index_of_section(7).data(spoken) == "Folder Work & more, 2 chats, open"
    assert rows.index_of_section("archived").data(spoken) == "Archived, 1 chat, folded"
    assert rows.index_of(-1).data(spoken) == "Secret, temporary chat"
