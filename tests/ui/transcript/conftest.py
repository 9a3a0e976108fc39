"""An empty transcript on the screen, for tests that need no other."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.transcript.turns import Clock
from ui.theme import Theme
from ui.transcript.view import TranscriptView


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(qtbot: QtBot, clock: Clock) -> TranscriptView:
    view = TranscriptView(Theme.light(), clock=clock)
    qtbot.addWidget(view)
    view.resize(1000, 600)
    view.show()
    return view
