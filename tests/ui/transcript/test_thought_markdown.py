"""A thought as light Markdown: formats instead of marks, the same however the stream is cut."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QTextCharFormat, QTextCursor
from pytestqt.qtbot import QtBot

from models.light_markdown import BULLET
from tests.ui.transcript.turns import Clock, make_turn
from tests.ui.transcript.views import plain_thought, restyle
from ui.theme import Theme
from ui.transcript.passing_line import PassingLine
from ui.transcript.places import place_in_thought
from ui.transcript.thinking import ThinkingBlock
from ui.transcript.thought import ThoughtText
from ui.transcript.thought_lines import MAX_LINE_CHARS
from ui.transcript.thought_parts import ThoughtParts
from ui.utf16 import utf16_length

THOUGHT = """# The plan 🙂
First **bold 🙂**, then *slanted*, then `x_1 = a*b`.

- one **two**
    - deeper
12. twelve
> said `he`
```python
def f(x):
    return x ** 2 ** 3

```
$a_1 * b_2$ stays, and 5*6*7
$$
- x
$$
---
The end **is near**"""
ALPHABET = st.sampled_from([*"ab *_`$#->\n\r\t🙂重", "**", "```", "\n```\n", "- ", "\n\n", "1. ", "# "])
THOUGHTS = st.lists(ALPHABET, max_size=40).map("".join)


def parts_of(qtbot: QtBot, pieces: Sequence[str], theme: Theme | None = None) -> ThoughtParts:
    parts = ThoughtParts(theme or Theme.light())
    qtbot.addWidget(parts)
    for piece in pieces:
        parts.append_text(piece)
    return parts


def text_of(parts: ThoughtParts) -> str:
    return "\n".join(view.toPlainText() for view in parts.views)


def look_of(parts: ThoughtParts) -> list[tuple[object, ...]]:
    """The text with its formats, view by view and block by block, runs of one look together."""
    return [(number, *look) for number, view in enumerate(parts.views) for look in looks_of(view)]


def looks_of(thought: ThoughtText) -> list[tuple[object, ...]]:
    looks: list[tuple[object, ...]] = []
    block = thought.document().begin()
    while block.isValid():
        runs: list[tuple[QTextCharFormat, str]] = []
        pieces = block.begin()
        while not pieces.atEnd():
            part = pieces.fragment()
            if runs and runs[-1][0] == part.charFormat():
                runs[-1] = runs[-1][0], runs[-1][1] + part.text()
            else:
                runs.append((part.charFormat(), part.text()))
            pieces += 1
        stands = block.blockFormat()
        looks.append(
            (
                block.text(),
                runs,
                stands.leftMargin(),
                stands.rightMargin(),
                stands.textIndent(),
                stands.lineHeight(),
                stands.layoutDirection(),
            )
        )
        block = block.next()
    return looks


def at(thought: ThoughtText, words: str) -> QTextCharFormat:
    """The format of these words."""
    cursor = QTextCursor(thought.document().find(words, 0))
    assert cursor.hasSelection(), words
    return cursor.charFormat()


def test_marks_become_formats(qtbot: QtBot) -> None:
    parts = parts_of(qtbot, [THOUGHT])
    (thought,) = parts.views
    assert thought.toPlainText() == (
        "The plan 🙂\nFirst bold 🙂, then slanted, then x_1 = a*b.\n\n• one two\n• deeper\n12. twelve\n"
        "said he\npython\ndef f(x):\n    return x ** 2 ** 3\n\n\n$a_1 * b_2$ stays, and 5*6*7\n$$\n- x\n$$\n"
        "---\nThe end **is near**"
    )
    parts.finish()
    assert thought.toPlainText().endswith("The end is near")
    for theme in (Theme.light(), Theme.dark(), Theme.light()._replace(zoom_percent=150)):
        restyle(parts, theme)
        for words in ("The plan", "bold", "two", "is near"):
            assert at(thought, words).fontWeight() == QFont.Weight.DemiBold.value, words
        assert at(thought, "First").fontWeight() == QFont.Weight.Normal.value
        assert at(thought, "slanted").fontItalic()
        for words in ("x_1 = a*b", "def f", "said he"):
            cursor = thought.document().find(words, 10)
            assert cursor.charFormat().fontFamilies(), words
        assert at(thought, "x_1 = a*b").foreground().color() == theme.colour("second")
        assert at(thought, "python").foreground().color() == theme.colour("third")
        assert look_of(parts) == look_of(finished(qtbot, [THOUGHT], theme))


def finished(qtbot: QtBot, pieces: Sequence[str], theme: Theme | None = None) -> ThoughtParts:
    parts = parts_of(qtbot, pieces, theme)
    parts.finish()
    parts.catch_up()
    return parts


def test_items_hang_and_quotes_stand_further_in(qtbot: QtBot) -> None:
    parts = finished(qtbot, ["x\n- one\n    - two\n> three\n10. ten"])
    (thought,) = parts.views
    formats = [thought.document().findBlockByNumber(number).blockFormat() for number in range(5)]
    lefts = [made.leftMargin() for made in formats]
    assert lefts[0] < lefts[1] < lefts[2]
    assert lefts[3] > lefts[0]
    assert [made.textIndent() < 0 for made in formats] == [False, True, True, False, True]
    assert lefts[1] + formats[1].textIndent() == pytest.approx(lefts[0])


def test_an_item_from_right_to_left_hangs_at_the_right(qtbot: QtBot) -> None:
    parts = finished(qtbot, ["- عنصر\n```\nمرحبا\n```"])
    (thought,) = parts.views
    item = thought.document().findBlockByNumber(0)
    assert item.textDirection() == Qt.LayoutDirection.RightToLeft
    assert item.blockFormat().rightMargin() > 0
    assert thought.document().findBlockByNumber(2).textDirection() == Qt.LayoutDirection.LeftToRight


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(THOUGHTS, st.data())
def test_however_the_stream_is_cut(qtbot: QtBot, source: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(source)), max_size=8).map(sorted))
    pieces = [source[a:b] for a, b in zip([0, *cuts], [*cuts, len(source)], strict=True)]
    whole, cut = parts_of(qtbot, [source]), parts_of(qtbot, pieces)
    assert look_of(cut) == look_of(whole)
    assert text_of(whole) == plain_thought(source, ended=False)
    for parts in (whole, cut):
        parts.finish()
    assert look_of(cut) == look_of(whole)
    assert text_of(whole) == plain_thought(source, ended=True)
    for parts in (whole, cut):
        parts.deleteLater()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(THOUGHTS, THOUGHTS)
def test_a_thought_that_goes_on_after_its_end(qtbot: QtBot, source: str, rest: str) -> None:
    parts = parts_of(qtbot, [source])
    for more in (rest, ""):
        parts.finish()
        parts.append_text(more)
    parts.finish()
    whole = finished(qtbot, [source + rest])
    assert look_of(parts) == look_of(whole)
    parts.deleteLater()
    whole.deleteLater()


def test_a_line_that_is_too_long_is_cut_the_same_way(qtbot: QtBot) -> None:
    source = "- **a** " + "word " * 1_000 + "**b**\nend"
    one, many = finished(qtbot, [source]), finished(qtbot, list(source))
    assert look_of(one) == look_of(many)
    assert one.views[0].toPlainText() == plain_thought(source, ended=True)
    (text,) = one.views
    assert text.document().blockCount() == 3
    assert text.toPlainText().replace("\n", "") == BULLET + source[2:].replace("**", "").replace("\n", "")
    assert len(source) > MAX_LINE_CHARS


def test_places_of_the_source_are_found(qtbot: QtBot) -> None:
    parts = finished(qtbot, ["\n" + THOUGHT])
    (thought,) = parts.views
    for words in (
        "plan",
        "bold",
        "slanted",
        "x_1",
        "one",
        "two",
        "deeper",
        "twelve",
        "he`",
        "def",
        "5*6",
        "near",
    ):
        start = THOUGHT.index(words)
        place = place_in_thought([thought], "\n" + THOUGHT[:start])
        assert place is not None
        text = thought.document().toRawText().encode("utf-16-le")[2 * place[1] :].decode("utf-16-le")
        assert text.startswith(words.rstrip("`")), words
    assert place_in_thought([thought], "\n" + THOUGHT) == (thought, thought.end())
    assert thought.end() == utf16_length(thought.toPlainText())


def test_what_is_selected_stays_selected_when_its_line_is_formatted(qtbot: QtBot) -> None:
    parts = parts_of(qtbot, ["some **bold** words"])
    (thought,) = parts.views
    cursor = thought.textCursor()
    cursor.setPosition(len("some **bold** "))
    cursor.setPosition(len("some **bold** words"), QTextCursor.MoveMode.KeepAnchor)
    thought.setTextCursor(cursor)
    parts.append_text("\n")
    assert thought.toPlainText() == "some bold words"
    assert thought.selected_text() == "words"


def test_the_block_formats_the_last_line_when_the_answer_begins_and_keeps_the_source(qtbot: QtBot) -> None:
    block = ThinkingBlock(Theme.light(), opened=True, clock=Clock())
    qtbot.addWidget(block)
    block.append("Is it **so**?\n- *per", 1)
    block.append("haps*", 1)
    text = block.text_views()[0]
    assert text.toPlainText() == "Is it so?\n- *perhaps*"
    block.end_thought(fold=False)
    assert text.toPlainText() == "Is it so?\n• perhaps"
    assert block.thought() == "Is it **so**?\n- *perhaps*"
    with qtbot.waitSignal(block.save_requested) as saved:
        block.end(make_turn(answer="x"))
        block._ask_to_save()
    assert saved.args == ["Is it **so**?\n- *perhaps*"]


def test_the_passing_line_has_no_marks(qtbot: QtBot) -> None:
    passing = PassingLine(Theme.light())
    qtbot.addWidget(passing)
    passing.append("One.\n- **Step 2**: use `x`, *or* 5*6")
    assert passing.line() == "Step 2: use x, or 5*6"


def test_a_line_of_code_looks_like_code_from_its_first_character(qtbot: QtBot) -> None:
    source = "Look:\n```python\ndef f(x):\n    return 1\n\n```\nThat is **it"
    grown = parts_of(qtbot, [])
    whole = finished(qtbot, [source])
    code_left = whole.views[0].document().findBlockByNumber(2).blockFormat().leftMargin()
    for number, letter in enumerate(source):
        grown.append_text(letter)
        shown = plain_thought(source[: number + 1], ended=False)
        (view,) = grown.views
        assert view.toPlainText() == shown
        block = view.document().lastBlock()
        is_code = 2 <= block.blockNumber() <= 5
        if block.blockNumber() == 1:
            continue  # the fence
        assert (block.blockFormat().leftMargin() == code_left) is is_code, shown
        cursor = QTextCursor(view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if block.length() > 1:
            assert bool(cursor.charFormat().fontFamilies()) is is_code, shown
        place = place_in_thought(grown.views, source[: number + 1])
        assert place == (view, view.end())
    restyle(grown, Theme.dark())
    grown.finish()
    assert look_of(grown) == look_of(finished(qtbot, [source], Theme.dark()))


def test_a_line_of_code_that_grows_keeps_its_place_in_another_theme(qtbot: QtBot) -> None:
    grown = parts_of(qtbot, ["```\nx", " = "])
    restyle(grown, Theme.dark())
    assert look_of(grown) == look_of(parts_of(qtbot, ["```\nx = "], Theme.dark()))
