"""What is found: as it is shown, over the ends of formulas and lines; and little of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.history.records import TurnState
from models.reasoning import PieceKind
from tests.ui.transcript.formulas.conftest import PATIENCE_MS
from tests.ui.transcript.test_find import aids, current_words, look_for, settle, view_of
from tests.ui.transcript.turns import USAGE, make_turn
from tests.ui.transcript.views import plain_thought
from ui.transcript import finder as finder_module
from ui.transcript import found_marks
from ui.transcript.formulas.objects import OBJECT
from ui.transcript.formulas.source import searched
from ui.transcript.found_text import folded, may_hold, words_to_find
from ui.transcript.reading_aids import ReadingAids
from ui.transcript.thought_lines import PIECE_CHARS, PlainThought, ThoughtLines
from ui.widgets.safe_browser import SafeBrowser

__all__ = ["aids"]

FORMULAS = """Let $f(x)$, so we have 🙂 $y = 1{,}692$. And \\(\\frac{1}{2}\\): more

| $a_1$, b | c |
|--|--|
| *d* | $e$; f |

\\[ \\boxed{x = 7} \\]
"""


def show(aids: ReadingAids, *answers: str) -> None:
    view_of(aids).show_turns(
        [make_turn(n, "Q", answer, TurnState.FINISHED, USAGE) for n, answer in enumerate(answers, 1)]
    )
    settle()


def marked_words(aids: ReadingAids) -> list[str]:
    """What is marked, in the order of the page."""
    texts = view_of(aids).findChildren(SafeBrowser)
    return [mark.cursor.selectedText() for text in texts for mark in text.extraSelections()]


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("x), so", [f"{OBJECT} so"]),
        (", so we", [f"{OBJECT} so we"]),
        ("let f(", [f"Let {OBJECT}"]),
        ("f(x)", [OBJECT]),
        ("🙂 y = 1,692. and", [f"🙂 {OBJECT} And"]),
        (": more", [f"{OBJECT} more"]),
        ("1, b", [f"{OBJECT} b"]),
        ("; f", [f"{OBJECT} f"]),
        ("x = 7", [OBJECT]),
        ("frac", []),
        ("boxed", []),
    ],
)
@pytest.mark.parametrize("is_near", [True, False])
def test_formulas_are_found_as_they_are_seen(
    qtbot: QtBot, aids: ReadingAids, words: str, marked: Sequence[str], *, is_near: bool
) -> None:
    far = ["A paragraph of some length. " * 300] * 12
    show(aids, FORMULAS, *far)
    if not is_near:
        view_of(aids).scroll_to_turn(13)
        settle()
    bar = look_for(qtbot, aids, words)
    assert aids._finder.total == len(marked)
    if marked:
        qtbot.waitUntil(lambda: bar.count.text() == f"1 of {len(marked)}")
        maker = view_of(aids)._formulas
        qtbot.waitUntil(lambda: not maker.is_busy, timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: marked_words(aids) == marked)


def test_a_formula_that_is_drawn_later_is_marked_then(qtbot: QtBot, aids: ReadingAids) -> None:
    show(aids, "A needle and $x^{17}$ in one line.")
    look_for(qtbot, aids, "needle")
    maker = view_of(aids)._formulas
    qtbot.waitUntil(lambda: not maker.is_busy, timeout=PATIENCE_MS)
    assert OBJECT in view_of(aids).built_turns()[0].answer.document().toPlainText()
    qtbot.waitUntil(lambda: current_words(aids) == ["needle"])


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        ("f(x) = 2", "f(x) = 2"),
        ("47 \\times 36", f"47 {OBJECT} 36"),
        ("50\\%", "50%"),
        ("\\text{so that}", f"{OBJECT}{OBJECT}so that{OBJECT}"),
        ("a\\\\b\\\nc", f"a{OBJECT}b{OBJECT}c"),
    ],
)
def test_what_is_searched_of_a_formula(tex: str, plain: str) -> None:
    assert searched(tex) == plain


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("cafe", "Ein Café"),
        ("café", "ein cafe"),
        ("cafe\u0301", "ein Café"),
        ("uber", "Über"),
        ("ελλας", "Ελλάς"),
        ("ａｂｃ１", "abc1"),
        ("x2", "x²"),
        ("a b", "a\u00a0b"),
        ("two lines", "two\u2028lines"),
        ("重庆", "在重庆"),
        ("が", "ながい"),
        ("한국", "한국어"),
        ("ßß", "ßß"),
        ("ﬁ", "ﬁ"),
    ],
)
def test_case_accents_and_kinds_of_spaces_do_not_matter(typed: str, text: str) -> None:
    assert len(folded(text)) == len(text)
    assert words_to_find(typed) in folded(text)
    assert may_hold(text, words_to_find(typed))


def test_other_letters_are_other_words() -> None:
    assert words_to_find("か") not in folded("ながい")
    assert words_to_find("한") not in folded("하나")


def test_a_line_end_within_a_paragraph_is_a_space(qtbot: QtBot, aids: ReadingAids) -> None:
    show(aids, "The end of\na *line* goes\non here.\n\nNext paragraph\n\n- one\n- two")
    look_for(qtbot, aids, "of a line goes on")
    assert aids._finder.total == 1
    assert marked_words(aids) == ["of\u2028a line goes\u2028on"]
    look_for(qtbot, aids, "here. next")
    assert aids._finder.total == 0


def think(aids: ReadingAids, thought: str, *, is_running: bool = False) -> None:
    view = view_of(aids)
    view.begin_turn(make_turn(1, "Go"))
    view.append(1, PieceKind.REASONING, thought, 9)
    view.flush()
    if not is_running:
        view.append(1, PieceKind.ANSWER, "Done.", 1)
        view.flush()
        view.end_turn(make_turn(1, "Go", "Done.", TurnState.FINISHED, USAGE), None)
    settle()


LONG = "".join(f"{number} a **needle** and more words\n\n" for number in range(2_000))


def test_a_long_thought_is_read_a_little_at_a_time_and_once(
    qtbot: QtBot, aids: ReadingAids, monkeypatch: pytest.MonkeyPatch
) -> None:
    think(aids, LONG, is_running=True)
    fed: list[int] = []
    feed = ThoughtLines.feed

    def noting(lines: ThoughtLines, text: str) -> object:
        fed.append(len(text))
        return feed(lines, text)

    with monkeypatch.context() as patch:
        patch.setattr(PlainThought, "read", PlainThought.read)
        patch.setattr("ui.transcript.thought_lines.ThoughtLines.feed", noting)
        patch.setattr(finder_module, "SLICE_S", 0.0)
        bar = aids.find_bar
        bar.field.setText("needle")
        finder = aids._finder
        finder.look_for("needle")
        while finder.is_looking:
            before = len(fed)
            finder._slice_timer.stop()
            finder._go_on()
            assert len(fed) <= before + 1
        assert sum(fed) == len(LONG)
        assert max(fed) <= PIECE_CHARS
        assert finder.in_thoughts == 2_000
        fed.clear()
        finder.go(1)
        assert fed == []  # nothing came since
        view_of(aids).append(1, PieceKind.REASONING, "One needle.", 1)
        view_of(aids).flush()
        fed.clear()
        qtbot.waitUntil(lambda: finder.in_thoughts == 2_001)
        assert sum(fed) == len("One needle.")


def test_marks_are_set_a_little_at_a_time(
    qtbot: QtBot, aids: ReadingAids, monkeypatch: pytest.MonkeyPatch
) -> None:
    think(aids, LONG)
    turn = view_of(aids).built_turns()[0]
    turn.thinking.unfold()
    qtbot.waitUntil(lambda: turn.thinking._text.is_all_in)
    texts = turn.thinking.text_views()
    assert len(texts) > 3
    aids.find_bar.thoughts.setChecked(True)
    look_for(qtbot, aids, "needle")
    marks = aids._finder._marks
    qtbot.waitUntil(lambda: not marks.is_busy)
    monkeypatch.setattr(found_marks, "SLICE_S", 0.0)
    aids._finder.look_for("and")
    marked = [sum(bool(set(words_of(text)) == {"and"}) for text in texts)]
    while marks.is_busy:
        marks._timer.stop()
        marks._go_on()
        marked.append(sum(bool(set(words_of(text)) == {"and"}) for text in texts))
    assert marked[-1] == len(texts)
    assert all(after <= before + 1 for before, after in pairwise(marked))


def words_of(text: SafeBrowser) -> list[str]:
    return [mark.cursor.selectedText() for mark in text.extraSelections()]


def test_a_turn_may_go_while_it_is_marked(
    qtbot: QtBot, aids: ReadingAids, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(aids, *["needle " * 20] * 6)
    monkeypatch.setattr(found_marks, "SLICE_S", 0.0)
    look_for(qtbot, aids, "needle")
    aids._finder._marks.show([])
    aids._finder.look_for("needl")
    assert aids._finder._marks.is_busy
    view_of(aids).show_turns([make_turn(9, "Q", "needle", TurnState.FINISHED, USAGE)])
    qtbot.waitUntil(lambda: not aids._finder._marks.is_busy)


@pytest.mark.parametrize("ended", [False, True])
def test_a_thought_read_in_pieces_is_the_whole_one(*, ended: bool) -> None:
    plain, whole = PlainThought(), "a **b**\n- *c*\r\n```\nx **y**\n```\n**d"
    for length in (3, 4, 9, 9, 20, len(whole)):
        for _ in plain.read(whole[:length], ended=ended):
            pass
    assert plain.text == plain_thought(whole, ended=ended)
    for _ in plain.read("another", ended=ended):
        pass
    assert plain.text == "another"
    QApplication.processEvents()
