"""Python's garbage is collected between events, and only there."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ui.garbage import GarbageBetweenEvents


class Node:
    """Something that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage(qapp: QApplication) -> Iterator[GarbageBetweenEvents]:
    garbage = GarbageBetweenEvents(qapp)
    garbage.start()
    yield garbage
    garbage.setParent(None)
    garbage.deleteLater()
    gc.unfreeze()


class Littering(QWidget):
    """Makes far more garbage in a paint event than Python would bear."""

    first: weakref.ref[Node] | None = None
    still_there = False

    def paintEvent(self, event: QPaintEvent) -> None:
        nodes = [Node() for _ in range(5_000)]
        self.first = weakref.ref(nodes[0])
        del nodes
        self.still_there = self.first() is not None
        for _ in range(5_000):
            Node()
        self.still_there = self.still_there and self.first() is not None


def test_nothing_is_collected_in_a_paint_event_and_all_of_it_afterwards(
    garbage: GarbageBetweenEvents, qtbot: QtBot
) -> None:
    widget = Littering()
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitUntil(lambda: widget.first is not None)
    assert widget.still_there
    first = widget.first
    assert first is not None
    qtbot.waitUntil(lambda: first() is None)
    assert not gc.isenabled()
