"""Words are found in questions and answers, built or not, and in thoughts apart."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QTextEdit
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.bench.transcript_corpus import pieces
from tests.slowness import is_within
from tests.ui.transcript.markdown_texts import WHOLE
from tests.ui.transcript.turns import USAGE, Clock, make_turn
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.find_bar import FindBar
from ui.transcript.finder import Finder
from ui.transcript.found_text import folded, may_hold, places, plain_answer
from ui.transcript.markdown import MarkdownReader
from ui.transcript.reading_aids import ReadingAids
from ui.transcript.turn import TurnWidget
from ui.transcript.view import TranscriptView
from ui.utf16 import utf16_places
from ui.widgets.safe_browser import SafeBrowser

ANSWER = "A paragraph of some length. " * 30


@pytest.fixture
def aids(qtbot: QtBot) -> ReadingAids:
    view = TranscriptView(Theme.light(), clock=Clock())
    aids = ReadingAids(Theme.light(), view)
    qtbot.addWidget(aids)
    aids.resize(1000, 600)
    aids.show()
    return aids


def view_of(aids: ReadingAids) -> TranscriptView:
    return aids.findChildren(TranscriptView)[0]


def settle() -> None:
    for _ in range(6):
        QApplication.processEvents()


def fill(aids: ReadingAids, count: int = 30) -> None:
    """Every third question and every fifth answer has the word, once in two runs of the Markdown."""
    view_of(aids).show_turns(
        [
            make_turn(
                n + 1,
                "A *Needle* here" if n % 3 == 0 else "Nothing",
                ANSWER + ("a nee**dle** 🙂 in it" if n % 5 == 0 else ""),
                TurnState.FINISHED,
                USAGE,
            )
            for n in range(count)
        ]
    )
    settle()


def look_for(qtbot: QtBot, aids: ReadingAids, words: str) -> FindBar:
    bar = aids.find_bar
    bar.open()
    bar.field.setText(words)
    bar._look()
    qtbot.waitUntil(lambda: not aids._finder.is_looking)
    settle()
    return bar


def current_words(aids: ReadingAids) -> list[str]:
    """The words that are marked as the current match, with where they stand in the view."""
    view = view_of(aids)
    found = []
    for text in view.findChildren(SafeBrowser):
        for mark in text.extraSelections():
            if mark.format.background().color() == Theme.light().colour("accent"):
                rect = text.cursorRect(mark.cursor)
                y = text.viewport().mapTo(view, rect.topLeft()).y()
                assert 0 <= y < view.height()
                found.append(mark.cursor.selectedText())
    return found


def test_all_are_counted_though_few_turns_are_built(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids)
    assert len(view_of(aids).built_turns()) < 30
    bar = look_for(qtbot, aids, "needle")
    assert aids._finder.total == 10 + 6
    assert bar.count.text().endswith("of 16")


def test_next_and_previous_go_round_and_show_the_place(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids)
    bar = look_for(qtbot, aids, "NEEDLE")
    seen = []
    for _ in range(16):
        qtbot.keyClick(bar.field, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: not aids._finder._landing_timer.isActive())
        settle()
        assert [words.lower() for words in current_words(aids)] == ["needle"]
        seen.append(bar.count.text())
    assert sorted(seen) == sorted(f"{n} of 16" for n in range(1, 17))
    last = bar.count.text()
    qtbot.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == last


def test_the_first_match_is_the_one_in_sight(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids)
    view_of(aids).scroll_to_turn(16)
    settle()
    bar = look_for(qtbot, aids, "needle")
    assert bar.count.text() == "9 of 16"  # questions 1, 4 … 13 and answers 1, 6, 11 are before
    assert current_words(aids) == ["Needle"]


def think(aids: ReadingAids) -> None:
    view = view_of(aids)
    view.begin_turn(make_turn(99, "A needle?"))
    view.append(99, PieceKind.REASONING, "Some needle.\n\n" * 5, 20)
    view.append(99, PieceKind.ANSWER, "The needle.", 2)
    view.flush()
    view.end_turn(make_turn(99, "A needle?", "The needle.", TurnState.FINISHED, USAGE), None)
    settle()


def test_thoughts_are_counted_apart_and_unfold(qtbot: QtBot, aids: ReadingAids) -> None:
    think(aids)
    bar = look_for(qtbot, aids, "needle")
    assert bar.count.text() == "1 of 2"
    assert bar.thoughts.text() == "and 5 in thoughts"
    bar.thoughts.click()
    assert bar.count.text() == "1 of 7"
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    settle()
    assert bar.count.text() == "2 of 7"
    assert view_of(aids).built_turns()[-1].thinking.opened
    assert current_words(aids) == ["needle"]
    bar.thoughts.click()
    assert aids._finder.total == 2


def test_what_is_in_thoughts_alone_is_no_not_found(
    qtbot: QtBot, aids: ReadingAids, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: told.append(getattr(event, "message", str)())
    )
    think(aids)
    bar = look_for(qtbot, aids, "some")
    assert (bar.count.text(), bar.thoughts.text()) == ("0 in messages", "5 in thoughts")
    assert "0 in messages, 5 in thoughts" in told
    bar.thoughts.click()
    assert bar.count.text() == "5 found"


def test_without_thoughts_nothing_is_said_of_them(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids, 3)
    bar = look_for(qtbot, aids, "needle")
    assert not bar.thoughts.isVisible()
    bar.field.setText("nowhere")
    bar._look()
    assert bar.count.text() == "Not found"
    assert not bar.next.isEnabled()


def test_a_reply_that_grows_is_looked_through_again(qtbot: QtBot, aids: ReadingAids) -> None:
    view = view_of(aids)
    view.begin_turn(make_turn(5, "What?"))
    view.append(5, PieceKind.ANSWER, "A needle. ", 2)
    bar = look_for(qtbot, aids, "needle")
    assert bar.count.text() == "1 of 1"
    view._reply.flush_timer.stop()
    view.append(5, PieceKind.ANSWER, "Two needles.", 2)
    bar.next.click()
    assert bar.count.text() == "2 of 2"
    view.end_turn(make_turn(5, "What?", "A needle. Two needles.", TurnState.FINISHED, USAGE), None)
    bar.next.click()
    assert bar.count.text() == "1 of 2"


def test_what_is_written_is_counted_while_it_comes_and_the_current_match_stays(
    qtbot: QtBot, aids: ReadingAids
) -> None:
    view = view_of(aids)
    view.begin_turn(make_turn(5, "A needle?"))
    view.append(5, PieceKind.REASONING, "Needle. ", 2)
    bar = look_for(qtbot, aids, "needle")
    assert bar.count.text() == "1 of 1"
    view.append(5, PieceKind.ANSWER, "Two needles, a needle.\n\n" * 9, 2)
    view.flush()
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 19")
    place = view.verticalScrollBar().value()
    view.append(5, PieceKind.ANSWER, "More needles.", 2)
    view.flush()
    assert bar.count.text() == "1 of 19"  # not with each word
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 20")
    assert aids._finder._current is not None
    assert aids._finder._current.number == 0
    assert view.verticalScrollBar().value() >= place
    answer = "Two needles, a needle.\n\n" * 9 + "More needles."
    view.end_turn(make_turn(5, "A needle?", answer, TurnState.FINISHED, USAGE), None)
    settle()
    qtbot.waitUntil(lambda: not aids._finder._recount_timer.isActive())  # nothing grows: nothing is counted


@pytest.mark.usefixtures("styled")
def test_nothing_in_the_bar_moves_with_the_count(qtbot: QtBot, aids: ReadingAids) -> None:
    think(aids)
    bar = aids.find_bar
    bar.open()
    settle()
    still = (bar.field, bar.count, bar.previous, bar.next, bar.close_button)
    before = [each.geometry() for each in still]
    for words in ("needle", "nowhere", "e", "needle."):
        look_for(qtbot, aids, words)
        assert [each.geometry() for each in still] == before


@pytest.mark.parametrize("width", [400, 480, 720])
@pytest.mark.usefixtures("styled")
def test_the_bar_fits_where_it_is_narrow(qtbot: QtBot, aids: ReadingAids, width: int) -> None:
    think(aids)
    aids.resize(width, 600)
    bar = look_for(qtbot, aids, "needle")
    assert bar.thoughts.isVisible()
    assert bar.width() == width
    for each in (bar.count, bar.previous, bar.next, bar.thoughts, bar.close_button):
        assert each.width() >= each.sizeHint().width()


def test_escape_takes_everything_away(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids, 3)
    bar = look_for(qtbot, aids, "needle")
    assert current_words(aids)
    with qtbot.waitSignal(aids.left):
        qtbot.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    qtbot.waitUntil(lambda: not aids._finder._marks.is_busy)
    assert not any(text.extraSelections() for text in view_of(aids).findChildren(SafeBrowser))
    assert aids._finder._texts == {}


def test_escape_in_the_transcript_closes_it_too(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids, 3)
    bar = look_for(qtbot, aids, "needle")
    qtbot.keyClick(view_of(aids), Qt.Key.Key_Escape)
    assert not bar.isVisible()


def test_two_megabytes_are_looked_through_in_slices(qtbot: QtBot, aids: ReadingAids) -> None:
    answer = "Some **words** with `code` and $x$.\n\n* one\n* two\n\n" * 20
    view_of(aids).show_turns(
        [make_turn(n + 1, f"Question {n}", answer, TurnState.FINISHED, USAGE) for n in range(2_000)]
    )
    settle()
    aids.find_bar.open()
    aids.find_bar.field.setText("tw")
    aids.find_bar._look()
    finder, took_s = aids._finder, []
    for _ in range(100):
        assert finder.is_looking
        finder._slice_timer.stop()
        began_s = time.thread_time()
        finder._go_on()
        took_s.append(time.thread_time() - began_s)
    assert finder.total > 500
    assert is_within(sorted(took_s)[90], 0.05)
    aids.forget()
    assert not finder.is_looking


def test_words_that_are_nowhere_take_no_reading(qtbot: QtBot, aids: ReadingAids) -> None:
    view_of(aids).show_turns([make_turn(n + 1, "Q", ANSWER, TurnState.FINISHED, USAGE) for n in range(500)])
    bar = look_for(qtbot, aids, "nowhere")
    assert bar.count.text() == "Not found"


@given(st.text(max_size=30), st.text(min_size=1, max_size=3))
def test_places_are_those_of_a_plain_search(text: str, words: str) -> None:
    low = folded(text)
    assert len(low) == len(text)
    assert len(places(low, folded(words))) == low.count(folded(words))
    positions = utf16_places(text, range(len(text)))
    assert positions == [len(text[:n].encode("utf-16-le", "surrogatepass")) // 2 for n in range(len(text))]


@pytest.mark.parametrize("words", ["İstanbul", "STRASSE", "ß", "ΣΊΣΥΦΟΣ", "上海"])
def test_case_is_folded_at_the_same_length(words: str) -> None:
    assert len(folded(words)) == len(words)
    assert places(folded(f"x {words} y"), folded(words)) == [2]


def test_what_is_searched_is_what_is_shown(qtbot: QtBot) -> None:
    """The text of an answer that is not built equals that of its document, formulas apart."""
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.finish(WHOLE)
    qtbot.waitUntil(lambda: not view._slices.is_busy)
    plain = "".join(plain_answer(MarkdownReader(), WHOLE))
    shown = view.document().toPlainText()
    for word in {word for word in shown.split() if word.isalpha() and len(word) > 3}:
        assert folded(plain).count(folded(word)) == folded(shown).count(folded(word)), word
        assert may_hold(WHOLE, folded(word)), word


def test_the_pictures_of_words_never_move_the_view_that_shows_them(qtbot: QtBot, aids: ReadingAids) -> None:
    """A match that is in sight already stays where it is."""
    fill(aids, 2)
    bar = look_for(qtbot, aids, "paragraph")
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    settle()
    view = view_of(aids)
    before = view.built_turns()[0].mapTo(view, QPoint(0, 0)).y()
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    settle()
    assert view.built_turns()[0].mapTo(view, QPoint(0, 0)).y() == before


def test_it_keeps_nothing_of_a_chat_that_went(qtbot: QtBot, aids: ReadingAids) -> None:
    fill(aids, 3)
    look_for(qtbot, aids, "needle")
    aids.forget()
    view_of(aids).clear()
    assert isinstance(aids._finder, Finder)
    assert (aids._finder._texts, aids._finder._counts, aids._finder.total) == ({}, {}, 0)


def marked(aids: ReadingAids, texts: Sequence[SafeBrowser]) -> list[int]:
    aids._finder._mark_all()
    while aids._finder._marks.is_busy:
        QApplication.processEvents()
    return [len(text.extraSelections()) for text in texts]


@pytest.mark.parametrize("is_thought", [False, True])
def test_long_texts_stand_in_several_views_and_keep_their_marks(
    qtbot: QtBot, aids: ReadingAids, is_thought: bool
) -> None:
    """1,000 matches, of which 500 around the current one are marked."""
    view = view_of(aids)
    long = "".join(f"{n} needle and more words\n\n" for n in range(1_000))
    view.begin_turn(make_turn(1, "Go"))
    kind = PieceKind.REASONING if is_thought else PieceKind.ANSWER
    for piece in pieces(long, 50):
        view.append(1, kind, piece, 20)
        view.flush()
    answer = "Done." if is_thought else long
    if is_thought:
        view.append(1, PieceKind.ANSWER, answer, 2)
    view.end_turn(make_turn(1, "Go", answer, TurnState.FINISHED, USAGE), None)
    settle()
    turn = view.built_turns()[0]
    if is_thought:
        turn.thinking.unfold()
    qtbot.waitUntil(lambda: is_all_there(turn, is_thought))
    texts = turn.thinking.text_views() if is_thought else turn.answer_views
    counts = [text.document().toPlainText().count("needle") for text in texts]
    assert len(counts) >= 3
    assert sum(counts) == 1_000
    bar = look_for(qtbot, aids, "needle")
    if is_thought:
        bar.thoughts.click()
    aids._finder.go(-1 if aids._finder.number else 1)
    if aids._finder.number != 1_000:
        aids._finder.go(1_000 - aids._finder.number)
    qtbot.waitUntil(lambda: current_words(aids) == ["needle"])
    assert bar.count.text() == "1,000 of 1,000"
    first = marked(aids, texts)
    assert first[-1] == min(counts[-1], 250)
    assert marked(aids, texts) == first
    for number in (0, counts[0] - 1, counts[0], 499, sum(counts[:2]), 999):
        aids._finder.go(number + 1 - aids._finder.number)
        qtbot.waitUntil(lambda: current_words(aids) == ["needle"])
        before = sum(len(text.document().toPlainText().split("needle")) - 1 for text in texts[: at(texts)])
        current = [m for m in texts[at(texts)].extraSelections() if is_current(m)]
        text = texts[at(texts)].document().toPlainText()[: current[0].cursor.selectionStart()]
        assert before + text.count("needle") == number
        again = marked(aids, texts)
        assert [current_words(aids), again] == [["needle"], marked(aids, texts)]


def is_all_there(turn: TurnWidget, is_thought: bool) -> bool:
    if is_thought:
        return turn.thinking._text.is_all_in
    return not turn._answer._slices.is_busy


def is_current(mark: QTextEdit.ExtraSelection) -> bool:
    return bool(mark.format.background().color() == Theme.light().colour("accent"))


def at(texts: Sequence[SafeBrowser]) -> int:
    (found,) = [n for n, text in enumerate(texts) if any(map(is_current, text.extraSelections()))]
    return found
