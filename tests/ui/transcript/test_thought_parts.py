"""A long thought comes in slices and goes on in more views, and is one thought all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.bench.transcript_corpus import Corpus
from tests.ui.transcript.test_selection import drag, place
from tests.ui.transcript.test_thought_markdown import THOUGHTS, look_of, looks_of, text_of
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from tests.ui.transcript.views import plain_thought, restyle
from ui.theme import Theme
from ui.transcript import thought as one_part
from ui.transcript import thought_parts
from ui.transcript.places import line_in_sight, place_in_thought, y_of
from ui.transcript.reading_aids import ReadingAids
from ui.transcript.selected_text import as_text
from ui.transcript.thinking import ThinkingBlock
from ui.transcript.thought_parts import AT_ONCE_CHARS, ThoughtParts
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView
from ui.widgets.safe_browser import SafeBrowser

LONG = Corpus(7).thought(12_000)
ANSWER = "\n\n".join(f"Paragraph {n} of the answer. " + "Some words. " * 20 for n in range(30))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of two characters, and views that are soon full."""
    for name, chars in (("AT_ONCE_CHARS", 3), ("SLICE_CHARS", 2), ("_STEP_CHARS", 2)):
        monkeypatch.setattr(thought_parts, name, chars)
    monkeypatch.setattr(one_part, "PART_CHARS", 8)


def blocks_of(parts: ThoughtParts) -> list[tuple[object, ...]]:
    return [look for view in parts.views for look in looks_of(view)]


def step() -> None:
    QApplication.processEvents()


def settle() -> None:
    for _ in range(20):
        QApplication.processEvents()


def thinking_of(view: TranscriptView) -> ThinkingBlock:
    return view.built_turns()[-1].thinking


def parts_in(view: TranscriptView) -> ThoughtParts:
    return thinking_of(view)._text


def think(view: TranscriptView, thought: str = LONG, *, ended: bool = True) -> TurnWidget:
    """A chat whose last turn thought that, folded."""
    turns = [make_turn(n + 1, f"Q{n}", ANSWER[:600], TurnState.FINISHED, USAGE) for n in range(6)]
    view.show_turns(turns)
    view.begin_turn(make_turn(50))
    view.append(50, PieceKind.REASONING, thought, 12_000)
    view.flush()
    if ended:
        view.append(50, PieceKind.ANSWER, ANSWER, 900)
        view.end_turn(make_turn(50, answer=ANSWER, state=TurnState.FINISHED, usage=USAGE), None)
    settle()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    return view.built_turns()[-1]


def y_in_view(view: TranscriptView, text: SafeBrowser) -> int:
    return text.mapTo(view.viewport(), QPoint(0, 0)).y()


def copied(view: TranscriptView) -> str:
    """What would be copied, however long it is."""
    return as_text(view.selection.pieces())


def header_to_top(view: TranscriptView) -> None:
    """Scroll until the header of the last thought is in sight."""
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + y_in_view(view, view.built_turns()[-1].question) - 40)
    settle()


def all_in(view: TranscriptView) -> None:
    while not parts_in(view).is_all_in or parts_in(view)._slices.is_busy:
        step()
    settle()


# The same document, however it comes


DOINGS = st.lists(st.sampled_from(["append", "finish", "step", "fold", "theme"]), max_size=12)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(THOUGHTS, st.data())
def test_however_it_is_cut_and_whatever_happens_between(
    qtbot: QtBot, small: None, source: str, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(source)), max_size=6).map(sorted))
    pieces = [source[a:b] for a, b in zip([0, *cuts], [*cuts, len(source)], strict=True)]
    doings = [data.draw(DOINGS) for _ in pieces]
    whole, cut = ThoughtParts(Theme.light()), ThoughtParts(Theme.light())
    for piece, between in zip(pieces, doings, strict=True):
        cut.append_text(piece)
        for doing in between:
            match doing:
                case "finish":
                    cut.finish()
                case "step":
                    cut._slices._go_on()
                case "fold":
                    cut.pause()
                case "theme":
                    restyle(cut, Theme.dark())
    whole.append_text(source)
    for parts in (whole, cut):
        parts.finish()
        parts.catch_up()
        restyle(parts, Theme.light())
        assert parts.is_all_in
        assert parts.put_in_chars == len(source)
    assert look_of(cut) == look_of(whole)
    assert text_of(whole) == plain_thought(source, ended=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_part, "PART_CHARS", 10**6)
        single = ThoughtParts(Theme.light())
        single.append_text(source)
        single.finish()
        single.catch_up()
        assert len(single.views) <= 1
    assert blocks_of(whole) == blocks_of(single)
    for parts in (whole, cut, single):
        parts.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_a_real_thought_in_parts(qtbot: QtBot) -> None:
    parts = ThoughtParts(Theme.light())
    qtbot.addWidget(parts)
    parts.append_text(LONG)
    assert AT_ONCE_CHARS <= parts.put_in_chars < 2 * AT_ONCE_CHARS
    parts.finish()
    assert not parts.is_all_in
    parts.catch_up()
    assert text_of(parts) == plain_thought(LONG, ended=True)
    assert len(parts.views) >= 3
    assert [part.goes_on for part in parts.views] == [False, *[True] * (len(parts.views) - 1)]
    assert all(part.document().characterCount() < 2 * one_part.PART_CHARS for part in parts.views)


def test_an_end_that_was_none_is_forgotten_also_before_it_is_reached(qtbot: QtBot) -> None:
    parts = ThoughtParts(Theme.light())
    qtbot.addWidget(parts)
    parts.append_text(LONG)
    parts.finish()
    parts.append_text("\n**so**")
    parts.catch_up()
    assert text_of(parts) == plain_thought(LONG + "\n**so**", ended=False)
    assert text_of(parts).endswith("**so**")


# Unfolding


def test_the_first_screenful_is_there_at_once_and_the_rest_follows(view: TranscriptView) -> None:
    think(view)
    header_to_top(view)
    thinking, header_y = thinking_of(view), y_in_view(view, view.built_turns()[-1].question)
    thinking.header.click()
    first = thinking.text_views()[0]
    assert first.toPlainText() == plain_thought(LONG, ended=True)[: len(first.toPlainText())]
    assert 0 < parts_in(view).put_in_chars < len(LONG) / 2
    seen = [parts_in(view).put_in_chars]
    while not parts_in(view).is_all_in:
        step()
        assert first.height() >= view.viewport().height()
        assert y_in_view(view, view.built_turns()[-1].question) == header_y
        assert y_in_view(view, view.built_turns()[-1].answer) > view.viewport().height()
        seen.append(parts_in(view).put_in_chars)
    assert len(seen) > 4
    assert text_of(parts_in(view)) == plain_thought(LONG, ended=True)


def test_what_comes_while_it_unfolds_queues_behind(view: TranscriptView) -> None:
    think(view, LONG, ended=False)
    thinking_of(view).header.click()
    more = ["\n\nOne **more", "** line.\n- *an item", "*\n\n"]
    for piece in more:
        view.append(50, PieceKind.REASONING, piece, 3)
        view.flush()
        step()
    assert not parts_in(view).is_all_in
    view.append(50, PieceKind.REASONING, "The **end**", 3)
    view.append(50, PieceKind.ANSWER, "x", 1)
    view.flush()
    view.end_turn(make_turn(50, answer="x", state=TurnState.FINISHED, usage=USAGE), None)
    all_in(view)
    assert text_of(parts_in(view)) == plain_thought(LONG + "".join(more) + "The **end**", ended=True)
    assert text_of(parts_in(view)).endswith("One more line.\n• an item\n\nThe end")


def test_folded_in_the_middle_it_waits_and_goes_on(view: TranscriptView) -> None:
    think(view, LONG, ended=False)
    header = thinking_of(view).header
    header.click()
    step()
    header.click()
    waits = parts_in(view).put_in_chars
    view.append(50, PieceKind.REASONING, " And on.", 3)
    view.flush()
    settle()
    assert parts_in(view).put_in_chars == waits < len(LONG)
    header.click()
    assert parts_in(view).put_in_chars > waits
    all_in(view)
    assert text_of(parts_in(view)) == plain_thought(LONG + " And on.", ended=False)
    view.clear()


@pytest.mark.parametrize("change", ["theme", "zoom", "width"])
def test_the_page_changes_in_the_middle(view: TranscriptView, change: str) -> None:
    think(view)
    changes: dict[str, Callable[[], object]] = {
        "theme": lambda: view.set_theme(Theme.dark()),
        "zoom": lambda: view.set_zoom(150),
        "width": lambda: view.resize(700, 600),
    }
    thinking_of(view).header.click()
    step()
    changes[change]()
    all_in(view)
    parts = parts_in(view)
    fresh = ThoughtParts(view._theme)
    fresh.append_text(LONG)
    fresh.finish()
    fresh.catch_up()
    assert look_of(parts) == look_of(fresh)
    fresh.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    for part in parts.views:
        part.catch_up()
        assert part.document().textWidth() == part.viewport().width() == parts.width()
        assert part.height() == round(part.document().size().height())


def test_a_page_that_goes_in_the_middle_leaves_nothing(view: TranscriptView) -> None:
    think(view)
    thinking_of(view).header.click()
    view.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert view.findChildren(ThoughtParts) == []


# What is read stays where it is


def test_who_scrolled_on_to_the_answer_reads_on(view: TranscriptView) -> None:
    """The thought above it grows; no frame shows the answer anywhere else."""
    think(view)
    header_to_top(view)
    thinking_of(view).header.click()
    step()
    answer, bar = view.built_turns()[-1].answer, view.verticalScrollBar()
    bar.setValue(bar.value() + y_in_view(view, answer) + 200)
    assert not parts_in(view).is_all_in
    assert y_in_view(view, answer) == -200
    while not parts_in(view).is_all_in:
        step()
        assert y_in_view(view, answer) == -200
    assert not view.following


def test_who_scrolled_within_the_thought_reads_on(view: TranscriptView) -> None:
    think(view)
    header_to_top(view)
    thinking_of(view).header.click()
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + 700)
    value = bar.value()
    all_in(view)
    assert bar.value() == value


def test_at_the_end_it_stays_at_the_end_of_a_thought_that_goes_on(view: TranscriptView) -> None:
    think(view, LONG, ended=False)
    assert view.following
    thinking_of(view).header.click()
    all_in(view)
    assert view.following
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()
    view.clear()


def test_a_live_thought_unfolds_below_its_header(view: TranscriptView) -> None:
    """Also where an answer is read below it: what was pressed stays under the mouse."""
    think(view, LONG, ended=False)
    view.append(50, PieceKind.ANSWER, ANSWER, 900)
    view.flush()
    settle()
    question, bar = view.built_turns()[-1].question, view.verticalScrollBar()
    header = thinking_of(view).header
    bar.setValue(bar.value() + header.mapTo(view.viewport(), QPoint(0, 0)).y() - 5)
    settle()
    assert not view.following
    before = y_in_view(view, question)
    header.click()
    all_in(view)
    assert y_in_view(view, question) == before
    view.clear()


@pytest.mark.parametrize("width", [450, 640])
def test_another_width_in_parts_keeps_what_is_read(view: TranscriptView, width: int) -> None:
    """Parts out of sight are laid out a moment later; the part that is read does not move with them."""
    think(view)
    thinking_of(view).header.click()
    all_in(view)
    first, *_, part = thinking_of(view).text_views()
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + y_in_view(view, part) + 50)
    settle()
    assert y_in_view(view, part) == -50
    line = line_in_sight(view.built_turns()[-1], view.viewport())
    assert line is not None
    assert line.text is part
    old_px = first.document().textWidth()
    view.resize(width, 600)
    assert first.document().textWidth() == old_px  # not in sight: later
    assert part.document().textWidth() == part.viewport().width()
    settle()
    read_at = y_in_view(view, part)
    assert read_at + line.y_in_text() == pytest.approx(line.y_in_view, abs=1)
    while parts_in(view)._late.isActive():
        step()
        assert y_in_view(view, part) == read_at
    assert first.document().textWidth() == first.viewport().width() != old_px


def test_at_the_end_another_width_stays_at_the_end(view: TranscriptView) -> None:
    view.set_thoughts_open(True)
    think(view, LONG, ended=False)
    all_in(view)
    view.resize(600, 600)
    while parts_in(view)._late.isActive():
        step()
    settle()
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()
    first = thinking_of(view).text_views()[0]
    assert first.document().textWidth() == first.viewport().width()
    view.clear()


# Finding, selecting, copying


def test_the_outline_goes_to_a_place_that_is_not_there_yet(qtbot: QtBot) -> None:
    view = TranscriptView(Theme.light(), clock=Clock())
    aids = ReadingAids(Theme.light(), view)
    qtbot.addWidget(aids)
    aids.resize(900, 600)
    aids.show()
    think(view, LONG + "\n\nThe very place.\n\nAnd on. " + "words " * 900)
    start = len(LONG) + 2
    aids.go_to_thought(50, start)
    assert not parts_in(view).is_all_in  # the window was not held for it
    qtbot.waitUntil(lambda: parts_in(view).is_all_in and not aids._landing_timer.isActive())
    settle()
    found = place_in_thought(thinking_of(view).text_views(), thinking_of(view).thought()[:start])
    assert found is not None
    text, position = found
    assert text.document().findBlock(position).text() == "The very place."
    assert 0 < y_in_view(view, text) + y_of(text, position) < 500


def test_the_outline_gives_up_where_it_is_folded_meanwhile(qtbot: QtBot) -> None:
    view = TranscriptView(Theme.light(), clock=Clock())
    aids = ReadingAids(Theme.light(), view)
    qtbot.addWidget(aids)
    aids.resize(900, 600)
    aids.show()
    think(view)
    aids.go_to_thought(50, len(LONG) - 5)
    thinking_of(view).header.click()
    qtbot.waitUntil(lambda: not aids._landing_timer.isActive())
    assert not thinking_of(view).opened


def test_words_are_found_in_a_thought_that_still_unfolds(qtbot: QtBot) -> None:
    view = TranscriptView(Theme.light(), clock=Clock())
    aids = ReadingAids(Theme.light(), view)
    qtbot.addWidget(aids)
    aids.resize(900, 600)
    aids.show()
    think(view, LONG + "\n\nThe **needle**.")
    aids._finder.include_thoughts(True)
    aids._finder.look_for("the needle")
    qtbot.waitUntil(lambda: not aids._finder.is_looking)
    assert aids._finder.total == 1
    assert thinking_of(view).opened
    assert not parts_in(view).is_all_in
    qtbot.waitUntil(lambda: not aids._finder._landing_timer.isActive() and parts_in(view).is_all_in)
    settle()
    last = thinking_of(view).text_views()[-1]
    (mark,) = [mark for mark in last.extraSelections() if mark.cursor.hasSelection()]
    assert mark.cursor.selectedText() == "The needle"
    assert 0 < y_in_view(view, last) + y_of(last, mark.cursor.position()) < 600


def test_a_selection_goes_over_the_parts_without_a_gap(qtbot: QtBot, view: TranscriptView) -> None:
    think(view)
    thinking_of(view).header.click()
    all_in(view)
    whole = plain_thought(LONG, ended=True)
    first, *_, last = thinking_of(view).text_views()
    drag(first, 3, place(last, 7))
    end = len(whole) - len(last.toPlainText()) + 7
    assert copied(view) == whole[3:end].replace("\u00a0", " ")
    drag(first, 3, place(view.built_turns()[-1].answer, 9))
    assert copied(view) == whole[3:].replace("\u00a0", " ") + "\n\nParagraph"
    view.selection.select_all()
    assert whole[100:200] not in copied(view)
    assert not last.textCursor().hasSelection()


def test_what_joins_a_selection_is_part_of_it(view: TranscriptView) -> None:
    turn = think(view)
    thinking_of(view).header.click()
    first = thinking_of(view).text_views()[0]
    drag(first, 3, place(turn.answer, 9))
    assert not parts_in(view).is_all_in
    all_in(view)
    whole = plain_thought(LONG, ended=True)
    assert copied(view) == whole[3:].replace("\u00a0", " ") + "\n\nParagraph"


def test_all_of_it_is_copied_and_saved_while_it_unfolds(qtbot: QtBot, view: TranscriptView) -> None:
    think(view)
    thinking_of(view).header.click()
    with qtbot.waitSignal(view.save_thought_requested) as saved:
        thinking_of(view)._save.click()
    assert saved.args == [50, LONG]
    assert not parts_in(view).is_all_in
    assert thinking_of(view).copied_text() == plain_thought(LONG, ended=True).replace("\u00a0", " ")


def test_a_screen_reader_gets_all_of_it(view: TranscriptView) -> None:
    think(view)
    thinking_of(view).header.click()
    all_in(view)
    views = thinking_of(view).text_views()
    assert [each.accessibleName() for each in views] == ["Thought"] + ["Thought, continued"] * (
        len(views) - 1
    )
    assert all(each.focusPolicy() & Qt.FocusPolicy.TabFocus for each in views)
    assert "\n".join(each.toPlainText() for each in views) == plain_thought(LONG, ended=True)


def test_a_thought_that_folds_by_itself_leaves_the_reader_in_its_turn(view: TranscriptView) -> None:
    view.set_thoughts_open(True)
    think(view, LONG, ended=False)
    all_in(view)
    part = thinking_of(view).text_views()[1]
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + y_in_view(view, part) + 20)
    settle()
    view.append(50, PieceKind.REASONING, "And on. " * 200, 400)
    view.flush()
    settle()
    assert y_in_view(view, part) == -20
    view.append(50, PieceKind.ANSWER, ANSWER, 900)
    view.flush()
    settle()
    assert thinking_of(view).opened  # it is being read
    assert y_in_view(view, part) == -20
    view.clear()
