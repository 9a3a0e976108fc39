"""Another theme or size: what is in sight takes it at once, the other texts a little at a time."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QTextEdit
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.ui.transcript.markdown_texts import WHOLE
from tests.ui.transcript.test_incremental import structure
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import finish_restyling, settle
from ui.theme import READING_PX, Theme
from ui.transcript.answer import AnswerView
from ui.transcript.answer_parts import PART_CHARS
from ui.transcript.markdown import MarkdownReader
from ui.transcript.places import line_in_sight
from ui.transcript.view import TranscriptView
from ui.widgets.safe_browser import SafeBrowser

COLOURS = (Theme.dark().colour("text"), Theme.dark().colour("second"))
LONG = "\n\n".join(
    f"## Part {n}\n\n" + "Some words of it, and `code`. " * 20 + "\n\n- a\n- b" for n in range(70)
)
WIDE = (
    "|" + "|".join(f" a_long_name_of_column_{n} " for n in range(9)) + "|\n|" + "---|" * 9 + "\n| 1 | **2** |"
)
RTL = "| שם | ערך |\n|---|--:|\n| אחד | 12 |\n\n1. שלום **עולם**\n\n> مرحبا"
CODE = f"```\n{'long ' * 80}\nend\n```"
EVERYTHING = "\n\n".join((WHOLE, WIDE, RTL, CODE, "It is \\boxed{42}, so.[^1]", "[^1]: Note."))
THEMES = (Theme.dark(), Theme.light()._replace(zoom_percent=200), Theme.dark()._replace(zoom_percent=60))


def answer_view(qtbot: QtBot, theme: Theme, source: str) -> AnswerView:
    made = AnswerView(theme, MarkdownReader())
    qtbot.addWidget(made)
    made.resize(700, 100)
    made.show()
    made.finish(source)
    made._slices.finish()
    return made


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("wraps", [True, False])
def test_it_looks_as_if_it_had_been_written_so(qtbot: QtBot, theme: Theme, wraps: bool) -> None:
    changed, fresh = answer_view(qtbot, Theme.light(), EVERYTHING), answer_view(qtbot, theme, EVERYTHING)
    for each in (changed, fresh):
        long = next(block for block in each._tools.blocks if block.longest_px > 1_000)
        if not wraps:
            long.wrap.click()
            each._tools._slices.finish()
    changed.set_theme(theme)
    QApplication.processEvents()
    assert structure(changed) == structure(fresh)
    assert changed.document().toHtml() == fresh.document().toHtml()
    assert changed.height() == fresh.height()


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_selected_and_marked_stays_so(qtbot: QtBot, theme: Theme) -> None:
    changed = answer_view(qtbot, Theme.light(), EVERYTHING)
    mark = QTextEdit.ExtraSelection()
    mark.cursor = changed.document().find("words")
    changed.setExtraSelections([mark])
    cursor = changed.textCursor()
    cursor.setPosition(30)
    cursor.setPosition(changed.end() - 30, QTextCursor.MoveMode.KeepAnchor)
    changed.setTextCursor(cursor)
    before = changed.selected_markdown()
    changed.set_theme(theme)
    assert changed.selected_markdown() == before
    assert changed.extraSelections()[0].cursor.selectedText() == mark.cursor.selectedText()


def stream(view: TranscriptView) -> None:
    for start in range(0, len(LONG), 4_000):
        view.append(1, PieceKind.ANSWER, LONG[start : start + 4_000], 9)
        view.flush()


def show_long(view: TranscriptView) -> list[SafeBrowser]:
    """A long thought, unfolded, and a long answer, each in several views."""
    view.set_thoughts_open(True)
    view.begin_turn(make_turn(1))
    view.append(1, PieceKind.REASONING, LONG, 9)
    view.flush()
    stream(view)
    view.end_turn(make_turn(1, answer=LONG, state=TurnState.FINISHED, usage=USAGE), None)
    turn = view.built_turns()[0]
    turn.thinking.unfold()
    while not turn.thinking.is_all_shown or turn._answer._slices.is_busy:
        QApplication.processEvents()
    settle(view)
    assert len(turn.thinking.text_views()) > 2
    assert len(turn.answer_views) > 2
    return view.findChildren(SafeBrowser)


def is_in_sight(text: SafeBrowser) -> bool:
    return not text.viewport().visibleRegion().isEmpty()


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_only_what_is_in_sight_is_written_at_once(view: TranscriptView, share: float) -> None:
    texts = show_long(view)
    bar = view.verticalScrollBar()
    bar.setValue(int(bar.maximum() * share))
    settle(view)
    in_sight = [text for text in texts if is_in_sight(text)]
    view.set_theme(Theme.dark())
    assert [text for text in texts if text._theme == Theme.dark()] == in_sight
    steps = 0
    while view._restyling.is_busy:
        view._restyling._go_on()
        steps += 1
    assert steps > 2 * len(LONG) / PART_CHARS
    assert all(text._theme == Theme.dark() for text in texts)


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_the_items_in_sight_come_first(view: TranscriptView, share: float) -> None:
    show_long(view)
    bar = view.verticalScrollBar()
    bar.setValue(int(bar.maximum() * 0.5 * (1 + share)))
    settle(view)
    view.set_theme(Theme.dark())
    for answer in view.built_turns()[0].answer_views:
        if is_in_sight(answer):
            seen = answer._items_in_sight()
            assert seen
            for index in seen:
                cursor = QTextCursor(answer.document())
                cursor.setPosition(answer._writer.text_position(index) + 1)
                assert cursor.charFormat().foreground().color() in COLOURS
    finish_restyling(view)


@pytest.mark.parametrize("percent", [60, 110, 300])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.7, 0.9])
def test_the_line_that_is_read_stays_while_the_rest_follows(
    view: TranscriptView, share: float, percent: int
) -> None:
    show_long(view)
    bar = view.verticalScrollBar()
    bar.setValue(int(bar.maximum() * share))
    settle(view)
    line = line_in_sight(view.built_turns()[0], view.viewport())
    assert line is not None
    view.set_zoom(percent)
    finish_restyling(view)
    settle(view)
    y = line.text.mapTo(view.viewport(), QPoint(0, line.y_in_text())).y()
    assert y == pytest.approx(line.y_in_view, abs=3)


def test_a_part_that_comes_later_has_the_size_of_the_others(view: TranscriptView) -> None:
    view.begin_turn(make_turn(1))
    view.append(1, PieceKind.ANSWER, "Begun.\n\n", 9)
    view.flush()
    view.set_zoom(200)
    stream(view)
    finish_restyling(view)
    parts = view.built_turns()[0].answer_views
    assert len(parts) > 1
    for part in parts:
        cursor = QTextCursor(part.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        assert cursor.charFormat().font().pixelSize() >= 2 * READING_PX
    view.clear()


def test_a_page_that_goes_meanwhile(view: TranscriptView) -> None:
    show_long(view)
    view.set_theme(Theme.dark())
    view.show_turns([make_turn(7, answer="Another.", state=TurnState.FINISHED, usage=USAGE)])
    finish_restyling(view)
    assert view.built_turns()[0].answer._theme == Theme.dark()
