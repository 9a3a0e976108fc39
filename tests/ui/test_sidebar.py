"""The sidebar: headings by date, opening, renaming, deleting, searching."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QTextCharFormat
from PySide6.QtWidgets import QAbstractItemView, QLineEdit
from pytestqt.qtbot import QtBot

from app.chat.events import ConversationsFound
from app.history.records import SearchHit
from tests.ui.scripted_chat import summary
from ui.sidebar.conversation_list_model import ConversationListModel, Role, RowKind, hit_rows
from ui.sidebar.groups import group_heading
from ui.sidebar.row_delegate import _format_range, _with_first_in_sight
from ui.sidebar.sections import conversation_rows
from ui.sidebar.sidebar import Sidebar
from ui.theme import Theme

NOW = datetime(2026, 11, 19, 10, 0, tzinfo=timezone(timedelta(hours=2)))  # a Thursday


@pytest.mark.parametrize(
    ("updated_at", "heading"),
    [
        (datetime(2026, 11, 19, 7, 59, tzinfo=UTC), "Today"),
        (datetime(2026, 11, 18, 22, 0, tzinfo=UTC), "Today"),  # midnight in NOW's zone
        (datetime(2026, 11, 18, 21, 59, tzinfo=UTC), "Yesterday"),
        (datetime(2026, 11, 16, 9, 0, tzinfo=UTC), "Earlier this week"),
        (datetime(2026, 11, 15, 9, 0, tzinfo=UTC), "November"),
        (datetime(2026, 3, 1, 9, 0, tzinfo=UTC), "March"),
        (datetime(2025, 11, 19, 9, 0, tzinfo=UTC), "November 2025"),
        (datetime(2027, 1, 1, 9, 0, tzinfo=UTC), "Today"),
    ],
)
def test_headings(updated_at: datetime, heading: str) -> None:
    assert group_heading(updated_at, NOW) == heading


def test_rows_read_like_the_sidebar(qtbot: QtBot) -> None:
    model = ConversationListModel()
    model.set_rows(
        conversation_rows(
            [
                summary(3, "为什么天空\n是蓝色的", datetime(2026, 11, 19, 7, 0, tzinfo=UTC)),
                summary(2, "Race in the queue", datetime(2026, 11, 19, 6, 0, tzinfo=UTC)),
                summary(1, "Seminar", datetime(2026, 10, 2, 6, 0, tzinfo=UTC)),
            ],
            NOW,
        )
    )
    picture = [
        ("# " if model.index(row).data(Role.KIND) is RowKind.HEADING else "") + model.index(row).data()
        for row in range(model.rowCount())
    ]
    assert picture == ["# Today", "为什么天空 是蓝色的", "Race in the queue", "# October", "Seminar"]
    assert not model.index(0).flags() & Qt.ItemFlag.ItemIsSelectable


def test_hits_are_counted_and_show_where(qtbot: QtBot) -> None:
    assert [row.text for row in hit_rows([])] == ["Nothing found"]
    rows = hit_rows([SearchHit(4, "Squares", 7, "the  sum\nof odd numbers")])
    assert [(row.text, row.excerpt) for row in rows] == [
        ("1 found", ""),
        ("Squares", "the sum of odd numbers"),
    ]


def test_what_may_have_more_and_what_was_not_looked_through_is_said(qtbot: QtBot) -> None:
    hits = [SearchHit(number, "Squares", number, "odd numbers", ((0, 3),)) for number in range(1, 51)]
    assert hit_rows(hits)[0].text == "The newest 50"
    assert hit_rows(hits[:2], 7)[-1].text == "Older chats are still being indexed…"
    title = hit_rows([SearchHit(4, "An odd title", None, "An odd title", ((3, 6),))])[1]
    assert (title.text, title.excerpt, title.ranges) == ("An odd title", "", ((3, 6),))


@pytest.mark.parametrize("width", [120, 300])
@pytest.mark.parametrize(
    "text", ["so many words before it 😀 needle and after", "很多汉字很多汉字很多汉字很多汉字😀needle天空"]
)
def test_the_first_word_that_was_found_is_in_sight(qtbot: QtBot, text: str, width: int) -> None:
    start = text.index("needle")
    metrics = QFontMetrics(QFont())
    shown, ranges = _with_first_in_sight(text, ((start, start + 6),), metrics, width)
    assert [shown[first:last] for first, last in ranges] == ["needle"]
    assert metrics.horizontalAdvance(shown[: ranges[0][1]]) < max(width, 22 * metrics.averageCharWidth() * 2)
    marked = _format_range(shown, *ranges[0], QTextCharFormat())
    in_utf_16 = shown.encode("utf-16-le")
    assert in_utf_16[2 * marked.start : 2 * (marked.start + marked.length)].decode("utf-16-le") == "needle"


def test_found_words_are_painted_on_a_ground_of_their_own(sidebar: Sidebar, qtbot: QtBot) -> None:
    qtbot.keyClicks(sidebar.search_field, "odd")
    places = [((0, 3),), ()]
    grounds = []
    for ranges in places:
        sidebar.show_hits(ConversationsFound("odd", (SearchHit(1, "First", 7, "odd numbers", ranges),)))
        view = sidebar.hit_view
        box = view.visualRect(view.rows.index(1))
        picture = view.viewport().grab(box).toImage()
        soft = QColor(Theme.light().accent_soft)
        points = [(x, y) for x in range(picture.width()) for y in range(picture.height())]
        grounds.append(any(picture.pixelColor(x, y) == soft for x, y in points))
    assert grounds == [True, False]


@pytest.fixture
def sidebar(qtbot: QtBot) -> Sidebar:
    sidebar = Sidebar(Theme.light())
    qtbot.addWidget(sidebar)
    sidebar.resize(264, 600)
    sidebar.show_conversations([summary(2, "Second"), summary(1, "First")])
    sidebar.show()
    return sidebar


def row_of(sidebar: Sidebar, conversation_id: int) -> QModelIndex:
    return sidebar.conversation_view.rows.index_of(conversation_id)


def test_click_and_enter_open(sidebar: Sidebar, qtbot: QtBot) -> None:
    view = sidebar.conversation_view
    with qtbot.waitSignal(sidebar.orders.open_requested) as opened:
        centre = view.visualRect(row_of(sidebar, 1)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert opened.args == [1]
    with qtbot.waitSignal(sidebar.orders.open_requested) as opened:
        view.setCurrentIndex(row_of(sidebar, 2))
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened.args == [2]


def test_f2_renames_in_place_and_new_rows_wait_for_it(sidebar: Sidebar, qtbot: QtBot) -> None:
    view = sidebar.conversation_view
    view.setCurrentIndex(row_of(sidebar, 1))
    qtbot.keyClick(view, Qt.Key.Key_F2)
    editor = view.viewport().findChild(QLineEdit)
    assert editor is not None
    sidebar.show_conversations([summary(3, "Third"), summary(2, "Second"), summary(1, "First")])
    assert view.state() is QAbstractItemView.State.EditingState
    editor.setText("  A better\ttitle ")
    with qtbot.waitSignal(sidebar.orders.rename_requested) as renamed:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert renamed.args == [1, "A better title"]
    qtbot.waitUntil(lambda: row_of(sidebar, 3).isValid())


def test_search_asks_once_after_a_pause_and_escape_clears_it(sidebar: Sidebar, qtbot: QtBot) -> None:
    asked: list[str] = []
    sidebar.search_requested.connect(asked.append)
    qtbot.keyClicks(sidebar.search_field, "odd")
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == ["odd"]
    sidebar.show_hits(ConversationsFound("od", ()))
    assert sidebar.lists.currentWidget() is sidebar.conversation_view
    sidebar.show_hits(ConversationsFound("odd", (SearchHit(1, "First", 7, "odd numbers"),)))
    assert sidebar.lists.currentWidget() is sidebar.hit_view
    qtbot.keyClick(sidebar.search_field, Qt.Key.Key_Escape)
    assert sidebar.lists.currentWidget() is sidebar.conversation_view


def test_a_place_that_was_found_opens_at_its_turn(sidebar: Sidebar, qtbot: QtBot) -> None:
    said: list[tuple[int, ...] | str] = []
    sidebar.orders.words_requested.connect(said.append)
    sidebar.orders.turn_requested.connect(lambda *ids: said.append(ids))
    sidebar.orders.open_requested.connect(lambda conversation_id: said.append((conversation_id,)))
    qtbot.keyClicks(sidebar.search_field, "odd")
    hits = (SearchHit(1, "First", 7, "an odd one", ((3, 6),)), SearchHit(2, "Odd", None, ""))
    sidebar.show_hits(ConversationsFound("odd", hits))
    view = sidebar.hit_view
    for row in (1, 2):
        view.setCurrentIndex(view.rows.index(row))
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert said == ["odd", (1, 7), (1,), (2,)]
