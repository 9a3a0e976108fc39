"""Formulas in answers: in place of their source, in the colour of the text, copied as their source."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QHelpEvent, QImage, QTextCursor
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from tests.ui.test_theme import contrast
from tests.ui.transcript.formulas.conftest import PATIENCE_MS, Answer, wait_until_drawn
from tests.ui.transcript.markdown_texts import cut, cuts
from tests.ui.transcript.turns import make_turn
from ui.theme import GUTTER_PX, READING_LINE_PX, Theme, palette_of
from ui.transcript.answer import AnswerView
from ui.transcript.formulas.maker import FormulaMaker
from ui.transcript.formulas.objects import OBJECT, selected_text
from ui.transcript.markdown import MarkdownReader
from ui.transcript.view import TranscriptView

CLEAR_PX = 6
TEXT = r"""Head with $x^2$ and \(y_1\):

\[ \frac{a}{b} = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \]

* item $\sum_i i$ and $\unknowncommand$
* cost $5 and $10

| $a$ | b |
|---|---|
| 1 | $\frac{\pi}{2}$ |

$$x = \boxed{\sqrt{2}}$$ and \boxed{\frac{1}{2}} and \boxed{7}.
"""


THEMES = [
    Theme.light(),
    Theme.dark(),
    Theme.light().with_high_contrast(),
    Theme.dark().with_high_contrast(),
]


def copied(view: AnswerView) -> str:
    cursor = view.textCursor()
    cursor.select(QTextCursor.SelectionType.Document)
    return selected_text(cursor)


def text(view: AnswerView) -> str:
    return view.document().toPlainText()


def test_drawn_formulas_stand_in_place_of_their_source(answer: Answer) -> None:
    assert text(answer("a $x^2$ b \\(y\\) c\n\n\\[z\\]")) == f"a {OBJECT} b {OBJECT} c\n{OBJECT}"


def test_until_it_is_drawn_the_source_stands_there(answer: Answer) -> None:
    assert text(answer("a $x^2$ b", drawn=False)) == "a $x^2$ b"


def test_what_cannot_be_drawn_stays_its_source(answer: Answer) -> None:
    view = answer("a $\\unknowncommand$ b")
    assert text(view).replace("\u2060", "") == "a $\\unknowncommand$ b"
    view.selectAll()
    assert view.createMimeDataFromSelection().text() == "a $\\unknowncommand$ b"


@pytest.mark.parametrize("source", ["$x^2$", "\\(x^2\\)", "$$x^2$$", "\\[ x^2 \\]", "\\boxed{\\frac{1}{2}}"])
def test_copying_gives_the_source_with_its_delimiters(answer: Answer, source: str) -> None:
    view = answer(f"a {source} b {source}")
    assert text(view).count(OBJECT) == 2
    assert copied(view) == f"a {source} b {source}"
    cursor = view.textCursor()
    cursor.setPosition(2)
    cursor.setPosition(3, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    assert view.createMimeDataFromSelection().text() == source


def test_copying_a_whole_answer(answer: Answer) -> None:
    said = copied(answer(TEXT))
    for source in (
        "$x^2$",
        "\\(y_1\\)",
        "\\[ \\frac{a}{b}",
        "$\\sum_i i$",
        "$5 and $10",
        "$a$",
        "$\\frac{\\pi}{2}$",
    ):
        assert source in said
    assert OBJECT not in said


def test_the_tip_is_the_source_and_no_html(answer: Answer) -> None:
    view = answer("$a<b$")
    at = QPoint(20, 18)
    event = QHelpEvent(QEvent.Type.ToolTip, at, view.mapToGlobal(at))
    view.viewportEvent(event)
    assert view.toolTip() == "<p>$a&lt;b$</p>"
    view.setToolTip("")


def test_growing_and_whole_answers_are_the_same(qtbot: QtBot, maker: FormulaMaker, answer: Answer) -> None:
    whole = answer(TEXT)
    growing = AnswerView(Theme.light(), MarkdownReader(), formulas=maker)
    qtbot.addWidget(growing)
    growing.resize(720, 100)
    growing.show()
    for start in range(0, len(TEXT), 7):
        growing.append(TEXT[start : start + 7])
    growing.finish(TEXT)
    wait_until_drawn(qtbot, maker)
    assert growing.document().toHtml() == whole.document().toHtml()
    assert growing.height() == whole.height()


def test_formulas_that_come_late_make_the_same_document(
    qtbot: QtBot, maker: FormulaMaker, answer: Answer
) -> None:
    late = answer(TEXT, drawn=False)
    assert OBJECT not in text(late)
    wait_until_drawn(qtbot, maker)
    at_once = answer(TEXT, drawn=False)
    assert OBJECT in text(at_once)
    assert late.document().toHtml() == at_once.document().toHtml()
    assert late.height() == at_once.height()
    late.finish("other")
    assert text(late) == "other"


def test_only_the_paragraphs_of_formulas_are_written_again(
    qtbot: QtBot, maker: FormulaMaker, answer: Answer
) -> None:
    view = answer("first\n\nsecond $x^9$\n\nthird", drawn=False)
    changes: list[tuple[int, int]] = []
    view.document().contentsChange.connect(lambda at, gone, _new: changes.append((at, gone)))
    wait_until_drawn(qtbot, maker)
    assert text(view) == f"first\nsecond {OBJECT}\nthird"
    assert all(len("first") <= at and at + gone <= len("first\nsecond $x^9$\n") for at, gone in changes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(
            ["$x^2$", "\\(", "\\)", "$", "$$", "\\[", "\\]", "\n", "\n\n", "y_1", " ", "- ", "|", "\\boxed{"]
        ),
        max_size=20,
    ),
    lengths=cuts,
)
def test_any_text_copies_as_when_nothing_is_drawn(
    qtbot: QtBot, maker: FormulaMaker, answer: Answer, pieces: list[str], lengths: list[int]
) -> None:
    source = "".join(pieces)
    drawn = AnswerView(Theme.light(), MarkdownReader(), formulas=maker)
    plain = AnswerView(Theme.light(), MarkdownReader())
    for view in (drawn, plain):
        qtbot.addWidget(view)
        for piece in cut(source, lengths):
            view.append(piece)
        view.finish(source)
    wait_until_drawn(qtbot, maker)
    # A boxed result that is not drawn is what is in the box.
    if "\\boxed" not in source:
        assert copied(drawn) == copied(plain)


def colours(image: QImage) -> set[str]:
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


@pytest.mark.parametrize("theme", [Theme.light(), Theme.dark()])
def test_formulas_have_the_colour_of_the_text(answer: Answer, theme: Theme) -> None:
    view = answer("$$\\blacksquare$$", theme=theme)
    assert theme.text.lower() in colours(view.grab().toImage())


def test_another_theme_needs_no_other_formula(answer: Answer, maker: FormulaMaker) -> None:
    view = answer("$$\\blacksquare$$")
    maker.rest()
    view.set_theme(Theme.dark())
    assert maker.pid == 0
    assert Theme.dark().text.lower() in colours(view.grab().toImage())


@pytest.mark.parametrize("percent", [60, 200, 300])
def test_another_size_is_as_if_it_had_been_written_so(answer: Answer, percent: int) -> None:
    """Also where a formula no longer fits, and stands there as its source; what is selected stays so."""
    source = f"{TEXT}\n\n$$" + " + ".join(f"x_{{{n}}}^2" for n in range(20)) + "$$\n\nThe end."
    theme = Theme.dark()._replace(zoom_percent=percent)
    changed, fresh = answer(source), answer(source, theme=theme)
    was_drawn = text(changed).count(OBJECT)
    cursor = changed.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(40, QTextCursor.MoveMode.KeepAnchor)
    changed.setTextCursor(cursor)
    selected = changed.selected_markdown()
    changed.set_theme(theme)
    assert changed.selected_markdown() == selected
    changed.clear_selection()
    assert text(changed) == text(fresh)
    assert (text(changed).count(OBJECT) < was_drawn) is (percent > 100)
    assert changed.document().toHtml() == fresh.document().toHtml()
    assert changed.height() == fresh.height()


def test_a_boxed_formula_stands_out(answer: Answer) -> None:
    theme = Theme.light()
    seen = colours(answer("$$\\boxed{\\frac{\\blacksquare}{2}}$$").grab().toImage())
    assert {theme.accent.lower(), theme.accent_soft.lower()} <= seen


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("source", ["$$\\blacksquare$$", "$\\blacksquare$, x", "$$\\boxed{\\blacksquare}$$"])
def test_a_selected_formula_is_as_clear_as_selected_words(answer: Answer, theme: Theme, source: str) -> None:
    view = answer(source, theme=theme)
    view.setPalette(palette_of(theme))
    view.selectAll()
    seen = colours(view.grab().toImage())
    assert {theme.on_accent.lower(), theme.accent.lower()} <= seen
    assert not {"#000000", theme.text.lower()} & seen - {theme.on_accent.lower(), theme.ground.lower()}
    assert theme.accent_soft.lower() not in seen
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@pytest.mark.parametrize("formula", ["$\\frac{a}{b}$", "$x_1$", "$\\sum_{k=1}^{n} k$", "$½$"])
@pytest.mark.parametrize("source", ["{}", "| n |\n|--|\n| {} |"], ids=["alone", "in a table"])
def test_all_of_a_selected_formula_is_to_be_seen(answer: Answer, formula: str, source: str) -> None:
    """Also what reaches out of its line: where it is dark without the selection it is light within."""
    theme = Theme.light()
    view = answer(source.format(formula), theme=theme)
    view.setPalette(palette_of(theme))
    plain = view.grab().toImage()
    view.selectAll()
    selected = view.grab().toImage()
    dark: list[tuple[int, int]] = []
    for y in range(plain.height()):
        in_row = [(x, y) for x in range(plain.width()) if plain.pixelColor(x, y).lightness() < 110]
        dark += in_row if len(in_row) < 30 else []  # else it is a line of the table
    assert len(dark) > 5
    assert all(selected.pixelColor(x, y).lightness() > 150 for x, y in dark)


@pytest.mark.parametrize("formula", ["$\\frac{1}{2}$", "$g_j$, "])
@pytest.mark.parametrize("source", ["It {} is", "- It {} is\n- on", "| It | {} |\n|--|--|\n| is | {} |"])
def test_beside_selected_words_a_formula_is_whole(answer: Answer, formula: str, source: str) -> None:
    """Where something of a paragraph is selected, Qt cuts off what reaches out of it."""
    view = answer(source.replace("{}", formula))
    plain = view.grab().toImage()
    words = text(view)
    cursor = QTextCursor(view.document())
    cursor.setPosition(words.index("It"))
    cursor.setPosition(words.index("It") + 2, QTextCursor.MoveMode.KeepAnchor)
    right = view.cursorRect(cursor).right() + 2
    view.setTextCursor(cursor)
    selected = view.grab().toImage()
    box = QRect(right, 0, plain.width() - right, plain.height())
    assert selected.copy(box) == plain.copy(box)
    assert selected != plain


def test_a_formula_that_is_not_selected_any_more(answer: Answer) -> None:
    view = answer("a $\\blacksquare$ b")
    before = view.grab().toImage()
    view.selectAll()
    view.grab()
    view.setTextCursor(QTextCursor(view.document()))
    assert view.grab().toImage() == before


@pytest.mark.parametrize("words", ["$x$, ", "($y$) ", "\u05d0 ($z$). ", "$\\frac{1}{2}$; "])
def test_no_line_begins_with_the_punctuation_behind_a_formula(answer: Answer, words: str) -> None:
    view = answer(words * 40)
    starts = set()
    for width in range(200, 260, 3):
        view.resize(width, 100)
        block = view.document().firstBlock()
        lines = [block.layout().lineAt(number) for number in range(1, block.layout().lineCount())]
        starts |= {block.text()[line.textStart()] for line in lines}
    assert len(starts) >= 1
    assert not starts & set(",.;) ")
    assert copied(view) == (words * 40).rstrip()


def test_a_displayed_result_is_in_the_middle(answer: Answer) -> None:
    view = answer("$$\\boxed{42}$$")
    line = view.document().firstBlock().layout().lineAt(0)
    assert abs(line.naturalTextRect().center().x() - (720 - 2 * GUTTER_PX) / 2) <= 1


def test_a_box_leaves_room_for_what_is_around_it(answer: Answer) -> None:
    """Columns of the ground stand between the box, the words before it and the full stop."""
    theme = Theme.light()
    image = answer("I \\boxed{42}.").grab().toImage()
    rows = range(READING_LINE_PX + 2)
    is_empty = [
        all(image.pixelColor(x, y).name() == theme.ground.lower() for y in rows) for x in range(image.width())
    ]
    assert sum(here != after for here, after in pairwise(is_empty)) == 6  # three things begin and end
    alone = answer("\\boxed{42}").grab().toImage()
    assert all(alone.pixelColor(GUTTER_PX - 1, y).name() == theme.ground.lower() for y in rows)


def test_a_formula_stands_on_the_line_of_its_text(answer: Answer) -> None:
    """The ink of an H of the text and one of the formula ends in the same row."""
    view = answer("HH $\\mathrm{HH}$ and $\\mathrm{H}_{\\int}$ HH")
    view.setStyleSheet(f"background: {Theme.light().ground}")  # whatever theme another test left behind
    image = view.grab().toImage()
    ground = image.pixelColor(0, 0)

    def lowest(left: int, right: int) -> int:
        rows = range(image.height() - 1, -1, -1)
        return next(y for y in rows if any(dark(x, y) for x in range(left, right)))

    def dark(x: int, y: int) -> bool:
        return abs(image.pixelColor(x, y).lightness() - ground.lightness()) > 120

    assert abs(lowest(8, 30) - lowest(34, 56)) <= 1


def test_a_high_formula_makes_room_and_a_low_one_changes_nothing(answer: Answer) -> None:
    plain = answer("one line").height()
    assert answer("one $x^2$ line").height() == plain
    assert answer("one $\\begin{pmatrix} 1 \\\\ 2 \\\\ 3 \\end{pmatrix}$ line").height() > plain + 20


HIGH = (
    "\\dfrac{a}{b}",
    "\\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}",
    "\\sum_{k=1}^{n} k",
    "\\left(\\frac{1}{2}\\right)^n",
)


@pytest.mark.parametrize("tex", HIGH)
def test_a_high_formula_is_clear_of_the_lines_around(answer: Answer, tex: str) -> None:
    """Between the lowest ink of a "g" above and the highest of the formula, and so below it."""
    words = "g" * 60
    view = answer(f"{words}\\\n${tex}$\\\n{words.upper()}")
    rows = inked_rows(view)
    first, *formula, last = rows
    assert formula[0].start - first.stop >= CLEAR_PX
    assert last.start - formula[-1].stop >= CLEAR_PX


@pytest.mark.parametrize("tex", ["x^2", "\\frac{1}{2}", "\\sqrt{x}", "e^{-x^2/2}", "\\vec{v}", *HIGH])
def test_only_the_line_of_a_high_formula_is_higher(answer: Answer, tex: str) -> None:
    view = answer(f"one\\\ntwo ${tex}$\\\nthree\\\nfour $y$\\\nfive")
    layout = view.document().firstBlock().layout()
    baselines = [layout.lineAt(line).y() + layout.lineAt(line).ascent() for line in range(5)]
    steps = [round(below - above, 3) for above, below in pairwise(baselines)]
    others = [steps[2], steps[3]] if tex in HIGH else steps
    assert others == [READING_LINE_PX] * len(others)


def inked_rows(view: AnswerView) -> list[range]:
    """The rows of pixels that hold something, in groups."""
    view.setStyleSheet(f"background: {Theme.light().ground}")
    image = view.grab().toImage()
    ground = image.pixelColor(0, 0).lightness()
    inked = [
        any(ground - image.pixelColor(x, y).lightness() > 60 for x in range(image.width()))
        for y in range(image.height())
    ]
    edges = [y for y in range(1, len(inked)) if inked[y] != inked[y - 1]]
    return [range(top, bottom) for top, bottom in zip(edges[::2], edges[1::2], strict=True)]


def test_a_formula_too_wide_is_made_smaller_and_then_its_source(answer: Answer) -> None:
    long = "$$" + " + ".join("abcdefghijklmnop") + "$$"
    view = answer(long, width=720)
    assert text(view) == OBJECT
    free_px = view.height()
    view.resize(300, view.height())
    assert text(view) == OBJECT
    assert view.height() <= free_px
    view.resize(150, view.height())
    assert text(view) == long
    view.resize(720, view.height())
    assert text(view) == OBJECT
    assert view.height() == free_px


def test_what_is_read_stays_in_place(qtbot: QtBot, maker: FormulaMaker) -> None:
    """Formulas above the view are drawn: what is in the view does not move."""
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(800, 400)
    view.show()
    high = "$\\begin{pmatrix} 1 \\\\ 2 \\\\ 3 \\\\ 4 \\end{pmatrix}$\n\n"
    view.show_turns([make_turn(1, answer=high * 10 + "word\n\n" * 60)])
    shown = view.turn_widgets()[0].answer
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 300)
    before = y_of_end(shown, view)
    assert OBJECT not in text(shown)
    qtbot.waitUntil(lambda: text(shown).count(OBJECT) == 10, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: abs(y_of_end(shown, view) - before) <= 1, timeout=PATIENCE_MS)
    assert not view.following


def y_of_end(shown: AnswerView, view: TranscriptView) -> int:
    cursor = QTextCursor(shown.document())
    cursor.movePosition(QTextCursor.MoveOperation.End)
    return shown.cursorRect(cursor).top() + shown.mapTo(view, QPoint(0, 0)).y()


def test_the_menu_copies_the_formula_under_the_mouse(qtbot: QtBot) -> None:
    """Wherever on it the mouse is; without the comma that is painted with it."""
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(800, 400)
    view.show()
    source = "$a + b + c + d = e + f$"
    view.show_turns([make_turn(1, answer=f"So {source}, and `y` and more.")])
    shown = view.turn_widgets()[0].answer
    qtbot.waitUntil(lambda: text(shown).count(OBJECT) == 1, timeout=PATIENCE_MS)
    cursor = QTextCursor(shown.document())
    cursor.setPosition(3)
    left = shown.cursorRect(cursor).center()
    cursor.setPosition(4)
    right = shown.cursorRect(cursor).center()
    for share in (0.02, 0.5, 0.9):
        at = QPoint(round(left.x() + share * (right.x() - left.x())), left.y())
        names = {action.text(): action for action in menu_at(view, shown, at).actions()}
        names["Copy the formula"].trigger()
        assert QGuiApplication.clipboard().text() == source
    names = {action.text(): action for action in menu_at(view, shown, right + QPoint(9, 0)).actions()}
    assert "Copy the formula" not in names


def menu_at(view: TranscriptView, shown: AnswerView, at: QPoint) -> QMenu:
    for old in view.findChildren(QMenu):
        old.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    there = shown.viewport().mapToGlobal(at)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(shown.viewport(), QContextMenuEvent(reason, at, there))
    (menu,) = [menu for menu in view.findChildren(QMenu) if menu.isVisible() and menu.parent() is view]
    return menu


def test_links_that_are_defined_below_leave_formulas_as_they_are(
    qtbot: QtBot, maker: FormulaMaker, answer: Answer
) -> None:
    """Formulas come and go with them: a picture that refers to one is its description."""
    begin = (
        "![$x^1$][a]\n\n![$x^1$][a] $x^2$ [a]\n\n| $x^5$ | [a] |\n|-|-|\n| ![$x^6$][a] | $x^7$ |"
        "\n\n$x^8$\n\n- $x^9$ [a]\n\nWords\n\n"
    )
    defined, is_none = "[a]: https://a.example '|'\n", "|-|-|\n\nEnd $x^2$ [a]"
    grown, so_far = answer("", drawn=False), ""
    for piece in (begin, defined, is_none):
        grown.append(piece)
        for _ in grown.catch_up():
            pass
        wait_until_drawn(qtbot, maker)
        so_far += piece
        whole = answer("", drawn=False)
        whole.append(so_far)
        for _ in whole.catch_up():
            pass
        wait_until_drawn(qtbot, maker)
        assert grown.document().toHtml() == whole.document().toHtml()
        writer = grown._writer
        drawn = {index: writer._run_writer.drawn(item) for index, item in enumerate(writer.items)}
        assert list(writer._with_maths.items()) == [(index, known) for index, known in drawn.items() if known]
