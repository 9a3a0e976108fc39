"""What is asked before an address is opened."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.link_question import LinkQuestion


@pytest.mark.parametrize(
    ("address", "asked", "said", "never_said"),
    [
        ("https://example.com/a", "Open example.com in the browser?", "learns that you came", "mail"),
        ("mailto:ann@example.com", "Write a mail to ann@example.com?", "until you send", "came"),
    ],
)
def test_it_says_who_learns_of_it(qtbot: QtBot, address: str, asked: str, said: str, never_said: str) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    question = LinkQuestion(address, lambda _url: True, parent)
    assert question.text() == asked
    assert question.informativeText().startswith(f"{address}\n\nThis leaves Ponder: ")
    assert said in question.informativeText()
    assert never_said not in question.informativeText().partition("\n")[2]
    question.close()
