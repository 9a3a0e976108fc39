"""The header where there is little room: names end in "…", and nothing is cut off at its beginning."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from ui.header import Header
from ui.theme import Theme
from ui.transcript.fold_header import FoldHeader


@pytest.mark.parametrize("width", [400, 480, 560, 800])
@pytest.mark.usefixtures("styled")
def test_the_name_of_the_model_ends_where_its_room_ends(qtbot: QtBot, width: int) -> None:
    header = Header(Theme.light(), Path("mini.gguf"))
    qtbot.addWidget(header)
    header.chats_button.show()
    header.pill.show_model("A model with a name", is_built_in=True)
    header.show_chat_title("A chat about something that takes long to say")
    header.setMinimumWidth(1)  # as in the window, whose smallest size is its own
    header.resize(width, 52)
    header.show()
    QApplication.processEvents()
    pill = header.pill
    assert header.width() == width
    assert pill.mapTo(header, QPoint(pill.width(), 0)).x() <= width
    assert pill.width() >= QPushButton.sizeHint(pill).width()  # what is written on it has room
    assert pill.text().startswith("A m")
    assert pill.text() == "A model with a name · demonstration ▾" or pill.text().endswith("… ▾")
    if width == 800:
        assert "…" not in pill.text()
    assert "demonstration" in pill.accessibleName()


@pytest.mark.usefixtures("styled")
def test_the_name_comes_back_with_the_room(qtbot: QtBot) -> None:
    header = Header(Theme.light(), Path("mini.gguf"))
    qtbot.addWidget(header)
    header.pill.show_model("A & B", is_built_in=True)
    header.show_chat_title("A chat")
    header.setMinimumWidth(1)
    header.show()
    for width in (400, 1000):
        header.resize(width, 52)
        QApplication.processEvents()
    assert header.pill.text() == "A && B · demonstration ▾"


def test_a_number_is_shown_whole_or_not_at_all(qtbot: QtBot) -> None:
    header = FoldHeader(Theme.light())
    qtbot.addWidget(header)
    header.say("Thinking", "12 s · 3,456 tokens · 34/s", live=True)
    widths: list[int] = []
    for width in range(140, 420, 2):
        header.resize(width, header.height())
        ink_px = _ink_px(header.grab().toImage())
        assert ink_px < width
        if ink_px not in widths:
            widths.append(ink_px)
    assert len(widths) == 4  # the title, and one number after the other


def _ink_px(image: QImage) -> int:
    """Where the last letter ends."""
    ground = image.pixel(image.width() - 1, 2)
    columns = range(image.width() - 1, -1, -1)
    return next(x for x in columns if any(image.pixel(x, y) != ground for y in range(4, image.height() - 4)))
