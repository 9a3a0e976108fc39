"""Events of the library arrive as signals on the GUI thread, in their order, from whatever thread."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from app.errors import InputError
from app.library.events import (
    DownloadChanged,
    LibraryEvent,
    LibraryProblem,
    MachineMeasured,
    ShelfChanged,
    Work,
    WorkEnded,
    WorkProgressed,
)
from tests.ui.scripted_library import ScriptedLibrary, measured, status
from ui.bridges.library_bridge import LibraryBridge


def test_every_event_arrives_on_the_gui_thread_in_order(qtbot: QtBot) -> None:
    bridge = LibraryBridge(ScriptedLibrary)
    arrived: list[LibraryEvent] = []
    threads: set[threading.Thread] = set()

    def note(event: LibraryEvent) -> None:
        arrived.append(event)
        threads.add(threading.current_thread())

    for signal in (
        bridge.machine_measured,
        bridge.shelf_changed,
        bridge.download_changed,
        bridge.work_progressed,
        bridge.work_ended,
        bridge.problem_met,
    ):
        signal.connect(note)
    events: list[LibraryEvent] = [
        WorkProgressed("", Work.MEASURING, 0.0),
        measured(),
        ShelfChanged((), ()),
        DownloadChanged(status()),
        LibraryProblem(InputError("No."), ""),
        WorkEnded("", Work.MEASURING, done=True),
    ]
    library = bridge.library
    assert isinstance(library, ScriptedLibrary)
    sender = threading.Thread(target=library.say_all, args=(events,))
    sender.start()
    sender.join()
    qtbot.waitUntil(lambda: len(arrived) == len(events))
    assert arrived == events
    assert isinstance(arrived[1], MachineMeasured)
    assert threads == {threading.main_thread()}
    bridge.deleteLater()


def test_what_a_thread_that_was_given_up_says_goes_nowhere(qtbot: QtBot) -> None:
    bridge = LibraryBridge(ScriptedLibrary)
    library = bridge.library
    assert isinstance(library, ScriptedLibrary)
    bridge.close()
    Shiboken.delete(bridge)
    library.say_all([measured()])
