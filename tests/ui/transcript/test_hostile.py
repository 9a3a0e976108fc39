"""Text from a model can load nothing, open nothing, raise nothing, and take no time."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from tests.slowness import is_within
from tests.ui.transcript.hostile_payloads import PAYLOADS
from ui.theme import Theme
from ui.transcript.answer import AnswerView
from ui.transcript.markdown import MarkdownReader
from ui.transcript.question import QuestionBlock
from ui.transcript.thought_parts import ThoughtParts

TIME_S = 4.0
AT_ONCE = [name for name, text in PAYLOADS.items() if len(text) <= 200_000]
"""The others come as streams: `test_hostile_streams.py`."""


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("name", AT_ONCE)
def test_an_answer_is_only_text(qtbot: QtBot, fifo: Path, name: str) -> None:
    untrusted = PAYLOADS[name].replace("FIFO", str(fifo))
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.resize(720, 100)
    view.show()
    began = time.thread_time()
    view.append(untrusted[: len(untrusted) // 2])
    view.append(untrusted[len(untrusted) // 2 :])
    view.finish(untrusted)
    view._slices.finish()
    view.grab()
    assert is_within(time.thread_time() - began, TIME_S)
    html = view.document().toHtml()
    assert "<img" not in html
    assert not re.search(r'href="(?!https?://[^"@]*"|mailto:)', html)
    assert not set(view.document().toPlainText()) & set("\x00\x1b\u202e\u2066\ufffc\ud800")


@pytest.mark.parametrize("name", AT_ONCE)
def test_a_thought_and_a_question_are_only_text(qtbot: QtBot, fifo: Path, name: str) -> None:
    untrusted = PAYLOADS[name].replace("FIFO", str(fifo))
    thought = ThoughtParts(Theme.light())
    question = QuestionBlock(Theme.light(), untrusted)
    began = time.thread_time()
    for widget in (thought, question):
        qtbot.addWidget(widget)
        widget.resize(720, 100)
        widget.show()
    thought.append_text(untrusted)
    thought.catch_up()
    for text in (*thought.views, question):
        text.grab()
        assert "<img" not in text.document().toHtml()
    assert is_within(time.thread_time() - began, TIME_S)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "/dev/zero", "https://example.org/x", "", "qrc:/icons/x"]
)
@pytest.mark.parametrize("kind", list(QTextDocument.ResourceType))
def test_every_resource_is_a_blank_picture(qtbot: QtBot, url: str, kind: QTextDocument.ResourceType) -> None:
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    picture = view.loadResource(kind.value, QUrl(url))
    assert isinstance(picture, QImage)
    assert (picture.width(), picture.height()) == (1, 1)
    assert picture.pixelColor(0, 0).alpha() == 0


def test_even_html_put_there_by_force_opens_no_file(qtbot: QtBot, fifo: Path) -> None:
    """The last wall: if a tag ever got through, a FIFO would hang the window here."""
    view = AnswerView(Theme.light(), MarkdownReader())
    qtbot.addWidget(view)
    view.setHtml(f"<img src='{fifo}'><img src='file://{fifo}'><body background='{fifo}'>")
    view.show()
    view.grab()
    picture = view.document().resource(QTextDocument.ResourceType.ImageResource.value, QUrl(str(fifo)))
    assert isinstance(picture, QImage)
    assert picture.width() == 1
