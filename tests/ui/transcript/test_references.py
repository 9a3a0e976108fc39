"""A link reference definition counts for all of an answer, from the moment that its lines are at an end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.transcript.markdown_texts import cut, cuts
from tests.ui.transcript.test_incremental import EVERY_DAY, EXAMPLES, PROOF, structure
from tests.ui.transcript.test_incremental import stream_and_compare as compare
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.answer_parts import PART_CHARS, AnswerParts
from ui.transcript.blocks import Block, Item
from ui.transcript.found_text import plain_answer
from ui.transcript.markdown import MarkdownReader
from ui.transcript.references import MAX_LABEL_CHARS, References
from ui.transcript.selected_text import answer_as_text
from ui.transcript.stream import MarkdownStream

PIECES = [
    "[a]", "[b]", "[A ]", "[w][a]", "[w][]", "[a][]", "![p][b]", "[", "]", "[a]: http://a.b", "[b]: http://b.c",
    "[a]: http://other.d", "[a]:", "http://x.y", '"', "'t'", "(t", " ", "\n", "\n", "\n\n", "\n\n", "word ",
    "- ", "> ", "1. ", "    ", "```\n", "**", "`", "|", "|-|\n", "===\n", "# ", "[^n]", "[^n]: ", "\\", "$x$",
    "\r\n",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join)
ABSOLUTE = [re.sub(r"(?<=[\s<])/(?=[a-z])", "https://example.org/", text) for text in EXAMPLES]
"""The examples of CommonMark, in which most addresses are no links for us."""
A = "https://a.example"
LATE = f"First [a].\n\n- item [two][a]\n\n| h |\n|---|\n| [a] |\n\nWords.\n\n[a]: {A}\n\nEnd"


def read(text: str, *, finished: bool = True) -> list[Item]:
    return MarkdownReader().read(text, finished=finished)


def links(items: list[Item]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for item in items:
        cells = [item.runs] if isinstance(item, Block) else [cell for row in item.rows for cell in row]
        found += [(run.text, run.address) for runs in cells for run in runs if run.address]
    return found


def grow(view: AnswerView, text: str) -> None:
    """What the parts of an answer do, to the end of it."""
    view.append(text)
    for _ in view.catch_up():
        pass


@pytest.fixture
def view(qtbot: QtBot) -> AnswerView:
    return new_view(qtbot)


def new_view(qtbot: QtBot) -> AnswerView:
    made = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[w][a] [a][] [a]\n\n[a]: {A} 'title'", [("w", A), ("a", A), ("a", A)]),
        (f"[ Some\n words ][]\n\n[some WORDS]: <{A}>", [(" Some\u2028words ", A)]),
        (f"[ẞ]\n\n[SS]: {A}", [("ẞ", A)]),
        (f"[a]\n\n[a]: {A}\n[a]: https://other.example", [("a", A)]),
        (f"[a]\n\n> - [a]: {A}", [("a", A)]),
        (f"# [a]\n\n[a]:\n{A}\n'ti\ntle'", [("a", A)]),
        (f"[a]: {A}\n===\n[a]", [("a", A)]),
        (f"[a] `[a]` \\[a]\n\n[a]: {A}", [("a", A)]),
        (f"x[^a] [w][^a]\n\n[^a]: {A}", [(A, A)]),
        ("[a] [b]\n\n[a]: file:///etc/passwd\n\n[b]: javascript:x", []),
        (f"[a]\n\n[a]: {A} 'title' more", [(A, A)]),
        (f"words\n[a]: {A}\n\n[a]", [(A, A)]),
        (f"```\n[a]: {A}\n```\n\n[a]", []),
        (f"x[0][1] and [1]\n\n[1]: {A}", [("0", A), ("1", A)]),
    ],
)
def test_what_refers_to_what(text: str, expected: list[tuple[str, str]]) -> None:
    assert links(read(text)) == expected


def test_a_definition_is_not_shown_and_a_picture_stays_its_description() -> None:
    (only,) = read(f"![some *one*][a]\n\n[a]: {A}/x.png\n")
    assert isinstance(only, Block)
    assert [(run.text, run.address) for run in only.runs] == [("some one", "")]


@pytest.mark.parametrize("length", [MAX_LABEL_CHARS, MAX_LABEL_CHARS + 1])
def test_labels_have_a_longest(length: int) -> None:
    label = "x" * length
    assert (len(read(f"[{label}]\n\n[{label}]: {A}")) == 1) is (length == MAX_LABEL_CHARS)


def test_while_its_line_is_written_it_is_text() -> None:
    """Else the address of every link to it would be another with each token."""
    begun = f"[a]\n\n[a]: {A}"
    assert links(read(begun, finished=False)) == [(A, A)]
    assert links(read(begun + "\n", finished=False)) == links(read(begun)) == [("a", A)]


@given(text=texts, lengths=cuts)
@example(text="[a]\n\n[a]: http://a.b\n\nword", lengths=[1])
@example(text="- [a]\n- word\n\n  [a]: http://a.b\n- [a]", lengths=[1])
@example(text="[a]\n\n[a]: http://a.b\n'title'\nword\n\n[a]", lengths=[1])
@example(text='[a]\n\n[a]: http://a.b\n"ti\n===\ntle"\n\n[a]', lengths=[1])
@example(text="[a]\n\n[a]: http://a.b '|'\n|-|-|\n\nword [a]\n\n[a]: http://b.c\n\nword", lengths=[1])
@example(text="![x[^n]][b] [^m]\n\nword\n\n[b]: http://b.c\n\nword", lengths=[1])
def test_every_prefix_is_that_of_the_whole(text: str, lengths: list[int]) -> None:
    compare(MarkdownReader(), text, cut(text, lengths))


@pytest.mark.proof
@pytest.mark.parametrize("group", range(EVERY_DAY))
def test_every_prefix_of_every_example_with_links(group: int) -> None:
    reader = MarkdownReader()
    examples = [text for text in ABSOLUTE if "]:" in text][group::EVERY_DAY]
    for text in examples if PROOF else examples[:2]:
        late = f"[foo] [bar][] [x][foo] ![baz]\n\nwords\n\n{text}"
        compare(reader, late, list(late))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts, lengths=cuts)
@example(text=LATE, lengths=[1])
@example(text="| [a] |\n|-|\n\n- x\n\n[a]: http://a.b\n\n> [a]: http://b.c", lengths=[1])
def test_every_document_is_that_of_the_whole(qtbot: QtBot, text: str, lengths: list[int]) -> None:
    grown, so_far = new_view(qtbot), ""
    for number, piece in enumerate(cut(text, lengths)):
        grow(grown, piece)
        so_far += piece
        if number % 4 == 0 or so_far == text:
            whole = new_view(qtbot)
            grow(whole, so_far)
            assert structure(grown) == structure(whole), so_far
    grown.finish(text)
    whole.finish(text)
    assert structure(grown) == structure(whole)
    assert grown.document().toHtml() == whole.document().toHtml()


def test_only_what_refers_to_it_is_written_again(view: AnswerView) -> None:
    view.append(LATE[: LATE.index("\n\nEnd")])
    changes: list[tuple[int, int]] = []
    view.document().contentsChange.connect(lambda at, gone, _new: changes.append((at, gone)))
    cursor = QTextCursor(view.document().find("Words"))
    view.setTextCursor(cursor)
    grow(view, "\n\nEnd")
    assert links(list(view.items)) == [("a", A), ("two", A), ("a", A)]
    assert view.textCursor().selectedText() == "Words"
    assert view.items[:5] == read(LATE)[:5]


def test_what_mentions_nothing_stays_the_same_object() -> None:
    stream = MarkdownStream(MarkdownReader())
    for piece in ("One.\n\n", "[a] two.\n\n", "Three [b].\n\n", "Four"):
        stream.feed(piece)
    before = stream.items()
    stream.feed(f".\n\n[a]: {A}\n\nFive")
    after = stream.items()
    assert [was is now for was, now in zip(before[:3], after[:3], strict=True)] == [True, False, True]


def test_a_definition_that_is_none_after_all_is_taken_back(view: AnswerView) -> None:
    grow(view, f"[a]\n\nWords.\n\n[a]: {A} '|'\n")
    assert links(list(view.items)) == [("a", A)]
    grow(view, "|---|---|\n")
    assert links(list(view.items)) == [(A, A)]  # the head of a table
    grow(view, f"\n[a]: {A}/2\n")
    assert links(list(view.items)) == [("a", f"{A}/2"), ("a", f"{A}/2"), (A, A)]


def test_an_answer_that_goes_on_after_its_end(view: AnswerView) -> None:
    text = f"[a]\n\nWords.\n\n[a]: {A}"
    view.append(text)
    view.finish(text)
    assert links(list(view.items)) == [("a", A)]
    grow(view, " and more\n")
    assert view.items == read(f"{text} and more\n", finished=False)
    assert links(list(view.items)) == [(A, A)]


@pytest.fixture
def parts(qtbot: QtBot) -> Iterator[AnswerParts]:
    reader, parent = MarkdownReader(), QWidget()
    qtbot.addWidget(parent)
    made = AnswerParts(lambda inside, _number: AnswerView(Theme.light(), reader, inside), parent)
    parent.resize(760, 600)
    parent.show()
    yield made
    parent.close()


def let_finish(parts: AnswerParts) -> list[Item]:
    while parts._slices.is_busy:
        QApplication.processEvents()
    return [item for view in parts.views for item in view.items]


LONG = "See [a] and [w][b].\n\n" + "Words and words.\n\n" * (PART_CHARS // 10) + "Again [a].\n\n"


@pytest.mark.parametrize("piece_chars", [300, 4_000])
def test_a_link_is_defined_for_all_views_of_an_answer(parts: AnswerParts, piece_chars: int) -> None:
    text = LONG + f"[a]: {A}\n[b]: {A}/b"
    for start in range(0, len(text), piece_chars):
        parts.append(text[start : start + piece_chars])
    assert len(parts.views) > 1
    assert links(let_finish(parts)) == [("a", A), ("a", A), (f"{A}/b", f"{A}/b")]
    parts.finish(text)
    assert let_finish(parts) == read(text)
    parts.take_back()
    parts.append("[a]\n\nWords")
    assert links(let_finish(parts)) == []


def test_from_the_history_it_is_the_same(parts: AnswerParts) -> None:
    text = f"{LONG}[a]: {A}\n[b]: {A}/b"
    parts.finish(text)
    assert let_finish(parts) == read(text)


def test_many_are_written_again_in_slices_and_none_is_lost(parts: AnswerParts) -> None:
    """Each slice leaves what it did not do for the next one, also where more comes between."""
    parts.append("[a] and [b] of it.\n\n" * 2_000 + "End\n\n")
    begin, end = f"[a]: {A}\n\n", f"Words\n\n[b]: {A}/b\n\nMore"
    parts.append(begin)
    assert parts._slices.is_busy
    assert len(links([item for view in parts.views for item in view.items])) < 1_000
    parts.append(end)
    assert parts._slices.is_busy
    assert len(links(let_finish(parts))) == 4_000


def test_what_was_read_but_not_written_yet_is_not_lost(parts: AnswerParts) -> None:
    parts.append("[a] " * 590 + "\n\nEnd\n\n")
    parts.append(f"[a]: {A}\n\n")
    assert parts._slices.is_busy
    parts.append("x")
    assert len(links(let_finish(parts))) == 590


def test_it_is_found_copied_and_spoken_as_it_is_shown(view: AnswerView) -> None:
    text = f"See [the source][1].\n\n[1]: {A}"
    view.append(text)
    view.finish(text)
    assert view.copied_text() == answer_as_text(text, MarkdownReader()) == "See the source."
    assert "".join(plain_answer(MarkdownReader(), text)) == "See the source.\n"
    view.selectAll()
    assert view.selected_markdown() == text
    view.cover(4, 14)
    assert view.selected_markdown() == f"[the source]({A})"


def test_what_is_no_definition_is_copied_as_none(view: AnswerView) -> None:
    text = f"[1]: {A} and more words"
    view.finish(text)
    view.cover(0, len(f"[1]: {A} and"))
    assert view.selected_markdown() == f"[1]\\: [{A}]({A}) and"


def test_the_line_that_is_read_stays_where_it_is(qtbot: QtBot, parts: AnswerParts) -> None:
    """`[w][a]` takes more room than `w`: what stands above gets less high."""
    moved: list[int] = []
    parts.text_moved.connect(moved.append)
    parts.append(f"[w][{'long label ' * 80}]\n\n" * 3 + "Words.\n\n" * 300)
    parts.resize(760, parts.height())
    parts.move(0, -parts.height() + 500)
    before = parts.height()
    parts.append(f"[{'long label ' * 80}]: {A}\n\nEnd")
    let_finish(parts)
    assert moved
    assert 0 < -sum(moved) <= before


def test_the_first_one_counts_and_each_change_is_known() -> None:
    references = References()
    references.set_open({"A": "1", "B": "2"})
    references.close({"A": "1"})
    references.set_open({"A": "3", "C": "4"})
    assert references.known == {"A": "1", "C": "4"}
    assert references.changes == ["A", "B", "B", "C"]
