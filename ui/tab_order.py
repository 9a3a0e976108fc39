"""Tab goes where the eye goes: down the window, and in a line from left to right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QTextBrowser, QWidget

SAME_LINE_PX = 6
"""What stands in one line is not always in the middle of it to the pixel."""


def in_lines(part: QWidget) -> list[QWidget]:
    """What Tab stops at in a part of the page, as one reads it.

    What stands on a text is not among them: the text goes from its words to it and back.
    """
    texts = part.findChildren(QTextBrowser)
    stops = [each for each in part.findChildren(QWidget) if _takes_tab(each) and each.isVisibleTo(part)]
    stops = [stop for stop in stops if stop in texts or not any(text.isAncestorOf(stop) for text in texts)]
    middles = {stop: _middle(stop, part) for stop in stops}
    stops.sort(key=lambda stop: middles[stop].y())
    lines: list[list[QWidget]] = []
    for stop in stops:
        if lines and middles[stop].y() - middles[lines[-1][0]].y() < SAME_LINE_PX:
            lines[-1].append(stop)
        else:
            lines.append([stop])
    return [stop for line in lines for stop in sorted(line, key=lambda stop: middles[stop].x())]


def go_on(stops: Sequence[QWidget], focused: QWidget, *, forwards: bool) -> bool:
    """Give the keys to the stop behind the one that is or holds `focused`, or before it. False: none does.

    WORKAROUND: Qt's own order is not asked for. `nextInFocusChain` makes each widget the parent of the next
    for Python (Shiboken.dump shows it, PySide6 6.11.3): with the one the other is taken for deleted.
    """
    there = [stop for stop in stops if stop.isVisible() and stop.isEnabled()]
    # The last one that holds it: what holds others comes before them.
    holding = [n for n, stop in enumerate(there) if stop.isAncestorOf(focused)]
    if not holding:
        return False
    reason = Qt.FocusReason.TabFocusReason if forwards else Qt.FocusReason.BacktabFocusReason
    there[(holding[-1] + (1 if forwards else -1)) % len(there)].setFocus(reason)
    return True


def _takes_tab(widget: QWidget) -> bool:
    """Also what has the keys, however it got them: Tab goes on from there."""
    is_stop = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) or widget.hasFocus()
    return is_stop and widget.focusProxy() is None


def _middle(stop: QWidget, part: QWidget) -> QPoint:
    """Its middle; of what holds others, such as a page that scrolls, the top."""
    rect = stop.rect()
    holds_others = any(_takes_tab(child) for child in stop.findChildren(QWidget))
    return stop.mapTo(part, QPoint(rect.center().x(), rect.top() if holds_others else rect.center().y()))
