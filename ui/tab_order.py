"""Tab goes where the eye goes: down the window, and in a line from left to right."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

SAME_LINE_PX = 6
"""What stands in one line is not always in the middle of it to the pixel."""


def in_lines(part: QWidget) -> list[QWidget]:
    """What Tab stops at in a part of the page, as one reads it."""
    stops = [each for each in part.findChildren(QWidget) if _takes_tab(each) and each.isVisibleTo(part)]
    middles = {stop: _middle(stop, part) for stop in stops}
    stops.sort(key=lambda stop: middles[stop].y())
    lines: list[list[QWidget]] = []
    for stop in stops:
        if lines and middles[stop].y() - middles[lines[-1][0]].y() < SAME_LINE_PX:
            lines[-1].append(stop)
        else:
            lines.append([stop])
    return [stop for line in lines for stop in sorted(line, key=lambda stop: middles[stop].x())]


def link(stops: Iterable[QWidget]) -> None:
    """Have Tab go from each to the following one.

    WORKAROUND: what stands there is not asked for. `nextInFocusChain` makes each widget the parent of the
    next for Python (Shiboken.dump shows it, PySide6 6.11.3): with the one the other is taken for deleted.
    """
    for one, following in pairwise(stops):
        QWidget.setTabOrder(one, following)


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _middle(stop: QWidget, part: QWidget) -> QPoint:
    """Its middle; of what holds others, such as a text with its buttons, the top."""
    rect = stop.rect()
    holds_others = any(_takes_tab(child) for child in stop.findChildren(QWidget))
    return stop.mapTo(part, QPoint(rect.center().x(), rect.top() if holds_others else rect.center().y()))
