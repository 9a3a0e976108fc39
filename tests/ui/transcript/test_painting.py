"""What stands on the screen after each change is what painting everything anew gives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImage, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget
from pytestqt.qtbot import QtBot

from models.reasoning import PieceKind
from tests.bench.transcript_corpus import Corpus, pieces
from tests.ui.transcript.turns import make_turn
from ui.theme import Theme
from ui.transcript.page import SIDE_PX
from ui.transcript.view import TranscriptView

TOKENS = 900
TOKENS_PER_PAINT = 12
LINE_PX = 28
ROUNDING = 2
"""So far colours of a curve may be off that was painted in two parts."""
TEXT = (
    "> quoted, and so long that it goes on in the next line, where the rule beside it goes on as well\n"
    "> > and quoted in there\n\n---\n\n\\boxed{1,692} and \\boxed{7}\n\n"
    "```python\nfirst = 1\n\nsecond = 2\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n"
    "שלום עולם, a line that begins on the right\n\n- [ ] to do\n- [x] done\n\nThe end."
)


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView(Theme.light())
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show()
    view.begin_turn(make_turn(1))
    return view


class PaintedHeights(QObject):
    """How high what was painted of the last answer is, for each paint."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self.heights: list[int] = []
        self._page = view.turn_widgets()[-1].answer.viewport()
        self._page.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.heights.append(event.rect().height())
        return False


def pixels(picture: QPixmap) -> npt.NDArray[np.int16]:
    image = picture.toImage().convertToFormat(QImage.Format.Format_RGBX8888)
    return np.frombuffer(image.constBits(), np.uint8).astype(np.int16)


def stream(view: TranscriptView, text: str, paints: int) -> Iterator[str]:
    for piece in pieces(text, paints):
        view.append(1, PieceKind.ANSWER, piece, 1)
        view.flush()
        for _ in range(4):
            QApplication.processEvents()
        yield piece


def is_right(view: TranscriptView) -> bool:
    """Formulas may come in between the two pictures: then once more."""
    for _ in range(5):
        window = view.window()
        on_screen = pixels(window.screen().grabWindow(window.winId()))
        if np.abs(on_screen - pixels(window.grab())).max() <= ROUNDING:
            return True
        for _ in range(6):
            QApplication.processEvents()
    return False


def test_a_long_answer(view: TranscriptView) -> None:
    for piece in stream(view, Corpus(21).answer(TOKENS), TOKENS // TOKENS_PER_PAINT):
        assert is_right(view), piece


def test_every_kind_of_ground(view: TranscriptView) -> None:
    for piece in stream(view, TEXT, len(TEXT) // 5):
        assert is_right(view), piece


def test_where_the_reader_stays(view: TranscriptView) -> None:
    """The view does not follow; what is written below, and at its lower edge, is painted all the same."""
    for number, piece in enumerate(stream(view, Corpus(22).answer(500), 50)):
        if number == 25:
            bar = view.verticalScrollBar()
            bar.setValue(bar.maximum() - 200)
        assert is_right(view), piece
    assert not view.following


def test_only_what_is_new_is_painted(view: TranscriptView) -> None:
    """A paragraph grows line by line, and the page with it: what stands there is moved."""
    list(stream(view, "\n\n".join(["A paragraph of one line."] * 30) + "\n\n", 1))
    painted = PaintedHeights(view)
    bar = view.verticalScrollBar()
    before = bar.value()
    list(stream(view, "So it goes on and on, word by word. " * 20, 60))
    assert bar.value() > before + 4 * LINE_PX
    assert painted.heights
    assert max(painted.heights) <= 5 * LINE_PX


def test_what_came_while_it_was_hidden(qtbot: QtBot) -> None:
    """The chat is behind another page for a while, and the text becomes smaller meanwhile."""
    pages = QStackedWidget()
    qtbot.addWidget(pages)
    view = TranscriptView(Theme.light())
    pages.addWidget(view)
    pages.addWidget(QWidget())
    pages.resize(1000, 500)
    pages.show()
    view.begin_turn(make_turn(1))
    list(stream(view, "One.\n\n", 1))
    pages.setCurrentIndex(1)
    QApplication.processEvents()
    view.set_zoom(80)
    list(stream(view, Corpus(23).answer(300), 20))
    pages.setCurrentIndex(0)
    for _ in range(10):
        QApplication.processEvents()
    column, page = view._column.geometry(), view._page
    assert column.width() == view._column.maximumWidth()
    assert abs(column.left() - SIDE_PX - (page.width() - 1 - column.right())) <= 1
    assert page.height() == column.height() == max(view._column.sizeHint().height(), view.viewport().height())
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum() > 0
    assert is_right(view)
