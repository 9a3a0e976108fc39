"""Noticing that nobody is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from ui.lock.idle_watch import IdleWatch

if TYPE_CHECKING:
    from PySide6.QtGui import QWindow

LIMIT_S = 300.0


class Clock:
    """A clock that is moved by hand."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(qapp: QApplication, clock: Clock) -> Iterator[IdleWatch]:
    watch = IdleWatch(qapp, None, clock)
    watch.set_limit(LIMIT_S)
    yield watch
    watch.set_limit(0)
    watch.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def field(watch: IdleWatch, qtbot: QtBot) -> QLineEdit:
    """A window with the keys, seen by the watch."""
    field = QLineEdit()
    qtbot.addWidget(field)
    field.show()
    field.activateWindow()
    qtbot.waitUntil(lambda: field.isActiveWindow())
    watch._watch(field.windowHandle())
    return field


def test_after_the_limit_without_a_key_nobody_is_there(
    watch: IdleWatch, field: QLineEdit, clock: Clock, qtbot: QtBot
) -> None:
    clock.now_s += LIMIT_S - 1
    with qtbot.assertNotEmitted(watch.went_idle):
        watch._look()
    clock.now_s += 1
    with qtbot.waitSignal(watch.went_idle):
        watch._look()


def test_a_popup_that_pyside_takes_for_something_else_is_no_bug(
    watch: IdleWatch, field: QLineEdit, clock: Clock, qtbot: QtBot
) -> None:
    watch._watch(cast("QWindow", QPoint()))
    watch._watch(field.windowHandle())
    clock.now_s += LIMIT_S - 1
    QTest.keyClick(field.windowHandle(), Qt.Key.Key_A)
    clock.now_s += LIMIT_S - 1
    with qtbot.assertNotEmitted(watch.went_idle):
        watch._look()


def test_a_key_or_the_mouse_says_that_somebody_is_there(
    watch: IdleWatch, field: QLineEdit, clock: Clock, qtbot: QtBot
) -> None:
    clock.now_s += LIMIT_S - 1
    QTest.keyClick(field.windowHandle(), Qt.Key.Key_A)
    clock.now_s += LIMIT_S - 1
    QTest.mouseMove(field.windowHandle(), QPoint(3, 3))
    qtbot.waitUntil(lambda: watch._used_at_s == clock.now_s)
    clock.now_s += LIMIT_S - 1
    with qtbot.assertNotEmitted(watch.went_idle):
        watch._look()
    assert field.text() == "a"


def test_the_first_key_after_a_sleep_of_the_computer_is_not_taken(
    watch: IdleWatch, field: QLineEdit, clock: Clock, qtbot: QtBot
) -> None:
    clock.now_s += 8 * 3600
    with qtbot.waitSignal(watch.went_idle):
        QTest.keyClick(field.windowHandle(), Qt.Key.Key_A)
    assert field.text() == ""


def test_without_a_limit_nothing_is_watched(
    watch: IdleWatch, field: QLineEdit, clock: Clock, qtbot: QtBot
) -> None:
    watch.set_limit(0)
    clock.now_s += 8 * 3600
    with qtbot.assertNotEmitted(watch.went_idle):
        QTest.keyClick(field.windowHandle(), Qt.Key.Key_A)
    assert field.text() == "a"


def test_events_that_nobody_made_are_no_input(watch: IdleWatch, clock: Clock) -> None:
    clock.now_s += 10
    assert not watch.eventFilter(QObject(), QEvent(QEvent.Type.Paint))
    assert watch._used_at_s == 1000.0


def test_what_is_not_to_be_cut_off_counts_as_use(
    watch: IdleWatch, field: QLineEdit, clock: Clock, qtbot: QtBot
) -> None:
    clock.now_s += LIMIT_S - 1
    watch.note_use()
    clock.now_s += LIMIT_S - 1
    with qtbot.assertNotEmitted(watch.went_idle):
        watch._look()
    clock.now_s += 1
    with qtbot.waitSignal(watch.went_idle):
        watch._look()
    watch.note_use()
    assert watch._timer.isActive()
